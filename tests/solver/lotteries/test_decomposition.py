"""Decompositions: exact marginals, feasible outcomes; Birkhoff and von Neumann; bihierarchies; what is not decomposable."""

from collections import Counter
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from nichiiki_models.errors import MarketError
from nichiiki_solver.lotteries.bihierarchy import decompose, two_hierarchies
from nichiiki_solver.lotteries.covering import cover_shares
from nichiiki_solver.lotteries.decomposition import decompose_shares
from nichiiki_solver.lotteries.exact_lp import Tableau
from nichiiki_solver.lotteries.lottery import Lottery, uniform
from nichiiki_solver.market import Market

F = Fraction
HALF = F(1, 2)


@st.composite
def programs(draw: st.DrawFn) -> tuple[list[list[int]], list[int], list[int]]:
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    m, n = (int(k) for k in rng.integers(1, 7, 2))
    matrix = np.vstack((rng.integers(-3, 6, (m, n)), np.ones((1, n), dtype=int)))
    return matrix.tolist(), [*rng.integers(-3, 8, m).tolist(), 10], rng.integers(-3, 6, n).tolist()


@given(programs())
def test_exact_program_agrees_with_highs(program: tuple[list[list[int]], list[int], list[int]]) -> None:
    matrix, limits, gains = program
    found = linprog([-g for g in gains], A_ub=matrix, b_ub=limits)
    tableau = Tableau(matrix, limits)
    if not tableau.make_feasible():
        assert found.status == 2
        return
    tableau.set_objective(gains)
    tableau.maximise()
    assert float(tableau.value) == pytest.approx(-float(found.fun or 0))
    solution = tableau.solution
    assert min(solution) >= 0
    for row, limit in zip(matrix, limits, strict=True):
        assert sum(a * x for a, x in zip(row, solution, strict=True)) <= limit


@st.composite
def bistochastic(draw: st.DrawFn) -> list[list[Fraction]]:
    n, rng = draw(st.integers(1, 6)), np.random.default_rng(draw(st.integers(0, 10**6)))
    weights = rng.integers(1, 9, int(rng.integers(1, 7))).tolist()
    matrix = [[F(0)] * n for _ in range(n)]
    for weight in weights:
        for i, j in enumerate(rng.permutation(n).tolist()):
            matrix[i][j] += F(weight, sum(weights))
    return matrix


@given(bistochastic())
def test_birkhoff_and_von_neumann(matrix: list[list[Fraction]]) -> None:
    """A bistochastic matrix is a mixture of at most n² - 2n + 2 permutation matrices (Marcus and Ree 1959)."""
    n = len(matrix)
    rows = [frozenset(range(i * n, i * n + n)) for i in range(n)]
    columns = [frozenset(range(j, n * n, n)) for j in range(n)]
    shares = [share for row in matrix for share in row]
    parts = list(decompose(shares, [*rows, *columns]))
    assert sum(weight for weight, _ in parts) == 1
    assert len(parts) <= n * n - 2 * n + 2
    for _, taken in parts:
        square = taken.reshape(n, n)
        assert (square.sum(axis=0) == 1).all() and (square.sum(axis=1) == 1).all()
    assert [sum((w for w, t in parts if t[o]), F(0)) for o in range(n * n)] == shares


def nested(rng: np.random.Generator, options: list[int]) -> list[frozenset[int]]:
    """A random hierarchy."""
    if len(options) < 2:
        return []
    cut = int(rng.integers(1, len(options)))
    parts = [options[:cut], options[cut:]]
    kept = [frozenset(part) for part in parts if rng.random() < 0.7]
    return [*kept, *nested(rng, parts[0]), *nested(rng, parts[1])]


@given(st.integers(0, 10**6))
def test_bihierarchies_round_every_set(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 10))
    sets = [each for _ in range(2) for each in nested(rng, rng.permutation(n).tolist())]
    shares = [F(int(rng.integers(0, 13)), 12) for _ in range(n)]
    assert two_hierarchies(sets) is not None
    parts = list(decompose(shares, sets))
    assert sum(weight for weight, _ in parts) == 1
    assert [sum((w for w, t in parts if t[o]), F(0)) for o in range(n)] == shares
    for each, (_, taken) in product(sets, parts):
        expected = sum((shares[o] for o in each), F(0))
        assert abs(int(taken[list(each)].sum()) - expected) < 1


