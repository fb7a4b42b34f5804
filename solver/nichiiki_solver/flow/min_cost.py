"""Min-cost flow in one call."""

from __future__ import annotations

import numpy.typing as npt

from nichiiki_solver.flow.network import Flow, Network


def min_cost_flow(
    tail: npt.ArrayLike,
    head: npt.ArrayLike,
    capacity: npt.ArrayLike,
    cost: npt.ArrayLike,
    supply: npt.ArrayLike,
) -> Flow:
    """Find a cheapest flow in whole numbers, with node potentials that prove it.

    Every answer has passed the check of `nichiiki_solver.flow.certificate`, which shares nothing with the solver.

    Parameters
    ----------
    tail, head
        Nodes that each arc leaves and enters, 0 … nodes - 1. Parallel arcs and loops are allowed.
    capacity
        Most that each arc carries, whole, ≥ 0.
    cost
        Cost of a unit on each arc, whole; may be negative.
    supply
        Of each node: what it sends out (positive) or takes in (negative); sums to zero.

    Returns
    -------
    Flow
        ``cost``, ``flow`` and ``potential``; without a flow (``status`` INFEASIBLE) a ``cut``: nodes that demand more
        than can flow into them.

    Raises
    ------
    MarketError
        If lengths differ, a value is no whole number, a node is not known, a capacity is negative, supplies do not
        sum to zero, or sums could leave the range of 64 bits.
    VerificationError
        If the answer fails its check; nothing is returned then.

    See Also
    --------
    nichiiki_solver.flow.network.Network : for many solves of one network with small changes between them.

    References
    ----------
    Ahuja, Magnanti and Orlin, *Network Flows*, 1993. Kovács, *Minimum-cost flow algorithms: an experimental
    evaluation*, Optimization Methods and Software 30, 2015.

    Examples
    --------
    >>> flow = min_cost_flow([0, 0, 1], [1, 2, 2], [3, 3, 5], [1, 3, 5], [5, 0, -5])
    >>> flow.cost, flow.flow.tolist(), flow.potential.tolist()
    (21, [2, 3, 2], [0, 1, 6])
    """
    return Network(tail, head, capacity, cost, supply).solve()
