"""Load the example service on this machine and say what it holds: requests a second, and how long they take.

    python tools/load.py --minutes 10 --clients 4

starts the service, asks it by several clients at once (each asks again as soon as it has its answer), first to fit one
household into the bundled instance with stored prices, then for small allocations, and prints one JSON object a kind.
Every answer is compared with what the library says alone. Only addresses of this machine are asked.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

import nichiiki as nk

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("api", "examples/service", "instances", "models", "solver")
HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Question:
    """Where it is asked, its body, and whether an answer is right."""

    path: str
    body: bytes
    is_right: Callable[[bytes], bool]


@dataclass
class Seen:
    """What one client saw: seconds of each answer, and answers that were wrong or none."""

    seconds: list[float] = field(default_factory=list)
    wrong: int = 0


def fit_questions(households: int = 8) -> list[Question]:
    """Questions for places of late applicants in the bundled instance, with its prices."""
    instance = nk.load("flagship")
    allocation = nk.allocate(instance, policy="points").allocation
    if allocation is None:
        raise SystemExit("the bundled instance has no allocation")
    prices = nk.shadow_prices(instance)
    stored = [each.model_dump() for each in prices]
    shared = {"instance": _plain(instance), "allocation": _plain(allocation), "prices": stored}
    return [
        Question("/fit", json.dumps({**shared, "household_id": household}).encode(), _same_fits(known))
        for household in instance.households["household_id"][:households].tolist()
        for known in [nk.fit(instance, allocation, household, prices=prices)]
    ]


def solve_questions(towns: int = 8, households: int = 15) -> list[Question]:
    """Questions for the optimum of small generated instances."""
    made = [nk.generate(households=households, seed=seed) for seed in range(towns)]
    return [
        Question(
            "/allocate", json.dumps({"instance": _plain(town)}).encode(), _same_objective(nk.allocate(town))
        )
        for town in made
    ]


def _plain(model: Any) -> Any:
    return json.loads(model.model_dump_json())


def _same_fits(known: list[nk.Fit]) -> Callable[[bytes], bool]:
    expected = [_plain(each) for each in known]
    return lambda body: [each["what"] for each in json.loads(body)] == expected


def _same_objective(known: nk.Result) -> Callable[[bytes], bool]:
    expected = (known.status.value, known.objective, known.bound)
    return lambda body: tuple(json.loads(body)[name] for name in ("status", "objective", "bound")) == expected


QUESTIONS: dict[str, Callable[[], list[Question]]] = {"fit": fit_questions, "solve": solve_questions}


@contextmanager
def service(workers: int) -> Iterator[tuple[int, psutil.Process]]:
    """Run the service; yield its port and its process."""
    path = os.pathsep.join(str(ROOT / folder) for folder in FOLDERS)
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "nichiiki_service", "--port", "0", "--workers", str(workers)],
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.PIPE,
    )
    lines = process.stderr
    if lines is None:
        raise SystemExit("the service has no log")
    with ThreadPoolExecutor(1) as reader:
        port = int(json.loads(lines.readline())["port"])
        reader.submit(lambda: [None for _ in lines])  # a pipe that nobody reads would stop the service
        yield port, psutil.Process(process.pid)
        process.terminate()
        process.wait(30)


def ask(port: int, questions: list[Question], first: int, until: float) -> Seen:
    """Ask one question after the other on one connection until a time of `time.monotonic`."""
    seen = Seen()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    number = first
    while time.monotonic() < until:
        question = questions[number % len(questions)]
        started = time.monotonic()
        connection.request("POST", question.path, question.body, HEADERS)
        answer = connection.getresponse()
        body = answer.read()
        seen.seconds.append(time.monotonic() - started)
        seen.wrong += answer.status != 200 or not question.is_right(body)
        number += 1
    connection.close()
    return seen


def processor_seconds(process: psutil.Process) -> float:
    """Processor time so far of a process and those it started."""
    family = [process, *process.children(recursive=True)]
    return sum(sum(each.cpu_times()[:2]) for each in family)


def load(kind: str, minutes: float, clients: int, workers: int) -> dict[str, Any]:
    """Ask for some minutes, and return the figures."""
    questions = QUESTIONS[kind]()
    with service(workers) as (port, process), ThreadPoolExecutor(clients) as pool:
        for number in range(2 * workers):  # what is loaded at the first question is not what is measured
            ask(port, questions, number, time.monotonic() + 0.001)
        spent, started = processor_seconds(process), time.monotonic()
        until = started + 60 * minutes
        seen = list(pool.map(lambda first: ask(port, questions, first, until), range(clients)))
        spent, wall = processor_seconds(process) - spent, time.monotonic() - started
    return figures(kind, seen, wall, spent) | {
        "clients": clients,
        "workers": workers,
        "cores": psutil.cpu_count(),
    }


def figures(kind: str, seen: list[Seen], wall: float, spent: float) -> dict[str, Any]:
    """Sum up what the clients saw."""
    seconds = np.array([each for one in seen for each in one.seconds])
    half, most = (round(float(np.quantile(seconds, share)) * 1000) for share in (0.5, 0.99))
    return {
        "kind": kind,
        "requests": len(seconds),
        "wrong": sum(one.wrong for one in seen),
        "seconds": round(wall, 1),
        "per_second": round(len(seconds) / wall, 2),
        "median_ms": half,
        "p99_ms": most,
        "slowest_ms": round(float(seconds.max()) * 1000),
        "processor_ms": round(spent / len(seconds) * 1000),
    }


def main() -> None:
    """Load the service with each kind of question."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kinds", nargs="+", choices=QUESTIONS, default=list(QUESTIONS))
    parser.add_argument("--minutes", type=float, default=10.0, help="of each kind")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    for kind in given.kinds:
        print(json.dumps(load(kind, given.minutes, given.clients, given.workers)), flush=True)


if __name__ == "__main__":
    main()
