"""``nichiiki convert``: the same instance in another form (folder, workbook, JSON), or a timetable as an instance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.help import Command
from nichiiki.cli.options import Number, Refusal, Word, argument, build, option
from nichiiki_models.texts import Lang

if TYPE_CHECKING:
    from nichiiki_models.instance import Instance


def command(lang: Lang) -> Command:
    """Return the command in a language."""
    params: list[click.Parameter] = [
        argument(lang, "source"),
        argument(lang, "target", type=click.Path(path_type=Path)),
        option(lang, "--mapping", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE"),
        option(lang, "--headers", type=Word("ja", "en"), default="en"),
        option(lang, "--into", metavar="INSTANCE", default=None),
        option(lang, "--capacity", type=Number(0), default=None),
        option(lang, "--fare", type=Number(0, 250_000), default=None),
        option(lang, "--stops", default=None),
        option(lang, "--prefix", default=""),
    ]

    def convert(source: str, target: Path, mapping: Path | None, headers: Lang, **feed: Any) -> int:
        return _convert(Screen(lang), source, target, mapping, headers, feed)

    return build(lang, "convert", convert, params)


def _convert(
    screen: Screen, source: str, target: Path, mapping: Path | None, headers: Lang, feed: dict[str, Any]
) -> int:
    import nichiiki
    from nichiiki.cli.opening import open_instance

    is_feed = Path(source).suffix.casefold() == ".zip"
    if not is_feed and (given := [name for name, value in feed.items() if value not in (None, "")]):
        raise Refusal("usage.feed_only", option=f"--{given[0]}")
    if is_feed and mapping is not None and feed["into"] is None:
        raise Refusal("usage.mapping_of_feed")
    instance = _read_feed(source, mapping, **feed) if is_feed else open_instance(source, mapping)
    nichiiki.write(instance, target, lang=headers)
    screen.out.print(screen.say("convert.done", path=target), soft_wrap=True)
    screen.out.print(screen.say("check.hash", hash=instance.hash), style="dim", soft_wrap=True)
    return Exit.DONE


def _read_feed(
    source: str,
    mapping: Path | None,
    into: str | None,
    capacity: int | None,
    fare: int | None,
    stops: str | None,
    prefix: str,
) -> Instance:
    import nichiiki
    from nichiiki.cli.opening import open_instance

    return nichiiki.read_gtfs(
        source,
        into=None if into is None else open_instance(into, mapping),
        vehicle_capacity=capacity,
        fare_yen=fare,
        stops=None if stops is None else [name.strip() for name in stops.split(",")],
        prefix=prefix,
    )
