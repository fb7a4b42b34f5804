"""``nichiiki compare``: policies × instances × seeds, one row a run; survives being killed and continues."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.help import Command
from nichiiki.cli.options import Number, Refusal, argument, build, option
from nichiiki_models.texts import Lang

if TYPE_CHECKING:
    from nichiiki.comparing import Comparison, Row
    from nichiiki.executing import Executor

OUTPUTS = ("runs", "runs.csv", "summary.csv", "runs.parquet")
SHOWN = ("total.placed_households", "objective", "fairness.gini", "justified_envy_households", "seconds")
"""Metrics of the table on the terminal; ``summary.csv`` has all."""
_SEEDS = re.compile(r"[0-9]{1,9}(-[0-9]{1,9})?(,[0-9]{1,9}(-[0-9]{1,9})?)*", re.ASCII)
MOST_SEEDS = 100_000


def command(lang: Lang) -> Command:
    """Return the command in a language."""
    params: list[click.Parameter] = [
        argument(lang, "instance", nargs=-1, required=True),
        option(lang, "--policies", required=True, metavar="A,B"),
        option(lang, "--seeds", default="0", metavar="0-29"),
        option(
            lang,
            "--time-limit",
            type=Number(0, whole=False, above=True),
            default=60.0,
            metavar="S",
            key="run_limit",
        ),
        option(lang, "--workers", type=Number(1, 1024), default=2, metavar="N", key="runs_at_a_time"),
        option(lang, "--scheduler", metavar="ADDRESS"),
        option(lang, "--out", type=click.Path(path_type=Path), metavar="DIR"),
        option(lang, "--resume", is_flag=True),
        option(lang, "--json", "as_json", is_flag=True),
    ]

    def compare(instance: tuple[str, ...], policies: str, seeds: str, **rest: Any) -> int:
        return _compare(Screen(lang), instance, policies.split(","), seeds_of(seeds), **rest)

    return build(lang, "compare", compare, params)


def seeds_of(words: str) -> list[int]:
    """Return the seeds of a text such as ``0-29`` or ``1,4,7-9``."""
    if not _SEEDS.fullmatch(words):
        raise Refusal("usage.seeds", value=words)
    ends = [(int(part.partition("-")[0]), int(part.rpartition("-")[2])) for part in words.split(",")]
    if sum(high - low + 1 for low, high in ends) > MOST_SEEDS or any(low > high for low, high in ends):
        raise Refusal("usage.seeds", value=words)
    return [seed for low, high in ends for seed in range(low, high + 1)]


def _compare(
    screen: Screen,
    names: tuple[str, ...],
    policies: list[str],
    seeds: list[int],
    *,
    time_limit: float,
    workers: int,
    scheduler: str | None,
    out: Path | None,
    resume: bool,
    as_json: bool,
) -> int:
    import nichiiki
    from nichiiki.cli.allocate import check_policy
    from nichiiki.cli.opening import open_instance
    from nichiiki.cli.waiting import step

    for policy in policies:
        check_policy(policy)
    _claim(out, resume=resume)

    def tell(row: Row, done: int, total: int) -> None:
        screen.tell(
            "compare.run",
            done=done,
            total=total,
            **{n: row[n] for n in ("instance", "policy", "seed", "status")},
        )
        step("wait.comparing", done=done, total=total)

    instances = [open_instance(name) for name in names]
    step("wait.comparing", done=0, total=len(instances) * len(policies) * len(seeds))
    found = nichiiki.compare(
        instances,
        policies=policies,
        seeds=seeds,
        workers=workers,
        time_limit_s=time_limit,
        out=out,
        progress=tell,
        executor=_executor(scheduler),
    )
    _show(found, screen, out, as_json=as_json)
    return Exit.DONE if any(row["status"] in ("OPTIMAL", "FEASIBLE") for row in found.rows) else Exit.NEGATIVE


def _executor(scheduler: str | None) -> Executor | None:
    """Return what does the runs: the workers of a scheduler, or None for local processes."""
    if scheduler is None:
        return None
    from nichiiki.dask_executor import DaskExecutor

    return DaskExecutor(scheduler)


def _claim(out: Path | None, *, resume: bool) -> None:
    """Refuse a folder of other things, and one with runs unless they are to be continued."""
    from nichiiki.cli.saving import claim

    if out is None:
        return
    claim(out, force=False, own=OUTPUTS)
    if not resume and (out / "runs").is_dir() and any((out / "runs").iterdir()):
        raise Refusal("failed.has_runs", folder=out)


def _show(found: Comparison, screen: Screen, out: Path | None, *, as_json: bool) -> None:
    from rich.table import Table

    if as_json:
        click.echo(found.model_dump_json(indent=2))
        return
    table = Table(
        title=screen.say("compare.title", runs=len(found), baseline=found.policies[0]), title_justify="left"
    )
    for name in ("metric", "policy", "mean", "difference", "interval", "pairs"):
        table.add_column(
            screen.say(f"compare.{name}"), justify="left" if name in ("metric", "policy") else "right"
        )
    for each in found.summary([name for name in SHOWN if name in found.numbers]):
        reach = "–" if each.low is None else f"{each.low:,.4g} … {each.high:,.4g}"
        table.add_row(
            each.metric, each.policy, f"{each.mean:,.4g}", f"{each.difference:+,.4g}", reach, str(each.pairs)
        )
    screen.out.print(table)
    failed = [row for row in found.rows if row["error"]]
    if failed:
        first = failed[0].get("error_ja") if screen.lang == "ja" else None
        screen.tell("compare.failed", count=len(failed), why=first or failed[0]["error"])
    if out is not None:
        screen.tell("compare.written", folder=out)
