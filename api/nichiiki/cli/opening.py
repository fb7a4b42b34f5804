"""Reading what a command is given: instances by path or name, allocations, overrides."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nichiiki.cli.options import Refusal

if TYPE_CHECKING:
    from nichiiki_models.allocation import Allocation
    from nichiiki_models.instance import Instance
    from nichiiki_models.table import Table
    from nichiiki_models.tables import Lock

ALLOCATION_FILE = "allocation.json"


def open_instance(name: str, mapping: Path | None = None) -> Instance:
    """Read an instance from a folder or file, or take a bundled one by its name.

    Parameters
    ----------
    name
        Path, or name of a bundled instance; a path that exists goes first.
    mapping
        Column mapping for the files that need one.
    """
    import nichiiki

    if not Path(name).exists() and is_bundled(name):
        return nichiiki.load(name)
    return nichiiki.read(name, mapping=mapping)


def is_bundled(name: str) -> bool:
    """Say whether an instance of that name comes with the package."""
    from nichiiki_instances.bundled import bundled_names

    return name in bundled_names()


def open_allocation(name: str) -> Allocation:
    """Read an allocation from its JSON file, or from the folder that holds it.

    Parameters
    ----------
    name
        Path of the file or folder.
    """
    from pydantic import ValidationError

    from nichiiki_models.allocation import Allocation

    path = Path(name)
    file = path / ALLOCATION_FILE if path.is_dir() else path
    try:
        return Allocation.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        raise Refusal("failed.no_file", file=file) from None
    except ValidationError as error:
        detail = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(step) for step in detail["loc"])
        raise Refusal("failed.no_allocation", file=file, place=place or "-", kind=detail["type"]) from None
    except (KeyError, TypeError, AttributeError, ValueError):
        raise Refusal("failed.no_allocation", file=file, place="placements", kind="shape") from None


def with_locks(instance: Instance, name: str | None) -> Instance:
    """Return the instance with the overrides of a file added to its own.

    Parameters
    ----------
    instance
        The instance.
    name
        Path of a CSV file with the columns of the table ``locks``; None adds nothing.

    Raises
    ------
    InstanceError
        If the file has problems; every one is listed.
    """
    if name is None:
        return instance
    from nichiiki_models.table import Table
    from nichiiki_models.tables import Lock

    table = _read_locks(Path(name), instance)
    return instance.replace(locks=Table.from_rows(Lock, [*instance.locks.rows(), *table.rows()]))


def with_previous(instance: Instance, name: str | None) -> Instance:
    """Return the instance that remembers an earlier allocation in its table ``previous``.

    Parameters
    ----------
    instance
        The instance.
    name
        Path of the allocation; None adds nothing.
    """
    if name is None:
        return instance
    from nichiiki_solver.rerunning import with_previous as remembered

    return remembered(instance, open_allocation(name))[0]


def _read_locks(path: Path, instance: Instance) -> Table[Lock]:
    from nichiiki_instances.building import build_tables, in_files, in_order
    from nichiiki_instances.raw import Parsed
    from nichiiki_instances.tabulating import tabulate
    from nichiiki_instances.text_files import decode, parse_csv, read_bytes
    from nichiiki_models.checks import find_problems
    from nichiiki_models.errors import InstanceError

    raw, problems = tabulate(parse_csv(decode(read_bytes(path, path.name), path.name), path.name), "locks")
    if raw is None:
        raise InstanceError(problems)
    parsed = Parsed(problems=list(problems), tables={"locks": raw})
    locks: Table[Any] = build_tables(parsed)["locks"]
    found = [
        p for p in find_problems({**instance.tables, "locks": locks}, instance.rules) if p.table == "locks"
    ]
    # the other tables are not in the file: that they are missing there is no problem
    parsed.problems = [problem for problem in parsed.problems if problem.table in (None, "locks")]
    everything = in_order([*parsed.problems, *in_files(found, parsed)])
    if any(problem.severity == "error" for problem in everything):
        raise InstanceError(list(everything))
    return locks
