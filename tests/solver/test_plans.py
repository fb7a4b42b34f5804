"""Stay plans of several parts (`all_bases`): feasible, just satisfied and violated, on the tiny market computed by hand."""

from typing import Any

import pytest

from nichiiki_instances.bundled import load
from nichiiki_models.allocation import Allocation, Status
from nichiiki_models.explanation import Code
from nichiiki_models.instance import Instance
from nichiiki_oracle.tiny import tiny
from nichiiki_sample import sample
from nichiiki_solver.allocating import allocate
from nichiiki_solver.conflicts import conflicts
from nichiiki_solver.explain import explain
from nichiiki_solver.promoting import promote
from nichiiki_solver.verify import verify

POLICIES = ("welfare", "points", "deferred_acceptance", "stable")


def plan(*, house: dict[str, Any] | None = None, marked: bool = True) -> Instance:
    """Return two applications of a family: the house in the first period, hotel nights in the third."""
    hotel = {"house_id": "inn", "region_id": "host", "lat": 36.0, "lon": 138.0, "kind": "hotel"}
    hotel |= {"units": 3, "capacity_persons": 1, "rent_yen": 10000}
    cells = {f"households__{row}__family": "f" for row in (0, 1)}
    changes = {f"houses__0__{name}": value for name, value in (house or {}).items()}
    return tiny(
        "a",
        "b",
        **cells,
        **{f"households__{row}__all_bases": marked for row in (0, 1)},
        households__0__stay_periods=("p1",),
        households__1__stay_periods=("p3",),
        choices__7__target_id="inn",
        houses=[hotel],
        **changes,
    )


def placed(found: Allocation | None) -> list[str]:
    """Households with a stay."""
    assert found is not None
    return sorted(found.stays["household_id"].tolist())


@pytest.mark.parametrize("policy", POLICIES)
def test_a_house_and_hotel_nights_come_together(policy: str) -> None:
    result = allocate(plan(), policy=policy)
    assert result.allocation is not None
    assert sorted(result.allocation.stays["house_id"].tolist()) == ["house", "inn"]
    assert verify(plan(), result.allocation) == []


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    "house", sample([{"ready": False}, {"closed_periods": ("p1",)}, {"rent_yen": 40000}], 3)
)
def test_without_the_house_nobody_wants_the_nights(policy: str, house: dict[str, Any]) -> None:
    assert placed(allocate(plan(house=house), policy=policy).allocation) == []
    assert placed(allocate(plan(house=house, marked=False), policy=policy).allocation) == ["b"]


def test_half_a_plan_is_found_out() -> None:
    loose = allocate(plan(house={"ready": False}, marked=False)).allocation
    strict = plan(house={"ready": False})
    assert loose is not None
    found = verify(strict, loose.replace(instance_hash=strict.hash))
    assert [(row.rule, row.where, row.details) for row in found] == [
        ("all_bases", "f", {"value": 1, "limit": 2})
    ]


def test_the_reason_is_named_and_what_would_help() -> None:
    strict = plan(house={"ready": False})
    result = allocate(strict, policy="points")
    assert result.allocation is not None
    reasons = [(row.rule, row.target_id, row.limit) for row in result.allocation.unplaced.rows()]
    assert ("all_bases", None, 2) in reasons
    (why,) = (row for row in explain(strict, result.allocation, "b") if row.list == "stay")
    assert (why.code, why.rule, why.cause) == (Code.CLOSED, "all_bases", "f")
    assert why.relaxation is not None
    changes = [change for step in why.relaxation.steps for change in step.changes]
    assert [(row.table, row.row, row.column, row.value) for row in changes] == [
        ("households", {"household_id": "b"}, "all_bases", False)
    ]


def test_who_declines_a_part_declines_the_plan() -> None:
    allocation = allocate(plan(), policy="points").allocation
    assert allocation is not None
    alone = promote(plan(), allocation, declined=["a"])
    assert alone.allocation is None
    assert [(row.rule, row.where) for row in alone.broken] == [("all_bases", "f")]
    assert placed(promote(plan(), allocation, declined=["a", "b"]).allocation) == []


def must(household: str) -> dict[str, str]:
    return {"household_id": household, "target_kind": "placed", "effect": "must", "reason": "test"}


def test_who_must_be_placed_brings_the_rest_of_the_plan() -> None:
    assert allocate(plan(), locks=[must("a")]).status is Status.OPTIMAL
    assert conflicts(plan().replace(locks=[must("a")])).feasible
    clash = conflicts(plan(house={"ready": False}).replace(locks=[must("b")]))
    assert not clash.feasible
    assert [demand.household_id for demand in clash.demands] == ["b"]


def test_the_flagship_grants_a_plan_of_an_inn_and_a_share_house() -> None:
    flagship = load("flagship")
    parts = [row.household_id for row in flagship.households.rows() if row.all_bases]
    clerk = allocate(flagship, policy="points", seed=2026).allocation
    assert clerk is not None
    assert not set(parts) & set(clerk.stays["household_id"].tolist())
    assert {row.household_id for row in clerk.unplaced.rows() if row.rule == "all_bases"} == set(parts)
