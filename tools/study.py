"""The study of docs/explanation/study.md: every policy on the flagship, on generated national markets, and under lies.

    python tools/study.py run all out/study
    python tools/study.py show out/study docs/images

`run` writes one row a run into ``<folder>/<name>.csv`` and continues where it was stopped; ``flagship``, ``generated`` or
``manipulation`` in the place of ``all`` runs one part. `show` prints the tables of the page and draws its figures (needs
the extra ``charts``). A run takes one core.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

import nichiiki as nk
from nichiiki.testing import manipulation, sample_markets
from nichiiki_models.errors import UnsupportedMarketError
from nichiiki_solver.bundles import BundleSource, compile_market
from nichiiki_solver.households import total_points
from nichiiki_solver.lotteries.lottery import Lottery
from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.solving import solve
from nichiiki_solver.stability import blocking_options

Row = dict[str, Any]
PARTS = ("flagship", "generated", "manipulation")
LIMITS_S = {"flagship": 60.0, "generated": 12.0}
"""Wall time of each run, unless ``--limit`` gives another one."""
POLICIES = (
    "welfare",
    "points",
    "points:by_rank",
    "points:per_target",
    "first_come",
    "lottery",
    "serial_dictatorship",
    "random_serial_dictatorship",
    "probabilistic_serial",
    "immediate_acceptance",
    "deferred_acceptance",
    "knapsack_deferred_acceptance",
    "top_trading_cycles",
    "stable",
    "rank_maximal",
    "leximin",
    "nash",
)
"""Every built-in policy; what stands behind a colon is the variant of the clerk's procedure."""
COLUMNS = (
    "instance_hash",
    "instance",
    "policy",
    "seed",
    "status",
    "reason",
    "seconds",
    "objective",
    "bound",
    "placed",
    "placed_persons",
    "first_wish",
    "children_placed",
    "blocking_options",
    "blocking_households",
    "blocking_at_least",
    "value_at_most",
    "envious",
    "envious_justified",
    "envy_pairs",
    "envy_pairs_justified",
    "gini",
    "kept",
    "kept_bound",
    "error",
)
LIES = ("policy", "kind", "strategy_proof", "markets", "agents", "gained", "reports")
KINDS = {
    "welfare": "optimum",
    "points": "rule",
    "points:by_rank": "rule",
    "points:per_target": "priority",
    "first_come": "rule",
    "lottery": "chance",
    "serial_dictatorship": "chance",
    "random_serial_dictatorship": "chance",
    "probabilistic_serial": "chance",
    "immediate_acceptance": "priority",
    "deferred_acceptance": "priority",
    "knapsack_deferred_acceptance": "priority",
    "top_trading_cycles": "priority",
    "stable": "priority",
    "rank_maximal": "fair",
    "leximin": "fair",
    "nash": "fair",
}
"""What a policy puts first."""


def run(instances: Iterable[nk.Instance], path: Path, limit_s: float, seed: int) -> None:
    """Run every policy on every instance that the file has no row of yet."""
    done = {(row["instance_hash"], row["policy"]) for row in read(path)}
    for instance in instances:
        for policy in POLICIES:
            if (instance.hash, policy) not in done:
                row = one_run(instance, policy, limit_s, seed)
                append(path, row, COLUMNS)
                print(
                    *(
                        row.get(name)
                        for name in ("instance", "policy", "status", "seconds", "placed", "objective")
                    )
                )


def one_run(instance: nk.Instance, policy: str, limit_s: float, seed: int) -> Row:
    """Make one run and measure its outcome."""
    name, _, variant = policy.partition(":")
    row: Row = {"instance_hash": instance.hash, "instance": instance.name, "policy": policy, "seed": seed}
    market = compile_market(of_variant(instance, variant))
    try:
        outcome = solve(market, policy=name, seed=seed, time_limit_s=limit_s, workers=1)
    except UnsupportedMarketError as error:
        return row | {"status": "REFUSED", "error": str(error)}
    row |= {
        "status": outcome.status.value,
        "reason": outcome.reason.value,
        "seconds": round(outcome.seconds, 2),
    }
    return row if outcome.choice is None else row | figures(instance, market, outcome)


def of_variant(instance: nk.Instance, variant: str) -> nk.Instance:
    """Return the instance with a variant of the clerk's procedure, if one is named."""
    if not variant:
        return instance
    procedure = instance.rules.procedure.model_copy(update={"kind": variant})
    return instance.replace(rules=instance.rules.model_copy(update={"procedure": procedure}))


