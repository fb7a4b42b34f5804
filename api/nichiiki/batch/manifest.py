"""The manifest of a batch: which instances, policies and seeds, and within which limits.

.. code-block:: toml

    [batch]
    workers = 2
    time_limit_s = 60
    memory_mb = 4096

    [[runs]]
    instances = ["intakes/2026-12", "intakes/2027-01.xlsx"]
    policies = ["points", "welfare"]
    seeds = [0, 1]
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nichiiki_instances.raw import problem
from nichiiki_instances.rules_files import parse_toml
from nichiiki_instances.text_files import is_blank, open_file, text_of
from nichiiki_models.errors import UsageError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from nichiiki_models.problems import Problem

MOST_JOBS = 1_000_000
SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "min_length": "≥"}
"""Bounds of pydantic as signs, which need no translation."""


class Limits(BaseModel):
    """Limits of every job, and how many run at a time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workers: int = Field(default=2, ge=1, le=1024, description="jobs at a time")
    cores: int = Field(default=1, ge=1, le=1024, description="processor cores of a job")
    time_limit_s: float = Field(default=60.0, gt=0, le=31_536_000, description="time of a job to search")
    wall_limit_s: float | None = Field(
        default=None,
        gt=0,
        le=31_536_000,
        description="time after which a job is ended from outside; twice the time to search and a minute if not given",
    )
    memory_mb: int = Field(
        default=4096, ge=64, le=10_000_000, description="memory after which a job is ended"
    )
    relative_gap: float = Field(default=0.0, ge=0, lt=1, description="gap that is good enough")

    @property
    def ended_after_s(self) -> float:
        """Seconds after which a job is ended from outside."""
        return self.wall_limit_s or 2 * self.time_limit_s + 60


class Runs(BaseModel):
    """Every combination of some instances, policies and seeds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    instances: tuple[Annotated[str, Field(min_length=1)], ...] = Field(min_length=1)
    policies: tuple[Annotated[str, Field(min_length=1)], ...] = Field(min_length=1)
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(default=(0,), min_length=1)


class Manifest(BaseModel):
    """What a batch is to do; paths of instances are relative to the manifest's folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    batch: Limits = Limits()
    runs: tuple[Runs, ...] = Field(min_length=1)


class Job(BaseModel):
    """One run.

    Attributes
    ----------
    key
        The same for the same content of the instance, policy, seed, limits that change the answer, and version.
    instance
        Path of the instance, or the name of a bundled one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    instance: str
    policy: str
    seed: int
    time_limit_s: float
    relative_gap: float
    cores: int


def read_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Raises
    ------
    FileError
        If there is no such file, or it is no TOML.
    UsageError
        If something in it has no meaning; every place and what is allowed are named.
    """
    with open_file(path, path.name) as stream:
        document = parse_toml("" if is_blank(stream) else text_of(stream, path.name), path.name)
    try:
        return Manifest.model_validate(document)
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)
        raise UsageError([_problem(detail, path.name) for detail in wrong]) from None


def _problem(detail: ErrorDetails, label: str) -> Problem:
    """Return what pydantic found as a problem in both languages; runs are counted from 1 in words."""
    key = ".".join(str(step + 1) if isinstance(step, int) else step for step in detail["loc"])
    if detail["type"] == "missing":
        return problem("batch_key_missing", label, header=key)
    if detail["type"] == "extra_forbidden":
        known = {"limits": ", ".join(Limits.model_fields), "runs": ", ".join(Runs.model_fields)}
        return problem("batch_key_unknown", label, header=key, **known)
    bounds = [
        f"{sign} {value:,}" for name, value in detail.get("ctx", {}).items() if (sign := SIGNS.get(name))
    ]
    if bounds:
        return problem("batch_limit", label, header=key, limit=", ".join(bounds))
    return problem("batch_kind", label, header=key)


def jobs_of(manifest: Manifest, folder: Path) -> tuple[Job, ...]:
    """List the jobs of a manifest in its order, each once.

    Parameters
    ----------
    manifest
        What is to be done.
    folder
        Where relative paths begin.

    Raises
    ------
    UsageError
        If an instance or policy does not exist, or there are more than a million jobs.
    """
    from nichiiki_solver.policies.registry import policy_names

    asked = [name for runs in manifest.runs for name in runs.policies]
    unknown = [name for name in asked if name not in policy_names()]
    if unknown:
        known = ", ".join(policy_names())
        raise UsageError.of("arg_unknown", argument="runs.policies", value=unknown[0], choices=known)
    count = sum(len(runs.instances) * len(runs.policies) * len(runs.seeds) for runs in manifest.runs)
    if count > MOST_JOBS:
        raise UsageError.of("too_many_jobs", argument="runs", value=f"{count:,}", most=f"{MOST_JOBS:,}")
    prints = {name: _fingerprint(name, folder) for runs in manifest.runs for name in runs.instances}
    return tuple({job.key: job for job in _each(manifest, prints)}.values())


def _each(manifest: Manifest, prints: dict[str, tuple[str, str]]) -> Iterable[Job]:
    limits = manifest.batch
    for runs in manifest.runs:
        for name, seed, policy in product(runs.instances, runs.seeds, runs.policies):
            where, digest = prints[name]
            asked = (policy, seed, limits.time_limit_s, limits.relative_gap, limits.cores)
            key = hashlib.sha256(repr((digest, *asked, version("nichiiki"))).encode()).hexdigest()[:32]
            yield Job(
                key=key,
                instance=where,
                policy=policy,
                seed=seed,
                time_limit_s=limits.time_limit_s,
                relative_gap=limits.relative_gap,
                cores=limits.cores,
            )


def _fingerprint(name: str, folder: Path) -> tuple[str, str]:
    """Where an instance lies, and a digest of its bytes: the files of a folder in order of their names."""
    from nichiiki_instances.bundled import bundled_names

    path = folder / name
    if not path.exists() and name in bundled_names():
        return name, f"bundled {name}"
    if not path.exists():
        known = ", ".join(bundled_names())
        raise UsageError.of("no_such_instance", argument="runs.instances", value=name, choices=known)
    files = sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            digest.update(f"{file.name}\0{hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    return str(path.resolve()), digest.hexdigest()
