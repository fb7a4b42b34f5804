"""``nichiiki batch``: many runs from one manifest; nothing is lost or done twice, whatever ends a call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.help import Command, help_option
from nichiiki.cli.lottery import Group, without_command
from nichiiki.cli.options import argument, build, lang_option, option
from nichiiki_models.texts import Lang, has_text, text

if TYPE_CHECKING:
    from nichiiki.batch.manifest import Job
    from nichiiki.batch.store import Record, State
    from nichiiki.executing import Executor

MOST_SHOWN = 20
"""Failed jobs shown on a terminal; ``status --json`` gives them all."""


def command(lang: Lang) -> Group:
    """Return the command in a language."""
    ways = {"run": (False, False), "resume": (True, False), "retry": (False, True)}
    return Group(
        name="batch",
        lang=lang,
        help=text("cli.help.batch", lang, package="nichiiki"),
        params=[lang_option(lang), help_option(lang)],
        commands={name: _run_command(lang, name, how) for name, how in ways.items()}
        | {"status": _status_command(lang)},
        add_help_option=False,
        no_args_is_help=False,
        invoke_without_command=True,
        callback=without_command,
    )


def _shared(lang: Lang) -> list[click.Parameter]:
    return [
        argument(lang, "manifest", type=click.Path(path_type=Path)),
        option(lang, "--out", type=click.Path(path_type=Path), metavar="DIR", key="batch_out"),
        option(lang, "--json", "as_json", is_flag=True),
    ]


def _run_command(lang: Lang, name: str, how: tuple[bool, bool]) -> Command:
    def go(manifest: Path, out: Path | None, scheduler: str | None, as_json: bool) -> int:
        return _run(Screen(lang), manifest, out, scheduler, as_json=as_json, how=how)

    params = [*_shared(lang), option(lang, "--scheduler", metavar="ADDRESS")]
    return build(lang, name, go, params, key=f"batch_{name}")


def _status_command(lang: Lang) -> Command:
    def status(manifest: Path, out: Path | None, as_json: bool) -> int:
        return _status(Screen(lang), manifest, out, as_json=as_json)

    return build(lang, "status", status, _shared(lang), key="batch_status")


def _run(
    screen: Screen,
    manifest: Path,
    out: Path | None,
    scheduler: str | None,
    *,
    as_json: bool,
    how: tuple[bool, bool],
) -> int:
    from nichiiki.batch.running import folder_of, run_batch
    from nichiiki.cli.waiting import step

    def tell(job: Job, outcome: dict[str, Any], seconds: float, counts: dict[State, int]) -> None:
        over = counts["done"] + counts["failed"]
        total = sum(counts.values()) - counts["withdrawn"]
        status = outcome.get("error") or outcome.get("status")
        screen.tell(
            "batch.job", done=over, total=total, instance=Path(job.instance).name, policy=job.policy, seed=job.seed,
            status=status, seconds=round(seconds, 1),
        )  # fmt: skip
        step("wait.comparing", done=over, total=total)

    def cluster() -> Executor:
        from nichiiki.dask_executor import DaskExecutor

        return DaskExecutor(scheduler or "")

    resume, retry = how
    step("wait.batch")
    try:
        counts = run_batch(
            manifest,
            out=out,
            resume=resume,
            retry=retry,
            progress=tell,
            executor=cluster if scheduler else None,
        )
    except KeyboardInterrupt:
        screen.tell("batch.interrupted", manifest=manifest)
        return Exit.INTERRUPTED
    return _summary(screen, folder_of(manifest, out), counts, as_json=as_json)


def _status(screen: Screen, manifest: Path, out: Path | None, *, as_json: bool) -> int:
    from nichiiki.batch.running import folder_of
    from nichiiki.batch.store import FILE, Store
    from nichiiki.cli.options import Refusal

    folder = folder_of(manifest, out)
    if not (folder / FILE).exists():
        raise Refusal("failed.no_batch", folder=folder)
    store = Store(folder)
    try:
        if as_json:
            _print_json(store.counts(), store.records())
            return Exit.DONE
        return _summary(screen, folder, store.counts(), as_json=False)
    finally:
        store.close()


def _summary(screen: Screen, folder: Path, counts: dict[State, int], *, as_json: bool) -> int:
    """Say how many jobs are in which state, and which failed; a failed job is a negative answer."""
    from nichiiki.batch.store import Store

    store = Store(folder)
    records = store.records()
    store.close()
    if as_json:
        _print_json(counts, records)
    else:
        for state, count in counts.items():
            if count:
                screen.out.print(screen.say(f"batch.{state}", count=count))
        _show_failed(screen, [each for each in records if each.state == "failed"])
        screen.tell("batch.written", folder=folder)
    return Exit.NEGATIVE if counts["failed"] else Exit.DONE


def _show_failed(screen: Screen, failed: list[Record]) -> None:
    for each in failed[:MOST_SHOWN]:
        job = each.job
        screen.tell(
            "batch.failed_job",
            instance=job.instance,
            policy=job.policy,
            seed=job.seed,
            why=_why(each.outcome.get("error", "-"), screen),
        )
    if len(failed) > MOST_SHOWN:
        screen.tell("batch.more_failed", count=len(failed) - MOST_SHOWN)


def _why(kind: str, screen: Screen) -> str:
    """Return why a job failed, in words; its kind where there are none."""
    key = f"batch.why.{kind}"
    return screen.say(key) if has_text(f"cli.{key}", screen.lang, package="nichiiki") else kind


def _print_json(counts: dict[State, int], records: list[Record]) -> None:
    from nichiiki.cli.saving import json_bytes

    listed: list[dict[str, Any]] = [
        {
            **each.job.model_dump(mode="json"),
            "state": each.state,
            "attempts": each.attempts,
            "seconds": each.seconds,
            "outcome": each.outcome,
        }
        for each in records
    ]
    click.echo(json_bytes({"counts": counts, "jobs": listed}).decode("utf-8"), nl=False)
