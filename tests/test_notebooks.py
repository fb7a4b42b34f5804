"""The notebooks of the documentation run, and keep what they show."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import nichiiki as nk
import notebooks
from nichiiki_models.notebook import MOST_ROWS

HOSTILE = "</table><script>document.title='owned'</script>"


@pytest.mark.parametrize("path", notebooks.notebooks(), ids=lambda path: path.stem)
def test_notebooks_show_what_they_keep(path: Path) -> None:
    assert notebooks.shown(notebooks.executed(path)) == notebooks.shown(json.loads(path.read_text("utf-8")))


def test_both_readers_have_one() -> None:
    assert {path.stem for path in notebooks.notebooks()} == {"planner", "researcher"}


@pytest.fixture(scope="module")
def result() -> nk.Result:
    return nk.allocate(nk.generate(households=60, seed=7), policy="points")


def test_results_are_small_and_load_nothing(result: nk.Result) -> None:
    assert result.allocation is not None
    shown: list[Any] = [
        result,
        result.allocation,
        nk.evaluate(result.instance, result.allocation),
        nk.costs(result.instance, result.allocation),
    ]
    for each in shown:
        piece = each._repr_html_()
        assert len(piece) < 10_000
        assert not re.search(r"<script|<img|<link|src=|href=|url\(|style=|\son\w+=", piece)
        assert set(re.findall(r"</?(\w+)", piece)) <= {
            "div", "strong", "table", "thead", "tbody", "tr", "th", "td",
        }  # fmt: skip


def test_results_show_their_first_rows_and_how_many_there_are(result: nk.Result) -> None:
    assert result.allocation is not None
    stays = result.allocation.stays
    piece = stays._repr_html_()
    assert len(stays) > MOST_ROWS
    assert piece.count("<tr>") == MOST_ROWS + 1
    assert f"… {MOST_ROWS} / {len(stays)}" in piece


def test_hostile_words_stay_words(result: nk.Result) -> None:
    hostile = result.model_copy(update={"policy": HOSTILE})
    assert HOSTILE not in hostile._repr_html_()
    assert "&lt;script&gt;" in hostile._repr_html_()
    named = result.instance.regions.rows()
    regions = result.instance.replace(
        regions=[row.model_copy(update={"name": HOSTILE}) for row in named]
    ).regions
    assert "<script" not in regions._repr_html_()


def test_a_run_without_an_answer_is_shown(result: nk.Result) -> None:
    piece = result.model_copy(update={"allocation": None})._repr_html_()
    assert "placements" not in piece
    assert "policy" in piece
