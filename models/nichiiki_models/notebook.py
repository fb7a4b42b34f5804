"""Results as small pieces of HTML, which notebooks show in place of a line of text.

Everything is escaped, nothing is loaded from elsewhere, and the labels are the names of the fields: what the object
calls them in code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

MOST_ROWS = 8
"""Rows that a piece shows; the object has them all."""


def card(title: str, facts: Mapping[str, object], *tables: str) -> str:
    """Return a title with a line for each fact, and tables below.

    Parameters
    ----------
    title
        What the object is.
    facts
        Values by name; those that are None are left out.
    tables
        From `table`.
    """
    lines = "".join(
        f"<tr><th>{escape(name)}</th><td>{_shown(value)}</td></tr>"
        for name, value in facts.items()
        if value is not None
    )
    return f"<div><strong>{escape(title)}</strong><table>{lines}</table>{''.join(tables)}</div>"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], count: int) -> str:
    """Return a table with its first rows, and how many there are.

    Parameters
    ----------
    columns
        Headers.
    rows
        Cells of each row.
    count
        Number of all rows.
    """
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    shown = [row for _, row in zip(range(MOST_ROWS), rows, strict=False)]
    body = "".join("<tr>" + "".join(f"<td>{_shown(cell)}</td>" for cell in row) + "</tr>" for row in shown)
    more = f"<div>… {len(shown)} / {count:,}</div>" if count > len(shown) else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def share(part: int, whole: int) -> str:
    """Return a part of a whole in words: ``110 / 240 (45.8 %)``."""
    return f"{part:,} / {whole:,}" + (f" ({100 * part / whole:.1f} %)" if whole else "")


def _shown(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, tuple | list):
        return escape(", ".join(map(str, value)))
    return escape(str(value))
