"""Dual prices of the shared resources, and the bound they prove over all options, listed or not.

A linear program over the options found so far gives prices; the source answers with every agent's best options at these
prices; they join the program, until none is better. Whatever the prices λ ≥ 0 are, no allocation is worth more than
Σ_a max(0, best value of a at λ) + λ · b. That bound is summed in integers from rounded prices, so it is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, hstack, vstack

from nichiiki_solver.bundles import BundleSource
from nichiiki_solver.cut_rows import violated_rows, with_rounded_rows, with_rows
from nichiiki_solver.market import NO_VALUE, ListedSource, Market, Source
from nichiiki_solver.ragged import Ints

Floats = npt.NDArray[np.float64]
SCALE = 4096
"""Prices are integer multiples of 1/4096 of a unit of utility."""
COLUMNS_AN_AGENT = 8
"""Most new options of an agent in a round."""
ROUNDS = 400
CUT_ROUNDS = 6
"""Most times that rows are added which fractions break."""
LEAST_GAIN = 2e-4
"""Rows are added as long as they bring the bound down by such a share."""
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
    """

    columns: Market
    prices: Ints
    values: Ints
    total: int
    source: Source
    share: Floats

    @property
    def bound(self) -> int:
        """Upper bound on any allocation, in units."""
        return self.total // SCALE


def source_of(market: Market) -> Source:
    """Return the market's source, or one over its listed options."""
    return market.source if market.source is not None else ListedSource(market)


def can_be_priced(market: Market) -> bool:
    """Whether sums of prices and utilities of a listed market stay in 64 bits, with room for prices above any utility."""
    largest = np.abs(market.utility.astype(float)).max(initial=1.0)
    return bool(largest * SCALE * max(1, market.n_agents) < 1 << 60)


def find_prices(
    market: Market, weights: Ints, should_stop: Callable[[], bool], first: Market | None = None
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
        Options to begin with, gates included; those that are best where nothing has a price if None.
    """
    source = source_of(market)
    best = _priced(market, source, weights, np.zeros(len(market.capacity), dtype=np.int64))
    columns = first if first is not None else _first_columns(market, source)
    share = np.zeros(columns.n_options)
    for _ in range(ROUNDS):
        if should_stop():
            break
        program = _solve_master(columns, weights @ columns.utility)
        share = program.share
        here = _priced(market, source, weights, program.prices)
        best = min(best, here, key=lambda priced: priced.total)
        new = source.improving(program.rents, COLUMNS_AN_AGENT)
        new = new.take(~new.gate[new.agent]) if new.n_options else new
        if new.n_options == 0 or best.total <= program.value + SCALE // 2:
            break
        columns = columns.join(new)
    return replace(best, columns=columns, share=np.append(share, np.zeros(columns.n_options - len(share))))


def find_tight_prices(market: Market, weights: Ints, should_stop: Callable[[], bool]) -> Priced:
    """Find prices as `find_prices` does, with further rows of a compiled market where they bring the bound down."""
    source = source_of(market)
    if not isinstance(source, BundleSource):
        return find_prices(market, weights, should_stop)
    tight = with_rounded_rows(source)
    best = priced = find_prices(tight.unlisted(), weights, should_stop)
    for _ in range(CUT_ROUNDS):
        rows = None if should_stop() else violated_rows(source, priced.columns, priced.share)
        if rows is None:
            break
        tight, known = with_rows(tight, rows), priced.columns.labels
        mine = known["stay"] >= 0
        begun = tight.market_of(known["stay"][mine], known["chosen"][mine])
        priced = find_prices(tight.unlisted(), weights, should_stop, begun)
        gained = best.total - priced.total
        best = min(priced, best, key=lambda each: each.total)
        if gained < LEAST_GAIN * abs(best.total):
            break
    return best


def _first_columns(market: Market, source: Source) -> Market:
    return _with_gates(market, source.improving(np.zeros(market.n_agents, dtype=np.int64), COLUMNS_AN_AGENT))


def listed_prices(market: Market, weights: Ints) -> Ints:
    """Return the prices of the linear program over all listed options of a complete market, in 1/`SCALE`.

    One program, in place of the rounds of `find_prices`: quicker where the options are few and the resources many.
    """
    return _solve_master(market, weights @ market.utility).prices


def _with_gates(market: Market, first: Market) -> Market:
    """The first options, and every gate once."""
    gates = market.take(market.gate[market.agent]) if market.n_options else market
    others = first.take(~first.gate[first.agent])
    return gates.join(others) if market.n_options else others


def _priced(market: Market, source: Source, weights: Ints, prices: Ints) -> Priced:
    values = source.best_values(weights * SCALE, prices)
    total = int(gains(market, values).sum()) + int(prices @ market.capacity)
    return Priced(market, prices, values, total, source, np.zeros(market.n_options))


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


def _solve_master(columns: Market, utility: Ints) -> _Program:
    """Solve the linear program over listed columns."""
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
        cost, A_ub=matrix, b_ub=limits, bounds=(0, None), method="highs"
    )
    if result.status != 0:
        raise RuntimeError(f"the linear program ended with {result.message}")
    duals = -result.ineqlin.marginals * SCALE * unit
    rent = duals[:agents].copy()
    rent[must] -= duals[agents : agents + len(must)]
    prices = np.maximum(np.rint(duals[agents + len(must) :]), 0).astype(np.int64)
    rents = np.ceil(rent).astype(np.int64) + 1
    return _Program(prices, rents, -float(result.fun) * SCALE * unit, np.asarray(result.x[:n]))
