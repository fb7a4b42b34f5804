"""What would help where something shared is short, and where the steps change what is shared: in markets computed by hand."""

from typing import Any

import pytest

from nichiiki_models.explanation import Code, Step, WishReason
from nichiiki_models.instance import Instance
from nichiiki_oracle.cases import VAN, carers, vans
from nichiiki_oracle.tiny import tiny
from nichiiki_solver.allocating import allocate
from nichiiki_solver.explain import explain
from nichiiki_solver.explain_check import check_reasons


def explained(instance: Instance, policy: str = "points") -> list[WishReason]:
    """Reasons of the clerk's result, every one of them confirmed, steps and sizes included."""
    allocation = allocate(instance, policy=policy, seed=1).allocation
    assert allocation is not None
    reasons = explain(instance, allocation)
    assert check_reasons(instance, allocation, reasons, smallest=True) == []
    return reasons


def steps_of(instance: Instance, target: str = "house") -> list[tuple[str, int | None]]:
    """Kind and amount of each step of the one suggestion about a target."""
    (steps,) = [r.relaxation.steps for r in explained(instance) if r.relaxation and r.target_id == target]
    assert all(step.sentence(lang) for step in steps for lang in ("ja", "en"))
    return [(step.kind, step.amount) for step in steps]


def test_one_more_van() -> None:
    """Two families come by the one van: the second needs another in each of its periods."""
    assert steps_of(tiny("a", "b", **vans(1))) == [("vehicle", 1)]


def test_a_van_and_the_time_for_it() -> None:
    """There is none, and even by van it takes 90 minutes: what is lacking is counted at the limit that would then hold."""
    instance = tiny("a", **{name: cell for name, cell in vans(0).items() if "households__1" not in name})
    assert steps_of(instance) == [("vehicle", 1)]
    slow = tiny("a", households__0__max_trip_minutes=80, links=[{**VAN, "vehicles": 0}])
    assert steps_of(slow) == [("trip_minutes", 10), ("vehicle", 1)]


def test_one_more_carer() -> None:
    """A carer looks after one child of three on 8 days: the second child needs a second carer."""
    assert steps_of(tiny("a", "b", **carers(1)), "nursery") == [("carer", 1)]


def test_where_no_carer_works_nobody_knows_what_one_would_add() -> None:
    cells = {"facilities__1__staff": 0, "seats__1__days": 8}
    assert not [r for r in explained(tiny("a", **cells)) if r.relaxation]


def test_new_seats_take_carers_too() -> None:
    """The nursery takes no children of three yet: seats alone help where somebody works who has time for them."""
    cells = {"seats__1__band": "age4-5", "seats__1__days": 8}
    none = tiny("a", facilities__1__staff=0, **cells)
    assert not [r for r in explained(none) if r.relaxation]
    assert steps_of(tiny("a", facilities__1__staff=1, **cells), "nursery") == [("seat", 1)]


def test_a_carer_has_no_more_days_than_the_month() -> None:
    """Two children on 12 days each, one at a time: two seats, and with 21 days in May a second carer."""
    child = {"household_id": "a", "person_id": "a-twin", "age": 3, "grade": "age3", "care_days": 12}
    wish = {"household_id": "a", "list": "care", "person_id": "a-twin", "rank": 1, "target_kind": "facility"}
    rules = {"limits": {"children_per_carer": {"age3": 1}}, "lists": {"care": {"required": True}}}
    cells = {"seats__1__band": "age4-5", "facilities__1__staff": 1, "persons__1__care_days": 12}
    cells |= {"houses__0__capacity_persons": 4, "households__0__budget_yen": 99_000}
    more = {"persons": [child], "choices": [{**wish, "target_id": "nursery"}], "rules": rules}
    assert steps_of(tiny("a", **cells, **more)) == [("seat", 2), ("carer", 1)]


def role_reasons(**cells: Any) -> list[tuple[str, Step | None]]:
    """Rule and first step of the reasons about the role, which the family may do without."""
    free = [{"household_id": "a", "list": "role", "person_id": "a-adult", "rank": 2, "target_kind": "none"}]
    reasons = explained(tiny("a", choices=free, **cells))
    return [(r.rule, r.relaxation.steps[0] if r.relaxation else None) for r in reasons if r.list == "role"]


