"""Measures and who pays for them: feasible, just satisfied and violated, on the tiny market whose one house needs a renovation.

It costs 1,000,000 yen; a programme of the state pays half, and the host town has 500,000 yen of its own.
"""

from __future__ import annotations

from typing import Any

import pytest

from nichiiki_models.allocation import Allocation
from nichiiki_models.instance import Instance
from nichiiki_oracle.cases import Cells
from nichiiki_oracle.tiny import tiny
from nichiiki_sample import sample
from nichiiki_solver.allocating import allocate
from nichiiki_solver.budget import budget_table
from nichiiki_solver.evaluate import evaluate
from nichiiki_solver.explain import explain
from nichiiki_solver.verify import verify

MEASURE = {"measure_id": "m", "target_kind": "house", "target_id": "house", "cost_yen": 1_000_000}
PROGRAMME = {"programme_id": "pg", "budget_yen": 500_000}
OTHER = {"programme_id": "other", "budget_yen": 250_000}


def world(
    *,
    measure: dict[str, Any] | None = None,
    programme: dict[str, Any] | None = None,
    own: int = 500_000,
    funding: dict[str, Any] | None = None,
    **cells: Any,
) -> Instance:
    """Return the tiny market with the renovation."""
    changes: Cells = {"houses__0__ready": False} if not measure else {}
    return tiny(
        measures=[{**MEASURE, "programmes": ("pg", "other"), **(measure or {})}],
        programmes=[{**PROGRAMME, **(programme or {})}, OTHER],
        rules={"funding": {"own_budget_yen": {"host": own}, "single_payers": ["state"], **(funding or {})}},
        **{**changes, **cells},
    )


CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("own_budget", {"own": 500_000}, {"own": 499_999}),
    ("programme_budget", {"programme": {"budget_yen": 500_000}}, {"programme": {"budget_yen": 499_999}}),
    (
        "programme_item",
        {"programme": {"eligible_items": ("fare", "renovation")}},
        {"programme": {"eligible_items": ("fare",)}},
    ),
    (
        "programme_item",
        {"programme": {"excluded_items": ("fare",)}},
        {"programme": {"excluded_items": ("renovation",)}},
    ),
    (
        "programme_item",
        {"funding": {"state_excluded_items": ["fare", "lodging"]}},
        {"funding": {"state_excluded_items": ["renovation"]}},
    ),
    (
        "programme_requires",
        {"programme": {"requires": ("plan",)}, "regions__1__has_plan": True},
        {"programme": {"requires": ("plan",)}},
    ),
    (
        "programme_requires",
        {"programme": {"requires": ("designation",)}, "supporters__0__designated": True},
        {"programme": {"requires": ("designation",)}},
    ),
    (
        "programme_requires",
        {"programme": {"requires": ("membership",)}, "regions__1__platform_member": True},
        {"programme": {"requires": ("membership",)}},
    ),
    (
        "programme_dates",
        {"programme": {"valid_until": "2027-04-01"}},
        {"programme": {"valid_until": "2027-03-31"}},
    ),
    (
        "programme_dates",
        {"programme": {"valid_from": "2027-04-01"}},
        {"programme": {"valid_from": "2027-04-02"}},
    ),
    ("programme_share", {"programme": {"cap_yen": 500_000}}, {"programme": {"cap_yen": 499_999}}),
    (
        "programme_share",
        {"programme": {"rate_kind": "fixed", "cap_yen": 500_000}},
        {"programme": {"rate_kind": "fraction", "rate_percent": 49}},
    ),
    (
        "programme_single",
        {"own": 250_000, "funding": {"single_payers": []}},
        {"own": 250_000, "funding": {"single_payers": ["state"]}},
    ),
    ("house_not_ready", {"measure": {"from_period": "p1"}}, {"measure": {"from_period": "p2"}}),
]
EXPANSIONS: dict[str, tuple[dict[str, Any], Cells]] = {
    "school": ({"target_kind": "facility", "target_id": "school", "band": "2"}, {"seats__2__seats": 0}),
    "care": ({"target_kind": "facility", "target_id": "nursery", "band": "age3"}, {"seats__1__seats": 0}),
    "desk": ({"target_kind": "facility", "target_id": "desks", "band": "desk"}, {"seats__0__seats": 0}),
    "role": (
        {"target_kind": "role", "target_id": "role"},
        {"roles__0__max_holders": 0, "roles__0__min_holders": 0},
    ),
}


