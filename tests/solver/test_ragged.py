"""Ragged arrays: rows picked from a large array cost and give only what they hold."""

import numpy as np

from nichiiki_solver.ragged import expand_rows


def test_expand_rows_gives_the_entries_of_the_rows_in_their_order() -> None:
    offsets = np.array([0, 2, 2, 5])
    owner, position = expand_rows(offsets, np.array([2, 1, 0, 2]))
    assert owner.tolist() == [0, 0, 0, 2, 2, 3, 3, 3]
    assert position.tolist() == [2, 3, 4, 0, 1, 2, 3, 4]


def test_expand_rows_of_nothing_is_nothing() -> None:
    owner, position = expand_rows(np.array([0, 2]), np.zeros(0, dtype=np.int64))
    assert len(owner) == len(position) == 0
