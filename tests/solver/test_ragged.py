"""Ragged arrays: rows picked from a large array cost and give only what they hold."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nichiiki_solver import ragged
from nichiiki_solver.ragged import cut, expand_rows, offsets_of, unique_ragged


def test_expand_rows_gives_the_entries_of_the_rows_in_their_order() -> None:
    offsets = np.array([0, 2, 2, 5])
    owner, position = expand_rows(offsets, np.array([2, 1, 0, 2]))
    assert owner.tolist() == [0, 0, 0, 2, 2, 3, 3, 3]
    assert position.tolist() == [2, 3, 4, 0, 1, 2, 3, 4]


def test_expand_rows_of_nothing_is_nothing() -> None:
    owner, position = expand_rows(np.array([0, 2]), np.zeros(0, dtype=np.int64))
    assert len(owner) == len(position) == 0


def rows_of(offsets: ragged.Ints, columns: list[ragged.Ints]) -> list[tuple[tuple[int, ...], ...]]:
    """Rows as tuples of entries."""
    entries = list(zip(*(column.tolist() for column in columns), strict=True))
    return [tuple(entries[a:b]) for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)]


@pytest.mark.parametrize("seed", range(20))
def test_unique_ragged_numbers_rows_as_tuples_compare(seed: int) -> None:
    rng = np.random.default_rng(seed)
    offsets = offsets_of(rng.integers(0, 4, 60))
    columns = [rng.integers(-1, 2, offsets[-1]) for _ in range(1 + seed % 2)]
    rows = rows_of(offsets, columns)
    first, number = unique_ragged(offsets, *columns)
    assert len(first) == len(set(rows)) == len(set(number.tolist()))
    assert [rows[first[k]] for k in number.tolist()] == rows


def test_rows_of_equal_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a hash that says nothing at first, other ones are tried."""
    plain, calls = ragged.mixed, []

    def poor(values: ragged.Ints, salt: ragged.Ints | int) -> ragged.Ints:
        calls.append(salt)
        return np.zeros_like(values) if len(calls) < 4 else plain(values, salt)

    monkeypatch.setattr(ragged, "mixed", poor)
    first, number = unique_ragged(np.array([0, 1, 2, 3]), np.array([5, 6, 5]))
    assert number[0] == number[2] != number[1]
    assert len(first) == 2
    assert len(calls) > 3


@pytest.mark.parametrize("seed", range(8))
def test_cut_keeps_owners_whole_and_blocks_small(seed: int) -> None:
    rng = np.random.default_rng(seed)
    owner, most = np.sort(rng.integers(0, 9, int(rng.integers(0, 40)))), int(rng.integers(1, 12))
    counts = rng.integers(0, 4, len(owner))
    blocks = cut(owner, counts, most)
    assert [row for block in blocks for row in range(len(owner))[block]] == list(range(len(owner)))
    for one, two in pairwise(blocks):
        assert owner[one.stop - 1] < owner[two.start]
    largest = max((int(counts[owner == each].sum()) for each in owner.tolist()), default=0)
    assert all(counts[block].sum() < most + largest for block in blocks)


@given(st.integers(0, 2**32 - 1), st.integers(0, 140))
def test_rows_meet_where_both_are_true(seed: int, width: int) -> None:
    """Also across the words in which bits are kept."""
    rng = np.random.default_rng(seed)
    left, right = rng.random((5, width)) < 0.03, rng.random((7, width)) < 0.03
    i, j = rng.integers(0, 5, 40), rng.integers(0, 7, 40)
    assert (ragged.meet(left, right, i, j) == (left[i] & right[j]).any(axis=1)).all()
