"""Comparisons: one row a run, never done twice, paired intervals that match a hand calculation."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nichiiki as nk
from nichiiki.comparing import HEAD, Comparison, flat
from nichiiki.executing import Done, Task, never
from nichiiki.intervals import interval
from nichiiki_models.errors import UsageError

TINY = {"households": 6, "houses": 4, "hosts": 1, "roles": 2, "periods": 3}


class Here:
    """An executor that works in this process and counts."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []

    def submit(self, task: Task) -> None:
        self.tasks.append(task)

    def iterate(self, should_stop: Callable[[], bool] = never) -> Iterator[Done]:
        for task in self.tasks:
            yield Done(task.key, task.function(*task.arguments))


@pytest.fixture(scope="module")
def instances() -> list[nk.Instance]:
    return [nk.generate(**TINY, seed=seed) for seed in (1, 2)]  # type: ignore[arg-type]


def run(instances: list[nk.Instance], executor: Here, **how: Any) -> Comparison:
    policies = how.pop("policies", ["points", "welfare"])
    return nk.compare(instances, policies=policies, seeds=range(2), time_limit_s=20, executor=executor, **how)


def test_one_row_a_run_with_every_figure(instances: list[nk.Instance], tmp_path: Path) -> None:
    found = run(instances, Here(), out=tmp_path)
    assert len(found) == 8
    assert found.columns[: len(HEAD)] == HEAD
    assert {row["status"] for row in found.rows} <= {"OPTIMAL", "FEASIBLE"}
    (row,) = [
        r
        for r in found.rows
        if (r["instance_hash"], r["policy"], r["seed"]) == (instances[0].hash, "points", 1)
    ]
    result = nk.allocate(instances[0], policy="points", seed=1)
    assert result.allocation is not None
    figures = flat(nk.evaluate(instances[0], result.allocation).model_dump(mode="json"))
    assert {name: row[name] for name in figures} == figures
    assert (tmp_path / "runs.csv").read_text("utf-8") == found.csv()
    assert len((tmp_path / "summary.csv").read_text("utf-8").splitlines()) > 10
    assert Comparison.model_validate_json(found.model_dump_json()) == found
    assert found.frame().shape == (8, len(found.columns))


def test_parquet_holds_the_rows(instances: list[nk.Instance], tmp_path: Path) -> None:
    parquet = pytest.importorskip(
        "pyarrow.parquet", reason="comes with the extra test: pip install 'nichiiki[test]'"
    )
    found = run(instances[:1], Here(), out=tmp_path)
    table = parquet.read_table(tmp_path / "runs.parquet")
    assert table.column_names == list(found.columns)
    for name in found.columns:
        assert table.column(name).to_pylist() == list(found.column(name))


def test_no_run_is_done_twice(instances: list[nk.Instance], tmp_path: Path) -> None:
    first = run(instances, Here(), out=tmp_path, policies=["points"])
    more = Here()
    both = run(instances, more, out=tmp_path)
    assert {task.arguments[1] for task in more.tasks} == {"welfare"}
    assert [row for row in both.rows if row["policy"] == "points"] == list(first.rows)
    afresh = Here()
    run(instances, afresh, out=tmp_path, policies=["points"], resume=False)
    assert len(afresh.tasks) == 4


class Losing(Here):
    """An executor that loses the first task with its worker."""

    def iterate(self, should_stop: Callable[[], bool] = never) -> Iterator[Done]:
        done = list(super().iterate(should_stop))
        yield Done(done[0].key, error="LOST cancelled")
        yield from done[1:]


def test_a_run_that_was_lost_is_made_again(instances: list[nk.Instance], tmp_path: Path) -> None:
    found = run(instances, Losing(), out=tmp_path, policies=["points"])
    assert [row["status"] for row in found.rows].count("FAILED") == 1
    again = Here()
    found = run(instances, again, out=tmp_path, policies=["points"])
    assert len(again.tasks) == 1
    assert "FAILED" not in {row["status"] for row in found.rows}


def test_half_written_rows_do_not_count(instances: list[nk.Instance], tmp_path: Path) -> None:
    run(instances, Here(), out=tmp_path, policies=["points"])
    files = sorted((tmp_path / "runs").glob("*.json"))
    files[0].write_text(files[0].read_text("utf-8")[:20], "utf-8")
    again = Here()
    run(instances, again, out=tmp_path, policies=["points"])
    assert [task.key for task in again.tasks] == [files[0].stem]


