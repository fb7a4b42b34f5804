"""What the five hosts offer: numbers and trial rules follow the sources, rows are synthetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flagship.chance import Chance
from flagship.facts import DESKS, ELEMENTARY, MONTHS, NURSERIES, SCHOOLS
from flagship.rows import row
from nichiiki_instances.generating import parameters as p
from nichiiki_models.tables import (
    CARE_BANDS,
    Experience,
    House,
    Link,
    Measure,
    Need,
    Offer,
    Quota,
    Role,
    Seat,
    Supporter,
)


@dataclass(frozen=True)
class Settlement:
    """Where houses stand together: office or site nearby, number of houses, kind, hazards, rents."""

    name: str
    region: str
    lat: float
    lon: float
    kind: str
    houses: int
    rent: tuple[int, int]
    hazards: tuple[str, ...] = ()


SETTLEMENTS: tuple[Settlement, ...] = (
    Settlement("kurodahara", "nasu", 37.02017, 140.12285, "whole", 4, (35_000, 52_000)),
    Settlement("takaku", "nasu", 36.99668, 140.0552, "whole", 4, (25_000, 45_000), ("flood",)),
    Settlement("kogen", "nasu", 37.05774, 140.03874, "whole", 7, (38_000, 65_000)),
    Settlement("yumoto", "nasu", 37.08937, 140.00476, "trial", 4, (20_000, 30_000), ("volcano", "landslide")),
    Settlement("yumoto-inn", "nasu", 37.08937, 140.00476, "hotel", 1, (49_500, 49_500), ("volcano",)),
    Settlement("daimon", "shiojiri", 36.11439, 137.95783, "whole", 5, (32_000, 50_000), ("flood",)),
    Settlement("shiojiri-higashi", "shiojiri", 36.10723, 137.972, "whole", 4, (28_000, 42_000)),
    Settlement("narakawa", "shiojiri", 35.97284, 137.82351, "trial", 3, (9_000, 18_000), ("landslide",)),
    Settlement("happo", "hakuba", 36.70216, 137.84616, "room", 6, (30_000, 42_000)),
    Settlement("kamishiro", "hakuba", 36.65795, 137.85231, "room", 6, (22_000, 33_000), ("earthquake",)),
    Settlement("obuse-centre", "obuse", 36.6968, 138.30809, "whole", 4, (36_000, 48_000)),
    Settlement("tsuzumi", "obuse", 36.69951, 138.32633, "whole", 2, (28_000, 38_000), ("flood",)),
    Settlement("ryujin", "tanabe", 33.89104, 135.47522, "trial", 4, (3_600, 15_500), ("landslide",)),
    Settlement("hongu", "tanabe", 33.84161, 135.77229, "trial", 2, (3_600, 15_500), ("flood",)),
    Settlement("oto", "tanabe", 33.7293, 135.48367, "trial", 2, (3_600, 15_500), ("flood", "landslide")),
    Settlement(
        "motomachi", "tanabe", 33.73429, 135.36233, "whole", 1, (30_000, 38_000), ("tsunami", "storm_surge")
    ),
    Settlement("kamiakizu", "tanabe", 33.75365, 135.4063, "whole", 1, (26_000, 34_000)),
)
CENTRES = {settlement.name: (settlement.lat, settlement.lon) for settlement in SETTLEMENTS}
NOT_READY = {
    "kurodahara": 1,
    "takaku": 1,
    "kogen": 2,
    "daimon": 1,
    "shiojiri-higashi": 1,
    "happo": 1,
    "tsuzumi": 1,
    "oto": 1,
    "ryujin": 1,
}
"""How many houses of a settlement wait for a renovation: ten together."""

_WINTER = (MONTHS[1], MONTHS[2])
_QUARTERS = tuple(MONTHS[month] for month in (4, 7, 10, 1))
_TRIAL_RULES: dict[str, dict[str, Any]] = {
    "yumoto": {"max_stay": 3, "gap_periods": 1, "closed_periods": _WINTER},
    "narakawa": {"max_stay": 2, "gap_periods": 1},
    "ryujin": {"min_stay": 1, "max_stay": 12},
    "hongu": {"min_stay": 2, "max_stay": 6, "start_periods": _QUARTERS},
    "oto": {"min_stay": 1, "max_stay": 3, "gap_periods": 1},
}
_CAPACITY = {
    "whole": {3: 0.3, 4: 0.4, 5: 0.3},
    "trial": {2: 0.3, 4: 0.5, 5: 0.2},
    "room": {1: 0.5, 2: 0.5},
    "hotel": {2: 1.0},
}


def houses(chance: Chance) -> list[House]:
    """Draw the sixty houses settlement by settlement."""
    found: list[House] = []
    for settlement in SETTLEMENTS:
        found += [_house(chance, settlement, number) for number in range(1, settlement.houses + 1)]
    return found


def _house(chance: Chance, settlement: Settlement, number: int) -> House:
    rent = chance.between(*settlement.rent) // 100 * 100
    rules: dict[str, Any] = dict(_TRIAL_RULES.get(settlement.name, {}))
    if settlement.kind == "whole":
        rules["min_stay"] = chance.weighted({1: 0.5, 2: 0.3, 3: 0.2})
    return row(
        House,
        house_id=f"h-{settlement.name}-{number}",
        region_id=settlement.region,
        lat=round(settlement.lat + chance.between(-40, 40) / 10_000, 5),
        lon=round(settlement.lon + chance.between(-40, 40) / 10_000, 5),
        kind=settlement.kind,
        units=4 if settlement.kind == "hotel" else 1,
        capacity_persons=chance.weighted(_CAPACITY[settlement.kind]),
        rent_yen=rent,
        deposit_yen=rent if settlement.kind == "whole" else 0,
        tags=_tags(chance),
        hazards=settlement.hazards,
        ready=number > NOT_READY.get(settlement.name, 0),
        settlement=settlement.name,
        **rules,
    )


def _tags(chance: Chance) -> tuple[str, ...]:
    shares = {"internet": p.TAG_NET, "pets": p.TAG_PETS, "step_free": p.TAG_STEP_FREE}
    return tuple(tag for tag, share in shares.items() if chance.happens(share.value))


LAST_MILES: dict[str, tuple[tuple[str, str, str, int, int, float, tuple[int, ...]], ...]] = {
    "takaku": (("st-nasushiobara", "demand_bus", "person", 30, 600, 0.5, ()),),
    "kogen": (
        ("st-nasushiobara", "demand_bus", "person", 50, 1000, 0.6, ()),
        ("st-nasushiobara", "taxi", "vehicle", 30, 7800, 0.5, ()),
    ),
    "yumoto": (("st-nasushiobara", "bus", "person", 60, 1200, 1.0, ()),),
    "yumoto-inn": (("st-nasushiobara", "bus", "person", 60, 1200, 1.0, ()),),
    "shiojiri-higashi": (("st-shiojiri", "bus", "person", 15, 200, 0.8, ()),),
    "narakawa": (("st-shiojiri", "bus", "person", 40, 500, 0.7, ()),),
    "happo": (("st-hakuba", "bus", "person", 12, 200, 1.0, ()),),
    "kamishiro": (
        ("st-hakuba", "bus", "person", 20, 300, 1.0, (12, 1, 2, 3)),
        ("st-hakuba", "taxi", "vehicle", 12, 2300, 0.5, ()),
    ),
    "ryujin": (("st-kiitanabe", "bus", "person", 75, 1700, 1.0, ()),),
    "hongu": (("st-kiitanabe", "bus", "person", 110, 2200, 1.0, ()),),
    "oto": (("st-kiitanabe", "bus", "person", 35, 700, 1.0, ()),),
    "motomachi": (("st-kiitanabe", "bus", "person", 12, 200, 1.0, ()),),
    "kamiakizu": (("st-kiitanabe", "bus", "person", 22, 400, 1.0, ()),),
}
"""From a stop to the houses of a settlement: mode, basis, minutes, fare, share of houses served, months."""


def last_mile_links(chance: Chance, made: list[House]) -> list[Link]:
    """Draw which houses a bus or taxi serves; a house that none serves needs a car or legs."""
    found = []
    for house in made:
        for stop, mode, basis, minutes, fare, share, months in LAST_MILES.get(house.settlement or "", ()):
            if chance.happens(share):
                found.append(
                    row(
                        Link,
                        link_id=f"lm-{house.house_id}-{mode}",
                        from_id=stop,
                        to_id=house.house_id,
                        mode=mode,
                        operator_id="nasubus" if house.region_id == "nasu" and basis == "person" else None,
                        minutes=minutes,
                        fare_yen=fare,
                        fare_basis=basis,
                        periods=tuple(MONTHS[month] for month in months),
                    )
                )
    return found


ENROLLED = {("sc-shiojirihigashi", "5"): 35, **{("sc-ryujin", grade): 8 for grade in "123456"}}
"""Pupils of some grades (仮): one more opens a class, or parts two grades that share one; elsewhere a grade has 18."""


def seats() -> list[Seat]:
    """Return two guest seats a grade (one in July), three day places a nursery (8-12 days), and desks."""
    found = []
    for school in SCHOOLS:
        grades = "123456" if school.facility_id in ELEMENTARY else "789"
        for grade in grades:
            enrolled = ENROLLED.get((school.facility_id, grade), 18)
            common = {
                "facility_id": school.facility_id,
                "band": grade,
                "class_limit": 35,
                "enrolled": enrolled,
            }
            found += [row(Seat, **common, seats=2), row(Seat, **common, period_id=MONTHS[7], seats=1)]
    for nursery in NURSERIES:
        days = 8 if nursery.region_id in ("nasu", "shiojiri") else 12
        found += [
            row(Seat, facility_id=nursery.facility_id, band=band, seats=1, days=days)
            for band in CARE_BANDS[1:]
        ]
    for desk, count in zip(DESKS, (4, 3, 3, 2, 3), strict=True):
        found.append(row(Seat, facility_id=desk.facility_id, band="desk", seats=count))
    found.append(row(Seat, facility_id="cw-nasu", band="desk", period_id=MONTHS[8], seats=2))
    return found


@dataclass(frozen=True)
class RoleKind:
    """Roles alike: how many, where in turn, and what they ask and give."""

    title: str
    kind: str
    skill: str | None
    months: tuple[int, ...]
    hours: int
    fewest: int
    most: int
    value: int
    where: tuple[str, ...]
    pay: int = 0
    oldest: int = 120
    youngest: int = 18
    whole_season: bool = False


_YEAR: tuple[int, ...] = ()
_MOWING = (5, 7, 8, 10)
_FIRE = ("消防団 機能別", "community", None, _YEAR, 6, 0, 2, 120)
_STUDY = ("子どもの学習支援", "community", "teaching", _YEAR, 8, 0, 2, 140)
ROLE_KINDS: tuple[RoleKind, ...] = (
    RoleKind("梅の収穫", "job", None, (5, 6, 7), 24, 2, 6, 260, ("kamiakizu",), 28_000, 69, 16),
    RoleKind(
        "梅の収穫 農家",
        "job",
        None,
        (5, 6, 7),
        16,
        1,
        2,
        220,
        ("kamiakizu", "oto", "motomachi") * 3 + ("ryujin",),
        19_000,
        69,
        16,
    ),
    RoleKind(*_FIRE, where=("ryujin", "hongu", "oto"), pay=3_000, oldest=60),
    RoleKind("副業 広報", "side_job", "it", _YEAR, 16, 0, 1, 150, ("ryujin", "motomachi"), 40_000),
    RoleKind("草刈り", "community", None, _MOWING, 6, 0, 6, 100, ("ryujin", "hongu", "oto")),
    RoleKind(*_STUDY, where=("ryujin", "kamiakizu")),
    RoleKind("稲作", "job", "farming", (5, 9), 12, 1, 3, 180, ("ryujin", "kamiakizu"), 14_000, 69),
    RoleKind("夏祭り", "event", None, (8,), 12, 5, 15, 160, ("ryujin",)),
    RoleKind(
        "稲作", "job", "farming", (5, 9), 12, 1, 3, 180, ("kurodahara", "takaku", "kogen") * 2, 14_000, 69
    ),
    RoleKind(*_FIRE, where=("kurodahara", "takaku", "yumoto"), pay=3_000, oldest=60),
    RoleKind(
        "副業 DX・広報", "side_job", "it", _YEAR, 16, 0, 1, 150, ("kurodahara", "kogen", "kogen"), 40_000
    ),
    RoleKind("草刈り", "community", None, _MOWING, 6, 0, 6, 100, ("takaku", "kogen", "kurodahara")),
    RoleKind(*_STUDY, where=("kurodahara", "kogen")),
    RoleKind("宿の手伝い", "job", "cooking", (7, 8, 10, 11), 20, 0, 2, 170, ("yumoto", "yumoto"), 24_000),
    RoleKind("夏祭り", "event", None, (8,), 12, 5, 15, 160, ("kogen",)),
    RoleKind(
        "りんごの収穫",
        "job",
        None,
        (9, 10, 11),
        20,
        1,
        3,
        230,
        ("shiojiri-higashi", "daimon") * 3,
        24_000,
        69,
        16,
    ),
    RoleKind(*_FIRE, where=("shiojiri-higashi", "narakawa"), pay=3_000, oldest=60),
    RoleKind(
        "副業 DX", "side_job", "it", _YEAR, 16, 0, 1, 150, ("daimon", "daimon", "shiojiri-higashi"), 40_000
    ),
    RoleKind(
        "草刈り", "community", None, _MOWING, 6, 2, 6, 100, ("narakawa", "shiojiri-higashi", "narakawa")
    ),
    RoleKind(*_STUDY, where=("daimon", "narakawa")),
    RoleKind("漆器まつり・夏祭り", "event", None, (8,), 12, 4, 15, 160, ("narakawa",)),
    RoleKind("空き家の片付け", "community", None, (4, 6, 9, 11), 8, 2, 4, 110, ("narakawa",)),
    RoleKind(
        "スキー場・宿",
        "job",
        None,
        (12, 1, 2, 3),
        32,
        1,
        2,
        280,
        ("happo",) * 6 + ("kamishiro",) * 4,
        40_000,
        69,
    ),
    RoleKind(*_FIRE, where=("happo", "kamishiro"), pay=3_000, oldest=60),
    RoleKind("草刈り", "community", None, _MOWING, 6, 0, 6, 100, ("kamishiro", "happo")),
    RoleKind("副業 観光DX", "side_job", "it", _YEAR, 16, 0, 1, 150, ("happo",), 40_000),
    RoleKind(*_STUDY, where=("happo",)),
    RoleKind("夏祭り", "event", None, (8,), 12, 3, 15, 160, ("kamishiro",)),
    RoleKind(
        "ゲストハウス運営 通年",
        "job",
        "cooking",
        (12, 1, 2),
        24,
        1,
        1,
        260,
        ("kamishiro",),
        30_000,
        whole_season=True,
    ),
    RoleKind(
        "りんごの収穫",
        "job",
        None,
        (9, 10, 11),
        20,
        1,
        3,
        230,
        ("tsuzumi", "obuse-centre") * 2,
        24_000,
        69,
        16,
    ),
    RoleKind("栗の加工", "job", "cooking", (9, 10), 16, 1, 2, 200, ("obuse-centre",), 19_000),
    RoleKind(*_FIRE, where=("tsuzumi",), pay=3_000, oldest=60),
    RoleKind("副業 広報", "side_job", "it", _YEAR, 16, 0, 1, 150, ("obuse-centre",), 40_000),
    RoleKind("草刈り", "community", None, _MOWING, 6, 0, 6, 100, ("tsuzumi",)),
    RoleKind(*_STUDY, where=("obuse-centre",)),
    RoleKind("夏祭り", "event", None, (8,), 12, 3, 15, 160, ("obuse-centre",)),
)
"""The ninety roles; seasons, ages and pay after the ume, Iida, Hakuba and fire-brigade figures."""


def roles(chance: Chance) -> list[Role]:
    """Return the roles, each near its settlement."""
    regions = {settlement.name: settlement.region for settlement in SETTLEMENTS}
    places = [(kind, where) for kind in ROLE_KINDS for where in kind.where]
    return [
        _role(chance, number, kind, where, regions[where])
        for number, (kind, where) in enumerate(places, start=1)
    ]


def _role(chance: Chance, number: int, kind: RoleKind, where: str, region: str) -> Role:
    lat, lon = CENTRES[where]
    return row(
        Role,
        role_id=f"r{number:02d}-{where}",
        region_id=region,
        lat=round(lat + chance.between(-60, 60) / 10_000, 5),
        lon=round(lon + chance.between(-60, 60) / 10_000, 5),
        title=kind.title,
        kind=kind.kind,
        skill=kind.skill,
        min_age=kind.youngest,
        max_age=kind.oldest,
        hours_per_period=kind.hours,
        periods=tuple(sorted(MONTHS[month] for month in kind.months)),
        whole_season=kind.whole_season,
        min_holders=kind.fewest,
        max_holders=kind.most,
        value=kind.value,
        remote_share=60 if kind.skill == "it" else 0,
        pay_yen=kind.pay,
        employer=f"em-{where}" if kind.kind in ("job", "side_job") else None,
    )


SUPPORTERS: tuple[Supporter, ...] = (
    Supporter(
        supporter_id="k-wide-a",
        name="広域型 支援法人A (仮)",
        designated=True,
        platform_member=True,
        scope="wide",
        languages=("ja", "en"),
        topics=("work", "housing", "schooling"),
        caseload=12,
    ),
    Supporter(
        supporter_id="k-wide-b",
        name="広域型 支援法人B (仮)",
        designated=True,
        platform_member=True,
        scope="wide",
        regions=("shiojiri", "hakuba", "obuse"),
        languages=("ja",),
        topics=("work", "farming"),
        caseload=10,
    ),
    Supporter(
        supporter_id="k-nasu",
        name="地域密着型 那須 (仮)",
        designated=True,
        scope="local",
        regions=("nasu",),
        languages=("ja",),
        topics=("housing", "schooling", "farming"),
        caseload=9,
    ),
    Supporter(
        supporter_id="k-tanabe",
        name="地域密着型 田辺 (仮)",
        designated=True,
        scope="local",
        regions=("tanabe",),
        languages=("ja",),
        topics=("farming", "housing", "schooling"),
        caseload=6,
    ),
)

EXPERIENCES: tuple[Experience, ...] = (
    Experience(
        experience_id="e-nasu",
        region_id="nasu",
        title="高原の暮らし体験",
        periods=(MONTHS[7], MONTHS[8]),
        places=5,
        min_places=2,
    ),
    Experience(
        experience_id="e-shiojiri",
        region_id="shiojiri",
        title="漆とワインの体験",
        periods=(MONTHS[10],),
        places=4,
        min_places=2,
    ),
    Experience(
        experience_id="e-hakuba",
        region_id="hakuba",
        title="雪国の暮らし体験",
        periods=(MONTHS[1], MONTHS[2]),
        places=4,
        min_places=2,
    ),
    Experience(
        experience_id="e-obuse",
        region_id="obuse",
        title="栗とりんごの交流会",
        periods=(MONTHS[9], MONTHS[10]),
        places=3,
        min_places=2,
    ),
    Experience(
        experience_id="e-tanabe",
        region_id="tanabe",
        title="熊野と梅の体験",
        periods=(MONTHS[6],),
        places=4,
        min_places=3,
    ),
)

QUOTAS: tuple[Quota, ...] = (
    Quota(quota_id="q-ryujin", target_kind="settlement", target_id="ryujin", max=9),
    Quota(quota_id="q-happo", target_kind="settlement", target_id="happo", max=12),
    Quota(quota_id="q-nasu-new", target_kind="region", target_id="nasu", group="no_ties", max=22),
    Quota(quota_id="q-tanabe-tokyo", target_kind="region", target_id="tanabe", group="tokyo_side", max=6),
    Quota(quota_id="q-all", target_kind="all", max=150),
)


def measures(chance: Chance, made: list[House]) -> list[Measure]:
    """Return a renovation for each house that is not ready, more desks and care, and fares that no programme pays."""
    found = [
        Measure(
            measure_id=f"m-{house.house_id}",
            target_kind="house",
            target_id=house.house_id,
            item="renovation",
            cost_yen=chance.between(30, 80) * 100_000,
            programmes=("PG12-vacant", "PG02-trial"),
        )
        for house in made
        if not house.ready
    ]
    desks = Measure(
        measure_id="m-desks",
        target_kind="facility",
        target_id="cw-shiojiri",
        item="coworking",
        band="desk",
        adds=3,
        cost_yen=6_000_000,
        programmes=("PG13-telework", "PG02-trial"),
    )
    care = Measure(
        measure_id="m-care",
        target_kind="facility",
        target_id="nu-nasu",
        item="school_care",
        band="age1-2",
        adds=1,
        cost_yen=4_000_000,
        programmes=("PG02-trial",),
    )
    fares = Measure(
        measure_id="m-fares",
        target_kind="supporter",
        target_id="k-tanabe",
        item="fare",
        adds=2,
        cost_yen=2_000_000,
        programmes=("PG02-trial", "PG12-vacant"),
    )
    return [*found, desks, care, fares]


OFFERS: tuple[Offer, ...] = (
    Offer(
        offer_id="o-web",
        member="m-match",
        field="matching",
        capacity=2,
        ranked=("n-nasu-match", "n-tanabe-match", "n-obuse-match"),
    ),
    Offer(
        offer_id="o-rail",
        member="m-rail",
        field="transport",
        capacity=2,
        ranked=("n-shiojiri-fare", "n-nasu-fare"),
    ),
    Offer(
        offer_id="o-car",
        member="m-share",
        field="transport",
        capacity=1,
        ranked=("n-hakuba-car", "n-nasu-fare"),
    ),
    Offer(offer_id="o-air", member="m-air", field="transport", region_id="tanabe", capacity=1),
    Offer(
        offer_id="o-work",
        member="m-work",
        field="work",
        capacity=1,
        ranked=("n-hakuba-work", "n-tanabe-work"),
    ),
    Offer(offer_id="o-house", member="m-house", field="housing", capacity=2),
)
NEEDS: tuple[Need, ...] = (
    Need(need_id="n-nasu-match", member="nasu", field="matching", region_id="nasu", ranked=("o-web",)),
    Need(need_id="n-tanabe-match", member="tanabe", field="matching", region_id="tanabe", ranked=("o-web",)),
    Need(need_id="n-obuse-match", member="obuse", field="matching", region_id="obuse"),
    Need(
        need_id="n-shiojiri-fare",
        member="shiojiri",
        field="transport",
        region_id="shiojiri",
        ranked=("o-rail",),
    ),
    Need(
        need_id="n-nasu-fare",
        member="nasu",
        field="transport",
        region_id="nasu",
        capacity=2,
        ranked=("o-rail", "o-car"),
    ),
    Need(need_id="n-hakuba-car", member="hakuba", field="transport", region_id="hakuba", ranked=("o-car",)),
    Need(need_id="n-hakuba-work", member="hakuba", field="work", region_id="hakuba", ranked=("o-work",)),
    Need(need_id="n-tanabe-work", member="tanabe", field="work", region_id="tanabe", ranked=("o-work",)),
)
