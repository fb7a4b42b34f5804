"""What is known of the jobs of a batch: one SQLite file, whole after whatever happens.

The rollback journal and full synchronisation are used on purpose: a municipal disk is not always what it seems, and a batch
writes a few rows a minute. Taking a job is one write transaction, so that two processes on one store never take the same.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import sqlite3
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psutil

from nichiiki.batch.manifest import Job
from nichiiki.batch.shares import is_network_share
from nichiiki_instances.raw import problem
from nichiiki_models.errors import FileError, UsageError

FILE = "batch.sqlite"
VERSION = 1
State = Literal["waiting", "running", "done", "failed", "withdrawn"]
STATES: tuple[State, ...] = State.__args__  # type: ignore[attr-defined]
BUSY_S = 60.0
"""How long a process waits for another one's transaction."""
_SCHEMA = """
create table jobs (
    key text primary key,
    position integer not null,
    job text not null,
    state text not null check (state in ('waiting', 'running', 'done', 'failed', 'withdrawn')),
    attempts integer not null default 0,
    owner text,
    started_at real,
    seconds real,
    outcome text
) strict;
create index by_state on jobs (state, position);
"""


@dataclass(frozen=True)
class Record:
    """A job and what became of it.

    Attributes
    ----------
    state
        ``waiting``, ``running``, ``done``, ``failed``, or ``withdrawn`` (no longer in the manifest).
    attempts
        How often it was begun.
    seconds
        Wall time of the last attempt.
    outcome
        ``status``, ``reason``, ``objective``, ``bound``, ``gap`` of the run; ``error`` if it failed.
    """

    job: Job
    state: State
    attempts: int
    seconds: float | None
    outcome: dict[str, Any]


class Store:
    """The store of a batch.

    Parameters
    ----------
    folder
        Folder of the batch; made if need be.

    Raises
    ------
    UsageError
        If the folder lies on a network share, or the store was written by a later version.
    FileError
        If it cannot be written, now or later: the disk is full, the folder read-only, the file damaged.
    """

    def __init__(self, folder: Path) -> None:
        if is_network_share(folder):
            raise UsageError.of("network_share", file=str(folder))
        folder.mkdir(parents=True, exist_ok=True)
        self._path, self._me = folder / FILE, _new_owner()
        with self._faults_in_words():
            self._connection = sqlite3.connect(self._path, timeout=BUSY_S, isolation_level=None)
            for setting in ("journal_mode = delete", "synchronous = full"):
                self._connection.execute(f"pragma {setting}")
        self._prepare(folder)
        _OPEN.add(self._me)

    def _prepare(self, folder: Path) -> None:
        with self._writing() as rows:
            version = rows.execute("pragma user_version").fetchone()[0]
            if version > VERSION:
                raise UsageError.of("later_version", file=str(folder / FILE))
            if version == 0:
                for statement in _SCHEMA.split(";"):
                    rows.execute(statement)
                rows.execute(f"pragma user_version = {VERSION}")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One write transaction: all of it or nothing."""
        with self._faults_in_words():
            self._connection.execute("begin immediate")
            try:
                yield self._connection
                self._connection.execute("commit")
            except BaseException:
                if self._connection.in_transaction:  # a full disk has ended it already
                    self._connection.execute("rollback")
                raise

    @contextmanager
    def _faults_in_words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise FileError([problem("store_unusable", str(self._path), why=str(error))]) from None

    def close(self) -> None:
        """Close the file; jobs that are still taken are free for others from now on."""
        _OPEN.discard(self._me)
        self._connection.close()

    def plan(self, jobs: Iterable[Job]) -> None:
        """Take the jobs of a manifest: new ones wait, known ones keep what they have, others are withdrawn."""
        listed = list(jobs)
        with self._writing() as rows:
            rows.execute("update jobs set state = 'withdrawn' where state in ('waiting', 'failed')")
            rows.executemany(
                "insert into jobs (key, position, job, state) values (?, ?, ?, 'waiting') on conflict (key) do update set "
                "position = excluded.position, job = excluded.job, "
                "state = case when state = 'withdrawn' then iif(outcome is null, 'waiting', 'failed') else state end",
                [(job.key, position, job.model_dump_json()) for position, job in enumerate(listed)],
            )

    def recover(self) -> int:
        """Let jobs wait again whose process is gone; return how many."""
        with self._writing() as rows:
            running = rows.execute("select key, owner from jobs where state = 'running'").fetchall()
            lost = [(key,) for key, owner in running if not is_alive(owner)]
            rows.executemany("update jobs set state = 'waiting', owner = null where key = ?", lost)
        return len(lost)

    def retry(self) -> int:
        """Let failed jobs wait again; return how many."""
        with self._writing() as rows:
            return rows.execute(
                "update jobs set state = 'waiting', outcome = null where state = 'failed'"
            ).rowcount

    def take(self) -> Job | None:
        """Take the next job that waits; None if none does."""
        with self._writing() as rows:
            found = rows.execute(
                "select key, job from jobs where state = 'waiting' order by position limit 1"
            ).fetchone()
            if found is None:
                return None
            rows.execute(
                "update jobs set state = 'running', owner = ?, attempts = attempts + 1, started_at = ? where key = ?",
                (self._me, time.time(), found[0]),
            )
        return Job.model_validate_json(found[1])

    def give_back(self, key: str) -> None:
        """Let a job wait again that was taken and not finished."""
        with self._writing() as rows:
            rows.execute(
                "update jobs set state = 'waiting', owner = null where key = ? and state = 'running'", (key,)
            )

    def finish(
        self, key: str, state: Literal["done", "failed"], seconds: float, outcome: dict[str, Any]
    ) -> None:
        """Note what became of a job."""
        with self._writing() as rows:
            rows.execute(
                "update jobs set state = ?, owner = null, seconds = ?, outcome = ? where key = ?",
                (state, seconds, json.dumps(outcome), key),
            )

    def counts(self) -> dict[State, int]:
        """How many jobs are in each state."""
        found = dict(self._connection.execute("select state, count(*) from jobs group by state").fetchall())
        return {state: found.get(state, 0) for state in STATES}

    def records(self) -> list[Record]:
        """Every job in the manifest's order, withdrawn ones last."""
        rows = self._connection.execute(
            "select job, state, attempts, seconds, outcome from jobs order by state = 'withdrawn', position"
        )
        return [
            Record(
                Job.model_validate_json(job), state, attempts, seconds, json.loads(outcome) if outcome else {}
            )
            for job, state, attempts, seconds, outcome in rows
        ]


_OPEN: set[str] = set()
"""Owners of this process whose store is open: one that is closed no longer runs what it took."""


def _new_owner() -> str:
    """Machine, process, when it began, and a word of its own: what no later owner can be mistaken for."""
    return json.dumps([socket.gethostname(), os.getpid(), began(psutil.Process()), secrets.token_hex(4)])


def began(process: psutil.Process) -> float:
    """Return when a process began, in seconds: since the start of Linux, whose clock nobody can set, else since 1970."""
    created = process.create_time()
    return created - psutil.boot_time() if sys.platform.startswith("linux") else created


def is_alive(owner: str | None) -> bool:
    """Say whether what took a job still runs; a process on another machine counts as running."""
    if owner is None:
        return False
    machine, number, then, *_ = json.loads(owner)
    if number == os.getpid() and machine == socket.gethostname():
        return owner in _OPEN
    if machine != socket.gethostname():
        return True
    try:
        return bool(abs(began(psutil.Process(number)) - then) < 1.0)
    except psutil.NoSuchProcess:
        return False
