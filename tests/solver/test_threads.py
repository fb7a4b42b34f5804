"""Runs in several threads at once give the answers that each gives alone: nothing is shared that changes."""

import ast
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

import nichiiki as nk

FULL = os.environ.get("NICHIIKI_FULL") == "1"
ROOT = Path(__file__).parents[2]
POLICIES = ("welfare", "points", "deferred_acceptance", "random_serial_dictatorship", "leximin")
RUNS = [(policy, seed) for seed in ((1, 2) if FULL else (1,)) for policy in POLICIES]
SHARED = {"environ", "chdir", "setlocale", "set_start_method", "putenv"}
CALLS_OF_THE_TERMINAL = ("cli/",)


def run(policy: str, seed: int) -> dict[str, Any]:
    """All that one run finds, without how long it took."""
    instance = nk.generate(households=8, seed=seed)
    result = nk.allocate(instance, policy=policy, seed=seed, workers=1)
    assert result.allocation is not None
    household = str(instance.households["household_id"][0])
    return {
        "result": result.model_dump(exclude={"seconds"}),
        "violations": nk.verify(instance, result.allocation),
        "figures": nk.evaluate(instance, result.allocation),
        "reasons": nk.explain(instance, result.allocation, household, exact=False),
    }


def test_runs_in_threads_give_the_answers_they_give_alone() -> None:
    together = Barrier(len(POLICIES))

    def started_together(number: int) -> dict[str, Any]:
        if number < len(POLICIES):
            together.wait(60)
        return run(*RUNS[number])

    with ThreadPoolExecutor(len(POLICIES)) as threads:
        found = list(threads.map(started_together, range(len(RUNS))))
    for (policy, seed), answer in zip(RUNS, found, strict=True):
        assert answer == run(policy, seed), (policy, seed)


def test_a_stop_of_one_run_does_not_stop_another() -> None:
    large, small = nk.generate(households=400, seed=1), nk.generate(households=8, seed=1)
    with ThreadPoolExecutor(2) as threads:
        stopped = threads.submit(nk.allocate, large, time_limit_s=200, workers=1, should_stop=lambda: True)
        other = threads.submit(nk.allocate, small, workers=1)
    assert stopped.result().reason is nk.StopReason.INTERRUPTED
    assert other.result().reason is nk.StopReason.PROVEN


def changed_globally(source: str) -> list[str]:
    """What a module does to state that all of the process shares."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Global):
            found += node.names
        if isinstance(node, ast.Attribute) and node.attr in SHARED and not isinstance(node.ctx, ast.Load):
            found.append(node.attr)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SHARED:
            found.append(node.func.attr)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "np.random.seed",
            "random.seed",
            "signal.signal",
        ):
            found.append(ast.unparse(node.func))
    return found


@pytest.mark.parametrize("folder", ["api", "instances", "models", "solver"])
def test_no_module_changes_global_state(folder: str) -> None:
    for path in sorted((ROOT / folder).rglob("*.py")):
        if not any(part in path.as_posix() for part in CALLS_OF_THE_TERMINAL):
            assert changed_globally(path.read_text("utf-8")) == [], path


def test_a_change_of_global_state_would_be_seen() -> None:
    source = "def f():\n    global x\n    np.random.seed(1)\n    os.chdir('/')\n    os.environ = {}\n"
    assert sorted(changed_globally(source)) == ["chdir", "environ", "np.random.seed", "x"]
