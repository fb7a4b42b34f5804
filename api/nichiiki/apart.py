"""Files of others are read in a process of their own, with limits on its memory and time.

A reader that meets a file made to harm it can hold all the memory of a machine, take hours, or (the reader of workbooks is foreign
machine code) abort. Apart, it then ends alone, and the file is refused as any other bad file is.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from nichiiki.executing import LocalExecutor, Task
from nichiiki_instances.raw import problem
from nichiiki_instances.xlsx_guard import MAX_TOTAL, is_small_index
from nichiiki_models.errors import FileError, InputError, InstanceError

if TYPE_CHECKING:
    from nichiiki_instances.mapping_files import ColumnMapping
    from nichiiki_models.instance import Instance

T = TypeVar("T")
LIMIT_S = 900.0
LEAST_MB = 200
MB_A_MB = {".xlsx": 10, ".json": 8}
MB_A_MB_OF_TEXT = 40
"""Memory that a MiB of unpacked content may take, by the ending.

Ordinary files take 2 (workbooks; lists 4), 2 (JSON) and 8 (CSV; lists 17)."""
LARGE = 4 << 20
"""Size of files, in bytes, from which they are read apart even if Python's own parsers read them."""
_ERRORS: dict[str, type[InputError]] = {"FileError": FileError, "InstanceError": InstanceError}


def read_apart(path: str | Path, *, mapping: str | Path | ColumnMapping | None = None) -> Instance:
    """Read an instance as `nichiiki.read` does, in a process of its own with limits.

    For files that come from strangers, in a service for example. It takes a second longer.

    Parameters
    ----------
    path, mapping
        As in `nichiiki.read`.

    Raises
    ------
    InstanceError, FileError
        As in `nichiiki.read`; also where reading took more memory than any ordinary file of its size, took
        longer than 15 minutes, or ended the process.
    """
    from nichiiki_instances import read

    instance: Instance = apart([Path(path)], read, Path(path), mapping=mapping)
    return instance


def carefully(paths: Sequence[Path], function: Callable[..., T], *arguments: Any, **how: Any) -> T:
    """Call a reader of some files: apart if they are risky, else here, where it costs nothing.

    Parameters
    ----------
    paths
        The files, or folders of files, that are read.
    function, arguments, how
        The reader, and what it is called with.
    """
    if not is_risky(paths):
        return function(*arguments, **how)
    found: T = apart(paths, function, *arguments, **how)
    return found


def is_risky(paths: Iterable[Path]) -> bool:
    """Say whether there is a workbook, which foreign machine code reads, or much to read."""
    files = _files(paths)
    return any(_is_workbook(file) for file in files) or sum(map(_size, files)) > LARGE


def apart(paths: Sequence[Path], function: Callable[..., Any], *arguments: Any, **how: Any) -> Any:
    """Call a reader of some files in a process of its own; what it refuses is refused here."""
    executor = LocalExecutor(1)
    memory_mb = LEAST_MB + sum(map(_memory, _files(paths))) // 2**20
    executor.submit(Task("read", _reading, (function, arguments, how), LIMIT_S, memory_mb))
    (done,) = executor.iterate()
    label = paths[0].name
    if done.error == "MEMORY_LIMIT":
        raise FileError([problem("too_much_memory", label, limit=memory_mb)])
    if done.error == "TIME_LIMIT":
        raise FileError([problem("too_much_time", label, limit=round(LIMIT_S / 60))])
    if done.error is not None:
        raise FileError([problem("reader_ended", label)])
    kind, value = done.value
    if kind in _ERRORS:
        raise _ERRORS[kind](value)
    return value


def _reading(
    function: Callable[..., Any], arguments: tuple[Any, ...], how: dict[str, Any]
) -> tuple[str, Any]:
    """Read, in the process apart; an error of the input is a value there."""
    try:
        return "read", function(*arguments, **how)
    except InputError as error:
        return type(error).__name__, error.problems


def _files(paths: Iterable[Path]) -> list[Path]:
    return [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path])]


def _is_workbook(file: Path) -> bool:
    return file.suffix.casefold() == ".xlsx"


def _size(file: Path) -> int:
    try:
        return file.stat().st_size if file.is_file() else 0
    except OSError:
        return 0


def _memory(file: Path) -> int:
    """Return the most that a file may take while it is read, in bytes."""
    return _unpacked(file) * MB_A_MB.get(file.suffix.casefold(), MB_A_MB_OF_TEXT)


def _unpacked(file: Path) -> int:
    """Return the bytes of a file; those of a workbook as its index states them, which its guard holds it to."""
    size = _size(file)
    if not _is_workbook(file):
        return size
    try:
        with file.open("rb") as stream:
            if not is_small_index(stream):
                return size
            with zipfile.ZipFile(stream) as archive:
                stated = sum(part.file_size for part in archive.infolist())
    except (OSError, ValueError, RuntimeError, zipfile.BadZipFile):
        return size
    return size + min(stated, MAX_TOTAL)
