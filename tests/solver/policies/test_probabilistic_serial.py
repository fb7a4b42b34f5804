"""Probabilistic serial: published examples, ordinal efficiency and envy-freeness checked on their own, exact lotteries."""

import time
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from nichiiki_instances.bundled import load
from nichiiki_instances.generators import generate
from nichiiki_models.allocation import Status, StopReason
from nichiiki_models.errors import UnsupportedMarketError
from nichiiki_oracle.random_instances import random_instance
from nichiiki_sample import sample
from nichiiki_solver.allocating import allocate
from nichiiki_solver.bundles import compile_market
from nichiiki_solver.lotteries.eating import TICKS, eat_in_ticks
from nichiiki_solver.lotteries.lottery import Lottery
from nichiiki_solver.lotteries.opened import Choosing, Opened
from nichiiki_solver.lotteries.serial_rule import _Serial, eat, serial_shares
from nichiiki_solver.market import Market
from nichiiki_solver.policies.drawing import all_listed
from nichiiki_solver.policies.probabilistic_serial import ProbabilisticSerial
from nichiiki_solver.policies.registry import Settings
from nichiiki_solver.solving import solve

F = Fraction


def house_market(wishes: Sequence[Sequence[int | tuple[int, ...]]], capacity: Sequence[int]) -> Market:
    """Unit demand: each agent's houses, best first; equals in a tuple."""
    rows = [
        (agent, house, rank + 1)
        for agent, mine in enumerate(wishes)
        for rank, level in enumerate(mine)
        for house in (level if isinstance(level, tuple) else (level,))
    ]
    return Market.from_columns(
        agent=[a for a, _, _ in rows],
        utility=[10 - r for _, _, r in rows],
        rank=[r for _, _, r in rows],
        option=range(len(rows)),
        resource=[h for _, h, _ in rows],
        amount=[1] * len(rows),
        capacity=capacity,
        n_agents=len(wishes),
    )


def chances(market: Market, shares: Sequence[Fraction]) -> list[dict[int, Fraction]]:
    """Chance of each house by agent (in a unit demand market an option's entry is its house)."""
    found: list[dict[int, Fraction]] = [{} for _ in range(market.n_agents)]
    for agent, house, share in zip(market.agent.tolist(), market.resource.tolist(), shares, strict=True):
        found[agent][house] = share
    return found


def lottery_of(market: Market) -> Lottery:
    lottery = solve(market, policy="probabilistic_serial").lottery
    assert isinstance(lottery, Lottery)
    return lottery


def test_example_of_bogomolnaia_and_moulin() -> None:
    """Bogomolnaia and Moulin (2001), introduction: 1, 2: a > b > c > d; 3, 4: b > a > d > c: half of each of two."""
    market = house_market([[0, 1, 2, 3], [0, 1, 2, 3], [1, 0, 3, 2], [1, 0, 3, 2]], [1, 1, 1, 1])
    found = chances(market, lottery_of(market).marginals)
    half, none = F(1, 2), F(0)
    assert found[0] == found[1] == {0: half, 1: none, 2: half, 3: none}
    assert found[2] == found[3] == {0: none, 1: half, 2: none, 3: half}


def test_three_agents_of_bogomolnaia_and_moulin() -> None:
    """1: a > b > c; 2: a > c > b; 3: b > a > c. By hand: a is gone at 1/2, b at 3/4, c feeds the rest."""
    market = house_market([[0, 1, 2], [0, 2, 1], [1, 0, 2]], [1, 1, 1])
    found = chances(market, lottery_of(market).marginals)
    assert found[0] == {0: F(1, 2), 1: F(1, 4), 2: F(1, 4)}
    assert found[1] == {0: F(1, 2), 1: F(0), 2: F(1, 2)}
    assert found[2] == {0: F(0), 1: F(3, 4), 2: F(1, 4)}


