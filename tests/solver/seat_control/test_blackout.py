"""Black-out calendars: brute force over all calendars, and cases by hand."""

import os
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nichiiki as nk
from nichiiki.seat_control import blackout_calendar, cost_by_period
from nichiiki.transport import round_trips, route_demand, routes, service_network
from nichiiki_models.allocation import Status

FULL = os.environ.get("NICHIIKI_FULL") == "1"


def case(seed: int) -> dict[str, Any]:
    """Up to 8 periods with costs, losses, seats, a promise, and up to 3 windows."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 9))
    cost = rng.integers(0, 100, size)
    windows = [np.flatnonzero(rng.random(size) < 0.6).tolist() for _ in range(rng.integers(1, 4))]
    return {
        "cost_yen": cost,
        "budget_yen": int(rng.integers(-10, max(2, cost.sum()))),
        "lost_yen": rng.integers(0, 60, size) if rng.random() < 0.7 else None,
        "seats": rng.integers(0, 30, size) if rng.random() < 0.8 else None,
        "members": int(rng.integers(0, 6)),
        "guaranteed": int(rng.integers(0, 7)),
        "windows": windows if rng.random() < 0.6 else None,
    }


def keeps_promise(given_case: dict[str, Any], closed: Any) -> bool:
    if given_case["seats"] is None:
        return True
    windows = [range(len(closed))] if given_case["windows"] is None else given_case["windows"]
    needed = given_case["members"] * given_case["guaranteed"]
    return all(sum(given_case["seats"][t] for t in window if not closed[t]) >= needed for window in windows)


def left(given_case: dict[str, Any], closed: Any) -> int:
    """What the budget leaves when some periods are closed."""
    cost, shut = given_case["cost_yen"], np.asarray(closed)
    lost = 0 if given_case["lost_yen"] is None else int(given_case["lost_yen"][shut].sum())
    return int(given_case["budget_yen"]) - lost - int(cost[~shut].sum())


@settings(max_examples=120 if FULL else 40)
@given(seed=st.integers(0, 10**6))
def test_no_calendar_closes_fewer_or_leaves_more(seed: int) -> None:
    """All 2^n calendars: fewest closed, then most money left; without one the least that is missing."""
    given_case = case(seed)
    found = blackout_calendar(**given_case)
    size = len(given_case["cost_yen"])
    lawful = [c for c in product((False, True), repeat=size) if keeps_promise(given_case, c)]
    paid = [c for c in lawful if left(given_case, c) >= 0]
    if not paid:
        assert found.status is Status.INFEASIBLE and found.closed is None
        assert found.left_yen == max((left(given_case, c) for c in lawful), default=None)
        return
    fewest = min(sum(c) for c in paid)
    most = max(left(given_case, c) for c in paid if sum(c) == fewest)
    assert found.status is Status.OPTIMAL and found.closed is not None
    assert (int(found.closed.sum()), found.left_yen) == (fewest, most)
    assert keeps_promise(given_case, found.closed.tolist()) and left(given_case, found.closed) == most


def test_without_a_promise_the_dearest_periods_go_first() -> None:
    rng = np.random.default_rng(3)
    cost = rng.integers(1, 1000, 24)
    found = blackout_calendar(cost, int(cost.sum()) // 2)
    assert found.closed is not None and found.seats_per_member is None
    count = next(k for k in range(25) if np.sort(cost)[: 24 - k].sum() <= cost.sum() // 2)
    assert found.closed.sum() == count
    assert set(cost[found.closed].tolist()) == set(np.sort(cost)[24 - count :].tolist())


def test_a_promise_keeps_a_period_open_that_the_price_alone_would_close() -> None:
    """August is dearest, but without it five members find four seats in the second half; so May closes in its place."""
    asked: dict[str, Any] = {"cost_yen": [30, 40, 90, 10], "budget_yen": 130, "seats": [9, 9, 9, 4]}
    free = blackout_calendar(**asked)
    assert free.closed is not None and free.closed.tolist() == [False, False, True, False]
    halves = {"members": 5, "guaranteed": 1, "windows": [[0, 1], [2, 3]]}
    kept = blackout_calendar(**asked, **halves)  # type: ignore[arg-type]
    assert kept.closed is not None and kept.closed.tolist() == [False, True, False, False]
    assert kept.seats_per_member is not None and kept.seats_per_member.tolist() == [1, 2]
    short = blackout_calendar(**{**asked, "budget_yen": 90}, **halves)  # type: ignore[arg-type]
    assert (short.closed, short.left_yen) == (None, -30)  # May and the last month closed leave 120 to pay


def test_costs_by_period_come_from_loads_and_rents() -> None:
    network = service_network(nk.load("flagship"), houses=[])
    trip = round_trips(
        network, ["tokyo23"], ["ap-shirahama"], out_period=["2026-08"], back_period=["2026-09"]
    )
    routed = route_demand(network, trip, [300], minute_yen=40)
    assert routed.routes is not None and routed.amount is not None and routed.seat_rent_yen is not None
    by_period = cost_by_period(routed.routes, routed.amount, routed.seat_rent_yen)
    assert np.flatnonzero(by_period).tolist() == [4, 5]
    no_rent = cost_by_period(routed.routes, routed.amount, np.zeros(len(network)))
    assert no_rent.sum() == pytest.approx(float(routed.routes.seat_cost_yen @ routed.amount))
    extra = float((routed.seat_rent_yen * network.seats)[network.seats >= 0].sum())
    assert by_period.sum() == pytest.approx(no_rent.sum() + extra)
    assert routes(network, trip).found.all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cost_yen": []}, "cost_yen: at least one period"),
        ({"cost_yen": [1.5]}, "cost_yen: a whole number"),
        ({"lost_yen": [1, 2]}, "lost_yen: 2 entries for 1 periods"),
        ({"seats": [-1]}, "seats: a whole number, 0 or more"),
        ({"members": -1}, "members, guaranteed: 0 or more"),
        ({"windows": [[1]]}, "windows: window 1 names period 1; periods are 0 … 0"),
        ({"cost_yen": [2**50]}, "cost_yen: all together reach"),
    ],
)
def test_what_has_no_meaning_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(nk.UsageError, match=message):
        blackout_calendar(**{"cost_yen": [1], "budget_yen": 5, **change})
