"""``nichiiki allocate``: run a policy on an instance and write what came out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.help import Command
from nichiiki.cli.options import Number, Refusal, argument, build, option
from nichiiki_models.texts import Lang

if TYPE_CHECKING:
    from nichiiki.auditing import SeedOrigin
    from nichiiki_models.allocation import Violation
    from nichiiki_models.instance import Instance
    from nichiiki_models.result import Result
    from nichiiki_models.tariff import TariffResult
    from nichiiki_solver.helping import Helpers


def command(lang: Lang) -> Command:
    """Return the command in a language."""
    params: list[click.Parameter] = [
        argument(lang, "instance"),
        option(lang, "--policy", default="welfare", metavar="NAME"),
        option(lang, "--out", type=click.Path(path_type=Path), metavar="DIR"),
        option(lang, "--time-limit", type=Number(0, whole=False, above=True), default=60.0, metavar="S"),
        option(lang, "--gap", type=Number(0, 1, whole=False), default=0.0, metavar="G"),
        option(lang, "--seed", type=Number(0), metavar="N"),
        option(lang, "--workers", type=Number(1, 1024), default=2, metavar="N"),
        option(lang, "--scheduler", metavar="ADDRESS", key="blocks_scheduler"),
        option(lang, "--value-name", metavar="NAME"),
        option(lang, "--value", metavar="VALUE"),
        option(lang, "--digest", metavar="HEX"),
        option(lang, "--official", is_flag=True),
        option(lang, "--cross-check", is_flag=True),
        option(lang, "--locks", metavar="FILE"),
        option(lang, "--lock-prices", is_flag=True),
        option(lang, "--previous", metavar="FILE"),
        option(lang, "--force", is_flag=True),
        option(lang, "--json", "as_json", is_flag=True),
    ]

    def allocate(instance: str, out: Path | None, force: bool, as_json: bool, **run: Any) -> int:
        screen = Screen(lang)
        return _allocate(screen, instance, out, force=force, as_json=as_json, run=run)

    return build(lang, "allocate", allocate, params)


def _allocate(
    screen: Screen,
    name: str,
    out: Path | None,
    *,
    force: bool,
    as_json: bool,
    run: dict[str, Any],
) -> int:
    from nichiiki.cli.opening import open_allocation, open_instance, with_locks
    from nichiiki.cli.saving import claim

    if out is not None:
        claim(out, force=force)
    check_policy(run["policy"])
    inputs = read_paths(name, run["locks"], run["previous"])
    plain = open_instance(name)
    run["seed"], origin = seed_and_origin(plain, run)
    instance = with_locks(plain, run.pop("locks"))
    helpers = helpers_of(run.pop("scheduler"))
    prices, previous = run.pop("lock_prices"), run.pop("previous")
    run["previous"] = None if previous is None else open_allocation(previous)
    with both_kept(screen, out):
        result = watched(screen, instance, helpers=helpers, **run)
    code = _finish(screen, result, out, as_json=as_json, run=run, origin=origin, inputs=inputs)
    if prices and not was_interrupted(result):
        _show_prices(screen, result, as_json=as_json, run=run)
    return code


def helpers_of(scheduler: str | None) -> Helpers | None:
    """Return who places blocks of households: a scheduler's workers, else nobody but this process."""
    if scheduler is None:
        return None
    from nichiiki.dask_executor import DaskExecutor
    from nichiiki.helping import ProcessHelpers

    DaskExecutor(
        scheduler
    ).client.close()  # an address where nothing answers is refused before anything is read
    return ProcessHelpers(lambda: DaskExecutor(scheduler))


def _show_prices(screen: Screen, result: Result, *, as_json: bool, run: dict[str, Any]) -> None:
    """Say what each lock costs; as JSON beside the allocation, on a line of its own."""
    import nichiiki
    from nichiiki.cli.saving import json_bytes
    from nichiiki.cli.showing import lock_prices

    asked = {name: run[name] for name in ("policy", "seed", "workers")}
    found = nichiiki.lock_prices(result.instance, time_limit_s=run["time_limit"], **asked)
    if as_json:
        listed = [price.model_dump(mode="json") for price in found]
        click.echo(json_bytes({"lock_prices": listed}).decode("utf-8"), nl=False)
    else:
        lock_prices(found, screen)


def read_paths(name: str, locks: str | None, previous: str | None) -> list[Path]:
    """Return the files and folders that a run reads; a bundled instance has none."""
    from nichiiki.cli.opening import ALLOCATION_FILE

    given = [Path(each) for each in (name, locks, previous) if each]
    if previous is not None and given[-1].is_dir():
        given[-1] = given[-1] / ALLOCATION_FILE
    return [path for path in given if path.exists()]


def seed_and_origin(instance: Instance, run: dict[str, Any]) -> tuple[int, SeedOrigin]:
    """Take the three options of a public value from `run`; return the seed, and where it comes from."""
    from nichiiki.auditing import SeedOrigin
    from nichiiki.cli.lottery import roll_and_rules
    from nichiiki_solver.lotteries.public import seed_of

    public = {name: run.pop(name) for name in ("value_name", "value", "digest")}
    given = [name for name, value in public.items() if value is not None]
    seed = run.get("seed")
    if not given:
        return (0, SeedOrigin(kind="default")) if seed is None else (seed, SeedOrigin(kind="given"))
    if len(given) < len(public) or seed is not None:
        raise Refusal("usage.public_value")
    roll, rules = roll_and_rules(instance)
    found = seed_of(public["value"], roll, rules, public["value_name"], public["digest"])
    return found, SeedOrigin(kind="public_value", **public)


