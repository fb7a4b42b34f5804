"""What households kept of an earlier allocation: term `kept` of the objective."""

from __future__ import annotations

import numpy as np

from nichiiki_models.columns import Array
from nichiiki_solver.verify.arrays import NO_ROW, find
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.wishes import NEEDS


def kept_weight(book: Book) -> int:
    """Return the weight of the rows of `previous` that the allocation gives again."""
    weights = book.instance.rules.moves
    kept = weights.stay * _kept_stays(book)
    return int(kept + sum(getattr(weights, name) * _kept_items(book, name) for name in NEEDS))


def _kept_stays(book: Book) -> int:
    """Count the stays in the same house over the same periods (any, where none are named)."""
    previous = book.instance.previous
    rows = np.flatnonzero(previous["item_kind"] == "stay")
    household = find(book.instance.households, previous["household_id"][rows])
    house = find(book.instance.houses, previous["target_id"][rows])
    stay = np.append(book.stay_of, NO_ROW)[household]
    rows, house, stay = rows[stay >= 0], house[stay >= 0], stay[stay >= 0]
    periods = previous.lists("periods").take(rows)
    same = (book.calendar.sets(periods) == book.stays.held[:, stay]).all(axis=0) | (periods.lengths == 0)
    return int((same & (book.stays.house[stay] == house)).sum())


def _kept_items(book: Book, name: str) -> int:
    """Count what persons or households were given again of one list."""
    previous, items = book.instance.previous, book.items(name)
    rows = np.flatnonzero(previous["item_kind"] == name)
    had = set(
        zip(
            find(book.instance.households, previous["household_id"][rows]).tolist(),
            _person(book, previous["person_id"][rows]).tolist(),
            find(book.targets(name), previous["target_id"][rows]).tolist(),
            strict=True,
        )
    )
    given = set(zip(items.household.tolist(), items.person.tolist(), items.target.tolist(), strict=True))
    return len(had & given)


def _person(book: Book, ids: Array) -> Array:
    return np.where(ids == "", NO_ROW, find(book.instance.persons, ids))
