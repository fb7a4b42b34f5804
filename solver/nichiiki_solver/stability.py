"""Blocking options: whose better option would stand if priorities were asked.

An option o of an agent a *blocks* a choice if

1. a prefers o: a has nothing, or an option of a higher rank number;
2. o keeps the locks of a (the private demands that no other agent can meet); and
3. at every resource of which o takes some, there is room for o once a has given up what it has and every holder of lower
   priority than a has left. Holders of equal priority stay, and so does what open gates supply.

A resource that is too small for o never has room. A gate that is closed supplies nothing, so nothing blocks at a role
that does not run; nobody is asked whether it should. Where every option uses one unit of one resource this is the
blocking pair of Gale and Shapley, with equal priorities in the weak sense.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from nichiiki_solver.dual_prices import source_of
from nichiiki_solver.market import Market
from nichiiki_solver.ragged import Bools, Ints

Holding = tuple[int, int, int]
"""Agent, amount and priority."""


def blocking_options(market: Market, choice: Ints) -> Ints:
    """List the options that block a choice.

    Parameters
    ----------
    market
        A listed market.
    choice
        Option of each agent, -1 = none.
    """
    held = choice[market.agent]
    rank = np.where(held >= 0, market.rank[held], np.iinfo(np.int64).max)
    wanted = (market.rank < rank) & ~market.gate[market.agent] & keeps_locks(market)
    points = source_of(market).priorities(market).tolist()
    holdings = _holdings(market, choice, points)
    ends = market.offsets.tolist()
    rows = [slice(low, high) for low, high in pairwise(ends)]
    found = [
        option
        for option in np.flatnonzero(wanted).tolist()
        if all(
            _has_room(market, entry, points[entry], int(market.agent[option]), holdings)
            for entry in range(rows[option].start, rows[option].stop)
        )
    ]
    return np.array(found, dtype=np.int64)


def _holdings(market: Market, choice: Ints, points: list[int]) -> dict[int, list[Holding]]:
    """Who holds how much of each resource."""
    found: dict[int, list[Holding]] = {}
    for option in choice[choice >= 0].tolist():
        for entry in range(int(market.offsets[option]), int(market.offsets[option + 1])):
            holding = int(market.agent[option]), int(market.amount[entry]), points[entry]
            found.setdefault(int(market.resource[entry]), []).append(holding)
    return found


def _has_room(
    market: Market, entry: int, priority: int, agent: int, holdings: dict[int, list[Holding]]
) -> bool:
    """Whether an entry has room beside the holders that are not of lower priority."""
    resource, amount = int(market.resource[entry]), int(market.amount[entry])
    if amount <= 0:
        return True
    staying = sum(
        held
        for other, held, points in holdings.get(resource, [])
        if other != agent and (market.gate[other] or points >= priority)
    )
    return staying + amount <= int(market.capacity[resource])


def keeps_locks(market: Market) -> Bools:
    """Mask of the options that meet the private demands of their agent."""
    kept = np.ones(market.n_options, dtype=bool)
    owner = market.agent[market.entry_option]
    for resource in np.flatnonzero(market.capacity < 0).tolist():
        entries = np.flatnonzero(market.resource == resource)
        agents = np.unique(owner[entries])
        if len(agents) == 1 and not market.gate[agents[0]]:
            meets = np.zeros(market.n_options, dtype=bool)
            enough = market.amount[entries] <= market.capacity[resource]
            meets[market.entry_option[entries[enough]]] = True
            kept &= meets | (market.agent != agents[0])
    return kept
