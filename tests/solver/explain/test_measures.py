"""Reasons beside measures that were taken and those that were not: in markets computed by hand."""

from typing import Any

import pytest

from nichiiki_models.allocation import Allocation
from nichiiki_models.explanation import Code, Proof, WishReason
from nichiiki_models.instance import Instance
from nichiiki_oracle.tiny import tiny
from nichiiki_solver.allocating import allocate
from nichiiki_solver.building import as_built
from nichiiki_solver.explain import explain
from nichiiki_solver.explain_check import check_reasons
from nichiiki_solver.fitting import fit
from nichiiki_solver.verify import verify

WIDE = {"seats__0__seats": 9, "seats__1__seats": 9, "seats__2__seats": 9, "roles__0__max_holders": 9}
ROOM_FOR_ALL = {**WIDE, "supporters__0__caseload": 9, "experiences__0__places": 9}


def measure(**cells: Any) -> dict[str, Any]:
    """Return a measure at the house that adds a unit and costs the region 100,000 yen."""
    row = {"measure_id": "roof", "target_kind": "house", "target_id": "house", "item": "renovation"}
    return {**row, "adds": 1, "cost_yen": 100_000, **cells}


def allocated(instance: Instance, policy: str) -> Allocation:
    allocation = allocate(instance, policy=policy, seed=1).allocation
    assert allocation is not None
    return allocation


def confirmed(instance: Instance, allocation: Allocation, *, exact: bool = False) -> list[WishReason]:
    """Reasons for the stays, every one of them confirmed."""
    reasons = explain(instance, allocation, exact=exact)
    assert check_reasons(instance, allocation, reasons, smallest=True) == []
    return [reason for reason in reasons if reason.list == "stay"]


def late(*names: str) -> Instance:
    """Families with points in their order; the house has one unit, and a second one from the second month on."""
    cells = {f"households__{k}__points": 9 - k for k in range(len(names))}
    short = {f"households__{k}__stay_periods": ("p2",) for k, name in enumerate(names) if name == "short"}
    rows = [measure(from_period="p2")]
    return tiny(*names, houses__0__units=1, measures=rows, **cells, **short, **ROOM_FOR_ALL)


def test_what_a_measure_adds_later_is_not_there_before() -> None:
    """The first has the unit for two months, the second the new one in May: the third finds none in April either."""
    instance = late("a", "short", "c")
    allocation = allocated(instance, "points")
    assert allocation.measures["measure_id"].tolist() == ["roof"]
    (reason,) = confirmed(instance, allocation)
    assert (reason.household_id, reason.code, reason.rule) == ("c", Code.OUTRANKED, "house_units")
    assert reason.relaxation is not None
    (step,) = reason.relaxation.steps
    assert (step.kind, step.amount, step.periods) == ("unit", 1, ("p1", "p2"))
    assert [change.value for change in step.changes] == [2], (
        "one more than the table says, beside the measure"
    )


def test_a_late_applicant_is_not_offered_what_is_added_later() -> None:
    """The second family gave its place back: the measure still adds its unit in May, and there is none in April."""
    instance = late("a", "short", "c")
    allocation = allocated(instance, "points")
    assert fit(instance, allocation, "c", withdrawn=["short"], prices=[]) == []
    (free,) = fit(instance, allocation, "short", prices=[])
    assert free.free


def test_units_of_a_house_opened_by_a_measure_are_not_reserved() -> None:
    """A quota reserves units of houses that are ready: in one that is opened only now the first two have the two units."""
    quota = {"quota_id": "kept", "kind": "reserved", "target_kind": "all", "group": "farmers", "min": 1}
    cells = {"houses__0__units": 1, "houses__0__ready": False, "measures": [measure()], "quotas": [quota]}
    instance = tiny("a", "b", "c", **cells, **ROOM_FOR_ALL)
    (reason,) = confirmed(instance, allocated(instance, "points"))
    assert (reason.rule, reason.value, reason.limit) == ("house_units", 3, 2)
    assert reason.relaxation is not None
    assert [step.kind for step in reason.relaxation.steps] == ["unit"]


def test_more_holders_of_a_role_that_a_measure_enlarged() -> None:
    """Two by the table and one by the measure; the role needs two, so that it runs. The fourth would be one more."""
    role = measure(target_kind="role", target_id="role")
    cells = {
        "houses__0__units": 9,
        "roles__0__max_holders": 2,
        "roles__0__min_holders": 2,
        "measures": [role],
    }
    instance = tiny("a", "b", "c", "d", **{**ROOM_FOR_ALL, **cells})
    allocation = allocated(instance, "points")
    reasons = explain(instance, allocation)
    assert check_reasons(instance, allocation, reasons, smallest=True) == []
    (reason,) = [r for r in reasons if r.list == "role"]
    assert (reason.rule, reason.value, reason.limit) == ("role_max", 4, 3)
    assert reason.relaxation is not None
    assert [change.value for change in reason.relaxation.changes] == [3]


def dear(**cells: Any) -> Instance:
    """Two families, of which one must be placed, and one unit; another would cost 100,000 and is worth a second family."""
    rules = {"objective": {"levels": [{"name": "all", "weights": {"utility": 1, "measure_yen": 1}}]}}
    lock = {
        "household_id": "a",
        "target_kind": "placed",
        "target_id": None,
        "effect": "must",
        "reason": "promised",
    }
    rows = {"measures": [measure()], "locks": [lock], "rules": rules}
    return tiny("a", "b", houses__0__units=1, **rows, **ROOM_FOR_ALL, **cells)


def test_what_a_wish_costs_is_asked_with_every_choice_of_measures() -> None:
    """The second family can be placed with the measure alone: it brings what the first brings, and costs 100,000."""
    instance = dear()
    allocation = allocated(instance, "welfare")
    assert not len(allocation.measures)
    worth = allocation.levels[0].objective
    assert worth is not None
    (reason,) = confirmed(instance, allocation, exact=True)
    assert (reason.household_id, reason.code, reason.proof) == ("b", Code.COSTS_MORE, Proof.PROVEN)
    assert (reason.evidence["loss"], reason.evidence["moves"]) == (100_000 - worth, 0)
    (estimate,) = confirmed(instance, allocation)
    assert isinstance(estimate.evidence["at_least"], int)
    assert estimate.evidence["at_least"] <= 100_000 - worth


def test_it_is_impossible_where_nobody_could_pay_for_the_measure() -> None:
    instance = dear()
    funding = instance.rules.funding.model_copy(update={"own_budget_yen": {"host": 99_999}})
    poor = instance.replace(rules=instance.rules.model_copy(update={"funding": funding}))
    (reason,) = confirmed(poor, allocated(poor, "welfare"), exact=True)
    assert reason.code is Code.IMPOSSIBLE


@pytest.mark.parametrize("names", [("a", "c"), ("a", "short", "c")])
def test_as_built_only_what_was_taken_is_left(names: tuple[str, ...]) -> None:
    """The same allocation passes the check there, and nothing is left to be decided."""
    instance = late(*names)
    allocation = allocated(instance, "points")
    built, same = as_built(instance, allocation)
    assert built.measures["measure_id"].tolist() == allocation.measures["measure_id"].tolist()
    assert verify(built, same) == []
    assert (as_built(built, same)[0] is built) and (built.houses == instance.houses)
