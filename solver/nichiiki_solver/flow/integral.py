"""Whole travellers: the routing in whole units, by a mixed-integer program, with a bound.

Most often the linear program's own paths are enough: whole units on them that cost no more than its optimum rounded up are
optimal. Else a program over all arcs, one flow for each origin, searches on for the time left; as the flow from one origin is
whole, it falls apart into whole paths. Trips with a way back are looked for among the linear program's own paths only.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, eye_array, hstack, kron, vstack

from nichiiki_solver.flow.commodities import Commodities
from nichiiki_solver.flow.paths import Paths, no_paths
from nichiiki_solver.highs import Found, Program, minimise
from nichiiki_solver.ragged import Array, Ints

RELATIVE, ABSOLUTE = 1e-10, 1e-6
"""Tolerance of the linear program's bound, a sum in floating point; the reported bound is weaker by as much."""
SEARCHED = 1e-6
"""Relative tolerance of a bound from branching, which counts on HiGHS' own tolerances."""
LEAST_S = 0.05


@dataclass(frozen=True)
class Whole:
    """A routing in whole units.

    Attributes
    ----------
    paths, amount
        Paths, and whole units on each; None if none was found.
    cost
        Its cost, penalties included; None if none was found.
    bound
        No routing in whole units costs less.
    infeasible
        Whether there is none.
    """

    paths: Paths
    amount: Ints | None
    cost: int | None
    bound: int
    infeasible: bool = False


def whole_bound(bound: float) -> int:
    """Smallest whole number that a bound in floating point leaves possible."""
    return int(np.ceil(bound - ABSOLUTE - RELATIVE * abs(bound)))


def route_whole(
    commodities: Commodities, paths: Paths, relaxed: float, *, penalty: int | None, time_limit_s: float
) -> Whole:
    """Find a cheapest routing in whole units.

    Parameters
    ----------
    commodities
        Network and demands.
    paths
        Paths to try first.
    relaxed
        Bound of the routing in parts of units.
    penalty
        Cost of a unit that is not carried; None if all must be.
    time_limit_s
        Wall time in seconds.
    """
    stop = time.monotonic() + time_limit_s
    first = _over_paths(commodities, paths, whole_bound(relaxed), penalty, time_limit_s)
    left = stop - time.monotonic()
    if first.cost == first.bound or left < LEAST_S or len(commodities.stretches) > 1:
        return first
    second = _over_arcs(commodities, first.bound, penalty, left)
    if second.cost is None or (first.cost is not None and first.cost <= second.cost):
        return Whole(paths, first.amount, first.cost, second.bound, second.infeasible)
    return second


def _over_paths(
    commodities: Commodities, paths: Paths, bound: int, penalty: int | None, time_limit_s: float
) -> Whole:
    pairs, size = commodities.pairs, len(paths)
    owner = csr_array((np.ones(size), (paths.pair, np.arange(size))), shape=(pairs, size))
    result = _solve(
        np.concatenate((paths.sums(commodities.cost), np.full(pairs, penalty or 0))),
        csr_array(hstack([owner, eye_array(pairs)])),
        commodities.demand,
        csr_array(hstack([commodities.use(paths), csr_array((len(commodities.capacity), pairs))])),
        commodities,
        penalty,
        time_limit_s,
    )
    if result.x is None:
        return Whole(paths, None, None, bound)
    amount = np.rint(result.x[:size]).astype(np.int64)
    return Whole(paths, amount, _cost(commodities, paths, amount, penalty), bound)


