"""Published families of plain markets, drawn anew by their recipes, and what is run on them.

Every family is a seeded draw that ends in `Market.from_columns`; nothing of a family is known to the solver. Costs are utilities
with the sign turned.

References
----------
Chu and Beasley, A genetic algorithm for the generalised assignment problem, 1997 (types A to D); Yagiura, Ibaraki and Glover,
An ejection chain approach for the generalized assignment problem, 2004 (type E); Yagiura, Iwasaki, Ibaraki and Glover, A very
large-scale neighborhood search algorithm for the multi-resource generalized assignment problem, 2004; Cornuéjols, Sridharan and
Thizy, A comparison of heuristics and relaxations for the capacitated plant location problem, 1991; Pisinger, A minimal algorithm
for the multiple-choice knapsack problem, 1995; Khan, Li, Manning and Akbar, Solving the knapsack problem for adaptive multimedia
systems, 2002.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from benchmarks.scale_cases import processor_s

from nichiiki.market import Market, solve
from nichiiki_solver import cp_sat, mip, scip
from nichiiki_solver.ragged import Ints


def gap(kind: str, agents: int, jobs: int, seed: int = 1) -> Market:
    """Draw a generalised assignment problem: every job to one agent at least cost.

    Parameters
    ----------
    kind
        ``"A"`` to ``"E"``. A and B have loose and tighter capacities, C tight ones; in D and E what is cheap takes much.
    agents, jobs
        Resources of the market, and its agents.
    """
    draw = np.random.default_rng(seed)
    amount, cost = _gap_tables(kind, draw, (agents, jobs))
    if kind in "AB":
        load = np.bincount(cost.argmin(axis=0), amount[cost.argmin(axis=0), np.arange(jobs)], agents).max()
        capacity = np.full(agents, int((9 * jobs / agents + 0.4 * load) * (0.7 if kind == "B" else 1)))
    else:
        capacity = amount.sum(axis=1) * 8 // (10 * agents)
    return assignment(cost, amount[None], capacity[None])


def _gap_tables(kind: str, draw: np.random.Generator, shape: tuple[int, int]) -> tuple[Ints, Ints]:
    """Amounts and costs, agents × jobs."""
    if kind == "D":
        amount = draw.integers(1, 101, shape)
        return amount, 111 - amount + draw.integers(-10, 11, shape)
    if kind == "E":
        used = 1 - 10 * np.log(1 - draw.random(shape))
        return np.rint(used).astype(np.int64), np.rint(1000 / used - 10 * draw.random(shape)).astype(np.int64)
    return draw.integers(5, 26, shape), draw.integers(10, 51, shape)


def multi_resource(agents: int, jobs: int, kinds: int, seed: int = 1) -> Market:
    """Draw a multi-resource assignment of type D: each agent has several capacities, and what is cheap takes much on average."""
    draw = np.random.default_rng(seed)
    amount = draw.integers(1, 101, (kinds, agents, jobs))
    cost = 111 - amount.sum(axis=0) // kinds + draw.integers(-10, 11, (agents, jobs))
    return assignment(cost, amount, amount.sum(axis=2) * 8 // (10 * agents))


def assignment(cost: Ints, amount: Ints, capacity: Ints) -> Market:
    """Return the market in which every job goes to one agent.

    Parameters
    ----------
    cost
        Agents × jobs.
    amount
        Kinds of capacity × agents × jobs.
    capacity
        Kinds × agents.
    """
    kinds, agents, jobs = amount.shape
    pair = np.arange(agents * jobs)
    return Market.from_columns(
        agent=pair % jobs,
        utility=-cost.ravel(),
        option=np.tile(pair, kinds),
        resource=np.repeat(np.arange(kinds * agents), jobs),
        amount=amount.ravel(),
        capacity=capacity.ravel(),
        must_assign=np.ones(jobs, dtype=bool),
    )


def location(sites: int, customers: int, ratio: float, seed: int = 1) -> Market:
    """Draw a single-source facility location; opening a site supplies its capacity.

    Parameters
    ----------
    sites, customers
        The customers are the first agents of the market, the sites the others.
    ratio
        Capacity of all sites together over all demand.
    """
    draw = np.random.default_rng(seed)
    places = draw.random((sites + customers, 2))
    demand, supply = draw.integers(5, 36, customers), draw.integers(10, 161, sites)
    opening = draw.integers(0, 91, sites) + np.rint(draw.integers(100, 111, sites) * np.sqrt(supply))
    supply = np.maximum(1, np.rint(supply * (ratio * demand.sum() / supply.sum()))).astype(np.int64)
    distance = np.linalg.norm(places[:sites, None] - places[None, sites:], axis=2)
    cost = np.rint(10 * distance * demand).astype(np.int64)
    return Market.from_columns(
        agent=np.append(np.tile(np.arange(customers), sites), customers + np.arange(sites)),
        utility=-np.append(cost.ravel(), opening.astype(np.int64)),
        option=np.arange(sites * customers + sites),
        resource=np.append(np.repeat(np.arange(sites), customers), np.arange(sites)),
        amount=np.append(np.tile(demand, sites), -supply),
        capacity=np.zeros(sites, dtype=np.int64),
        must_assign=np.arange(customers + sites) < customers,
    )


def knapsack(classes: int, items: int, kinds: int, seed: int = 1) -> Market:
    """Draw a multi-choice knapsack, weakly correlated: one item of each class, within one or several capacities.

    Parameters
    ----------
    classes, items
        Classes, and items in each.
    kinds
        Number of capacities; each is half way between the lightest and the heaviest choice.
    """
    draw = np.random.default_rng(seed)
    weight = draw.integers(1, 1001, (kinds, classes, items))
    value = np.maximum(1, weight.sum(axis=0) // kinds + draw.integers(-10, 11, (classes, items)))
    capacity = (weight.min(axis=2) + weight.max(axis=2)).sum(axis=1) // 2
    number = np.arange(classes * items)
    return Market.from_columns(
        agent=number // items,
        utility=value.ravel(),
        option=np.tile(number, kinds),
        resource=np.repeat(np.arange(kinds), classes * items),
        amount=weight.ravel(),
        capacity=capacity,
        must_assign=np.ones(classes, dtype=bool),
    )


CASES: dict[str, Callable[[], Market]] = {
    **{
        f"gap-{kind.lower()}-{agents}x{jobs}": partial(gap, kind, agents, jobs)
        for kind in "ABCDE"
        for agents, jobs in ((5, 100), (10, 100), (20, 200), (20, 400))
    },
    "mra-5x100x4": partial(multi_resource, 5, 100, 4),
    "mra-10x200x8": partial(multi_resource, 10, 200, 8),
    "cfl-16x50": partial(location, 16, 50, 3.0),
    "cfl-50x50": partial(location, 50, 50, 5.0),
    "cfl-50x200": partial(location, 50, 200, 5.0),
    "mck-200x20": partial(knapsack, 200, 20, 1),
    "mck-100x10x5": partial(knapsack, 100, 10, 5),
    "mck-200x20x5": partial(knapsack, 200, 20, 5),
}


def _welfare(market: Market, limit_s: float) -> tuple[int | None, int | None]:
    found = solve(market, policy="welfare", time_limit_s=limit_s)
    return found.objective, found.bound


def _alone(engine: Any) -> Callable[[Market, float], tuple[int | None, int | None]]:
    """An engine that gets the market as it is, nothing else done for it; CP-SAT with 2 workers, the others have one."""

    def work(market: Market, limit_s: float) -> tuple[int | None, int | None]:
        found = engine.solve_level(market, market.utility[0], time_limit_s=limit_s)
        return found.objective, found.bound

    return work


WHO: dict[str, Callable[[Market, float], tuple[int | None, int | None]]] = {
    "nichiiki": _welfare,
    "CP-SAT": _alone(cp_sat),
    "HiGHS": _alone(mip),
    "SCIP": _alone(scip),
}


def run(case: str, who: str, limit_s: float) -> dict[str, Any]:
    """Run one of `WHO` on a case; drawing is not counted."""
    market = CASES[case]()
    started, cpu = time.perf_counter(), processor_s()
    value, bound = WHO[who](market, limit_s)
    return {
        "value": value,
        "bound": bound,
        "wall_s": time.perf_counter() - started,
        "cpu_s": processor_s() - cpu,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], sys.argv[2], float(sys.argv[3]))))
