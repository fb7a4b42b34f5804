"""``nichiiki demo``: the bundled flagship instance from end to end."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.help import Command
from nichiiki.cli.options import Number, build, option
from nichiiki_models.texts import Lang

if TYPE_CHECKING:
    from nichiiki_models.allocation import Violation
    from nichiiki_models.instance import Instance
    from nichiiki_models.result import Result
    from nichiiki_models.tariff import TariffResult

FLAGSHIP = "flagship"
RULE_MODE = "rule-mode"
"""Folder of the hand procedure's result, inside the folder of the optimum."""
FARES = "fares"
"""Folder of the priced transport offers, inside the same."""
PLATFORM = "platform"
"""Folder of the partnerships of needs and offers, inside the same."""
OWN_MONEY_YEN = 6_000_000
"""What the municipalities may spend on fares in the year, of their own (docs/explanation/flagship.md)."""

COMPARED = "p-sakudaira-4"
"""Product on whose line the kinds of product are compared."""


def command(lang: Lang) -> Command:
    """Return the command in a language."""
    params: list[click.Parameter] = [
        option(lang, "--out", type=click.Path(path_type=Path), default=Path("out"), metavar="DIR"),
        option(lang, "--time-limit", type=Number(0, whole=False, above=True), default=60.0, metavar="S"),
        option(lang, "--workers", type=Number(1, 1024), default=2, metavar="N"),
        option(lang, "--force", is_flag=True),
    ]

    def demo(out: Path, time_limit: float, workers: int, force: bool) -> int:
        return _demo(Screen(lang), out, time_limit, workers, force=force)

    return build(lang, "demo", demo, params)


def _demo(screen: Screen, out: Path, time_limit: float, workers: int, *, force: bool) -> int:
    from nichiiki.cli.allocate import watched
    from nichiiki.cli.opening import open_instance
    from nichiiki.cli.platform import PLATFORM_OUTPUTS
    from nichiiki.cli.saving import OWN, claim
    from nichiiki.report.tariff_files import TARIFF_OUTPUTS

    claim(out, force=force, own=(*OWN, RULE_MODE, FARES, PLATFORM))
    claim(out / RULE_MODE, force=force)
    claim(out / FARES, force=force, own=TARIFF_OUTPUTS)
    claim(out / PLATFORM, force=force, own=PLATFORM_OUTPUTS)
    instance = open_instance(FLAGSHIP)
    _introduce(screen, instance)
    settings: dict[str, Any] = {"time_limit": time_limit, "gap": 0.0, "seed": 0, "workers": workers}
    screen.tell("demo.points")
    rule_mode = watched(screen, instance, policy="points", **settings)
    screen.tell("demo.welfare", seconds=f"{time_limit:g}")
    optimum = watched(screen, instance, policy="welfare", official=True, **settings)
    return _show(screen, out, rule_mode, optimum, settings)


def _introduce(screen: Screen, instance: Instance) -> None:
    sizes = {name: f"{len(table):,}" for name, table in instance.tables.items()}
    screen.out.print(screen.say("demo.title"), style="bold")
    screen.out.print(screen.say("demo.instance", **sizes))


def _show(screen: Screen, out: Path, rule_mode: Result, optimum: Result, settings: dict[str, Any]) -> int:
    from nichiiki.cli import showing
    from nichiiki.cli.allocate import was_interrupted

    best = optimum if optimum.allocation is not None else rule_mode
    broken, written = _save(screen, out, best, settings)
    _save(screen, out / RULE_MODE, rule_mode, settings)
    showing.headline(best, broken, screen)
    showing.placements(best, screen, rest=out / "placements.csv")
    showing.unplaced(best, screen)
    showing.comparison(rule_mode, optimum, screen)
    showing.files(written, screen)
    screen.out.print(screen.say("demo.rule_mode_files", folder=out / RULE_MODE))
    stopped = _price(screen, out, best, settings)
    if not stopped:
        _match(screen, out / PLATFORM, best.instance)
    screen.out.print(screen.say("demo.next", out=out), soft_wrap=True)
    if stopped or was_interrupted(optimum):
        screen.tell("interrupted.saved")
        return Exit.INTERRUPTED
    return Exit.NEGATIVE if broken or optimum.allocation is None else Exit.DONE


def _price(screen: Screen, out: Path, result: Result, settings: dict[str, Any]) -> bool:
    """Price the offers for the households that have a place: most buyers for the municipalities' own money.

    The report of the allocation is then written anew, with its fares. Say whether Ctrl-C ended the search.
    """
    import nichiiki
    from nichiiki.cli.price import extras_of, show
    from nichiiki.cli.progress import Watch, beside
    from nichiiki.report.tariff_files import TARIFF_OUTPUTS, write_tariff

    screen.tell("demo.fares", yen=f"{OWN_MONEY_YEN:,}")
    asked: dict[str, Any] = {"goal": "uptake", "baseline": "single_fares", "subsidy_yen": OWN_MONEY_YEN}
    with Watch(screen, products=len(result.instance.products), time_limit_s=settings["time_limit"]) as watch:
        signals: dict[str, Any] = {"progress": watch, "should_stop": watch.should_stop}
        search = partial(nichiiki.price, result.instance, result.allocation, **asked, **signals)
        tariff = beside(partial(search, time_limit_s=settings["time_limit"]))
    extras = extras_of(result.instance, result.allocation, tariff, asked, compare=COMPARED)
    show(screen, tariff, write_tariff(out / FARES, result.instance, tariff, extras=extras, lang=screen.lang))
    _save(screen, out, result, settings, (f"{FARES}/{TARIFF_OUTPUTS[0]}", tariff))
    return watch.stopped


def _match(screen: Screen, folder: Path, instance: Instance) -> None:
    """Match the needs and the offers of the platform."""
    import nichiiki
    from nichiiki.cli import platform, showing

    screen.tell("demo.platform")
    matching = nichiiki.platform.match(instance, policy="welfare")
    platform.show(instance, matching, {}, screen)
    showing.files(platform.save(folder, instance, matching, screen.lang), screen)


def _save(
    screen: Screen,
    out: Path,
    result: Result,
    settings: dict[str, Any],
    tariff: tuple[str, TariffResult] | None = None,
) -> tuple[list[Violation], list[Path]]:
    """Write the files of a run, its instance and its manifest; the optimum was asked for as the official one."""
    import nichiiki
    from nichiiki.auditing import SeedOrigin
    from nichiiki.cli.allocate import save_run

    if result.allocation is None:
        return [], []
    broken = nichiiki.verify(result.instance, result.allocation)
    policy = result.allocation.policy
    run = {**settings, "policy": policy, "official": policy == "welfare", "cross_check": False}
    origin = SeedOrigin(kind="default")
    return broken, save_run(out, result, broken, screen, (run, origin, []), tariff=tariff)
