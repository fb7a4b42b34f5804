"""Who pays in the end: for the measures taken, the plans with the least own money."""

from __future__ import annotations

import numpy as np

from nichiiki_models.columns import NULL_INT
from nichiiki_models.instance import Instance
from nichiiki_solver import cp_sat
from nichiiki_solver.cp_sat import Floor
from nichiiki_solver.market import Market
from nichiiki_solver.measures import Plans, own_budgets
from nichiiki_solver.ragged import Ints, expand_rows


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
    choice, floors = _best(market, -plans.own_yen[rows], start, ())
    for agent in range(market.n_agents):
        if place[choice[agent]] > 0:
            choice, floors = _best(market, np.where(market.agent == agent, -place, 0), choice, floors)
        else:
            floors = (*floors, Floor(np.where(market.agent == agent, -place, 0), 0))
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


def _best(
    market: Market, weights: Ints, start: Ints, floors: tuple[Floor, ...]
) -> tuple[Ints, tuple[Floor, ...]]:
    """Maximise weights from a choice that keeps the floors; one worker, so that every machine finds the same."""
    found = cp_sat.solve_level(market, weights, floors=floors, hint=start, workers=1).choice
    if found is None:
        raise RuntimeError("no plans for measures of which plans are known")
    return found, (*floors, Floor(weights, int(weights[found].sum())))
