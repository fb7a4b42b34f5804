"""The overflow trap: CP-SAT 9.15 may return a wrong OPTIMAL where a row passes 2^30 (google/or-tools #5293).

Markets and instances with huge amounts, utilities, yen and weights equal complete enumeration on every engine, or say clearly that
they are too large; and no row that is handed to CP-SAT reaches the trap.
"""

import os
from itertools import product
from typing import Any

import numpy as np
import pytest

from nichiiki_models.allocation import Status
from nichiiki_models.errors import InstanceError, MarketError
from nichiiki_models.rules import Level, Objective
from nichiiki_oracle.brute_force import optimum
from nichiiki_oracle.random_instances import random_instance
from nichiiki_solver.allocating import allocate
from nichiiki_solver.cp_sat import Floor, build_model
from nichiiki_solver.market import Market
from nichiiki_solver.policies import welfare
from nichiiki_solver.solving import solve

FULL = os.environ.get("NICHIIKI_FULL") == "1"
BITS = (20, 26, 28, 29, 30, 31, 33, 40, 46)
SEEDS = 100 if FULL else 6
TRAP = 1 << 30


def huge_market(seed: int, bits: int) -> Market:
    """Three to five agents with two or three options each, amounts and utilities around 2^bits."""
    rng = np.random.default_rng([seed, bits])
    agents = int(rng.integers(3, 6))
    agent = np.repeat(np.arange(agents), rng.integers(2, 4, agents))
    n, resources = len(agent), int(rng.integers(1, 4))
    amount = rng.integers(1 << (bits - 2), 1 << bits, (n, resources)) * rng.integers(0, 2, (n, resources))
    amount[rng.random((n, resources)) < 0.1] *= -1
    capacity = np.abs(amount).sum(axis=0) // int(rng.integers(2, 6)) - rng.integers(0, 3, resources)
    option, resource = np.indices((n, resources))
    return Market.from_columns(
        agent=agent,
        utility=rng.integers(1 << (bits - 2), 1 << bits, n),
        resource=resource.ravel(),
        option=option.ravel(),
        amount=amount.ravel(),
        capacity=capacity,
        n_agents=agents,
    )


def best_by_enumeration(market: Market) -> int | None:
    rows = [(-1, *np.flatnonzero(market.agent == a).tolist()) for a in range(market.n_agents)]
    values = [
        int(market.utility[0, choice[choice >= 0]].sum())
        for choice in map(np.array, product(*rows))
        if market.is_feasible(choice)
    ]
    return max(values, default=None)


def assert_true(market: Market, **how: Any) -> Status:
    """Check that what is said holds: an optimum is one, a bound is one, infeasible is infeasible."""
    best, outcome = best_by_enumeration(market), solve(market, time_limit_s=20, **how)
    if outcome.status is Status.INFEASIBLE:
        assert best is None
    elif outcome.choice is not None:
        assert best is not None
        assert outcome.objective is not None
        assert outcome.objective <= best
        assert outcome.bound is None or outcome.bound >= best
        assert outcome.status is not Status.OPTIMAL or outcome.objective == best
    return outcome.status


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_cp_sat_equals_enumeration_on_huge_numbers(seed: int, bits: int) -> None:
    market = huge_market(seed, bits)
    assert assert_true(market) in (Status.OPTIMAL, Status.INFEASIBLE)


@pytest.mark.parametrize("engine", ["highs", "scip"])
@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("seed", range(SEEDS if FULL else 2))
def test_other_engines_never_claim_what_is_not_so(seed: int, bits: int, engine: str) -> None:
    assert_true(huge_market(seed, bits), engine=engine)


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_no_row_for_cp_sat_reaches_the_trap(seed: int, bits: int) -> None:
    market = huge_market(seed, bits)
    floors = (Floor(market.utility[0], int(market.utility[0].sum()) // 3),)
    model, _ = build_model(market, floors)
    proto = model.proto
    ranges = [max(v.domain) - min(v.domain) for v in proto.variables]
    for row in proto.constraints:
        if row.has_linear():
            size = sum(abs(c) * ranges[v] for v, c in zip(row.linear.vars, row.linear.coeffs, strict=True))
            assert size < TRAP


@pytest.mark.parametrize("bits", [*BITS, 49])
def test_a_bound_beside_a_procedure_holds_on_huge_numbers(bits: int) -> None:
    """Prices are counted in 1/4096 of a unit: where that passes 64 bits the bound is another one, and not a wrong one."""
    markets = [huge_market(seed, bits) for seed in range(SEEDS)]
    fair = [market for market in markets if (market.capacity >= 0).all()]
    assert len(fair) >= SEEDS // 2
    for market in fair:
        assert_true(market, policy="serial_dictatorship", bound=True)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_common_factor_of_the_amounts_does_not_weaken_the_bound(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Amounts in millionths of a unit are the same market: prices, bound and answer must not suffer."""
    monkeypatch.setattr(welfare, "SMALL", -1)
    plain, factor = huge_market(seed, 8), 1 << 24
    scaled = Market.from_columns(
        agent=plain.agent,
        utility=plain.utility,
        resource=plain.resource,
        option=plain.entry_option,
        amount=plain.amount * factor,
        capacity=plain.capacity * factor + factor // 2,
        n_agents=plain.n_agents,
    )
    one, other = solve(plain), solve(scaled)
    assert one.status is other.status
    assert (one.objective, one.bound) == (other.objective, other.bound)


def test_what_passes_whole_numbers_is_refused_in_words() -> None:
    with pytest.raises(MarketError, match="2\\^53"):
        huge_market(1, 53)


def test_yen_beyond_any_house_are_refused_by_cell() -> None:
    houses = random_instance(0).houses
    with pytest.raises(
        InstanceError, match=r'column "rent_yen": 1073741824 is too large\. Allowed: 0 to 10000000'
    ):
        random_instance(0).replace(houses=houses.with_columns(rent_yen=houses["rent_yen"] * 0 + (1 << 30)))


@pytest.mark.parametrize("seed", range(30 if FULL else 6))
def test_instances_with_huge_yen_and_weights_equal_enumeration(seed: int) -> None:
    instance = random_instance(seed)
    rules = instance.rules
    million = {"rank_utility": (1_000_000, 999_999, 999_998, 999_997)}
    lists = rules.lists.model_copy(
        update={
            name: getattr(rules.lists, name).model_copy(update=million) for name in ("stay", "school", "role")
        }
    )
    levels = (
        Level(name="most", weights={"utility": 1000, "role_value": 1000}),
        Level(name="people", weights={"persons": 1000, "placed": 999}),
    )
    rules = rules.model_copy(update={"lists": lists, "objective": Objective(levels=levels)})
    instance = instance.replace(
        rules=rules,
        houses=instance.houses.with_columns(rent_yen=instance.houses["rent_yen"] * 0 + 9_000_000),
        households=instance.households.with_columns(
            budget_yen=instance.households["budget_yen"] * 0 + 10_000_000
        ),
    )
    best, result = optimum(instance), allocate(instance, cross_check=True)
    if best is None:
        assert result.status is Status.INFEASIBLE
    else:
        assert tuple(level.objective for level in result.levels) == best.levels
        assert tuple(level.bound for level in result.levels) == best.levels
