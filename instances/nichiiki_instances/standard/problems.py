"""What the readers of published problems return: plain frozen columns, without any solver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Tier = tuple[int, ...]
"""Numbers that are tied; one alone where there is no tie."""
Order = tuple[Tier, ...]
"""Tiers from best to worst."""


class StandardProblem(NamedTuple):
    """A published problem; published value = sense · objective + offset.

    Attributes
    ----------
    problem
        `MarketColumns`, `FlowProblem`, `Preferences` or `HospitalResidents`.
    sense
        1 or -1, divided by the scale that made decimals whole; a `Fraction` then, so that nothing is rounded.
    offset
        What is added to it.
    """

    problem: Any
    sense: int | Fraction = 1
    offset: int | Fraction = 0


@dataclass(frozen=True, eq=False)
class _Columns:
    """Frozen columns that are equal when their contents are."""

    @property
    def columns(self) -> dict[str, Any]:
        """The fields by name, as keyword arguments."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return NotImplemented
        theirs = other.columns
        return all(np.array_equal(value, theirs[name]) for name, value in self.columns.items())

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, eq=False)
class MarketColumns(_Columns):
    """A market as the arguments of ``Market.from_columns(**problem.columns)``.

    Attributes
    ----------
    agent, utility
        Of each option: who may take it, and what it yields.
    option, resource, amount
        Entry j: ``option[j]`` uses ``amount[j]`` of ``resource[j]``; a negative amount supplies.
    capacity
        Of each resource.
    must_assign
        Agents that must take an option.
    n_agents
        Number of agents.
    """

    agent: Ints
    utility: Ints
    option: Ints
    resource: Ints
    amount: Ints
    capacity: Ints
    must_assign: Bools
    n_agents: int


@dataclass(frozen=True, eq=False)
class FlowProblem(_Columns):
    """A minimum-cost flow, nodes and arcs counted from 0, lower bounds moved into the supplies.

    Attributes
    ----------
    tail, head, capacity, cost
        Of each arc.
    supply
        Of each node; negative = demand; sums to zero.
    """

    tail: Ints
    head: Ints
    capacity: Ints
    cost: Ints
    supply: Ints


@dataclass(frozen=True)
class Preferences:
    """Ballots over alternatives, counted from 0.

    Attributes
    ----------
    kind
        ``soc``, ``soi``, ``toc`` or ``toi``: strict or with ties, complete or not.
    names
        Of the alternatives.
    counts, orders
        How many voters cast each order; the order as tiers from best to worst.
    about
        The other metadata of the file, in its order.
    """

    kind: str
    names: tuple[str, ...]
    counts: tuple[int, ...]
    orders: tuple[Order, ...]
    about: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class HospitalResidents:
    """Residents and hospitals with ties, counted from 0.

    Attributes
    ----------
    resident_prefs, hospital_prefs
        Tiers of each resident and of each hospital, from best to worst; only pairs that list each other.
    capacities
        Posts of each hospital.
    dropped
        Pairs left out because only one side lists the other.
    """

    resident_prefs: tuple[Order, ...]
    hospital_prefs: tuple[Order, ...]
    capacities: tuple[int, ...]
    dropped: int = 0

    @property
    def columns(self) -> dict[str, Any]:
        """Nested lists as the arguments of ``nichiiki.matching.hospital_residents``."""
        return {
            "resident_prefs": [_nested(order) for order in self.resident_prefs],
            "hospital_prefs": [_nested(order) for order in self.hospital_prefs],
            "capacities": list(self.capacities),
        }


def _nested(order: Order) -> list[int | list[int]]:
    return [tier[0] if len(tier) == 1 else list(tier) for tier in order]
