"""Compare policies: policies × instances × seeds, paired, one row a run, resumable.

Each run is a task of its own (see `nichiiki.executing`). With a folder, its row is one file, written whole and in one
step when the run is done; a later call with the same arguments reads it and does not run again, whatever ended the
earlier call.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from nichiiki.executing import Done, Executor, LocalExecutor, Task
from nichiiki.report.files import write_whole
from nichiiki_models.errors import NichiikiError, UnsupportedMarketError, UsageError
from nichiiki_models.instance import Instance

if TYPE_CHECKING:
    from nichiiki.intervals import Difference

Row = dict[str, Any]
HEAD = (
    "instance",
    "instance_hash",
    "policy",
    "seed",
    "status",
    "reason",
    "seconds",
    "objective",
    "bound",
    "gap",
    "error",
    "error_ja",
)
"""Columns that every row has; the figures of `evaluate` follow, their parts joined by dots."""
BY_ID = ("by_group", "regions", "supporters", "role_holders_by_period")
"""Parts of the figures that have one entry a group, region, supporter or period: no columns of a table."""
RUNS = "runs"


@dataclass(frozen=True)
class Settings:
    """How each run is made: its wall time, the gap that is good enough, and its cores."""

    time_limit_s: float = 60.0
    relative_gap: float = 0.0
    cores: int = 1


class Comparison(BaseModel):
    """What a comparison found; JSON both ways.

    Attributes
    ----------
    policies
        In the order asked for; the first is the baseline of the summary.
    rows
        One a run, by instance, seed and policy. ``status`` is that of the run, or ``REFUSED`` (the policy makes no
        promise for such an instance) or ``FAILED``; ``error`` says why.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    policies: tuple[str, ...]
    rows: tuple[Row, ...]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column: those of `HEAD`, then the figures in the order in which they first appear."""
        return tuple(dict.fromkeys([*HEAD, *(name for row in self.rows for name in row)]))

    def column(self, name: str) -> list[Any]:
        """Return a column; None where a run has no such figure."""
        return [row.get(name) for row in self.rows]

    def frame(self, backend: Literal["pandas", "polars", "pyarrow"] = "pandas") -> Any:
        """Return the table as a frame of a library that is installed."""
        import narwhals as nw

        columns = {name: self.column(name) for name in self.columns}
        return nw.from_dict(columns, backend=backend).to_native()

    def csv(self) -> str:
        """Return the table as CSV."""
        return _csv(self.columns, self.rows)

    def summary(
        self,
        metrics: Sequence[str] = (),
        *,
        method: Literal["t", "bootstrap"] = "t",
        seed: int = 0,
    ) -> list[Difference]:
        """Return the paired mean differences of every policy from the first, with 95 % intervals.

        Parameters
        ----------
        metrics
            Columns to compare; every column of numbers if empty.
        method
            ``t``: Student's t on the differences. ``bootstrap``: percentiles of 10,000 means of differences drawn
            again.
        seed
            Seed of the bootstrap.
        """
        from nichiiki.intervals import differences

        return differences(self, metrics or self.numbers, method=method, seed=seed)

    @property
    def numbers(self) -> tuple[str, ...]:
        """Columns that hold a number in some row, without seed."""
        return tuple(
            name
            for name in self.columns
            if name != "seed" and any(isinstance(value, (int, float)) for value in self.column(name))
        )

    def chart(self, metric: str = "objective") -> Any:
        """Return a matplotlib figure of a metric by policy; needs the extra ``charts``."""
        from nichiiki.charts import chart

        return chart(self, metric)


def compare(
    instances: Iterable[Instance],
    *,
    policies: Sequence[str],
    seeds: Iterable[int] = (0,),
    workers: int = 2,
    time_limit_s: float = 60.0,
    relative_gap: float = 0.0,
    cores: int = 1,
    out: str | os.PathLike[str] | None = None,
    resume: bool = True,
    progress: Callable[[Row, int, int], None] | None = None,
    executor: Executor | None = None,
) -> Comparison:
    """Run every policy on every instance with every seed, each in a process of its own.

    Parameters
    ----------
    instances
        The instances; two with the same content count once.
    policies
        Names of policies; the first is the baseline.
    seeds
        Seeds; the same ones for every policy, so that runs are paired.
    workers
        Runs at a time.
    time_limit_s, relative_gap, cores
        Of each run. A run that does not end by itself is ended at twice its time and a minute.
    out
        Folder for the rows (``runs/``), ``runs.csv``, ``summary.csv`` and, with pyarrow, ``runs.parquet``.
    resume
        Whether rows in `out` of the same content, policy, seed and settings are taken as they are; runs that were lost with their
        process or worker are made again.
    progress
        Called with each new row, runs done and runs in all.
    executor
        What does the runs; local processes if None.

    Returns
    -------
    Comparison
        One row a run.

    Raises
    ------
    UsageError
        If there is no instance, policy or seed, or a policy or setting does not exist.
    """
    settings = Settings(time_limit_s, relative_gap, cores)
    found = {instance.hash: instance for instance in instances}
    numbers, names = sorted(set(seeds)), tuple(dict.fromkeys(policies))
    _check(found, names, numbers, workers, settings)
    plan = {
        _key(instance, policy, seed, settings): (instance, policy, seed)
        for instance, seed, policy in product(found.values(), numbers, names)
    }
    store = _Store(None if out is None else Path(out) / RUNS, resume)
    rows = _rows(plan, store, executor or LocalExecutor(workers), settings, progress)
    comparison = Comparison(policies=names, rows=tuple(rows[key] for key in plan))
    if out is not None:
        write(comparison, Path(out))
    return comparison


def _rows(
    plan: Mapping[str, tuple[Instance, str, int]],
    store: _Store,
    runner: Executor,
    settings: Settings,
    progress: Callable[[Row, int, int], None] | None,
) -> dict[str, Row]:
    """Return the row of every run of a plan: kept ones as they are, the others made now."""
    rows = {key: row for key in plan if (row := store.read(key)) is not None}
    for key, (instance, policy, seed) in plan.items():
        if key not in rows:
            runner.submit(
                Task(key, run, (instance, policy, seed, settings), limit_s=2 * settings.time_limit_s + 60)
            )
    if len(rows) < len(plan):
        for done in runner.iterate():
            rows[done.key] = row = _row(done, *plan[done.key])
            if not done.is_lost:
                store.write(done.key, row)
            if progress is not None:
                progress(row, len(rows), len(plan))
    return rows


def _check(
    instances: Mapping[str, Instance],
    policies: Sequence[str],
    seeds: Sequence[int],
    workers: int,
    settings: Settings,
) -> None:
    from nichiiki_solver.policies.registry import policy_names
    from nichiiki_solver.solving import make_settings

    for name, given in (("instances", instances), ("policies", policies), ("seeds", seeds)):
        if not given:
            raise UsageError(f"{name}: at least one is needed")
    unknown = [name for name in policies if name not in policy_names()]
    if unknown:
        known = ", ".join(policy_names())
        raise UsageError.of("arg_unknown", argument="policies", value=unknown[0], choices=known)
    make_settings(settings.time_limit_s, settings.relative_gap, min(seeds), min(workers, settings.cores))


def _key(instance: Instance, policy: str, seed: int, settings: Settings) -> str:
    """Name of a run: the same for the same content, policy, seed, settings and version."""
    from importlib.metadata import version

    parts = (
        instance.hash,
        policy,
        seed,
        settings.time_limit_s,
        settings.relative_gap,
        settings.cores,
        version("nichiiki"),
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def run(instance: Instance, policy: str, seed: int, settings: Settings) -> Row:
    """Make one run and return its row; called in the process of the run."""
    from nichiiki_solver.allocating import allocate
    from nichiiki_solver.evaluate import evaluate

    try:
        result = allocate(
            instance,
            policy=policy,
            seed=seed,
            time_limit_s=settings.time_limit_s,
            relative_gap=settings.relative_gap,
            workers=settings.cores,
        )
    except UnsupportedMarketError as error:
        return {"status": "REFUSED", "error": str(error), "error_ja": error.message("ja")}
    except NichiikiError as error:
        return {
            "status": "FAILED",
            "error": f"{type(error).__name__}: {error}",
            "error_ja": error.message("ja"),
        }
    row: Row = {name: getattr(result, name) for name in ("seconds", "objective", "bound", "gap")}
    row |= {"status": result.status.value, "reason": result.reason.value}
    if result.allocation is not None:
        row |= flat(evaluate(result.instance, result.allocation).model_dump(mode="json"))
    return row


def flat(figures: Mapping[str, Any], start: str = "") -> Row:
    """Return the numbers of nested figures under names joined by dots, those of single ids left out."""
    found: Row = {}
    for name, value in figures.items():
        if isinstance(value, Mapping) and name not in BY_ID:
            found |= flat(value, f"{start}{name}.")
        elif isinstance(value, (int, float)):
            found[start + name] = value
    return found


def _row(done: Done, instance: Instance, policy: str, seed: int) -> Row:
    """Put the row of a run together, its columns in order."""
    what = {"status": "FAILED", "error": done.error} if done.error else done.value
    row = dict.fromkeys(HEAD)
    own = {"instance": instance.name, "instance_hash": instance.hash, "policy": policy, "seed": seed}
    return {**row, **what, **own}


class _Store:
    """One file a row; written beside and renamed, so that there is a whole file or none."""

    def __init__(self, folder: Path | None, resume: bool) -> None:
        self.folder, self.resume = folder, resume
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def read(self, key: str) -> Row | None:
        """Return the row of a run that was done before."""
        if self.folder is None or not self.resume:
            return None
        try:
            row: Row = json.loads((self.folder / f"{key}.json").read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        return row

    def write(self, key: str, row: Row) -> None:
        """Keep a row."""
        if self.folder is not None:
            write_whole(self.folder / f"{key}.json", (json.dumps(row, ensure_ascii=False) + "\n").encode())


def _csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: "" if value is None else value for name, value in row.items()} for row in rows)
    return stream.getvalue()


def write(comparison: Comparison, folder: Path) -> list[Path]:
    """Write ``runs.csv``, ``summary.csv`` and, where pyarrow is installed, ``runs.parquet``; return where they are."""
    from nichiiki.intervals import Difference

    written = [folder / "runs.csv", folder / "summary.csv"]
    write_whole(written[0], comparison.csv().encode())
    rows = [difference.model_dump() for difference in comparison.summary()]
    write_whole(written[1], _csv(tuple(Difference.model_fields), rows).encode())
    try:
        from pyarrow import parquet
    except ImportError:
        return written
    parquet.write_table(comparison.frame("pyarrow"), folder / "runs.parquet")
    return [*written, folder / "runs.parquet"]
