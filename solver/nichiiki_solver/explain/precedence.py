"""Who came before whom, and by which key: the numbers behind `outranked` and `lottery`."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from nichiiki_models.columns import NULL_INT
from nichiiki_models.instance import Instance
from nichiiki_solver.explain.room import ORDERS, Turns
from nichiiki_solver.households import _field, lottery_numbers, total_points
from nichiiki_solver.market import lottery_number

Shown = int | str | None
SHOWN_DIGITS = 12
"""Hexadecimal digits of a lottery number that are shown; 48 bits tell households apart."""


class Precedence:
    """The keys by which households of an instance were put in order.

    Parameters
    ----------
    instance, policy, seed
        What was allocated, and how.
    turns
        The order that came of it.
    """

    def __init__(self, instance: Instance, policy: str, seed: int, turns: Turns) -> None:
        self.instance, self.turns, self.seed = instance, turns, seed
        self.order = np.argsort(turns.position)
        kind = ORDERS[policy]
        names = ("points", *instance.rules.procedure.tie_order) if kind == "procedure" else ()
        self.names = (*(("applied_at",) if kind == "application" else names), "lottery")
        self._one_ticket = kind == "random"

    def first_difference(self, household: int, rank: int, moment: int) -> dict[str, Shown]:
        """Return the first key in which a household differs from the one that chose at a moment, with both values.

        Parameters
        ----------
        household, rank
            Who asks, and for a stay of which rank.
        moment
            When the other one chose.
        """
        size = len(self.order)
        other = int(self.order[moment % size if self.turns.by_rank else moment])
        if self.turns.by_rank and moment // size != rank:
            return {"key": "stay_rank", "own": rank, "theirs": moment // size}
        return self.difference(household, other)

    def difference(self, household: int, other: int) -> dict[str, Shown]:
        """Return the first key of the order in which two households differ, with both values."""
        for name in self.names:
            own, theirs = self._value(name, household), self._value(name, other)
            if own != theirs:
                return {"key": name, "own": own, "theirs": theirs}
        raise RuntimeError("two households have one lottery number")

    def _value(self, name: str, household: int) -> Shown:
        if name == "points":
            return int(self._points[household])
        if name == "lottery":
            return f"{self._numbers[household]:064x}"[:SHOWN_DIGITS]
        value = _field(self.instance, name)[household]
        if isinstance(value, np.datetime64):
            return None if np.isnat(value) else str(value.astype(datetime))
        return None if value == NULL_INT else int(value)

    @property
    def _points(self) -> np.ndarray:
        if not hasattr(self, "_known_points"):
            self._known_points = total_points(self.instance)
        return self._known_points

    @property
    def _numbers(self) -> list[int]:
        if not hasattr(self, "_known_numbers"):
            ids = self.instance.households["household_id"].tolist()
            self._known_numbers = (
                [lottery_number(self.seed, name, 1) for name in ids]
                if self._one_ticket
                else lottery_numbers(self.instance, self.seed)
            )
        return self._known_numbers
