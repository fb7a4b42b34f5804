"""Who pays in the end: for the measures taken, the plans with the least own money."""

from __future__ import annotations

import numpy as np

from nichiiki_models.columns import NULL_INT
from nichiiki_models.instance import Instance
from nichiiki_solver import cp_sat
from nichiiki_solver.cp_sat import Floor
from nichiiki_solver.market import Market
from nichiiki_solver.measures import Plans, own_budgets
from nichiiki_solver.ragged import Bools, Ints, expand_rows


def settle_plans(instance: Instance, plans: Plans, taken: Ints) -> Ints:
    """Choose plans anew for measures that are taken.

    Parameters
    ----------
    plans
        Every plan.
    taken
        A plan of each measure taken; together they keep the budgets.

    Returns
    -------
    array
        The plans of the same measures, in the same order, with the least own money in all; of several such choices the
        first plan of each measure, one measure after the other in their order.
    """
    measures = np.unique(plans.measure[taken])
    rows = np.flatnonzero(np.isin(plans.measure, measures))
    market = _market(instance, plans, rows)
    place = np.arange(len(rows)) - np.searchsorted(plans.measure[rows], plans.measure[rows])
    start = np.full(market.n_agents, -1, dtype=np.int64)
    start[market.agent[np.searchsorted(rows, taken)]] = np.searchsorted(rows, taken)
    own, open_ = -plans.own_yen[rows], np.ones(len(rows), dtype=bool)
    choice = _best(market, open_, own, start, None)
    least = Floor(own, int(own[choice].sum()))
    offsets = np.searchsorted(market.agent, np.arange(market.n_agents + 1))
    for agent in range(market.n_agents):
        if place[choice[agent]] > 0:
            choice = _best(market, open_, np.where(market.agent == agent, -place, 0), choice, least)
        open_[offsets[agent] : offsets[agent + 1]] = False  # those before keep what they have
        open_[choice[agent]] = True
    return rows[choice[np.searchsorted(measures, plans.measure[taken])]]


def _market(instance: Instance, plans: Plans, rows: Ints) -> Market:
    """The market in which every measure must have one of its plans, and plans use money."""
    owner, paid = expand_rows(plans.offsets, rows)
    own = own_budgets(instance)
    limited = np.flatnonzero((plans.own_region[rows] >= 0) & (own[plans.own_region[rows]] != NULL_INT))
    region = plans.own_region[rows[limited]]
    agent = np.unique(plans.measure[rows], return_inverse=True)[1]
    return Market.from_columns(
        agent=agent,
        utility=-plans.own_yen[rows],
        option=np.concatenate((owner, limited)),
        resource=np.concatenate((plans.programme[paid], len(instance.programmes) + region)),
        amount=np.concatenate((plans.amount_yen[paid], plans.own_yen[rows[limited]])),
        capacity=np.concatenate((instance.programmes["budget_yen"], np.maximum(own, 0))),
        must_assign=np.ones(int(agent.max()) + 1, dtype=bool),
    )


def _best(market: Market, open_: Bools, weights: Ints, start: Ints, floor: Floor | None) -> Ints:
    """Maximise weights over open options, from a choice of such; one worker, so that every machine finds the same."""
    kept, number = np.flatnonzero(open_), np.cumsum(open_) - 1
    floors = () if floor is None else (Floor(floor.weights[kept], floor.least),)
    found = cp_sat.solve_level(
        market.take(open_), weights[kept], floors=floors, hint=number[start], workers=1
    ).choice
    if found is None:
        raise RuntimeError("no plans for measures of which plans are known")
    return kept[found]
