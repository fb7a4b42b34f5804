"""Dynamic mode: households arrive over time, each round places those who wait, and hindsight says what that cost.

1. Rounds are moments. In a round those who applied before it and have not withdrawn are known; who has no ``applied_at`` is
   known from the start.
2. Who was placed in an earlier round stays placed: house and periods are fixed, its seats, roles, supporter and experiences
   are locks of effect ``must``, and it goes first where a policy follows an order. A household may exchange seats among its
   own members.
3. Periods that have begun at a round are over for those who wait: windows shrink to what is left, and a household whose wish
   no longer fits in (a fixed stay that has begun, a window shorter than the stay) has expired and leaves.
4. A household that withdraws before it is placed leaves. One that withdraws after it was placed gives everything back if its
   stay has not begun at that round; a stay that has begun is kept to its end.
5. The last round's allocation is checked against the whole instance by `verify` and valued there by `evaluate`.
6. Hindsight solves the whole instance at once, knowing every arrival and no withdrawal. Everything a simulation can end with
   is feasible there, so the bound of hindsight bounds every order of decisions, and
   gap = (bound - value) / max(1, |value|) on the first level of the objective.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from nichiiki_models.allocation import Allocation, Status, Unplaced
from nichiiki_models.errors import UsageError, VerificationError
from nichiiki_models.instance import Instance
from nichiiki_models.table import Table
from nichiiki_models.tables import Choice, Household, Lock
from nichiiki_solver.allocating import allocate
from nichiiki_solver.evaluate import evaluate
from nichiiki_solver.verify import verify

FIRST = 1_000_000
"""Points of a placed household in later rounds: the most there are, so that it goes first."""
KINDS = {
    "school": "facility",
    "care": "facility",
    "desk": "facility",
    "role": "role",
    "experience": "experience",
}
REASON = "placed in an earlier round"


class Round(BaseModel):
    """One round.

    Attributes
    ----------
    at
        When.
    waiting, placed, kept
        Households that waited, those of them now placed, and those placed before.
    expired, withdrawn
        Households that left since the round before.
    status
        How the run ended; without an answer everybody waits on.
    seconds
        Wall time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: datetime
    waiting: int
    placed: int
    kept: int
    expired: tuple[str, ...]
    withdrawn: tuple[str, ...]
    status: Status
    seconds: float


