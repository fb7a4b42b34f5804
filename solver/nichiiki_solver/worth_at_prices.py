"""What a stay has to reach at given prices to be worth more to a household than what is known.

At given prices a stay is worth at most its own terms and what its household's needs bring at most (`nichiiki_solver.besides`), less
the price of the house. Where that is no more than what is gained already, the stay need not be looked at. So a whole nation is asked
about everything in little more than the time to list its wishes.
"""

from __future__ import annotations

import numpy as np

from nichiiki_models.instance import Instance
from nichiiki_solver.besides import Besides, Costs
from nichiiki_solver.calendar import Calendar
from nichiiki_solver.house_limits import HouseLimits
from nichiiki_solver.households import persons_of, total_points
from nichiiki_solver.known_prices import Prices
from nichiiki_solver.measures import Plans, find_additions
from nichiiki_solver.needs import Targets
from nichiiki_solver.options import Seats
from nichiiki_solver.ragged import Ints
from nichiiki_solver.uses import KINDS
from nichiiki_solver.worth import SHUT, Worth


def worth_of(
    instance: Instance,
    calendar: Calendar,
    weights: Ints,
    prices: Prices,
    known: Ints,
    scale: int,
    plans: Plans,
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
    plans
        Plans of the measures.
    """
    terms = _terms(instance, weights)
    helped = prices.of_kind(KINDS.index("quota_min"), len(instance.quotas), len(calendar))
    if min(terms.values(), default=0) < 0 or (terms["kept"] and len(instance.previous)) or helped.any():
        return None
    each = terms["placed"] + terms["persons"] * persons_of(instance)
    each = each + terms["points"] * np.maximum(total_points(instance), 0)
    targets, seats = Targets.of(instance), Seats.of(instance, calendar, plans)
    costs = _costs(instance, calendar, targets, prices, scale * terms["role_value"], len(seats.number))
    besides = Besides.of(instance, targets, seats, scale * terms["utility"], costs)
    price = prices.of_kind(KINDS.index("house_units"), len(instance.houses), len(calendar))
    closed = calendar.mask(instance.houses.lists("closed_periods"), empty=False) | ~calendar.open
    return Worth(
        known - scale * each,
        scale * terms["utility"],
        np.where(closed, SHUT, price[:, 1:].astype(float)),
        besides.at,
        persons_of(instance),
        HouseLimits.of(instance, find_additions(instance, calendar, plans)),
    )


def _terms(instance: Instance, weights: Ints) -> dict[str, int]:
    """Weight of each term of the objective."""
    found = dict.fromkeys(("utility", "role_value", "placed", "persons", "points", "kept"), 0)
    for weight, level in zip(weights.tolist(), instance.levels, strict=True):
        for name, share in level.weights.items():
            if name in found:
                found[name] += weight * share
    return found


def _costs(
    instance: Instance, calendar: Calendar, targets: Targets, prices: Prices, role_value: int, seats: int
) -> Costs:
    """What targets cost in a period of a stay, and bring beside their utility: value, and help towards a minimum above the price."""

    def of(kind: str, things: int) -> Ints:
        return prices.of_kind(KINDS.index(kind), things, len(calendar))

    roles, experiences = len(instance.roles), len(instance.experiences)
    role = of("role_max", roles) - of("role_min", roles)
    experience = of("experience_places", experiences) - of("experience_min", experiences)
    extra, first = np.zeros(len(targets.ids), dtype=np.int64), targets.first
    extra[first[1] : first[1] + roles] = np.maximum(-role, 0).sum(axis=1)
    extra[first[1] : first[1] + roles] += role_value * np.maximum(instance.roles["value"], 0)
    extra[first[3] : first[3] + experiences] = np.maximum(-experience, 0).sum(axis=1)
    once = np.zeros(len(targets.ids), dtype=np.int64)
    once[first[3] : first[3] + experiences] = np.maximum(experience[:, 0], 0)
    return Costs(np.maximum(role, 0)[:, 1:], of("seats", seats)[:, 1:], once, extra)
