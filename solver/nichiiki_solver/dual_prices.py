"""Dual prices of the shared resources, and the bound they prove over all options, listed or not.

Prices go up where the answers of all agents together ask for too much, and down elsewhere (`price_ascent`). In small markets a linear
program over the options met goes on from there: the source answers with every agent's best options at its prices, and they join
the program, until none is better. Whatever the prices λ ≥ 0 are, no allocation is worth more than
Σ_a max(0, best value of a at λ) + λ · b. That bound is summed in integers from rounded prices, so it is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from scipy.sparse import csr_array, hstack, vstack

from nichiiki_models.errors import MarketError
from nichiiki_solver.bundles import BundleSource
from nichiiki_solver.cut_rows import Mean, Taken, violated_rows, with_rounded_rows, with_rows
from nichiiki_solver.market import LARGEST_SUM, NO_VALUE, ListedSource, Market, Source
from nichiiki_solver.price_ascent import ascend
from nichiiki_solver.ragged import Floats, Ints

SCALE = 4096
"""Prices are integer multiples of 1/4096 of a unit of utility."""
COLUMNS_AN_AGENT = 8
"""Most new options of an agent in a round."""
APPROACH, FAR = 200, (0.15, 0.0005)
"""Rounds of the ascent from nothing, and how far a price moves in the first and the last one, in shares of what an agent gains."""
NEAR = 1
"""Options join the first linear program if they fall short of the best by at most so many times the largest gain."""
ROUNDS = 400
REFINED, CLOSE = 150, (0.05, 0.0005)
"""The same from known prices on, after rows were added."""
STAGES, LEAST_FALL = 12, 1e-4
"""Most times that rows join without a linear program; it ends when the bound falls by a smaller share."""
MEAN = 0.04
"""Weight of the newest answers in the mean that shows which rows fractions break."""
MOST_PROGRAMMED = 300
"""With more agents than that the ascent is all: a linear program would take longer than everything else together."""
CUT_ROUNDS, ROUNDS_A_CUT = 6, 2
"""Most times that rows are added which fractions break, and linear programs between them."""
OUT_OF_TIME = 1
"""What scipy calls a linear program that reached a limit."""
LARGEST_COST = 1e6
"""Utilities above are scaled down for the linear program; the bound is summed from the unscaled integers."""


@dataclass(frozen=True)
class Priced:
    """The outcome of pricing.

    Attributes
    ----------
    columns
        The options met on the way, as a listed market.
    prices
        Of each resource, in 1/`SCALE` of a unit.
    values
        Best value of each agent at the prices, in 1/`SCALE`.
    total
        Upper bound on any allocation, in 1/`SCALE`.
    source
        What the prices were put to: its resources are the market's, and perhaps more (`nichiiki_solver.cut_rows`).
    share
        How much of each column the last linear program takes; columns found after it have none.
    central
        Prices by ascent alone: a little farther from the best ones, but not at a corner, so that more is settled by them.
    """

    columns: Market
    prices: Ints
    values: Ints
    total: int
    source: Source
    share: Floats
    central: Ints

    @property
    def bound(self) -> int:
        """Upper bound on any allocation, in units."""
        return self.total // SCALE


def source_of(market: Market) -> Source:
    """Return the market's source, or one over its listed options."""
    return market.source if market.source is not None else ListedSource(market)


def can_be_priced(market: Market) -> bool:
    """Whether sums of utilities of a listed market, in the unit of prices, stay in 64 bits, with room for prices above any utility."""
    largest = np.abs(market.utility.astype(float)).max(initial=1.0) * SCALE * max(1, market.n_agents)
    if (market.capacity < 0).any():
        # a demand may cost as much as everybody could gain, for every unit
        units = (np.abs(column.astype(float)).max(initial=1.0) for column in (market.amount, market.capacity))
        largest *= 2 * max(units)
    return bool(largest < 1 << 60)


