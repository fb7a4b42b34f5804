"""The commands diff, promote and replay-hand."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

import nichiiki as nk
from nichiiki.cli.exits import Exit
from nichiiki.outputs import BEFORE, OUTPUTS


@pytest.fixture(scope="module")
def done(
    folder: Path, small: nk.Instance, small_result: nk.Result, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return a folder with a result of the procedure."""
    path = tmp_path_factory.mktemp("done") / "allocation.json"
    assert small_result.allocation is not None
    path.write_text(small_result.allocation.model_dump_json(), "utf-8")
    return path


def first_placed(done: Path) -> str:
    return str(json.loads(done.read_text("utf-8"))["placements"][0]["household_id"])


def test_promote_writes_what_diff_explains(run: Any, folder: Path, done: Path, tmp_path: Path) -> None:
    gone = first_placed(done)
    shown = run("promote", folder, done, "--declined", gone, "--out", tmp_path / "new")
    assert shown.exit_code == Exit.DONE
    assert "Offered now" in shown.output
    assert run("verify", folder, tmp_path / "new").exit_code == Exit.DONE
    table = tmp_path / "changes.csv"
    shown = run("diff", folder, done, tmp_path / "new", "--csv", table)
    assert shown.exit_code == Exit.DONE
    rows = list(csv.reader(io.StringIO(table.read_text("utf-8-sig"))))
    mine = next(row for row in rows if row[0] == gone)
    assert mine[1] == "loses"
    assert mine[7] == "declined"


def test_a_promotion_is_replayed_to_the_byte(run: Any, folder: Path, done: Path, tmp_path: Path) -> None:
    run("promote", folder, done, "--declined", first_placed(done), "--out", tmp_path / "new")
    again = run("verify", "--replay", tmp_path / "new")
    assert again.exit_code == Exit.DONE, again.output
    assert set(nk.replay(tmp_path / "new").resolved) == set(OUTPUTS)
    before = json.loads((tmp_path / "new" / BEFORE).read_text("utf-8"))
    before["seed"] += 1
    (tmp_path / "new" / BEFORE).write_text(json.dumps(before), "utf-8")
    found = nk.replay(tmp_path / "new")
    assert not found.ok
    assert found.outputs[BEFORE] == "differs"
    assert found.resolved["allocation.json"] == "differs"


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_diff_in_both_languages_and_as_json(
    run: Any, folder: Path, done: Path, tmp_path: Path, lang: str
) -> None:
    run("promote", folder, done, "--declined", first_placed(done), "--out", tmp_path / "new")
    shown = run("diff", folder, done, tmp_path / "new", "--lang", lang)
    assert shown.exit_code == Exit.DONE
    assert ("loses" in shown.output) == (lang == "en")
    found = json.loads(run("diff", folder, done, tmp_path / "new", "--json").output)
    assert found["total"]["loses"] >= 1
    assert {change["kind"] for change in found["changes"]} <= {"gains", "loses", "moves"}


def test_promote_refuses_whom_it_does_not_know(run: Any, folder: Path, done: Path) -> None:
    shown = run("promote", folder, done, "--declined", "nobody")
    assert shown.exit_code == Exit.BAD_INPUT
    assert '"nobody" does not exist' in shown.output


def test_a_list_made_by_hand_is_set_beside_the_procedure(
    run: Any, folder: Path, done: Path, small: nk.Instance, tmp_path: Path
) -> None:
    hand = tmp_path / "hand.csv"
    household = first_placed(done)
    house = small.houses["house_id"][0]
    hand.write_text(f"世帯ID,住宅ID\n{household},{house}\n", "utf-8")
    shown = run("replay-hand", folder, hand)
    assert shown.exit_code == Exit.NEGATIVE
    assert "differ from the procedure" in shown.output


def test_the_procedures_own_list_equals_it(
    run: Any, folder: Path, small: nk.Instance, small_result: nk.Result, tmp_path: Path
) -> None:
    from nichiiki_solver.rerunning import previous_rows

    assert small_result.allocation is not None
    hand = tmp_path / "hand.csv"
    with hand.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["household_id", "item_kind", "person_id", "target_id", "periods"])
        for row in previous_rows(small_result.allocation):
            writer.writerow(
                [row.household_id, row.item_kind, row.person_id or "", row.target_id, ";".join(row.periods)]
            )
    shown = run("replay-hand", folder, hand)
    assert shown.exit_code == Exit.DONE
    assert "equals the procedure" in shown.output


def test_a_list_with_unknown_ids_names_the_cell(run: Any, folder: Path, tmp_path: Path) -> None:
    hand = tmp_path / "hand.csv"
    hand.write_text("household_id,house_id\nnobody,nowhere\n", "utf-8")
    shown = run("replay-hand", folder, hand)
    assert shown.exit_code == Exit.BAD_INPUT
    assert "hand.csv" in shown.output
    assert "nobody" in shown.output
