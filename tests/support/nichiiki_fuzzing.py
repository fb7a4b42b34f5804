"""Every reader as a function of bytes: it may accept or refuse them, in words, and do nothing else.

A case names the file it stands for in its first line, where a reader takes several; the other files are those of the base. Used by
``tools/fuzz.py`` (many cases, guided by coverage) and by ``tests/test_corpus.py`` (the kept ones).
"""

from __future__ import annotations

import io
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from pydantic import ValidationError

import nichiiki as nk
from nichiiki.report.notices import read_contacts
from nichiiki_feed import FEED
from nichiiki_instances import inspect, write
from nichiiki_instances.json_files import json_of, parse_json
from nichiiki_instances.mapping_files import read_mapping
from nichiiki_instances.raw import Parsed
from nichiiki_instances.reading import Reading, grids_of, reading_of
from nichiiki_instances.xlsx_files import parse_workbook
from nichiiki_models.errors import InputError
from nichiiki_models.problems import Problem

DATA = Path(__file__).parents[1] / "data"
LARGEST = 1 << 16
"""Bytes of a case that are looked at: what is longer only takes longer."""
Target = Callable[[bytes], None]


def folder_case(case: bytes) -> None:
    """One file of the folder of the base instance: a table, or rules.toml."""
    name, content = _named(case, FILES)
    folder = _base_copy()
    (folder / name).write_bytes(content)
    try:
        _look(lambda: inspect(folder))
    finally:
        (folder / name).write_bytes((DATA / "base" / name).read_bytes())


def json_case(case: bytes) -> None:
    """An instance as JSON, as a whole and in pieces: what both take is the same."""
    text = case.decode("utf-8", "replace")
    whole: list[Reading] = []
    _look(lambda: reading_of(parse_json(text, "case.json"), "case"), whole)
    with _refusals():
        pieces = reading_of(json_of(io.BytesIO(text.encode()), "case.json", Parsed()), "case")
        for reading in whole:
            assert [each.message("en") for each in pieces.problems] == [
                each.message("en") for each in reading.problems
            ]
            assert pieces.instance == reading.instance


def workbook_case(case: bytes) -> None:
    """A workbook as the bytes of its zip."""
    with _refusals():
        parse_workbook(io.BytesIO(case), "case.xlsx")


def workbook_part_case(case: bytes) -> None:
    """A part of a workbook: the XML that the readers really meet."""
    name, content = _named(case, tuple(_parts()))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for part, original in _parts().items():
            archive.writestr(part, content if part == name else original)
    with _refusals():
        parse_workbook(stream, "case.xlsx")


def mapping_case(case: bytes) -> None:
    """A mapping.toml."""
    with _file("mapping.toml", case) as path, _refusals():
        read_mapping(path)


def feed_case(case: bytes) -> None:
    """One file of a timetable feed."""
    name, content = _named(case, tuple(FEED))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for part, text in FEED.items():
            archive.writestr(f"{part}.txt", content if part == name else text)
    with _file("feed.zip", stream.getvalue()) as path, _refusals():
        nk.read_gtfs(path, vehicle_capacity=30, fare_yen=200)


def standard_case(case: bytes) -> None:
    """A published format, named by its ending."""
    name, content = _named(case, tuple(STANDARD))
    with _file(name, content) as path, _refusals():
        nk.read_standard(path, format=STANDARD[name], capacity=9 if STANDARD[name] == "cap" else None)  # type: ignore[arg-type]


def contacts_case(case: bytes) -> None:
    """A contacts file: what is refused must not show a name."""
    with _file("contacts.csv", case) as path, _refusals():
        read_contacts(path)


def list_case(case: bytes) -> None:
    """A list as an office keeps it, before any mapping."""
    with _file("list.csv", case) as path, _refusals():
        grids_of(path)


def allocation_case(case: bytes) -> None:
    """An allocation as JSON."""
    try:
        allocation = nk.Allocation.model_validate_json(case)
    except ValidationError:
        return
    assert nk.Allocation.model_validate_json(allocation.model_dump_json()) == allocation


STANDARD = {
    "a.gap": "gap",
    "a.cap": "cap",
    "a.min": "dimacs-min",
    "a.soc": "preflib",
    "a.toi": "preflib",
    "a.hrt": "hrt",
}
FILES = tuple(sorted(path.name for path in (DATA / "base").iterdir()))
TARGETS: dict[str, Target] = {
    "allocation": allocation_case,
    "contacts": contacts_case,
    "feed": feed_case,
    "folder": folder_case,
    "json": json_case,
    "list": list_case,
    "mapping": mapping_case,
    "standard": standard_case,
    "workbook": workbook_case,
    "workbook-part": workbook_part_case,
}


