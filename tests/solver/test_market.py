"""The market on flat arrays: building, refusing, solving, against complete enumeration and published optima."""

import os
import time
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nichiiki_instances.generators import generate
from nichiiki_models.allocation import Status
from nichiiki_models.errors import MarketError, UsageError, VerificationError
from nichiiki_solver import cp_sat, dual_prices, race, solving
from nichiiki_solver.bundles import BundleSource, compile_market, find_bundles
from nichiiki_solver.cp_sat import Answer
from nichiiki_solver.dual_prices import SCALE, Priced, approach, find_prices, find_tight_prices, gains
from nichiiki_solver.market import ListedSource, Market
from nichiiki_solver.policies import welfare
from nichiiki_solver.ragged import Ints
from nichiiki_solver.solving import check_outcome, solve

FULL = os.environ.get("NICHIIKI_FULL") == "1"


@st.composite
def markets(draw: st.DrawFn) -> Market:
    """Small markets with signed amounts, demands, agents that must be assigned, and one or two levels."""
    agents, resources = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    options = int(rng.integers(1, 12))
    entries = int(rng.integers(0, 20))
    return Market.from_columns(
        agent=rng.integers(0, agents, options),
        utility=rng.integers(-5, 30, (int(rng.integers(1, 3)), options)),
        option=rng.integers(0, options, entries),
        resource=rng.integers(0, resources, entries),
        amount=rng.integers(-3, 6, entries),
        capacity=rng.integers(-1, 8, resources),
        must_assign=rng.random(agents) < 0.1,
        n_agents=agents,
    )


def enumerate_best(market: Market) -> tuple[int, ...] | None:
    """Best levels over every choice, or None."""
    order, offsets = market.by_agent
    lists = [[-1, *order[offsets[a] : offsets[a + 1]].tolist()] for a in range(market.n_agents)]
    choices = (np.array(point) for point in product(*lists))
    values = [tuple(market.objectives(choice).tolist()) for choice in choices if market.is_feasible(choice)]
    return max(values, default=None)


@given(markets())
def test_welfare_equals_enumeration(market: Market) -> None:
    best = enumerate_best(market)
    for small in (welfare.SMALL, -1):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(welfare, "SMALL", small)
            outcome = solve(market)
        if best is None:
            assert outcome.status is Status.INFEASIBLE
        else:
            assert outcome.status is Status.OPTIMAL
            assert tuple(level.objective for level in outcome.levels) == best


@given(markets(), st.integers(0, 10**6))
def test_every_price_gives_a_bound(market: Market, seed: int) -> None:
    """Weak duality, for signed amounts and capacities and every price vector that is not negative."""
    best = enumerate_best(market)
    rng = np.random.default_rng(seed)
    prices = rng.integers(0, 20 * SCALE, len(market.capacity))
    weights = np.zeros(len(market.levels), dtype=np.int64)
    weights[0] = SCALE
    values = ListedSource(market).best_values(weights, prices)
    total = int(gains(market, values).sum()) + int(prices @ market.capacity)
    if best is not None:
        assert total >= SCALE * best[0]


@given(markets())
@settings(max_examples=30 if FULL else 10)
def test_found_prices_bound_the_optimum(market: Market) -> None:
    best = enumerate_best(market)
    weights = np.zeros(len(market.levels), dtype=np.int64)
    weights[0] = 1
    if best is not None:
        assert find_prices(market, weights, lambda: False).bound >= best[0]


def gap_market(cost: list[list[int]], use: list[list[int]], capacity: list[int]) -> Market:
    """Generalised assignment: every job to one agent at least cost."""
    jobs, agents = len(cost[0]), len(cost)
    pairs = [(j, i) for j in range(jobs) for i in range(agents)]
    return Market.from_columns(
        agent=[j for j, _ in pairs],
        utility=[-cost[i][j] for j, i in pairs],
        option=range(len(pairs)),
        resource=[i for _, i in pairs],
        amount=[use[i][j] for j, i in pairs],
        capacity=capacity,
        must_assign=np.ones(jobs, dtype=bool),
    )


COST = [[17, 21, 22, 18, 24, 15, 20, 18], [23, 16, 21, 16, 17, 16, 19, 25], [16, 20, 16, 25, 24, 16, 17, 19]]
USE = [[8, 15, 14, 23, 8, 16, 8, 25], [15, 7, 23, 22, 11, 11, 12, 10], [21, 20, 6, 22, 24, 10, 24, 9]]


