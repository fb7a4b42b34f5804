"""How many people the second bases can shelter if a region fails, and who is left without (疎開・広域避難).

Everybody whose home is in the failed region needs a bed elsewhere. A household that has a second base then (a stay in that
period, in another region) goes there. The others go by the links, seats as far as they reach, to units that nobody holds:
a flow with the most people, and of those the fewest minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nichiiki_models.allocation import Allocation, Status
from nichiiki_models.columns import NULL_INT, Array
from nichiiki_models.errors import UsageError
from nichiiki_models.instance import Instance
from nichiiki_solver.calendar import Calendar
from nichiiki_solver.flow.min_cost import min_cost_flow
from nichiiki_solver.ragged import Bools, Ints
from nichiiki_solver.travel import directed_links, points_of, straight_legs
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.stays import units_needed


@dataclass(frozen=True)
class RegionFailure:
    """What happens if a region fails in a period.

    Attributes
    ----------
    region_id, period_id
        Which region, and when.
    persons
        Persons whose home is there.
    own_base
        Of them, those whose household has a second base elsewhere in that period.
    sheltered
        Of the others, the most that free units can take over the links that run.
    uncovered
        Persons without a bed: ``persons - own_base - sheltered``.
    minutes
        Fewest minutes of travel of those sheltered, summed.
    cut
        Ids of houses and links that together hold ``sheltered`` back (a minimum cut): more beds or seats there would shelter
        more. Empty if everybody is covered.
    households
        Households without a second base of their own.
    """

    region_id: str
    period_id: str
    persons: int
    own_base: int
    sheltered: int
    uncovered: int
    minutes: int
    cut: tuple[str, ...]
    households: tuple[str, ...]


def evacuation(
    instance: Instance,
    allocation: Allocation,
    *,
    regions: Sequence[str] | None = None,
    periods: Sequence[str] | None = None,
) -> tuple[RegionFailure, ...]:
    """Report, for each failed region and period, how many people find shelter in second bases.

    Parameters
    ----------
    instance, allocation
        What was allocated, and the answer.
    regions
        Regions that fail, one at a time; the home regions of all households if None.
    periods
        Periods to look at; all open ones if None.

    Returns
    -------
    tuple of RegionFailure
        By region, then period. Each flow has passed the certificate of `nichiiki.flow`; flow and cut agree.

    Raises
    ------
    UsageError
        If a region or period is not known.

    Notes
    -----
    Free units are those of houses that are ready (or made so by a measure taken), outside the failed region, free of a hazard of
    ``limits.hazards_apart`` that the region is exposed to, not closed in the period, and in no stay. Nobody drives: links of mode
    ``car`` are left out, and the last stretch is a walk or a link. A link carries ``seats`` people (any number if empty).

    Examples
    --------
    >>> import nichiiki as nk
    >>> flagship = nk.load("flagship")
    >>> placed = nk.allocate(flagship, policy="points").allocation
    >>> report = nk.evacuation(flagship, placed, regions=["osaka"], periods=["2026-08"])
    >>> report[0].persons == report[0].own_base + report[0].sheltered + report[0].uncovered
    True
    """
    book, calendar = Book(instance, allocation), Calendar.of(instance)
    chosen = _positions(calendar, periods)
    homes = sorted(set(instance.households["home_region"].tolist())) if regions is None else list(regions)
    unknown = set(homes) - set(instance.regions["region_id"].tolist())
    if unknown:
        raise UsageError.of("unknown_id", argument="regions", value=sorted(unknown)[0], tables="regions")
    return tuple(_failure(book, calendar, region, period) for region in homes for period in chosen)


def _positions(calendar: Calendar, periods: Sequence[str] | None) -> list[int]:
    if periods is None:
        return [int(p) for p in np.flatnonzero(calendar.open)]
    known = calendar.ids.tolist()
    unknown = [period for period in periods if period not in known]
    if unknown:
        raise UsageError.of("unknown_id", argument="periods", value=unknown[0], tables="periods")
    return [known.index(period) for period in periods]


def _failure(book: Book, calendar: Calendar, region: str, period: int) -> RegionFailure:
    instance, stays = book.instance, book.stays
    at_home = instance.households["home_region"] == region
    elsewhere = stays.held[period] & (instance.houses["region_id"][stays.house] != region)
    has_base = np.zeros(len(at_home), dtype=bool)
    has_base[stays.household[elsewhere]] = True
    persons = np.maximum(book.household_size, 1)
    needy = int(persons[at_home & ~has_base].sum())
    sheltered, minutes, cut = _shelter(
        instance, calendar, region, period, _free_beds(book, region, period), needy
    )
    everybody = int(persons[at_home].sum())
    return RegionFailure(
        region_id=region,
        period_id=str(calendar.ids[period]),
        persons=everybody,
        own_base=everybody - needy,
        sheltered=sheltered,
        uncovered=needy - sheltered,
        minutes=minutes,
        cut=cut,
        households=tuple(instance.households["household_id"][at_home & ~has_base].tolist()),
    )


def _free_beds(book: Book, region: str, period: int) -> Ints:
    """Beds of each house in units that nobody holds, where people of the region may go."""
    instance, stays = book.instance, book.stays
    houses = instance.houses
    now = stays.held[period]
    taken = np.zeros(len(houses), dtype=np.int64)
    np.add.at(taken, stays.house[now], units_needed(book)[now])
    closed = book.calendar.sets(houses.lists("closed_periods"))[period]
    usable = ~closed & (houses["region_id"] != region)
    row = instance.regions.find(np.array([region]))
    for hazard in instance.rules.limits.hazards_apart:
        if instance.regions.lists("hazards").holds(hazard)[row[0]]:
            usable &= ~houses.lists("hazards").holds(hazard)
    return np.where(usable, np.maximum(0, book.works.units()[period] - taken) * houses["capacity_persons"], 0)


@dataclass(frozen=True)
class _Arcs:
    tail: Ints
    head: Ints
    capacity: Ints
    minutes: Ints
    names: tuple[str, ...]


def _shelter(
    instance: Instance, calendar: Calendar, region: str, period: int, beds: Ints, needy: int
) -> tuple[int, int, tuple[str, ...]]:
    """Most people that reach a bed, their fewest minutes, and the cut that holds them back."""
    if needy == 0:
        return 0, 0, ()
    arcs = _arcs(instance, calendar, period, beds, needy)
    source = int(instance.regions.find(np.array([region]))[0])
    sink = len(instance.regions) + len(instance.places) + len(instance.houses)
    most = 1 + needy * int(arcs.minutes.max(initial=0)) + int(arcs.minutes.sum())
    tail, head = np.append(arcs.tail, source), np.append(arcs.head, sink)
    supply = np.zeros(sink + 1, dtype=np.int64)
    supply[source], supply[sink] = needy, -needy
    flow = min_cost_flow(tail, head, np.append(arcs.capacity, needy), np.append(arcs.minutes, most), supply)
    if flow.status is not Status.OPTIMAL or flow.flow is None:
        raise RuntimeError("a flow with an arc for those left behind always exists")
    moved = flow.flow[:-1]
    sheltered = needy - int(flow.flow[-1])
    cut = _cut(arcs, moved, source, sheltered) if sheltered < needy else ()
    return sheltered, int((moved * arcs.minutes).sum()), cut


def _cut(arcs: _Arcs, moved: Ints, source: int, sheltered: int) -> tuple[str, ...]:
    """Names of the full arcs that leave what the source still reaches; their capacity is the flow (max-flow, min-cut)."""
    reached: Bools = np.zeros(int(max(arcs.tail.max(), arcs.head.max(), source)) + 1, dtype=bool)
    reached[source] = True
    grown = True
    while grown:
        ahead = reached[arcs.tail] & (moved < arcs.capacity)
        back = reached[arcs.head] & (moved > 0)
        found = np.concatenate((arcs.head[ahead], arcs.tail[back]))
        grown = bool((~reached[found]).any())
        reached[found] = True
    leaving = np.flatnonzero(reached[arcs.tail] & ~reached[arcs.head])
    if int(arcs.capacity[leaving].sum()) != sheltered:
        raise RuntimeError("flow and cut differ")
    return tuple(sorted({arcs.names[k] for k in leaving.tolist() if arcs.capacity[k] > 0}))


def _arcs(instance: Instance, calendar: Calendar, period: int, beds: Ints, needy: int) -> _Arcs:
    """Links in the directions in which they run, walks and links to houses, and the beds of each house."""
    points = len(instance.regions) + len(instance.places)
    start, end, link = directed_links(instance)
    tail, head = _node(instance, start), _node(instance, end)
    runs = calendar.mask(instance.links.lists("periods"), empty=True)[link, period]
    good = (tail >= 0) & (tail < points) & (head >= 0) & runs & (instance.links["mode"][link] != "car")
    tail, head, link = tail[good], head[good], link[good]
    seats = instance.links["seats"][link]
    house, node, minutes, *_ = straight_legs(instance, car=False)
    houses = np.arange(len(beds))
    sink = points + len(beds)
    parts: list[tuple[Array, Array, Array, Array, list[str]]] = [
        (tail, head, np.where(seats == NULL_INT, needy, np.minimum(seats, needy)), instance.links["minutes"][link],
         instance.links["link_id"][link].tolist()),
        (node, points + house, np.full(len(house), needy), minutes, instance.houses["house_id"][house].tolist()),
        (points + houses, np.full(len(beds), sink), beds, np.zeros(len(beds), dtype=np.int64),
         instance.houses["house_id"].tolist()),
    ]  # fmt: skip
    columns = [np.concatenate([part[k] for part in parts]).astype(np.int64) for k in range(4)]
    return _Arcs(
        columns[0], columns[1], columns[2], columns[3], tuple(name for part in parts for name in part[4])
    )


def _node(instance: Instance, ids: Array) -> Ints:
    """Node of each id: regions, places, then houses; -1 for facilities."""
    point, house = points_of(instance, ids), instance.houses.find(ids)
    base = len(instance.regions) + len(instance.places)
    return np.where(point >= 0, point, np.where(house >= 0, house + base, -1))
