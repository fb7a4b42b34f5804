"""Reading what a command is given: instances by path or name, allocations, overrides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from nichiiki.cli.options import Refusal

if TYPE_CHECKING:
    from pydantic import BaseModel

    from nichiiki_instances.raw import Grid
    from nichiiki_models.allocation import Allocation
    from nichiiki_models.instance import Instance
    from nichiiki_models.platform import PlatformMatching
    from nichiiki_models.table import Table
    from nichiiki_models.tables import Previous
    from nichiiki_models.tariff import TariffResult

Document = TypeVar("Document", bound="BaseModel")
ALLOCATION_FILE = "allocation.json"
PLATFORM_FILE = "platform.json"
TARIFF_FILE = "tariff.json"
TARIFF_FOLDERS = ("", "fares")
"""Where the tariff of an allocation lies: in its folder, or in this one below it."""


def open_instance(name: str, mapping: Path | None = None) -> Instance:
    """Read an instance from a folder or file, or take a bundled one by its name.

    Parameters
    ----------
    name
        Path, or name of a bundled instance; a path that exists goes first.
    mapping
        Column mapping for the files that need one; a bundled instance needs none.
    """
    import nichiiki
    from nichiiki.apart import carefully
    from nichiiki.cli.waiting import step

    step("wait.reading", name=Path(name).name)
    if not Path(name).exists() and is_bundled(name):
        if mapping is not None:
            raise Refusal("usage.mapping_of_bundled", name=name)
        return nichiiki.load(name)
    instance = carefully([Path(name)], nichiiki.read, name, mapping=mapping)
    step("wait.working")
    return instance


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
    from nichiiki.cli.waiting import step
    from nichiiki_instances.allocation_files import read_allocation

    file = _file_of(name, ALLOCATION_FILE)
    step("wait.reading", name=file.name)
    return read_allocation(file)


def open_tariff(name: str) -> TariffResult:
    """Read a tariff from its JSON file, or from the folder that holds it.

    Parameters
    ----------
    name
        Path of the file or folder.
    """
    from nichiiki_models.tariff import TariffResult

    file = _file_of(name, TARIFF_FILE)
    return _document(file, _content(file), TariffResult, "failed.no_tariff")


def _file_of(name: str, within: str) -> Path:
    path = Path(name)
    return path / within if path.is_dir() else path


def _content(file: Path) -> bytes:
    from nichiiki.cli.waiting import step
    from nichiiki_instances.json_files import checked_bytes

    step("wait.reading", name=file.name)
    try:
        with file.open("rb") as stream:
            return checked_bytes(stream, file.name)
    except FileNotFoundError:
        raise Refusal("failed.no_file", file=file) from None


def _document(file: Path, content: bytes, model: type[Document], key: str) -> Document:
    """Return a document of JSON; one of another shape is refused under a key, with its first fault."""
    from pydantic import ValidationError

    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        detail = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(step) for step in detail["loc"])
        raise Refusal(key, file=file, place=place or "-") from None


def tariff_of(allocation: Allocation, folder: Path, name: str | None) -> TariffResult | None:
    """Return the tariff of an allocation: the one that is named, else the one that lies beside it, if any.

    Parameters
    ----------
    allocation
        The answer; a tariff of another one is refused if it was named, and passed over if it was only found.
    folder
        Where the allocation lies.
    name
        Path of the tariff; None looks for one.
    """
    from nichiiki_solver.pricing.price import allocation_hash

    own = (allocation.instance_hash, allocation_hash(allocation))
    if name is not None:
        tariff = open_tariff(name)
        if (tariff.instance_hash, tariff.allocation_hash) != own:
            raise Refusal("failed.other_tariff", file=name)
        return tariff
    places = [folder / below / TARIFF_FILE for below in TARIFF_FOLDERS]
    found = [open_tariff(str(place)) for place in places if place.is_file()]
    return next((each for each in found if (each.instance_hash, each.allocation_hash) == own), None)


def open_platform(name: str) -> PlatformMatching | None:
    """Read a matching of the platform from its JSON file or folder; None if it is something else.

    Parameters
    ----------
    name
        Path of the file or folder.
    """
    from nichiiki_models.platform import PlatformMatching

    path = Path(name)
    file = path / PLATFORM_FILE if path.is_dir() and not (path / ALLOCATION_FILE).exists() else path
    try:
        with file.open("rb") as stream:
            head = stream.read(200)
    except OSError:
        return None
    if b'"nichiiki-platform/' not in head:
        return None
    return _document(file, file.read_bytes(), PlatformMatching, "failed.no_allocation")


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

    table = _read_table(Path(name), "locks", instance)
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


def read_hand(path: Path, instance: Instance) -> list[Previous]:
    """Read a result made by hand.

    Parameters
    ----------
    path
        A CSV file with the columns of the table ``previous``, or only ``household_id``, ``house_id`` and, if need be,
        ``periods``: then every row is a stay.
    instance
        What was allocated.

    Raises
    ------
    InstanceError
        If the file has problems; every one is listed.
    """
    return list(_read_table(path, "previous", instance).rows())


def _stays_only(grid: Grid) -> Grid:
    """Turn rows of household and house into rows of the table ``previous``; other rows stay as they are."""
    from nichiiki_instances.headers import column_names, folded

    head, *rows = grid.rows
    houses = {header for header, name in column_names("houses").items() if name == "house_id"}
    kinds = {header for header, name in column_names("previous").items() if name == "item_kind"}
    if any(folded(cell) in kinds for cell in head) or not any(folded(cell) in houses for cell in head):
        return grid
    named = ["target_id" if folded(cell) in houses else cell for cell in head]
    return replace(grid, rows=[[*named, "item_kind"], *([*row, "stay"] for row in rows)])


def _read_table(path: Path, name: str, instance: Instance) -> Table[Any]:
    from nichiiki_instances.building import add_rows, build_tables, everything
    from nichiiki_instances.raw import Parsed
    from nichiiki_instances.tabulating import tabulate
    from nichiiki_instances.text_files import read_csv
    from nichiiki_models.errors import InstanceError

    grid = read_csv(path, path.name)
    raw, problems = tabulate(_stays_only(grid) if name == "previous" else grid, name)
    if raw is None:
        raise InstanceError(problems)
    parsed = Parsed()
    add_rows(parsed, name, raw, problems)
    table: Table[Any] = build_tables(parsed)[name]
    # the other tables are not in the file: that they are missing there is no problem
    parsed.problems = [problem for problem in parsed.problems if problem.table in (None, name)]
    found = everything(parsed, {**instance.tables, name: table}, instance.rules, only=[name])
    if any(problem.severity == "error" for problem in found):
        raise InstanceError(found)
    return table
