"""``nichiiki platform``: match the needs of municipalities with the offers of companies, many to many."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.help import Command
from nichiiki.cli.options import Number, Word, argument, build, option
from nichiiki_models.texts import Lang

if TYPE_CHECKING:
    from nichiiki_models.instance import Instance
    from nichiiki_models.platform import PlatformMatching, PlatformReason

PLATFORM_OUTPUTS = ("platform.json", "platform.csv", "platform-open.csv")
"""What ``--out`` writes: everything, the partnerships, and who has a place left and why."""
FIRST_REASONS = 3
"""Reasons shown of each need without a partner."""


def command(lang: Lang) -> Command:
    """Return the command in a language."""
    params: list[click.Parameter] = [
        argument(lang, "instance"),
        option(
            lang,
            "--policy",
            key="platform_policy",
            type=Word("stable", "welfare", "points"),
            default="stable",
        ),
        option(lang, "--proposing", type=Word("needs", "offers"), default="needs"),
        option(lang, "--seed", key="platform_seed", type=Number(0), default=0, metavar="N"),
        option(lang, "--time-limit", type=Number(0, whole=False, above=True), default=60.0, metavar="S"),
        option(lang, "--explain", key="platform_explain", multiple=True, metavar="ID"),
        option(lang, "--out", type=click.Path(path_type=Path), metavar="DIR"),
        option(lang, "--force", is_flag=True),
        option(lang, "--json", "as_json", is_flag=True),
    ]

    def platform(
        instance: str,
        policy: str,
        proposing: str,
        seed: int,
        time_limit: float,
        explain: tuple[str, ...],
        out: Path | None,
        force: bool,
        as_json: bool,
    ) -> int:
        import nichiiki
        from nichiiki.cli.opening import open_instance
        from nichiiki.cli.saving import claim

        if out is not None:
            claim(out, force=force, own=PLATFORM_OUTPUTS)
        opened = open_instance(instance)
        found = nichiiki.platform.match(
            opened,
            policy=policy,  # type: ignore[arg-type]
            proposing=proposing,  # type: ignore[arg-type]
            seed=seed,
            time_limit_s=time_limit,
        )
        screen = Screen(lang)
        reasons = {name: nichiiki.platform.explain(opened, found, name) for name in explain}
        written = save(out, opened, found, lang) if out is not None else []
        if as_json:
            _print_json(opened, found, reasons, lang)
        else:
            show(opened, found, reasons, screen)
            _show_files(written, screen)
        return Exit.DONE

    return build(lang, "platform", platform, params)


def open_needs(instance: Instance, matching: PlatformMatching) -> list[str]:
    """Return the needs without a partner, in their order."""
    served = {pair.need_id for pair in matching.pairs}
    return [name for name in instance.needs["need_id"].tolist() if name not in served]


def save(folder: Path, instance: Instance, matching: PlatformMatching, lang: Lang) -> list[Path]:
    """Write the files of a matching and return where they are."""
    from nichiiki.cli.saving import json_bytes
    from nichiiki.report.files import csv_bytes, write_all
    from nichiiki.report.platform_rows import open_sheet, pairs_sheet

    made = (
        json_bytes(matching.model_dump(mode="json")),
        csv_bytes(pairs_sheet(instance, matching)),
        csv_bytes(open_sheet(instance, matching, lang)),
    )
    return write_all(folder, zip(PLATFORM_OUTPUTS, made, strict=True))


def _print_json(
    instance: Instance, matching: PlatformMatching, reasons: dict[str, list[PlatformReason]], lang: Lang
) -> None:
    import nichiiki
    from nichiiki.cli.saving import json_bytes

    document = {
        **matching.model_dump(mode="json"),
        "figures": nichiiki.platform.evaluate(instance, matching).model_dump(mode="json"),
        "open_needs": open_needs(instance, matching),
        "reasons": {
            name: [{**each.model_dump(mode="json"), "message": each.sentence(lang)} for each in listed]
            for name, listed in reasons.items()
        },
    }
    click.echo(json_bytes(document).decode("utf-8"), nl=False)


def show(
    instance: Instance, matching: PlatformMatching, reasons: dict[str, list[PlatformReason]], screen: Screen
) -> None:
    """Print the partnerships, the needs without one, and the reasons that were asked for."""
    import nichiiki
    from nichiiki.cli import showing
    from nichiiki.report.platform_rows import PAIR_COLUMNS, pairs_sheet

    table = showing.new_table()
    for column in PAIR_COLUMNS:
        table.add_column(
            screen.say(f"platform.{column}"), justify="right" if column.endswith("_rank") else "left"
        )
    for row in pairs_sheet(instance, matching).rows:
        table.add_row(*map(str, row))
    showing.show(screen.say("platform.title", policy=matching.policy), table, screen)
    figures = nichiiki.platform.evaluate(instance, matching)
    screen.out.print(screen.say("platform.figures", **figures.model_dump()), soft_wrap=True)
    if all(level.proven for level in matching.levels):
        screen.out.print(screen.say("platform.proven"), soft_wrap=True)
    for name in open_needs(instance, matching):
        if name not in reasons:
            listed = nichiiki.platform.explain(instance, matching, name)
            _show_reasons(name, listed[:FIRST_REASONS], screen)
    for name, listed in reasons.items():
        _show_reasons(name, listed, screen)


def _show_reasons(name: str, reasons: list[PlatformReason], screen: Screen) -> None:
    key = "platform.open" if reasons else "platform.nobody"
    screen.out.print(f"\n{screen.say(key, name=name)}", style="bold", soft_wrap=True)
    for reason in reasons:
        screen.out.print(f"  {reason.sentence(screen.lang)}", soft_wrap=True)


def _show_files(written: list[Path], screen: Screen) -> None:
    from nichiiki.cli.showing import files

    if written:
        files(written, screen)
    else:
        screen.tell("show.nothing_written")
