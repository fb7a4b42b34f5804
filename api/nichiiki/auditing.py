"""The audit trail of a run: a manifest of all that decided it, and its replay, byte by byte.

A run leaves its instance (overrides and the earlier allocation folded in) and a manifest: hashes of the input files, the canonical
instance and every output, rules, versions, parameters, where the seed comes from, and what was checked. `replay` solves the
instance again with the same parameters and compares every file.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from nichiiki.outputs import AUDIT, BEFORE, OUTPUTS, PRICES, allocation_json, contents, joined, json_bytes
from nichiiki_instances.allocation_files import read_allocation
from nichiiki_instances.writing import instance_json
from nichiiki_models.allocation import Allocation, StopReason, Violation
from nichiiki_models.errors import FileError, UsageError
from nichiiki_models.instance import Instance
from nichiiki_models.result import Result
from nichiiki_models.tariff import TariffResult
from nichiiki_models.texts import Lang

PACKAGES = ("nichiiki", "ortools", "highspy", "numpy", "scipy", "pydantic", "xlsxwriter", "jinja2")
"""Packages that may change a byte of a result."""
SeedKind = Literal["default", "given", "public_value", "earlier"]
Promise = Literal["official", "procedure", "stopped", "not_official"]
Compared = Literal["same", "differs", "missing"]


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SeedOrigin(_Fact):
    """Where the seed comes from.

    Attributes
    ----------
    kind
        ``default``, ``given`` on the command line, derived from a ``public_value`` that did not exist when roll and
        rules were fixed, or, for a promotion, that of the ``earlier`` allocation.
    value_name, value, digest
        Of a public value: its name and the value, as published, and the commitment of `nichiiki lottery commit`.
    """

    kind: SeedKind = "given"
    value_name: str | None = None
    value: str | None = None
    digest: str | None = None


class Parameters(_Fact):
    """What was asked for, as `nichiiki.allocate` takes it, and the language of the files."""

    policy: str
    seed: int
    time_limit_s: float
    relative_gap: float = 0.0
    workers: int = 2
    official: bool = False
    engine: Literal["auto", "cp_sat", "highs", "scip"] = "auto"
    cross_check: bool = False
    lang: Lang = "en"


class Answers(_Fact):
    """What households answered to a promotion: who declined, and who accepted."""

    declined: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()


class Manifest(_Fact):
    """All that decided a run, and hashes (SHA-256) of what went in and came out; JSON both ways.

    Attributes
    ----------
    inputs
        Hash of each input file by its path as given; empty for a bundled instance.
    instance_name, instance_hash
        What was solved, overrides and the earlier allocation folded in: canonical hash.
    rules
        Id and version of the rules.
    packages, python, machine
        Versions.
    parameters, seed_origin
        What was asked for.
    promotion
        The answers that a promotion followed; None for an allocation.
    tariff
        File of the tariff that the report shows, beside the manifest; None without one.
    status, reason
        How the run ended.
    promise
        Whether the run can be replayed to the byte: ``official`` (proven to be the only answer), ``procedure`` (it ran to its
        end); or not, because it was ``stopped``, or is an optimum of several (``not_official``).
    checks
        What was checked, and the outcome: ``verify`` (number of violations), ``confirmed_levels`` …
    outputs
        Hash of each file written.
    """

    format: Literal["nichiiki-manifest/1"] = "nichiiki-manifest/1"
    inputs: Mapping[str, str] = {}
    instance_name: str
    instance_hash: str
    rules: str
    packages: Mapping[str, str]
    python: str
    machine: str
    parameters: Parameters
    seed_origin: SeedOrigin
    promotion: Answers | None = None
    tariff: str | None = None
    status: str
    reason: str
    promise: Promise
    checks: Mapping[str, int]
    outputs: Mapping[str, str]


class Replay(_Fact):
    """What a replay found.

    Attributes
    ----------
    promise
        That of the manifest; where it is ``stopped`` or ``not_official`` nothing is solved again.
    inputs, outputs
        Files as they are now beside the hashes of the manifest. An input that is gone does no harm: the instance is kept.
    instance
        Whether the kept instance has the hash of the manifest.
    violations
        What the independent check finds today.
    resolved
        Files made from the new solution beside those of the run, byte by byte; empty if nothing was solved again.
    finished
        Whether the new run came to its end; if not, it takes a longer time limit.
    versions
        Packages whose version has changed: (then, now).
    """

    promise: Promise
    inputs: Mapping[str, Compared]
    outputs: Mapping[str, Compared]
    instance: bool
    violations: tuple[Violation, ...]
    resolved: Mapping[str, Compared] = {}
    finished: bool = True
    versions: Mapping[str, tuple[str, str]] = {}

    @property
    def ok(self) -> bool:
        """Whether the run can be reproduced, and was, to the byte."""
        files = [*self.outputs.values(), *self.resolved.values()]
        return bool(self.resolved) and self.instance and not self.violations and set(files) == {"same"}


def digest(content: bytes) -> str:
    """Return the SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, which is read piece by piece."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def input_hashes(paths: Sequence[Path]) -> dict[str, str]:
    """Return the hash of every file among some paths; of a folder those of its files."""
    found: dict[str, str] = {}
    for path in paths:
        files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
        found.update({file.as_posix(): file_digest(file) for file in files})
    return found