def answer(instance: Instance, policy: str) -> Allocation:
    found = allocate(instance, policy=policy).allocation
    assert found is not None
    return found


@pytest.mark.parametrize("policy", ["welfare", "points"])
def test_a_town_that_is_rich_enough_needs_no_programme(policy: str) -> None:
    rich = answer(world(own=1_000_000, measure={"programmes": ()}, houses__0__ready=False), policy)
    assert len(rich.stays) == 1
    assert [(row.programme_id, row.amount_yen) for row in rich.payments.rows()] == [(None, 1_000_000)]


SOLVED_TWICE = ("own_budget", "programme_budget", "programme_single")
"""What the optimum weighs; the others decide before anybody chooses, the same for every policy."""


@pytest.mark.parametrize(
    ("policy", "rule", "kept", "broken"),
    sample(
        [("points", *case) for case in CASES]
        + [("welfare", *case) for case in CASES if case[0] in SOLVED_TWICE],
        kind=lambda case: case[:2],
    ),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_renovation_is_taken_exactly_as_long_as_somebody_may_pay(
    policy: str, rule: str, kept: dict[str, Any], broken: dict[str, Any]
) -> None:
    good, bad = (world(**{"houses__0__ready": False, **case}) for case in (kept, broken))
    taken, refused = answer(good, policy), answer(bad, policy)
    assert taken.measures["measure_id"].tolist() == ["m"]
    assert len(taken.stays) == 1
    assert (len(refused.measures), len(refused.stays)) == (0, 0)
    assert rule in {found.rule for found in verify(bad, taken.replace(instance_hash=bad.hash))}
    paid = [line.amount_yen for line in budget_table(good, taken)]
    assert sum(paid) == 1_000_000
    notes = {line.note for line in budget_table(bad, refused)}
    assert notes & {rule, "own_budget", "programme_budget"} or rule == "house_not_ready"
    assert {why.rule for why in explain(bad, refused, "a") if why.list == "stay"} == {"house_not_ready"}
    assert evaluate(good, taken).total.placed_households == evaluate(bad, refused).total.placed_households + 1


def test_a_house_that_is_not_ready_is_renovated_once() -> None:
    other = {**MEASURE, "measure_id": "n", "adds": 1}
    both = world(own=3_000_000, houses__0__ready=False)
    both = both.replace(measures=[*both.measures.rows(), other])
    taken = answer(both, "points")
    assert taken.measures["measure_id"].tolist() == ["m"]
    twice = taken.replace(
        measures=[*taken.measures.rows(), {"measure_id": "n", "cost_yen": 1_000_000}],
        payments=[*taken.payments.rows(), {"measure_id": "n", "amount_yen": 1_000_000}],
    )
    assert "one_measure" in {found.rule for found in verify(both, twice)}


@pytest.mark.parametrize("name", EXPANSIONS)
def test_places_are_added_exactly_as_long_as_there_is_money(name: str) -> None:
    measure, cells = EXPANSIONS[name]
    good, bad = (world(measure={**measure, "adds": 1}, own=own, **cells) for own in (500_000, 499_999))
    taken = answer(good, "points")
    assert name in taken.items["list"].tolist()
    without = answer(bad, "points")
    assert name not in without.items["list"].tolist()
    assert "own_budget" in {found.rule for found in verify(bad, taken.replace(instance_hash=bad.hash))}
