"""Compare serial dictatorship with the package `fairpyx` (which needs numpy < 2), in one run.

    python -m venv /tmp/fairpyx && /tmp/fairpyx/bin/pip install fairpyx "numpy<2"
    export PYTHONPATH=api:instances:models:solver
    python benchmarks/peers_fairpyx.py /tmp/fairpyx/bin/python --limit-s 120 > table.md

The peer runs in its own environment, one process for each market, on the very same lists and order of agents. With strict
wishes and a given order the outcome is unique, so that equal means equal for every agent.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from importlib.metadata import version

import numpy as np

SIZES = (1_000, 10_000, 100_000)
ITEMS = 20
"""Everybody ranks all of them: `fairpyx` gives items that an agent did not rank, rather than nothing."""


def child() -> None:
    """Read a market from stdin, let agents choose in order with `fairpyx`, write the answer."""
    given = json.load(sys.stdin)
    fairpyx = importlib.import_module("fairpyx")
    started = time.perf_counter()
    instance = fairpyx.Instance(
        valuations={
            f"a{a}": {f"i{i}": ITEMS - k for k, i in enumerate(row)} for a, row in enumerate(given["wishes"])
        },
        agent_capacities=1,
        item_capacities={f"i{i}": capacity for i, capacity in enumerate(given["capacities"])},
    )
    built = time.perf_counter()
    order = [f"a{a}" for a in range(len(given["wishes"]))]
    found = fairpyx.divide(fairpyx.algorithms.serial_dictatorship, instance=instance, agent_order=order)
    seconds = time.perf_counter()
    item_of = [int(found[agent][0][1:]) if found.get(agent) else -1 for agent in order]
    print(
        json.dumps(
            {
                "build": built - started,
                "solve": seconds - built,
                "item_of": item_of,
                "version": version("fairpyx"),
            }
        )
    )


def ours(wishes: list[list[int]], capacities: list[int]) -> tuple[list[int], float]:
    """Item of each agent, and the time from lists."""
    from nichiiki.market import Market, solve

    started = time.perf_counter()
    items = np.concatenate([np.asarray(row) for row in wishes])
    agent = np.repeat(np.arange(len(wishes)), [len(row) for row in wishes])
    rank = np.concatenate([np.arange(1, len(row) + 1) for row in wishes])
    market = Market.from_columns(
        agent=agent,
        utility=ITEMS + 1 - rank,
        rank=rank,
        option=np.arange(len(items)),
        resource=items,
        amount=np.ones(len(items), dtype=np.int64),
        capacity=capacities,
        n_agents=len(wishes),
    )
    choice = solve(market, policy="first_come", time_limit_s=600).choice
    assert choice is not None
    found = np.where(choice >= 0, items[choice], -1).tolist()
    return found, time.perf_counter() - started


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("python", help="Python of the environment of fairpyx")
    parser.add_argument("--limit-s", type=float, default=120.0)
    options = parser.parse_args()
    print("| agents × items | nichiiki | fairpyx |\n| --- | --- | --- |")
    rng = np.random.default_rng(1)
    for n in SIZES:
        popular = rng.random((n, ITEMS)) + np.arange(ITEMS) / ITEMS
        wishes, capacities = np.argsort(popular, axis=1).tolist(), [n // ITEMS] * ITEMS
        mine, seconds = ours(wishes, capacities)
        market = json.dumps({"wishes": wishes, "capacities": capacities})
        ask = importlib.import_module("peers_matching").ask
        answer = ask(options.python, "fairpyx", market, options.limit_s, file=__file__)
        if isinstance(answer, dict):
            total = answer["build"] + answer["solve"]
            same = "equal" if answer["item_of"] == mine else "DIFFERENT"
            answer = f"{answer['build']:.2f} + {answer['solve']:.2f}, {same}, {total / seconds:.0f}× ({answer['version']})"
        print(f"| {n:,} × {ITEMS} | {seconds:.3f} | {answer} |", flush=True)


if __name__ == "__main__":
    child() if "--child" in sys.argv else main()
