"""The report: one HTML file with map, lists, calendar and audit block, without any outside reference."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import groupby, islice
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from nichiiki.report.calendar_runs import house_lines
from nichiiki.report.cards import cards, figures, gap_of, group_bars, kpi_lines, rank_bars, relation_bars
from nichiiki.report.chart import chart
from nichiiki.report.facts import Facts
from nichiiki.report.loads import Load
from nichiiki.report.payers_view import bill, cost_columns, monthly, picked
from nichiiki.report.privacy import LEAST, Level
from nichiiki.report.public import (
    public_cards,
    public_chart,
    public_flows,
    public_ranks,
    public_reasons,
    public_uses,
)
from nichiiki.report.rest import MOST_SEARCHED, rest_json
from nichiiki.report.rows import Rows, besides
from nichiiki.report.tariff_section import compared
from nichiiki.report.words import number, percent, rule_name, words
from nichiiki_models.allocation import Violation
from nichiiki_models.metrics import ClassChange, Metrics
from nichiiki_models.tariff import TariffResult

MOST_ROWS = 1000
"""Rows of a list that the report shows; the CSV files hold them all."""
INDENT = re.compile(r"\n[ \n]+")
"""Blanks that lay out the template and would only make the file larger."""
STACKED = {
    "placements": (
        "household_id", "home_region", "region_id", "house_id", "periods", "stay_rank", "cost_yen", "besides",
    ),
    "refused": ("household_id", "home_region", "reason"),
}  # fmt: skip
"""Columns of the lists whose cells a narrow screen stacks, by the id of their table."""
FACILITY_LOADS = ("school_seats", "care_places", "desks")
OTHER_LOADS = ("reception", "supporter_caseload", "experience_places", "quota_max", "quota_reserved")


@dataclass(frozen=True)
class Bar:
    """A capacity over several periods, as the row of a load table."""

    target: str
    name: str
    region_id: str
    region: str
    band: str
    rule: str
    peak: int
    capacity: int | None
    cells: Sequence[Load]


def report_html(
    rows: Rows,
    *,
    violations: Sequence[Violation],
    metrics: Metrics | None = None,
    level: Level = "staff",
    title: str | None = None,
    tariff: TariffResult | None = None,
) -> str:
    """Return the report as one HTML document.

    Parameters
    ----------
    rows
        The lists of the result, in their language. For the council make them of `privacy.pseudonymous` facts.
    violations
        What the independent check found; shown in the audit block.
    metrics
        Figures of the result; without them the section on results is left out.
    level
        Who reads it: staff, the council (whose rows have pseudonyms), or the public (who see no rows at all).
    title
        What stands at its head; the name of the instance if None.
    tariff
        The prices of the same allocation, for the section that compares them with single fares.
    """
    facts = rows.facts
    say = words(rows.lang)
    style, script = asset("report.css") + stack_labels(say), asset("report.js")
    shared = {
        "lang": rows.lang,
        "say": say,
        "number": number,
        "rule_name": lambda rule: rule_name(rule, rows.lang),
        "title": title or facts.instance.name,
        "facts": facts,
        "level": level,
        "measures": _measures(facts),
        "tariff": tariff,
        "compared": compared(tariff) if tariff else [],
        "percent": percent,
        "audit": _audit(rows, violations),
        "stacked": STACKED,
        "style": style,
        "script": script,
        "policy": _policy(style, script),
    }
    own = _public(rows, violations) if level == "public" else _inner(rows, violations, metrics, level)
    page: str = _template().render(**shared, **own)
    return INDENT.sub("\n", page)


def stack_labels(say: Callable[..., str]) -> str:
    """Return the style that names each cell where a narrow screen stacks the cells of a row.

    Once a column here instead of once a cell in the page: with 500 households that is a fifth of its size.
    """
    rules = [
        f"#{table} tbody tr > :nth-child({place})::before {{ content: {json.dumps(say('column.' + column), ensure_ascii=False)}; }}"
        for table, columns in STACKED.items()
        for place, column in enumerate(columns, 1)
    ]
    return "@media (max-width: 640px) {\n" + "\n".join(rules) + "\n}\n"


def _inner(
    rows: Rows, violations: Sequence[Violation], metrics: Metrics | None, level: Level
) -> dict[str, Any]:
    """Return what staff and the council see."""
    return {
        "rows": rows,
        "most": MOST_ROWS,
        "first": islice,
        "rest": rest_json(rows, MOST_ROWS),
        "in_sheet": MOST_SEARCHED,
        "searched": MOST_ROWS + MOST_SEARCHED,
        "cards": cards(rows, violations),
        "chart": chart(rows.facts, shares=_shares(metrics) if metrics else None),
        "besides": besides,
        "houses": list(house_lines(rows, MOST_ROWS)),
        "bill": bill(rows),
        "monthly": monthly(rows),
        "cost_columns": cost_columns(rows, level),
        "cost_rows": picked(rows.costs, cost_columns(rows, level), MOST_ROWS),
        "facility_bars": bars(rows, FACILITY_LOADS),
        "other_bars": bars(rows, OTHER_LOADS),
        "classes": [_class_line(each, rows) for each in metrics.class_changes] if metrics else [],
        "figures": figures(metrics, rows) if metrics else [],
        "ranks": rank_bars(metrics, rows) if metrics else [],
        "groups": group_bars(metrics) if metrics else [],
        "kpi": kpi_lines(metrics, rows) if metrics else [],
        "relations": relation_bars(metrics, rows) if metrics else [],
        "missing": metrics.roles.missing_holder_periods if metrics else 0,
        # they name households: the council sees how many there are
        "violations": [violation_text(each, rows.lang) for each in violations] if level == "staff" else [],
    }


def _class_line(change: ClassChange, rows: Rows) -> str:
    """Return a school in which a class opens or closes as a sentence."""
    key = "classes.opens" if change.after > change.before else "classes.closes"
    return words(rows.lang)(
        key,
        school=rows.facts.facilities[change.facility_id].name or change.facility_id,
        period=change.period_id,
        grades=", ".join(change.grades),
        guests=change.guests,
        before=change.before,
        after=change.after,
    )


def _public(rows: Rows, violations: Sequence[Violation]) -> dict[str, Any]:
    """Return what the public sees: nothing of it names a household."""
    return {
        "cards": public_cards(rows, len(violations)),
        "chart": public_chart(rows),
        "flows": public_flows(rows),
        "rank_parts": public_ranks(rows),
        "reasons": public_reasons(rows),
        "uses": public_uses(rows, (*FACILITY_LOADS, "house_units", "role_max", "experience_places")),
        "violations": [],
        "least": LEAST,
    }


def _shares(metrics: Metrics) -> dict[str, float]:
    """Return the used part of the houses of each region that has any on offer."""
    return {
        region: use.unit_periods_used / use.unit_periods_offered
        for region, use in metrics.regions.items()
        if use.unit_periods_offered
    }


def _measures(facts: Facts) -> list[tuple[str, str, int, str]]:
    """Return the measures taken: id, target, cost, and the programmes that may pay."""
    known = {row.measure_id: row for row in facts.instance.measures.rows()}
    names = {row.programme_id: row.name or row.programme_id for row in facts.instance.programmes.rows()}
    return [
        (
            taken.measure_id,
            facts.target_name(known[taken.measure_id].target_id),
            taken.cost_yen,
            ", ".join(names.get(each, each) for each in known[taken.measure_id].programmes),
        )
        for taken in facts.allocation.measures.rows()
        if taken.measure_id in known
    ]


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


def bars(rows: Rows, rules: Sequence[str]) -> list[Bar]:
    """Return the loads of some rules, one row a capacity."""
    found = (load for load in rows.loads(*rules) if load.used or load.capacity != 0)
    by: Callable[[Load], tuple[str, str, str]] = lambda load: (load.rule, load.target_id, load.band)  # noqa: E731
    return [_bar(rows.facts, list(cells)) for _, cells in islice(groupby(found, key=by), MOST_ROWS)]


def _bar(facts: Facts, cells: list[Load]) -> Bar:
    first, peak = cells[0], max(cells, key=lambda load: (load.share, load.used))
    region = facts.region_name(first.region_id) if first.region_id else ""
    name = (
        facts.region_name(first.target_id)
        if first.rule == "reception"
        else facts.target_name(first.target_id)
    )
    return Bar(
        first.target_id,
        name,
        first.region_id,
        region,
        first.band,
        first.rule,
        peak.used,
        peak.capacity,
        cells,
    )


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
        ("gap", percent(gap_of(rows.facts)) or "–"),
        ("levels", levels or "–"),
        ("checks", checks),
        ("version", f"nichiiki {allocation.provenance.get('nichiiki', '–')}"),
    ]
