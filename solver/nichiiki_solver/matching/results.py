"""What comes back: a matching over its market, which can check itself; or how a search for one ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from nichiiki_models.allocation import Status, StopReason, Violation
from nichiiki_models.errors import VerificationError
from nichiiki_solver.matching import checks
from nichiiki_solver.matching.checks import Stability
from nichiiki_solver.matching.market import TwoSided
from nichiiki_solver.ragged import Bools, Ints

MOST_LISTED = 20
"""Violations that an error lists at most."""


@dataclass(frozen=True)
class Matching:
    """Who is matched with whom.

    Attributes
    ----------
    market
        The market it belongs to.
    held
        Mask of the market's pairs that are matched.
    """

    market: TwoSided
    held: Bools

    @property
    def pairs(self) -> Ints:
        """Matched pairs (left, right), one a row, in the order of the left ids."""
        return np.stack([self.market.left[self.held], self.market.right[self.held]], axis=1)

    @property
    def size(self) -> int:
        """Number of matched pairs."""
        return int(self.held.sum())

    @property
    def cost(self) -> int:
        """Sum of the ranks (0 = best) that both sides give their partners: the egalitarian cost."""
        return int(self.market.left_rank[self.held].sum() + self.market.right_rank[self.held].sum())

    @property
    def regret(self) -> int:
        """Worst rank (0 = best) that anybody gives a partner; -1 if nobody has one."""
        ranks = np.maximum(self.market.left_rank, self.market.right_rank)[self.held]
        return int(ranks.max(initial=-1))

    def blocking_pairs(self, stability: Stability = "weak") -> list[tuple[int, int]]:
        """Pairs (left, right) that would rather be matched with each other; see `checks.blocking`."""
        return self._pairs(checks.blocking(self.market, self.held, stability=stability))

    def justified_envy(self) -> list[tuple[int, int]]:
        """Pairs (l, r) in which l envies somebody at r whom r ranks below l."""
        return self._pairs(checks.justified_envy(self.market, self.held))

    def wasted(self) -> list[tuple[int, int]]:
        """Pairs (l, r) in which l would rather be at r, where there is room."""
        return self._pairs(checks.wasted(self.market, self.held))

    def pareto_improvement(self) -> list[tuple[int, int]]:
        """Moves (left, new right) that make some left agents better off and none worse; [] if there are none."""
        return checks.pareto_improvement(self.market, self.held)

    def _pairs(self, mask: Bools) -> list[tuple[int, int]]:
        found = np.flatnonzero(mask)
        return list(zip(self.market.left[found].tolist(), self.market.right[found].tolist(), strict=True))


class OneEach(Matching):
    """A matching in which each left agent has at most one partner."""

    @property
    def right_of(self) -> Ints:
        """Partner of each left agent; -1 = none."""
        partner = np.full(self.market.n_left, -1, dtype=np.int64)
        partner[self.market.left[self.held]] = self.market.right[self.held]
        return partner


class HospitalMatching(OneEach):
    """A matching of residents (left) to hospitals (right)."""

    @property
    def hospital_of(self) -> Ints:
        """Hospital of each resident; -1 = unmatched."""
        return self.right_of

    def residents_of(self, hospital: int) -> Ints:
        """Residents of a hospital, best first."""
        low, high = self.market.right_offsets[hospital : hospital + 2]
        mine = self.market.by_right[low:high]
        return np.asarray(self.market.left[mine[self.held[mine]]])


class Marriage(OneEach):
    """A matching in which everybody has at most one partner."""

    @property
    def left_of(self) -> Ints:
        """Partner of each right agent; -1 = none."""
        partner = np.full(self.market.n_right, -1, dtype=np.int64)
        partner[self.market.right[self.held]] = self.market.left[self.held]
        return partner


class HasSize(Protocol):
    """What a search looks for."""

    @property
    def size(self) -> int:
        """Number of matched pairs."""
        ...


Found = TypeVar("Found", bound=HasSize, covariant=True)


@dataclass(frozen=True)
class Search(Generic[Found]):
    """How the search for a matching ended; that there is none is a result.

    Attributes
    ----------
    status
        OPTIMAL: found, and nothing is better. FEASIBLE: found. INFEASIBLE: there is none. UNKNOWN: none was found in time.
    reason
        Why the search stopped.
    matching
        The matching; None unless one was found.
    bound
        No such matching is larger; None where unknown.
    blocking_bound
        No matching has fewer blocking pairs; 0 where a stable one was asked for.
    seconds
        Wall time.
    """

    status: Status
    reason: StopReason
    matching: Found | None = None
    bound: int | None = None
    blocking_bound: int = 0
    seconds: float = 0.0


Checked = TypeVar("Checked", bound=Matching)


def certified(matching: Checked, *, stability: Stability = "weak") -> Checked:
    """Return a matching that passes its check.

    Raises
    ------
    VerificationError
        If it does not: it is withheld.
    """
    over = checks.over_capacity(matching.market, matching.held)
    names = [
        f"{side}={i}" for side, agents in zip(("left", "right"), over, strict=True) for i in agents.tolist()
    ]
    broken = [Violation(rule="match_capacity", where=name) for name in names[:MOST_LISTED]]
    broken += [
        Violation(rule="blocking_pair", where=f"left={left} right={right}")
        for left, right in matching.blocking_pairs(stability)[:MOST_LISTED]
    ]
    if broken:
        raise VerificationError(broken)
    return matching
