"""The column mapping: which column of whose file fills which column of a table, as data in mapping.toml."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from nichiiki_instances.headers import narrow
from nichiiki_instances.raw import Source, problem
from nichiiki_instances.text_files import MAX_TEXT, read_text
from nichiiki_models.columns import column_specs
from nichiiki_models.errors import FileError
from nichiiki_models.tables import TABLES

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from nichiiki_models.problems import Problem

MAPPING_FILE = "mapping.toml"
MAPPING_FORMAT: Literal["nichiiki-mapping/1"] = "nichiiki-mapping/1"
OF_PYDANTIC = {"missing": "mapping_missing", "extra_forbidden": "mapping_unknown"}
"""Problems by what pydantic finds itself; anything else is of a wrong kind or out of range."""
OPEN = "?"
"""A value that somebody still has to fill in."""
_STRICT = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ColumnRule(BaseModel):
    """Where the cells of one column come from: exactly one of `header`, `letter`, `value`, `marks` and `period`.

    Attributes
    ----------
    header
        Header of the column to read (written ``from``).
    letter
        Letter of the column to read (``H``), where two headers are alike.
    value
        The same value in every row; ``?`` where it is still to be filled in.
    marks, yes, no
        Header of a column of marks → entry of the list; a mark in `yes` puts the entry in, one in `no` leaves it
        out, any other is a problem.
    period
        The period of the row, where a source has a row for each period.
    words
        Cell as written → value.
    empty
        Value of an empty cell.
    prefix
        Text put before a cell that is not empty (ids of several lists must differ).
    pattern
        Regular expression with one group, which is what is read of the cell.
    split, part
        Separator, and which part of the cell is meant (from 1).
    weekdays
        The cell names weekdays (``月火水木金土``): the value is how often they occur in the row's period.
    """

    model_config = _STRICT

    header: str | None = Field(
        default=None, validation_alias=AliasChoices("from", "header"), serialization_alias="from"
    )
    letter: str | None = Field(default=None, pattern="^[A-Z]{1,3}$")
    value: str | None = None
    marks: Mapping[str, str] = Field(default_factory=dict)
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    period: bool = False
    words: Mapping[str, str] = Field(default_factory=dict)
    empty: str | None = None
    prefix: str = ""
    pattern: str = ""
    split: str = ""
    part: int = Field(default=1, ge=1, le=100)
    weekdays: bool = False

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        return {"from": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        origins = [self.header is not None, self.letter is not None, self.value is not None]
        if sum([*origins, bool(self.marks), self.period]) != 1:
            raise PydanticCustomError("mapping_origin", "one of from, letter, value, marks, period")
        return self

    @field_validator("pattern")
    @classmethod
    def _one_group(cls, pattern: str) -> str:
        try:
            groups = re.compile(pattern).groups
        except re.error:
            groups = 0
        if pattern and groups != 1:
            raise PydanticCustomError("mapping_pattern", "pattern needs exactly one group")
        return pattern

    @property
    def headers(self) -> tuple[str, ...]:
        """Headers of the columns it reads."""
        return (*([self.header] if self.header is not None else []), *self.marks)


class SourceRule(BaseModel):
    """One list in one file, and the table it fills; several sources may fill one table.

    Attributes
    ----------
    file, sheet
        Names, ``*`` stands for anything; the sheet counts in workbooks only.
    table
        Table that it fills.
    header_rows
        Rows of the header: 2 where a group stands above its columns, or the unit below.
    columns
        Column of the table → where its cells come from.
    fill_down
        Headers whose empty cells repeat the cell above (merged cells saved as text).
    skip
        Header → cells (``*`` stands for anything) whose rows are left out: sums, notes.
    ignore
        Headers that are left out on purpose; any other unused one is reported.
    each_period
        Make a row for each period of the calendar.
    """

    model_config = _STRICT

    file: str
    sheet: str = "*"
    table: str
    header_rows: int = Field(default=1, ge=1, le=3)
    fill_down: tuple[str, ...] = ()
    skip: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    each_period: bool = False
    columns: Mapping[str, ColumnRule]

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.table not in TABLES:
            tables = {"choices": ", ".join(TABLES)}
            raise PydanticCustomError("mapping_table", "unknown table; there are {choices}", tables)
        known = column_specs(TABLES[self.table])
        unknown = next((name for name in self.columns if name not in known), None)
        if unknown is not None:
            facts = {"value": unknown, "choices": ", ".join(known)}
            raise PydanticCustomError("mapping_column", "no column {value}; there are {choices}", facts)
        if not self.each_period and any(rule.period or rule.weekdays for rule in self.columns.values()):
            raise PydanticCustomError("mapping_each_period", "period and weekdays need each_period")
        return self

    @property
    def headers(self) -> tuple[str, ...]:
        """Headers of the columns it reads, each once."""
        own = (header for rule in self.columns.values() for header in rule.headers)
        return tuple(dict.fromkeys([*own, *self.fill_down, *self.skip]))

    def reads(self, read: Source) -> bool:
        """Say whether a file or sheet is the one that is meant."""
        file, _, sheet = read.file.partition(" [")
        return fnmatchcase(narrow(file), narrow(self.file)) and (
            not sheet or fnmatchcase(narrow(sheet[:-1]), narrow(self.sheet))
        )


class ColumnMapping(BaseModel):
    """Everything of a mapping.toml.

    Attributes
    ----------
    sources
        Lists in the order in which their rows follow each other (written ``[[source]]``).
    """

    model_config = _STRICT

    format: Literal["nichiiki-mapping/1"] = MAPPING_FORMAT
    sources: tuple[SourceRule, ...] = Field(validation_alias=AliasChoices("source", "sources"))

    def reads(self, read: Source) -> bool:
        """Say whether any source means a file or sheet."""
        return any(source.reads(read) for source in self.sources)

    def names(self, file: str) -> bool:
        """Say whether any source means a file of that name."""
        return any(fnmatchcase(narrow(file), narrow(source.file)) for source in self.sources)

    def split(self, chosen: Callable[[SourceRule], bool]) -> tuple[ColumnMapping, ColumnMapping]:
        """Return the mapping of the chosen sources and that of the others."""
        return tuple(  # type: ignore[return-value]
            ColumnMapping(sources=tuple(each for each in self.sources if chosen(each) is wanted))
            for wanted in (True, False)
        )


def read_mapping(path: str | Path) -> ColumnMapping:
    """Read a mapping.toml.

    Raises
    ------
    FileError
        If it cannot be read, or something in it has no meaning; the key is named.
    """
    path = Path(path)
    try:
        document = tomllib.loads(read_text(path, path.name, limit=MAX_TEXT))
        return ColumnMapping.model_validate(document)
    except tomllib.TOMLDecodeError:
        raise FileError([problem("broken_toml", path.name)]) from None
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False)
        raise FileError([_wrong(detail, path.name) for detail in details]) from None


def _wrong(detail: ErrorDetails, label: str) -> Problem:
    # sources are counted from 1 in words
    steps = [str(step + 1) if isinstance(step, int) else str(step) for step in detail["loc"]]
    kind = detail["type"]
    code = OF_PYDANTIC.get(kind, kind if kind.startswith("mapping_") else "mapping_wrong")
    return problem(code, label, header=".".join(steps) or "source", **detail.get("ctx", {}))


def mapping_text(mapping: ColumnMapping, notes: Mapping[tuple[int, str], str] | None = None) -> str:
    """Return a mapping as TOML that people edit: one line a column.

    Parameters
    ----------
    mapping
        What is written.
    notes
        Remark behind a column, by number of the source (from 0) and column.
    """
    lines = [f"format = {_toml(mapping.format)}"]
    for number, source in enumerate(mapping.sources):
        lines += ["", "[[source]]", *_head(source), "", "[source.columns]"]
        for column, rule in source.columns.items():
            note = (notes or {}).get((number, column), "")
            lines.append(f"{column} = {_rule(rule)}" + (f"  # {note}" if note else ""))
    return "\n".join(lines) + "\n"


def _head(source: SourceRule) -> Iterator[str]:
    document = source.model_dump(mode="json", exclude_defaults=True, exclude={"columns"})
    return (f"{key} = {_toml(value)}" for key, value in document.items())


def _rule(rule: ColumnRule) -> str:
    document = rule.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    return _toml(document["from"] if set(document) == {"from"} else document)


def _toml(value: Any) -> str:
    match value:
        case dict():
            return "{ " + ", ".join(f"{_key(key)} = {_toml(each)}" for key, each in value.items()) + " }"
        case list() | tuple():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    return key if key.isascii() and key.replace("_", "").isalnum() else _toml(key)