def figures(instance: nk.Instance, market: Market, outcome: Outcome) -> Row:
    """Figures of an outcome: from `evaluate`, and what only the market knows."""
    choice = outcome.choice
    assert choice is not None and isinstance(market.source, BundleSource)  # noqa: S101 - said to the type checker
    allocation = market.to_allocation(
        choice, levels=outcome.levels, status=outcome.status, reason=outcome.reason
    )
    found = nk.evaluate(market.source.bundles.instance, allocation)
    blocking = blocking_options(market, choice)
    pairs, justified = envy(market, choice, total_points(instance))
    placed = instance.households["household_id"][choice[: len(instance.households)] >= 0]
    young = np.unique(instance.persons["household_id"][instance.persons["age"] < 18])
    lottery = outcome.lottery if isinstance(outcome.lottery, Lottery) else None
    return {
        "objective": outcome.levels[0].objective,
        "bound": outcome.levels[0].bound,
        "placed": found.total.placed_households,
        "placed_persons": found.total.placed_persons,
        "first_wish": dict(found.stay_ranks).get("1", 0),
        "children_placed": int(np.isin(placed, young).sum()),
        "blocking_options": len(blocking),
        "blocking_households": len(np.unique(market.agent[blocking])),
        **{key: outcome.facts.get(key) for key in ("blocking_at_least", "value_at_most")},
        "envious": len(np.unique(pairs[:, 0])),
        "envious_justified": len(np.unique(pairs[justified, 0])),
        "envy_pairs": len(pairs),
        "envy_pairs_justified": int(justified.sum()),
        "gini": found.fairness.gini,
        "kept": None if lottery is None else float(lottery.kept),
        "kept_bound": None if lottery is None else float(lottery.kept_bound),
    }


def envy(market: Market, choice: np.ndarray[Any, Any], points: np.ndarray[Any, Any]) -> tuple[Any, Any]:
    """Pairs of households of which the first would rather have the stay of the second; where it has more points.

    A household would rather have a stay if some bundle of its own with that house and these periods is better than what it has.
    """
    assert isinstance(market.source, BundleSource)  # noqa: S101 - said to the type checker
    stays, households = market.source.bundles.stays, market.source.bundles.n_households
    own = np.where(choice >= 0, market.rank[choice], np.iinfo(np.int64).max)
    options = np.flatnonzero((market.agent < households) & (market.rank < own[market.agent]))
    code = stays.house * (int(stays.pattern.max(initial=0)) + 1) + stays.pattern
    wanted = np.unique(np.stack((market.agent[options], code[market.labels["stay"][options]])), axis=1)
    holders = np.flatnonzero(choice[:households] >= 0)
    held = code[market.labels["stay"][choice[holders]]]
    pairs = np.array(
        [(a, b) for a, c in wanted.T.tolist() for b in holders[held == c].tolist() if a != b], dtype=np.int64
    ).reshape(-1, 2)
    return pairs, points[pairs[:, 0]] > points[pairs[:, 1]]


def read(path: Path) -> list[Row]:
    """Read rows; numbers as numbers, empty cells as None."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return [{name: value_of(name, cell) for name, cell in row.items()} for row in csv.DictReader(stream)]


def value_of(name: str, cell: str) -> Any:
    """Value of a cell."""
    if name in ("instance_hash", "instance", "policy", "status", "reason", "error", "kind", "strategy_proof"):
        return cell
    return None if cell == "" else float(cell) if "." in cell or "e" in cell else int(cell)


def append(path: Path, row: Row, columns: Sequence[str]) -> None:
    """Add a row to a file."""
    new = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow({name: row.get(name) for name in columns})


def run_lies(path: Path, markets: int, seed: int) -> None:
    """Let every agent of small random markets lie to every policy that the file has no row of yet."""
    done = {(row["policy"], row["kind"]) for row in read(path)}
    for policy in (name for name in POLICIES if ":" not in name):
        for kind in ("unit", "bundles"):
            if (policy, kind) not in done:
                row = lies(policy, kind, markets, seed)
                append(path, row, LIES)
                print(*row.values())


def lies(policy: str, kind: Literal["unit", "bundles"], markets: int, seed: int) -> Row:
    """Count agents that gain by listing fewer options or another order."""
    found = manipulation(policy, sample_markets(markets, agents=4, resources=3, seed=seed, kind=kind))
    return {
        "policy": policy,
        "kind": kind,
        "strategy_proof": found.strategy_proof,
        "markets": found.markets - found.refused,
        "agents": found.agents,
        "gained": found.by_either,
        "reports": found.reports,
    }


def generated(markets: int, households: int) -> Iterator[nk.Instance]:
    """Generate national markets, with seeds from 1."""
    for seed in range(1, markets + 1):
        yield nk.generate(households=households, seed=seed)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run or show."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=("run", "show"))
    parser.add_argument(
        "what", help="run: all, flagship, generated or manipulation; show: the folder of the rows"
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=float, help="seconds of each run (flagship 60, generated 12)")
    parser.add_argument("--markets", type=int, default=30, help="generated markets")
    parser.add_argument("--households", type=int, default=60, help="households of each of them")
    parser.add_argument(
        "--lies", type=int, default=100, help="markets of each kind for the manipulation test"
    )
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    if given.action == "show":
        from study_figures import show

        show(Path(given.what), given.folder)
        return
    for part in PARTS if given.what == "all" else (given.what,):
        run_part(part, given)


def run_part(part: str, given: argparse.Namespace) -> None:
    """Run one part of the study."""
    path = given.folder / f"{part}.csv"
    if part == "manipulation":
        run_lies(path, given.lies, given.seed)
        return
    instances = [nk.load("flagship")] if part == "flagship" else generated(given.markets, given.households)
    run(instances, path, given.limit or LIMITS_S[part], given.seed)


if __name__ == "__main__":
    main(sys.argv[1:])
