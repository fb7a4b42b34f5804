"""What the public may see: figures without households, in which no small number can be found or worked out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nichiiki.report.cards import Card, gap_of
from nichiiki.report.chart import Chart, chart, flows_of
from nichiiki.report.loads import Load
from nichiiki.report.privacy import LEAST, hide_small
from nichiiki.report.rows import Rows
from nichiiki.report.words import percent, rule_name, words

RANKS = 10
"""Ranks that are counted one by one; a table has a cell for each, and one for what was not listed."""


@dataclass(frozen=True)
class Part:
    """A line of a public table: its name, and how many households; None where the number is not told."""

    name: str
    households: int | None


@dataclass(frozen=True)
class Use:
    """How a kind of capacity is used in a region, as a share in steps of ten percent; None where it is not told."""

    rule: str
    name: str
    offered: int
    share: int | None


def public_chart(rows: Rows) -> Chart:
    """Return the map with the flows of five households and more."""
    facts = rows.facts
    counts = flows_of(facts)
    return chart(facts, Counter(hide_small(counts, len(facts.regions) ** 2).shown))


def public_flows(rows: Rows) -> list[Part]:
    """Return households by home and host region; the small ones together."""
    facts, say = rows.facts, words(rows.lang)
    hidden = hide_small(flows_of(facts), len(facts.regions) ** 2)
    named = [
        Part(f"{facts.region_name(home)} → {facts.region_name(host)}", count)
        for (home, host), count in Counter(hidden.shown).most_common()
    ]
    return [*named, *_rest(hidden.rest, say("public.rest_flows"))]


def public_ranks(rows: Rows) -> list[Part]:
    """Return households by the best rank of their stay."""
    facts, say = rows.facts, words(rows.lang)
    counts: Counter[int] = Counter()
    for rank, households in facts.rank_counts().items():
        counts[min(rank, RANKS)] += households
    hidden = hide_small(counts, RANKS + 1)
    named = [
        Part(say("public.rank", rank=rank) if rank else say("public.unlisted"), count)
        for rank, count in sorted(hidden.shown.items(), key=lambda item: (item[0] == 0, item[0]))
    ]
    return [*named, *_rest(hidden.rest, say("public.rest_ranks"))]


def public_reasons(rows: Rows) -> list[Part]:
    """Return households without a place by the rule that stands first against them."""
    facts, say = rows.facts, words(rows.lang)
    table, waiting = (
        facts.allocation.unplaced,
        facts.instance.households["household_id"][~facts.book.is_placed],
    )
    first, stated = table.spans(waiting)
    rules = table["rule"]
    counts = Counter(np.append(rules, "")[np.where(stated > 0, first, -1)].tolist())
    hidden = hide_small(counts, len({*rules.tolist(), ""}))
    named = [
        Part(rule_name(rule, rows.lang) if rule else say("reason.none"), count)
        for rule, count in Counter(hidden.shown).most_common()
    ]
    return [*named, *_rest(hidden.rest, say("public.rest_reasons"))]


def _rest(rest: int | None, name: str) -> list[Part]:
    return [Part(name, rest)] if rest is None or rest else []


def public_cards(rows: Rows, broken: int) -> list[Card]:
    """Return the figures at the head; numbers below five are not told."""
    facts = rows.facts
    placed, asked = len(facts.placements), len(facts.households)
    people = facts.placed_persons
    told = all(number == 0 or number >= LEAST for number in (placed, asked - placed))
    shown = f"{placed:,}" if told else "–"
    status = words(rows.lang)(f"status.{facts.allocation.status.value}")
    return [
        Card("households", shown, f"/ {asked:,}"),
        Card("persons", f"{people:,}" if told and people >= LEAST else "–"),
        Card("gap", percent(gap_of(facts)) or "–", status),
        Card("violations", f"{broken:,}", good=not broken),
    ]


def public_uses(rows: Rows, rules: Sequence[str]) -> list[Use]:
    """Return how far each kind of capacity is used over the whole calendar, in steps of ten percent."""
    found: list[Use] = []
    for rule in rules:
        own = [load for load in rows.loads(rule) if load.capacity]
        if own:
            found.append(_use(rule, own, rows))
    return found


def _use(rule: str, own: list[Load], rows: Rows) -> Use:
    used, offered = sum(load.used for load in own), sum(load.capacity or 0 for load in own)
    share = None if 0 < used < LEAST else round(10 * used / offered) * 10
    return Use(rule, rule_name(rule, rows.lang), offered, share)
