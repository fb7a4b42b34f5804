"""Mechanisms on markets with unit demand: literal versions, complete enumeration, published examples."""

from itertools import permutations, product

import numpy as np
import pytest

from nichiiki_oracle.matching import Matching, Schools, boston, first_served, trading_cycles
from nichiiki_solver.market import ListedSource
from nichiiki_solver.solving import solve

SEEDS = range(120)


def random_schools(seed: int) -> Schools:
    rng = np.random.default_rng(seed)
    agents, schools = int(rng.integers(1, 6)), int(rng.integers(1, 5))
    lists = [tuple(rng.permutation(schools)[: rng.integers(0, schools + 1)].tolist()) for _ in range(agents)]
    lists[0] = lists[0] or (0,)
    priorities = tuple(tuple(rng.permutation(agents).tolist()) for _ in range(schools))
    return Schools(tuple(lists), priorities, tuple(rng.integers(0, 3, schools).tolist()))


def run(schools: Schools, policy: str, seed: int = 0) -> Matching:
    outcome = solve(schools.market(), policy=policy, seed=seed)
    assert outcome.choice is not None
    return schools.matching(outcome.choice.tolist())


@pytest.mark.parametrize("seed", SEEDS)
def test_deferred_acceptance_is_the_best_stable_matching(seed: int) -> None:
    schools = random_schools(seed)
    found = run(schools, "deferred_acceptance")
    assert schools.blocking_pairs(found) == []
    assert found == schools.best_stable()


@pytest.mark.parametrize("seed", SEEDS)
def test_immediate_acceptance_is_literal(seed: int) -> None:
    schools = random_schools(seed)
    assert run(schools, "immediate_acceptance") == boston(schools)


@pytest.mark.parametrize("seed", SEEDS)
def test_trading_cycles_are_literal_and_efficient(seed: int) -> None:
    schools = random_schools(seed)
    found = run(schools, "top_trading_cycles")
    assert found == trading_cycles(schools)
    assert schools.is_efficient(found)


@pytest.mark.parametrize("policy", ["first_come", "lottery", "serial_dictatorship"])
@pytest.mark.parametrize("seed", SEEDS[:40])
def test_choosing_in_turn_is_literal_and_efficient(seed: int, policy: str) -> None:
    schools = random_schools(seed)
    numbers = list(range(len(schools.lists)))
    source = ListedSource(schools.market())
    order = numbers if policy == "first_come" else source.order(seed, "random").tolist()
    assert sorted(order) == numbers
    found = run(schools, policy, seed)
    assert found == first_served(schools, order)
    assert schools.is_efficient(found)


@pytest.mark.parametrize("seed", SEEDS[:40])
def test_the_fewest_blocking_pairs_are_none(seed: int) -> None:
    schools = random_schools(seed)
    assert schools.blocking_pairs(run(schools, "stable")) == []


def gains(policy: str, priorities: tuple[tuple[int, ...], ...], seed: int) -> int:
    """Count the reports that help somebody, over every profile of three agents and three schools with one seat."""
    reports = list(permutations(range(3)))
    outcome = {
        profile: run(Schools(profile, priorities, (1, 1, 1)), policy, seed)
        for profile in product(reports, repeat=3)
    }
    count = 0
    for profile, found in outcome.items():
        true = Schools(profile, priorities, (1, 1, 1))
        for agent, report in product(range(3), reports):
            other = outcome[(*profile[:agent], report, *profile[agent + 1 :])]
            count += true.rank(agent, other[agent]) < true.rank(agent, found[agent])
    return count


PRIORITIES = ((0, 2, 1), (1, 0, 2), (1, 2, 0))


@pytest.mark.parametrize("policy", ["deferred_acceptance", "top_trading_cycles", "serial_dictatorship"])
def test_no_report_helps(policy: str) -> None:
    assert gains(policy, PRIORITIES, seed=3) == 0


def test_some_report_helps_under_immediate_acceptance() -> None:
    assert gains("immediate_acceptance", PRIORITIES, seed=3) > 0


ROTH = Schools(((1, 0, 2), (0, 1, 2), (0, 1, 2)), ((0, 2, 1), (1, 0, 2), (1, 0, 2)), (1, 1, 1))
"""Abdulkadiroğlu and Sönmez (2003), the example that they take from Roth (1982): stable costs two students their best."""


def test_the_only_stable_matching_is_dominated() -> None:
    assert [m for m in ROTH.matchings() if not ROTH.blocking_pairs(m)] == [(0, 1, 2)]
    assert run(ROTH, "deferred_acceptance") == run(ROTH, "stable") == (0, 1, 2)
    assert run(ROTH, "top_trading_cycles") == (1, 0, 2)


def test_eight_students_and_four_schools() -> None:
    """Abdulkadiroğlu and Sönmez (2003), American Economic Review 93, appendix, pages 742-744: the example of top trading cycles.

    Students and schools count from 1 there; the lists were compared with the help page of `ttc2` in the R package matchingMarkets.
    """
    lists = ("2134", "1234", "3214", "3412", "1342", "4123", "1234", "1243")
    orders = ("12345678", "35487216", "53172864", "68742351")
    schools = Schools(
        tuple(tuple(int(s) - 1 for s in mine) for mine in lists),
        tuple(tuple(int(a) - 1 for a in order) for order in orders),
        (2, 2, 3, 3),
    )
    assert run(schools, "top_trading_cycles") == (1, 0, 2, 2, 0, 3, 1, 3)


def test_equal_priorities_are_decided_by_the_lottery() -> None:
    one_seat = Schools(((0,), (0,)), ((0, 1),), (1,)).market()
    market = type(one_seat)(**{**vars(one_seat), "priority": None})
    for policy in ("deferred_acceptance", "immediate_acceptance", "top_trading_cycles"):
        winners = set()
        for seed in range(20):
            choice = solve(market, policy=policy, seed=seed).choice
            assert choice is not None
            first = int(ListedSource(market).order(seed, "lottery")[0])
            assert np.flatnonzero(choice >= 0).tolist() == [first]
            winners.add(first)
        assert winners == {0, 1}
