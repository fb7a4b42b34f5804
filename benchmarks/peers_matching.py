"""Compare resident-optimal matchings and times with the packages `matching` and `algmatch`, in one run.

    python -m venv /tmp/peers && /tmp/peers/bin/pip install matching algmatch
    export PYTHONPATH=api:instances:models:solver:tests/support
    python benchmarks/peers_matching.py /tmp/peers/bin/python --limit-s 120 > table.md

The peers run in their own environment, one process for each market, on the very same lists; times are those of the processor,
imports left out, and up to 1,000 residents those of a second run. The resident-optimal matching is unique, so that equal means
equal for every resident.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import threading
import time
from importlib.metadata import version
from typing import Any

SIZES = ((1_000, 100), (10_000, 500), (100_000, 2_000), (1_000_000, 20_000))
PEERS = ("matching", "algmatch")
TWICE = 1_000
"""Up to so many residents everybody's second run counts: what is loaded at first use is long beside it."""
Answer = dict[str, Any]


def run_matching(residents: list[list[int]], hospitals: list[list[int]], capacities: list[int]) -> Answer:
    """`matching` copies players by recursion: it needs a deep stack from about 1,000 players on."""
    wishes = {r: [f"h{h}" for h in row] for r, row in enumerate(residents)}
    preferences = {f"h{h}": row for h, row in enumerate(hospitals)}
    games = importlib.import_module("matching.games")
    started = time.process_time()
    game = games.HospitalResident.create_from_dictionaries(
        wishes, preferences, {f"h{h}": capacity for h, capacity in enumerate(capacities)}
    )
    built = time.process_time()
    solved = game.solve(optimal="resident")
    seconds = time.process_time()
    hospital_of = [-1] * len(residents)
    for hospital, mine in solved.items():
        for resident in mine:
            hospital_of[resident.name] = int(hospital.name[1:])
    return {"build": built - started, "solve": seconds - built, "hospital_of": hospital_of}


def run_algmatch(residents: list[list[int]], hospitals: list[list[int]], capacities: list[int]) -> Answer:
    """`algmatch` counts from 1."""
    listed = {r + 1: [h + 1 for h in row] for r, row in enumerate(residents)}
    posts = {
        h + 1: {"capacity": capacity, "preferences": [r + 1 for r in row]}
        for h, (row, capacity) in enumerate(zip(hospitals, capacities, strict=True))
    }
    algmatch = importlib.import_module("algmatch")
    started = time.process_time()
    problem = algmatch.HospitalResidentsProblem(
        dictionary={"residents": listed, "hospitals": posts}, optimised_side="residents"
    )
    built = time.process_time()
    solved = problem.get_stable_matching()["resident_sided"]
    seconds = time.process_time()
    hospital_of = [int(solved[f"r{r + 1}"][1:] or 0) - 1 for r in range(len(residents))]
    return {"build": built - started, "solve": seconds - built, "hospital_of": hospital_of}


def child(peer: str) -> None:
    """Read a market from stdin, solve it with a peer, write the answer."""
    given = json.load(sys.stdin)
    run = {"matching": run_matching, "algmatch": run_algmatch}[peer]
    answer: Answer = {}
    for _ in range(runs(len(given["residents"]))):
        answer = run(given["residents"], given["hospitals"], given["capacities"])
    print(json.dumps({**answer, "version": version(peer)}))


def runs(agents: int) -> int:
    """How often a market is solved; the last run counts."""
    return 2 if agents <= TWICE else 1


def deep(task: Any, *args: Any) -> None:
    """Call with a stack that `matching` can recurse in."""
    threading.stack_size(1 << 30)
    sys.setrecursionlimit(10**6)
    thread = threading.Thread(target=task, args=args)
    thread.start()
    thread.join()


def ask(python: str, peer: str, market: str, limit_s: float, file: str = __file__) -> Answer | str:
    """Answer of a peer, or why there is none."""
    command = [python, file, "--child", peer]
    try:
        done = subprocess.run(command, input=market, capture_output=True, text=True, timeout=limit_s)
    except subprocess.TimeoutExpired:
        return f"none in {limit_s:.0f} s"
    lines = done.stdout.splitlines()
    return json.loads(lines[-1]) if lines else (done.stderr.splitlines() or ["no answer"])[-1]


def ours(lists: tuple[Any, Any, Any], flat: tuple[Any, Any, Any]) -> tuple[Answer, float]:
    """Answer and time from lists, and the time from flat arrays."""
    from nichiiki.matching import hospital_residents

    started = time.process_time()
    found = hospital_residents(*lists)
    middle = time.process_time()
    hospital_residents(*flat)
    ended = time.process_time()
    return {"seconds": middle - started, "hospital_of": found.hospital_of.tolist()}, ended - middle


def compare(python: str, n: int, m: int, limit_s: float) -> None:
    """Print a row of the table."""
    from nichiiki_random_hospitals import as_lists, random_hospitals

    flat = random_hospitals(n, m)
    lists = as_lists(flat[0]), as_lists(flat[1]), flat[2].tolist()
    for _ in range(runs(n)):
        mine, flat_s = ours(lists, flat)
    cells = [f"{n:,} × {m:,}", f"{mine['seconds']:.3f}", f"{flat_s:.3f}"]
    market = json.dumps(dict(zip(("residents", "hospitals", "capacities"), lists, strict=True)))
    for peer in PEERS:
        answer = ask(python, peer, market, limit_s) if n <= 100_000 else "not run"
        if isinstance(answer, str):
            cells.append(answer)
            continue
        total = answer["build"] + answer["solve"]
        same = "equal" if answer["hospital_of"] == mine["hospital_of"] else "DIFFERENT"
        cells.append(f"{answer['build']:.2f} + {answer['solve']:.2f}, {same}, {total / mine['seconds']:.0f}×")
    print("| " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("python", nargs="?", help="Python of the environment of the peers")
    parser.add_argument("--limit-s", type=float, default=120.0)
    parser.add_argument("--child", choices=PEERS)
    options = parser.parse_args()
    if options.child:
        deep(child, options.child)
        return
    from nichiiki.matching import hospital_residents

    code = "from importlib.metadata import version as v; print(*(f'{p} {v(p)}' for p in ('matching', 'algmatch')))"
    peers = subprocess.run(
        [options.python, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()},",
        end=" ",
    )
    print(f"numpy {version('numpy')}, scipy {version('scipy')}, {peers}\n")
    print(
        "| residents × hospitals | nichiiki, lists | nichiiki, arrays | matching | algmatch |\n"
        + "| --- " * 5
        + "|"
    )
    hospital_residents([[0]], [[0]], [1])
    for n, m in SIZES:
        compare(options.python, n, m, options.limit_s)


if __name__ == "__main__":
    main()
