"""Prices that prove a shortfall: never a false one, against complete enumeration; and found where too much is wanted by far."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

import nichiiki as nk
from nichiiki_models.instance import Instance
from nichiiki_sample import sample
from nichiiki_solver.conflicts import _Search
from nichiiki_solver.cp_sat import Floor
from nichiiki_solver.market import Market
from nichiiki_solver.shortfall import (
    SCALE,
    Prices,
    largest_shortfall,
    proven_shortfall,
    proves,
    shortfall,
)


def small_market(seed: int) -> tuple[Market, tuple[Floor, ...]]:
    """Five agents with three options each on three scarce things, and two demands that count some of the options."""
    rng = np.random.default_rng(seed)
    agent = np.repeat(np.arange(5), 3)
    market = Market.from_columns(
        agent=agent,
        utility=np.zeros(len(agent), dtype=np.int64),
        resource=rng.integers(0, 3, len(agent)),
        option=np.arange(len(agent)),
        amount=rng.integers(1, 4, len(agent)),
        capacity=rng.integers(0, 6, 3).tolist(),
    )
    counted = (rng.integers(-1, 2, len(agent)), rng.integers(0, 2, len(agent)))
    return market, tuple(Floor(weights, int(rng.integers(0, 4))) for weights in counted)


def least_missed(market: Market, floors: tuple[Floor, ...]) -> int:
    """Fewest units by which the demands together are missed, by trying everything."""
    rows = [(-1, *np.flatnonzero(market.agent == a).tolist()) for a in range(market.n_agents)]
    allowed = [c for c in map(np.array, product(*rows)) if market.is_feasible(c)]
    return min(
        sum(max(0, floor.least - int(floor.weights[c[c >= 0]].sum())) for floor in floors) for c in allowed
    )


@pytest.mark.parametrize("seed", sample(range(60), 4))
def test_what_is_proven_is_never_more_than_what_is_missed(seed: int) -> None:
    market, floors = small_market(seed)
    missed = least_missed(market, floors)
    assert proves(market, floors, shortfall(market, floors, rounds=100)) <= (missed > 0)
    assert proven_shortfall(market, floors, largest_shortfall(market, floors, rounds=100)) <= missed


def test_most_shortfalls_are_found() -> None:
    """A proof by prices sees no whole numbers, but where something is missing it mostly finds it."""
    cases = [small_market(seed) for seed in range(60)]
    missing = [case for case in cases if least_missed(*case) > 0]
    found = [case for case in missing if proves(*case, shortfall(*case, rounds=200))]
    assert len(missing) > 15
    assert len(found) > 0.8 * len(missing)


def test_prices_that_are_not_allowed_prove_nothing() -> None:
    market, floors = small_market(6)
    assert least_missed(market, floors) > 0
    good = shortfall(market, floors, rounds=200)
    assert proves(market, floors, good)
    assert not proves(market, floors, replace(good, resources=good.resources - SCALE))
    assert not proves(market, floors, replace(good, demands=good.demands * 0 + SCALE + 1))
    assert not proves(market, floors, Prices(good.resources + (1 << 60), good.demands, -1.0))
    forced = replace(market, must_assign=np.ones(market.n_agents, dtype=bool))
    assert not proves(forced, floors, good)


def with_minimum(instance: Instance, least: int) -> Instance:
    quotas = [*(row.model_dump() for row in instance.quotas.rows()), {"quota_id": "everybody", "min": least}]
    return instance.replace(quotas=quotas)


def test_a_minimum_far_above_what_there_is_is_proven_at_a_thousand_households() -> None:
    search = _Search(with_minimum(nk.generate(households=1000, seed=1), 990), float("inf"), 2)
    market, floors = search._asked([0])
    assert proven_shortfall(market, floors, largest_shortfall(market, floors, rounds=20)) > 250


def test_the_conflict_of_a_large_minimum_is_confirmed_and_says_what_is_not_proven() -> None:
    clash = nk.conflicts(with_minimum(nk.generate(households=400, seed=1), 399), time_limit_s=60)
    assert clash.feasible is False
    assert clash.confirmed
    assert [demand.quota_id for demand in clash.demands] == ["everybody"]
    assert 0 < clash.least_cost <= clash.releases[0].cost
    assert clash.cheapest == (clash.least_cost == clash.releases[0].cost)
    assert clash.cheapest or str(clash.least_cost) in clash.sentence("en")
