"""The demo, from end to end on the bundled instance; the optimum gets only as long as a test may take."""

import json
from pathlib import Path
from typing import Any

import pytest

import nichiiki as nk
from nichiiki.auditing import read_manifest
from nichiiki.cli.demo import FARES, PLATFORM, RULE_MODE
from nichiiki.cli.exits import Exit
from nichiiki.outputs import AUDIT, OUTPUTS, PRICES


@pytest.mark.parametrize("lang", [pytest.param("en", marks=pytest.mark.slow), "ja"])
def test_demo(run: Any, tmp_path: Path, lang: str) -> None:
    shown = run("demo", "--out", tmp_path / "out", "--time-limit", "10", "--lang", lang)
    assert shown.exit_code == Exit.DONE, shown.output
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {*OUTPUTS, *AUDIT, PRICES, RULE_MODE, FARES, PLATFORM}
    files = (tmp_path / "out" / folder / "metrics.json" for folder in (".", RULE_MODE))
    optimum, by_hand = (json.loads(file.read_text("utf-8"))["levels"]["welfare"] for file in files)
    assert optimum >= by_hand
    for word in {"en": ("0 violations", "rule mode"), "ja": ("違反0件", "手続き")}[lang]:
        assert word in shown.stdout
    tariff = nk.TariffResult.model_validate_json(
        (tmp_path / "out" / FARES / "tariff.json").read_text("utf-8")
    )
    assert 0 < tariff.subsidy_used_yen <= 6_000_000
    assert tariff.total.buyers > 0
    assert run("verify", "flagship", tmp_path / "out" / PLATFORM).exit_code == Exit.DONE
    again = run("verify", "flagship", tmp_path / "out", "--lang", lang)
    assert again.exit_code == Exit.DONE, again.output
    assert nk.replay(tmp_path / "out" / RULE_MODE).ok
    is_official = read_manifest(tmp_path / "out").promise == "official"  # not where the machine is too slow
    again_s = 120  # as long as it takes: only its end is compared
    assert nk.replay(tmp_path / "out", time_limit_s=again_s).ok == is_official
