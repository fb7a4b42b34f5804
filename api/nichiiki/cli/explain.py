"""``nichiiki explain``: why wishes did not come true, and the smallest change that would help."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.help import Command
from nichiiki.cli.options import Number, argument, build, option
from nichiiki_models.texts import Lang

if TYPE_CHECKING:
    from nichiiki_models.allocation import Allocation
    from nichiiki_models.explanation import WishReason
    from nichiiki_models.instance import Instance


def command(lang: Lang) -> Command:
    """Return the command in a language."""
    params: list[click.Parameter] = [
        argument(lang, "instance"),
        argument(lang, "allocation"),
        argument(lang, "household", nargs=-1),
        option(lang, "--locks", metavar="FILE"),
        option(lang, "--exact", is_flag=True),
        option(lang, "--check", is_flag=True),
        option(lang, "--time-limit", type=Number(0, whole=False, above=True), default=60.0, metavar="S"),
        option(lang, "--workers", type=Number(1, 1024), default=2, metavar="N"),
        option(lang, "--json", "as_json", is_flag=True),
    ]

    def explain(
        instance: str,
        allocation: str,
        household: tuple[str, ...],
        locks: str | None,
        exact: bool,
        check: bool,
        time_limit: float,
        workers: int,
        as_json: bool,
    ) -> int:
        from nichiiki.cli.opening import open_allocation, open_instance, with_locks

        given = with_locks(open_instance(instance), locks), open_allocation(allocation)
        return _explain(
            Screen(lang), *given, household, exact=exact, check=check, time_limit=time_limit, workers=workers,
            as_json=as_json,
        )  # fmt: skip

    return build(lang, "explain", explain, params)


def _explain(
    screen: Screen,
    instance: Instance,
    allocation: Allocation,
    households: tuple[str, ...],
    *,
    exact: bool,
    check: bool,
    time_limit: float,
    workers: int,
    as_json: bool,
) -> int:
    import nichiiki
    from nichiiki.cli.waiting import step

    step("wait.explaining", households=f"{len(households) or len(instance.households):,}")
    solve_again = exact or len(households) == 1
    reasons = nichiiki.explain(
        instance, allocation, households or None, exact=solve_again, time_limit_s=time_limit, workers=workers
    )
    if as_json:
        _print_json(reasons)
    else:
        _print(reasons, screen)
    if not check:
        return Exit.DONE
    step("wait.confirming", reasons=f"{len(reasons):,}")
    doubts = nichiiki.check_reasons(instance, allocation, reasons, households=households or None)
    for doubt in doubts:
        screen.tell("explain.doubt", household=doubt.household_id, target=doubt.target_id, what=doubt.what)
    if not doubts:
        screen.tell("explain.confirmed")
    return Exit.NEGATIVE if doubts else Exit.DONE


def _print_json(reasons: list[WishReason]) -> None:
    from nichiiki.cli.saving import json_bytes

    listed = [
        {
            **reason.model_dump(mode="json"),
            **{f"sentence_{lang}": reason.sentence(lang) for lang in ("ja", "en")},
            **{
                f"change_{lang}": reason.relaxation.sentence(lang) if reason.relaxation else None
                for lang in ("ja", "en")
            },
        }
        for reason in reasons
    ]
    click.echo(json_bytes({"reasons": listed}).decode("utf-8"), nl=False)


def _print(reasons: list[WishReason], screen: Screen) -> None:
    from nichiiki.cli.showing import new_table, show

    if not reasons:
        screen.out.print(screen.say("explain.nothing"), soft_wrap=True)
        return
    table = new_table()
    table.add_column(screen.say("explain.household"), no_wrap=True)
    table.add_column(screen.say("explain.wish"), overflow="fold")
    table.add_column(screen.say("explain.rank"), justify="right")
    table.add_column(screen.say("explain.reason"), overflow="fold", ratio=3)
    table.add_column(screen.say("explain.change"), overflow="fold", ratio=2)
    for reason in reasons:
        table.add_row(*_row(reason, screen))
    show(screen.say("explain.title"), table, screen)
    wishes = [
        reason for reason in reasons if reason.list is not None
    ]  # the others are about a household as a whole
    counted = {"count": len(wishes), "households": len({reason.household_id for reason in wishes})}
    if wishes:
        screen.out.print(screen.say("explain.count", **counted), soft_wrap=True)


def _row(reason: WishReason, screen: Screen) -> tuple[str, ...]:
    what = screen.say(f"list.{reason.list}") if reason.list else ""
    who = f" {reason.person_id}" if reason.person_id else ""
    change = reason.relaxation.sentence(screen.lang) if reason.relaxation else ""
    rank = "" if reason.rank is None else str(reason.rank)
    return (
        reason.household_id,
        f"{what}{who} {reason.target_id or ''}",
        rank,
        reason.sentence(screen.lang),
        change,
    )
