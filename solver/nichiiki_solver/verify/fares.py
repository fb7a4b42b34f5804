"""Ways of a tariff read anew: that each leads where it says, that none is better, and its fares link by link."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from nichiiki_models.columns import Array
from nichiiki_models.instance import Instance
from nichiiki_models.tables import STOPS
from nichiiki_models.tariff import TariffResult, Way
from nichiiki_solver.verify.arrays import FAR, NO_ROW
from nichiiki_solver.verify.calendar import Calendar
from nichiiki_solver.verify.findings import ONCE, Findings
from nichiiki_solver.verify.geo import distance_m, straight_minutes
from nichiiki_solver.verify.links import directed_arcs, number_nodes
from nichiiki_solver.verify.paths import CHEAPEST, FASTEST, best_ways

Key = tuple[str, str, str, bool, int]
"""From, to, period, car, limit of minutes (`FAR` = none)."""


def key_of(way: Way) -> Key:
    """Return the trip that a way belongs to."""
    limit = FAR if way.limit_minutes is None else way.limit_minutes
    return way.from_id, way.to_id, way.period_id, way.car, limit


@dataclass(frozen=True)
class Sums:
    """Fares and costs of a way: there and back, in yen of an adult.

    Attributes
    ----------
    left
        (per-person part, part per vehicle) not covered, out and back.
    whole
        The same with what is covered.
    cost, cover_cost
        Of a seat on the whole way, and on covered links.
    by_operator, cover_by_operator, cost_by_operator
        Fares not covered, covered fares, costs of seats by row of the operators table.
    links
        (link, from, to) of covered links with seats.
    """

    minutes: int
    left: tuple[tuple[int, int], tuple[int, int]]
    whole: tuple[tuple[int, int], tuple[int, int]]
    cost: int
    cover_cost: int
    covers: bool
    by_operator: dict[int, int]
    cover_by_operator: dict[int, int]
    cost_by_operator: dict[int, int]
    links: tuple[tuple[str, str, str], ...]
    covered_links: tuple[bool, ...]


class WayBook:
    """Everything known about the links of an instance, by id."""

    def __init__(self, instance: Instance, covers: dict[str, frozenset[str]]) -> None:
        self.instance, self.covers = instance, covers
        links = instance.links
        self.row = {name: at for at, name in enumerate(links["link_id"].tolist())}
        self.ends = list(zip(links["from_id"].tolist(), links["to_id"].tolist(), strict=True))
        self.calendar = Calendar(instance.periods)
        self.place = {period: at for at, period in enumerate(self.calendar.ids.tolist())}
        self.runs = self.calendar.sets(links.lists("periods"), empty=self.calendar.every)
        self.nodes = number_nodes(instance)
        self.arcs = directed_arcs(instance, self.calendar)
        self.arc_link = np.concatenate((np.arange(len(links)), np.flatnonzero(links["both_ways"])))
        self.number = {
            name: at
            for at, name in enumerate(
                [*instance.regions["region_id"].tolist(), *instance.places["place_id"].tolist()]
            )
        }
        self._straight: dict[str, list[tuple[int, int, int]]] = {}
        self._labels: dict[tuple[bytes, bool, str, bool, int, tuple[int, int, int]], list[Array]] = {}
        self.operator = {name: at for at, name in enumerate(instance.operators["operator_id"].tolist())}

    def straight(self, house: str) -> list[tuple[int, int, int]]:
        """Straight ways of a house: point, minutes on foot (`FAR` = too far), minutes by car."""
        if house not in self._straight:
            self._straight[house] = self._find_straight(house)
        return self._straight[house]

    def _find_straight(self, house: str) -> list[tuple[int, int, int]]:
        houses, places, regions = self.instance.houses, self.instance.places, self.instance.regions
        row = int(houses.find(np.array([house]))[0])
        region = str(houses["region_id"][row])
        stops = np.flatnonzero(np.isin(places["kind"], STOPS) & (places["region_id"] == region))
        office = int(regions.find(np.array([region]))[0])
        lat = np.concatenate(([regions["lat"][office]], places["lat"][stops]))
        lon = np.concatenate(([regions["lon"][office]], places["lon"][stops]))
        metres = distance_m(lat, lon, houses["lat"][row], houses["lon"][row])
        walk, drive = straight_minutes(metres, self.instance.rules.travel)
        points = [office, *(stops + self.nodes.regions).tolist()]
        return list(zip(points, walk.tolist(), drive.tolist(), strict=True))

    def follow(self, way: Way) -> Sums | None:
        """Walk along a way, link by link; None if it does not lead where it says."""
        period = self.place.get(way.period_id)
        if period is None:
            return None
        out = self._walk(way, way.out, way.from_id, way.to_id, period)
        back = self._walk(way, way.back, way.to_id, way.from_id, period)
        return None if out is None or back is None else self._sums(way, out, back)

    def _walk(
        self, way: Way, steps: Iterable[tuple[str, str]], start: str, end: str, period: int
    ) -> list[tuple[int, str, str, int]] | None:
        """Steps as (link or -1, from, to, minutes)."""
        at, found = start, []
        for link_id, to in steps:
            link = self.row.get(link_id, NO_ROW)
            if link_id == "":
                minutes = self._straight_minutes(at, to, way.car)
            elif self._runs(link, at, to, period, way.car):
                minutes = int(self.instance.links["minutes"][link])
            else:
                return None
            if minutes is None:
                return None
            found.append((link, at, to, minutes))
            at = to
        return found if at == end else None

    def _runs(self, link: int, start: str, end: str, period: int, car: bool) -> bool:
        if (
            link < 0
            or not self.runs[period, link]
            or (self.instance.links["mode"][link] == "car" and not car)
        ):
            return False
        return self.ends[link] == (start, end) or (
            bool(self.instance.links["both_ways"][link]) and self.ends[link] == (end, start)
        )

    def _straight_minutes(self, start: str, end: str, car: bool) -> int | None:
        house, other = (start, end) if end in self.number else (end, start)
        if other not in self.number or house not in self.instance.houses.ids:
            return None
        point = self.number[other]
        for near, walk, drive in self.straight(house):
            fewest = min(walk, drive) if car else walk
            if near == point and fewest < FAR:
                return fewest
        return None

    def _sums(
        self, way: Way, out: list[tuple[int, str, str, int]], back: list[tuple[int, str, str, int]]
    ) -> Sums:
        covers = self.covers.get(way.product_id or "", frozenset())
        whole = (self._fare(out, covers, everything=True), self._fare(back, covers, everything=True))
        left = (self._fare(out, covers, everything=False), self._fare(back, covers, everything=False))
        links = self.instance.links
        used = [(link, start, end) for link, start, end, _ in (*out, *back) if link >= 0]
        inside = [str(links["link_id"][link]) in covers for link, _, _ in used]
        open_, covered, costs = (defaultdict[int, int](int) for _ in range(3))
        for (link, _, _), is_covered in zip(used, inside, strict=True):
            operator = self.operator.get(str(links["operator_id"][link]), NO_ROW)
            (covered if is_covered else open_)[operator] += int(links["fare_yen"][link])
            costs[operator] += int(links["seat_cost_yen"][link])
        return Sums(
            minutes=self._minutes(out) + self._minutes(back),
            left=left,
            whole=whole,
            cost=sum(int(links["seat_cost_yen"][link]) for link, _, _ in used),
            cover_cost=sum(
                int(links["seat_cost_yen"][link]) for (link, _, _), c in zip(used, inside, strict=True) if c
            ),
            covers=any(inside),
            by_operator=dict(open_),
            cover_by_operator=dict(covered),
            cost_by_operator=dict(costs),
            links=tuple((str(links["link_id"][link]), start, end) for link, start, end in used),
            covered_links=tuple(inside),
        )

    def _minutes(self, steps: list[tuple[int, str, str, int]]) -> int:
        return sum(minutes for _, _, _, minutes in steps)

    def _fare(
        self, steps: list[tuple[int, str, str, int]], covers: frozenset[str], *, everything: bool
    ) -> tuple[int, int]:
        """Per-person part and part per vehicle of a way, or of what is not covered."""
        links, person, vehicle = self.instance.links, 0, 0
        for link, _, _, _ in steps:
            if link >= 0 and (everything or str(links["link_id"][link]) not in covers):
                fare = int(links["fare_yen"][link])
                by_vehicle = links["fare_basis"][link] == "vehicle"
                person, vehicle = person + (0 if by_vehicle else fare), vehicle + (fare if by_vehicle else 0)
        return person, vehicle

    # Whether a way is the best

    def is_best(self, way: Way) -> bool:
        """Say whether both directions of a way are as the rules say: the cheapest within the limit, else the fastest."""
        covers = self.covers.get(way.product_id or "", frozenset())
        period = self.place[way.period_id]
        pairs = ((way.out, way.from_id, way.to_id), (way.back, way.to_id, way.from_id))
        return all(self._one_is_best(way, steps, start, end, period, covers) for steps, start, end in pairs)

    def _one_is_best(
        self,
        way: Way,
        steps: tuple[tuple[str, str], ...],
        start: str,
        end: str,
        period: int,
        covers: frozenset[str],
    ) -> bool:
        walked = self._walk(way, steps, start, end, period)
        assert walked is not None  # noqa: S101 - followed before
        person, vehicle = self._fare(walked, covers, everything=False)
        own = (person + vehicle, self._minutes(walked), vehicle)
        limit = FAR if way.limit_minutes is None else way.limit_minutes
        cheapest = self._best(way, start, end, period, covers, CHEAPEST)
        if cheapest[1] <= limit:
            return own == cheapest
        fastest = self._best(way, start, end, period, covers, FASTEST)
        return (own[1], own[0], own[2]) == fastest

    def _best(
        self, way: Way, start: str, end: str, period: int, covers: frozenset[str], order: tuple[int, int, int]
    ) -> tuple[int, int, int]:
        """Lowest keys of any way, in the order given."""
        into_house = end not in self.number
        house, point = (end, start) if into_house else (start, end)
        if house in self.number:
            labels = self._from(self.number[start], period, way, covers, order, forward=True)
            return tuple(int(label[self.number[end], 0]) for label in labels)  # type: ignore[return-value]
        labels = self._from(self.number[point], period, way, covers, order, forward=into_house)
        found = [
            tuple(int(label[p, 0]) + key for label, key in zip(labels, (keys[k] for k in order), strict=True))
            for p, keys in self._stretches(house, period, way, covers, into_house)
        ]
        return min(found, default=(FAR, FAR, FAR))  # type: ignore[return-value]

    def has_way(self, key: Key) -> bool:
        """Say whether any way leads there and back."""
        start, end, period_id, car, _ = key
        way = Way(from_id=start, to_id=end, period_id=period_id, car=car, out=())
        period = self.place[period_id]
        pairs = ((start, end), (end, start))
        return all(self._best(way, *pair, period, frozenset(), CHEAPEST)[0] < FAR for pair in pairs)

    def would_use(self, key: Key, product: str) -> bool:
        """Say whether what a product covers makes any way of a trip cheaper than it is without."""
        start, end, period_id, car, limit = key
        covers, period = self.covers[product], self.place[period_id]
        way = Way(from_id=start, to_id=end, period_id=period_id, car=car, out=())
        with_it = way.model_copy(update={"product_id": product})
        found = []
        for pair in ((start, end), (end, start)):
            free = self._best(with_it, *pair, period, covers, CHEAPEST)
            today = self._best(way, *pair, period, frozenset(), CHEAPEST)
            found.append(free[1] <= limit and free[0] < today[0])
        return any(found)

    def _stretches(
        self, house: str, period: int, way: Way, covers: frozenset[str], into_house: bool
    ) -> list[tuple[int, tuple[int, int, int]]]:
        """Last (or first) stretches of a house: point, and minutes, fare, part per vehicle."""
        found = [
            (p, (min(walk, drive) if way.car else walk, 0, 0)) for p, walk, drive in self.straight(house)
        ]
        arcs = self.arcs
        node = self.nodes.points + int(self.instance.houses.find(np.array([house]))[0])
        near, far = (arcs.head, arcs.tail) if into_house else (arcs.tail, arcs.head)
        for arc in np.flatnonzero((near == node) & self.nodes.is_point(far) & arcs.runs[period]).tolist():
            if way.car or not arcs.car_only[arc]:
                fare, vehicle = self._open_fare(arc, covers)
                found.append((int(far[arc]), (int(arcs.minutes[arc]), fare, vehicle)))
        return [(p, keys) for p, keys in found if keys[0] < FAR]

    def _open_fare(self, arc: int, covers: frozenset[str]) -> tuple[int, int]:
        free = str(self.instance.links["link_id"][self.arc_link[arc]]) in covers
        return (0, 0) if free else (int(self.arcs.fare[arc]), int(self.arcs.vehicle[arc]))

    def _from(
        self,
        source: int,
        period: int,
        way: Way,
        covers: frozenset[str],
        order: tuple[int, int, int],
        *,
        forward: bool,
    ) -> list[Array]:
        """Lowest keys from a point to every point, or from every point to it."""
        cache = (
            self.arcs.runs[period].tobytes(),
            way.car,
            way.product_id or "",
            forward,
            source,
            order,
        )
        if cache not in self._labels:
            inside = self.nodes.is_point(self.arcs.tail) & self.nodes.is_point(self.arcs.head)
            rows = np.flatnonzero(inside & self.arcs.runs[period] & (way.car | ~self.arcs.car_only))
            free = np.isin(self.instance.links["link_id"][self.arc_link[rows]], sorted(covers))
            keys = [
                self.arcs.minutes[rows],
                np.where(free, 0, self.arcs.fare[rows]),
                np.where(free, 0, self.arcs.vehicle[rows]),
            ]
            tail, head = self.arcs.tail[rows], self.arcs.head[rows]
            ends = (tail, head) if forward else (head, tail)
            self._labels[cache] = best_ways(
                *ends, [keys[k] for k in order], np.array([source]), self.nodes.points
            )
        return self._labels[cache]


def check_covers(book: WayBook, tariff: TariffResult, findings: Findings) -> None:
    """Check `tariff_covers`: that the links of each product are those of its scope."""
    for product in tariff.products:
        row = int(np.flatnonzero(book.instance.products["product_id"] == product.product_id)[0])
        if not _covers_right(book, row, frozenset(product.covers)):
            findings.add("tariff_covers", ONCE, product.product_id)


def _covers_right(book: WayBook, row: int, covers: frozenset[str]) -> bool:
    instance = book.instance
    scope, kind = list(instance.products.lists("scope")[row]), instance.products["scope_kind"][row]
    names = instance.links["link_id"].tolist()
    if kind == "links":
        return covers == frozenset(scope)
    if kind == "zone":
        inside = {
            name
            for name, ends in zip(names, book.ends, strict=True)
            if all(_region(book, end) in scope for end in ends)
        }
        return covers == inside
    pair = {tuple(scope), tuple(reversed(scope))}
    direct = {name for name, ends in zip(names, book.ends, strict=True) if ends in pair}
    if direct:
        return covers == direct
    return _joins(book, covers, scope[0], scope[1])


def _region(book: WayBook, end: str) -> str:
    instance = book.instance
    if end in instance.regions.ids:
        return end
    for table in (instance.places, instance.houses, instance.facilities):
        at = int(table.find(np.array([end]))[0])
        if at >= 0:
            return str(table["region_id"][at])
    return ""


def _joins(book: WayBook, covers: frozenset[str], start: str, end: str) -> bool:
    """Whether covered links alone carry from one end to the other wherever any way without a car does, there and back."""
    ends = {end: name for name, end in book.number.items()}
    for period in range(len(book.calendar.ids)):
        for source, target in ((start, end), (end, start)):
            reached, open_ = {source}, True
            arcs = [
                (ends[int(t)], ends[int(h)])
                for t, h, link, runs in zip(
                    book.arcs.tail,
                    book.arcs.head,
                    book.arc_link,
                    book.arcs.runs[period] & ~book.arcs.car_only,
                    strict=True,
                )
                if runs
                and str(book.instance.links["link_id"][link]) in covers
                and int(t) in ends
                and int(h) in ends
            ]
            while open_:
                new = {head for tail, head in arcs if tail in reached} - reached
                reached |= new
                open_ = bool(new)
            if target not in reached and _any_way(book, source, target, period):
                return False
    return True


def _any_way(book: WayBook, start: str, end: str, period: int) -> bool:
    way = Way(from_id=start, to_id=end, period_id=str(book.calendar.ids[period]), car=False, out=())
    return book._best(way, start, end, period, frozenset(), CHEAPEST)[0] < FAR
