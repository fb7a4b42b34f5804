"""The examples in docstrings and in the how-to give what they say."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
MODULES = ("min_cost", "multicommodity", "network")


@pytest.mark.parametrize("module", MODULES)
def test_docstrings(module: str) -> None:
    found = doctest.testmod(importlib.import_module(f"nichiiki_solver.flow.{module}"))
    assert found.attempted > 0
    assert found.failed == 0


def test_how_to() -> None:
    page = (ROOT / "docs/how-to/price-a-network.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "price-a-network", None, None)
    assert len(test.examples) > 15
    assert doctest.DocTestRunner().run(test).failed == 0
