"""``nichiiki convert`` of a timetable."""

from pathlib import Path
from typing import Any

import nichiiki as nk
from nichiiki_feed import feed


def test_the_command_line_converts_a_feed(run: Any, tmp_path: Path) -> None:
    feed(tmp_path)
    done = run(
        "convert", tmp_path / "feed.zip", tmp_path / "links", "--capacity", "30", "--stops", "駅前, 温泉"
    )
    assert done.exit_code == 0
    assert len((tmp_path / "links" / "links.csv").read_text("utf-8").splitlines()) == 1 + 4
    added = run("convert", tmp_path / "feed.zip", tmp_path / "more", "--into", "flagship", "--prefix", "v-")
    assert added.exit_code == 0
    assert len(nk.read(tmp_path / "more").places) == len(nk.load("flagship").places) + 3
    wrong = run("convert", tmp_path / "links", tmp_path / "other", "--fare", "0")
    assert wrong.exit_code == 2 and "--fare is for timetables only" in wrong.stderr
    mapped = run("convert", tmp_path / "feed.zip", tmp_path / "other", "--mapping", tmp_path / "m.toml")
    assert mapped.exit_code == 2 and "A timetable needs no --mapping" in mapped.stderr
    broken = feed(tmp_path, "broken.zip", stops=None)
    refused = run("convert", broken, tmp_path / "none", "--lang", "ja")
    assert refused.exit_code == 2 and "stops.txt" in refused.stderr and not (tmp_path / "none").exists()
