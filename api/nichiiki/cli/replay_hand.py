"""``nichiiki replay-hand``: last year's result by hand beside the procedure, with the rule responsible for every difference."""

from __future__ import annotations

from pathlib import Path

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.help import Command
from nichiiki.cli.options import Number, argument, build, option
from nichiiki_models.texts import Lang


def command(lang: Lang) -> Command:
    """Return the command in a language."""
    params: list[click.Parameter] = [
        argument(lang, "instance"),
        argument(lang, "hand"),
        option(lang, "--policy", key="policy_by_hand", default="points", metavar="NAME"),
        option(lang, "--seed", type=Number(0), default=0, metavar="N"),
        option(lang, "--csv", type=click.Path(path_type=Path), metavar="FILE"),
        option(lang, "--json", "as_json", is_flag=True),
    ]

    def replay_hand(instance: str, hand: str, policy: str, seed: int, csv: Path | None, as_json: bool) -> int:
        import nichiiki
        from nichiiki.cli.allocate import check_policy
        from nichiiki.cli.diff import present
        from nichiiki.cli.opening import open_instance, read_hand

        check_policy(policy)
        screen, opened = Screen(lang), open_instance(instance)
        by_hand = nichiiki.hand_result(opened, read_hand(Path(hand), opened))
        by_rules = nichiiki.allocate(opened, policy=policy, seed=seed).allocation
        if by_rules is None:
            screen.tell("nothing.INFEASIBLE")
            return Exit.NEGATIVE
        found = nichiiki.diff(opened, by_hand, by_rules)
        present(found, screen, csv, as_json=as_json)
        screen.tell("hand.differs" if found.changes else "hand.equal", count=len(found.changes))
        return Exit.NEGATIVE if found.changes else Exit.DONE

    return build(lang, "replay-hand", replay_hand, params)