def test_group_quota_of_budish_et_al() -> None:
    """Budish, Che, Kojima and Milgrom (2013), AER 103, section III, the example of the generalized probabilistic serial mechanism.

    School a has two places, but only one for students 1, 2 and 3; b has one. 1 and 2 prefer a, 3 and 4 prefer b. At 1/2
    both the quota and b are used up, and only student 4 goes on. Numbers as in the article of itokohei0, MarketDesignStudy,
    which goes through the paper's example; whether they stand in the paper like this was not seen.
    """
    a, b, quota = 0, 1, 2
    market = Market.from_columns(
        agent=[0, 0, 1, 1, 2, 2, 3, 3],
        utility=[2, 1] * 4,
        option=[0, 0, 1, 2, 2, 3, 4, 5, 5, 6, 7],
        resource=[a, quota, b, a, quota, b, b, a, quota, b, a],
        amount=[1] * 11,
        capacity=[2, 1, 1],
    )
    lottery, half, none = lottery_of(market), F(1, 2), F(0)
    assert list(lottery.marginals) == [half, none, half, none, half, none, half, half]
    assert lottery.share == 1
    assert all(market.is_feasible(choice) for choice in lottery.choices)


def test_ties_of_katta_and_sethuraman() -> None:
    """Agent 0 likes a and b alike, agent 1 only a: 1 must not lose because 0 eats a."""
    market = house_market([[(0, 1)], [0]], [1, 1])
    found = chances(market, lottery_of(market).marginals)
    assert found == [{0: F(0), 1: F(1)}, {0: F(1)}]


@st.composite
def house_markets(draw: st.DrawFn, *, ties: bool = False) -> Market:
    rng = np.random.default_rng(draw(st.integers(0, 10**7)))
    agents, houses = int(rng.integers(1, 6)), int(rng.integers(1, 5))
    wishes: list[list[int | tuple[int, ...]]] = []
    for _ in range(agents):
        mine = rng.permutation(houses)[: int(rng.integers(1, houses + 1))].tolist()
        cut = int(rng.integers(0, len(mine))) if ties else 0
        wishes.append([tuple(mine[: cut + 1]), *mine[cut + 1 :]])
    return house_market(wishes, rng.integers(0, 3, houses).tolist())


def cumulative(market: Market, agent: int, shares: dict[int, Fraction]) -> list[Fraction]:
    """Chance of each rank or better that an agent has with some chances of houses."""
    mine = np.flatnonzero(market.agent == agent)
    houses, ranks = market.resource[mine].tolist(), market.rank[mine].tolist()
    return [
        sum((shares.get(h, F(0)) for h, r in zip(houses, ranks, strict=True) if r <= rank), F(0))
        for rank in sorted(set(ranks))
    ]


def assert_no_envy(market: Market, found: list[dict[int, Fraction]]) -> None:
    for agent in range(market.n_agents):
        own = cumulative(market, agent, found[agent])
        for other in found:
            assert all(a >= b for a, b in zip(own, cumulative(market, agent, other), strict=True))


def assert_efficient(market: Market, found: list[dict[int, Fraction]]) -> None:
    """No fractional assignment gives everybody as much of each rank or better, and somebody more (a linear program)."""
    own = [cumulative(market, agent, found[agent]) for agent in range(market.n_agents)]
    rows, limits, gain = [], [], np.zeros(market.n_options)
    for agent in range(market.n_agents):
        mine = market.agent == agent
        rows.append(mine.astype(float))
        limits.append(1.0)
        for rank, least in zip(np.unique(market.rank[mine]), own[agent], strict=True):
            up_to = (mine & (market.rank <= rank)).astype(float)
            rows.append(-up_to)
            limits.append(-float(least))
            gain += up_to
    for house, capacity in enumerate(market.capacity.tolist()):
        rows.append((market.resource == house).astype(float))
        limits.append(float(capacity))
    best = linprog(-gain, A_ub=np.array(rows), b_ub=np.array(limits))
    assert -float(best.fun or 0) == pytest.approx(float(sum(sum(each) for each in own)), abs=1e-7)


