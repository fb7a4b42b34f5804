"""Notices to households: the data of a mail merge (通知文), joined with the contacts that no instance holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from nichiiki.report.facts import Facts
from nichiiki.report.lazily import Lines
from nichiiki.report.rows import Cell, Rows, Sheet
from nichiiki.report.words import words
from nichiiki_instances.headers import CONTACTS, column_title
from nichiiki_instances.raw import RawTable, problem
from nichiiki_instances.tabulating import tabulate
from nichiiki_models.errors import InstanceError
from nichiiki_models.problems import Problem
from nichiiki_models.texts import LANGUAGES, Lang

NOTICE_COLUMNS = (
    "household_id",
    "contact_name",
    "contact_address",
    "contact_language",
    "outcome",
    "region_id",
    "house_id",
    "periods",
    "cost_yen",
    "besides",
    "supporter_id",
    "reason",
    "notice",
)


@dataclass(frozen=True)
class Contact:
    """Who a household is, for letters only.

    Attributes
    ----------
    name, address
        As they are written on an envelope.
    language
        Language of the letter; None = that of the report.
    """

    name: str
    address: str
    language: Lang | None


def read_contacts(path: Path) -> dict[str, Contact]:
    """Read a contacts file: ``id``, ``name``, ``address`` and ``language`` (番号、氏名、住所、言語), CSV or xlsx.

    Raises
    ------
    InstanceError
        If a column is missing or unknown, an id stands twice or is empty, or a language is neither ja nor en; names
        and addresses are never shown.
    FileError
        If the file cannot be read.
    """
    from nichiiki.apart import carefully
    from nichiiki_instances.reading import grids_of

    grids, problems = carefully([path], grids_of, path)
    raw, more = tabulate(grids[0], CONTACTS)
    found = [*problems, *more]
    if raw is not None:
        found += _problems(raw)
    if raw is None or any(each.severity == "error" for each in found):
        raise InstanceError(found)
    return dict(_contacts(raw))


def _problems(raw: RawTable) -> Iterator[Problem]:
    for column in ("id", "name"):
        if column not in raw.columns:
            title = column_title(CONTACTS, column, "ja")
            yield problem("missing_column", raw.source, table=CONTACTS, column=column, title=title)
    seen: set[str] = set()
    for line, cell in zip(raw.lines, raw.columns.get("id", ()), strict=False):
        each = str(cell).strip()
        if not each or each in seen:
            where = {"table": CONTACTS, "line": line, "header": raw.headers["id"], "value": each}
            yield problem("duplicate" if each else "empty_cell", raw.source, key="id", **where)
        seen.add(each)
    for line, cell in zip(raw.lines, raw.columns.get("language", ()), strict=False):
        if str(cell).strip() not in ("", *get_args(Lang)):
            where = {"table": CONTACTS, "line": line, "header": raw.headers["language"], "value": str(cell)}
            yield problem("unknown_word", raw.source, choices=" / ".join(get_args(Lang)), **where)


def _contacts(raw: RawTable) -> Iterator[tuple[str, Contact]]:
    empty = [""] * len(raw.lines)
    columns = (raw.columns.get(name, empty) for name in ("id", "name", "address", "language"))
    for each, name, address, language in zip(*columns, strict=True):
        known: Mapping[str, Lang] = {"ja": "ja", "en": "en"}
        yield str(each).strip(), Contact(str(name), str(address), known.get(str(language).strip()))


def notices(rows: Rows, contacts: Mapping[str, Contact]) -> Sheet:
    """Return one row a household: what was decided, and the text of its letter in its language.

    Parameters
    ----------
    rows
        The lists of the result.
    contacts
        Who the households are, by id; those that are not there are addressed by their id.
    """
    return Sheet(
        "notices", NOTICE_COLUMNS, Lines(lambda: _notices(rows, contacts), len(rows.facts.households))
    )


def _notices(rows: Rows, contacts: Mapping[str, Contact]) -> Iterator[tuple[Cell, ...]]:
    spoken = {lang: Rows(rows.facts, lang) for lang in LANGUAGES}
    for household in rows.facts.households:
        contact = contacts.get(household, Contact("", "", None))
        yield _notice(household, contact, spoken[contact.language or rows.lang])


def _notice(household: str, contact: Contact, rows: Rows) -> tuple[Cell, ...]:
    facts, lang = rows.facts, rows.lang
    say, placement, reasons = words(lang), facts.placements.get(household), ""
    middle: tuple[Cell, ...] = (None,) * 6
    if placement:
        stays = facts.stays.get(household, [])
        middle = (
            ", ".join(facts.region_name(stay.region_id) for stay in stays),
            ", ".join(stay.house_id for stay in stays),
            facts.shown_periods(period for stay in stays for period in stay.periods),
            placement.cost_yen,
            _besides(facts, household, lang),
            facts.target_name(placement.supporter_id) if placement.supporter_id else "",
        )
    else:
        reasons = "\n".join(rows.reasons(household, 3)) or say("reason.none")
    key = "placed" if placement else "unplaced"
    fields = dict(zip(("region", "house", "periods", "cost", "besides", "supporter"), middle, strict=True))
    addressee = say("notice.to", name=contact.name) if contact.name else say("notice.to_id", id=household)
    cost = f"{fields['cost']:,}" if isinstance(fields["cost"], int) else ""
    shown = {name: value or "–" for name, value in fields.items()} | {"cost": cost}
    text = say(f"notice.{key}", to=addressee, id=household, reasons=reasons, **shown)
    head: tuple[Cell, ...] = (household, contact.name, contact.address, lang, say(f"notice.outcome.{key}"))
    return (*head, *middle, reasons, text)


def _besides(facts: Facts, household: str, lang: Lang) -> str:
    say = words(lang)
    items = facts.items.get(household, [])
    return "; ".join(f"{say(f'list.{item.list}')} {facts.target_name(item.target_id)}" for item in items)