@contextmanager
def both_kept(screen: Screen, out: Path | None) -> Iterator[None]:
    """Where two engines disagree, write both answers into the folder of the run, if there is one."""
    from nichiiki.cli.saving import DISAGREEING
    from nichiiki.outputs import allocation_json
    from nichiiki.report.files import write_all
    from nichiiki_models.errors import CrossCheckError

    try:
        yield
    except CrossCheckError as error:
        if out is not None:
            answers = zip(DISAGREEING, error.answers, strict=True)
            files = ((name, allocation_json(answer)) for name, answer in answers if answer is not None)
            written = write_all(out, files)
            screen.tell("failed.both_kept", files=", ".join(map(str, written)))
        raise


def check_policy(name: str) -> None:
    """Refuse a policy that does not exist."""
    from nichiiki_solver.policies.registry import policy_names

    if name not in policy_names():
        raise Refusal("usage.word", option="--policy", value=name, words=", ".join(policy_names()))


def watched(
    screen: Screen,
    instance: Instance,
    *,
    policy: str,
    time_limit: float,
    gap: float,
    seed: int,
    workers: int,
    **more: Any,
) -> Result:
    """Run a policy, with its progress on standard error; Ctrl-C ends it with the best answer so far.

    `more` goes to `nichiiki.allocate` as it is.
    """
    import nichiiki
    from nichiiki.cli.progress import Watch, beside

    with Watch(screen, households=len(instance.households), time_limit_s=time_limit) as watch:
        run = partial(
            nichiiki.allocate, instance, policy=policy, seed=seed, workers=workers, relative_gap=gap, **more
        )
        return beside(partial(run, time_limit_s=time_limit, progress=watch, should_stop=watch.should_stop))


def _finish(
    screen: Screen,
    result: Result,
    out: Path | None,
    *,
    as_json: bool,
    run: dict[str, Any],
    origin: SeedOrigin,
    inputs: list[Path],
) -> int:
    from nichiiki.cli import showing
    from nichiiki.outputs import allocation_json

    if result.allocation is None:
        return _nothing(screen, result, as_json=as_json)
    # nichiiki.allocate has checked it against every rule: an answer that breaks one never comes back
    written = save_run(out, result, [], screen, (run, origin, inputs)) if out else []
    if as_json:
        click.echo(allocation_json(result.allocation), nl=False)
    else:
        showing.headline(result, [], screen)
        showing.placements(result, screen, rest=out / "placements.csv" if out else None)
        showing.unplaced(result, screen)
        if written:
            showing.files(written, screen)
        else:
            screen.tell("show.nothing_written")
    official = run["official"]
    _tell_trust(screen, result, official=official)
    return _code(screen, result, negative=official and not result.official)


def save_run(
    out: Path,
    result: Result,
    broken: list[Violation],
    screen: Screen,
    asked: tuple[dict[str, Any], SeedOrigin, list[Path]],
    *,
    tariff: tuple[str, TariffResult] | None = None,
) -> list[Path]:
    """Write the files of a run, its instance and its manifest."""
    from nichiiki.auditing import Parameters, audited
    from nichiiki.cli.saving import told
    from nichiiki.report.files import write_all

    run, origin, inputs = asked
    same = {name: run[name] for name in ("policy", "seed", "workers", "official", "cross_check")}
    parameters = Parameters(time_limit_s=run["time_limit"], relative_gap=run["gap"], lang=screen.lang, **same)
    return write_all(out, told(out, audited(result, parameters, origin, broken, inputs, tariff=tariff)))


def _tell_trust(screen: Screen, result: Result, *, official: bool) -> None:
    """Say whether the answer is the official one, and what another engine confirmed, where that was asked for."""
    known = {} if result.allocation is None else result.allocation.provenance
    if official:
        screen.tell("official.yes" if result.official else "official.no")
    if known.get("previous_rows_gone"):
        screen.tell("previous.gone", count=known["previous_rows_gone"])
    if known.get("narrowed", {}).get("houses"):
        screen.tell("narrowed", houses=known["narrowed"]["houses"])
    if "confirmed_levels" in known:
        screen.tell("confirmed", levels=known["confirmed_levels"], all=len(result.levels))


def _code(screen: Screen, result: Result, *, negative: bool) -> int:
    if was_interrupted(result):
        screen.tell("interrupted.saved")
        return Exit.INTERRUPTED
    return Exit.NEGATIVE if negative else Exit.DONE


def _nothing(screen: Screen, result: Result, *, as_json: bool) -> int:
    from nichiiki.cli.saving import json_bytes

    clash = None
    if result.status.value == "INFEASIBLE":
        import nichiiki

        clash = nichiiki.conflicts(result.instance)
    if as_json:
        document: dict[str, Any] = {
            "status": result.status.value,
            "reason": result.reason.value,
            "allocation": None,
        }
        if clash is not None:
            document["conflict"] = clash.model_dump(mode="json")
        click.echo(json_bytes(document).decode("utf-8"), nl=False)
    if was_interrupted(result):
        screen.tell("interrupted.nothing")
        return Exit.INTERRUPTED
    screen.tell(f"nothing.{result.status.value}")
    if clash is not None:
        screen.err.print(clash.sentence(screen.lang), soft_wrap=True)
    return Exit.NEGATIVE


def was_interrupted(result: Result) -> bool:
    """Say whether Ctrl-C ended a run."""
    return result.reason.value == "INTERRUPTED"
