"""What the needs of households bring at most beside a stay, at given prices, by the periods of the stay.

Every need gets the best that it wishes for, wherever that is, less what it costs in the periods of the stay; two roles the best one
twice. That is more than any stay brings, and mostly little more than nothing where what is wished for is dear.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nichiiki_models.instance import Instance
from nichiiki_solver.needs import CARE, DESK, NEED_LISTS, ROLE, Needs, Targets, list_rule, needs_of
from nichiiki_solver.options import Seats, band_rows
from nichiiki_solver.ragged import Array, Bools, Floats, Ints, expand_rows, first_of_group, group, offsets_of
from nichiiki_solver.stays import utility_of


@dataclass(frozen=True)
class Costs:
    """What targets cost at least in each period of a stay, and what each may bring beside its utility.

    Attributes
    ----------
    role, seat
        Of each role, and of each row of `Seats` (matrices, things × periods); not negative.
    once, extra
        Of each target: what it costs whatever the stay is, and what it may bring; not negative.
    """

    role: Ints
    seat: Ints
    once: Ints
    extra: Ints


@dataclass(frozen=True)
class Besides:
    """The needs of each household, and what they wish for.

    Attributes
    ----------
    need_offsets, wish_offsets
        Needs of each household, and wishes of each need (CSR).
    least, several
        Of each need: what it brings without any of its wishes, and how many of the best one it may have.
    value, thing, amount
        Of each wish: what it brings for nothing, which row of `cost` it takes and how much of it.
    cost
        Of each thing in each period (matrix); the last row costs nothing.
    """

    need_offsets: Ints
    wish_offsets: Ints
    least: Ints
    several: Ints
    value: Ints
    thing: Ints
    amount: Ints
    cost: Floats

    @classmethod
    def of(cls, instance: Instance, targets: Targets, seats: Seats, worth: int, costs: Costs) -> Besides:
        """Read the needs of an instance.

        Parameters
        ----------
        instance, targets, seats
            Whose needs they are, and what can answer them.
        worth
            What a unit of utility is worth; not negative.
        costs
            What targets cost and bring.
        """
        needs, need_of_wish, wish = needs_of(instance)
        kind = instance.choices["target_kind"][wish]
        said = kind != "none"
        need, wish, code = need_of_wish[said], wish[said], needs.list[need_of_wish[said]]
        target = targets.find(instance, kind[said], instance.choices["target_id"][wish])
        of_list = _most_of_list(targets, costs.extra)
        value = np.where(target >= 0, np.append(costs.extra - costs.once, 0)[target], of_list[code])
        value += worth * _utilities(instance, code, wish)
        thing = _things(instance, targets, needs, seats, need, target)
        open_lists = np.array([list_rule(instance, number).accept_unlisted for number in range(len(of_list))])
        least = np.where(open_lists[needs.list], of_list[needs.list], 0)
        order, wish_offsets = group(need, len(needs.list))
        return cls(
            offsets_of(np.bincount(needs.household, minlength=len(instance.households))),
            wish_offsets,
            np.maximum(least, worth * needs.nothing_utility),
            np.where(needs.list == ROLE, instance.rules.limits.roles_per_person, 1),
            value[order],
            thing[order],
            _amounts(instance, needs, need)[order],
            np.pad(np.concatenate((costs.role, costs.seat)), ((0, 1), (0, 0))).astype(float),
        )

    def at(self, households: Ints, periods: Bools) -> Ints:
        """What the needs of some households bring at most, for each of some patterns of a stay.

        Parameters
        ----------
        households
            Any.
        periods
            Periods of each pattern (matrix).

        Returns
        -------
        array
            Households × patterns.
        """
        household, need = expand_rows(self.need_offsets, households)
        i, wish = expand_rows(self.wish_offsets, need)
        things, which = np.unique(self.thing[wish], return_inverse=True)
        # whole numbers below 2^53, in floats for the sake of a quick product
        cost = (self.cost[things] @ periods.T.astype(float)).astype(np.int64)
        best = np.repeat(self.least[need][:, None], len(periods), axis=1)
        worth = self.value[wish][:, None] - self.amount[wish][:, None] * cost[which]
        first = np.flatnonzero(first_of_group(i))
        if len(first):
            best[i[first]] = np.maximum(best[i[first]], np.maximum.reduceat(worth, first))
        total = np.zeros((len(households), len(periods)), dtype=np.int64)
        first = np.flatnonzero(first_of_group(household))
        if len(first):
            total[household[first]] = np.add.reduceat(self.several[need][:, None] * best, first)
        return total


def _most_of_list(targets: Targets, extra: Ints) -> Ints:
    """The largest that a target of each list may bring beside its utility."""
    found = np.zeros(len(NEED_LISTS), dtype=np.int64)
    np.maximum.at(found, targets.lists, extra)
    return found


def _utilities(instance: Instance, code: Ints, wish: Ints) -> Ints:
    found = np.zeros(len(wish), dtype=np.int64)
    for number, name in enumerate(NEED_LISTS):
        rows = np.flatnonzero(code == number)
        rank, score = instance.choices["rank"][wish[rows]], instance.choices["score"][wish[rows]]
        found[rows] = utility_of(instance, name, rank, score)
    return found


def _things(
    instance: Instance, targets: Targets, needs: Needs, seats: Seats, need: Ints, target: Ints
) -> Ints:
    """Row of the costs that each wish takes: of a role, then of a seat; the last one where that is not known."""
    roles, code = len(instance.roles), needs.list[need]
    known = (target >= 0) & (np.append(targets.lists, -1)[target] == code)
    found = np.full(len(need), roles + len(seats.number), dtype=np.int64)
    of_role, of_seat = np.flatnonzero(known & (code == ROLE)), np.flatnonzero(known & (code <= DESK))
    found[of_role] = target[of_role] - targets.first[1]
    row = band_rows(instance, targets, needs, seats, need[of_seat], target[of_seat])
    found[of_seat[row >= 0]] = roles + row[row >= 0]
    return found


def _amounts(instance: Instance, needs: Needs, need: Ints) -> Array:
    """How much each wish takes of its thing: days of care, else one."""
    days = np.append(instance.persons["care_days"], 0)[needs.person[need]]
    return np.where(needs.list[need] == CARE, days, 1)
