"""Keys and references of files that are too large to be kept: hashes say whether an id is nowhere or a key stands twice.

The files are read once to note the hashes, 8 bytes a row and reference. Only where these show something they are read again, to
name the rows; keys are compared before they are said to be the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from nichiiki_instances.raw import RawTable
from nichiiki_models.checks import asked_ids, key_of, same_key, unknown_ids
from nichiiki_models.columns import Array, column_specs
from nichiiki_models.problems import MOST_ALIKE, Problem, more_alike
from nichiiki_models.table import Table, hashes, key_hashes
from nichiiki_models.tables import TABLES

MOST_KEYS = 10_000
"""Keys that stand twice of which the first row is remembered."""
SPARE = 2**20
"""References that may be noted more than once each before they are thinned out."""
REFERENCES = {
    (name, column): spec.references
    for name, schema in TABLES.items()
    for column, spec in column_specs(schema).items()
    if spec.references
}
REFERRED = frozenset(target for targets in REFERENCES.values() for target in targets)
_NONE = np.zeros(0, dtype=np.uint64)
Place = TypeVar("Place", bound=Hashable)


class Ledger:
    """Notes the keys and references of pieces of tables."""

    def __init__(self) -> None:
        self.keys: dict[str, Array] = {}
        self.ids: dict[str, Array] = {}
        self.asked: dict[tuple[str, str], Array] = {}
        self.thin: Counter[tuple[str, str]] = Counter()

    def note(self, name: str, table: Table[Any], raw: RawTable, start: int) -> Iterator[Problem]:
        """Note a piece of a table; nothing is said of it yet."""
        _append(self.keys, name, _keys(table))
        if name in REFERRED and len(table.schema.key) > 1:
            _append(self.ids, name, hashes(table[table.id_column]))
        for column, spec in table.specs.items():
            if spec.references:
                flat, _, asked = asked_ids(name, spec, table)
                self._note_asked((name, column), np.unique(hashes(flat[asked])))
        yield from ()

    def _note_asked(self, place: tuple[str, str], asked: Array) -> None:
        _append(self.asked, place, asked)
        if len(self.asked[place]) > 2 * self.thin[place] + SPARE:
            self.asked[place] = np.unique(self.asked[place])
            self.thin[place] = len(self.asked[place])

    def suspects(self) -> Suspects | None:
        """Return what to look for in a second reading; None if every key stands once and every id somewhere."""
        for noted in (*self.keys.values(), *self.ids.values()):
            noted.sort()
        found = Suspects()
        for name, keys in self.keys.items():
            same = keys[1:] == keys[:-1]
            if same.any():
                found.again[name] = np.unique(keys[1:][same])
                found.left[name] = int(same.sum())
        for place in self.asked:
            unknown = self._unknown(place)
            if len(unknown):
                found.unknown[place] = unknown
        return found if found.again or found.unknown else None

    def _unknown(self, place: tuple[str, str]) -> Array:
        left = np.unique(self.asked[place])
        for target in REFERENCES[place]:
            noted = self.ids if len(TABLES[target].key) > 1 else self.keys
            left = left[~_are_in(left, noted.get(target, _NONE))]
        return left


@dataclass
class Suspects:
    """Hashes of keys that stand twice, and of ids that are nowhere; names their rows.

    Attributes
    ----------
    again, unknown
        The hashes, in order, by table, and by table and column.
    left
        How many rows of a table whose key stands above are not told yet.
    first
        Row, line and key where a key stands first, by table and hash.
    """

    again: dict[str, Array] = field(default_factory=dict)
    unknown: dict[tuple[str, str], Array] = field(default_factory=dict)
    left: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    first: dict[tuple[str, int], tuple[int, int, tuple[str, ...]]] = field(default_factory=dict)

    def name(self, name: str, table: Table[Any], raw: RawTable, start: int) -> Iterator[Problem]:
        """Name the rows of a piece that are suspected, its first one being some row of the table."""
        if name in self.again:
            yield from self._same_keys(name, table, raw, start)
        for column, spec in table.specs.items():
            if (name, column) in self.unknown:
                flat, rows, asked = asked_ids(name, spec, table)
                asked &= _are_in(hashes(flat), self.unknown[name, column])
                yield from unknown_ids(name, spec, flat, rows, asked)

    def _same_keys(self, name: str, table: Table[Any], raw: RawTable, start: int) -> Iterator[Problem]:
        noted = _keys(table)
        for row in np.flatnonzero(_are_in(noted, self.again[name])).tolist():
            if self.told[name] > MOST_ALIKE:
                return
            place, key = (name, int(noted[row])), key_of(table, row)
            first, line, known = self.first.get(place, (-1, -1, ()))
            if known == key:
                found = same_key(name, table, row, first).model_copy(update={"other_line": line})
                yield self._counted(name, found)
            elif first < 0 and len(self.first) < MOST_KEYS:
                self.first[place] = (start + row, raw.line(row), key)

    def _counted(self, name: str, found: Problem) -> Problem:
        """Return a problem, or, after so many alike, how many there are from here on."""
        self.told[name] += 1
        self.left[name] -= 1
        return found if self.told[name] <= MOST_ALIKE else more_alike(found, self.left[name] + 1)


def _keys(table: Table[Any]) -> Array:
    """Return the hashes of keys; where one column is the key, those of its ids."""
    key = table.schema.key
    return key_hashes(table) if len(key) > 1 else hashes(table.columns[key[0]])


def _append(store: MutableMapping[Place, Array], place: Place, more: Array) -> None:
    """Lengthen an array in place: a new one beside the old would take twice the memory."""
    whole = store.setdefault(place, np.zeros(0, dtype=np.uint64))
    whole.resize(len(whole) + len(more), refcheck=False)
    whole[len(whole) - len(more) :] = more


def _are_in(values: Array, ordered: Array) -> Array:
    """Mask of the values that are in an array in order."""
    if not len(ordered):
        return np.zeros(len(values), dtype=bool)
    found: Array = ordered[np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)] == values
    return found