def test_a_role_of_the_home_region_goes_on_where_rules_allow_it() -> None:
    """Its periods and the way there no longer matter then, so that nothing else has to change."""
    ((rule, step),) = role_reasons(roles__0__region_id="home", roles__0__periods=("p3",))
    assert rule == "role_region"
    assert step is not None
    assert (step.kind, [change.value for change in step.changes]) == ("at_home", [True])


def test_a_season_of_which_part_is_remote_may_be_remote_in_whole() -> None:
    cells = {"roles__0__region_id": "other", "roles__0__whole_season": True}
    ((_, step),) = role_reasons(**cells, roles__0__remote_share=60)
    assert step is not None
    assert (step.kind, step.amount) == ("remote", 40)
    assert role_reasons(**cells) == [("role_region", None)]


def test_a_house_made_ready_has_its_units() -> None:
    """Nobody is asked for more units of a house that only has to be made fit to live in."""
    assert steps_of(tiny("a", houses__0__ready=False)) == [("ready", None)]


def test_what_is_lacking_twice_is_said_once() -> None:
    """Three persons need three rooms of one bed; there is one, whether one counts the family or the calendar."""
    cells = {"houses__0__kind": "room", "houses__0__capacity_persons": 1, "houses__0__units": 1}
    kinds = steps_of(tiny("a", households__0__budget_yen=200_000, **cells))
    assert kinds == [("unit", 2)]


@pytest.mark.parametrize(("units", "kept", "less"), [(2, 2, 1), (1, 2, 2)])
def test_what_is_reserved_is_lowered_until_a_unit_is_left(units: int, kept: int, less: int) -> None:
    """A quota may reserve more units than there are: it must then be lowered by more than what is lacking."""
    quota = {"quota_id": "kept", "kind": "reserved", "target_kind": "all", "group": "farmers", "min": kept}
    assert steps_of(tiny("a", houses__0__units=units, quotas=[quota])) == [("unreserved", less)]


# ---- where places choose -----------------------------------------------------------------------------------


def chosen_by_places(priorities: list[dict[str, Any]], **cells: Any) -> list[WishReason]:
    rules = {"procedure": {"kind": "per_target"}}
    reasons = explained(tiny("a", "b", houses__0__units=1, priorities=priorities, rules=rules, **cells))
    return [reason for reason in reasons if reason.list == "stay"]


@pytest.mark.parametrize(("kind", "target"), [("house", "house"), ("region", "host")])
def test_more_points_at_a_place_outrank(kind: str, target: str) -> None:
    """The house prefers the second family, though the first comes before it in the order."""
    row = {"target_kind": kind, "target_id": target, "household_id": "b", "points": 5}
    (reason,) = chosen_by_places([row], households__0__points=3)
    assert (reason.household_id, reason.code, reason.rule) == ("a", Code.OUTRANKED, "house_units")
    assert reason.evidence == {"need": 1, "key": "points_there", "own": 3, "theirs": 5}
    assert "points there 5" in reason.sentence("en")


def test_equal_points_at_a_place_are_decided_by_the_order() -> None:
    """Points there are equal, but the total points behind them are not; then the lottery."""
    row = {"target_kind": "house", "target_id": "house", "household_id": "b", "points": 5}
    (reason,) = chosen_by_places([row], households__0__points=5)
    assert (reason.household_id, reason.evidence["key"]) == ("b", "points")
    (drawn,) = chosen_by_places([])
    assert drawn.code is Code.LOTTERY


def test_a_wrong_priority_is_doubted() -> None:
    row = {"target_kind": "house", "target_id": "house", "household_id": "b", "points": 5}
    rules = {"procedure": {"kind": "per_target"}}
    instance = tiny("a", "b", houses__0__units=1, priorities=[row], rules=rules)
    allocation = allocate(instance, policy="points", seed=1).allocation
    assert allocation is not None
    (reason,) = [r for r in explain(instance, allocation) if r.list == "stay"]
    lies = [
        reason.model_copy(update={"evidence": {**reason.evidence, "theirs": 6}}),
        reason.model_copy(update={"evidence": {**reason.evidence, "own": 1}}),
        reason.model_copy(update={"evidence": {**reason.evidence, "key": "points"}}),
        reason.model_copy(update={"value": 3}),
    ]
    for lie in lies:
        assert check_reasons(instance, allocation, [lie], households=()), lie
