"""Narrowing: few of many that are worth the same; what is looked at is what it was, and what is named always is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nichiiki_models.allocation import Status
from nichiiki_models.instance import Instance
from nichiiki_models.table import Table
from nichiiki_models.tables import Lock
from nichiiki_oracle.random_instances import medium_instance, random_instance
from nichiiki_sample import sample
from nichiiki_solver import narrowing
from nichiiki_solver.allocating import allocate
from nichiiki_solver.bundles import Bundles, find_bundles
from nichiiki_solver.narrowing import (
    EVERYTHING,
    Narrowing,
    join_some,
    narrowing_for,
    some_of_each,
    supporters_are_idle,
)
from nichiiki_solver.ragged import join

FEW = Narrowing(1, 1)


def stays_of(bundles: Bundles) -> set[tuple[int, ...]]:
    """Stays with what they are worth, their periods among them."""
    s = bundles.stays
    periods = [tuple(np.flatnonzero(row).tolist()) for row in bundles.patterns.mask[s.pattern]]
    columns = (s.household, s.house, s.rank, s.utility, s.units, s.cost_yen)
    return set(zip(*(column.tolist() for column in columns), periods, strict=True))


@given(st.lists(st.integers(0, 30), max_size=12), st.integers(1, 9))
def test_some_of_each_are_so_many_different_ones(counts: list[int], most: int) -> None:
    size = np.array(counts, dtype=np.int64)
    starts = np.concatenate(([0], np.cumsum(size)[:-1])).astype(np.int64)[: len(size)]
    owner, position = some_of_each(starts, size, most)
    for row, count in enumerate(counts):
        mine = position[owner == row]
        assert len(set(mine.tolist())) == len(mine) == min(count, most)
        assert ((mine >= starts[row]) & (mine < starts[row] + count)).all()


def test_of_few_everything_is_looked_at() -> None:
    left, right = np.array([0, 1, 1, 2]), np.array([1, 0, 1, 1])
    assert [each.tolist() for each in join_some(left, right, 3, 3)] == [
        each.tolist() for each in join(left, right, 3)
    ]
    assert [each.tolist() for each in join_some(left, right, 3, None)] == [
        each.tolist() for each in join(left, right, 3)
    ]


def test_equal_wishes_name_different_houses() -> None:
    _, position = some_of_each(np.zeros(50, dtype=np.int64), np.full(50, 100), 4)
    assert len(set(position.tolist())) > 60


@pytest.mark.parametrize("seed", sample(range(12), 3))
def test_what_is_looked_at_is_what_it_was(seed: int) -> None:
    instance = medium_instance(seed) if seed < 4 else random_instance(seed)
    every, few = stays_of(find_bundles(instance)), stays_of(find_bundles(instance, FEW))
    if not instance.rules.lists.supporter.required:
        assert few <= every
    pairs = {each[:2] for each in few}
    choices = instance.choices
    for row in np.flatnonzero((choices["list"] == "stay") & (choices["target_kind"] == "house")).tolist():
        pair = (
            int(instance.households.find(choices["household_id"][[row]])[0]),
            int(instance.houses.find(choices["target_id"][[row]])[0]),
        )
        named = {each for each in every if each[:2] == pair}
        assert pair in pairs or not named or instance.rules.lists.supporter.required
        # the better of both wishes counts for a house that is named too
        assert {each for each in few if each[:2] == pair} <= named


@pytest.mark.parametrize("seed", sample(range(8), 2))
def test_pairs_that_were_held_are_looked_at_in_any_case(seed: int) -> None:
    instance = medium_instance(seed)
    bundles = find_bundles(instance)
    pairs = np.unique(np.stack((bundles.stays.household, bundles.stays.house)), axis=1)
    kept = FEW.also(*pairs)
    if not instance.rules.lists.supporter.required:
        assert stays_of(find_bundles(instance, kept)) == stays_of(bundles)


def test_only_what_is_too_much_is_narrowed(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = medium_instance(1)
    assert narrowing_for(instance).is_everything and EVERYTHING.is_everything
    assert not EVERYTHING.leaves_out(instance)
    monkeypatch.setattr(narrowing, "MOST_HOUSES", 10)
    result = allocate(instance, policy="points")
    assert result.allocation is not None
    found = narrowing_for(instance, result.allocation)
    assert found.leaves_out(instance)
    held = zip(found.household.tolist(), found.house.tolist(), strict=True)
    ids = instance.households["household_id"], instance.houses["house_id"]
    assert {(ids[0][h], ids[1][j]) for h, j in held} == set(
        zip(
            result.allocation.stays["household_id"].tolist(),
            result.allocation.stays["house_id"].tolist(),
            strict=True,
        )
    )


@pytest.mark.parametrize("seed", sample(range(10), 3))
def test_of_idle_supporters_few_are_looked_at_and_the_optimum_stays(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = random_instance(seed)
    best = allocate(instance)
    monkeypatch.setattr(narrowing, "MOST_SUPPORTERS", -1)
    monkeypatch.setattr(narrowing, "SUPPORTERS", 0)
    found = allocate(instance)
    if supporters_are_idle(instance):
        assert found.status == best.status
        assert [each.objective for each in found.levels] == [each.objective for each in best.levels]
    official = allocate(instance, official=True).allocation
    assert official is None or "narrowed" not in official.provenance


def with_unlisted(instance: Instance) -> Instance:
    lists = instance.rules.lists
    stay = lists.stay.model_copy(update={"accept_unlisted": True})
    rules = instance.rules.model_copy(update={"lists": lists.model_copy(update={"stay": stay})})
    return instance.replace(rules=rules)


def test_of_houses_that_nobody_named_some_are_looked_at() -> None:
    instance = with_unlisted(medium_instance(2))
    every, few = find_bundles(instance), find_bundles(instance, FEW)
    assert stays_of(few) <= stays_of(every) or instance.rules.lists.supporter.required
    assert 0 < len(few.stays) < len(every.stays)


def accepting_supporters(instance: Instance) -> Instance:
    """Any supporter may look after any household, whoever was named."""
    lists = instance.rules.lists
    supporter = lists.supporter.model_copy(update={"accept_unlisted": True, "required": False})
    rules = instance.rules.model_copy(update={"lists": lists.model_copy(update={"supporter": supporter})})
    return instance.replace(rules=rules)


@pytest.mark.parametrize("seed", sample(range(10), 3))
def test_whom_an_override_demands_is_looked_at(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many supporters few are looked at; one whom the staff has promised is among them, named or not."""
    instance = accepting_supporters(random_instance(seed)).replace(locks=Table.empty(Lock))
    if not len(instance.supporters):
        pytest.skip("this draw has no supporters")
    for supporter in instance.supporters["supporter_id"].tolist()[:2]:
        household = instance.households["household_id"].tolist()[0]
        lock = Lock(
            household_id=household, target_kind="supporter", target_id=supporter, effect="must", reason="test"
        )
        with monkeypatch.context() as few:
            whole = allocate(instance, locks=[lock], time_limit_s=60)
            few.setattr(narrowing, "MOST_SUPPORTERS", -1)
            few.setattr(narrowing, "SUPPORTERS", 0)
            found = allocate(instance, locks=[lock], time_limit_s=60)
        assert found.status == whole.status or found.status is Status.UNKNOWN
        assert found.objective == whole.objective


@pytest.mark.parametrize("seed", sample(range(6), 2))
def test_a_house_that_an_override_demands_is_looked_at(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = medium_instance(seed)
    bundles = find_bundles(instance)
    household, house = int(bundles.stays.household[-1]), int(bundles.stays.house[-1])
    lock = Lock(
        household_id=instance.households["household_id"][household],
        target_kind="house",
        target_id=instance.houses["house_id"][house],
        effect="must",
        reason="test",
    )
    locked = instance.replace(locks=Table.from_rows(Lock, [lock]))
    monkeypatch.setattr(narrowing, "MOST_HOUSES", -1)
    monkeypatch.setattr(narrowing, "HOUSES", 1)
    found = narrowing_for(locked)
    assert (household, house) in set(zip(found.household.tolist(), found.house.tolist(), strict=True))
    looked_at = find_bundles(locked, found)
    mine = looked_at.stays.household == household
    assert mine.any() and (looked_at.stays.house[mine] == house).all()
