"""What is left of every shared resource for a household, beside what the others hold or those before it held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nichiiki_models.allocation import Allocation
from nichiiki_models.instance import Instance
from nichiiki_solver.gates import Gates
from nichiiki_solver.households import order_of_households
from nichiiki_solver.market import Order
from nichiiki_solver.ragged import Ints, expand_rows, offsets_of
from nichiiki_solver.uses import KINDS, MINIMUMS, Uses

ORDERS: dict[str, Order] = {
    "points": "procedure",
    "first_come": "application",
    "lottery": "lottery",
    "serial_dictatorship": "random",
}
"""Policies that let households choose one after the other, and in which order."""


@dataclass(frozen=True)
class Turns:
    """When each household chose.

    Attributes
    ----------
    position
        Place of each household in the order, 0 = first.
    by_rank
        Whether wishes of a better rank go before the order.
    """

    position: Ints
    by_rank: bool

    def at(self, household: Ints, rank: Ints) -> Ints:
        """Moment at which households choose among stays of a rank."""
        return self.position[household] + (rank * len(self.position) if self.by_rank else 0)


def turns_of(instance: Instance, allocation: Allocation) -> Turns | None:
    """Say when each household chose; None if the policy has no such order, or places were declined and offered again."""
    policy, kind = allocation.policy, instance.rules.procedure.kind
    if policy not in ORDERS or (policy == "points" and kind == "per_target") or len(allocation.standings):
        return None
    order = order_of_households(instance, allocation.seed, ORDERS[policy])
    position = np.empty(len(order), dtype=np.int64)
    position[order] = np.arange(len(order))
    return Turns(position, policy == "points" and kind == "by_rank")


def order_at_targets(instance: Instance, allocation: Allocation) -> Ints | None:
    """Place of each household in the order that decides between equal points at a target; None where places do not choose."""
    chosen = allocation.policy == "points" and instance.rules.procedure.kind == "per_target"
    if not chosen or len(allocation.standings):
        return None
    return np.argsort(order_of_households(instance, allocation.seed, "procedure"))


class Room:
    """What there is, what is held, and what is left.

    Parameters
    ----------
    uses
        Resources and gates; the measures among these are taken (`as_built`).
    household, resource, amount
        What each placed household holds, entry by entry.
    turn
        Moment at which each household took what it holds; None if there was no order.
    """

    def __init__(self, uses: Uses, household: Ints, resource: Ints, amount: Ints, turn: Ints | None) -> None:
        self.uses = uses
        self.size = len(uses.resources)
        self.used = np.zeros(self.size, dtype=np.int64)
        np.add.at(self.used, resource, amount)
        self.limits = np.isin(
            uses.resources.kind,
            [KINDS.index(k) for k in (*MINIMUMS, "quota_min", "lock")],
            invert=True,
        )
        first = 2 * int((uses.gates.plan < 0).sum())
        self.top, self.gate = uses.gates.resource[:first:2], uses.gates.resource[1:first:2]
        self.most, self.least = -uses.gates.amount[:first:2], uses.gates.amount[1:first:2]
        self.capacity = uses.resources.capacity + _built(uses.gates, self.size)
        self.open = self.used[self.gate] < 0
        self.capacity[self.top[self.open]] += self.most[self.open]
        self.gate_of = np.full(self.size, -1, dtype=np.int64)
        self.gate_of[self.top] = np.arange(len(self.top))
        keys, total = _summed(household * self.size + resource, amount)
        self._own_keys, self._own = keys, total
        self._by_resource: tuple[Ints, Ints] | None = None
        self.turn = turn
        if turn is not None:
            self._index_turns(household, resource, amount, turn)

    def _index_turns(self, household: Ints, resource: Ints, amount: Ints, turn: Ints) -> None:
        self._span = int(turn.max(initial=0)) + 2
        keys, total = _summed(resource * self._span + turn[household], amount)
        self._turn_keys, self._turn_sums = keys, offsets_of(total)

    def holders(self, resource: Ints) -> tuple[Ints, Ints, Ints]:
        """Who holds how much of resources: number in `resource`, household, amount."""
        if self._by_resource is None:
            order = np.argsort(self._own_keys % self.size, kind="stable")
            counts = np.bincount(self._own_keys % self.size, minlength=self.size)
            self._by_resource = order, offsets_of(counts)
        order, offsets = self._by_resource
        owner, position = expand_rows(offsets, resource)
        entry = order[position]
        return owner, self._own_keys[entry] // self.size, self._own[entry]

    def own(self, household: Ints, resource: Ints) -> Ints:
        """What households hold of resources themselves."""
        return _look_up(self._own_keys, self._own, household * self.size + resource)

    def ahead(self, turn: Ints, resource: Ints) -> Ints:
        """What was held of resources before moments."""
        moment = np.minimum(turn, self._span - 1)
        low = np.searchsorted(self._turn_keys, resource * self._span)
        high = np.searchsorted(self._turn_keys, resource * self._span + moment)
        return np.asarray(self._turn_sums[high] - self._turn_sums[low])

    def last_before(self, turn: int, resource: int) -> int:
        """Moment of the last one who took some of a resource before a moment; -1 if nobody did."""
        high = int(np.searchsorted(self._turn_keys, resource * self._span + min(turn, self._span - 1)))
        if high == 0 or self._turn_keys[high - 1] < resource * self._span:
            return -1
        return int(self._turn_keys[high - 1]) - resource * self._span

    def held_by_others(self, household: Ints, turn: Ints | None, resource: Ints) -> Ints:
        """What the others hold (with moments: what those before held)."""
        if turn is not None:
            return self.ahead(turn, resource)
        return np.asarray(self.used[resource] - self.own(household, resource))

    def blocked(self, household: Ints, turn: Ints | None, owner: Ints, resource: Ints, amount: Ints) -> Ints:
        """Count, for each row, the entries for which too little is left.

        Parameters
        ----------
        household, turn
            Of each row: who asks, and when (None: with what all others hold).
        owner, resource, amount
            Entries of the rows.
        """
        at = None if turn is None else turn[owner]
        left = self.capacity[resource] - self.held_by_others(household[owner], at, resource)
        short = (amount > 0) & self.limits[resource] & (amount > np.maximum(left, 0))
        return np.bincount(owner[short], minlength=len(household))


def _built(gates: Gates, size: int) -> Ints:
    """What measures add to each resource, all of them being taken; a measure with several plans adds it once."""
    rows = np.flatnonzero(gates.plan >= 0)
    rows = rows[np.unique(gates.agent[rows], return_index=True)[1]]
    _, entry = expand_rows(gates.offsets, rows)
    entry = entry[gates.amount[entry] < 0]
    added = np.zeros(size, dtype=np.int64)
    np.add.at(added, gates.resource[entry], -gates.amount[entry])
    return added


def _summed(keys: Ints, amounts: Ints) -> tuple[Ints, Ints]:
    """Distinct keys ascending, and the sum of the amounts of each."""
    distinct, first = np.unique(keys, return_inverse=True)
    total = np.zeros(len(distinct), dtype=np.int64)
    np.add.at(total, first.reshape(-1), amounts)
    return distinct, total


def _look_up(keys: Ints, values: Ints, wanted: Ints) -> Ints:
    if not len(keys):
        return np.zeros(len(wanted), dtype=np.int64)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], 0)
