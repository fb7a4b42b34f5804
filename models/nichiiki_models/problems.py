"""A problem of the input: where it is, what is wrong, what is allowed, what to do, in two languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from nichiiki_models.texts import Lang, text

VALUE_SHOWN = 60


class Problem(BaseModel):
    """One thing wrong with the input.

    Attributes
    ----------
    code
        Key of the texts ``problem.<code>.what``, ``.allowed`` and ``.remedy``.
    table, row, column
        Table name, 0-based row in the order given, and canonical column; None where not about one.
    value
        The offending value as it was written.
    params
        What else the texts name, for example the allowed values.
    file, line, header
        Where the reader found it: file (and sheet), line or row number as the user counts, header as written.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    table: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None
    params: Mapping[str, str] = Field(default_factory=dict)
    file: str | None = None
    line: int | None = None
    header: str | None = None
    severity: Literal["error", "warning"] = "error"

    def message(self, lang: Lang) -> str:
        """Return the whole message: place, what, allowed, remedy."""
        return text("problem.frame", lang, place=self.place(lang), **self.parts(lang))

    def parts(self, lang: Lang) -> dict[str, str]:
        """Return the texts ``what``, ``allowed`` and ``remedy``."""
        values = {"table": self.table or "", "column": self.header or self.column or "", "value": shown(self.value), **self.params}
        return {part: text(f"problem.{self.code}.{part}", lang, **values) for part in ("what", "allowed", "remedy")}

    def place(self, lang: Lang) -> str:
        """Return where the problem is, in words."""
        line = self.line if self.line is not None else None if self.row is None else self.row + 1
        parts = [self.file or self.table or ""]
        if line is not None:
            parts.append(text("problem.place.line", lang, line=line))
        if self.header or self.column:
            parts.append(text("problem.place.column", lang, column=self.header or self.column))
        return text("problem.place.join", lang).join(part for part in parts if part)


def shown(value: str | None) -> str:
    """Return a value as it may be shown: printable, at most `VALUE_SHOWN` characters."""
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value or "")
    return clean if len(clean) <= VALUE_SHOWN else clean[: VALUE_SHOWN - 1] + "…"
