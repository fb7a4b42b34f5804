"""The audit trail: a manifest of everything, and a replay to the byte."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import nichiiki as nk
from nichiiki.auditing import Manifest, read_manifest
from nichiiki.cli.exits import Exit
from nichiiki.outputs import AUDIT, OUTPUTS
from nichiiki_models.errors import FileError
from nichiiki_sample import sample
from nichiiki_solver.lotteries.public import commit


@pytest.fixture(scope="module")
def signed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an official run."""
    from click.testing import CliRunner

    from nichiiki.cli.group import face

    out = tmp_path_factory.mktemp("signed") / "out"
    done = CliRunner().invoke(face("en"), ["allocate", str(folder), "--official", "--out", str(out)])
    assert done.exit_code == Exit.DONE, done.output
    return out


@pytest.fixture
def copy(signed: Path, tmp_path: Path) -> Path:
    """Return a copy of it that may be damaged."""
    return Path(shutil.copytree(signed, tmp_path / "copy"))


def test_the_manifest_names_everything(signed: Path, folder: Path, small: nk.Instance) -> None:
    manifest = read_manifest(signed)
    assert set(manifest.outputs) == {*OUTPUTS, AUDIT[0]}
    for name, stated in manifest.outputs.items():
        assert hashlib.sha256((signed / name).read_bytes()).hexdigest() == stated
    assert {Path(name).name for name in manifest.inputs} == {file.name for file in folder.iterdir()}
    assert manifest.instance_hash == small.hash
    assert manifest.promise == "official"
    assert manifest.checks == {"verify_violations": 0, "official": 1}
    assert manifest.seed_origin.kind == "default"
    assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest


def test_a_replay_gives_every_byte_again(run: Any, signed: Path) -> None:
    found = nk.replay(signed)
    assert found.ok
    assert set(found.resolved) == set(OUTPUTS)
    shown = run("verify", "--replay", signed)
    assert shown.exit_code == Exit.DONE
    assert "Reproduced: every byte is the same" in shown.output
    assert json.loads(run("verify", "--replay", signed, "--json").stdout)["ok"] is True


@pytest.mark.parametrize("name", sample([AUDIT[0], *OUTPUTS[1:]], 3))
def test_a_byte_that_was_changed_is_seen(copy: Path, name: str) -> None:
    path = copy / name
    path.write_bytes(
        path.read_bytes().rstrip(b"\n") + b" \n" if name == AUDIT[0] else path.read_bytes() + b" "
    )
    found = nk.replay(copy)
    assert found.outputs[name] == "differs"
    assert not found.ok


def test_a_household_that_was_moved_by_hand_is_seen(run: Any, copy: Path) -> None:
    path = copy / "allocation.json"
    answer = json.loads(path.read_text("utf-8"))
    answer["placements"].pop()
    path.write_text(json.dumps(answer), "utf-8")
    shown = run("verify", "--replay", copy)
    assert shown.exit_code == Exit.NEGATIVE
    assert "Not reproduced" in shown.output


def test_another_instance_is_seen(copy: Path, small: nk.Instance) -> None:
    nk.write(
        small.replace(houses=small.houses.with_columns(units=small.houses["units"] + 1)), copy / AUDIT[0]
    )
    found = nk.replay(copy)
    assert not found.instance
    assert not found.ok


def test_a_file_that_is_gone_is_said(copy: Path) -> None:
    (copy / "loads.csv").unlink()
    assert nk.replay(copy).outputs["loads.csv"] == "missing"


@pytest.mark.parametrize(("promise", "words"), [("stopped", "the clock"), ("not_official", "one of several")])
def test_a_run_that_is_not_reproducible_says_so(run: Any, copy: Path, promise: str, words: str) -> None:
    path = copy / AUDIT[1]
    manifest = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**manifest, "promise": promise}), "utf-8")
    shown = run("verify", "--replay", copy)
    assert shown.exit_code == Exit.NEGATIVE
    assert "Not reproducible" in shown.output
    assert words in shown.output
    assert nk.replay(copy).resolved == {}


def test_a_stopped_run_makes_no_promise(run: Any, tmp_path: Path) -> None:
    nk.write(nk.generate(households=120, seed=1), tmp_path / "town")
    done = run("allocate", tmp_path / "town", "--time-limit", 0.5, "--out", tmp_path / "out")
    if done.exit_code == Exit.DONE:
        assert read_manifest(tmp_path / "out").promise in ("stopped", "not_official", "official")
        status = json.loads((tmp_path / "out" / "allocation.json").read_text("utf-8"))["status"]
        assert (read_manifest(tmp_path / "out").promise == "stopped") == (status == "FEASIBLE")


def test_no_manifest_is_said_in_words(run: Any, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="There is no manifest"):
        nk.replay(tmp_path)
    (tmp_path / AUDIT[1]).write_text("{}")
    with pytest.raises(FileError, match="This is no manifest of a run"):
        nk.replay(tmp_path)
    assert run("verify", "--replay", tmp_path).exit_code == Exit.BAD_INPUT
    assert run("verify").exit_code == Exit.BAD_INPUT


# ---- seeds from a public value ---------------------------------------------------------------------------


def test_the_seed_of_a_public_value_is_in_the_manifest(run: Any, folder: Path, tmp_path: Path) -> None:
    name, value = "drand quicknet round 20000000", "9f3c"
    digest = json.loads(run("lottery", "commit", folder, "--value-name", name, "--json").output)["digest"]
    public = ("--value-name", name, "--value", value, "--digest", digest)
    shown = run("allocate", folder, "--policy", "points", *public, "--out", tmp_path / "out")
    assert shown.exit_code == Exit.DONE
    manifest = read_manifest(tmp_path / "out")
    assert manifest.seed_origin.model_dump() == {
        "kind": "public_value",
        "value_name": name,
        "value": value,
        "digest": digest,
    }
    assert manifest.parameters.seed == int.from_bytes(hashlib.sha256(b"9f3c").digest()[:8]) >> 1
    assert manifest.promise == "procedure"
    assert nk.replay(tmp_path / "out").ok


def test_a_roll_that_was_changed_since_is_refused(run: Any, folder: Path) -> None:
    digest = commit(["somebody"], "rules", "round 5")
    shown = run(
        "allocate",
        folder,
        "--policy",
        "points",
        "--value-name",
        "round 5",
        "--value",
        "1",
        "--digest",
        digest,
    )
    assert shown.exit_code != Exit.DONE
    assert "something was changed" in shown.output


def test_the_three_options_of_a_public_value_go_together(run: Any, folder: Path) -> None:
    shown = run("allocate", folder, "--value", "1")
    assert shown.exit_code == Exit.BAD_INPUT
    assert "go together" in shown.output
