"""The bundled instance of the platform: made by its tool, and whole without households."""

from pathlib import Path

import pytest

import make_platform
from nichiiki_instances import read
from nichiiki_instances.bundled import load
from nichiiki_models.checks import find_problems
from nichiiki_models.errors import InstanceError


def test_tool_makes_the_same_bytes(tmp_path: Path) -> None:
    make_platform.main([str(tmp_path)])
    made = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    kept = {file.name: file.read_bytes() for file in make_platform.FOLDER.iterdir() if file.suffix != ".md"}
    assert made == kept


def test_it_has_no_problems() -> None:
    instance = load("platform")
    assert find_problems(instance.tables, instance.rules) == []
    assert len(instance.households) == len(instance.periods) == 0


def test_a_platform_without_offers_is_no_instance(tmp_path: Path) -> None:
    make_platform.main([str(tmp_path)])
    (tmp_path / "offers.csv").unlink()
    with pytest.raises(InstanceError) as raised:
        read(tmp_path)
    assert "households" in {problem.table for problem in raised.value.problems}