@given(st.lists(house_markets(), min_size=10, max_size=10))
def test_strict_wishes_are_served_efficiently_without_envy(markets: list[Market]) -> None:
    """Five hundred markets in the normal run, ten thousand with NICHIIKI_FULL."""
    for market in markets:
        lottery = lottery_of(market)
        assert lottery.share == 1 and list(lottery.marginals) == eat(market)
        assert all(market.is_feasible(choice) for choice in lottery.choices)
        found = chances(market, lottery.marginals)
        assert_no_envy(market, found)
        assert_efficient(market, found)


@given(st.lists(house_markets(ties=True), min_size=4, max_size=4))
def test_ties_are_served_efficiently_without_envy(markets: list[Market]) -> None:
    for market in markets:
        lottery = lottery_of(market)
        assert lottery.share == 1
        found = chances(market, lottery.marginals)
        assert_no_envy(market, found)
        assert_efficient(market, found)


@given(house_markets())
def test_linear_programs_and_eating_agree(market: Market) -> None:
    assert _Serial(market, lambda: False).run() == eat(market)


@pytest.mark.parametrize("seed", sample(range(12), 4))
def test_compiled_instances_pass_the_check(seed: int) -> None:
    """`allocate` verifies what it returns."""
    result = allocate(random_instance(seed), policy="probabilistic_serial", time_limit_s=60)
    assert result.status in (Status.FEASIBLE, Status.INFEASIBLE, Status.UNKNOWN)
    assert (result.allocation is None) == (result.status is not Status.FEASIBLE)


@st.composite
def role_markets(draw: st.DrawFn) -> Market:
    """Houses, and roles that run only with enough holders; strict wishes."""
    rng = np.random.default_rng(draw(st.integers(0, 10**7)))
    agents, houses, roles = int(rng.integers(1, 5)), int(rng.integers(1, 4)), int(rng.integers(1, 3))
    most = rng.integers(1, 4, roles)
    least = np.array([int(rng.integers(1, m + 1)) for m in most])
    rows = [
        (agent, rank + 1, int(rng.integers(0, houses)), int(rng.integers(-1, roles)))
        for agent in range(agents)
        for rank in range(int(rng.integers(1, 4)))
    ]
    entries = [(k, house, 1) for k, (_, _, house, _) in enumerate(rows)]
    for k, (_, _, _, role) in enumerate(rows):
        entries += [(k, houses + role, 1), (k, houses + roles + role, -1)] if role >= 0 else []
    for role in range(roles):
        gate = len(rows) + role
        entries += [(gate, houses + role, -int(most[role])), (gate, houses + roles + role, int(least[role]))]
    option, resource, amount = zip(*entries, strict=True)
    market = Market.from_columns(
        agent=[*(a for a, _, _, _ in rows), *range(agents, agents + roles)],
        utility=[*(10 - r for _, r, _, _ in rows), *([0] * roles)],
        rank=[*(r for _, r, _, _ in rows), *([1] * roles)],
        option=option,
        resource=resource,
        amount=amount,
        capacity=[*rng.integers(1, 3, houses).tolist(), *([0] * 2 * roles)],
    )
    return replace(market, gate=np.arange(agents + roles) >= agents)


@given(role_markets())
def test_roles_count_as_open_in_fractions(market: Market) -> None:
    """The linear programs over the market with its gates give what eating gives in the opened one."""
    opened = Opened.of(market)
    assert opened is not None
    programmed, shares = _Serial(market, lambda: False).run(), serial_shares(market)
    assert programmed is not None and shares is not None
    assert (
        [programmed[o] for o in opened.options] == [shares[o] for o in opened.options] == eat(opened.market)
    )
    used = [F(0)] * len(market.capacity)
    for entry, option in enumerate(market.entry_option.tolist()):
        used[market.resource[entry]] += shares[option] * int(market.amount[entry])
    assert all(total <= limit for total, limit in zip(used, market.capacity.tolist(), strict=True))