SCRIPT = """
import sys, nichiiki as nk
made = [nk.generate(households=6, houses=4, hosts=1, roles=2, periods=3, seed=s) for s in (1, 2)]
nk.compare(made, policies=["points"], seeds=range(3), workers=1, time_limit_s=20, out=sys.argv[1])
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_a_killed_comparison_continues(instances: list[nk.Instance], tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(tmp_path)], env=environment)
    while process.poll() is None and not list(tmp_path.glob("runs/[!.]*.json")):
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = {file.name: file.read_bytes() for file in tmp_path.glob("runs/[!.]*.json")}
    assert kept
    more = Here()
    found = nk.compare(
        instances, policies=["points"], seeds=range(3), time_limit_s=20, out=tmp_path, executor=more
    )
    assert len(found) == 6
    assert len(more.tasks) == 6 - len(kept)
    assert all((tmp_path / "runs" / name).read_bytes() == content for name, content in kept.items())


def test_a_refused_market_is_a_row(instances: list[nk.Instance]) -> None:
    changed = instances[0].replace(quotas=[{"quota_id": "q", "min": 1}])
    found = run([changed], Here(), policies=["points"])
    assert {row["status"] for row in found.rows} == {"REFUSED"}
    assert "minimum quotas" in found.rows[0]["error"]


def made(values: dict[str, list[list[float | None]]]) -> Comparison:
    """A comparison of made-up objectives: policy → instance → seed."""
    rows = [
        {"instance_hash": str(i), "policy": policy, "seed": s, "objective": value}
        for policy, table in values.items()
        for i, line in enumerate(table)
        for s, value in enumerate(line)
    ]
    return Comparison(policies=tuple(values), rows=tuple(rows))


def test_differences_are_paired_by_instance() -> None:
    found = made({"a": [[1, 2], [10, 20], [5, 5]], "b": [[2, 3], [13, 23], [7, None]]})
    (difference,) = found.summary(["objective"])
    assert (difference.unit, difference.units, difference.pairs, difference.missing) == ("instance", 3, 5, 1)
    assert difference.difference == pytest.approx(2)  # 1, 3, 2
    reach = 4.302652729749462 * 1 / np.sqrt(3)  # t of 2 degrees of freedom, standard deviation 1
    assert [difference.low, difference.high] == [pytest.approx(2 - reach), pytest.approx(2 + reach)]


def test_with_one_instance_the_unit_is_a_seed() -> None:
    (difference,) = made({"a": [[1, 2, 3]], "b": [[2, 4, 6]]}).summary(["objective"])
    assert (difference.unit, difference.units, difference.difference) == ("seed", 3, 2)
    (alone,) = made({"a": [[1]], "b": [[2]]}).summary(["objective"])
    assert (alone.low, alone.high) == (None, None)


@pytest.mark.parametrize("method", ["t", "bootstrap"])
def test_intervals_cover_as_often_as_they_say(method: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nichiiki.intervals.RESAMPLES", 300)
    rng = np.random.default_rng(0)
    hits = 0
    for seed in range(200):
        low, high = interval(rng.normal(1, 2, 30), method=method, seed=seed)
        assert low is not None and high is not None
        hits += low <= 1 <= high
    assert hits >= 180


@pytest.mark.parametrize(
    ("how", "message"),
    [({"policies": []}, "policies: at least one"), ({"policies": ["best"]}, 'policies: "best" is not known')],
)
def test_arguments_without_meaning_are_refused(
    instances: list[nk.Instance], how: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        run(instances, Here(), **how)


def test_a_chart_shows_runs_and_differences() -> None:
    pytest.importorskip("matplotlib", reason="comes with the extra test: pip install 'nichiiki[test]'")
    found = made({"a": [[1, 2]], "b": [[2, 4]]})
    with pytest.raises(UsageError, match="one of objective"):
        found.chart("beauty")
    left, right = found.chart().axes
    assert [text.get_text() for text in left.get_yticklabels()] == ["a", "b"]
    assert sorted(left.lines[0].get_xdata().tolist()) == [1, 2, 2, 4]
    assert 1.5 in [line.get_xdata()[0] for line in right.lines]  # b gains 1 and 2


def test_without_matplotlib_a_chart_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(UsageError, match=r"nichiiki\[charts\]"):
        made({"a": [[1, 2]], "b": [[2, 4]]}).chart()


def test_command_line(run: Any, folder: Path, tmp_path: Path) -> None:
    words = ("compare", folder, "--policies", "points", "--seeds", "0,2-3", "--out", tmp_path / "out")
    first = run(*words)
    assert first.exit_code == 0, first.output
    assert "3/3" in first.stderr
    refused = run(*words)
    assert (refused.exit_code, "--resume" in refused.stderr) == (2, True)
    again = run(*words, "--resume", "--json")
    assert again.exit_code == 0
    assert "1/3" not in again.stderr
    assert [row["seed"] for row in json.loads(again.stdout)["rows"]] == [0, 2, 3]


@pytest.mark.parametrize("seeds", ["", "a", "3-1", "1,,2", "0-999999999"])
def test_seeds_that_are_none_are_refused(run: Any, seeds: str) -> None:
    refused = run("compare", "flagship", "--policies", "points", "--seeds", seeds)
    assert (refused.exit_code, "--seeds" in refused.stderr) == (2, True)
