"""Cells: from text to value where the meaning is certain, else a `BadCell`.

Understood: full-width digits, thousands separators, the unit of the column behind a number, Western
and Japanese
dates, words for choices and flags, lists. Everything else is reported.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache

from nichiiki_instances.headers import flags, folded, narrow, units, values, words
from nichiiki_instances.raw import BadCell
from nichiiki_models.checks import limits_of
from nichiiki_models.columns import ColumnSpec
from nichiiki_models.municipality_codes import check_digit

LIST_SEPARATORS = re.compile(r"[;；、]")
GUARDED = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠", "'")
LONGEST_NUMBER = 26  # Decimal is exact up to here, also times 10,000 of a 万円
_NUMBER = re.compile(
    r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d*)?(e[+-]?\d{1,3})?|[+-]?\.\d+(e[+-]?\d{1,3})?", re.ASCII
)
_MULTIPLES = {"万円": 10_000, "千円": 1_000}
_SEPARATED = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})", re.ASCII)
_KANJI = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日", re.ASCII)
_ERA = re.compile(r"([^\W\d]+?)(元|\d{1,2})(年|[-/.])(\d{1,2})(月|[-/.])(\d{1,2})(日?)")
_SHORT_YEAR = re.compile(r"\d{1,2}[-/.年]\d{1,2}[-/.月]\d{1,4}日?", re.ASCII)
_CLOCK = re.compile(r"(.+?)[ t]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.0+)?)?(?:\+09:?00)?", re.ASCII)
_KANJI_CLOCK = re.compile(r"(.+?日)\s*(\d{1,2})時(\d{1,2})分()", re.ASCII)
_ERAS = {
    "令和": (date(2019, 5, 1), date(9999, 12, 31)),
    "平成": (date(1989, 1, 8), date(2019, 4, 30)),
    "昭和": (date(1926, 12, 25), date(1989, 1, 7)),
}
_ERA_NAMES = {"r": "令和", "h": "平成", "s": "昭和", **{name: name for name in _ERAS}}
_SERIAL = re.compile(r"\d{5}(\.\d+)?", re.ASCII)
_FIRST_SERIAL = date(1899, 12, 30)


def integer(text: str, spec: ColumnSpec) -> int:
    """Read a whole number of the column's unit."""
    number = _decimal(text, spec)
    if number != number.to_integral_value():
        raise BadCell("not_an_integer")
    if abs(number) >= 10**18:
        raise BadCell("too_large" if number > 0 else "too_small", **limits_of(spec))
    return int(number)


def number(text: str, spec: ColumnSpec) -> float:
    """Read a number of the column's unit."""
    return float(_decimal(text, spec))


def _decimal(text: str, spec: ColumnSpec) -> Decimal:
    plain, factor = _without_unit(narrow(text).casefold(), spec)
    if len(plain) > LONGEST_NUMBER or not _NUMBER.fullmatch(plain):
        raise BadCell("not_a_number")
    exact = Decimal(plain.replace(",", ""))
    return exact if factor == 1 else exact * factor


def _without_unit(text: str, spec: ColumnSpec) -> tuple[str, int]:
    if spec.unit.startswith("yen"):
        text = text.removeprefix("¥")
        for unit, factor in _MULTIPLES.items():
            if text.endswith(unit):
                return text.removesuffix(unit).rstrip(), factor
    for unit in sorted(units(spec), key=len, reverse=True):
        if text.endswith(unit):
            return text.removesuffix(unit).rstrip(), 1
    return text, 1


def day(text: str, *, serials: bool = False) -> date:
    """Read a date: 2026-04-01, 2026/4/1, 2026年4月1日, 令和8年4月1日, R8.4.1, a workbook's day number."""
    plain = narrow(text)
    if clock := _CLOCK.fullmatch(plain.casefold()):
        if any(int(part or 0) for part in clock.groups()[1:]):
            raise BadCell("bad_date")
        plain = clock[1]
    if match := _SEPARATED.fullmatch(plain):
        return _date(match[1], match[3], match[4])
    if match := _KANJI.fullmatch(plain):
        return _date(*match.groups())
    if serials and _SERIAL.fullmatch(plain):
        return _from_serial(plain).date()
    return _era_day(plain)