@given(role_markets())
def test_choosing_in_turn_closes_what_is_below_its_minimum(market: Market) -> None:
    """Literally: run through the agents, close roles with too few holders, begin again."""
    opened = Opened.of(market)
    assert opened is not None
    choosing = Choosing(opened)
    choice = choosing.run([(agent, choosing.wishes(agent)) for agent in choosing.agents])
    assert market.is_feasible(choice)
    shut: set[int] = set()
    while True:
        left, taken = opened.market.capacity.copy(), {}
        for gate in shut:
            left[opened.gates[gate].opens] = 0
        for agent in choosing.agents:
            for option in choosing.wishes(agent):
                use = np.zeros_like(left)
                entries = slice(opened.market.offsets[option], opened.market.offsets[option + 1])
                np.add.at(use, opened.market.resource[entries], opened.market.amount[entries])
                if (use <= left).all():
                    left, taken[agent] = left - use, int(opened.options[option])
                    break
        held = [sum(g.opens in uses_of(market, o) for o in taken.values()) for g in opened.gates]
        failing = {k for k, g in enumerate(opened.gates) if 0 < held[k] < g.minimum}
        if not failing:
            break
        shut |= failing
    assert {a: int(o) for a, o in enumerate(choice) if o >= 0 and not market.gate[a]} == taken


def uses_of(market: Market, option: int) -> list[int]:
    found: list[int] = market.resource[market.offsets[option] : market.offsets[option + 1]].tolist()
    return found


@given(house_markets() | role_markets())
def test_ticks_are_exact_but_for_their_size(market: Market) -> None:
    opened = Opened.of(market)
    assert opened is not None
    exact, ticks = eat(opened.market), eat_in_ticks(opened.market)
    assert all(share.denominator <= TICKS for share in ticks)
    assert all(abs(a - b) < F(1 << 12, TICKS) for a, b in zip(exact, ticks, strict=True))


@pytest.mark.parametrize("households", [20, 60])
def test_generated_markets_keep_a_proven_part_of_every_chance(households: int) -> None:
    market = compile_market(generate(households=households, seed=1))
    lottery = lottery_of(market)
    assert all(market.is_feasible(choice) for choice in lottery.choices)
    assert 0 < lottery.kept <= lottery.kept_bound
    assert float(lottery.kept_bound - lottery.kept) < 1e-6


@pytest.mark.slow
def test_the_flagship_keeps_a_proven_part_of_every_chance() -> None:
    market = compile_market(load("flagship"))
    lottery = lottery_of(market)
    assert all(market.is_feasible(choice) for choice in lottery.choices)
    assert 0 < lottery.kept <= lottery.kept_bound
    assert float(lottery.kept_bound - lottery.kept) < 1e-4


def test_demands_that_cannot_be_met_are_infeasible() -> None:
    market = Market.from_columns(
        agent=[0, 1], utility=[1, 1], option=[0, 1], resource=[0, 0], amount=[1, 1], capacity=[1], must_assign=[True, True]
    )  # fmt: skip
    assert solve(market, policy="probabilistic_serial").status is Status.INFEASIBLE


def test_time_that_is_up_is_said() -> None:
    market = house_market([[(0, 1)], [0]], [1, 1])
    outcome = ProbabilisticSerial().solve(market, Settings(time_limit_s=1e-9))
    assert (outcome.status, outcome.reason) == (Status.UNKNOWN, StopReason.TIME_LIMIT)


def test_markets_without_listed_options_are_refused() -> None:
    market = house_market([[0]], [1])
    object.__setattr__(market, "complete", False)
    with pytest.raises(UnsupportedMarketError, match="too many"):
        all_listed(market, "probabilistic_serial")


def test_hundreds_of_agents_take_seconds() -> None:
    rng = np.random.default_rng(0)
    market = house_market([rng.permutation(40)[:8].tolist() for _ in range(300)], [6] * 40)
    started = time.perf_counter()
    shares = eat(market)
    assert time.perf_counter() - started < 30
    assert max(shares) <= 1
