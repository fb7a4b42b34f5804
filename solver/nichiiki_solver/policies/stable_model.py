"""The model of policy `stable`: which options are chosen, and which of the others block.

For each option o of agent a that could ever stand,

    block(o) ∨ as_good(a, rank of o) ∨ ⋁ {full(r, a, amount) : r of o}
    as_good(a, k)  ⇒  as_good(a, k - 1) ∨ ⋁ {x(o') : o' of a, rank k}
    full(r, a, amount)  ⇒  Σ amounts at r of others whose priority is not lower than a's  ≥  capacity of r - amount + 1

so that block(o) must be true exactly if o blocks (`nichiiki_solver.stability`). What keeps the model small: whoever holds
the same amount of a resource by several options is one literal; the sums run from one priority to the next (`above`), so
that each holder enters one of them; resources that are used alike are looked at once, at the smallest capacity; and
those that cannot be full not at all. Where one unit of one is asked the sums are clauses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from nichiiki_solver import cp_sat
from nichiiki_solver.cp_sat import Floor
from nichiiki_solver.dual_prices import source_of
from nichiiki_solver.market import Market
from nichiiki_solver.ragged import Ints
from nichiiki_solver.stability import keeps_locks

Term = tuple[cp_model.IntVar, int]
"""A variable and its amount."""


@dataclass
class _Level:
    """Holders of one priority at a resource, and what is held by those above them.

    Attributes
    ----------
    holders
        By agent: the literals that it holds something, with amounts.
    above
        Variable and value of what gates and holders of higher priority hold; None at the top without gates.
    """

    holders: dict[int, list[Term]]
    above: cp_model.IntVar | None


@dataclass
class _Resource:
    """A resource: its capacity, the largest amount of each agent, levels by priority."""

    capacity: int
    levels: dict[int, _Level]
    spare: bool


class StableModel:
    """The model: a variable for each option, and one for each option that may block.

    Parameters
    ----------
    market
        A listed market.
    floors
        Levels that must keep their value.
    hint
        A choice to start from.
    most
        Blocking options allowed; with 0 no option gets a variable of its own.

    Attributes
    ----------
    model, options, blocking
        The model, and its variables.
    """

    def __init__(
        self,
        market: Market,
        floors: tuple[Floor, ...] = (),
        hint: Ints | None = None,
        most: int | None = None,
    ) -> None:
        self.market = market
        self.model, self.options = cp_sat.build_model(market, floors, hint=hint)
        self.blocking: list[cp_model.IntVar] = []
        self._hint = None if hint is None else set(hint[hint >= 0].tolist())
        self._value: dict[int, int] = {}
        self._ranges: dict[int, tuple[int, int]] = {}
        if self._hint is not None:
            self._value = {x.index: int(o in self._hint) for o, x in enumerate(self.options)}
        self._points = source_of(market).priorities(market)
        self._by_resource = np.argsort(market.resource, kind="stable")
        self._ends = np.searchsorted(market.resource[self._by_resource], np.arange(len(market.capacity) + 1))
        self._same = self._used_alike()
        self._resources: dict[int, _Resource] = {}
        self._held: dict[bytes, cp_model.IntVar] = {}
        self._full: dict[tuple[int, int, int], cp_model.IntVar | None] = {}
        self._add_options(blocks=most != 0)
        if most:
            cp_sat.add_row(self.model, self.blocking, [1] * len(self.blocking), most)

    def _bool(self, value: int) -> cp_model.IntVar:
        """Return a new literal; `value` is what it is in the hint."""
        return self._hinted(self.model.new_bool_var(""), value)

    def _hinted(self, variable: cp_model.IntVar, value: int) -> cp_model.IntVar:
        if self._hint is not None:
            self._value[variable.index] = value
            self.model.add_hint(variable, value)
        return variable

    def _any(self, literals: Sequence[cp_model.IntVar]) -> int:
        """Whether one of some literals holds in the hint."""
        return int(any(self._value.get(each.index, 0) for each in literals))

    def _used_alike(self) -> Ints:
        """For each resource the one that stands for it: of those used alike the one of the smallest capacity."""
        market = self.market
        alike: dict[bytes, list[int]] = {}
        for resource in range(len(market.capacity)):
            entries = self._entries(resource)
            columns = (market.entry_option[entries], market.amount[entries], self._points[entries])
            alike.setdefault(np.stack(columns).tobytes(), []).append(resource)
        found = np.arange(len(market.capacity))
        for group in alike.values():
            found[group] = min(group, key=lambda resource: int(market.capacity[resource]))
        return found

    def _entries(self, resource: int) -> Ints:
        return self._by_resource[self._ends[resource] : self._ends[resource + 1]]

    def _add_options(self, *, blocks: bool) -> None:
        """Add the clause of every option that could ever stand."""
        market = self.market
        may = keeps_locks(market) & ~market.gate[market.agent]
        order, offsets = market.by_agent
        for agent in np.flatnonzero(~market.gate).tolist():
            mine = order[offsets[agent] : offsets[agent + 1]]
            as_good: list[cp_model.IntVar] = []
            for rank in np.unique(market.rank[mine]).tolist():
                equals = mine[market.rank[mine] == rank]
                as_good = [self._as_good([*as_good, *(self.options[o] for o in equals.tolist())])]
                for option in equals[may[equals]].tolist():
                    self._add_option(agent, option, as_good, blocks=blocks)

    def _as_good(self, literals: list[cp_model.IntVar]) -> cp_model.IntVar:
        """Literal that implies one of some."""
        if len(literals) == 1:
            return literals[0]
        found = self._bool(self._any(literals))
        self.model.add_bool_or([found.negated(), *literals])
        return found

    def _add_option(self, agent: int, option: int, as_good: list[cp_model.IntVar], *, blocks: bool) -> None:
        market = self.market
        entries = range(int(market.offsets[option]), int(market.offsets[option + 1]))
        full: dict[int, cp_model.IntVar] = {}
        for entry in entries:
            amount = int(market.amount[entry])
            if amount > 0:
                resource = int(self._same[market.resource[entry]])
                if not self._can_ever_fit(resource, amount):
                    return
                known = self._full_for(resource, agent, amount, int(self._points[entry]))
                full |= {} if known is None else {known.index: known}
        literals = [*as_good, *full.values()]
        if blocks:
            literals.append(self._bool(1 - self._any(literals)))
            self.blocking.append(literals[-1])
        self.model.add_bool_or(literals)

    def _can_ever_fit(self, resource: int, amount: int) -> bool:
        """Whether a resource with all its gates open is large enough for an amount."""
        market, entries = self.market, self._entries(resource)
        gates = market.gate[market.agent[market.entry_option[entries]]]
        return amount <= int(market.capacity[resource]) - int(market.amount[entries][gates].sum())

    def _full_for(self, resource: int, agent: int, amount: int, points: int) -> cp_model.IntVar | None:
        """Literal that implies that others leave no room for an amount; None if that cannot be."""
        key = resource, agent, amount
        if key not in self._full:
            self._full[key] = self._new_full(self._resource(resource), agent, amount, points)
        return self._full[key]

    def _new_full(self, at: _Resource, agent: int, amount: int, points: int) -> cp_model.IntVar | None:
        if at.spare:
            return None
        level, need = at.levels[points], at.capacity - amount + 1
        terms = [term for other, held in level.holders.items() if other != agent for term in held]
        above = [] if level.above is None else [(level.above, 1)]
        return self._threshold([*above, *terms], need)

    def _threshold(self, terms: Sequence[Term], need: int) -> cp_model.IntVar | None:
        """Literal that implies Σ amounts ≥ need; None if that cannot be."""
        if sum(max(self._ends_of(term)) for term in terms) < need:
            return None
        total = sum(amount * self._value.get(variable.index, 0) for variable, amount in terms)
        full = self._bool(int(total >= need))
        if need == 1 and all(amount > 0 and variable.index not in self._ranges for variable, amount in terms):
            self.model.add_bool_or([full.negated(), *(variable for variable, _ in terms)])
        else:
            expression = sum(
                (amount * variable for variable, amount in terms), cp_model.LinearExpr.constant(0)
            )
            self.model.add(expression >= need).only_enforce_if(full)
        return full

    def _ends_of(self, term: Term) -> tuple[int, int]:
        """Amount at the ends of a variable's range."""
        low, high = self._ranges.get(term[0].index, (0, 1))
        return term[1] * low, term[1] * high

    def _resource(self, resource: int) -> _Resource:
        if resource not in self._resources:
            self._resources[resource] = self._new_resource(resource)
        return self._resources[resource]

    def _new_resource(self, resource: int) -> _Resource:
        """Group the holders of a resource by priority, and sum them from the highest priority down."""
        market, entries = self.market, self._entries(resource)
        option, amount, points = market.entry_option[entries], market.amount[entries], self._points[entries]
        agent = market.agent[option]
        gate = market.gate[agent]
        used = _largest(agent[~gate], amount[~gate])
        capacity, supply = int(market.capacity[resource]), int(amount[gate].sum())
        found = _Resource(capacity, {}, spare=bool(used <= capacity + min(0, supply)))
        if found.spare:
            return found
        supplied = [(self.options[o], int(a)) for o, a in zip(option[gate], amount[gate], strict=True)]
        above = self._sum(supplied, None)
        for level in np.unique(points[~gate])[::-1].tolist():
            rows = np.flatnonzero(~gate & (points == level) & (amount > 0))
            holders = self._holders(agent[rows], option[rows], amount[rows])
            found.levels[level] = _Level(holders, above)
            above = self._sum([term for held in holders.values() for term in held], above)
        return found

    def _holders(self, agent: Ints, option: Ints, amount: Ints) -> dict[int, list[Term]]:
        """Literals that imply that an agent holds an amount, by agent."""
        found: dict[int, list[Term]] = {}
        pairs = np.unique(np.stack((agent, amount), axis=1), axis=0) if len(agent) else np.zeros((0, 2))
        for who, much in pairs.astype(np.int64).tolist():
            options = option[(agent == who) & (amount == much)]
            key = options.tobytes()
            if key not in self._held:
                self._held[key] = self._as_good([self.options[o] for o in options.tolist()])
            found.setdefault(who, []).append((self._held[key], much))
        return found

    def _sum(self, terms: list[Term], above: cp_model.IntVar | None) -> cp_model.IntVar | None:
        """Variable that is at most what is held above and by some terms."""
        every = [*([] if above is None else [(above, 1)]), *terms]
        if len(every) <= 1 and all(amount == 1 for _, amount in every):
            return every[0][0] if every else None
        ends = [self._ends_of(term) for term in every]
        low, high = sum(min(pair) for pair in ends), sum(max(pair) for pair in ends)
        value = sum(amount * self._value.get(v.index, 0) for v, amount in every)
        found = self._hinted(self.model.new_int_var(low, high, ""), value)
        self._ranges[found.index] = low, high
        self.model.add(found <= sum((amount * v for v, amount in every), cp_model.LinearExpr.constant(0)))
        return found


def _largest(agent: Ints, amount: Ints) -> int:
    """Most that agents can hold together, one option each."""
    if not len(agent):
        return 0
    most = np.zeros(int(agent.max()) + 1, dtype=np.int64)
    np.maximum.at(most, agent, amount)
    return int(most.sum())
