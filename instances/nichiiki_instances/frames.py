"""An instance from data frames of pandas, polars or Arrow, through the same checks as files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import narwhals as nw
from narwhals.typing import IntoDataFrame

from nichiiki_instances.headers import nearest
from nichiiki_instances.json_files import Objects
from nichiiki_instances.raw import Parsed, Source, problem
from nichiiki_instances.reading import reading_of
from nichiiki_models.errors import InstanceError
from nichiiki_models.instance import Instance
from nichiiki_models.rules import Rules
from nichiiki_models.tables import TABLES


def from_frames(
    frames: Mapping[str, IntoDataFrame], *, rules: Rules | None = None, name: str = "frames", note: str = ""
) -> Instance:
    """Build an instance from one data frame a table.

    Parameters
    ----------
    frames
        Frames of pandas, polars or Arrow by table name; columns by their English names. A list may be a list or a
        text with ``;`` between entries. Empty, None and NaN mean that nothing is there.
    rules
        Rules; the defaults if None.
    name, note
        What to call the instance, and what to know about it.

    Raises
    ------
    InstanceError
        If anything is wrong with the content; every problem of all frames is listed, entries counted from 1.
    """
    parsed = Parsed(rules_file="rules", about={"name": name, "note": note})
    for table, frame in frames.items():
        if table in TABLES:
            rows = nw.from_native(frame, eager_only=True).rows(named=True)
            plain = [{key: _plain(value) for key, value in row.items()} for row in rows]
            Objects(parsed, table, Source(f"frame [{table}]", unit="entry")).add(plain)
        else:
            parsed.problems.append(
                problem("unknown_key", "frames", header=table, nearest=nearest(table, TABLES))
            )
    parsed.rules = {} if rules is None else rules.model_dump(mode="json", exclude_defaults=True)
    reading = reading_of(parsed, name)
    if reading.instance is None:
        raise InstanceError(reading.problems)
    return reading.instance


def _plain(value: Any) -> Any:
    """Turn a cell of a frame into what JSON could hold; whole floats are integers that stood beside an empty cell."""
    if isinstance(value, date):
        return None if value != value else value.isoformat()
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float):
        return None if value != value else int(value) if value.is_integer() else value
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value if value is None or isinstance(value, str | bool | int) else str(value)
