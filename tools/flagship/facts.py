"""Facts about the flagship's places, typed one by one; `sources.py` says where each comes from.

Positions are those of the office, station, airport or site. Minutes and fares are one way for an adult, with
the date of the fare in the sources. Rows whose fare or time is no fact are named in `ASSUMED`.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from flagship.rows import row
from nichiiki_instances.generating.municipalities import BUILT_IN
from nichiiki_models.tables import Facility, Link, Operator, Period, Place, Programme, Region

HOSTS = ("nasu", "shiojiri", "hakuba", "obuse", "tanabe")
HOMES = ("tokyo23", "yokohama", "saitama", "osaka", "kobe")

_CODES = {
    "nasu": "094072",
    "shiojiri": "202151",
    "hakuba": "204854",
    "obuse": "205419",
    "tanabe": "302066",
    "tokyo23": "tokyo23",
    "yokohama": "141003",
    "saitama": "111007",
    "osaka": "271004",
    "kobe": "281000",
}
_PLANS = {
    "nasu": "町全域 (仮)",
    "shiojiri": "3区域 (2025-03-27)",
    "hakuba": "2区域 (2025-07-10)",
    "obuse": "町域 (2025-12-01)",
    "tanabe": "市全域 (仮)",
}
_RECEPTION = {"nasu": 16, "shiojiri": 9, "hakuba": 9, "obuse": 4, "tanabe": 8}
_CONSENTS: dict[str, tuple[str, ...]] = {
    "tokyo23": ("*",),
    "yokohama": ("*",),
    "saitama": ("nasu", "shiojiri", "hakuba", "obuse"),
    "osaka": ("*",),
    "kobe": ("tanabe",),
}
_STATION_TOWNS = (
    Region(
        region_id="nasushiobara", name="那須塩原市", municipality_code="092134", lat=36.96167, lon=140.04611
    ),
    Region(region_id="nagano", name="長野市", municipality_code="202011", lat=36.64861, lon=138.19444),
    Region(region_id="shirahama", name="白浜町", municipality_code="304018", lat=33.67806, lon=135.34806),
)


def regions() -> list[Region]:
    """Return five hosts, five homes, and three towns that only hold a station or an airport."""
    known = {municipality.code: municipality for municipality in BUILT_IN}
    found = []
    for region_id, code in _CODES.items():
        fact = known[code]
        found.append(
            row(
                Region,
                region_id=region_id,
                name=fact.name,
                municipality_code=code if code.isdigit() else None,
                lat=fact.lat,
                lon=fact.lon,
                hazards=fact.hazards,
                has_plan=region_id in HOSTS,
                plan_area=_PLANS.get(region_id, ""),
                platform_member=region_id in ("nasu", "tanabe"),
                reception_max=_RECEPTION.get(region_id),
                board_consents=_CONSENTS.get(region_id, ()),
            )
        )
    return [*found, *_STATION_TOWNS]


PLACES: tuple[Place, ...] = (
    Place(
        place_id="st-tokyo", region_id="tokyo23", name="東京駅", kind="station", lat=35.68098, lon=139.76662
    ),
    Place(
        place_id="st-shinjuku", region_id="tokyo23", name="新宿駅", kind="station", lat=35.6898, lon=139.69993
    ),
    Place(
        place_id="st-nasushiobara",
        region_id="nasushiobara",
        name="那須塩原駅",
        kind="station",
        lat=36.9315,
        lon=140.02076,
    ),
    Place(
        place_id="st-kurodahara",
        region_id="nasu",
        name="黒田原駅",
        kind="station",
        lat=37.02355,
        lon=140.12109,
    ),
    Place(
        place_id="st-shiojiri",
        region_id="shiojiri",
        name="塩尻駅",
        kind="station",
        lat=36.11481,
        lon=137.94788,
    ),
    Place(
        place_id="st-nagano", region_id="nagano", name="長野駅", kind="station", lat=36.64355, lon=138.18886
    ),
    Place(
        place_id="st-hakuba", region_id="hakuba", name="白馬駅", kind="station", lat=36.69601, lon=137.8639
    ),
    Place(
        place_id="st-obuse", region_id="obuse", name="小布施駅", kind="station", lat=36.69899, lon=138.31279
    ),
    Place(
        place_id="st-shinosaka",
        region_id="osaka",
        name="新大阪駅",
        kind="station",
        lat=34.73355,
        lon=135.50035,
    ),
    Place(
        place_id="st-kiitanabe",
        region_id="tanabe",
        name="紀伊田辺駅",
        kind="station",
        lat=33.7336,
        lon=135.38374,
    ),
    Place(
        place_id="ap-haneda", region_id="tokyo23", name="羽田空港", kind="airport", lat=35.5523, lon=139.78
    ),
    Place(
        place_id="ap-shirahama",
        region_id="shirahama",
        name="南紀白浜空港",
        kind="airport",
        lat=33.6622,
        lon=135.364,
    ),
    Place(
        place_id="sh-hakuba",
        region_id="hakuba",
        name="ザ・ビッグ白馬店",
        kind="shop",
        lat=36.68608,
        lon=137.8573,
    ),
    Place(
        place_id="sh-nasu",
        region_id="nasu",
        name="道の駅那須高原友愛の森",
        kind="shop",
        lat=37.0411,
        lon=140.01338,
    ),
    Place(
        place_id="cl-obuse",
        region_id="obuse",
        name="小布施町健康福祉センター (仮)",
        kind="clinic",
        lat=36.6968,
        lon=138.30809,
    ),
)


def periods() -> list[Period]:
    """Return the twelve months of fiscal year 2026."""
    firsts = [date(2026 + (3 + month) // 12, (3 + month) % 12 + 1, 1) for month in range(13)]
    return [
        Period(period_id=first.strftime("%Y-%m"), starts_on=first, ends_on=after - timedelta(days=1))
        for first, after in pairwise(firsts)
    ]


MONTHS: dict[int, str] = {int(period.period_id[5:]): period.period_id for period in periods()}
"""Id of the period of each calendar month."""

OPERATORS: tuple[Operator, ...] = (
    Operator(operator_id="jreast", name="JR東日本", baseline_income_yen=9_000_000, loss_cap_yen=900_000),
    Operator(operator_id="jrcentral", name="JR東海"),
    Operator(operator_id="jrwest", name="JR西日本", baseline_income_yen=3_000_000, loss_cap_yen=300_000),
    Operator(operator_id="jal", name="JAL", baseline_income_yen=1_500_000, loss_cap_yen=200_000),
    Operator(operator_id="nagaden", name="長野電鉄"),
    Operator(operator_id="nasubus", name="那須の地域交通 (仮)", loss_cap_yen=200_000),
    Operator(operator_id="alps", name="長野-白馬の特急バス (仮)"),
    Operator(operator_id="localcar", name="地域カーシェア (仮)", loss_cap_yen=150_000),
)


def rail(
    link_id: str, ends: tuple[str, str], operator: str, minutes: int, fare: int, seats: int | None = None
) -> Link:
    """Return a railway line; a seat on it costs a fourth of its fare (assumption)."""
    return Link(
        link_id=link_id,
        from_id=ends[0],
        to_id=ends[1],
        mode="rail",
        operator_id=operator,
        minutes=minutes,
        fare_yen=fare,
        seats=seats,
        seat_cost_yen=fare // 4 // 10 * 10,
    )


TRUNK_LINKS: tuple[Link, ...] = (
    rail("tk-nasu", ("st-tokyo", "st-nasushiobara"), "jreast", 70, 6020, 900),
    rail("tk-nagano", ("st-tokyo", "st-nagano"), "jreast", 90, 8340, 900),
    rail("sj-shiojiri", ("st-shinjuku", "st-shiojiri"), "jreast", 147, 6620, 600),
    rail("sj-hakuba", ("st-shinjuku", "st-hakuba"), "jreast", 222, 7720, 150),
    rail("tk-shinosaka", ("st-tokyo", "st-shinosaka"), "jrcentral", 150, 14450),
    rail("so-tanabe", ("st-shinosaka", "st-kiitanabe"), "jrwest", 120, 5270, 600),
    rail("so-shiojiri", ("st-shinosaka", "st-shiojiri"), "jrcentral", 195, 10100),
    rail("ng-obuse", ("st-nagano", "st-obuse"), "nagaden", 35, 690),
    rail("ns-kurodahara", ("st-nasushiobara", "st-kurodahara"), "jreast", 22, 330),
    Link(
        link_id="os-tanabe-bus", from_id="osaka", to_id="st-kiitanabe", mode="bus", minutes=180, fare_yen=2600
    ),
    Link(
        link_id="hnd-shm",
        from_id="ap-haneda",
        to_id="ap-shirahama",
        mode="air",
        operator_id="jal",
        minutes=75,
        fare_yen=19800,
        seats=240,
        seat_cost_yen=5000,
    ),
    Link(
        link_id="ng-hakuba-bus",
        from_id="st-nagano",
        to_id="st-hakuba",
        mode="bus",
        operator_id="alps",
        minutes=75,
        fare_yen=2600,
    ),
)
"""Main lines. Four of them are assumptions: see `ASSUMED`."""

CITY_LINKS: tuple[Link, ...] = tuple(
    Link(
        link_id=f"city-{home}-{place.split('-')[1]}",
        from_id=home,
        to_id=place,
        mode="rail",
        minutes=minutes,
        fare_yen=fare,
    )
    for home, place, minutes, fare in (
        ("tokyo23", "st-tokyo", 30, 210),
        ("tokyo23", "st-shinjuku", 15, 180),
        ("tokyo23", "ap-haneda", 75, 500),
        ("yokohama", "st-tokyo", 45, 490),
        ("yokohama", "st-shinjuku", 50, 580),
        ("yokohama", "ap-haneda", 75, 350),
        ("saitama", "st-tokyo", 45, 490),
        ("saitama", "st-shinjuku", 45, 490),
        ("osaka", "st-shinosaka", 30, 240),
        ("kobe", "st-shinosaka", 45, 580),
    )
)
"""From the offices of the homes to the long-distance stops, check-in included (assumptions)."""

ROAD_LINKS: tuple[Link, ...] = (
    Link(link_id="road-nasu", from_id="st-nasushiobara", to_id="nasu", mode="car", minutes=25, fare_yen=0),
    Link(
        link_id="taxi-nasu",
        from_id="st-nasushiobara",
        to_id="nasu",
        mode="taxi",
        minutes=27,
        fare_yen=6500,
        fare_basis="vehicle",
    ),
    Link(
        link_id="bus-nasu",
        from_id="st-nasushiobara",
        to_id="nasu",
        mode="bus",
        operator_id="nasubus",
        minutes=45,
        fare_yen=800,
    ),
    Link(
        link_id="share-nasu",
        from_id="st-nasushiobara",
        to_id="nasu",
        mode="car_share",
        operator_id="localcar",
        minutes=30,
        fare_yen=2400,
        fare_basis="vehicle",
        vehicles=4,
        seats=120,
    ),
    Link(link_id="road-hakuba", from_id="st-nagano", to_id="hakuba", mode="car", minutes=65, fare_yen=0),
    Link(
        link_id="share-hakuba",
        from_id="st-nagano",
        to_id="hakuba",
        mode="car_share",
        operator_id="localcar",
        minutes=70,
        fare_yen=3600,
        fare_basis="vehicle",
        vehicles=3,
        seats=90,
    ),
    Link(link_id="road-obuse", from_id="st-nagano", to_id="obuse", mode="car", minutes=30, fare_yen=0),
    Link(link_id="road-tanabe", from_id="ap-shirahama", to_id="tanabe", mode="car", minutes=20, fare_yen=0),
    Link(
        link_id="bus-tanabe",
        from_id="ap-shirahama",
        to_id="st-kiitanabe",
        mode="bus",
        minutes=35,
        fare_yen=600,
    ),
    Link(
        link_id="taxi-tanabe",
        from_id="ap-shirahama",
        to_id="st-kiitanabe",
        mode="taxi",
        minutes=25,
        fare_yen=4500,
        fare_basis="vehicle",
    ),
    Link(
        link_id="taxi-shiojiri",
        from_id="st-shiojiri",
        to_id="shiojiri",
        mode="taxi",
        minutes=5,
        fare_yen=900,
        fare_basis="vehicle",
    ),
)
"""Between stops and the offices of the hosts."""

ASSUMED = (
    "so-shiojiri",
    "ng-obuse",
    "ns-kurodahara",
    "ng-hakuba-bus",
    *(link.link_id for link in CITY_LINKS),
)
"""Links whose minutes and fare are assumptions; so are `ROAD_LINKS` except the 25 minutes of road-nasu."""


def _school(
    facility_id: str, region: str, name: str, lat: float, lon: float, consents: tuple[str, ...] = ("*",)
) -> Facility:
    return Facility(
        facility_id=facility_id,
        region_id=region,
        kind="school",
        name=name,
        lat=lat,
        lon=lon,
        consent_regions=consents,
    )


SCHOOLS: tuple[Facility, ...] = (
    _school("sc-manabinomori", "nasu", "学びの森小学校", 37.04478, 140.08738),
    _school("sc-nasukogen", "nasu", "那須高原小学校", 37.05774, 140.03874),
    _school("sc-nasuchuo", "nasu", "那須中央中学校", 37.02295, 140.11229),
    _school("sc-nasujh", "nasu", "那須中学校", 37.04715, 140.02393, ("tokyo23", "saitama")),
    _school("sc-shiojirihigashi", "shiojiri", "塩尻東小学校", 36.10723, 137.972),
    _school("sc-shiojirinishi", "shiojiri", "塩尻西小学校", 36.11439, 137.95783, ("tokyo23", "yokohama")),
    _school("sc-shiojirijh", "shiojiri", "塩尻中学校", 36.10509, 137.96732),
    _school("sc-hakubakita", "hakuba", "白馬北小学校 (位置は仮)", 36.70702, 137.87274),
    _school("sc-hakubajh", "hakuba", "白馬中学校", 36.69255, 137.85929),
    _school("sc-kurigaoka", "obuse", "栗ガ丘小学校", 36.69753, 138.31444),
    _school("sc-obusejh", "obuse", "小布施中学校", 36.69757, 138.32087),
    _school("sc-ryujin", "tanabe", "龍神小学校", 33.93552, 135.55422),
    _school("sc-misato", "tanabe", "三里小学校", 33.86157, 135.7639),
    _school("sc-ryujinjh", "tanabe", "龍神中学校", 33.89187, 135.47664, ("osaka", "kobe")),
)
ELEMENTARY = (
    "sc-manabinomori",
    "sc-nasukogen",
    "sc-shiojirihigashi",
    "sc-shiojirinishi",
    "sc-hakubakita",
    "sc-kurigaoka",
    "sc-ryujin",
    "sc-misato",
)

NURSERIES: tuple[Facility, ...] = (
    Facility(
        facility_id="nu-nasu",
        region_id="nasu",
        kind="nursery",
        name="那須町の保育園 (仮)",
        lat=37.02,
        lon=140.118,
    ),
    Facility(
        facility_id="nu-daimon",
        region_id="shiojiri",
        kind="nursery",
        name="大門保育園",
        lat=36.10904,
        lon=137.96001,
    ),
    Facility(
        facility_id="nu-shiojirihigashi",
        region_id="shiojiri",
        kind="nursery",
        name="塩尻東保育園",
        lat=36.09566,
        lon=137.98157,
    ),
    Facility(
        facility_id="nu-hakuba",
        region_id="hakuba",
        kind="nursery",
        name="白馬村の保育園 (仮)",
        lat=36.6947,
        lon=137.8625,
    ),
    Facility(
        facility_id="nu-tsusumi",
        region_id="obuse",
        kind="nursery",
        name="つすみ保育園",
        lat=36.69951,
        lon=138.32633,
    ),
    Facility(
        facility_id="nu-hinata",
        region_id="tanabe",
        kind="nursery",
        name="日向保育所",
        lat=33.80138,
        lon=135.36516,
    ),
)
DESKS: tuple[Facility, ...] = (
    Facility(
        facility_id="cw-nasu",
        region_id="nasu",
        kind="coworking",
        name="那須町コワーキング (位置は仮)",
        lat=37.0205,
        lon=140.1195,
    ),
    Facility(
        facility_id="cw-shiojiri",
        region_id="shiojiri",
        kind="coworking",
        name="塩尻コワーキング (仮)",
        lat=36.1141,
        lon=137.9501,
    ),
    Facility(
        facility_id="cw-hakuba",
        region_id="hakuba",
        kind="coworking",
        name="白馬コワーキング (仮)",
        lat=36.6978,
        lon=137.8595,
    ),
    Facility(
        facility_id="cw-obuse",
        region_id="obuse",
        kind="coworking",
        name="小布施コワーキング (仮)",
        lat=36.6972,
        lon=138.3118,
    ),
    Facility(
        facility_id="cw-tanabe",
        region_id="tanabe",
        kind="coworking",
        name="田辺コワーキング (仮)",
        lat=33.7312,
        lon=135.3781,
    ),
)

PROGRAMMES: tuple[Programme, ...] = (
    Programme(
        programme_id="PG02-trial",
        name="二地域居住の促進に向けた先導的な施策の実装 (実証実施)",
        rate_percent=50,
        budget_yen=20_000_000,
        eligible_items=("renovation", "coworking", "trial_house", "second_transport", "school_care"),
        excluded_items=("fare", "lodging", "direct_aid"),
        requires=("plan", "designation", "membership"),
        valid_from=date(2026, 4, 1),
        valid_until=date(2027, 3, 31),
        source="国土交通省 二地域居住 概要 (R7補正+R8案): 実証実施=1/2; 予算は仮",
    ),
    Programme(
        programme_id="PG02-survey",
        name="二地域居住の促進に向けた先導的な施策の実装 (調査検討)",
        rate_kind="fixed",
        rate_percent=100,
        cap_yen=20_000_000,
        budget_yen=20_000_000,
        eligible_items=("survey", "planning", "publicity"),
        excluded_items=("fare", "lodging", "direct_aid"),
        requires=("plan", "designation", "membership"),
        valid_from=date(2026, 4, 1),
        valid_until=date(2027, 3, 31),
        source="国土交通省 二地域居住 概要 (R7補正+R8案): 調査検討=定額, 上限2,000万円",
    ),
    Programme(
        programme_id="PG12-vacant",
        name="空き家再生等推進事業 (社会資本整備総合交付金)",
        rate_percent=50,
        cap_yen=3_000_000,
        budget_yen=12_000_000,
        eligible_items=("renovation",),
        source="国土交通省 二地域居住 概要 (R7): 空き家再生; 率・上限・予算は仮",
    ),
    Programme(
        programme_id="PG13-telework",
        name="地方移住促進テレワーク拠点施設整備支援事業",
        rate_percent=50,
        budget_yen=59_000_000,
        eligible_items=("coworking",),
        requires=("plan",),
        source="国土交通省 二地域居住 概要 (R7): 59百万円, 特定居住促進計画区域内; 率は仮",
    ),
    Programme(
        programme_id="own-products",
        name="市町村単独費 (交通商品)",
        payer="municipality",
        rate_percent=100,
        budget_yen=6_000_000,
        eligible_items=("fare",),
        source="仮: 交通運賃は国の補助対象外のため市町村の単独費",
    ),
)
"""Rates, items, exclusions and requirements are the ministry's; the budgets of this case are assumptions."""
