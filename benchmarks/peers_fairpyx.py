"""Compare what `fairpyx` (which needs numpy < 2) has in common with nichiiki for one item an agent, in one run.

    python -m venv /tmp/fairpyx && /tmp/fairpyx/bin/pip install fairpyx "numpy<2"
    export PYTHONPATH=api:instances:models:solver
    python benchmarks/peers_fairpyx.py /tmp/fairpyx/bin/python --limit-s 120 > table.md

The peer runs in its own environment, one process for each market, on the very same lists and order of agents; times are those of
the processor, imports left out, and up to 1,000 agents those of a second run. With strict wishes and a given order the outcome
of serial dictatorship is unique, so that *equal* means equal for every agent; of the utilitarian optimum the total is.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from importlib.metadata import version
from itertools import chain
from typing import Any

import numpy as np

SIZES = (1_000, 10_000, 100_000)
ITEMS = 20
"""Everybody ranks all of them: `fairpyx` gives items that an agent did not rank, rather than nothing."""
POLICIES = {"serial_dictatorship": "first_come", "utilitarian_matching": "welfare"}
"""Algorithms of `fairpyx`, and our policies for the same question."""
Answer = dict[str, Any]


def child(algorithm: str) -> None:
    """Read a market from stdin, divide the items with an algorithm of `fairpyx`, write the answer."""
    given = json.load(sys.stdin)
    fairpyx = importlib.import_module("fairpyx")
    order = [f"a{a}" for a in range(len(given["wishes"]))]
    how = {"agent_order": order} if algorithm == "serial_dictatorship" else {}
    for _ in range(importlib.import_module("peers_matching").runs(len(order))):
        answer = divided(fairpyx, given, algorithm, order, how)
    print(json.dumps({**answer, "version": version("fairpyx")}))


def divided(fairpyx: Any, given: Answer, algorithm: str, order: list[str], how: Answer) -> Answer:
    """Item of each agent, and times."""
    started = time.process_time()
    instance = fairpyx.Instance(
        valuations={
            f"a{a}": {f"i{i}": ITEMS - k for k, i in enumerate(row)} for a, row in enumerate(given["wishes"])
        },
        agent_capacities=1,
        item_capacities={f"i{i}": capacity for i, capacity in enumerate(given["capacities"])},
    )
    built = time.process_time()
    found = fairpyx.divide(getattr(fairpyx.algorithms, algorithm), instance=instance, **how)
    solve_s = time.process_time() - built
    item_of = [int(found[agent][0][1:]) if found.get(agent) else -1 for agent in order]
    return {"build": built - started, "solve": solve_s, "item_of": item_of}


def ours(wishes: list[list[int]], capacities: list[int], policy: str) -> tuple[list[int], float]:
    """Item of each agent, and the processor time from lists."""
    from nichiiki.market import Market, solve

    started = time.process_time()
    counts = np.array([len(row) for row in wishes])
    items = np.fromiter(chain.from_iterable(wishes), dtype=np.int64, count=int(counts.sum()))
    rank = np.arange(len(items)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    market = Market.from_columns(
        agent=np.repeat(np.arange(len(wishes)), counts),
        utility=ITEMS + 1 - rank,
        rank=rank,
        option=np.arange(len(items)),
        resource=items,
        amount=np.ones(len(items), dtype=np.int64),
        capacity=capacities,
        n_agents=len(wishes),
    )
    choice = solve(market, policy=policy, time_limit_s=600).choice
    assert choice is not None
    found = np.where(choice >= 0, items[choice], -1).tolist()
    return found, time.process_time() - started


def total(wishes: list[list[int]], item_of: list[int]) -> int:
    """Value of a division: an agent's first wish is worth as much as there are items, the last one 1."""
    return sum(ITEMS - row.index(item) for row, item in zip(wishes, item_of, strict=True) if item >= 0)


def compare(python: str, n: int, algorithm: str, limit_s: float) -> str:
    """Return a row of the table."""
    rng = np.random.default_rng(1)
    popular = rng.random((n, ITEMS)) + np.arange(ITEMS) / ITEMS
    wishes, capacities = np.argsort(popular, axis=1).tolist(), [n // ITEMS] * ITEMS
    peers = importlib.import_module("peers_matching")
    for _ in range(peers.runs(n)):
        mine, seconds = ours(wishes, capacities, POLICIES[algorithm])
    market = json.dumps({"wishes": wishes, "capacities": capacities})
    answer = peers.ask(python, algorithm, market, limit_s, file=__file__)
    if isinstance(answer, dict):
        same = answer["item_of"] == mine if algorithm == "serial_dictatorship" else None
        if same is None:
            same = total(wishes, answer["item_of"]) == total(wishes, mine)
        times = (answer["build"] + answer["solve"]) / seconds
        answer = (
            f"{answer['build']:.2f} + {answer['solve']:.2f}, {'equal' if same else 'DIFFERENT'}, {times:.0f}×"
        )
    return f"| {algorithm} | {n:,} × {ITEMS} | {POLICIES[algorithm]} {seconds:.3f} | {answer} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("python", help="Python of the environment of fairpyx")
    parser.add_argument("--limit-s", type=float, default=120.0)
    options = parser.parse_args()
    print("| algorithm | agents × items | nichiiki | fairpyx, build + solve |\n| --- | --- | --- | --- |")
    for algorithm in POLICIES:
        for n in SIZES:
            print(compare(options.python, n, algorithm, options.limit_s), flush=True)


if __name__ == "__main__":
    child(sys.argv[2]) if "--child" in sys.argv else main()
