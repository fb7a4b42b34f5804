"""Large random networks for benchmarks: one good as in NETGEN, on maps, in timetables, between two sides; many pairs on a map."""

from __future__ import annotations

import numpy as np
from scipy.spatial import Delaunay, KDTree

from nichiiki_networks import Ints, Net, Shared


def transport_net(arcs: int, *, degree: int = 8, ends: int | None = None, seed: int = 0) -> Net:
    """A feasible network of arcs / `degree` nodes, `ends` (√nodes) of them sources and as many sinks, 1,000 units each on average.

    Chains from the sources through all nodes to the sinks make it feasible, as in NETGEN (Klingman, Napier and Stutz 1974);
    the other arcs join random nodes. Costs 1 … 10,000, capacities 1 … 1,000.
    """
    rng = np.random.default_rng(seed)
    nodes = arcs // degree
    ends = ends or int(nodes**0.5)
    order = rng.permutation(nodes)
    sources, sinks, between = order[:ends], order[ends : 2 * ends], order[2 * ends :]
    sent, taken = _parts(rng, ends), _parts(rng, ends)
    supply = np.zeros(nodes, dtype=np.int64)
    supply[sources], supply[sinks] = sent, -taken
    chains = [np.append(s, part) for s, part in zip(sources, np.array_split(between, ends), strict=True)]
    steps = np.array([len(chain) - 1 for chain in chains])
    last, sink, room = _north_west(np.array([chain[-1] for chain in chains]), sinks, sent, taken)
    rest = arcs - int(steps.sum()) - len(last)
    tail, head = rng.integers(0, nodes, rest), rng.integers(0, nodes, rest)
    return Net(
        np.concatenate((*(chain[:-1] for chain in chains), last, tail)),
        np.concatenate(
            (*(chain[1:] for chain in chains), sink, np.where(head == tail, (head + 1) % nodes, head))
        ),
        np.concatenate((np.repeat(sent, steps), room, rng.integers(1, 1001, rest))),
        rng.integers(1, 10_001, arcs),
        supply,
    )


def map_net(towns: int, *, seed: int = 0) -> Net:
    """Random towns joined to their neighbours, √towns of them sources and as many sinks; an arc carries at least a third of all."""
    rng = np.random.default_rng(seed)
    tail, head, cost = _planar(towns, rng)
    supply, units = np.zeros(towns, dtype=np.int64), rng.integers(1, 50, int(towns**0.5))
    order = rng.permutation(towns)
    supply[order[: len(units)]] = units
    supply[order[len(units) : 2 * len(units)]] = -rng.permutation(units)
    capacity = np.maximum(rng.integers(50, 500, len(tail)), units.sum() // 3)
    return Net(tail, head, capacity, cost, supply)


def timetable_net(places: int, periods: int, *, seed: int = 0) -> Net:
    """Waiting, and rides of 1 to 3 periods to the six nearest places; who cannot ride goes a dear way of his own."""
    rng = np.random.default_rng(seed)
    spots = rng.random((places, 2))
    near = np.asarray(KDTree(spots).query(spots, 7)[1])[:, 1:]
    node = np.arange(places * periods).reshape(places, periods)
    tail = np.broadcast_to(node[:, None, :-3], (places, 6, periods - 3)).ravel()
    long = rng.integers(1, 4, len(tail))
    head = node[near][:, :, :-3].ravel() + long
    count = int(node.size**0.5)
    units = rng.integers(1, 30, count)
    supply = np.zeros(node.size + 1, dtype=np.int64)
    np.add.at(supply, rng.choice(node[:, : periods // 4].ravel(), count), units)
    np.add.at(supply, rng.choice(node[:, -1], count), -units)
    source, sink = np.flatnonzero(supply > 0), np.flatnonzero(supply < 0)
    waits, own = node[:, :-1].size, len(source) + len(sink)
    return Net(
        np.concatenate((node[:, :-1].ravel(), tail, source, np.full(len(sink), node.size))),
        np.concatenate((node[:, 1:].ravel(), head, np.full(len(source), node.size), sink)),
        np.concatenate(
            (np.full(waits, 10**6), rng.integers(1, 200, len(tail)), supply[source], -supply[sink])
        ),
        np.concatenate(
            (
                np.ones(waits, dtype=np.int64),
                10 * long + rng.integers(0, 300, len(tail)),
                np.full(own, 50_000),
            )
        ),
        supply,
    )


def two_sided_net(side: int, degree: int, *, seed: int = 0) -> Net:
    """As many places as people, one for each, `degree` and one more wishes a head: an assignment."""
    rng = np.random.default_rng(seed)
    people = np.arange(side)
    tail = np.append(np.repeat(people, degree), people)
    head = side + np.append(rng.integers(0, side, side * degree), people)
    return Net(tail, head, np.ones_like(tail), rng.integers(1, 10_000, len(tail)), np.repeat([1, -1], side))


def planar_shared(nodes: int, pairs: int, *, room: float = 1.2, seed: int = 1) -> Shared:
    """Random towns joined to their neighbours; seats of `room` times the mean load of shortest routes, times 0.5 … 2.5."""
    rng = np.random.default_rng(seed)
    tail, head, cost = _planar(nodes, rng)
    origin = rng.integers(0, nodes, pairs)
    destination = (origin + rng.integers(1, nodes, pairs)) % nodes
    demand = rng.integers(1, 50, pairs)
    mean = float(demand.sum()) * nodes**0.5 / 2.6 / len(tail)
    seats = np.maximum(1, np.rint(room * mean * rng.uniform(0.5, 2.5, len(tail)))).astype(np.int64)
    return Shared(tail, head, seats, cost, origin, destination, demand, nodes, 100_000)


def _planar(nodes: int, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Arcs both ways between neighbours on a random map, and what they cost."""
    towns = rng.random((nodes, 2))
    corners = Delaunay(towns).simplices
    sides = np.concatenate([np.roll(corners, k, axis=1)[:, :2] for k in range(3)])
    tail, head = np.unique(np.concatenate((sides, sides[:, ::-1])), axis=0).T.astype(np.int64)
    return tail, head, np.rint(1000 * np.hypot(*(towns[tail] - towns[head]).T)).astype(np.int64) + 1


def _parts(rng: np.random.Generator, count: int) -> Ints:
    """Random whole parts of 1,000 times their number."""
    shares = rng.random(count)
    parts: Ints = np.floor(shares / shares.sum() * 1000 * count).astype(np.int64)
    parts[0] += 1000 * count - int(parts.sum())
    return parts


def _north_west(last: Ints, sinks: Ints, sent: Ints, taken: Ints) -> tuple[Ints, Ints, Ints]:
    """Arcs with just enough room from the ends of the chains to the sinks."""
    cuts = np.unique(np.concatenate(([0], np.cumsum(sent), np.cumsum(taken))))
    return (
        last[np.searchsorted(np.cumsum(sent), cuts[:-1], side="right")],
        sinks[np.searchsorted(np.cumsum(taken), cuts[:-1], side="right")],
        np.diff(cuts),
    )
