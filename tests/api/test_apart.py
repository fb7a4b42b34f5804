"""Files read in a process of their own: the same answers, and an end to what a file can do to this one."""

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nichiiki as nk
from nichiiki.apart import apart, is_risky
from nichiiki_instances import inspect
from nichiiki_instances.reading import grids_of, read_lists
from nichiiki_tasks import crash, hold, sleep

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def workbook(small: nk.Instance, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("books") / "small.xlsx"
    nk.write(small, path)
    return path


def test_the_same_instance_comes_out(workbook: Path, folder: Path) -> None:
    assert nk.read_apart(workbook) == nk.read(workbook)
    assert nk.read_apart(folder) == nk.read(folder)


def test_the_same_cells_come_out(workbook: Path) -> None:
    grids, problems = apart([workbook], grids_of, workbook)
    assert (grids, problems) == grids_of(workbook)


def test_the_same_problems_come_out(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "households.csv").write_text("household_id,persons\nH1,-3\nH1,x\n", "utf-8")
    assert apart([tmp_path], inspect, tmp_path).problems == inspect(tmp_path).problems
    with pytest.raises(nk.InstanceError) as apart_from:
        nk.read_apart(tmp_path)
    assert apart_from.value.problems == inspect(tmp_path).problems
    with pytest.raises(nk.FileError) as refused:
        nk.read_apart(tmp_path / "nowhere.xlsx")
    assert [each.code for each in refused.value.problems] == ["file_not_found"]


def test_lists_with_a_mapping(tmp_path: Path) -> None:
    (tmp_path / "homes.csv").write_text("no,place\nU1,R1\n", "utf-8")
    mapping = tmp_path / "mapping.toml"
    with pytest.raises(nk.FileError):
        apart([tmp_path], read_lists, (tmp_path / "homes.csv",), mapping)


@pytest.mark.parametrize(
    ("function", "argument", "code"),
    [(hold, 2000, "too_much_memory"), (crash, 6, "reader_ended"), (sleep, 60, "too_much_time")],
)
def test_what_a_reader_does_wrong_is_a_refused_file(
    function: Callable[[Any], Any], argument: int, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if code == "too_much_time":
        monkeypatch.setattr("nichiiki.apart.LIMIT_S", 2.0)
    file = tmp_path / "list.csv"
    file.write_text("a,b\n", "utf-8")
    with pytest.raises(nk.FileError) as refused:
        apart([file], function, argument)
    (problem,) = refused.value.problems
    assert (problem.code, problem.file) == (code, "list.csv")
    assert "list.csv" in problem.message("ja")


def test_workbooks_and_much_text_are_risky(tmp_path: Path) -> None:
    book, text, large = tmp_path / "a.XLSX", tmp_path / "a.csv", tmp_path / "b.csv"
    book.touch()
    text.touch()
    with large.open("wb") as stream:
        stream.truncate(33 << 20)
    assert [is_risky([each]) for each in (book, text, large, tmp_path)] == [True, False, True, True]
    assert not is_risky([tmp_path / "nowhere.csv"])


def test_an_index_that_lies_is_not_looked_at_here(tmp_path: Path) -> None:
    """A zip whose index claims to be huge costs this process nothing; the guard refuses it apart."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    content = bytearray(stream.getvalue())
    content[-10:-6] = struct.pack("<I", 2**31)
    (tmp_path / "lies.xlsx").write_bytes(content)
    with pytest.raises(nk.FileError) as refused:
        nk.read_apart(tmp_path / "lies.xlsx")
    assert [each.code for each in refused.value.problems] == ["swollen_workbook"]


def test_the_command_line_reads_workbooks_apart(run: Run, workbook: Path, tmp_path: Path) -> None:
    found = run("check", workbook)
    assert found.exit_code == 0
    (tmp_path / "broken.xlsx").write_bytes(b"PK\3\4 no zip")
    found = run("check", tmp_path / "broken.xlsx")
    assert found.exit_code == 2
    assert "broken.xlsx" in found.stderr
