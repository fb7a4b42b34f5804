"""How two allocations of one instance differ: who gains, who loses, and by what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict

Kind = Literal["gains", "loses", "moves"]
CauseKind = Literal["lock", "rule", "declined", "promoted", "capacity", "closed", "choice"]


class Got(BaseModel):
    """What a household has in one of the allocations.

    Attributes
    ----------
    houses, periods
        Its stays.
    targets
        Everything else, as ``list person target`` (without person where it is the household's).
    stay_rank
        Rank of the wish that the stay fulfils; None if it is not listed.
    utility, cost_yen
        Milli-points of the whole, and its monthly cost.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    houses: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    stay_rank: int | None = None
    utility: int = 0
    cost_yen: int = 0


class Cause(BaseModel):
    """Why a household does not have in one allocation what it has in the other.

    Attributes
    ----------
    kind
        ``lock``: a planner's override of the household stands against it. ``rule``: it is not allowed (any more). ``declined``,
        ``promoted``: the household gave its place up, or moved up. ``capacity``: what it needs is used up by others.
        ``closed``: a role or experience does not run. ``choice``: it would fit, but the policy chose otherwise.
    rule
        Id of the rule or of the shared capacity; None for a choice.
    where
        What it is about: house, facility, role … and periods.
    ahead, behind
        For ``capacity``: how many of the households that use it there come before this one in the order of the
        rules (section 7), and how many after it. Where nobody is ahead, the household was passed over.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: CauseKind
    rule: str | None = None
    where: str = ""
    ahead: int = 0
    behind: int = 0


class Change(BaseModel):
    """What changes for one household.

    Attributes
    ----------
    kind
        ``gains`` if it is placed and was not, or has more utility, or the same with a better rank of stay; ``loses`` the other
        way round; ``moves`` if what it has is another thing of the same worth.
    before, after
        What it has in each; None without a place.
    causes
        Why it does not have the worse one's better: of a loser in the second allocation, of a gainer in the first. Empty if it moves.
    broken
        Rules that what it has in the first, or the second, allocation breaks today (first: / second: and the id).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    household_id: str
    kind: Kind
    before: Got | None
    after: Got | None
    causes: tuple[Cause, ...] = ()
    broken: tuple[str, ...] = ()


class Total(BaseModel):
    """Sums over some households, before and after.

    Attributes
    ----------
    placed, persons, first_choices, utility
        Pairs (before, after): households with a place, persons in them, households whose stay has rank 1, milli-points.
    gains, loses, moves
        Households for which something changes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    placed: tuple[int, int]
    persons: tuple[int, int]
    first_choices: tuple[int, int]
    utility: tuple[int, int]
    gains: int
    loses: int
    moves: int


class Difference(BaseModel):
    """How two allocations differ; JSON both ways.

    Attributes
    ----------
    total, by_group
        Over all households, and over the members of each group.
    levels
        Value of each level of the objective, before and after.
    changes
        Households for which something changes, in canonical order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    total: Total
    by_group: Mapping[str, Total]
    levels: Mapping[str, tuple[int, int]]
    changes: tuple[Change, ...]
