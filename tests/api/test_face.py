"""The public names: complete, typed, and free until used."""

import ast
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import nichiiki as nk

ROOT = Path(__file__).resolve().parents[2]
PATHS = os.pathsep.join(str(ROOT / root) for root in ("api", "instances", "models", "solver"))
FOREIGN = {"ortools", "highspy", "numpy", "pydantic", "click", "rich", "jinja2", "scipy"}


def probe(code: str, *words: str) -> str:
    """Run code in a fresh interpreter and return what it prints."""
    paths = os.pathsep.join([PATHS, os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, *words], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_all_is_what_is_public() -> None:
    tree = ast.parse(inspect.getsource(nk))
    (typed,) = [node for node in tree.body if isinstance(node, ast.If)]
    imported = {
        alias.asname for node in typed.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert set(nk.__all__) == imported
    assert sorted(nk.__all__) == nk.__all__
    assert set(nk.__all__) <= set(dir(nk))


@pytest.mark.parametrize("name", nk.__all__)
def test_every_name_loads_and_is_documented(name: str) -> None:
    assert inspect.getdoc(getattr(nk, name))


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'solve_everything'"):
        nk.solve_everything  # noqa: B018


def test_import_loads_nothing_else() -> None:
    loaded = probe("import sys, nichiiki; print(' '.join(sys.modules))").split()
    assert {name.split(".")[0] for name in loaded} & FOREIGN == set()


@pytest.mark.parametrize("words", [["--help"], ["allocate", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys; from nichiiki.cli import main; main(sys.argv[1:]);"
        "print('LOADED', *sorted({name.split('.')[0] for name in sys.modules}))"
    )
    if words == ["--version"]:
        pytest.importorskip("nichiiki")
    loaded = set(probe(code, *words).split("LOADED")[1].split())
    assert (
        loaded & {"ortools", "highspy", "numpy", "pydantic", "rich", "jinja2", "scipy", "xlsxwriter"} == set()
    )


def test_result_survives_json(small_result: nk.Result) -> None:
    again = nk.Result.model_validate_json(small_result.model_dump_json())
    assert again == small_result
    assert again.gap == small_result.gap


def test_market_of_arrays() -> None:
    market = nk.market.Market.from_columns(
        agent=[0, 1], utility=[3, 5], resource=[0, 0], option=[0, 1], amount=[1, 1], capacity=[1]
    )
    outcome = nk.market.solve(market, time_limit_s=10)
    assert outcome.choice is not None
    assert outcome.choice.tolist() == [-1, 1]
