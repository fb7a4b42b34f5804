"""Transport offers of the flagship and the travellers for whom they are priced, beside the households that are placed.

Forms are observed ones: JR West's capped fee of 2021 and 40 % back of 2022, JAL's reward for round trips of 2025, a monthly fee for
shared cars as WILLER mobi's. Tiers of 4 and 8 rides stand side by side; price ranges are assumptions.
"""

from __future__ import annotations

from typing import Any

from flagship.facts import MONTHS, rail
from flagship.rows import row
from nichiiki_models.tables import Demand, Link, Place, Product, Region

SAKU = Region(region_id="saku", name="佐久市", municipality_code="202177", lat=36.24889, lon=138.47694)
"""A town that only holds a station here."""
SAKUDAIRA = Place(
    place_id="st-sakudaira", region_id="saku", name="佐久平駅", kind="station", lat=36.27789, lon=138.46403
)
LINKS: tuple[Link, ...] = (rail("tk-sakudaira", ("st-tokyo", "st-sakudaira"), "jreast", 75, 6460, 600),)

MEMBERS = ("basic", "premium")


def _product(name: str, kind: str, links: tuple[str, ...], operator: str, **terms: Any) -> Product:
    scope_kind = terms.pop("scope_kind", "links")
    return row(
        Product,
        product_id=f"p-{name}",
        kind=kind,
        scope_kind=scope_kind,
        scope=links,
        operator_id=operator,
        **terms,
    )


def _tiers(
    town: str, link: str, four: tuple[int, int, int], eight: tuple[int, int, int], **terms: Any
) -> tuple[Product, ...]:
    """4 and 8 rides on one line, side by side: least and highest price, and step."""
    small = {"cap_rides": 4, "price_min_yen": four[0], "price_max_yen": four[1], "step_yen": four[2]}
    large = {"cap_rides": 8, "price_min_yen": eight[0], "price_max_yen": eight[1], "step_yen": eight[2]}
    return tuple(
        _product(f"{town}-{each['cap_rides']}", "capped", (link,), "jreast", **terms, **each)
        for each in (small, large)
    )


def _car_share(town: str) -> Product:
    """As many rides in shared cars between the station and the town as one likes, for a monthly fee."""
    return _product(
        f"share-{town}", "flat", (f"share-{town}",), "localcar", price_min_yen=2_000, price_max_yen=10_000, step_yen=2_000
    )  # fmt: skip


PRODUCTS: tuple[Product, ...] = (
    *_tiers(
        "nasu",
        "tk-nasu",
        (10_000, 24_000, 1_000),
        (12_000, 48_000, 4_000),
        eligible=MEMBERS,
        blackout_periods=(MONTHS[8],),
    ),
    *_tiers("nagano", "tk-nagano", (10_000, 33_000, 1_000), (12_000, 64_000, 4_000), eligible=MEMBERS),
    *_tiers("sakudaira", "tk-sakudaira", (10_000, 25_000, 1_000), (12_000, 52_000, 4_000), eligible=MEMBERS),
    *_tiers("shiojiri", "sj-shiojiri", (10_000, 26_000, 2_000), (12_000, 52_000, 4_000)),
    _product("tanabe-40", "percentage", ("so-tanabe",), "jrwest", percent_back=40, price_min_yen=0, price_max_yen=3_000,
             step_yen=500),
    _product(
        "shirahama-miles", "threshold", ("ap-haneda", "ap-shirahama"), "jal", scope_kind="od", threshold_trips=1, bonus_yen=19_800,
        price_min_yen=0, price_max_yen=20_000, step_yen=4_000, eligible=("premium",),
    ),
    _car_share("nasu"),
    _car_share("hakuba"),
)  # fmt: skip
"""JAL's four round trips in four months for four one-way flights are one round trip a month for one."""

SHARES = ((4, 22, "premium"), (2, 15, "basic"), (1, 35, "none"))
"""Round trips in a month, percent of people with a second base, registration. Of the survey of 2021: 22 go weekly or more, 15 two or
three times, 16 once; of the 47 who go less often two fifths are taken to go in a given month."""

WANT = (
    ("nasu", "tokyo23", "st-nasushiobara", 300, 12_460),
    ("nasu-town", "tokyo23", "nasu", 60, 14_060),
    ("nagano", "tokyo23", "st-nagano", 120, 17_100),
    ("sakudaira", "tokyo23", "st-sakudaira", 160, 13_340),
    ("hakuba", "tokyo23", "hakuba", 40, 24_300),
    ("shiojiri", "tokyo23", "st-shiojiri", 160, 13_600),
    ("tanabe", "osaka", "st-kiitanabe", 200, 5_200),
)
"""People with a second base there, or about to take one, beyond the households of this allocation: home, end, how many, and the single
fare of a round trip on the cheapest way."""
ABOVE_FARE_YEN, STEP_YEN, BIAS_YEN, MORE_TRIPS = 600, 1_200, 1_000, 2


def travellers(name: str, home: str, end: str, people: int, fare: int) -> list[Demand]:
    """People by how often they go: the last trip that they make is worth a little more than its fare, the next one a little less."""
    return [
        Demand(
            demand_id=f"d-{name}-{trips}",
            from_id=home,
            to_id=end,
            mass=people * percent // 100,
            trips=trips + MORE_TRIPS,
            value_yen=fare + ABOVE_FARE_YEN + (trips - 1) * STEP_YEN,
            value_step_yen=STEP_YEN,
            bias_yen=BIAS_YEN,
            registration=registration,  # type: ignore[arg-type]
        )
        for trips, percent, registration in SHARES
    ]


FLYERS = row(
    Demand,
    demand_id="d-shirahama-1",
    from_id="tokyo23",
    to_id="ap-shirahama",
    mass=40,
    trips=2,
    value_yen=42_000,
    value_step_yen=STEP_YEN,
    bias_yen=BIAS_YEN,
    registration="premium",
)
DEMAND: tuple[Demand, ...] = (*(each for line in WANT for each in travellers(*line)), FLYERS)
