"""Every named defect on the command line: exit code 2, the exact message, no traceback, nothing written."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from nichiiki.cli.exits import Exit
from nichiiki_defects import DEFECTS, MESSAGES, make
from nichiiki_sample import sample


# in the sample a few, now in one language, now in the other: tests/instances/test_defects.py has every message
@pytest.mark.parametrize(("name", "lang"), sample(product(DEFECTS, ("en", "ja")), 9))
def test_a_defect_ends_with_its_message_and_writes_nothing(
    name: str, lang: str, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "4000")
    target = make(name, tmp_path)
    before = sorted(tmp_path.rglob("*"))
    shown = run("allocate", target, "--out", tmp_path / "out", "--lang", lang)
    assert shown.exit_code == Exit.BAD_INPUT
    assert shown.stdout == ""
    assert "Traceback" not in shown.output
    said = "".join(shown.stderr.split())
    for message in MESSAGES[name][lang]:
        assert "".join(message.split()) in said
    assert sorted(tmp_path.rglob("*")) == before