def _over_arcs(commodities: Commodities, bound: int, penalty: int | None, time_limit_s: float) -> Whole:
    arcs, nodes, sources = len(commodities.tail), commodities.nodes, len(commodities.sources)
    ends = np.concatenate((commodities.tail, commodities.head))
    signs = np.concatenate((np.ones(arcs), -np.ones(arcs)))
    ways = csr_array((signs, (ends, np.tile(np.arange(arcs), 2))), shape=(nodes, arcs))
    source = commodities.stretches[0].source
    start, end = (source * nodes + node for node in (commodities.origin, commodities.destination))
    pairs = np.arange(commodities.pairs)
    short = csr_array(
        (np.repeat([1.0, -1.0], len(pairs)), (np.concatenate((start, end)), np.tile(pairs, 2))),
        shape=(sources * nodes, len(pairs)),
    )
    seats = csr_array(
        (np.ones(arcs), (commodities.seat, np.arange(arcs))), shape=(len(commodities.capacity), arcs)
    )
    load = hstack([seats] * sources)
    result = _solve(
        np.concatenate((np.tile(commodities.cost, sources), np.full(len(pairs), penalty or 0))),
        csr_array(hstack([kron(eye_array(sources), ways), short])),
        short @ commodities.demand,
        csr_array(hstack([load, csr_array((len(commodities.capacity), len(pairs)))])),
        commodities,
        penalty,
        time_limit_s,
    )
    proven = result.bound
    bound = (
        bound
        if proven is None or not np.isfinite(proven)
        else max(bound, whole_bound(proven - SEARCHED * abs(proven)))
    )
    if result.x is None:
        return Whole(no_paths(), None, None, bound, infeasible=result.infeasible)
    units = np.rint(result.x).astype(np.int64)
    flow = units[: sources * arcs].reshape(sources, arcs)
    paths, amount = _take_apart(commodities, flow, commodities.demand - units[sources * arcs :])
    return Whole(paths, amount, _cost(commodities, paths, amount, penalty), bound)


def _solve(
    cost: Ints,
    balance: csr_array,
    right: Array,
    load: csr_array,
    commodities: Commodities,
    penalty: int | None,
    time_limit_s: float,
) -> Found:
    """Minimise in whole numbers; the last variables are what is not carried of each pair."""
    most = np.full(len(cost), np.inf)
    most[len(cost) - commodities.pairs :] = 0 if penalty is None else commodities.demand
    program = Program(
        cost=cost.astype(float),
        matrix=csr_array(vstack([balance, load])),
        row_least=np.concatenate((right, np.full(load.shape[0], -np.inf))),
        row_most=np.concatenate((right, commodities.capacity)).astype(float),
        least=np.zeros(len(cost)),
        most=most,
        whole=np.ones(len(cost), dtype=bool),
    )
    return minimise(program, time_limit_s=max(LEAST_S, time_limit_s), relative_gap=0.0)


def _cost(commodities: Commodities, paths: Paths, amount: Ints, penalty: int | None) -> int:
    carried = int(amount.sum())
    return int(paths.sums(commodities.cost) @ amount) + (penalty or 0) * (
        int(commodities.demand.sum()) - carried
    )


def _take_apart(commodities: Commodities, flow: Ints, carried: Ints) -> tuple[Paths, Ints]:
    """Turn a whole flow from each source into whole paths."""
    pairs, arcs, amounts = [], [np.zeros(0, dtype=np.int64)], []
    source = commodities.stretches[0].source
    for pair, left in enumerate(carried.tolist()):
        rest = flow[source[pair]]
        while left:
            way = _way(commodities, rest, pair)
            units = min(left, int(rest[way].min(initial=left)))
            rest[way] -= units
            left -= units
            pairs.append(pair)
            arcs.append(way)
            amounts.append(units)
    offsets = np.cumsum([len(way) for way in arcs]).astype(np.int64)
    paths = Paths(np.array(pairs, dtype=np.int64), offsets, np.concatenate(arcs), np.diff(offsets))
    return paths, np.array(amounts, dtype=np.int64)


def _way(commodities: Commodities, flow: Ints, pair: int) -> Ints:
    """Arcs of one path of a pair along which something flows."""
    origin, destination = int(commodities.origin[pair]), int(commodities.destination[pair])
    came: dict[int, int] = {origin: -1}
    front = [origin]
    while front and destination not in came:
        near = np.flatnonzero((flow > 0) & np.isin(commodities.tail, front))
        fresh = {
            int(commodities.head[arc]): int(arc) for arc in near if int(commodities.head[arc]) not in came
        }
        came.update(fresh)
        front = list(fresh)
    steps = []
    here = destination
    while came[here] >= 0:
        steps.append(came[here])
        here = int(commodities.tail[came[here]])
    return np.array(steps[::-1], dtype=np.int64)
