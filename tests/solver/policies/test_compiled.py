"""Mechanisms on compiled instances: the literal procedure in each order, priorities from the tables, checked results."""

import os

import pytest

from nichiiki_instances.bundled import load
from nichiiki_instances.generators import generate
from nichiiki_models.allocation import Status
from nichiiki_models.instance import Instance
from nichiiki_models.tables import Household
from nichiiki_oracle.allocations import choice_of
from nichiiki_oracle.clerk import run_in_order
from nichiiki_oracle.market import Market
from nichiiki_oracle.points import lottery_number, total_points
from nichiiki_oracle.random_instances import random_instance
from nichiiki_sample import sample
from nichiiki_solver.allocating import allocate
from nichiiki_solver.bundles import BundleSource, compile_market
from nichiiki_solver.market import lottery_number as ticket
from nichiiki_solver.policies.registry import Settings
from nichiiki_solver.policies.stable import first_choice
from nichiiki_solver.solving import solve
from nichiiki_solver.stability import blocking_options
from nichiiki_solver.uses import KINDS
from nichiiki_solver.verify import verify

SEEDS = 300 if os.environ.get("NICHIIKI_FULL") == "1" else 4


def drawn(seed: int) -> Instance:
    instance = random_instance(seed)
    return instance.replace(
        quotas=[quota for quota in instance.quotas.rows() if quota.kind == "reserved" or not quota.min]
    )


def in_order(market: Market, policy: str, seed: int) -> list[Household]:
    households = list(market.households.values())
    if policy == "serial_dictatorship":
        return sorted(households, key=lambda h: ticket(seed, h.household_id, 1))
    households.sort(key=lambda h: lottery_number(market, h, seed))
    if policy == "lottery":
        return households
    timed = [(h.applied_at, place, h) for place, h in enumerate(households) if h.applied_at is not None]
    return [
        *(h for _, _, h in sorted(timed, key=lambda row: row[:2])),
        *(h for h in households if not h.applied_at),
    ]


@pytest.mark.parametrize("policy", ["first_come", "lottery", "serial_dictatorship"])
@pytest.mark.parametrize("seed", range(SEEDS))
def test_choosing_in_turn_equals_the_clerk(seed: int, policy: str) -> None:
    instance = drawn(seed)
    market = Market(instance)
    expected = run_in_order(market, in_order(market, policy, seed))
    result = allocate(instance, policy=policy, seed=seed)
    if not expected.feasible:
        assert result.status is Status.INFEASIBLE
        return
    assert result.allocation is not None
    assert choice_of(instance, result.allocation) == expected.choice


@pytest.mark.parametrize(
    "policy",
    [
        "immediate_acceptance",
        "deferred_acceptance",
        "knapsack_deferred_acceptance",
        "top_trading_cycles",
    ],
)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_results_pass_the_check(seed: int, policy: str) -> None:
    instance = drawn(seed)
    result = allocate(instance, policy=policy, seed=seed)
    assert (result.allocation is None) == (result.status is Status.INFEASIBLE)
    assert result.bound is None
    assert result.allocation is None or verify(instance, result.allocation) == []


@pytest.mark.parametrize("seed", range(SEEDS))
def test_stable_passes_the_check_and_blocks_no_more_than_the_procedures(seed: int) -> None:
    instance = random_instance(seed)
    market = compile_market(instance)
    outcome = solve(market, policy="stable", seed=seed)
    result = allocate(instance, policy="stable", seed=seed)
    assert result.status is outcome.status
    if result.allocation is None or outcome.choice is None:
        assert allocate(instance).status is Status.INFEASIBLE
        return
    assert verify(instance, result.allocation) == []
    assert len(blocking_options(market, outcome.choice)) == outcome.facts["blocking"]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_priorities_are_the_points_at_the_target(seed: int) -> None:
    instance = random_instance(seed)
    market, oracle = compile_market(instance), Market(instance)
    source = market.source
    assert isinstance(source, BundleSource)
    names = instance.households["household_id"].tolist()
    extra = {(row.target_id, row.household_id): row.points for row in instance.priorities.rows()}
    targets = [targets_of(source, resource) for resource in range(len(market.capacity))]
    points = source.priorities(market).tolist()
    for entry, option in enumerate(market.entry_option.tolist()):
        agent, known = int(market.agent[option]), targets[market.resource[entry]]
        if known is not None and not market.gate[agent]:
            expected = total_points(oracle, oracle.households[names[agent]])
            expected += sum(extra.get((target, names[agent]), 0) for target in known)
            assert points[entry] == expected


def targets_of(source: BundleSource, resource: int) -> list[str] | None:
    """Return what a resource belongs to; None for seats and quotas, which are named by other rows."""
    instance, resources = source.bundles.instance, source.bundles.uses.resources
    kind, thing = KINDS[resources.kind[resource]], int(resources.thing[resource])
    if kind == "house_units":
        house = instance.houses.row(thing)
        return [house.house_id, house.region_id]
    if kind == "lock":
        return []
    table, column = {
        "reception": ("regions", "region_id"),
        "role_max": ("roles", "role_id"),
        "role_min": ("roles", "role_id"),
        "supporter_caseload": ("supporters", "supporter_id"),
        "experience_places": ("experiences", "experience_id"),
        "experience_min": ("experiences", "experience_id"),
    }.get(kind, ("", ""))
    return [str(instance.tables[table][column][thing])] if table else None


@pytest.mark.parametrize("seed", sample(range(10), 3))
def test_a_bound_is_given_where_it_is_asked_for(seed: int) -> None:
    instance = drawn(seed)
    result, best = (allocate(instance, policy=policy, bound=True) for policy in ("first_come", "welfare"))
    if result.allocation is None or best.status is not Status.OPTIMAL:
        return
    first, *others = result.levels
    assert first.bound is not None
    assert first.objective is not None
    assert first.objective <= (best.levels[0].objective or 0) <= first.bound
    assert all(level.bound is None for level in others)


@pytest.mark.parametrize("seed", range(3))
def test_stable_answers_on_a_generated_market(seed: int) -> None:
    """More than a thousand options: as few block as deferred acceptance lets, and the value is no less than its."""
    market = compile_market(generate(households=40, seed=seed))
    outcome = solve(market, policy="stable", time_limit_s=20)
    start = first_choice(market, Settings())
    assert outcome.choice is not None and start is not None
    assert len(blocking_options(market, outcome.choice)) == outcome.facts["blocking"]
    assert outcome.facts["blocking_at_least"] <= outcome.facts["blocking"]
    assert outcome.facts["blocking"] <= len(blocking_options(market, start))


@pytest.mark.slow
def test_stable_answers_on_the_flagship() -> None:
    market = compile_market(load("flagship"))
    outcome = solve(market, policy="stable", time_limit_s=20)
    assert outcome.choice is not None
    assert len(blocking_options(market, outcome.choice)) == outcome.facts["blocking"]
    assert (outcome.objective or 0) <= outcome.facts["value_at_most"]
