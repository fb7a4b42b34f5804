"""Who gains, who loses, and by what: causes are checked against the oracle, totals add up."""

import os

import numpy as np
import pytest

from nichiiki_models.allocation import Allocation
from nichiiki_models.difference import Difference
from nichiiki_models.instance import Instance
from nichiiki_models.table import Table
from nichiiki_models.tables import Lock, Previous
from nichiiki_oracle.allocations import choice_of
from nichiiki_oracle.market import Market
from nichiiki_oracle.random_instances import random_instance
from nichiiki_oracle.shared import fits, least_of, total_use
from nichiiki_solver.allocating import allocate
from nichiiki_solver.differing import diff
from nichiiki_solver.hand_results import hand_result
from nichiiki_solver.promoting import promote

FULL = os.environ.get("NICHIIKI_FULL") == "1"
SEEDS = 300 if FULL else 4


def both_modes(seed: int) -> tuple[Instance, Allocation, Allocation] | None:
    instance = random_instance(seed)
    if any(row.min for row in instance.quotas.rows() if row.kind == "limit"):
        return None
    a = allocate(instance, policy="points").allocation
    b = allocate(instance).allocation
    return None if a is None or b is None else (instance, a, b)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_rule_mode_against_optimum(seed: int) -> None:
    found = both_modes(seed)
    if found is None:
        return
    instance, a, b = found
    difference = diff(instance, a, b)
    first, second = choice_of(instance, a), choice_of(instance, b)
    changed = {name for name in first if first[name] != second[name]}
    assert {change.household_id for change in difference.changes} == changed
    for change in difference.changes:
        name = change.household_id
        better, worse = (first, second) if change.kind == "loses" else (second, first)
        assert change.broken == ()
        if change.kind == "moves":
            assert change.causes == ()
            continue
        wanted = better[name]
        assert wanted is not None
        measures = (b if change.kind == "loses" else a).measures["measure_id"].tolist()
        market = Market(instance, taken=measures)
        used = total_use(bundle for other, bundle in worse.items() if other != name)
        closed = any(least_of(market, key) >= 2 and not used[key] for key in wanted.use)
        room = fits(market, used, wanted.use) and not closed
        assert {cause.kind for cause in change.causes} <= ({"choice"} if room else {"capacity", "closed"})
        assert change.causes


@pytest.mark.parametrize("seed", range(SEEDS))
def test_totals_add_up(seed: int) -> None:
    found = both_modes(seed)
    if found is None:
        return
    instance, a, b = found
    difference = diff(instance, a, b)
    total = difference.total
    assert total.placed == (len(a.placements), len(b.placements))
    assert total.gains + total.loses + total.moves == len(difference.changes)
    before, after = (
        sum(getattr(change, side).utility for change in difference.changes if getattr(change, side))
        for side in ("before", "after")
    )
    assert total.utility[1] - total.utility[0] == after - before
    for level in a.levels:
        assert difference.levels[level.name][0] == level.objective
    back = diff(instance, b, a)
    assert (back.total.gains, back.total.loses) == (total.loses, total.gains)


def test_nothing_differs_from_itself() -> None:
    found = both_modes(6)
    assert found is not None
    instance, a, _ = found
    assert diff(instance, a, a).changes == ()


def test_a_lock_is_named_as_the_cause() -> None:
    instance = random_instance(6).replace(locks=Table.empty(Lock))
    before = allocate(instance)
    assert before.allocation is not None
    name = before.allocation.placements["household_id"].tolist()[0]
    lock = Lock(household_id=name, target_kind="placed", effect="never", reason="withdrew")
    after = allocate(instance, locks=[lock])
    assert after.allocation is not None
    difference = diff(after.instance, before.allocation, after.allocation, before=instance)
    (change,) = [change for change in difference.changes if change.household_id == name]
    assert change.kind == "loses"
    assert [cause.kind for cause in change.causes] == ["lock"]
    assert change.broken == ("first:lock",)
    # and back: the lock of then stood against it
    back = diff(instance, after.allocation, before.allocation, before=after.instance)
    (change,) = [change for change in back.changes if change.household_id == name]
    assert change.kind == "gains"
    assert [cause.kind for cause in change.causes] == ["lock"]


def test_a_rule_of_today_is_named_as_the_cause() -> None:
    instance = random_instance(27).replace(locks=Table.empty(Lock), measures=[])
    before = allocate(instance).allocation
    assert before is not None
    stay = next(iter(before.stays.rows()))
    ready = instance.houses["ready"] & (instance.houses["house_id"] != stay.house_id)
    today = instance.replace(houses=instance.houses.with_columns(ready=ready))
    after = allocate(today).allocation
    assert after is not None
    difference = diff(today, before, after, before=instance)
    (change,) = [each for each in difference.changes if each.household_id == stay.household_id]
    assert "house_not_ready" in {cause.rule for cause in change.causes}


def test_declined_and_promoted_are_named() -> None:
    for seed in range(60):
        found = both_modes(seed)
        if found is None:
            continue
        instance, a, _ = found
        names = a.placements["household_id"].tolist()
        promotion = promote(instance, a, declined=names[:1]) if names else None
        if promotion is None or promotion.allocation is None or not promotion.offered:
            continue
        waiting = promote(instance, a).allocation
        assert waiting is not None
        difference = diff(instance, waiting, promotion.allocation)
        causes = {change.household_id: [c.kind for c in change.causes] for change in difference.changes}
        assert causes[names[0]] == ["declined"]
        assert causes[promotion.offered[0]] == ["promoted"]
        return
    raise AssertionError("no random instance has a waiting list that moves")


def test_it_survives_json() -> None:
    found = both_modes(6)
    assert found is not None
    difference = diff(*found)
    assert Difference.model_validate_json(difference.model_dump_json()) == difference


# ---- results made by hand ---------------------------------------------------------------------------------


def rows_of(allocation: Allocation) -> list[Previous]:
    from nichiiki_solver.rerunning import previous_rows

    return list(previous_rows(allocation))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_true_copy_by_hand_differs_in_nothing(seed: int) -> None:
    found = both_modes(seed)
    if found is None:
        return
    instance, a, _ = found
    hand = hand_result(instance, rows_of(a))
    difference = diff(instance, hand, a)
    assert difference.changes == ()


def test_who_was_passed_over_is_said() -> None:
    """The first household of the order gets nothing by hand; one behind it has the place."""
    for seed in range(60):
        found = both_modes(seed)
        if found is None:
            continue
        instance, a, _ = found
        rows = rows_of(a)
        for stay in [row for row in rows if row.item_kind == "stay"]:
            house = instance.houses.row(int(instance.houses.find(np.array([stay.target_id]))[0]))
            others = [
                name
                for name in instance.households["household_id"].tolist()
                if name not in a.placements["household_id"].tolist()
            ]
            if house.units != 1 or not others:
                continue
            swapped = [
                row.model_copy(update={"household_id": others[0]}) if row == stay else row
                for row in rows
                if row.household_id != stay.household_id or row == stay
            ]
            difference = diff(instance, hand_result(instance, swapped), a)
            changes = {change.household_id: change for change in difference.changes}
            assert changes[stay.household_id].kind == "gains"
            assert others[0] in changes
            return
    raise AssertionError("no random instance serves for this test")