def _era_day(plain: str) -> date:
    match = _ERA.fullmatch(plain)
    era = _ERA_NAMES.get(match[1].casefold()) if match else None
    if not match or not era:
        raise BadCell("ambiguous_date" if _SHORT_YEAR.fullmatch(plain) else "bad_date")
    first, last = _ERAS[era]
    year = first.year - 1 + (1 if match[2] == "元" else int(match[2]))
    found = _date(str(year), match[4], match[6])
    if not first <= found <= last or match[2] == "0":
        raise BadCell(
            "outside_era", era=era, first=first.isoformat(), last="" if era == "令和" else last.isoformat()
        )
    return found


def _date(year: str, month: str, of_month: str) -> date:
    try:
        return date(int(year), int(month), int(of_month))
    except ValueError:
        raise BadCell("no_such_day") from None


def _from_serial(plain: str) -> datetime:
    days = Decimal(plain)
    if not 36_526 <= days < 73_051:
        raise BadCell("bad_date")
    seconds = round(float(days % 1) * 86_400)
    return datetime.combine(_FIRST_SERIAL, datetime.min.time()) + timedelta(days=int(days), seconds=seconds)


def moment(text: str, *, serials: bool = False) -> datetime:
    """Read a time: a date alone is its midnight; an offset must be +09:00."""
    plain = narrow(text).casefold()
    if serials and _SERIAL.fullmatch(plain):
        return _from_serial(plain)
    match = _CLOCK.fullmatch(plain) or _KANJI_CLOCK.fullmatch(plain)
    if not match:
        return datetime.combine(_moment_day(plain), datetime.min.time())
    try:
        return datetime.combine(_moment_day(match[1]), datetime.min.time()).replace(
            hour=int(match[2]), minute=int(match[3]), second=int(match[4] or 0)
        )
    except ValueError:
        raise BadCell("bad_time") from None


def _moment_day(text: str) -> date:
    try:
        return day(text)
    except BadCell as error:
        raise BadCell("bad_time" if error.code == "bad_date" else error.code, **error.params) from None


def flag(text: str) -> bool:
    """Read ○/×, 有/無, はい/いいえ, true/false, yes/no, 1/0."""
    try:
        return flags()[folded(text)]
    except KeyError:
        raise BadCell("bad_flag") from None


def choice(text: str, table: str, spec: ColumnSpec) -> str:
    """Read a value of a choice column, by its own name or a Japanese word for it."""
    try:
        return values(table, spec.name)[folded(text)]
    except KeyError:
        raise BadCell("unknown_word", **_allowed_words(table, spec.name)) from None


@cache
def _allowed_words(table: str, column: str) -> dict[str, str]:
    known = words(table, column)
    return {"choices": " / ".join(f"{value} ({word[0]})" for value, word in known.items())}


def entries(cell: str | tuple[str, ...]) -> tuple[str, ...]:
    """Split a list cell at ; ； 、 into its entries, narrow and trimmed."""
    parts = (
        cell if isinstance(cell, tuple) else [part for part in LIST_SEPARATORS.split(cell) if part.strip()]
    )
    return tuple(narrow(part) for part in parts)


def municipality_code(text: str) -> str:
    """Return the code of a local government with 6 digits, where the check digit leaves one reading only.

    Five digits are a code without its check digit, or a code whose leading zero got lost; four digits are the
    former with a lost zero. Six digits are taken as they are, and checked later.
    """
    plain = narrow(text)
    if not re.fullmatch(r"\d{4,6}", plain, re.ASCII):
        raise BadCell("bad_code")
    if len(plain) == 6:
        return plain
    readings = set()
    short = plain.zfill(5)
    if "01" <= short[:2] <= "47":
        readings.add(short + check_digit(short))
    if len(plain) == 5 and check_digit("0" + plain[:4]) == plain[4]:
        readings.add("0" + plain)
    if len(readings) != 1:
        raise BadCell("ambiguous_code" if readings else "bad_code", readings=" / ".join(sorted(readings)))
    return readings.pop()


def guard(text: str) -> str:
    """Return a text as it is written to CSV: an apostrophe in front where a spreadsheet would see a formula.

    Also where trimming would change it, and where it starts with an apostrophe itself; `unguard`
    takes it off.
    """
    return f"'{text}" if text.startswith(GUARDED) or text != text.strip() else text


def unguard(cell: str) -> str:
    """Return the text of a CSV cell: trimmed, or exact behind a guarding apostrophe."""
    inner = cell[1:]
    if cell.startswith("'") and (inner.startswith(GUARDED) or inner != inner.strip()):
        return inner
    return cell.strip()
