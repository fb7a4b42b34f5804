"""Tasks in processes of their own: values, what is raised, overruns, crashes; nothing of one touches another."""

import math
import time
from pathlib import Path

import pytest

from nichiiki.executing import Done, LocalExecutor, Task
from nichiiki.wire import WireError
from nichiiki_tasks import chatter, crash, hold, length, root, sleep, unsendable


def done(*tasks: Task, workers: int = 2) -> dict[str, Done]:
    executor = LocalExecutor(workers)
    for task in tasks:
        executor.submit(task)
    return {each.key: each for each in executor.iterate()}


def test_each_task_comes_back_once_with_its_value_or_error() -> None:
    found = done(
        Task("value", length, (3, 4)),
        Task("raised", root, (-1,)),
        Task("crashed", crash, (9,)),
        Task("unsendable", unsendable),
        Task("slow", sleep, (60,), limit_s=1),
        Task("large", hold, (2000,), memory_mb=100),
        Task("small", hold, (20,), memory_mb=100),
        Task("chatter", chatter, ("あ" * 100_000,)),
        workers=4,
    )
    assert found["value"] == Done("value", 5.0)
    assert (found["raised"].error or "").startswith("ValueError")
    assert found["crashed"].error == "CRASHED 9"
    assert found["unsendable"].error == "WireError: a object cannot travel"
    assert found["slow"].error == "TIME_LIMIT"
    assert found["large"].error == "MEMORY_LIMIT"
    assert found["small"].value == 20 << 20
    assert found["chatter"].value == "あ" * 100_000


def test_closing_ends_what_runs() -> None:
    executor = LocalExecutor(2)
    executor.submit(Task("quick", length, (3, 4)))
    executor.submit(Task("slow", sleep, (60,)))
    results = executor.iterate()
    assert next(results).key == "quick"
    started = time.monotonic()
    results.close()  # type: ignore[attr-defined]
    assert time.monotonic() - started < 10


def test_foreign_functions_are_refused_before_a_process_starts() -> None:
    executor = LocalExecutor(1)
    executor.submit(Task("foreign", math.hypot, (3, 4)))
    with pytest.raises(WireError, match="math:hypot cannot travel"):
        list(executor.iterate())


def test_a_folder_of_strangers_is_not_searched_for_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever works in a folder with a file named like a module of Python does not run it."""
    for name in ("json.py", "subprocess.py", "numpy.py"):
        (tmp_path / name).write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write('x')\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert done(Task("value", length, (3, 4)))["value"].value == 5.0
    assert not (tmp_path / "ran").exists()


def test_what_is_lost_is_told_apart_from_what_fails() -> None:
    errors = {"CRASHED -9": True, "LOST cancelled": True, "TIME_LIMIT": False, "ValueError: x": False}
    assert {error: Done("k", error=error).is_lost for error in errors} == errors
    assert not Done("k", 1).is_lost
