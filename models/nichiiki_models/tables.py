"""The tables of an instance: one frozen pydantic row class each, with meaning, unit, range and references.

Everything "per period" is counted in each period of the calendar, whatever its length: hours, care days,
telework days. Yen of rent and budget are per month. An empty list of periods means "in every period".
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from nichiiki_models.columns import (
    ID_OR_ALL_PATTERN,
    ID_PATTERN,
    WILDCARD,
    Limits,
    column,
    is_one_id,
    is_plain,
)
from nichiiki_models.table import Row


def _id(value: str) -> str:
    if value != WILDCARD and not is_one_id(value):
        raise ValueError("not an id in its NFKC form")
    return value


def _plain(value: str) -> str:
    if not is_plain(value):
        raise ValueError("holds a control character")
    return value


Id = Annotated[str, Field(pattern=ID_PATTERN, max_length=64), AfterValidator(_id)]
IdOrAll = Annotated[str, Field(pattern=ID_OR_ALL_PATTERN, max_length=64), AfterValidator(_id)]
PlainText = Annotated[str, AfterValidator(_plain)]
Text = Annotated[str, Field(max_length=200), AfterValidator(_plain)]

Hazard = Literal[
    "flood", "landslide", "storm_surge", "earthquake", "tsunami", "fire", "inland_flood", "volcano"
]
Band = Literal["age0", "age1-2", "age3", "age4-5", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
Registration = Literal["none", "basic", "premium"]
ListName = Literal["stay", "school", "care", "desk", "role", "supporter", "experience"]
TargetKind = Literal["house", "region", "facility", "role", "supporter", "experience", "none"]
Payer = Literal["state", "prefecture", "municipality", "private"]
Mode = Literal[
    "rail", "air", "bus", "ferry", "car", "walk", "bicycle", "taxi", "demand_bus", "car_share", "ride_share"
]

HAZARDS: tuple[str, ...] = Hazard.__args__  # type: ignore[attr-defined]
LISTS: tuple[str, ...] = ListName.__args__  # type: ignore[attr-defined]
CARE_BANDS = ("age0", "age1-2", "age3", "age4-5")
SCHOOL_GRADES = tuple(str(grade) for grade in range(1, 10))
STOPS = ("station", "airport", "port", "bus_stop")

Lat = Annotated[float, Field(ge=20, le=46)]
Lon = Annotated[float, Field(ge=122, le=154)]
MONTH_YEN: Limits = {"ge": 0, "le": 10_000_000}
TOTAL_YEN: Limits = {"ge": 0, "le": 1_000_000_000_000}
COUNT: Limits = {"ge": 0, "le": 10_000_000}


class Region(Row):
    """A municipality or area; any region may be a home or a host."""

    key: ClassVar[tuple[str, ...]] = ("region_id",)
    region_id: Id = column("id of the region")
    name: Text = column("name of the municipality or area")
    municipality_code: PlainText | None = column(
        "code of local governments (全国地方公共団体コード), 6 digits", default=None, max_length=6
    )
    part_of: Id | None = column(
        "larger region it belongs to (ward of a city, prefecture)", references=["regions"], default=None
    )
    lat: Lat = column("latitude of the office", unit="degrees")
    lon: Lon = column("longitude of the office", unit="degrees")
    hazards: tuple[Hazard, ...] = column("hazards the region is exposed to as a home", default=())
    has_plan: bool = column("has a plan for two-region living (特定居住促進計画)", default=False)
    plan_area: Text = column("area of the plan in words", default="")
    platform_member: bool = column("member of the national public-private platform", default=False)
    reception_max: int | None = column(
        "most households hosted at a time", unit="households", default=None, **COUNT
    )
    board_consents: tuple[IdOrAll, ...] = column(
        "host regions to which this region's board of education lets its pupils go; * = all",
        references=["regions"],
        default=(),
    )


class Place(Row):
    """A station, airport, clinic, shop or other fixed point."""

    key: ClassVar[tuple[str, ...]] = ("place_id",)
    place_id: Id = column("id of the place")
    region_id: Id = column("region it lies in", references=["regions"])
    name: Text = column("name", default="")
    kind: Literal[
        "station", "airport", "port", "bus_stop", "clinic", "hospital", "shop", "school", "office", "other"
    ] = column("what it is; travellers change at stations, airports, ports and bus stops")
    lat: Lat = column("latitude", unit="degrees")
    lon: Lon = column("longitude", unit="degrees")


class Period(Row):
    """A time bucket; periods are ordered by their first day."""

    key: ClassVar[tuple[str, ...]] = ("starts_on", "slot", "period_id")
    period_id: Id = column("id of the period")
    starts_on: date = column("first day")
    ends_on: date = column("last day, included")
    slot: Literal["all", "weekday", "weekend"] = column(
        "days of the week it covers; periods may overlap only in different slots", default="all"
    )
    open: bool = column("whether stays are possible", default=True)


class Household(Row):
    """An applicant household."""

    key: ClassVar[tuple[str, ...]] = ("household_id",)
    household_id: Id = column("id of the household; never a name")
    home_region: Id = column("region of the main home", references=["regions"])
    budget_yen: int = column(
        "most the second base may cost a month: rent and travel", unit="yen a month", **MONTH_YEN
    )
    round_trips: float = column(
        "round trips between the homes a month, in hundredths at most", unit="a month", ge=0, le=60
    )
    stay_kind: Literal["fixed", "consecutive", "any"] = column(
        "fixed: exactly stay_periods; consecutive: stay_length in a row inside stay_periods; any: any stay_length of them",
        default="fixed",
    )
    stay_periods: tuple[Id, ...] = column(
        "the periods wanted, or the window; empty = all open periods", references=["periods"], default=()
    )
    stay_length: int | None = column(
        "how many periods, for consecutive and any", unit="periods", default=None, ge=1, le=1000
    )
    max_trip_minutes: int | None = column(
        "longest one-way trip door to door", unit="minutes", default=None, ge=0, le=8000
    )
    max_commute_minutes: int | None = column(
        "longest way from the second base to a school, desk or role",
        unit="minutes",
        default=None,
        ge=0,
        le=8000,
    )
    car: bool = column("has a car at hand in both regions", default=False)
    needs: tuple[Id, ...] = column("tags that the house must have", default=())
    points: int = column(
        "points of the household itself", unit="points", default=0, ge=-1_000_000, le=1_000_000
    )
    past_losses: int = column("earlier applications without a place", default=0, ge=0, le=1000)
    income_class: int | None = column("income class, 1 = lowest", default=None, ge=1, le=99)
    applied_at: datetime | None = column("time of the application", default=None)
    registration: Registration = column(
        "registration as a furusato resident (ふるさと住民登録)", default="none"
    )
    registration_valid_until: date | None = column(
        "last day on which the registration is valid", default=None
    )
    other_municipalities: tuple[Id, ...] = column(
        "regions in which the household is registered already; a stay adds the host's",
        references=["regions"],
        default=(),
    )
    siblings: Literal["together", "apart"] = column(
        "together: all pupils in one school, or the household declines", default="apart"
    )
    groups: tuple[Id, ...] = column(
        "groups it belongs to, for points, quotas and fairness figures", default=()
    )
    languages: tuple[Id, ...] = column(
        "languages a supporter must speak (one of them); empty = any", default=()
    )
    topics: tuple[Id, ...] = column("topics a supporter must cover (all of them)", default=())
    family: Id | None = column(
        "family of which this row is one application of several: for stays one after another, in one region or in several",
        default=None,
    )
    all_bases: bool = column(
        "placed only together with every other row of its family that says so: all parts of one stay plan, or nothing",
        default=False,
    )


class Person(Row):
    """A member of a household."""

    key: ClassVar[tuple[str, ...]] = ("person_id",)
    person_id: Id = column("id of the person; never a name")
    household_id: Id = column("household", references=["households"])
    age: int = column("age in years", unit="years", ge=0, le=120)
    grade: Literal["none"] | Band = column("school grade 1-9, or age band of care", default="none")
    care_days: int = column("care days wanted in each period", unit="days a period", default=0, ge=0, le=366)
    skills: tuple[Id, ...] = column("skills for roles", default=())
    hours_per_period: int = column(
        "hours offered for roles in each period", unit="hours a period", default=0, ge=0, le=10_000
    )
    telework_days: int = column(
        "days at a desk wanted in each period", unit="days a period", default=0, ge=0, le=366
    )
    multiwork: bool = column(
        "roles, if any, must leave no period of the stay without one (マルチワーク)", default=False
    )


class House(Row):
    """A house, room, trial unit or block of hotel nights."""

    key: ClassVar[tuple[str, ...]] = ("house_id",)
    house_id: Id = column("id of the house")
    region_id: Id = column("region it lies in", references=["regions"])
    lat: Lat = column("latitude", unit="degrees")
    lon: Lon = column("longitude", unit="degrees")
    kind: Literal["whole", "room", "trial", "hotel"] = column(
        "whole house, room of a share house, trial unit, hotel or subscription nights", default="whole"
    )
    units: int = column(
        "units alike; a household needs several only of kind room or hotel",
        unit="units",
        default=1,
        ge=0,
        le=100_000,
    )
    capacity_persons: int = column("persons a unit holds", unit="persons", ge=1, le=1000)
    rent_yen: int = column("rent of a unit a month", unit="yen a month", **MONTH_YEN)
    deposit_yen: int = column("deposit at the start of a stay", unit="yen", default=0, **TOTAL_YEN)
    min_stay: int | None = column("fewest periods in a row", unit="periods", default=None, ge=1, le=1000)
    max_stay: int | None = column("most periods in a row", unit="periods", default=None, ge=1, le=1000)
    closed_periods: tuple[Id, ...] = column("periods without stays", references=["periods"], default=())
    start_periods: tuple[Id, ...] = column(
        "periods in which a stay may begin; empty = any", references=["periods"], default=()
    )
    gap_periods: int = column(
        "periods kept free after a stay (cleaning)", unit="periods", default=0, ge=0, le=1000
    )
    tags: tuple[Id, ...] = column("what it offers, against the needs of households", default=())
    hazards: tuple[Hazard, ...] = column("hazards its site is exposed to", default=())
    ready: bool = column("can be lived in now; otherwise only after a measure", default=True)
    settlement: Id | None = column("settlement, for quotas", default=None)
    uses_per_half_year: int | None = column(
        "most stays of a household that begin in a half-year (April-September, October-March), earlier ones included",
        unit="stays",
        default=None,
        **COUNT,
    )
    accepts: tuple[Id, ...] = column("groups or households that the owner accepts; empty = all", default=())
    refuses: tuple[Id, ...] = column("groups or households that the owner refuses", default=())


class Facility(Row):
    """A school, nursery, coworking space or care place."""

    key: ClassVar[tuple[str, ...]] = ("facility_id",)
    facility_id: Id = column("id of the facility")
    region_id: Id = column("region it lies in", references=["regions"])
    lat: Lat = column("latitude", unit="degrees")
    lon: Lon = column("longitude", unit="degrees")
    kind: Literal["school", "nursery", "coworking"] = column(
        "school (grades 1-9), nursery (care by day), coworking (desks)"
    )
    name: Text = column("name", default="")
    consent_regions: tuple[IdOrAll, ...] = column(
        "home regions whose pupils the host board of education accepts here; * = all",
        references=["regions"],
        default=(),
    )
    eligible: tuple[Registration, ...] = column("registrations that may use it; empty = all", default=())
    staff: int | None = column(
        "carers of a nursery for guest children at a time; empty = enough for its places",
        unit="persons",
        default=None,
        **COUNT,
    )


class Seat(Row):
    """Capacity of a facility for a grade, an age band or desks, in one period or in all."""

    key: ClassVar[tuple[str, ...]] = ("facility_id", "band", "period_id")
    facility_id: Id = column("facility", references=["facilities"])
    band: Band | Literal["desk"] = column("school grade 1-9, age band of care, or desk")
    period_id: Id = column("period, or all", references=["periods"], default="all")
    seats: int = column("pupils, children a day, or desks", unit="seats", **COUNT)
    days: int | None = column(
        "days of care in the period; empty = its Mondays to Fridays", unit="days", default=None, ge=0, le=366
    )
    class_limit: int | None = column(
        "pupils of a class by standard", unit="pupils", default=None, ge=1, le=1000
    )
    enrolled: int = column("pupils enrolled already, not counted in seats", unit="pupils", default=0, **COUNT)


class Role(Row):
    """A community role or job."""

    key: ClassVar[tuple[str, ...]] = ("role_id",)
    role_id: Id = column("id of the role")
    region_id: Id = column("region", references=["regions"])
    lat: Lat = column("latitude of the place of work", unit="degrees")
    lon: Lon = column("longitude of the place of work", unit="degrees")
    title: Text = column("title", default="")
    kind: Literal["job", "side_job", "community", "event"] = column(
        "job, side job, community duty, event", default="community"
    )
    skill: Id | None = column("skill a holder must have", default=None)
    min_age: int = column("lowest age of a holder", unit="years", default=16, ge=0, le=120)
    max_age: int = column("highest age of a holder", unit="years", default=120, ge=0, le=120)
    hours_per_period: int = column("hours of a holder in each period", unit="hours a period", ge=0, le=10_000)
    periods: tuple[Id, ...] = column("periods it runs in; empty = all", references=["periods"], default=())
    whole_season: bool = column("a holder must stay in every one of its periods", default=False)
    min_holders: int = column(
        "fewest holders in a period; with fewer it does not run in it", unit="persons", default=0, **COUNT
    )
    max_holders: int = column("most holders in a period", unit="persons", **COUNT)
    value: int = column("welfare of a holder", unit="milli-points", default=0, ge=-1_000_000, le=1_000_000)
    remote_share: int = column(
        "share that can be done from anywhere: of a whole season so much of its periods; 100 = remote",
        unit="percent",
        default=0,
        ge=0,
        le=100,
    )
    pay_yen: int = column("pay of a holder a period", unit="yen a period", default=0, **MONTH_YEN)
    employer: Id | None = column("employer, for fair shares", default=None)


class Supporter(Row):
    """A coordinator or designated support corporation (特定居住支援法人)."""

    key: ClassVar[tuple[str, ...]] = ("supporter_id",)
    supporter_id: Id = column("id of the supporter")
    name: Text = column("name of the organisation", default="")
    designated: bool = column("designated by a mayor as 特定居住支援法人", default=False)
    platform_member: bool = column("member of the national platform", default=False)
    scope: Literal["wide", "local"] = column(
        "wide: any region unless regions are given; local: only its regions"
    )
    regions: tuple[Id, ...] = column("regions served", references=["regions"], default=())
    languages: tuple[Id, ...] = column("languages spoken", default=())
    topics: tuple[Id, ...] = column("topics covered", default=())
    caseload: int = column("most households at a time", unit="households", **COUNT)


class Experience(Row):
    """A trial event or programme slot (体験プログラム, 交流イベント)."""

    key: ClassVar[tuple[str, ...]] = ("experience_id",)
    experience_id: Id = column("id of the experience")
    region_id: Id = column("region", references=["regions"])
    title: Text = column("title", default="")
    periods: tuple[Id, ...] = column("periods it runs in; empty = all", references=["periods"], default=())
    places: int = column("most households", unit="households", **COUNT)
    min_places: int = column(
        "fewest households; with fewer it does not run", unit="households", default=0, **COUNT
    )


class Choice(Row):
    """A ranked wish of a household."""

    key: ClassVar[tuple[str, ...]] = (
        "household_id",
        "list",
        "person_id",
        "rank",
        "target_kind",
        "target_id",
        "periods",
    )
    household_id: Id = column("household", references=["households"])
    list: ListName = column("which list of wishes")
    person_id: Id | None = column(
        "person, for school, care, desk and role", references=["persons"], default=None
    )
    rank: int = column("1 = best; equal = tie", ge=1, le=10_000)
    target_kind: TargetKind = column("what is wished for; region = anything in it; none = acceptable without")
    target_id: Id | None = column(
        "id of the target; empty for none",
        references=["houses", "regions", "facilities", "roles", "supporters", "experiences"],
        default=None,
    )
    periods: tuple[Id, ...] = column(
        "only for a stay: exactly these periods instead of the household's",
        references=["periods"],
        default=(),
    )
    score: int | None = column(
        "utility of this wish in place of the table's",
        unit="milli-points",
        default=None,
        ge=-1_000_000,
        le=1_000_000,
    )


class Priority(Row):
    """Points of a household at one target."""

    key: ClassVar[tuple[str, ...]] = ("target_kind", "target_id", "household_id")
    target_kind: Literal["house", "region", "facility", "role", "supporter", "experience"] = column(
        "kind of the target"
    )
    target_id: Id = column(
        "id of the target",
        references=["houses", "regions", "facilities", "roles", "supporters", "experiences"],
    )
    household_id: Id = column("household", references=["households"])
    points: int = column("points there, added to its own", unit="points", ge=-1_000_000, le=1_000_000)


class Link(Row):
    """A transport service, a road, or the last mile between two points."""

    key: ClassVar[tuple[str, ...]] = ("link_id",)
    link_id: Id = column("id of the link")
    from_id: Id = column(
        "place, region, house or facility it starts at",
        references=["places", "regions", "houses", "facilities"],
    )
    to_id: Id = column(
        "place, region, house or facility it ends at",
        references=["places", "regions", "houses", "facilities"],
    )
    mode: Mode = column("mode; car needs a household with a car")
    operator_id: Id | None = column("operator", references=["operators"], default=None)
    minutes: int = column(
        "minutes door to door of this link, waiting included", unit="minutes", ge=0, le=2000
    )
    fare_yen: int = column("one-way fare", unit="yen", ge=0, le=250_000)
    fare_basis: Literal["person", "vehicle"] = column("who the fare is paid for", default="person")
    both_ways: bool = column("runs in both directions", default=True)
    seats: int | None = column("seats in a period for the product", unit="seats", default=None, **COUNT)
    seat_cost_yen: int = column("cost of running a seat", unit="yen", default=0, ge=0, le=300_000)
    periods: tuple[Id, ...] = column("periods it runs in; empty = all", references=["periods"], default=())
    vehicles: int | None = column(
        "vehicles at hand in each period; households without a car that need the link take one each",
        unit="vehicles",
        default=None,
        **COUNT,
    )


class Product(Row):
    """A fare product to price or to compare."""

    key: ClassVar[tuple[str, ...]] = ("product_id",)
    product_id: Id = column("id of the product")
    kind: Literal["flat", "capped", "percentage", "fixed_ride", "threshold"] = column("payment schedule")
    scope_kind: Literal["od", "zone", "links"] = column("what scope lists")
    scope: tuple[Id, ...] = column(
        "od: the two ends; zone: regions; links: links", references=["places", "regions", "links"]
    )
    operator_id: Id | None = column("operator", references=["operators"], default=None)
    cap_rides: int | None = column("one-way rides covered", unit="rides a month", default=None, **COUNT)
    percent_back: int | None = column("share of fares given back", unit="percent", default=None, ge=0, le=100)
    threshold_trips: int | None = column(
        "round trips that earn the bonus", unit="trips", default=None, **COUNT
    )
    bonus_yen: int | None = column("bonus at the threshold", unit="yen", default=None, **MONTH_YEN)
    price_yen: int | None = column("price if it is given", unit="yen a month", default=None, **MONTH_YEN)
    price_min_yen: int | None = column("lowest price to try", unit="yen a month", default=None, **MONTH_YEN)
    price_max_yen: int | None = column("highest price to try", unit="yen a month", default=None, **MONTH_YEN)
    step_yen: int = column("price grid", unit="yen", default=100, ge=1, le=1_000_000)
    eligible: tuple[Registration, ...] = column("registrations that may buy it; empty = all", default=())
    blackout_periods: tuple[Id, ...] = column(
        "periods in which it does not hold", references=["periods"], default=()
    )


class Programme(Row):
    """A budget line under which measures can be paid."""

    key: ClassVar[tuple[str, ...]] = ("programme_id",)
    programme_id: Id = column("id of the programme")
    name: Text = column("name", default="")
    payer: Payer = column("who pays", default="state")
    rate_kind: Literal["fixed", "fraction"] = column(
        "fixed: all that is not paid yet, up to the cap (定額); fraction: rate_percent of it",
        default="fraction",
    )
    rate_percent: int = column("share paid", unit="percent", default=50, ge=0, le=100)
    cap_yen: int | None = column("most for one measure", unit="yen", default=None, **TOTAL_YEN)
    budget_yen: int = column("budget of the programme", unit="yen", **TOTAL_YEN)
    eligible_items: tuple[Id, ...] = column("items it pays; empty = any", default=())
    excluded_items: tuple[Id, ...] = column("items it must not pay", default=())
    requires: tuple[Literal["plan", "designation", "membership"], ...] = column(
        "what the region or supporter must have", default=()
    )
    valid_from: date | None = column("first day", default=None)
    valid_until: date | None = column("last day", default=None)
    source: Text = column("where the rule is written", default="")


class Measure(Row):
    """A renovation or expansion that can be chosen."""

    key: ClassVar[tuple[str, ...]] = ("measure_id",)
    measure_id: Id = column("id of the measure")
    target_kind: Literal["house", "facility", "role", "supporter"] = column("what it opens or enlarges")
    target_id: Id = column("id of the target", references=["houses", "facilities", "roles", "supporters"])
    item: Id = column("item of expense, against the programmes' lists", default="renovation")
    band: Band | Literal["desk"] | None = column("grade, age band or desk it adds to", default=None)
    adds: int = column("units, seats, holders or cases added", default=0, **COUNT)
    from_period: Id | None = column(
        "first period in which it counts; empty = from the start", references=["periods"], default=None
    )
    starts_on: date | None = column(
        "day of the measure, against the days of programmes; empty = first day of the calendar", default=None
    )
    cost_yen: int = column("cost", unit="yen", **TOTAL_YEN)
    programmes: tuple[Id, ...] = column(
        "programmes that may pay, in order", references=["programmes"], default=()
    )


class Quota(Row):
    """A minimum or maximum of placed households, or reserved units (戸数枠)."""

    key: ClassVar[tuple[str, ...]] = ("quota_id",)
    quota_id: Id = column("id of the quota")
    kind: Literal["limit", "reserved"] = column(
        "limit: min and max count; reserved: min units kept for the group", default="limit"
    )
    target_kind: Literal["all", "region", "settlement", "house", "employer"] = column(
        "where it counts; of an employer, the persons in its roles count instead of households", default="all"
    )
    target_id: Id | None = column(
        "region, settlement, house or employer", references=["regions", "houses"], default=None
    )
    group: Id | None = column("group of households; empty = everybody", default=None)
    min: int | None = column(
        "fewest households over the whole calendar", unit="households", default=None, **COUNT
    )
    max: int | None = column(
        "most households over the whole calendar", unit="households", default=None, **COUNT
    )


class Use(Row):
    """An earlier stay or activity."""

    key: ClassVar[tuple[str, ...]] = ("household_id", "kind", "target_id", "period_id", "on", "person_id")
    household_id: Id = column("household", references=["households"])
    person_id: Id | None = column("person, for an activity", references=["persons"], default=None)
    kind: Literal["stay", "activity"] = column("what it was")
    target_id: Id = column("house, role or experience", references=["houses", "roles", "experiences"])
    period_id: Id | None = column("period, if it lies in the calendar", references=["periods"], default=None)
    on: date | None = column("day, if it lies before the calendar", default=None)


class Operator(Row):
    """A transport operator."""

    key: ClassVar[tuple[str, ...]] = ("operator_id",)
    operator_id: Id = column("id of the operator")
    name: Text = column("name", default="")
    baseline_income_yen: int = column("income before the product", unit="yen a month", default=0, **TOTAL_YEN)
    loss_cap_yen: int | None = column("most it may lose", unit="yen a month", default=None, **TOTAL_YEN)


class Demand(Row):
    """Travellers who are not in the allocation."""

    key: ClassVar[tuple[str, ...]] = ("demand_id",)
    demand_id: Id = column("id of the traveller type")
    from_id: Id = column("start", references=["places", "regions"])
    to_id: Id = column("end", references=["places", "regions"])
    mass: int = column("persons of this type", unit="persons", **COUNT)
    trips: int = column("most round trips", unit="a month", ge=0, le=1000)
    value_yen: int = column("value of the first round trip", unit="yen", **MONTH_YEN)
    value_step_yen: int = column(
        "by how much each further trip is worth less", unit="yen", default=0, **MONTH_YEN
    )
    bias_yen: int = column(
        "liking of a flat fee, on top of its value",
        unit="yen a month",
        default=0,
        ge=-10_000_000,
        le=10_000_000,
    )
    registration: Registration = column("registration", default="none")


class Offer(Row):
    """A proposal of a platform member (官民マッチング)."""

    key: ClassVar[tuple[str, ...]] = ("offer_id",)
    offer_id: Id = column("id of the offer")
    member: Id = column("member that offers")
    field: Id = column("field of work")
    region_id: Id | None = column("region it is for; empty = any", references=["regions"], default=None)
    capacity: int = column("most partners", default=1, **COUNT)
    ranked: tuple[Id, ...] = column(
        "needs it would serve, best first; empty = any", references=["needs"], default=()
    )


class Need(Row):
    """A problem of a platform member (官民マッチング)."""

    key: ClassVar[tuple[str, ...]] = ("need_id",)
    need_id: Id = column("id of the need")
    member: Id = column("member that asks")
    field: Id = column("field of work")
    region_id: Id | None = column("region", references=["regions"], default=None)
    capacity: int = column("most partners", default=1, **COUNT)
    ranked: tuple[Id, ...] = column(
        "offers it would take, best first; empty = any", references=["offers"], default=()
    )


class Previous(Row):
    """A stay or item of the last allocation."""

    key: ClassVar[tuple[str, ...]] = ("household_id", "item_kind", "person_id", "target_id")
    household_id: Id = column("household", references=["households"])
    item_kind: ListName = column("what it was")
    person_id: Id | None = column("person, where it was one person's", references=["persons"], default=None)
    target_id: Id = column(
        "house, facility, role, supporter or experience",
        references=["houses", "facilities", "roles", "supporters", "experiences"],
    )
    periods: tuple[Id, ...] = column("periods", references=["periods"], default=())


class Lock(Row):
    """A planner's override."""

    key: ClassVar[tuple[str, ...]] = ("household_id", "target_kind", "target_id")
    household_id: Id = column("household", references=["households"])
    target_kind: Literal["house", "region", "facility", "role", "supporter", "experience", "placed"] = column(
        "what is fixed; placed = any place at all"
    )
    target_id: Id | None = column(
        "target; empty for placed",
        references=["houses", "regions", "facilities", "roles", "supporters", "experiences"],
        default=None,
    )
    effect: Literal["must", "never"] = column("must have it, or never")
    reason: Text = column("why; kept in the audit trail")


class Pass(Row):
    """What the trips of a household to a house cost a month with a fare product, where that is less than single fares."""

    key: ClassVar[tuple[str, ...]] = ("household_id", "house_id", "period_id")
    household_id: Id = column("household", references=["households"])
    house_id: Id = column("house", references=["houses"])
    period_id: Id = column("period", references=["periods"])
    product_id: Id | None = column("fare product", references=["products"], default=None)
    travel_yen: int = column("travel cost of its round trips with it", unit="yen a month", **MONTH_YEN)


TABLES: dict[str, type[Row]] = {
    "regions": Region,
    "places": Place,
    "periods": Period,
    "households": Household,
    "persons": Person,
    "houses": House,
    "facilities": Facility,
    "seats": Seat,
    "roles": Role,
    "supporters": Supporter,
    "experiences": Experience,
    "choices": Choice,
    "priorities": Priority,
    "links": Link,
    "products": Product,
    "programmes": Programme,
    "measures": Measure,
    "quotas": Quota,
    "use_history": Use,
    "operators": Operator,
    "demand": Demand,
    "offers": Offer,
    "needs": Need,
    "previous": Previous,
    "locks": Lock,
    "passes": Pass,
}
"""Every table of an instance by name, in the order in which it is written and hashed."""