def audited(
    result: Result,
    parameters: Parameters,
    seed_origin: SeedOrigin,
    violations: Sequence[Violation],
    inputs: Sequence[Path] = (),
    *,
    tariff: tuple[str, TariffResult] | None = None,
) -> Iterator[tuple[str, bytes]]:
    """Return every file of a run, name and content, each made when it is asked for: the result, its instance, and the manifest.

    Parameters
    ----------
    result
        A run with an allocation.
    parameters, seed_origin
        What was asked for.
    violations
        What the independent check found.
    inputs
        Files and folders that were read.
    tariff
        What the report is to show of fares: the tariff, and its file beside the manifest, which is written elsewhere.
    """
    if result.allocation is None:
        raise UsageError("result: there is no allocation to write a manifest for")
    prices = ((PRICES, json_bytes([each.model_dump() for each in result.prices])) for _ in result.prices[:1])
    return _files(
        result.instance,
        result.allocation,
        violations,
        more=prices,
        parameters=parameters,
        seed_origin=seed_origin,
        promise=_promise(result),
        tariff=tariff,
        checks=_checks(result, violations),
        inputs=input_hashes(inputs),
    )


def audited_promotion(
    instance: Instance,
    before: Allocation,
    after: Allocation,
    answers: Answers,
    *,
    inputs: Sequence[Path] = (),
    lang: Lang = "en",
) -> Iterator[tuple[str, bytes]]:
    """Return every file of a promotion, as `audited` does: its result, the instance, the earlier allocation, and the manifest.

    Parameters
    ----------
    instance
        What was allocated, overrides included.
    before, after
        The allocation that the answers were given to, and what came of them (`nichiiki.promote`).
    answers
        Who declined and who accepted.
    inputs
        Files and folders that were read.
    lang
        Language of the files.
    """
    import nichiiki

    violations = nichiiki.verify(instance, after)
    return _files(
        instance,
        after,
        violations,
        more=((BEFORE, allocation_json(each)) for each in (before,)),
        parameters=Parameters(policy=before.policy, seed=before.seed, time_limit_s=60.0, lang=lang),
        seed_origin=SeedOrigin(kind="earlier"),
        promotion=answers,
        promise="procedure",
        checks={"verify_violations": len(violations)},
        inputs=input_hashes(inputs),
    )


def _files(
    instance: Instance,
    allocation: Allocation,
    violations: Sequence[Violation],
    *,
    parameters: Parameters,
    more: Iterable[tuple[str, bytes]] = (),
    tariff: tuple[str, TariffResult] | None = None,
    **facts: Any,
) -> Iterator[tuple[str, bytes]]:
    """Yield the files of an allocation and its instance, more files, and the manifest of them all."""
    hashes: dict[str, str] = {}
    result = contents(instance, allocation, violations, parameters.lang, tariff and tariff[1])
    solved = ((name, joined(instance_json(instance))) for name in AUDIT[:1])
    for file in chain(result, solved, more):
        hashes[file[0]] = digest(file[1])
        yield file
        del file  # nothing holds it while the next one is made
    if tariff is not None:
        hashes[tariff[0]] = digest(json_bytes(tariff[1].model_dump(mode="json")))
    manifest = Manifest(
        instance_name=instance.name,
        instance_hash=instance.hash,
        rules=f"{instance.rules.rules_id} {instance.rules.version}",
        packages={name: version(name) for name in PACKAGES},
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.machine()}",
        parameters=parameters,
        status=allocation.status.value,
        reason=allocation.reason.value,
        tariff=tariff and tariff[0],
        outputs=hashes,
        **facts,
    )
    yield AUDIT[1], (manifest.model_dump_json(indent=2) + "\n").encode("utf-8")


