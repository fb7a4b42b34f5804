"""Markets in which every option takes one unit of one resource, or nothing: the optimum of a level as a cheapest flow.

A unit goes from each agent, over one of its options, through the option's resource to the end, or there directly. The flow is
whole, and its node potentials prove it, so the bound is the value itself.

References
----------
Ahuja, Magnanti and Orlin, *Network Flows*, 1993, chapter 12.
"""

from __future__ import annotations

import numpy as np

from nichiiki_models.allocation import Status
from nichiiki_solver.cp_sat import Answer
from nichiiki_solver.flow.min_cost import min_cost_flow
from nichiiki_solver.market import Market
from nichiiki_solver.ragged import Ints

ARCS_A_SECOND = 50_000
"""A flow cannot be ended early: only so many options a second of the limit are given to it (measured: three times as many)."""


def is_assignment(market: Market) -> bool:
    """Whether a plain market, in its largest units, is one of single units within capacities."""
    return bool(
        market.source is None
        and not market.gate.any()
        and (market.amount == 1).all()
        and (np.diff(market.offsets) <= 1).all()
        and (market.capacity >= 0).all()
    )


def solve_level(market: Market, weights: Ints) -> Answer:
    """Maximise one level.

    Parameters
    ----------
    market
        One of `is_assignment`.
    weights
        Gain of each option.

    Returns
    -------
    Answer
        A choice with its value, which is also the bound; or infeasible, if some who must get an option cannot.
    """
    agents, resources, end = market.n_agents, len(market.capacity), market.n_agents + len(market.capacity)
    target = np.full(market.n_options, end)
    target[market.entry_option] = agents + market.resource
    idle = np.flatnonzero(~market.must_assign)
    open_ = np.flatnonzero(market.capacity > 0)
    flow = min_cost_flow(
        tail=np.concatenate([market.agent, idle, agents + open_]),
        head=np.concatenate([target, np.full(len(idle) + len(open_), end)]),
        capacity=np.concatenate(
            [
                np.ones(market.n_options + len(idle), dtype=np.int64),
                np.minimum(market.capacity[open_], agents),
            ]
        ),
        cost=np.concatenate([-weights, np.zeros(len(idle) + len(open_), dtype=np.int64)]),
        supply=np.concatenate([np.ones(agents, np.int64), np.zeros(resources, np.int64), [-agents]]),
    )
    if flow.status is Status.INFEASIBLE or flow.flow is None or flow.cost is None:
        return Answer(None, None, None, infeasible=True)
    taken = np.flatnonzero(flow.flow[: market.n_options])
    choice = np.full(agents, -1, dtype=np.int64)
    choice[market.agent[taken]] = taken
    return Answer(choice, -flow.cost, -flow.cost)
