"""Who may pay: rules of programmes, and the largest lawful plan."""

import os
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import nichiiki as nk
from nichiiki.payers import Expense, PaymentPlan, lawful_payers
from nichiiki_models.instance import Instance
from nichiiki_oracle.tiny import tiny

FULL = os.environ.get("NICHIIKI_FULL") == "1"

STATE = {
    "programme_id": "a-state",
    "budget_yen": 1000,
    "eligible_items": ["survey", "trial"],
    "excluded_items": ["fare"],
}
TOWN = {
    "programme_id": "b-town",
    "payer": "municipality",
    "rate_percent": 100,
    "budget_yen": 500,
    "eligible_items": ["fare", "trial"],
}


def pay(*expenses: dict[str, Any], programmes: list[dict[str, Any]]) -> PaymentPlan:
    asked = [Expense(**{"expense_id": f"e{k}", **row}) for k, row in enumerate(expenses)]
    return lawful_payers(tiny(programmes=programmes), asked)


def test_model_projects_do_not_pay_fares_but_a_town_may() -> None:
    plan = pay({"item": "fare", "yen": 300}, programmes=[STATE, TOWN])
    assert [(paid.programme_id, paid.payer, paid.yen) for paid in plan.payments] == [
        ("b-town", "municipality", 300)
    ]
    assert (
        plan.is_paid
        and plan.paid_yen() == plan.paid_yen("municipality") == 300
        and plan.paid_yen("state") == 0
    )


def test_each_refused_yen_names_the_rule() -> None:
    needs = {
        **STATE,
        "programme_id": "c-plan",
        "eligible_items": ["fare"],
        "excluded_items": [],
        "requires": ["plan"],
    }
    plan = pay({"item": "fare", "yen": 800}, programmes=[STATE, TOWN, needs])
    (refused,) = plan.refused
    assert refused.yen == 300
    assert refused.rules == {"a-state": "excluded_item", "b-town": "exhausted", "c-plan": "requires_plan"}
    assert pay({"item": "lodging", "yen": 1}, programmes=[STATE]).refused[0].rules == {
        "a-state": "not_eligible"
    }
    assert pay({"item": "lodging", "yen": 1}, programmes=[]).refused[0].rules == {"": "no_programme"}
    met = pay({"item": "fare", "yen": 800, "fulfils": ["plan"]}, programmes=[STATE, TOWN, needs])
    assert met.is_paid and met.paid_yen("state") == 300


def test_shares_caps_and_budgets() -> None:
    """Half of 1,001 rounded down is 500; a cap of 300 for one expense; a fixed rate pays all up to its cap."""
    assert pay({"item": "trial", "yen": 1001}, programmes=[STATE]).paid_yen() == 500
    assert pay({"item": "trial", "yen": 1001}, programmes=[{**STATE, "cap_yen": 300}]).paid_yen() == 300
    fixed = {**STATE, "rate_kind": "fixed", "rate_percent": 100, "cap_yen": 700}
    assert (
        pay({"item": "trial", "yen": 600}, {"item": "trial", "yen": 600}, programmes=[fixed]).paid_yen()
        == 1000
    )


def test_money_that_only_one_expense_may_have_is_kept_for_it() -> None:
    """The trial could use the town's 500 yen, but then the fare would have no payer: the state pays the trial."""
    plan = pay(
        {"item": "trial", "yen": 500},
        {"item": "fare", "yen": 500},
        programmes=[{**STATE, "rate_percent": 100}, TOWN],
    )
    assert plan.is_paid
    swapped = [{**TOWN, "programme_id": "0-town"}, {**STATE, "rate_percent": 100}]
    assert pay({"item": "trial", "yen": 500}, {"item": "fare", "yen": 500}, programmes=swapped).is_paid


@settings(max_examples=60 if FULL else 20)
@given(seed=st.integers(0, 10**6))
def test_no_lawful_plan_pays_more(seed: int) -> None:
    rng = np.random.default_rng(seed)
    items = ("fare", "lodging", "survey")
    programmes: list[dict[str, Any]] = [
        {
            "programme_id": f"p{k}",
            "rate_percent": int(rng.integers(0, 101)),
            "cap_yen": int(rng.integers(0, 400)) if rng.random() < 0.5 else None,
            "budget_yen": int(rng.integers(0, 600)),
            "eligible_items": [item for item in items if rng.random() < 0.6],
            "excluded_items": [item for item in items if rng.random() < 0.2],
        }
        for k in range(rng.integers(0, 4))
    ]
    expenses: list[dict[str, Any]] = [
        {"item": str(rng.choice(items)), "yen": int(rng.integers(0, 500))} for _ in range(rng.integers(0, 4))
    ]
    plan = pay(*expenses, programmes=programmes)
    most = np.zeros((len(expenses), len(programmes)))
    for row, expense in enumerate(expenses):
        for column, programme in enumerate(programmes):
            lawful = (
                expense["item"] in programme["eligible_items"]
                and expense["item"] not in programme["excluded_items"]
            )
            cap = 10**9 if programme["cap_yen"] is None else programme["cap_yen"]
            most[row, column] = min(expense["yen"] * programme["rate_percent"] // 100, cap) if lawful else 0
    assert plan.paid_yen() == round(
        largest(most, [e["yen"] for e in expenses], [p["budget_yen"] for p in programmes])
    )
    for k, expense in enumerate(expenses):
        own = sum(paid.yen for paid in plan.payments if paid.expense_id == f"e{k}")
        short = sum(refused.yen for refused in plan.refused if refused.expense_id == f"e{k}")
        assert own + short == expense["yen"]


def largest(most: Any, yen: list[int], budget: list[int]) -> float:
    """Largest sum by a linear program."""
    if not most.size:
        return 0.0
    rows, columns = most.shape
    by_expense, by_programme = (
        np.kron(np.eye(rows), np.ones(columns)),
        np.kron(np.ones(rows), np.eye(columns)),
    )
    bounds: Any = np.column_stack((np.zeros(most.size), most.ravel()))
    result: Any = linprog(
        -np.ones(most.size), A_ub=np.vstack((by_expense, by_programme)), b_ub=[*yen, *budget], bounds=bounds
    )
    return -float(result.fun)


def test_the_flagship_refuses_fares_to_the_ministry() -> None:
    fares = Expense(
        expense_id="pass", item="fare", yen=7_000_000, fulfils=("plan", "designation", "membership")
    )
    plan = lawful_payers(nk.load("flagship"), [fares])
    assert plan.refused[0].rules["PG02-survey"] == plan.refused[0].rules["PG02-trial"] == "excluded_item"
    assert PaymentPlan.model_validate_json(plan.model_dump_json()) == plan


def test_an_id_names_one_expense() -> None:
    twice = [Expense(expense_id="x", item="fare", yen=1)] * 2
    with pytest.raises(nk.UsageError, match="expenses: 'x' comes twice"):
        lawful_payers(Instance(), twice)
