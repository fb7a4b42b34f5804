"""The report: one HTML file with map, lists, calendar and audit block, without any outside reference."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from nichiiki.report.chart import chart
from nichiiki.report.facts import Facts
from nichiiki.report.loads import Load
from nichiiki.report.rows import Rows
from nichiiki.report.words import number, percent, rule_name, words
from nichiiki_models.allocation import Violation

MOST_ROWS = 1000
"""Rows of a list that the report shows; the CSV files hold them all."""
INDENT = re.compile(r"\n[ \n]+")
"""Blanks that lay out the template and would only make the file larger."""
FACILITY_LOADS = ("school_seats", "care_places", "desks")
OTHER_LOADS = ("reception", "supporter_caseload", "experience_places", "quota_max", "quota_reserved")


@dataclass(frozen=True)
class Card:
    """A figure at the head of the report."""

    key: str
    value: str
    note: str = ""
    good: bool | None = None


@dataclass(frozen=True)
class Bar:
    """A capacity over several periods, as the row of a load table."""

    target: str
    name: str
    region: str
    band: str
    rule: str
    peak: int
    capacity: int | None
    cells: Sequence[Load]


def report_html(rows: Rows, *, violations: Sequence[Violation], title: str | None = None) -> str:
    """Return the report as one HTML document.

    Parameters
    ----------
    rows
        The lists of the result, in their language.
    violations
        What the independent check found; shown in the audit block.
    title
        What stands at its head; the name of the instance if None.
    """
    facts = rows.facts
    style, script = asset("report.css"), asset("report.js")
    page: str = _template().render(
        lang=rows.lang,
        say=words(rows.lang),
        number=number,
        rule_name=lambda rule: rule_name(rule, rows.lang),
        title=title or facts.instance.name,
        facts=facts,
        rows=rows,
        most=MOST_ROWS,
        cards=cards(rows, violations),
        chart=chart(facts),
        facility_bars=bars(rows, FACILITY_LOADS),
        other_bars=bars(rows, OTHER_LOADS),
        audit=_audit(rows, violations),
        violations=[violation_text(each, rows.lang) for each in violations],
        style=style,
        script=script,
        policy=_policy(style, script),
    )
    return INDENT.sub("\n", page)


def violation_text(violation: Violation, lang: Any) -> str:
    """Return a violation as a sentence; its bare facts where no text is known."""
    try:
        return violation.sentence(lang)
    except (KeyError, FileNotFoundError):
        details = ", ".join(f"{key} {value}" for key, value in violation.details.items())
        return f"{rule_name(violation.rule, lang)}: {violation.where} {details}".strip()


@cache
def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("nichiiki.report", "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2")


@cache
def asset(name: str) -> str:
    """Return a file of the templates without the blanks that lay it out."""
    return INDENT.sub("\n", (resources.files("nichiiki.report") / "templates" / name).read_text("utf-8"))


def _policy(style: str, script: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src '{digest(style)}'",
            f"script-src '{digest(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def digest(content: str) -> str:
    """Return the hash by which a content security policy allows a piece of style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode("ascii")


def cards(rows: Rows, violations: Sequence[Violation]) -> list[Card]:
    """Return the figures at the head: what a planner asks first."""
    facts, allocation = rows.facts, rows.facts.allocation
    placed = len(facts.placements)
    people = sum(facts.members.get(household, 0) for household in facts.placements)
    return [
        Card("households", f"{placed:,}", f"/ {len(facts.households):,}"),
        Card("persons", f"{people:,}"),
        Card("roles", f"{_items(facts, 'role'):,}"),
        Card("seats", f"{_items(facts, 'school') + _items(facts, 'care'):,}"),
        Card("gap", percent(_gap(facts)) or "–", words(rows.lang)(f"status.{allocation.status.value}")),
        Card("violations", f"{len(violations):,}", good=not violations),
    ]


def _items(facts: Facts, kind: str) -> int:
    return int((facts.allocation.items["list"] == kind).sum())


def _gap(facts: Facts) -> float | None:
    allocation = facts.allocation
    if allocation.objective is None or allocation.bound is None:
        return None
    return (allocation.bound - allocation.objective) / max(1, abs(allocation.objective))


def bars(rows: Rows, rules: Sequence[str]) -> list[Bar]:
    """Return the loads of some rules, one row a capacity."""
    found = [load for load in rows.loads if load.rule in rules and (load.used or load.capacity != 0)]
    by: Callable[[Load], tuple[str, str, str]] = lambda load: (load.rule, load.target_id, load.band)  # noqa: E731
    return [_bar(rows.facts, list(cells)) for _, cells in groupby(found, key=by)][:MOST_ROWS]


def _bar(facts: Facts, cells: list[Load]) -> Bar:
    first, peak = cells[0], max(cells, key=lambda load: (load.share, load.used))
    region = facts.region_name(first.region_id) if first.region_id else ""
    name = (
        facts.region_name(first.target_id)
        if first.rule == "reception"
        else facts.target_name(first.target_id)
    )
    return Bar(first.target_id, name, region, first.band, first.rule, peak.used, peak.capacity, cells)


def _audit(rows: Rows, violations: Sequence[Violation]) -> list[tuple[str, str]]:
    allocation, say = rows.facts.allocation, words(rows.lang)
    checks = say("checked.good") if not violations else say("checked.bad", count=len(violations))
    levels = "; ".join(
        f"{level.name}: {number(level.objective) or '–'} / {number(level.bound) or '–'}"
        for level in allocation.levels
    )
    return [
        ("instance_hash", allocation.instance_hash),
        ("policy", allocation.policy),
        ("rules", f"{rows.facts.instance.rules.rules_id} ({rows.facts.instance.rules.version})"),
        ("seed", str(allocation.seed)),
        ("status", f"{say(f'status.{allocation.status.value}')} – {say(f'stop.{allocation.reason.value}')}"),
        ("objective", number(allocation.objective) or "–"),
        ("bound", number(allocation.bound) or "–"),
        ("gap", percent(_gap(rows.facts)) or "–"),
        ("levels", levels or "–"),
        ("checks", checks),
        ("version", f"nichiiki {allocation.provenance.get('nichiiki', '–')}"),
    ]
