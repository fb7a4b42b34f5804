"""Large random networks for benchmarks: one good in the manner of NETGEN, many pairs on a planar map."""

from __future__ import annotations

import numpy as np
from scipy.spatial import Delaunay

from nichiiki_networks import Ints, Net, Shared


def transport_net(arcs: int, *, seed: int = 0) -> Net:
    """A feasible network of arcs / 8 nodes, √nodes of them sources and as many sinks, each with 1,000 units on average.

    Chains from the sources through all nodes to the sinks make it feasible, as in NETGEN (Klingman, Napier and Stutz 1974);
    the other arcs join random nodes. Costs 1 … 10,000, capacities 1 … 1,000.
    """
    rng = np.random.default_rng(seed)
    nodes = arcs // 8
    ends = int(nodes**0.5)
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


def planar_shared(nodes: int, pairs: int, *, room: float = 1.2, seed: int = 1) -> Shared:
    """Random towns joined to their neighbours; seats of `room` times the mean load of shortest routes, times 0.5 … 2.5."""
    rng = np.random.default_rng(seed)
    towns = rng.random((nodes, 2))
    corners = Delaunay(towns).simplices
    sides = np.concatenate([np.roll(corners, k, axis=1)[:, :2] for k in range(3)])
    tail, head = np.unique(np.concatenate((sides, sides[:, ::-1])), axis=0).T.astype(np.int64)
    cost = np.rint(1000 * np.hypot(*(towns[tail] - towns[head]).T)).astype(np.int64) + 1
    origin = rng.integers(0, nodes, pairs)
    destination = (origin + rng.integers(1, nodes, pairs)) % nodes
    demand = rng.integers(1, 50, pairs)
    mean = float(demand.sum()) * nodes**0.5 / 2.6 / len(tail)
    seats = np.maximum(1, np.rint(room * mean * rng.uniform(0.5, 2.5, len(tail)))).astype(np.int64)
    return Shared(tail, head, seats, cost, origin, destination, demand, nodes, 100_000)


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
