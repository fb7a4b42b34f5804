"""Optimum, clerk, points and allocations: by hand on the tiny market, then on random instances."""

import hashlib
import hmac
import os
from itertools import pairwise
from typing import Any

import pytest

from nichiiki_oracle.allocations import choice_of, objective_levels, to_allocation
from nichiiki_oracle.brute_force import Optimum, is_allowed, optimum, options, plain_optimum
from nichiiki_oracle.clerk import MinimumQuotaError, Outcome, by_rank, one_list
from nichiiki_oracle.market import Market
from nichiiki_oracle.measures import Taken
from nichiiki_oracle.points import lottery_number, ordered_households, tickets, total_points
from nichiiki_oracle.random_instances import medium_instance, random_instance
from nichiiki_oracle.shared import Levels, add, levels_of_choice, levels_of_measures
from nichiiki_oracle.tiny import tiny
from nichiiki_sample import sample

Cells = dict[str, Any]
MOST_COMBINATIONS = 4000
FULL = os.environ.get("NICHIIKI_FULL") == "1"


def placed(outcome: Outcome) -> set[str]:
    return {name for name, bundle in outcome.choice.items() if bundle is not None}


def test_the_optimum_of_the_tiny_market() -> None:
    best = optimum(tiny("a", "b"))
    assert best is not None
    assert best.levels == (2 * (2000 + 70),)
    one_unit = optimum(tiny("a", "b", houses__0__units=1))
    assert one_unit is not None
    assert one_unit.levels == (2070,)


def test_an_unreachable_minimum_is_infeasible() -> None:
    assert optimum(tiny(quotas=[{"quota_id": "quota", "min": 2}])) is None
    assert plain_optimum(tiny(quotas=[{"quota_id": "quota", "min": 2}])) is None


def test_the_second_level_counts_only_among_the_best_of_the_first() -> None:
    levels = [{"name": "one", "weights": {"placed": 1}}, {"name": "two", "weights": {"points": 1}}]
    rules = {"objective": {"levels": levels}}
    best = optimum(tiny("a", "b", houses__0__units=1, households__1__points=5, rules=rules))
    assert best is not None
    assert best.levels == (1, 5)


def test_the_clerk_takes_more_points_first() -> None:
    scarce: Cells = {"houses__0__units": 1, "households__1__points": 1}
    assert placed(one_list(tiny("a", "b", **scarce), 0)) == {"b"}
    assert placed(one_list(tiny("a", "b", **{**scarce, "households__0__points": 2}), 0)) == {"a"}


def test_a_role_below_its_minimum_closes_and_the_clerk_begins_again() -> None:
    market = tiny("a", "b", roles__0__min_holders=3, roles__0__max_holders=3)
    outcome = one_list(market, 0)
    assert outcome.closed == {("role", "role", "p1"), ("role", "role", "p2")}
    assert outcome.rounds == 2
    assert all(bundle and not bundle.targets("role") for bundle in outcome.choice.values())


def test_by_rank_serves_a_first_wish_before_an_earlier_households_second() -> None:
    region = {"region_id": "host", "lat": 36.0, "lon": 138.0}
    house = {"house_id": "gone", **region, "capacity_persons": 3, "rent_yen": 30000, "units": 0}
    cells: Cells = {
        "houses": [house],
        "houses__0__units": 1,
        "households__0__points": 9,
        "choices__0__rank": 2,
        "choices": [
            {"household_id": "a", "list": "stay", "rank": 1, "target_kind": "house", "target_id": "gone"}
        ],
    }
    assert placed(one_list(tiny("a", "b", **cells), 0)) == {"a"}
    assert placed(by_rank(tiny("a", "b", **cells), 0)) == {"b"}


def test_a_must_that_gets_nothing_makes_the_clerks_result_infeasible() -> None:
    must = {"household_id": "a", "target_kind": "placed", "effect": "must", "reason": "test"}
    assert one_list(tiny(locks=[must]), 0).feasible
    assert not one_list(tiny(locks=[must], houses__0__units=0), 0).feasible


def test_the_clerk_refuses_minimum_quotas() -> None:
    with pytest.raises(MinimumQuotaError):
        one_list(tiny(quotas=[{"quota_id": "quota", "min": 1}]), 0)


