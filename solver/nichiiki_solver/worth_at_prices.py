"""What a stay has to reach at given prices to be worth more to a household than what is known.

At given prices a stay is worth at most its own terms, all that could answer to the household's needs for nothing, and what is paid for
help towards a minimum, less the price of the house. Where that is no more than the household gains already, the stay need not be
looked at. So a whole nation is asked about everything in little more than the time to list its wishes.
"""

from __future__ import annotations

import numpy as np

from nichiiki_models.instance import Instance
from nichiiki_solver.calendar import Calendar
from nichiiki_solver.households import persons_of, total_points
from nichiiki_solver.known_prices import Prices
from nichiiki_solver.needs import Targets, best_of_needs
from nichiiki_solver.ragged import Ints
from nichiiki_solver.uses import KINDS
from nichiiki_solver.worth import Worth


def worth_of(
    instance: Instance, calendar: Calendar, weights: Ints, prices: Prices, known: Ints, scale: int
) -> Worth | None:
    """Say what stays have to reach at prices; None where a term of the objective or a price has no bound here.

    Parameters
    ----------
    instance, calendar
        Whose stays they are.
    weights
        Weight of each level of utility.
    prices
        What is shared costs so much, in 1/`scale`.
    known
        What each household gains already, in 1/`scale`.
    scale
        Parts of a unit in which prices are counted.
    """
    terms = _terms(instance, weights)
    helped = prices.of_kind(KINDS.index("quota_min"), len(instance.quotas), len(calendar))
    if min(terms.values(), default=0) < 0 or (terms["kept"] and len(instance.previous)) or helped.any():
        return None
    each = terms["placed"] + terms["persons"] * persons_of(instance)
    each = each + terms["points"] * np.maximum(total_points(instance), 0)
    targets = Targets.of(instance)
    extra = _extra(instance, calendar, targets, prices, scale * terms["role_value"])
    rest = best_of_needs(instance, targets, scale * terms["utility"], extra)
    price = prices.of_kind(KINDS.index("house_units"), len(instance.houses), len(calendar))
    return Worth(known - scale * each - rest, scale * terms["utility"], price[:, 1:])


def _terms(instance: Instance, weights: Ints) -> dict[str, int]:
    """Weight of each term of the objective."""
    found = dict.fromkeys(("utility", "role_value", "placed", "persons", "points", "kept"), 0)
    for weight, level in zip(weights.tolist(), instance.levels, strict=True):
        for name, share in level.weights.items():
            if name in found:
                found[name] += weight * share
    return found


def _extra(instance: Instance, calendar: Calendar, targets: Targets, prices: Prices, role_value: int) -> Ints:
    """What each target may bring beside its utility: the value of a role, and help towards a minimum beyond its own price."""

    def help_towards(least: str, most: str, things: int) -> Ints:
        paid, cost = (prices.of_kind(KINDS.index(kind), things, len(calendar)) for kind in (least, most))
        return np.asarray(np.maximum(paid - cost, 0).sum(axis=1))

    found = np.zeros(len(targets.ids), dtype=np.int64)
    first, roles, experiences = targets.first, len(instance.roles), len(instance.experiences)
    found[first[1] : first[1] + roles] = help_towards("role_min", "role_max", roles)
    found[first[1] : first[1] + roles] += role_value * np.maximum(instance.roles["value"], 0)
    found[first[3] : first[3] + experiences] = help_towards(
        "experience_min", "experience_places", experiences
    )
    return found
