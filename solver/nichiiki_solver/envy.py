"""Justified envy at stays: who is passed over for a house by a household with fewer points."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from nichiiki_models.columns import Array
from nichiiki_solver.verify.arrays import FAR, expand, grouped, lowest
from nichiiki_solver.verify.book import Book, Stays
from nichiiki_solver.verify.findings import Refused
from nichiiki_solver.verify.money import check_budget, check_burden
from nichiiki_solver.verify.points import total_points
from nichiiki_solver.verify.reach import check_reach
from nichiiki_solver.verify.registration import check_registration
from nichiiki_solver.verify.stays import check_stays
from nichiiki_solver.verify.travel import check_trips, find_trips
from nichiiki_solver.verify.wishes import Wishes, own_pattern

MOST_PAIRS = 20_000_000
PAIRS_AT_ONCE = 500_000


@dataclass(frozen=True)
class Places:
    """Houses and periods that are held, with the fewest points of a household that holds them."""

    house: Array
    held: Array
    fewest_points: Array


def justified_envy(book: Book, wishes: Wishes, most_pairs: int = MOST_PAIRS) -> int | None:
    """Count the households with justified envy, or return None if there are too many pairs to compare."""
    places = _places(book)
    wish, counts, jobs = _better_wishes(book, wishes, places)
    if int(counts.sum()) > most_pairs:
        return None
    envious = np.zeros(len(book.instance.households), dtype=bool)
    fitting = (_fitting(book, wishes, places, *pairs) for pairs in _chunks(wish, counts, jobs))
    for stays in _together(fitting):
        envious[_some(stays, _allowed(book, stays, _check_way)).household] = True
    return int(envious.sum())


def _places(book: Book) -> Places:
    stays, points = book.stays, total_points(book)
    words = np.packbits(stays.held, axis=0)
    order = np.lexsort((*words, stays.house))
    columns = np.vstack((stays.house, words))[:, order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (columns[:, 1:] != columns[:, :-1]).any(axis=0)
    group = np.cumsum(first) - 1
    fewest = lowest(points[stays.household[order]], group, int(first.sum()))
    return Places(stays.house[order[first]], stays.held[:, order[first]], fewest)


def _better_wishes(book: Book, wishes: Wishes, places: Places) -> tuple[Array, Array, tuple[Array, Array]]:
    """Return wishes better than what was got, how many places each reaches, and where these places start."""
    rows = wishes.rows["stay"]
    own = np.full(len(book.instance.households), FAR)
    own[wishes.stay.household] = wishes.stay.rank
    better = np.flatnonzero((rows.rank < own[rows.owner]) & (rows.target >= 0))
    region = book.house_region[places.house]
    order_h, count_h, start_h = grouped(places.house, len(book.instance.houses))
    order_r, count_r, start_r = grouped(region, len(book.instance.regions))
    is_house = rows.kind[better] == "house"
    target = rows.target[better]
    counts, starts = np.zeros(len(better), dtype=np.int64), np.zeros(len(better), dtype=np.int64)
    counts[is_house], starts[is_house] = count_h[target[is_house]], start_h[target[is_house]]
    counts[~is_house] = count_r[target[~is_house]]
    starts[~is_house] = start_r[target[~is_house]] + len(order_h)
    return better, counts, (starts, np.concatenate((order_h, order_r)))


def _chunks(wish: Array, counts: Array, jobs: tuple[Array, Array]) -> Iterator[tuple[Array, Array]]:
    """Yield pairs of a wish and a place, a bounded number at a time."""
    starts, order = jobs
    block = np.cumsum(counts) // PAIRS_AT_ONCE
    for number in np.unique(block[counts > 0]).tolist():
        index = np.flatnonzero((block == number) & (counts > 0))
        left, right = expand(index, counts, starts)
        yield wish[index[left]], order[right]


def _fitting(book: Book, wishes: Wishes, places: Places, wish: Array, place: Array) -> Stays:
    """Return stays of households with more points that wish for these periods, and that nothing but the way there can forbid."""
    rows = wishes.rows["stay"]
    more = total_points(book)[rows.owner[wish]] > places.fewest_points[place]
    wish, place = wish[more], place[more]
    stays = Stays(
        rows.owner[wish], places.house[place], places.held[:, place], np.zeros(len(wish), dtype=np.int64)
    )
    listed = book.instance.choices.lists("periods").take(rows.row[wish])
    exact = (book.calendar.sets(listed) == stays.held).all(axis=0)
    fits = np.where(listed.lengths > 0, exact, own_pattern(book.with_stays(stays)))
    stays = _some(stays, fits)
    return _some(stays, _allowed(book, stays, check_stays, check_registration, check_reach))


def _together(parts: Iterable[Stays]) -> Iterator[Stays]:
    """Join parts until they are many: to find ways takes as long for a few stays as for very many."""
    held: list[Stays] = []
    for part in parts:
        held.append(part)
        if sum(len(each.house) for each in held) > PAIRS_AT_ONCE:
            yield _joined(held)
            held = []
    if held:
        yield _joined(held)


def _joined(parts: list[Stays]) -> Stays:
    columns = zip(*((each.household, each.house, each.held, each.row) for each in parts), strict=True)
    return Stays(*(np.concatenate(column, axis=-1) for column in columns))


def _allowed(book: Book, stays: Stays, *checks: Callable[[Book, Refused], None]) -> Array:
    there, refused = book.with_stays(stays), Refused(len(stays.house))
    for check in checks:
        check(there, refused)
    return ~refused.mask


def _some(stays: Stays, kept: Array) -> Stays:
    return Stays(stays.household[kept], stays.house[kept], stays.held[:, kept], stays.row[kept])


def _check_way(there: Book, refused: Refused) -> None:
    trips = find_trips(there)
    check_trips(there, trips, refused)
    check_budget(there, trips, refused)
    check_burden(there, trips, refused)
