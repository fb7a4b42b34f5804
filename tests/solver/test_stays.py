"""Stays are judged block by block: the blocks change nothing, and of what is refused the first reason of each house is kept."""

from dataclasses import fields

import numpy as np
import pytest

from nichiiki_oracle.random_instances import medium_instance, random_instance
from nichiiki_sample import sample
from nichiiki_solver import stays as judging
from nichiiki_solver.calendar import Calendar
from nichiiki_solver.stays import find_candidates, find_stays
from nichiiki_solver.travel import Travel


@pytest.mark.parametrize("seed", sample(range(12), 3))
@pytest.mark.parametrize("most", [1, 7, 1000])
def test_blocks_find_what_one_pass_over_everything_finds(
    seed: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = random_instance(seed) if seed % 2 else medium_instance(seed)
    calendar = Calendar.of(instance)
    travel = Travel(instance, calendar)
    every, _, judged = find_candidates(instance, calendar, travel)
    monkeypatch.setattr(judging, "STAYS_AT_ONCE", most)
    stays, _, refused = find_stays(instance, calendar, travel)
    allowed = every.take(judged.rule < 0)
    for field in fields(stays):
        assert np.array_equal(getattr(stays, field.name), getattr(allowed, field.name)), field.name
    first: dict[tuple[int, int], tuple[int, ...]] = {}
    rows = zip(*(column.tolist() for column in (every.household, every.house, every.rank)), strict=True)
    said = zip(*(column.tolist() for column in (judged.rule, judged.value, judged.limit)), strict=True)
    for (household, house, rank), (rule, value, limit) in zip(rows, said, strict=True):
        if rule >= 0 and ((household, house) not in first or rule < first[household, house][1]):
            first[household, house] = rank, rule, value, limit
    found = zip(*(getattr(refused, field.name).tolist() for field in fields(refused)), strict=True)
    assert [tuple(row) for row in found] == [(*pair, *first[pair]) for pair in sorted(first)]