def _promise(result: Result) -> Promise:
    if result.official:
        return "procedure" if result.reason is StopReason.PROCEDURE_ENDED else "official"
    return "not_official" if result.reason in (StopReason.PROVEN, StopReason.PROCEDURE_ENDED) else "stopped"


def _checks(result: Result, violations: Sequence[Violation]) -> dict[str, int]:
    known = {} if result.allocation is None else result.allocation.provenance
    confirmed = {name: int(value) for name, value in known.items() if name.startswith("confirmed_")}
    return {"verify_violations": len(violations), "official": int(result.official), **confirmed}


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a run's folder.

    Raises
    ------
    FileError
        If there is none, or it is not one.
    """
    path = folder / AUDIT[1]
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except OSError:
        raise FileError.of("no_manifest", file=str(path)) from None
    except ValidationError as error:
        places = {
            ".".join(map(str, each["loc"])) for each in error.errors(include_input=False, include_url=False)
        }
        raise FileError.of("broken_manifest", file=str(path), value=", ".join(sorted(places))) from None


def replay(folder: str | Path, *, time_limit_s: float | None = None) -> Replay:
    """Solve a run again from what its folder holds, and compare every file, byte by byte.

    Parameters
    ----------
    folder
        What ``nichiiki allocate --out`` wrote.
    time_limit_s
        Seconds for the new run; those of the first one if None.

    Returns
    -------
    Replay
        Its ``ok`` is true only if the run is reproducible, nothing was changed since, the check finds nothing and every
        byte is the same.

    Raises
    ------
    FileError
        If manifest, instance or allocation cannot be read.
    """
    import nichiiki

    place = Path(folder)
    manifest = read_manifest(place)
    instance = nichiiki.read(place / AUDIT[0])
    allocation = read_allocation(place / OUTPUTS[0])
    found = Replay(
        promise=manifest.promise,
        inputs={name: _compared(Path(name), expected) for name, expected in manifest.inputs.items()},
        outputs={name: _compared(place / name, expected) for name, expected in manifest.outputs.items()},
        instance=instance.hash == manifest.instance_hash,
        violations=tuple(nichiiki.verify(instance, allocation)),
        versions={
            name: (then, version(name)) for name, then in manifest.packages.items() if version(name) != then
        },
    )
    if manifest.promise in ("stopped", "not_official"):
        return found
    return _resolved(place, manifest, instance, allocation, found, time_limit_s)


def _tariff(path: Path) -> TariffResult:
    try:
        return TariffResult.model_validate_json(path.read_bytes())
    except (OSError, ValueError):
        raise FileError.of("broken_tariff", file=str(path)) from None


def _compared(path: Path, expected: str) -> Compared:
    if not path.is_file():
        return "missing"
    return "same" if file_digest(path) == expected else "differs"


def _resolved(
    place: Path,
    manifest: Manifest,
    instance: Instance,
    before: Allocation,
    found: Replay,
    time_limit_s: float | None,
) -> Replay:
    import nichiiki

    again = _again(place, manifest, instance, time_limit_s)
    if again is None:
        return found.model_copy(update={"finished": False})
    new = _same_notes(again, before)
    tariff = None if manifest.tariff is None else _tariff(place / manifest.tariff)
    made = contents(instance, new, nichiiki.verify(instance, new), manifest.parameters.lang, tariff)
    resolved = {name: _compared(place / name, digest(content)) for name, content in made}
    return found.model_copy(update={"resolved": resolved})


def _again(
    place: Path, manifest: Manifest, instance: Instance, time_limit_s: float | None
) -> Allocation | None:
    """Solve, or promote, once more; None if the new run did not come to its end."""
    import nichiiki

    if manifest.promotion is not None:
        answers = manifest.promotion.model_dump()
        return nichiiki.promote(instance, read_allocation(place / BEFORE), **answers).allocation
    asked = manifest.parameters.model_dump(exclude={"lang"})
    if time_limit_s is not None:
        asked["time_limit_s"] = time_limit_s
    result = nichiiki.allocate(instance, **asked)
    return result.allocation if result.official else None


def _same_notes(new: Allocation, before: Allocation) -> Allocation:
    """Take over what the first run noted of its input alone: rows of the earlier allocation that were gone."""
    note = "previous_rows_gone"
    if note not in before.provenance:
        return new
    known: dict[str, Any] = {**new.provenance, note: before.provenance[note]}
    order = [name for name in before.provenance if name in known]
    return new.replace(
        provenance={name: known[name] for name in [*order, *(n for n in known if n not in order)]}
    )
