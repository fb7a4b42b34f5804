"""What the documentation shows is what happens: Python and commands run, generated pages are current."""

import doctest
import importlib
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

import write_reference
from nichiiki.cli.exits import Exit
from nichiiki.cli.group import COMMANDS
from nichiiki.outputs import AUDIT, OUTPUTS
from nichiiki_solver.policies.registry import policy_names

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "README.ja.md", *sorted((ROOT / "docs" / "how-to").glob("*.md"))]
TUTORIAL = ROOT / "docs" / "tutorials" / "first-allocation.md"


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.name
)
def test_python_in_the_docs_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in blocks(page, "python"):
        if not block.startswith(">>>"):  # those: one session a page, below
            exec(compile(block, page.name, "exec"), names)  # noqa: S102


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_sessions_in_the_docs_show_what_they_show(page: Path) -> None:
    text = "\n".join(block for block in blocks(page, "python") if block.startswith(">>>"))
    session = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    assert doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(session).failed == 0


@pytest.mark.parametrize("name", ["nichiiki", "nichiiki.market"])
def test_docstring_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0


def test_the_tutorial_works_as_written(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each command, with a smaller town so that it takes seconds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    for block in blocks(TUTORIAL, "bash"):
        for line in block.splitlines():
            if "locks.csv" in line and not Path("locks.csv").exists():
                (text,) = blocks(TUTORIAL, "text")
                Path("locks.csv").write_text(text, "utf-8")
            words = shlex.split(line.replace("--households 60", "--households 25"))
            assert words[0] == "nichiiki"
            shown = run(*words[1:])
            assert shown.exit_code == Exit.DONE, (line, shown.output)


@pytest.mark.parametrize("name", sorted(write_reference.pages()))
def test_generated_pages_are_current(name: str) -> None:
    assert name not in write_reference.stale_pages()


def test_every_command_and_output_is_in_the_reference() -> None:
    commands = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
    outputs = (ROOT / "docs" / "reference" / "outputs.md").read_text("utf-8")
    assert [name for name in COMMANDS if f"## nichiiki {name}\n" not in commands] == []
    assert [name for name in (*OUTPUTS, *AUDIT) if f"## {name}\n" not in outputs] == []


def test_every_page_is_in_an_index() -> None:
    for folder in ("tutorials", "how-to", "reference", "explanation"):
        index = (ROOT / "docs" / folder / "index.md").read_text("utf-8").splitlines()
        pages = {page.stem for page in (ROOT / "docs" / folder).glob("*.md")} - {"index"}
        assert pages - set(index) == set()


def test_links_between_pages_lead_somewhere() -> None:
    for page in [*PAGES, TUTORIAL, *(ROOT / "docs" / "reference").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), (page.name, target)


def test_pictures_are_small() -> None:
    assert (ROOT / "docs" / "images" / "report.png").stat().st_size <= 300_000


@pytest.mark.parametrize(("page", "word"), [("README.md", "policies"), ("README.ja.md", "の方式|の配分方式")])
def test_the_number_of_policies_is_the_right_one(page: str, word: str) -> None:
    counts = re.findall(rf"(\d+) ?(?:{word})", (ROOT / page).read_text("utf-8"))
    assert counts
    assert set(counts) == {str(len(policy_names()))}