def test_budish_et_al_example_without_bihierarchy() -> None:
    """Budish, Che, Kojima and Milgrom (2013), definition 4 and lemma 1: an odd cycle of crossing sets has no whole outcomes.

    Two agents and two objects; the first agent's row, the first object's column and the diagonal, all of one unit, one half
    each: what the article of itokohei0, MarketDesignStudy, gives as the paper's smallest example.
    """
    sets = [frozenset({0, 1}), frozenset({0, 2}), frozenset({1, 2})]
    assert two_hierarchies(sets) is None
    with pytest.raises(ValueError, match="bihierarchy"):
        list(decompose([HALF] * 3, sets))


def triangle() -> Market:
    """Three agents, each pair of which shares something that only one of them can use."""
    return Market.from_columns(
        agent=[0, 1, 2],
        utility=[1, 1, 1],
        option=[0, 1, 0, 2, 1, 2],
        resource=[0, 0, 1, 1, 2, 2],
        amount=[1] * 6,
        capacity=[1, 1, 1],
    )


def test_largest_share_of_the_triangle() -> None:
    """Half a chance each cannot be drawn: a third each can, which is three quarters of the promise."""
    lottery = decompose_shares(triangle(), [HALF] * 3)
    assert lottery is not None
    assert lottery.share == lottery.share_bound == F(3, 4)
    assert lottery.marginals == (F(1, 3),) * 3
    assert lottery.residual == (F(1, 4),) * 3


def test_diversity_quota_of_budish_et_al() -> None:
    """A school with places for two, at most one of them for either group: rows nested in the school's row decompose."""
    market = Market.from_columns(
        agent=[0, 0, 1, 1, 2, 2],
        utility=[1] * 6,
        option=[0, 2, 4, 1, 3, 5, 0, 2],
        resource=[0, 0, 0, 1, 1, 1, 2, 2],
        amount=[1] * 8,
        capacity=[2, 1, 1],
        must_assign=[True] * 3,
    )
    shares = [HALF, HALF, HALF, HALF, F(1), F(0)]
    lottery = decompose_shares(market, shares)
    assert lottery is not None
    assert lottery.share == 1 and list(lottery.marginals) == shares
    assert all(market.is_feasible(choice) for choice in lottery.choices)


def test_the_smallest_promise_is_kept_like_the_others() -> None:
    """A chance of one tick in 2^40 is below what a program in floating point can see."""
    tick = F(1, 1 << 40)
    market = Market.from_columns(
        agent=[0, 0, 1],
        utility=[1] * 3,
        option=[0, 1, 1, 2],
        resource=[0, 0, 1, 0],
        amount=[1] * 4,
        capacity=[1, 1],
    )
    lottery = cover_shares(market, [HALF, tick, HALF])
    assert lottery is not None
    assert lottery.kept > F(999_999, 1_000_000)


def every_choice(market: Market) -> list[np.ndarray]:
    order, offsets = market.by_agent
    lists = [[-1, *order[offsets[a] : offsets[a + 1]].tolist()] for a in range(market.n_agents)]
    return [choice for choice in map(np.array, product(*lists)) if market.is_feasible(choice)]