def free_bound(market: Market, weights: Ints) -> int:
    """Bound if everybody could have what is best for it: capacities cost nothing."""
    values = source_of(market).best_values(weights, np.zeros_like(market.capacity))
    return int(gains(market, np.where(values <= NO_VALUE // 2, 0, values)).sum())


def find_prices(
    market: Market,
    weights: Ints,
    should_stop: Callable[[], bool],
    first: Market | None = None,
    rounds: int = ROUNDS,
    time_limit_s: float = np.inf,
) -> Priced:
    """Find prices whose bound meets the linear program over all options, or the best until told to stop.

    Parameters
    ----------
    market
        Gates are listed; the other options come from its source.
    weights
        Weight of each level of utility.
    should_stop
        Asked between rounds.
    first
        Options to begin with, gates included; those that are best at prices by ascent if None.
    rounds
        Most linear programs.
    time_limit_s
        Most seconds for one linear program, which does not ask `should_stop`; prices are those known then.
    """
    if market.complete and not can_be_priced(market):
        raise RuntimeError("utilities are too large for prices of 64 bits")
    source = source_of(market)
    if first is None:
        best = approach(market, source, weights, should_stop)
        columns = near_best(market, source, best, COLUMNS_AN_AGENT)
    else:
        best = _priced(market, source, weights, np.zeros(len(market.capacity), dtype=np.int64))
        columns = first
    share = np.zeros(columns.n_options)
    central = best.prices
    for _ in range(rounds):
        if should_stop():
            break
        program = _solve_master(columns, weights @ columns.utility, time_limit_s)
        if program is None:
            break
        share = program.share
        here = _priced(market, source, weights, program.prices)
        best = min(best, here, key=lambda priced: priced.total)
        new = _not_among(columns, source.improving(program.rents, COLUMNS_AN_AGENT))
        if new.n_options == 0 or best.total <= program.value + SCALE // 2:
            break
        columns = columns.join(new)
    share = np.append(share, np.zeros(columns.n_options - len(share)))
    return replace(best, columns=columns, share=share, central=central)


def _not_among(columns: Market, new: Market) -> Market:
    """New options that are no gates and, where options have numbers, not listed yet: rounded prices may ask for these for good."""
    fresh = ~new.gate[new.agent]
    if "option" in new.labels and "option" in columns.labels:
        fresh &= ~np.isin(new.labels["option"], columns.labels["option"])
    return new.take(fresh)


def find_tight_prices(
    market: Market, weights: Ints, should_stop: Callable[[], bool], time_limit_s: float = np.inf
) -> Priced:
    """Find prices as `find_prices` does, with further rows of a compiled market where they bring the bound down."""
    source = source_of(market)
    if not isinstance(source, BundleSource):
        return find_prices(market, weights, should_stop, time_limit_s=time_limit_s)
    if source.proven is not None:
        return _priced(market, source, weights, source.proven.prices.at(source.bundles.uses.resources))
    if market.n_agents > MOST_PROGRAMMED:
        return _climbed(source, weights, should_stop)
    tight = with_rounded_rows(source)
    best = priced = find_prices(tight.unlisted(), weights, should_stop, rounds=ROUNDS_A_CUT)
    central = best.central
    for turn in range(1, CUT_ROUNDS + 1):
        rows = (
            None
            if should_stop()
            else violated_rows(source, Taken.of(source.bundles, priced.columns, priced.share))
        )
        tight = tight if rows is None else with_rows(tight, rows)
        last = rows is None or turn == CUT_ROUNDS
        begun = _made_by(tight, priced.columns)
        priced = find_prices(tight.unlisted(), weights, should_stop, begun, ROUNDS if last else ROUNDS_A_CUT)
        best = min(priced, best, key=lambda each: each.total)
        if last:
            break
    return replace(
        best, central=np.append(central, np.zeros(len(best.prices) - len(central), dtype=np.int64))
    )


def _made_by(source: BundleSource, columns: Market) -> Market:
    """The same bundles and gates with the resources of another source."""
    mine = columns.labels["stay"] >= 0
    return source.market_of(columns.labels["stay"][mine], columns.labels["chosen"][mine])


def _climbed(source: BundleSource, weights: Ints, should_stop: Callable[[], bool]) -> Priced:
    """Prices by ascent alone, with rows that the mean of what was asked for breaks; no linear program at any size."""
    tight, mean = with_rounded_rows(source), Mean(Taken.nothing(source.bundles))
    priced = approach(tight.unlisted(), tight, weights, should_stop, mean=mean)
    central = priced.prices
    for _ in range(STAGES):
        rows = None if should_stop() else violated_rows(source, mean.taken())
        if rows is None:
            break
        tight, before = with_rows(tight, rows), priced.total
        priced = go_on(tight, weights, should_stop, priced.prices, mean=mean)
        if before - priced.total < LEAST_FALL * abs(before):
            break
    market = tight.unlisted()
    columns = near_best(market, tight, priced, COLUMNS_AN_AGENT)
    central = np.append(central, np.zeros(len(priced.prices) - len(central), dtype=np.int64))
    return replace(priced, columns=columns, share=np.zeros(columns.n_options), central=central)


def approach(
    market: Market,
    source: Source,
    weights: Ints,
    should_stop: Callable[[], bool],
    rounds: int = APPROACH,
    *,
    begun: Ints | None = None,
    moves: tuple[float, float] = FAR,
    mean: Mean | None = None,
) -> Priced:
    """Find prices near the best ones without a linear program; the market's source has been asked at them last.

    Parameters
    ----------
    market, source, weights, should_stop
        As in `find_prices`.
    rounds
        Most rounds.
    begun
        Prices to go on from; nothing costs anything if None.
    moves
        How far a price moves in the first round and in the last one, in shares of what an agent gains.
    mean
        Is made the running mean of what was asked for, nearly a solution of the linear program.
    """

    def ask(prices: Ints) -> Priced:
        return _priced(market, source, weights, prices)

    first = ask(np.zeros(len(market.capacity), dtype=np.int64) if begun is None else begun)
    if np.abs(first.values[first.values > NO_VALUE // 2].astype(float)).sum() >= LARGEST_SUM:
        raise MarketError.of("gains_too_large", argument="utility")
    gain = abs(first.total) / max(1, market.n_agents)
    ways = gain * moves[0], gain * moves[1]
    demand = partial(_demand, source, mean)
    return ask(ascend(first, ask, demand, market.capacity, source.unit, should_stop, rounds, ways).prices)


def go_on(
    source: BundleSource,
    weights: Ints,
    should_stop: Callable[[], bool],
    begun: Ints,
    rounds: int = REFINED,
    *,
    mean: Mean | None = None,
) -> Priced:
    """Go on from prices of the first of a source's resources, the others free of charge, as `approach` does."""
    market = source.unlisted()
    begun = np.append(begun, np.zeros(len(market.capacity) - len(begun), dtype=np.int64))
    return approach(market, source, weights, should_stop, rounds, begun=begun, moves=CLOSE, mean=mean)


def _demand(source: Source, mean: Mean | None) -> Ints:
    """Return what is asked for at the last prices, and mix it into a mean."""
    wanted = source.demand()
    if mean is not None and isinstance(source, BundleSource):
        mean.mix(source.asked, MEAN)
    return wanted


def near_best(market: Market, source: Source, priced: Priced, most: int) -> Market:
    """List the best options of each agent at the last prices, near what it gains, and every gate once."""
    reach = NEAR * int(np.abs(priced.values[priced.values > NO_VALUE // 2]).max(initial=1))
    return _with_gates(market, source.improving(gains(market, priced.values) - reach - 1, most))


def best_of_each(market: Market, source: Source, most: int) -> Market:
    """List the best options of each agent at the last prices, however little it gains by them, and every gate once."""
    return _with_gates(market, source.improving(np.full(market.n_agents, NO_VALUE // 2), most))


def listed_prices(market: Market, weights: Ints, time_limit_s: float = np.inf) -> Ints | None:
    """Return the prices of the linear program over all listed options of a complete market; None if time does not suffice.

    One program, in place of the rounds of `find_prices`: quicker where the options are few and the resources many.
    """
    program = _solve_master(market, weights @ market.utility, time_limit_s)
    return None if program is None else program.prices


def _with_gates(market: Market, first: Market) -> Market:
    """The first options, and every gate once."""
    gates = market.take(market.gate[market.agent]) if market.n_options else market
    others = first.take(~first.gate[first.agent])
    return gates.join(others) if market.n_options else others


def _priced(market: Market, source: Source, weights: Ints, prices: Ints) -> Priced:
    values = source.best_values(weights * SCALE, prices)
    total = int(gains(market, values).sum()) + int(prices @ market.capacity)
    return Priced(market, prices, values, total, source, np.zeros(market.n_options), prices)


def gains(market: Market, values: Ints) -> Ints:
    """What each agent adds to the bound: its best value, or 0 where nothing is better and allowed."""
    free = np.maximum(values, 0)
    return np.where(market.must_assign & (values > NO_VALUE), values, free)


@dataclass(frozen=True)
class _Program:
    """Solution of the linear program: prices, what each agent must beat and value in 1/`SCALE`; share of each column."""

    prices: Ints
    rents: Ints
    value: float
    share: Floats


def _solve_master(columns: Market, utility: Ints, time_limit_s: float = np.inf) -> _Program | None:
    """Solve the linear program over listed columns; None if the time does not suffice."""
    from scipy.optimize import linprog  # takes longer to load than a known price takes to look up

    n, agents, resources = columns.n_options, columns.n_agents, len(columns.capacity)
    if n == 0:
        return _Program(
            np.zeros(resources, dtype=np.int64), np.zeros(agents, dtype=np.int64), 0.0, np.zeros(0)
        )
    owners = csr_array((np.ones(n), (columns.agent, np.arange(n))), shape=(agents, n))
    use = csr_array(
        (columns.amount.astype(float), (columns.resource, columns.entry_option)), shape=(resources, n)
    )
    must, short = np.flatnonzero(columns.must_assign), np.flatnonzero(columns.capacity < 0)
    # HiGHS gives up on very large costs; the program is solved for utilities of at most a million
    unit = max(1.0, float(np.abs(utility.astype(float)).max(initial=1.0)) / LARGEST_COST)
    penalty = 2.0 * (float(np.abs(utility.astype(float)).max(initial=1)) / unit + 1.0) * max(1, agents)
    # artificial columns keep the program feasible while options that meet a demand are still to be found
    help_agents = csr_array((-np.ones(len(must)), (must, np.arange(len(must)))), shape=(agents, len(must)))
    help_rows = csr_array(
        (-np.ones(len(short)), (short, np.arange(len(short)))), shape=(resources, len(short))
    )
    blank = csr_array((agents, len(short)))
    lower = csr_array((-1.0 * owners)[must])
    left = hstack([owners, csr_array((agents, len(must))), blank])
    demand = hstack([lower, help_agents[must], csr_array((len(must), len(short)))])
    right = hstack([use, csr_array((resources, len(must))), help_rows])
    matrix = csr_array(vstack([left, demand, right]))
    limits = np.concatenate((np.ones(agents), -np.ones(len(must)), columns.capacity.astype(float)))
    cost = np.concatenate((-utility.astype(float) / unit, np.full(len(must) + len(short), penalty)))
    result: Any = linprog(  # type: ignore[call-overload]  # the stubs know no sparse arrays
        cost, A_ub=matrix, b_ub=limits, bounds=(0, None), method="highs", options={"time_limit": time_limit_s}
    )
    if result.status == OUT_OF_TIME:
        return None
    if result.status != 0:
        raise RuntimeError(f"the linear program ended with {result.message}")
    duals = -result.ineqlin.marginals * SCALE * unit
    rent = duals[:agents].copy()
    rent[must] -= duals[agents : agents + len(must)]
    prices = np.maximum(np.rint(duals[agents + len(must) :]), 0).astype(np.int64)
    rents = np.ceil(rent).astype(np.int64) + 1
    return _Program(prices, rents, -float(result.fun) * SCALE * unit, np.asarray(result.x[:n]))
