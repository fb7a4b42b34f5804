"""The island of the flagship: 佐渡市, its ships, two trial houses, and a fare for those whom it has registered.

It draws nothing and its rows stand after all others, so that those keep their numbers.
"""

from __future__ import annotations

from flagship.facts import rail
from flagship.offers import MEMBERS, travellers
from flagship.rows import row
from nichiiki_models.tables import Choice, Demand, House, Link, Operator, Place, Product, Region

REGIONS = (
    row(
        Region,
        region_id="sado",
        name="佐渡市",
        municipality_code="152242",
        lat=38.01806,
        lon=138.36833,
        hazards=("earthquake", "flood", "landslide", "tsunami"),
        has_plan=True,
        plan_area="市全域 (仮)",
        reception_max=3,
    ),
    Region(region_id="niigata", name="新潟市", municipality_code="151009", lat=37.91611, lon=139.03639),
)
PLACES = (
    Place(place_id="st-niigata", region_id="niigata", name="新潟駅", kind="station", lat=37.91217, lon=139.06137),
    Place(place_id="port-niigata", region_id="niigata", name="新潟港 (位置は仮)", kind="port", lat=37.926, lon=139.061),
    Place(place_id="port-ryotsu", region_id="sado", name="両津港 (位置は仮)", kind="port", lat=38.083, lon=138.438),
    Place(place_id="sh-kuninaka", region_id="sado", name="商店 (仮)", kind="shop", lat=38.01806, lon=138.36833),
)  # fmt: skip
OPERATORS = (Operator(operator_id="sadokisen", name="佐渡汽船"),)


def _link(link_id: str, ends: tuple[str, str], mode: str, minutes: int, fare: int, **more: object) -> Link:
    return row(Link, link_id=link_id, from_id=ends[0], to_id=ends[1], mode=mode, minutes=minutes, fare_yen=fare, **more)  # fmt: skip


_CROSSING, _SHIP = ("port-niigata", "port-ryotsu"), {"operator_id": "sadokisen"}
HOUSES = tuple(
    row(
        House,
        house_id=f"h-kuninaka-{number}",
        region_id="sado",
        lat=lat,
        lon=lon,
        kind="trial",
        capacity_persons=persons,
        rent_yen=24_000,
        tags=tags,
        min_stay=1,
        max_stay=6,
        gap_periods=1,
        settlement="kuninaka",
    )
    for number, lat, lon, persons, tags in (
        (1, 38.0156, 138.3712, 4, ("internet", "pets")),
        (2, 38.0203, 138.3661, 2, ("internet",)),
    )
)
"""Furnished, let for one month to six; they lie in the plain, where no tsunami reaches."""
LINKS = (
    rail("tk-niigata", ("st-tokyo", "st-niigata"), "jreast", 120, 10760, 600),
    _link("bus-niigata", ("st-niigata", "port-niigata"), "bus", 15, 210),
    _link("jet-ryotsu", _CROSSING, "ferry", 67, 7050, **_SHIP, seats=250, seat_cost_yen=1500),
    _link("car-ferry-ryotsu", _CROSSING, "ferry", 150, 2960, **_SHIP, seats=1500, seat_cost_yen=500),
    *(_link(f"lm-{house.house_id}-bus", ("port-ryotsu", house.house_id), "bus", 40, 600) for house in HOUSES),
)
PRODUCTS = (
    row(
        Product,
        product_id="p-sado-resident",
        kind="percentage",
        scope_kind="links",
        scope=("car-ferry-ryotsu",),
        operator_id="sadokisen",
        percent_back=30,
        price_yen=0,
        eligible=MEMBERS,
    ),
)
"""What residents pay on the car ferry, given to those registered as 準住民; the rate is an assumption."""
DEMAND: tuple[Demand, ...] = tuple(travellers("sado", "tokyo23", "port-ryotsu", 100, 28_280))
"""The cheapest way is the slow ship."""

THINK_OF_IT = ("hh028", "hh070", "hh166", "hh175", "hh194", "hh239")
"""Households of 東京23区 whose longest trip, budget and number of persons allow the island."""


def wishes(before: list[Choice]) -> list[Choice]:
    """Return the wishes with the island as the last place of the households that think of it."""
    last = {wish.household_id: wish.rank for wish in before if wish.list == "stay"}
    return before + [
        row(
            Choice,
            household_id=name,
            list="stay",
            rank=last[name] + 1,
            target_kind="region",
            target_id="sado",
        )
        for name in THINK_OF_IT
    ]