def seeds(target: str) -> Iterator[bytes]:
    """Yield good cases to begin with."""
    base = DATA / "base"
    match target:
        case "folder":
            yield from (f"{name}\n".encode() + (base / name).read_bytes() for name in FILES)
        case "json":
            yield nk.read(base).model_dump_json().encode()
            yield b'{"format": "nichiiki-instance/1", "regions": [], "rules": {}}'
        case "workbook" | "workbook-part":
            parts = _parts()
            yield from (
                f"{name}\n".encode() + content for name, content in parts.items() if target != "workbook"
            )
            if target == "workbook":
                yield _workbook()
        case "mapping":
            yield from (path.read_bytes() for path in sorted((DATA / "mappings").iterdir()))
        case "feed":
            yield from (f"{name}\n{text}".encode() for name, text in FEED.items())
        case "standard":
            yield from _standard_seeds()
        case "contacts":
            yield "id,name,address,language\nH1,山田,東京,ja\nH2,Li,Osaka,en\n".encode()
            yield "番号,氏名,住所,言語\nH1,山田,東京,日本語\n".encode("cp932")
        case "list":
            yield "空き家一覧\n,\n番号,家賃\n1,３万円\n".encode()
            yield '番号,家賃\r\n1,"3,0""00"\r\n'.encode("cp932")
        case "allocation":
            yield (DATA / "formats" / "allocation-1.json").read_bytes()
            yield (
                b'{"instance_hash":"x","policy":"p","status":"FEASIBLE","reason":"PROVEN","placements":[{"household_id":"H",'
                b'"stays":[{"house_id":"U","region_id":"R","units":1,"periods":["p"]}],"roles":{"P":["R"]},"cost_yen":1}]}'
            )


def words(target: str) -> Iterable[bytes]:
    """Return words that a case may well hold: table and file names, signs that matter to a reader."""
    common = [
        b"\0",
        b"\xef\xbb\xbf",
        b"=HYPERLINK(",
        "令和8年".encode(),
        b"1e999",
        b"-0",
        b"9" * 30,
        b"\r",
        b'""',
        b"NaN",
    ]
    heads = [line for case in seeds(target) for line in case[:2000].replace(b"\n", b",").split(b",")]
    return [*common, *dict.fromkeys(word for word in heads if 0 < len(word) < 40)]


def _standard_seeds() -> Iterator[bytes]:
    kept = {"a.gap": "gapsmall.txt", "a.cap": "capsmall.txt", "a.min": "network.min"}
    kept |= {"a.soc": "ballots.soc", "a.toi": "ballots.toi", "a.hrt": "hospitals.txt"}
    for name, file in kept.items():
        yield f"{name}\n".encode() + (DATA / "standard" / file).read_bytes()


def _named(case: bytes, names: tuple[str, ...]) -> tuple[str, bytes]:
    """Return the file that a case names, and what is to stand in it; an unknown name stands for some file."""
    line, _, content = case[:LARGEST].partition(b"\n")
    name = line.decode("utf-8", "replace")
    return (name, content) if name in names else (names[sum(line) % len(names)], case[:LARGEST])


def _look(read: Callable[[], Reading], kept: list[Reading] | None = None) -> None:
    """Read an instance; what is accepted is the same after writing and reading it again."""
    with _refusals():
        reading = read()
        if kept is not None:
            kept.append(reading)
        _say(reading.problems)
        if reading.instance is not None:
            with tempfile.TemporaryDirectory(dir=_memory()) as again:
                write(reading.instance, Path(again) / "x.json")
                assert nk.read(Path(again) / "x.json").hash == reading.instance.hash


@contextmanager
def _refusals() -> Iterator[None]:
    """Let an input be refused, if every problem can be said in both languages."""
    try:
        yield
    except InputError as error:
        assert str(error)
        _say(error.problems)


def _say(problems: Iterable[Problem]) -> None:
    for problem in list(problems)[:50]:
        for lang in ("ja", "en"):
            assert problem.message(lang)


@contextmanager
def _file(name: str, content: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        yield path


@cache
def _base_copy() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="nichiiki-fuzz-", dir=_memory())) / "base"
    shutil.copytree(DATA / "base", folder)
    return folder


def _memory() -> str | None:
    """Return a folder in memory, where there is one: a million cases need not wear out a disk."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder of each case's own is made below it


@cache
def _workbook() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        write(nk.read(DATA / "base"), Path(folder) / "base.xlsx")
        return (Path(folder) / "base.xlsx").read_bytes()


@cache
def _parts() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(_workbook())) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}