@pytest.mark.parametrize("small", [3000, -1])
def test_generalised_assignment_equals_enumeration(small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(welfare, "SMALL", small)
    capacity = [36, 34, 38]
    best = min(
        sum(COST[i][j] for j, i in enumerate(point))
        for point in product(range(3), repeat=8)
        if all(sum(USE[i][j] for j, k in enumerate(point) if k == i) <= capacity[i] for i in range(3))
    )
    outcome = solve(gap_market(COST, USE, capacity))
    assert outcome.status is Status.OPTIMAL
    assert outcome.objective == -best


@pytest.mark.parametrize("small", [-1, 3_000])
def test_the_choice_names_the_options_of_the_given_market(
    small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was listed on the way, the caller reads the choice in the columns that were passed in."""
    monkeypatch.setattr(welfare, "SMALL", small)
    draw = np.random.default_rng(5)
    agent, weight = np.repeat(np.arange(30), 6), draw.integers(5, 26, 180)
    gain = draw.integers(10, 500, 180)
    market = Market.from_columns(
        agent=agent, utility=gain, resource=np.tile(np.arange(6), 30), option=np.arange(180), amount=weight,
        capacity=np.full(6, 50),
    )  # fmt: skip
    outcome = solve(market, time_limit_s=10)
    assert outcome.market is market
    assert outcome.choice is not None and market.is_feasible(outcome.choice)
    taken = outcome.choice[outcome.choice >= 0]
    assert (agent[taken] == np.flatnonzero(outcome.choice >= 0)).all()
    assert int(gain[taken].sum()) == outcome.objective


@pytest.mark.parametrize("policy", ["welfare", "points", "deferred_acceptance"])
def test_the_choice_of_a_compiled_market_is_read_there(policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(welfare, "SMALL", -1)
    market = compile_market(generate(households=12, seed=3))
    outcome = solve(market, policy=policy, time_limit_s=10)
    assert market.complete and outcome.market is market
    assert outcome.choice is not None and market.is_feasible(outcome.choice)
    assert int(market.objectives(outcome.choice)[0]) == outcome.objective
    placed = market.to_allocation(outcome.choice).placements
    assert len(placed) == int((outcome.choice[~market.gate] >= 0).sum())


def test_opening_decisions_supply_capacity() -> None:
    """Two customers, two depots: opening costs 5 and 9, serving 1-4; opening only the first is best (5 + 2 + 3)."""
    market = Market.from_columns(
        agent=[0, 0, 1, 1, 2, 3],
        utility=[-2, -4, -3, -1, -5, -9],
        option=[0, 1, 2, 3, 4, 5],
        resource=[0, 1, 0, 1, 0, 1],
        amount=[1, 1, 1, 1, -2, -2],
        capacity=[0, 0],
        must_assign=[True, True, False, False],
    )
    assert solve(market).objective == -10


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"agent": [0, 7]}, "agent: indices must lie in"),
        ({"option": [0, 5]}, "option: indices must lie in"),
        ({"resource": [0, -1]}, "resource: indices must lie in"),
        ({"amount": [1]}, "one length"),
        ({"utility": [1.5, 2.0]}, "whole numbers"),
        ({"utility": [1, 2, 3]}, "utility: 3 values for 2 options"),
        ({"utility": [1 << 60, 1]}, "utility: the sum"),
        ({"amount": [1 << 60, 1]}, "amount: resource 0"),
    ],
)
def test_columns_that_do_not_fit_are_refused(changes: dict[str, list[float]], message: str) -> None:
    columns: dict[str, list[int]] = {
        "agent": [0, 1],
        "utility": [3, 4],
        "option": [0, 1],
        "resource": [0, 0],
        "amount": [1, 1],
        "capacity": [1],
    }
    with pytest.raises(MarketError, match=message):
        Market.from_columns(**{**columns, **changes}, n_agents=2)  # type: ignore[arg-type]


def test_ranks_follow_falling_utility_with_ties() -> None:
    market = Market.from_columns(
        agent=[0, 0, 0, 1], utility=[5, 9, 5, 1], option=[], resource=[], amount=[], capacity=[]
    )
    assert market.rank.tolist() == [2, 1, 2, 1]


def test_a_wrong_outcome_is_withheld() -> None:
    market = gap_market(COST, USE, [36, 34, 38])
    outcome = solve(market)
    assert outcome.choice is not None
    wrong = outcome.choice.copy()
    wrong[0] = outcome.choice[1]
    bad = type(outcome)(market, wrong, outcome.status, outcome.reason, outcome.levels)
    assert {violation.rule for violation in check_outcome(bad)} >= {"market_agent"}
    with pytest.raises(VerificationError):
        raise VerificationError(check_outcome(bad))


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("rank", [1]),
        ("priority", [1]),
        ("priority", [1, 2, 3]),
        ("must_assign", [True]),
        ("must_assign", [True, False, True]),
        ("utility", [-(2**63), 1]),
        ("amount", [-(2**63), 1]),
    ],
)
def test_refuses_columns_that_do_not_fit(column: str, values: list[int]) -> None:
    columns: dict[str, list[int]] = {
        "agent": [0, 1], "utility": [3, 5], "resource": [0, 0], "option": [0, 1], "amount": [1, 1], "capacity": [1]
    }  # fmt: skip
    with pytest.raises(MarketError, match=column):
        Market.from_columns(**{**columns, column: values})  # type: ignore[arg-type]


@pytest.mark.parametrize("factor", [1_000, 1 << 30, 1 << 41])
def test_utilities_in_a_larger_unit_have_the_same_optimum(
    factor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By pricing and HiGHS as by CP-SAT; at the largest factor pricing would leave 64 bits."""
    monkeypatch.setattr(welfare, "SMALL", -1)
    rng = np.random.default_rng(1)
    utility = rng.integers(1, 100, 60)
    columns = {
        "agent": rng.integers(0, 12, 60),
        "resource": rng.integers(0, 6, 60),
        "option": np.arange(60),
        "amount": rng.integers(1, 4, 60),
        "capacity": rng.integers(2, 6, 6),
    }
    plain = solve(Market.from_columns(utility=utility, n_agents=12, **columns))
    large = solve(Market.from_columns(utility=utility * factor, n_agents=12, **columns))
    assert (plain.status, large.status) == (Status.OPTIMAL, Status.OPTIMAL)
    assert plain.objective is not None
    assert large.objective == large.bound == plain.objective * factor


def test_without_an_answer_there_is_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    market = gap_market(COST, USE, [36, 34, 38])
    best = solve(market).objective
    monkeypatch.setattr(cp_sat, "solve_level", lambda *_, **__: Answer(None, None, None))
    monkeypatch.setattr(race, "search", lambda *_: Answer(None, None, None))
    found = solve(market)
    assert found.status is Status.UNKNOWN and found.choice is None and found.objective is None
    assert best is not None and found.bound is not None and found.bound >= best


def test_a_hint_is_where_the_search_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Amounts have a common divisor, so that the market is restated on the way; without any search the hint is the answer."""
    market = gap_market(COST, (2 * np.array(USE)).tolist(), [72, 68, 76])
    first = solve(market).choice
    assert first is not None
    same = gap_market(COST, (2 * np.array(USE)).tolist(), [72, 68, 76])
    told: list[object] = []

    def idle(*_: object, hint: object = None, **__: object) -> Answer:
        told.append(hint)
        return Answer(None, None, None)

    monkeypatch.setattr(cp_sat, "solve_level", idle)
    monkeypatch.setattr(race, "search", lambda *_: Answer(None, None, None))
    found = solve(market, hint=(same, first))
    assert found.status is Status.FEASIBLE and found.choice is not None
    assert (found.choice == first).all() and found.market is market
    assert any(np.array_equal(hint, first) for hint in told if isinstance(hint, np.ndarray))


@pytest.mark.parametrize("change", ["market", "length", "number"])
def test_a_hint_of_another_market_is_refused(change: str) -> None:
    market = gap_market(COST, USE, [36, 34, 38])
    other = gap_market(COST, USE, [36, 34, 39]) if change == "market" else market
    choice = np.zeros(market.n_agents - (change == "length"), dtype=np.int64)
    if change == "number":
        choice[0] = market.n_options
    with pytest.raises(UsageError, match="does not belong to this market"):
        solve(market, hint=(other, choice))


def test_a_bound_beside_a_procedure_keeps_to_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prices of a procedure's market are sought as long as there is time, and no longer."""
    asked: list[bool] = []

    def patient(
        market: Market, weights: Ints, should_stop: Callable[[], bool], time_limit_s: float
    ) -> Priced:
        while not should_stop():
            time.sleep(0.05)
        asked.append(True)
        return find_tight_prices(market, weights, should_stop, time_limit_s)

    monkeypatch.setattr(solving, "find_tight_prices", patient)
    market = Market.from_columns(
        agent=[0, 1], utility=[3, 5], resource=[0, 0], option=[0, 1], amount=[1, 1], capacity=[1]
    )
    found = solve(market, policy="serial_dictatorship", bound=True, time_limit_s=1)
    assert asked == [True]
    assert found.bound is not None and found.bound >= 5


def test_what_all_gain_together_must_fit_64_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled markets list nothing to look at beforehand; the first pass over what they offer says it."""
    source = BundleSource(find_bundles(generate(households=4, seed=1)))
    weights = np.eye(len(source.bundles.instance.levels), dtype=np.int64)[0]
    assert approach(source.unlisted(), source, weights, lambda: True).total > 0
    monkeypatch.setattr(dual_prices, "LARGEST_SUM", 10)
    with pytest.raises(MarketError, match="too large to be counted"):
        approach(source.unlisted(), source, weights, lambda: True)
