"""Conflicts: minimal, cheapest and confirmed, against complete enumeration."""

import os
import time
from typing import Any

import pytest

import nichiiki as nk
from nichiiki_models.conflict import Conflict, Demand
from nichiiki_models.errors import UsageError
from nichiiki_models.instance import Instance
from nichiiki_oracle.brute_force import optimum
from nichiiki_oracle.random_instances import random_instance
from nichiiki_solver.conflicts import OutOfTime, _only, _Search, conflicts

FULL = os.environ.get("NICHIIKI_FULL") == "1"
SEEDS = 300 if FULL else 5


def crowded(seed: int) -> Instance:
    """A random instance in which two households, by turns, must both have what a third or a minimum may stand against."""
    instance = random_instance(seed)
    ids, houses = instance.households["household_id"].tolist(), instance.houses["house_id"].tolist()
    locks: list[dict[str, Any]] = [
        {
            "household_id": h,
            "target_kind": "house",
            "target_id": houses[seed % len(houses)],
            "effect": "must",
            "reason": "test",
        }
        for h in ids[:3]
    ]
    locks += [
        {"household_id": h, "target_kind": "placed", "effect": "never", "reason": "test"} for h in ids[4:5]
    ]
    quotas = [row.model_dump() for row in instance.quotas.rows()]
    quotas += [{"quota_id": "everybody", "min": max(1, len(ids) - seed % 3)}]
    return instance.replace(locks=locks, quotas=quotas)


def assert_true(instance: Instance, found: Conflict) -> None:
    search = _Search(instance, time.perf_counter() + 60, 1)
    groups = {group.demand: group for group in search.groups}
    minimal = [groups[demand] for demand in found.demands]
    assert optimum(_only(instance, minimal, {})) is None
    for out in minimal:
        assert optimum(_only(instance, [g for g in minimal if g is not out], {})) is not None
    assert found.confirmed
    assert found.cheapest
    costs = [release.cost for release in found.releases]
    assert costs
    assert costs == sorted(costs)
    for release in found.releases:
        lowered: dict[Demand, int] = dict(release.minimums)
        kept = [group for group in search.groups if group.demand not in release.locks]
        less = {g.row: lowered[g.demand] for g in kept if g.demand in lowered}
        assert optimum(_only(instance, kept, less)) is not None
        if release.cost == 1:
            continue
        for spared in release.locks:  # nothing is given up in vain
            assert optimum(_only(instance, [*kept, groups[spared]], less)) is None


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("draw", [random_instance, crowded])
def test_conflicts_equal_complete_enumeration(draw: Any, seed: int) -> None:
    instance = draw(seed)
    found = conflicts(instance, workers=1)
    assert found.feasible == (optimum(instance) is not None)
    if found.feasible:
        assert found.demands == ()
    else:
        assert_true(instance, found)


def test_the_words_of_a_conflict() -> None:
    """An override on a house that a quota closes is named in both languages; the other overrides are left alone."""
    instance = nk.load("flagship")
    allocation = nk.allocate(instance, policy="points").allocation
    assert allocation is not None
    stays = list(allocation.stays.rows())[:3]
    first = stays[0]
    promised = {"target_kind": "house", "effect": "must", "reason": "promised"}
    again = [{**promised, "household_id": stay.household_id, "target_id": stay.house_id} for stay in stays]
    closed = {"quota_id": "closed", "target_kind": "house", "target_id": first.house_id, "max": 0}
    quotas = [*(row.model_dump() for row in instance.quotas.rows()), closed]
    clash = nk.conflicts(instance.replace(locks=again, quotas=quotas))
    assert clash.feasible is False
    assert [demand.household_id for demand in clash.demands] == [first.household_id]
    assert clash.releases[0].cost == 1
    assert clash.confirmed
    assert first.household_id in clash.sentence("en")
    assert "promised" in clash.sentence("ja")
    assert Conflict.model_validate_json(clash.model_dump_json()) == clash


def test_what_is_possible_has_no_conflict() -> None:
    assert conflicts(random_instance(0).replace(locks=[], quotas=[])).feasible is True


@pytest.mark.parametrize(("name", "value"), [("time_limit_s", 0), ("workers", 0)])
def test_arguments_without_meaning_are_refused(name: str, value: int) -> None:
    with pytest.raises(UsageError, match=name):
        conflicts(random_instance(0), **{name: value})


def test_what_is_proven_is_said_where_time_is_too_short_for_a_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def late(*_: Any) -> Any:
        raise OutOfTime

    seed = next(seed for seed in range(20) if optimum(crowded(seed)) is None)
    whole = conflicts(crowded(seed), workers=1)
    monkeypatch.setattr(_Search, "_releases", late)
    found = conflicts(crowded(seed), workers=1)
    assert found.feasible is False
    assert found.demands == whole.demands
    assert found.releases == ()
    assert not found.cheapest
    assert "Time was too short to find what to give up" in found.sentence("en")
    assert all(found.sentence(lang) for lang in ("ja", "en"))
