"""The command platform: in both languages, as JSON, as files that verify reads."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

import nichiiki as nk
from nichiiki.cli.exits import Exit


@pytest.mark.parametrize(("lang", "word"), [("en", "22 of 25 needs"), ("ja", "課題 25 件中 22 件")])
def test_both_languages(run: Any, lang: str, word: str) -> None:
    shown = run("platform", "platform", "--policy", "welfare", "--lang", lang)
    assert shown.exit_code == Exit.DONE
    assert word in shown.output


def test_json_is_what_the_library_says(run: Any) -> None:
    shown = run("platform", "platform", "--explain", "obuse-work", "--proposing", "offers", "--json")
    document = json.loads(shown.output)
    instance = nk.load("platform")
    known = nk.platform.match(instance, proposing="offers")
    assert document["pairs"] == [pair.model_dump() for pair in known.pairs]
    assert {reason["need_id"] for reason in document["reasons"]["obuse-work"]} == {"obuse-work"}
    assert document["figures"]["needs_served"] + len(document["open_needs"]) == len(instance.needs)


def test_files_are_read_by_verify(run: Any, tmp_path: Path) -> None:
    shown = run("platform", "platform", "--out", tmp_path)
    assert shown.exit_code == Exit.DONE
    assert run("verify", "platform", tmp_path).exit_code == Exit.DONE
    rows = list(csv.DictReader(io.StringIO((tmp_path / "platform.csv").read_text("utf-8-sig"))))
    assert len(rows) == len(nk.platform.match(nk.load("platform")).pairs)
    open_rows = list(csv.DictReader(io.StringIO((tmp_path / "platform-open.csv").read_text("utf-8-sig"))))
    assert {row["id"] for row in open_rows} >= {"obuse-matching", "miyoshi-housing"}
    file = tmp_path / "platform.json"
    damaged = json.loads(file.read_text("utf-8"))
    damaged["pairs"] = damaged["pairs"][1:]
    file.write_text(json.dumps(damaged), "utf-8")
    shown = run("verify", "platform", tmp_path)
    assert shown.exit_code == Exit.NEGATIVE
    assert "platform_blocking" in shown.output
    file.write_text('{"format": "nichiiki-platform/1"}', "utf-8")
    assert run("verify", "platform", tmp_path).exit_code == Exit.BAD_INPUT


def test_what_cannot_be_asked_is_said(run: Any) -> None:
    assert run("platform", "platform", "--policy", "chance").exit_code == Exit.BAD_INPUT
    assert run("platform", "platform", "--explain", "nobody").exit_code == Exit.BAD_INPUT
    shown = run("allocate", "platform")
    assert shown.exit_code == Exit.BAD_INPUT
    assert "no periods" in shown.output
