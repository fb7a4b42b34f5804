"""The public lottery on the command line."""

import json

import pytest

from nichiiki.cli import main
from nichiiki.cli.exits import Exit

NAME = ["--value-name", "drand quicknet round 20000000"]


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main([*words, "--lang", "en"])
    found = capsys.readouterr()
    return code, found.out, found.err


def test_commit_then_reveal(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "lottery", "commit", "flagship", *NAME)
    digest = out.strip()
    assert code == Exit.DONE and len(digest) == 64 and "240 households" in err
    words = ["lottery", "reveal", "flagship", *NAME, "--value", "abc", "--digest", digest]
    code, out, err = run(capsys, *words)
    rows = [line.split("\t") for line in out.splitlines()]
    assert code == Exit.DONE and len(rows) == 240
    assert [row[2] for row in rows] == sorted(row[2] for row in rows)
    code, out, _ = run(capsys, *words, "--json")
    assert [row["number"] for row in json.loads(out)["drawn"]] == [row[2] for row in rows]


def test_commit_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "lottery", "commit", "flagship", *NAME, "--json")
    assert code == Exit.DONE and json.loads(out)["households"] == 240


def test_a_changed_name_draws_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    _, digest, _ = run(capsys, "lottery", "commit", "flagship", *NAME)
    other = ["lottery", "reveal", "flagship", "--value-name", "another", "--value", "abc"]
    code, out, err = run(capsys, *other, "--digest", digest.strip())
    assert code == Exit.NEGATIVE and not out and "No numbers are drawn" in err


def test_an_empty_value_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["lottery", "reveal", "flagship", *NAME, "--value", "", "--digest", "0" * 64]
    code, out, _ = run(capsys, *words)
    assert code == Exit.BAD_INPUT and not out


def test_help_without_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "lottery")
    assert code == Exit.DONE and "commit" in out and "reveal" in out
