"""Run the notebooks of the documentation and keep what they show; no Jupyter is needed for it.

Without arguments it runs all of them and writes their outputs. With `--check` it writes nothing and fails if one shows
something else than it keeps, seconds apart.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

NOTEBOOKS = Path(__file__).resolve().parents[1] / "docs" / "notebooks"
SECONDS = re.compile(r"(seconds</th><td>)[\d.,]+")
Notebook = dict[str, Any]


def notebooks() -> list[Path]:
    """Return the notebooks in their order."""
    return sorted(NOTEBOOKS.glob("*.ipynb"))


def executed(path: Path) -> Notebook:
    """Return a notebook with the outputs of a fresh run, in a folder of its own.

    Parameters
    ----------
    path
        The notebook. A cell that raises ends the run with its error.
    """
    notebook: Notebook = json.loads(path.read_text("utf-8"))
    names: dict[str, Any] = {"__name__": "__main__"}
    with _elsewhere():
        for number, cell in enumerate(_code(notebook), start=1):
            cell["execution_count"] = number
            cell["outputs"] = list(_run("".join(cell["source"]), names, number))
    return notebook


def shown(notebook: Notebook) -> list[str]:
    """Return what the cells show, without seconds, so that two runs can be compared."""
    return [SECONDS.sub(r"\1", json.dumps(cell["outputs"], ensure_ascii=False)) for cell in _code(notebook)]


def _code(notebook: Notebook) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


@contextmanager
def _elsewhere() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        yield


def _run(source: str, names: dict[str, Any], number: int) -> Iterator[dict[str, Any]]:
    """Run a cell: what it prints, then the value of its last line if that is an expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with redirect_stdout(printed):
        exec(compile(tree, "<cell>", "exec"), names)  # noqa: S102 - our own notebooks
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)  # noqa: S307
    if printed.getvalue():
        yield {"name": "stdout", "output_type": "stream", "text": _lines(printed.getvalue())}
    if value is not None:
        data = {"text/plain": _lines(repr(value)[:2000])}
        if hasattr(value, "_repr_html_"):
            data = {"text/html": _lines(value._repr_html_()), "text/plain": [type(value).__name__]}
        yield {"data": data, "execution_count": number, "metadata": {}, "output_type": "execute_result"}


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _write(path: Path, notebook: Notebook) -> None:
    path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", "utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Run the notebooks, write or check them; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if one shows something else"
    )
    check = parser.parse_args(arguments).check
    stale = [path for path in notebooks() if not _is_current(path, check=check)]
    for path in stale:
        print(
            f"{path.name}: {'stale; run python tools/notebooks.py' if check else 'written'}", file=sys.stderr
        )
    return int(check and bool(stale))


def _is_current(path: Path, *, check: bool) -> bool:
    fresh = executed(path)
    if shown(fresh) == shown(json.loads(path.read_text("utf-8"))):
        return True
    if not check:
        _write(path, fresh)
    return False


if __name__ == "__main__":
    sys.exit(main())