class Simulation(BaseModel):
    """What a simulation ended with.

    Attributes
    ----------
    policy, seed
        What decided in each round.
    rounds
        In order of time.
    allocation
        Who ends up with what, in the whole instance; None if nobody was ever placed.
    placed_in
        Round (from 0) in which each placed household was placed.
    value
        First level of the objective of the whole instance; 0 without an allocation.
    hindsight, hindsight_bound
        Value and bound of the whole instance solved at once; None if not asked for or not found.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: str
    seed: int
    rounds: tuple[Round, ...]
    allocation: Allocation | None
    placed_in: dict[str, int]
    value: int
    hindsight: int | None = None
    hindsight_bound: int | None = None

    @property
    def gap(self) -> float | None:
        """(hindsight_bound - value) / max(1, |value|); None without a bound."""
        if self.hindsight_bound is None:
            return None
        return (self.hindsight_bound - self.value) / max(1, abs(self.value))


def simulate(
    instance: Instance,
    *,
    policy: str = "welfare",
    rounds: int | Sequence[datetime] = 4,
    withdrawals: Mapping[str, datetime] | None = None,
    time_limit_s: float = 60.0,
    relative_gap: float = 0.0,
    seed: int = 0,
    workers: int = 2,
    hindsight: bool = True,
    progress: Callable[[Round], None] | None = None,
) -> Simulation:
    """Allocate round after round as households apply; the rules are those of the module's text.

    Parameters
    ----------
    instance
        The whole instance, with ``applied_at``.
    policy
        What decides in each round.
    rounds
        The horizon: moments of decision, or so many of them, evenly from the first application to just after the last.
    withdrawals
        When a household withdraws, by id.
    time_limit_s, relative_gap, seed, workers
        Of each round, and of hindsight.
    hindsight
        Whether the whole instance is solved at once too, by ``welfare``.
    progress
        Called with each round.

    Raises
    ------
    UsageError
        If there is no round, or a withdrawal of nobody.
    UnsupportedMarketError
        If the policy makes no promise for such an instance.
    VerificationError
        If the end result does not keep the rules of the whole instance.
    """
    gone = dict(withdrawals or {})
    unknown = set(gone) - set(instance.households["household_id"].tolist())
    if unknown:
        raise UsageError(f"withdrawals: no household {min(unknown)!r}")
    run = _Run(instance, gone)
    settings: dict[str, Any] = {
        "time_limit_s": time_limit_s,
        "relative_gap": relative_gap,
        "seed": seed,
        "workers": workers,
    }
    for number, at in enumerate(moments(instance, rounds)):
        done = run.round(number, at, policy=policy, **settings)
        if progress is not None:
            progress(done)
    allocation = run.whole()
    best = allocate(instance, policy="welfare", **settings).levels[:1] if hindsight else ()
    return Simulation(
        policy=policy,
        seed=seed,
        rounds=tuple(run.rounds),
        allocation=allocation,
        placed_in=run.placed_in,
        value=_value(instance, allocation),
        hindsight=best[0].objective if best else None,
        hindsight_bound=best[0].bound if best else None,
    )


def moments(instance: Instance, rounds: int | Sequence[datetime]) -> list[datetime]:
    """Return the moments of decision, ascending.

    Parameters
    ----------
    instance
        Whose applications are spread over them.
    rounds
        The moments, or how many.
    """
    if not isinstance(rounds, int):
        given = sorted(set(rounds))
        if not given:
            raise UsageError("rounds: at least one moment is needed")
        return given
    if rounds < 1:
        raise UsageError(f"rounds={rounds}: at least 1")
    applied = instance.households["applied_at"]
    known = applied[~np.isnat(applied)].astype("datetime64[s]")
    if not len(known):
        return [datetime(1970, 1, 1)]
    first, last = known.min().item(), known.max().item() + timedelta(seconds=1)
    return [first + (last - first) * (k + 1) / rounds for k in range(rounds)]


def _value(instance: Instance, allocation: Allocation | None) -> int:
    if allocation is None:
        return 0
    return next(iter(evaluate(instance, allocation, envy_pairs_max=0).levels.values()), 0)


@dataclass
class _Run:
    """What has happened so far."""

    instance: Instance
    withdrawals: Mapping[str, datetime]
    rounds: list[Round] = field(default_factory=list)
    allocation: Allocation | None = None
    placed_in: dict[str, int] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)

    def round(self, number: int, at: datetime, *, policy: str, **settings: Any) -> Round:
        """Decide once."""
        withdrawn = self._withdraw(at)
        waiting, expired = self._waiting(at)
        kept = len(self.placed_in)
        result = allocate(self._known(waiting), policy=policy, **settings)
        if result.allocation is not None:
            self.allocation = result.allocation
            for household in result.allocation.placements["household_id"].tolist():
                self.placed_in.setdefault(household, number)
        placed = len(self.placed_in) - kept
        done = Round(
            at=at,
            waiting=len(waiting),
            placed=placed,
            kept=kept,
            expired=tuple(sorted(expired)),
            withdrawn=tuple(sorted(withdrawn)),
            status=result.status,
            seconds=result.seconds,
        )
        self.rounds.append(done)
        return self.rounds[-1]

    def _withdraw(self, at: datetime) -> set[str]:
        """Let go who withdraws: all who wait, and those placed whose stay has not begun."""
        starts = dict(
            zip(*(self.instance.periods[n].tolist() for n in ("period_id", "starts_on")), strict=True)
        )
        begun = {
            stay.household_id
            for stay in self._stays()
            if min(starts[period] for period in stay.periods) <= at.date()
        }
        leaving = {h for h, moment in self.withdrawals.items() if moment <= at} - self.left - begun
        self.left |= leaving
        for household in leaving:
            self.placed_in.pop(household, None)
        return leaving

    def _stays(self) -> Iterable[Any]:
        if self.allocation is None:
            return ()
        return [stay for stay in self.allocation.stays.rows() if stay.household_id in self.placed_in]

    def _waiting(self, at: datetime) -> tuple[dict[str, Household], set[str]]:
        """Who waits, as a row whose window is what is left of it; and who has expired."""
        periods = self.instance.periods.rows()
        ahead = [p.period_id for p in periods if p.open and p.starts_on > at.date()]
        waiting: dict[str, Household] = {}
        expired: set[str] = set()
        for row in self.instance.households.rows():
            known = row.applied_at is None or row.applied_at < at
            if known and row.household_id not in self.left and row.household_id not in self.placed_in:
                narrowed = _narrowed(row, ahead, self._open())
                if narrowed is None:
                    expired.add(row.household_id)
                else:
                    waiting[row.household_id] = narrowed
        self.left |= expired
        return waiting, expired

    def _open(self) -> list[str]:
        return [period.period_id for period in self.instance.periods.rows() if period.open]

    def _known(self, waiting: Mapping[str, Household]) -> Instance:
        """Return the instance of a round: who waits, and who is placed and fixed."""
        stays = {stay.household_id: stay for stay in self._stays()}
        rows = {
            row.household_id: row.model_copy(
                update={
                    "stay_kind": "fixed",
                    "stay_periods": stays[row.household_id].periods,
                    "stay_length": None,
                    "points": FIRST,
                }
            )
            for row in self.instance.households.rows()
            if row.household_id in stays
        } | dict(waiting)
        tables = {name: _of(table, set(rows)) for name, table in self.instance.tables.items()}
        tables["households"] = Table.from_rows(Household, rows.values())
        tables["choices"] = Table.from_rows(Choice, self._choices(tables["choices"], stays, waiting))
        tables["locks"] = Table.from_rows(Lock, self._locks(tables["locks"], stays))
        return Instance.from_tables(tables, self.instance.rules, name=self.instance.name)

    def _choices(
        self, choices: Table[Choice], stays: Mapping[str, Any], waiting: Mapping[str, Household]
    ) -> Iterable[Choice]:
        """Stay wishes of the placed narrowed to what they have; wishes for periods that have begun left out."""
        for household, stay in stays.items():
            target = {"target_kind": "house", "target_id": stay.house_id}
            yield Choice(household_id=household, list="stay", rank=1, periods=stay.periods, **target)
        for row in choices.rows():
            if row.list != "stay":
                yield row
            elif row.household_id in waiting:
                if not row.periods or set(row.periods) <= set(
                    waiting[row.household_id].stay_periods or self._open()
                ):
                    yield row

    def _locks(self, locks: Table[Lock], stays: Mapping[str, Any]) -> Iterable[Lock]:
        found: dict[tuple[str, str, str | None], Lock] = {
            (row.household_id, row.target_kind, row.target_id): row for row in locks.rows()
        }
        for household, kind, target in self._held(stays):
            lock = {"household_id": household, "target_kind": kind, "target_id": target}
            found[household, kind, target] = Lock.model_validate({**lock, "effect": "must", "reason": REASON})
        return found.values()

    def _held(self, stays: Mapping[str, Any]) -> Iterable[tuple[str, str, str]]:
        """What the placed have: household, kind of target, target."""
        if self.allocation is None:
            return
        for household, stay in stays.items():
            yield household, "house", stay.house_id
        for item in self.allocation.items.rows():
            if item.household_id in stays:
                yield item.household_id, KINDS[item.list], item.target_id
        for row in self.allocation.placements.rows():
            if row.household_id in stays and row.supporter_id is not None:
                yield row.household_id, "supporter", row.supporter_id

    def whole(self) -> Allocation | None:
        """Return the end result as an allocation of the whole instance, checked."""
        if self.allocation is None:
            return None
        placed = set(self.placed_in)
        tables = {
            name: _of(getattr(self.allocation, name), placed) for name in ("placements", "stays", "items")
        }
        found = self.allocation.replace(
            instance_hash=self.instance.hash,
            status=Status.FEASIBLE,
            objective=None,
            bound=None,
            levels=(),
            unplaced=self._unplaced(placed),
            **tables,
        )
        broken = verify(self.instance, found)
        if broken:
            raise VerificationError(broken)
        return found

    def _unplaced(self, placed: set[str]) -> Table[Unplaced]:
        """Reasons of the last round; ``no_wish`` for those who left, or came after it."""
        given = [] if self.allocation is None else list(self.allocation.unplaced.rows())
        rows = [row for row in given if row.household_id not in placed]
        silent = set(self.instance.households["household_id"].tolist()) - placed
        silent -= {row.household_id for row in rows}
        rows += [Unplaced(household_id=household, rule="no_wish") for household in sorted(silent)]
        return Table.from_rows(Unplaced, rows)


def _of(table: Table[Any], households: set[str]) -> Table[Any]:
    """Return the rows of a table that belong to some households, or to none."""
    if "household_id" not in table.specs:
        return table
    return table.take(np.flatnonzero(np.isin(table["household_id"], list(households))))


def _narrowed(row: Household, ahead: Sequence[str], every: Sequence[str]) -> Household | None:
    """Return a household whose window is what is left of it; None if its wish no longer fits in."""
    wanted = row.stay_periods or tuple(every)
    left = tuple(period for period in wanted if period in ahead)
    if row.stay_kind == "fixed":
        return row if len(left) == len(wanted) else None
    if len(left) < (row.stay_length or 1):
        return None
    return row if len(left) == len(wanted) else row.model_copy(update={"stay_periods": left})
