"""Values on their way between processes: a JSON tree and numpy arrays in one zip, never pickle.

What arrives can name only classes and functions of packages whose name begins with ``nichiiki``, and decoding calls no code
of theirs beyond making frozen data. So a file or a message that somebody else wrote can be wrong, and no more than that.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from importlib import import_module
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from pydantic import BaseModel

from nichiiki_models.columns import ListColumn
from nichiiki_models.table import Row, Table

OWN = "nichiiki"
_TREE = "tree"


class WireError(ValueError):
    """A value that cannot travel, or bytes that nobody here can have sent."""


def encode(value: object) -> bytes:
    """Return the bytes of a value.

    Parameters
    ----------
    value
        None, bool, int, float, str, date, path, numpy array (not of objects), a function of a module, an enum, a frozen model or
        dataclass of nichiiki, or lists, tuples, frozen sets
        (of what can be sorted) and dicts (keys are texts) of these.

    Raises
    ------
    WireError
        If it holds anything else.
    """
    arrays: list[np.ndarray[Any, Any]] = []
    tree = np.frombuffer(json.dumps(_packed(value, arrays)).encode(), dtype=np.uint8)
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **{_TREE: tree}, **{str(k): each for k, each in enumerate(arrays)})
    return stream.getvalue()


def decode(content: bytes) -> Any:
    """Return the value of some bytes; the reverse of `encode`.

    Raises
    ------
    WireError
        If they are damaged, or name anything that is not nichiiki's.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as held:
            return _unpacked(json.loads(held[_TREE].tobytes()), held)
    except (KeyError, ValueError, TypeError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise WireError(f"cannot be decoded: {error}") from None


def name_of(thing: type | Callable[..., Any]) -> str:
    """Return the name a class or function travels under: module, colon, name there."""
    name = f"{thing.__module__}:{thing.__qualname__}"
    if not name.startswith(OWN) or "<" in name:
        raise WireError(f"{name} cannot travel: it is not at the top of a module of {OWN}")
    return name


def named(name: str) -> Any:
    """Return the class or function of a name.

    Raises
    ------
    WireError
        If it is not nichiiki's, or not there.
    """
    module, _, inside = name.partition(":")
    if not module.startswith(OWN):
        raise WireError(f"{name!r} is not a name of {OWN}")
    try:
        found: Any = import_module(module)
        for part in inside.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError):
        raise WireError(f"{name!r} is not there") from None
    if getattr(found, "__module__", None) != module:
        raise WireError(f"{name!r} only passes through there")
    return found


def _packed(value: object, arrays: list[np.ndarray[Any, Any]]) -> Any:
    """Return the JSON of a value; plain values stand for themselves, all else is an object with one key, its kind."""
    match value:
        case Enum():  # first: the members of a StrEnum are texts too
            return {"enum": [name_of(type(value)), value.value]}
        case None | bool() | int() | float() | str():
            return value
        case np.generic():
            return _packed(value.item(), arrays)
        case np.ndarray():
            return {"array": _stored(value, arrays)}
        case list() | tuple():
            return {type(value).__name__: [_packed(each, arrays) for each in value]}
        case frozenset():
            return {"frozenset": [_packed(each, arrays) for each in sorted(value)]}
        case dict():
            return {"dict": _packed_parts(value.items(), arrays)}
        case datetime() | date():
            return {type(value).__name__: value.isoformat()}
        case PurePath():
            return {"path": str(value)}
        case ListColumn():
            return {"lists": [_stored(value.offsets, arrays), _stored(value.values, arrays)]}
        case Table():
            columns = _packed_parts(value.columns.items(), arrays)
            return {"table": [name_of(value.schema), len(value), columns]}
        case type():
            raise WireError(f"a class cannot travel: {value.__qualname__}")
        case _ if isinstance(value, BaseModel) or is_dataclass(value):
            names = (
                type(value).model_fields if isinstance(value, BaseModel) else [f.name for f in fields(value)]
            )
            parts = _packed_parts(((name, getattr(value, name)) for name in names), arrays)
            return {"object": [name_of(type(value)), parts]}
        case _ if callable(value):
            return {"function": name_of(value)}
    raise WireError(f"a {type(value).__name__} cannot travel")


def _packed_parts(parts: Iterable[tuple[Any, object]], arrays: list[np.ndarray[Any, Any]]) -> dict[str, Any]:
    found = {name: _packed(value, arrays) for name, value in parts}
    if not all(isinstance(name, str) for name in found):
        raise WireError("the keys of a dict that travels are texts")
    return found


def _stored(array: np.ndarray[Any, Any], arrays: list[np.ndarray[Any, Any]]) -> int:
    if array.dtype.hasobject:
        raise WireError("an array of objects cannot travel")
    arrays.append(array)
    return len(arrays) - 1


def _unpacked(packed: Any, held: Any) -> Any:
    if not isinstance(packed, dict):
        return packed
    ((kind, content),) = packed.items()
    match kind:
        case "array":
            return held[str(content)]
        case "list":
            return [_unpacked(each, held) for each in content]
        case "tuple":
            return tuple(_unpacked(each, held) for each in content)
        case "frozenset":
            return frozenset(_unpacked(each, held) for each in content)
        case "dict":
            return _unpacked_parts(content, held)
        case "path":
            return Path(content)
        case "date":
            return date.fromisoformat(content)
        case "datetime":
            return datetime.fromisoformat(content)
        case "lists":
            return ListColumn(held[str(content[0])], held[str(content[1])])
        case "table":
            schema, rows, columns = content
            return Table(_class(schema, Row), _unpacked_parts(columns, held), rows=rows)
        case "enum":
            return _class(content[0], Enum)(content[1])
        case "object":
            return _object(content[0], _unpacked_parts(content[1], held))
        case "function":
            return named(content)
    raise WireError(f"unknown kind {kind!r}")


def _unpacked_parts(parts: dict[str, Any], held: Any) -> dict[str, Any]:
    return {name: _unpacked(value, held) for name, value in parts.items()}


def _class(name: str, base: type) -> Any:
    found = named(name)
    if not (isinstance(found, type) and issubclass(found, base)):
        raise WireError(f"{name!r} is no {base.__name__}")
    return found


def _object(name: str, parts: dict[str, Any]) -> Any:
    found = _class(name, object)
    if issubclass(found, BaseModel):
        return found.model_construct(_fields_set=set(parts), **parts)
    if hasattr(found, "__dataclass_fields__"):
        return found(**parts)
    raise WireError(f"{name!r} is no data")