@st.composite
def promises(draw: st.DrawFn) -> tuple[Market, list[Fraction]]:
    """A small market with any rows, and chances that are a mixture of its choices, or that need not be."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    agents, resources = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    options, entries = int(rng.integers(agents, 9)), int(rng.integers(0, 16))
    market = Market.from_columns(
        agent=rng.integers(0, agents, options),
        utility=np.ones(options, dtype=int),
        option=rng.integers(0, options, entries),
        resource=rng.integers(0, resources, entries),
        amount=rng.integers(-1, 3, entries),
        capacity=rng.integers(0, 4, resources),
        n_agents=agents,
    )
    choices = every_choice(market)
    weights = rng.integers(0, 5, len(choices))
    weights[int(rng.integers(0, len(choices)))] += 1
    shares = [F(0)] * options
    for choice, weight in zip(choices, weights.tolist(), strict=True):
        for option in choice[choice >= 0].tolist():
            shares[option] += F(weight, int(weights.sum()))
    if rng.random() < 0.5:
        shares = [share if rng.random() < 0.7 else share / 2 for share in shares]
    return market, shares


def largest_share(market: Market, shares: list[Fraction]) -> float:
    """Largest decomposable share by a linear program over all choices."""
    choices = every_choice(market)
    taken = np.array([[o in choice for choice in choices] for o in range(market.n_options)], dtype=float)
    nothing = np.array([[choice[a] < 0 for choice in choices] for a in range(market.n_agents)], dtype=float)
    total = [
        1 - float(sum(s for s, b in zip(shares, market.agent, strict=True) if b == a))
        for a in range(market.n_agents)
    ]
    limits = [*map(float, shares), *total]
    found = linprog(-np.ones(len(choices)), A_ub=np.vstack((taken, nothing)), b_ub=limits)
    return -float(found.fun or 0)


@given(promises())
def test_decompositions_are_exact_feasible_and_as_large_as_can_be(
    case: tuple[Market, list[Fraction]],
) -> None:
    market, shares = case
    lottery, best = decompose_shares(market, shares), largest_share(market, shares)
    if lottery is None:
        assert best == pytest.approx(0, abs=1e-9)
        return
    if best < 0.75 + 1e-9:
        assert lottery.kept >= 0 and lottery.kept_bound >= lottery.kept
        return
    assert float(lottery.share) == pytest.approx(best, abs=1e-9)
    assert lottery.share <= lottery.share_bound
    assert all(market.is_feasible(choice) for choice in lottery.choices)
    assert min(lottery.residual, default=F(0)) >= 0
    if lottery.share == 1:
        assert list(lottery.marginals) == shares


def largest_kept(market: Market, shares: list[Fraction]) -> tuple[float, set[int]]:
    """Largest part of every chance that choices of promised options keep, by a linear program; options that none has."""
    kept = [c for c in every_choice(market) if all(shares[o] > 0 for o in c[c >= 0].tolist())]
    taken = np.array([[o in choice for choice in kept] for o in range(market.n_options)], dtype=float)
    promised = [o for o, share in enumerate(shares) if share > 0]
    rows = [o for o in promised if taken[o].any()]
    x = np.array([float(shares[o]) for o in rows])
    found = linprog(
        [-1.0, *[0.0] * len(kept)],
        A_ub=np.column_stack((x, -taken[rows])),
        b_ub=np.zeros(len(rows)),
        A_eq=[[0.0, *[1.0] * len(kept)]],
        b_eq=[1.0],
        bounds=[(0, 1), *[(0, None)] * len(kept)],
    )
    return -float(found.fun or 0), set(promised) - set(rows)


@given(promises())
def test_covering_keeps_as_much_of_every_chance_as_can_be(case: tuple[Market, list[Fraction]]) -> None:
    market, shares = case
    lottery, (best, impossible) = cover_shares(market, shares), largest_kept(market, shares)
    if lottery is None:
        assert impossible == {o for o, share in enumerate(shares) if share}
        return
    assert set(lottery.impossible) == impossible
    assert float(lottery.kept) == pytest.approx(best, abs=1e-6)
    assert lottery.kept <= lottery.kept_bound
    assert float(lottery.kept_bound) == pytest.approx(best, abs=1e-4)
    assert all(market.is_feasible(choice) for choice in lottery.choices)
    assert min(lottery.residual, default=F(0)) >= 0


def test_the_triangle_keeps_two_thirds() -> None:
    lottery = cover_shares(triangle(), [HALF] * 3)
    assert lottery is not None
    assert float(lottery.kept) == pytest.approx(2 / 3, abs=1e-9)
    assert float(lottery.kept_bound) == pytest.approx(2 / 3, abs=1e-5)


@pytest.mark.parametrize("shares", [[HALF], [F(2), F(0), F(0)], [F(-1), F(0), F(0)]])
def test_what_is_no_chance_is_refused(shares: list[Fraction]) -> None:
    with pytest.raises(MarketError, match="shares"):
        decompose_shares(triangle(), shares)


def test_draws_follow_the_weights() -> None:
    lottery = Lottery.of(2, [(F(1, 6), np.array([0])), (F(1, 3), np.array([1])), (HALF, np.array([-1]))])
    assert lottery.total == 6 and lottery.marginals == (F(1, 6), F(1, 3))
    assert Counter(int(lottery.at(ticket)[0]) for ticket in range(6)) == {0: 1, 1: 2, -1: 3}
    counts = Counter(int(lottery.draw(seed)[0]) for seed in range(6000))
    assert all(abs(counts[key] - share) < 150 for key, share in ((0, 1000), (1, 2000), (-1, 3000)))


def test_tickets_are_uniform_and_the_same_everywhere() -> None:
    assert uniform(0, 1) == 0
    assert [uniform(seed, 10) for seed in range(5)] == [uniform(seed, 10) for seed in range(5)]
    assert set(uniform(seed, 7) for seed in range(200)) == set(range(7))
    assert 0 <= uniform(3, 1 << 700) < 1 << 700


def test_tickets_that_do_not_exist_are_refused() -> None:
    lottery = Lottery(1, (1,), np.array([[0]]))
    with pytest.raises(MarketError, match="ticket"):
        lottery.at(1)
    with pytest.raises(MarketError, match="weights"):
        Lottery(1, (0,), np.array([[0]]))