def test_points_and_tickets() -> None:
    when = [{"field": "pupils", "value": 1}, {"field": "income_class", "op": "!=", "value": 1}]
    rules = {
        "points": [
            {"rule_id": "r1", "points": 5, "when": when},
            {"rule_id": "r2", "points": 9, "when": [{**when[1], "op": "<="}]},
        ],
        "lottery": {"per_past_loss": 2, "max_tickets": 6, "weights": [{"tickets": 1, "when": when}]},
    }
    market = Market(tiny(households__0__points=-2, households__0__past_losses=2, rules=rules))
    household = market.households["a"]
    assert total_points(market, household) == 3
    assert tickets(market, household) == 6
    digests = [hmac.new(b"7", f"a#{k}".encode(), hashlib.sha256).hexdigest() for k in range(1, 7)]
    assert lottery_number(market, household, 7) == min(int(digest, 16) for digest in digests)


@pytest.mark.parametrize(
    ("key", "column", "first", "second"),
    [
        ("income_class", "income_class", 1, None),
        ("past_losses", "past_losses", 2, 1),
        ("applied_at", "applied_at", "2027-01-01T00:00:00", "2027-01-01T00:00:01"),
    ],
)
def test_tie_keys(key: str, column: str, first: Any, second: Any) -> None:
    for a, b, order in ((first, second, ["a", "b"]), (second, first, ["b", "a"])):
        cells = {f"households__0__{column}": a, f"households__1__{column}": b}
        market = Market(tiny("a", "b", **cells, rules={"procedure": {"tie_order": [key]}}))
        assert [household.household_id for household in ordered_households(market, 3)] == order


# Random instances


@pytest.mark.parametrize("seed", range(120 if FULL else 15))
def test_pruning_changes_nothing(seed: int) -> None:
    instance = random_instance(seed, households=1 + seed % 3)
    market = Market(instance)
    size = 1
    for choices in options(market).values():
        size *= len(choices)
    if size > MOST_COMBINATIONS:
        pytest.skip("too many combinations for the plain search")
    plain, pruned = plain_optimum(market), optimum(market)
    assert (plain and plain.levels) == (pruned and pruned.levels)


@pytest.mark.parametrize("seed", range(60 if FULL else 10))
def test_every_answer_is_allowed_and_no_clerk_beats_the_optimum(seed: int) -> None:
    market = Market(random_instance(seed))
    best = optimum(market)
    if best is not None:
        assert is_allowed(with_taken(market, best.taken), best.choice)
        assert levels(market, best) == best.levels
    if any(quota.min for quota in market.quotas):
        return
    for outcome in (one_list(market, seed), by_rank(market, seed)):
        assert is_allowed(with_taken(market, outcome.taken), outcome.choice) == outcome.feasible
        if outcome.feasible:
            assert best is not None and levels(market, outcome) <= best.levels


def with_taken(market: Market, taken: Taken) -> Market:
    return Market(market.instance, taken=taken)


def levels(market: Market, answer: Optimum | Outcome) -> Levels:
    return add(levels_of_choice(market, answer.choice), levels_of_measures(market, answer.taken))


@pytest.mark.parametrize("seed", sample(range(40), 4))
def test_an_allocation_gives_back_its_choice(seed: int) -> None:
    instance = random_instance(seed)
    best = optimum(instance)
    if best is None:
        return
    allocation = to_allocation(instance, best.choice, taken=best.taken)
    assert allocation.instance_hash == instance.hash
    assert objective_levels(instance, allocation) == best.levels
    assert choice_of(instance, allocation).keys() == best.choice.keys()
    accounted = {row.household_id for row in allocation.placements.rows()}
    assert accounted | {row.household_id for row in allocation.unplaced.rows()} == set(best.choice)
    assert type(allocation).model_validate_json(allocation.model_dump_json()) == allocation


def test_ranks_and_ties_order_bundles_strictly() -> None:
    for seed in range(60 if FULL else 15):
        for choices in options(Market(random_instance(seed))).values():
            keys = [(bundle.rank, bundle.tie) for bundle in choices if bundle is not None]
            assert all(a < b for a, b in pairwise(keys))


def test_the_same_seed_gives_the_same_instance_and_answers() -> None:
    for seed in range(10 if FULL else 3):
        first, second = random_instance(seed), random_instance(seed)
        assert first.hash == second.hash
        assert optimum(first) == optimum(second)
    assert len({random_instance(seed).hash for seed in range(30)}) == 30
    assert medium_instance(1).hash == medium_instance(1).hash
    assert len(medium_instance(1).households) == 40
