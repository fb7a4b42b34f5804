"""``nichiiki policies``: list the policies and what they promise."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.help import Command
from nichiiki.cli.options import build, option
from nichiiki_models.texts import Lang

if TYPE_CHECKING:
    from nichiiki_solver.policies.registry import PolicyCard

COLUMNS = ("name", "strategy_proof", "stable", "efficient", "optimises", "supports")


def command(lang: Lang) -> Command:
    """Return the command in a language."""

    def policies(as_json: bool) -> int:
        return _policies(Screen(lang), as_json=as_json)

    return build(lang, "policies", policies, [option(lang, "--json", "as_json", is_flag=True)])


def _policies(screen: Screen, *, as_json: bool) -> int:
    from nichiiki.cli.saving import json_bytes
    from nichiiki_solver.policies.registry import list_policies

    cards = list_policies()
    if as_json:
        listed = [asdict(card) for card in cards]
        click.echo(json_bytes({"policies": listed}).decode("utf-8"), nl=False)
    else:
        _print(cards, screen)
    return Exit.DONE


def _print(cards: tuple[PolicyCard, ...], screen: Screen) -> None:
    from nichiiki.cli.showing import new_table, show

    table = new_table()
    for column in COLUMNS:
        table.add_column(screen.say(f"policies.{column}"), no_wrap=column == "name", overflow="fold")
    sources = new_table()
    for column in ("name", "reference"):
        sources.add_column(screen.say(f"policies.{column}"))
    for card in cards:
        table.add_row(*_row(card, screen))
        sources.add_row(card.name, card.reference)
    show(screen.say("policies.title"), table, screen)
    screen.out.print(screen.say("policies.note"), style="dim", soft_wrap=True)
    show(screen.say("policies.sources"), sources, screen)


def _row(card: PolicyCard, screen: Screen) -> tuple[str, ...]:
    holds = (card.strategy_proof, card.stable, card.efficient, "always" if card.optimises else "never")
    takes = [screen.say(f"policies.takes.{word}") for word in card.supports]
    return (
        card.name,
        *(screen.say(f"policies.holds.{where}") for where in holds),
        screen.say("policies.comma").join(takes),
    )
