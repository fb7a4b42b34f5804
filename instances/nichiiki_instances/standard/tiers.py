"""Ranked lists with ties in brackets, as several formats write them."""

from __future__ import annotations

import re

from nichiiki_instances.standard.problems import Order
from nichiiki_instances.standard.scanning import Report

_PIECE = re.compile(r"[(){}]|[^\s,(){}]+")


def read_order(text: str, line: int, report: Report, *, name: str, size: int) -> Order:
    """Return the tiers of a list of numbers from 1, as numbers from 0.

    Parameters
    ----------
    text
        Numbers with spaces or commas between; ties in round or curly brackets.
    line, report
        Where it stands, and where problems go.
    name, size
        What is numbered, and how many there are.
    """
    tiers: list[tuple[int, ...]] = []
    tied: list[int] | None = None
    seen: set[int] = set()
    for piece in _PIECE.findall(text):
        if piece in "({" and tied is None:
            tied = []
        elif piece in ")}" and tied is not None:
            tiers += [tuple(sorted(tied))] if tied else []
            tied = None
        elif piece in "(){}":
            report.add("std_bracket", line, text.strip())
        else:
            number = report.whole(piece, line, name, 1, size) - 1
            if number in seen:
                report.add("std_twice", line, f"{name} {piece}")
            seen.add(number)
            tiers, tied = ([*tiers, (number,)], None) if tied is None else (tiers, [*tied, number])
    if tied is not None:
        report.add("std_bracket", line, text.strip())
    return tuple(tiers)


def write_order(order: Order, *, between: str, brackets: str) -> str:
    """Return the list with numbers from 1.

    Parameters
    ----------
    order
        Tiers of numbers from 0.
    between, brackets
        What stands between numbers, and the two brackets of a tie.
    """
    tiers = (between.join(str(number + 1) for number in tier) for tier in order)
    return between.join(
        text if len(tier) == 1 else brackets[0] + text + brackets[1]
        for text, tier in zip(tiers, order, strict=True)
    )
