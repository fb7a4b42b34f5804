"""The map: regions as circles, second homes as curved flows between them, in plain SVG coordinates."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from nichiiki.report.facts import Facts
from nichiiki.report.land import PER_DEGREE, land_path

WIDTH, HEIGHT, MARGIN = 760, 520, 56
MOST_FLOWS, MOST_LABELS = 200, 24
EARTH_KM = 6371.0088
LABEL_HEIGHT, LETTER = 18, 17
"""Room for a name: more than it takes on a large screen, since it is drawn larger on a small one."""


@dataclass(frozen=True)
class Circle:
    """A region on the map."""

    region: str
    name: str
    x: float
    y: float
    radius: float
    hosted: int
    sent: int
    share: float | None = None
    """Used part of its houses, over units and periods; None if it is not to be shown."""


@dataclass(frozen=True)
class Label:
    """A name beside a circle."""

    text: str
    x: float
    y: float
    anchor: str


@dataclass(frozen=True)
class Flow:
    """Households of one home region that stay in another."""

    home: str
    host: str
    households: int
    path: str
    width: float


@dataclass(frozen=True)
class Chart:
    """Everything the map shows."""

    circles: list[Circle]
    labels: list[Label]
    flows: list[Flow]
    grid: list[tuple[str, float, float, float, float]]
    scale_km: int
    scale_width: float
    land: str
    land_height: float
    width: int = WIDTH
    height: int = HEIGHT


class Projection:
    """Degrees to the plane: equal scale both ways at the middle latitude, fitted into the picture."""

    def __init__(self, points: Iterable[tuple[float, float]]) -> None:
        found = list(points) or [(36.0, 138.0)]
        lats, lons = [lat for lat, _ in found], [lon for _, lon in found]
        self.lat, self.lon = (min(lats) + max(lats)) / 2, (min(lons) + max(lons)) / 2
        self.squeeze = math.cos(math.radians(self.lat))
        tall = max(max(lats) - min(lats), 0.2)
        wide = max((max(lons) - min(lons)) * self.squeeze, 0.2)
        self.scale = min((WIDTH - 2 * MARGIN) / wide, (HEIGHT - 2 * MARGIN) / tall)

    def __call__(self, lat: float, lon: float) -> tuple[float, float]:
        """Return the place of a point in the picture."""
        x = WIDTH / 2 + (lon - self.lon) * self.squeeze * self.scale
        y = HEIGHT / 2 - (lat - self.lat) * self.scale
        return round(x, 1), round(y, 1)

    @property
    def km_width(self) -> float:
        """Width of a kilometre in the picture."""
        return self.scale / math.radians(1) / EARTH_KM


def chart(
    facts: Facts,
    counts: Counter[tuple[str, str]] | None = None,
    shares: Mapping[str, float] | None = None,
) -> Chart:
    """Lay out the map of an allocation.

    Parameters
    ----------
    facts
        The allocation beside its instance.
    counts
        Households by home and host region; all of them if None.
    shares
        Used part of the houses of each region, drawn as a ring around it.
    """
    shares = shares or {}
    counts = flows_of(facts) if counts is None else counts
    hosted: Counter[str] = Counter()
    sent: Counter[str] = Counter()
    for (home, host), number in counts.items():
        hosted[host] += number
        sent[home] += number
    shown = [
        row
        for row in facts.regions.values()
        if hosted[row.region_id] or sent[row.region_id] or len(facts.regions) <= 60
    ]
    project = Projection((row.lat, row.lon) for row in shown)
    most = max([*hosted.values(), *sent.values()], default=1)
    circles = [
        Circle(
            row.region_id,
            row.name or row.region_id,
            *project(row.lat, row.lon),
            radius=_radius(hosted[row.region_id] + sent[row.region_id], most),
            hosted=hosted[row.region_id],
            sent=sent[row.region_id],
            share=shares.get(row.region_id),
        )
        for row in shown
    ]
    km = _round_km(110 / project.km_width)
    return Chart(
        circles,
        _labels(circles),
        _curves(counts, circles),
        _grid(project),
        km,
        round(km * project.km_width, 1),
        land_path(project, WIDTH, HEIGHT),
        round(project.scale / PER_DEGREE + 1, 1),
    )


def flows_of(facts: Facts) -> Counter[tuple[str, str]]:
    """Count households by home and host region."""
    stays, homes = facts.allocation.stays, facts.instance.households
    row = homes.find(stays["household_id"])
    hosts, host = np.unique(stays["region_id"][row >= 0], return_inverse=True)
    # of several stays in a region a household counts once
    pairs = np.unique(row[row >= 0] * len(hosts) + host) if len(hosts) else host
    home = homes["home_region"][pairs // max(1, len(hosts))].tolist()
    return Counter(zip(home, hosts[pairs % max(1, len(hosts))].tolist(), strict=True))


def _radius(number: int, most: int) -> float:
    return round(4 + 14 * math.sqrt(number / most), 1) if number else 3.0


def _curves(counts: Counter[tuple[str, str]], circles: list[Circle]) -> list[Flow]:
    place = {circle.region: circle for circle in circles}
    known = [
        (pair, number)
        for pair, number in counts.most_common(MOST_FLOWS)
        if pair[0] in place and pair[1] in place
    ]
    most = max((number for _, number in known), default=1)
    return [
        Flow(*pair, number, _curve(place[pair[0]], place[pair[1]]), round(1 + 7 * number / most, 1))
        for pair, number in known
    ]


def _curve(start: Circle, end: Circle) -> str:
    # the middle is pushed to the left of the way, so that two opposite flows do not cover each other
    x = (start.x + end.x) / 2 + (end.y - start.y) * 0.18
    y = (start.y + end.y) / 2 - (end.x - start.x) * 0.18
    return f"M{start.x} {start.y}Q{x:.1f} {y:.1f} {end.x} {end.y}"


def _labels(circles: list[Circle]) -> list[Label]:
    taken = [(c.x - c.radius, c.y - c.radius, c.x + c.radius, c.y + c.radius) for c in circles]
    labels: list[Label] = []
    for circle in sorted(circles, key=lambda c: (-c.hosted - c.sent, c.region))[:MOST_LABELS]:
        placed = _place(circle, taken)
        if placed:
            label, box = placed
            labels.append(label)
            taken.append(box)
    return labels


Box = tuple[float, float, float, float]


def _place(circle: Circle, taken: list[Box]) -> tuple[Label, Box] | None:
    name = circle.name if len(circle.name) <= 14 else circle.name[:13] + "…"
    width = sum(LETTER if ord(letter) > 0x2E7F else LETTER * 0.6 for letter in name)
    away = circle.radius + (5 if circle.share is None else 10)
    spots = [
        (circle.x + away, circle.y + 5, "start"),
        (circle.x - away, circle.y + 5, "end"),
        (circle.x, circle.y - away, "middle"),
        (circle.x, circle.y + away + 11, "middle"),
        (circle.x + away, circle.y - away, "start"),
        (circle.x - away, circle.y + away + 6, "end"),
    ]
    for x, y, anchor in spots:
        left = x if anchor == "start" else x - width if anchor == "end" else x - width / 2
        box = (left, y - LABEL_HEIGHT + 3, left + width, y + 3)
        if box[0] > 2 and box[2] < WIDTH - 2 and not any(_meet(box, other) for other in taken):
            return Label(name, round(x, 1), round(y, 1), anchor), box
    return None


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _grid(project: Projection) -> list[tuple[str, float, float, float, float]]:
    step = next(step for step in (0.1, 0.2, 0.5, 1, 2, 5, 10) if step * project.scale >= 70)
    tall, wide = HEIGHT / 2 / project.scale, WIDTH / 2 / project.scale / project.squeeze
    lines = []
    for lat in _steps(project.lat - tall, project.lat + tall, step):
        y = project(lat, project.lon)[1]
        lines.append((f"{lat:g}°N", 0.0, y, float(WIDTH), y))
    for lon in _steps(project.lon - wide, project.lon + wide, step):
        x = project(project.lat, lon)[0]
        lines.append((f"{lon:g}°E", x, 0.0, x, float(HEIGHT)))
    return lines


def _steps(low: float, high: float, step: float) -> list[float]:
    first = math.ceil(low / step)
    return [round(number * step, 1) for number in range(first, math.floor(high / step) + 1)]


def _round_km(km: float) -> int:
    step = 10 ** math.floor(math.log10(max(km, 1)))
    return int(max(m * step for m in (1, 2, 5) if m * step <= max(km, 1)))
