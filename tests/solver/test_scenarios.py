"""Robust prices: by hand, by definition, and against counting."""

import os
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nichiiki as nk
from nichiiki.scenarios import robust_price, tail_mean

FULL = os.environ.get("NICHIIKI_FULL") == "1"


def case(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    prices, futures = int(rng.integers(1, 6)), int(rng.integers(1, 7))
    weight = rng.integers(1, 9, futures).astype(float)
    return {
        "price_yen": np.cumsum(rng.integers(1, 5, prices)) * 100,
        "revenue_yen": rng.integers(0, 100, (prices, futures)),
        "cost_yen": rng.integers(0, 100, (prices, futures)),
        "probability": weight / weight.sum(),
        "subsidy_yen": int(rng.integers(0, 30)),
        "deficit_cap_yen": int(rng.integers(0, 30)),
        "share": float(rng.choice([0.3, 0.8, 1.0])),
        "users": rng.integers(0, 50, (prices, futures)),
    }


@settings(max_examples=80 if FULL else 25)
@given(seed=st.integers(0, 10**6), goal=st.sampled_from(["lowest_price", "most_users", "most_surplus"]))
def test_the_price_chosen_is_the_best_of_those_that_hold(seed: int, goal: Any) -> None:
    given_case = case(seed)
    found = robust_price(**given_case, goal=goal)
    best: tuple[float, int] | None = None
    for row, price in enumerate(given_case["price_yen"].tolist()):
        surplus = given_case["revenue_yen"][row] - given_case["cost_yen"][row] + given_case["subsidy_yen"]
        covered = given_case["probability"][surplus >= -given_case["deficit_cap_yen"]].sum()
        assert found.break_even_share[row] == pytest.approx(covered)
        assert found.worst_yen[row] == surplus.min()
        assert found.mean_yen[row] == pytest.approx(float(surplus @ given_case["probability"]))
        holds = covered >= given_case["share"] - 1e-9
        assert found.is_robust[row] == holds
        value = {
            "lowest_price": -price,
            "most_users": float(given_case["users"][row] @ given_case["probability"]),
            "most_surplus": float(surplus @ given_case["probability"]),
        }[goal]
        if holds and (best is None or value > best[0] + 1e-12):
            best = value, row
    assert found.chosen == (None if best is None else best[1])
    robust = given_case["price_yen"][found.is_robust]
    assert found.band_yen == ((robust[0], robust[-1]) if len(robust) else None)


def test_the_tail_is_the_mean_of_the_worst() -> None:
    """Ten futures alike, tail of 25 %: the two worst and half of the third: (-9 - 8 - 7 / 2) / 2.5."""
    surplus = np.arange(-9.0, 1.0)[None, ::-1]
    assert tail_mean(surplus, np.full(10, 0.1), 0.25).tolist() == [pytest.approx((-9 - 8 - 3.5) / 2.5)]
    assert tail_mean(surplus, np.full(10, 0.1), 1.0).tolist() == [pytest.approx(-4.5)]


@given(seed=st.integers(0, 10**6))
def test_the_tail_is_the_best_bound_of_its_program(seed: int) -> None:
    """Rockafellar and Uryasev: the tail mean is the largest of t - E[(t - surplus)+] / tail over t."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 7))
    surplus, weight = rng.integers(-50, 50, size).astype(float), rng.integers(1, 9, size).astype(float)
    weight, tail = weight / weight.sum(), float(rng.uniform(0.05, 1.0))
    best = max(t - float(np.maximum(0.0, t - surplus) @ weight) / tail for t in surplus.tolist())
    assert tail_mean(surplus[None], weight, tail)[0] == pytest.approx(best)


def test_a_cap_on_the_tail_rules_a_price_out() -> None:
    asked: dict[str, Any] = {
        "price_yen": [100, 200],
        "revenue_yen": [[10, -90], [5, -5]],
        "cost_yen": [[0, 0], [0, 0]],
    }
    assert robust_price(**asked, share=0.5, tail=0.5).chosen == 0
    assert robust_price(**asked, share=0.5, tail=0.5, tail_deficit_cap_yen=20).chosen == 1
    assert (
        robust_price(**asked, share=1.0).chosen is None and robust_price(**asked, share=1.0).band_yen is None
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"price_yen": [200, 100]}, "price_yen: whole, rising prices"),
        ({"price_yen": []}, "price_yen: whole"),
        ({"revenue_yen": [[1.0]]}, "revenue_yen: finite numbers, 2 prices x scenarios"),
        ({"cost_yen": [[1.0], [float("nan")]]}, "cost_yen: finite numbers"),
        ({"probability": [0.5]}, "probability: 1 numbers, 0 or more, that sum to 1"),
        ({"share": 1.5}, "share, tail: 0"),
        ({"tail": 0}, "share, tail: 0"),
        ({"deficit_cap_yen": -1}, "deficit_cap_yen: 0 or more"),
        ({"goal": "fame"}, "goal: one of"),
        ({"goal": "most_users"}, "users: prices x scenarios are needed"),
    ],
)
def test_what_has_no_meaning_is_refused(change: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {"price_yen": [100, 200], "revenue_yen": [[1], [2]], "cost_yen": [[1], [1]]}
    with pytest.raises(nk.UsageError, match=message):
        robust_price(**{**good, **change})
