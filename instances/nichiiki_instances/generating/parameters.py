"""Every number that the generator draws from, each with its unit and its source.

A source is a survey or ordinance with its year, or the word ``assumption``. The page
``docs/reference/generator.md`` repeats this table, and a test keeps the two equal. The list `PARAMETERS`
holds them all; no other module of the generator types a number of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

ASSUMPTION = "assumption"
DUAL_LIFE = "survey of dual-life practitioners, 2018 (yutosoken 65022)"
VISITS = "survey of people with a second base, 2021 (itmedia 2110/08)"
TANABE = "trial houses of Tanabe city, 2020 (agara 359157)"
TRIALS = "ordinances of trial houses: Nagi, Bihoro, Tateshina, Toyoura, Tanabe, 2015-2025"


@dataclass(frozen=True)
class Shares:
    """A choice among values by their shares (any total)."""

    name: str
    values: tuple[float, ...]
    shares: tuple[float, ...]
    unit: str
    source: str


@dataclass(frozen=True)
class Lognormal:
    """A lognormal number by median and 90 % point, cut to a range, rounded to a step (0: not rounded)."""

    name: str
    median: float
    under_90: float
    low: float
    high: float
    step: int
    unit: str
    source: str


@dataclass(frozen=True)
class Number:
    """One number: a share, a rate of a formula, a count."""

    name: str
    value: float
    unit: str
    source: str


HOUSEHOLD_SIZE = Shares(
    "household size",
    (1, 2, 3, 4, 5),
    (35, 25, 18, 16, 6),
    "persons",
    f"{DUAL_LIFE}: 40 % with children; split inside 3-5: {ASSUMPTION}",
)
HEAD_AGE = Shares(
    "age of the head, decade",
    (20, 30, 40, 50, 60),
    (28, 29, 17, 16, 10),
    "years",
    f"{DUAL_LIFE}; split of 50 and over: {ASSUMPTION}",
)
CHILD_STAGE = Shares("stage of a child, first age", (0, 6, 13), (45, 40, 15), "years", ASSUMPTION)
ROUND_TRIPS = Shares(
    "round trips",
    (4, 3, 2, 1, 0.5),
    (22, 7, 8, 16, 47),
    "a month",
    f"{VISITS}; 0.5 for the rest: {ASSUMPTION}",
)
TRIP_LIMIT = Shares(
    "one-way limit", (30, 60, 120, 180, 300), (17, 15, 19, 17, 32), "minutes", f"{VISITS}; gaps: {ASSUMPTION}"
)
STAY_LENGTH = Shares(
    "stay length", (1, 2, 3, 6, 12), (14, 18, 20, 22, 26), "periods", f"{TRIALS}; shares: {ASSUMPTION}"
)
STAY_KIND = Shares("kind of stay (fixed, consecutive, any)", (0, 1, 2), (25, 65, 10), "code", ASSUMPTION)
WINDOW_SLACK = Shares(
    "free months in the window of a stay", (1, 2, 3, 5), (40, 30, 20, 10), "periods", ASSUMPTION
)
MONTH_WEIGHT = Shares(
    "start month of a window",
    tuple(range(1, 13)),
    (8, 6, 8, 10, 9, 7, 14, 12, 7, 7, 5, 7),
    "month",
    ASSUMPTION,
)
TRAVEL_BUDGET = Lognormal(
    "travel budget of the first person",
    20_000,
    60_000,
    4_000,
    120_000,
    1_000,
    "yen a month",
    f"fares of main lines, 2023-2024; shape: {ASSUMPTION}",
)
HOUSING_BUDGET = Lognormal("housing budget", 40_000, 85_000, 8_000, 150_000, 1_000, "yen a month", ASSUMPTION)
EXTRA_PERSON = Number("further travel budget for each further person", 0.6, "share", ASSUMPTION)
TRAVEL_SHARE = Number("most of the budget planned for trips to the nearest wish", 0.6, "share", ASSUMPTION)
CAR = Number("households with a car at hand", 0.58, "share", f"{DUAL_LIFE}: own car just under 60 %")
SINGLE_PARENT = Number("families with one parent", 0.1, "share", ASSUMPTION)
PAST_LOSSES = Shares("earlier losses", (0, 1, 2, 3), (70, 18, 8, 4), "applications", ASSUMPTION)
INCOME_CLASS = Shares(
    "income class",
    tuple(range(1, 9)),
    (8, 11, 13, 18, 17, 14, 11, 8),
    "class",
    f"{DUAL_LIFE}: half under 8 million yen; classes: {ASSUMPTION}",
)
REGISTRATION = Shares("registration (none, basic, premium)", (0, 1, 2), (70, 20, 10), "code", ASSUMPTION)
OTHER_MUNICIPALITIES = Shares(
    "further municipalities of a premium registration",
    (0, 1, 2),
    (40, 35, 25),
    "regions",
    f"at most 3 together: ministry briefing of 2026-01-08; shares: {ASSUMPTION}",
)
TOGETHER = Number("families with several pupils that want one school", 0.6, "share", ASSUMPTION)
LOCAL_TIES = Number("households with ties to the host region", 0.15, "share", ASSUMPTION)
NEED_PETS = Number("households that need a house for pets", 0.07, "share", ASSUMPTION)
NEED_NET = Number("households that need internet", 0.35, "share", ASSUMPTION)
NEED_STEP_FREE = Number("households that need a step-free house", 0.03, "share", ASSUMPTION)
COMMUTE_LIMIT = Shares("commute limit", (30, 45, 60), (35, 40, 25), "minutes", ASSUMPTION)
ROLE_HOURS = Lognormal(
    "role hours of an adult who offers some", 8, 24, 2, 40, 1, "hours a period", ASSUMPTION
)
OFFERS_HOURS = Number("adults who offer role hours", 0.5, "share", ASSUMPTION)
TELEWORK = Number("adults under 65 who want a desk", 0.35, "share", ASSUMPTION)
TELEWORK_DAYS = Shares("days at a desk", (4, 8, 12), (40, 40, 20), "days a period", ASSUMPTION)
CARE_WANTED = Number("children under 6 who need care", 0.5, "share", ASSUMPTION)
CARE_DAYS = Shares(
    "care days of a child",
    (4, 8, 12),
    (40, 40, 20),
    "days a period",
    "at most 12 days a month: Assabu (Hazeru), 2021; shares: assumption",
)
HAS_SKILL = Number("adults with a skill for roles", 0.6, "share", ASSUMPTION)
SPEAKS_OTHER = Number("households that need a supporter in another language", 0.04, "share", ASSUMPTION)
HAS_TOPIC = Number("households with a topic for the supporter", 0.25, "share", ASSUMPTION)

HOUSE_KIND = Shares(
    "kind of house (whole, room, trial, hotel)", (0, 1, 2, 3), (45, 12, 38, 5), "code", ASSUMPTION
)
HOUSE_UNITS = Shares(
    "units of a share house or hotel block",
    (2, 3, 4, 6),
    (55, 30, 10, 5),
    "units",
    f"Tanabe 8 units in 3 places, Tateshina 2 rooms, Hazeru 4; shares: {ASSUMPTION}",
)
HOUSE_CAPACITY = Shares(
    "persons of a whole house or trial unit", (2, 3, 4, 5, 6), (20, 20, 30, 20, 10), "persons", ASSUMPTION
)
ROOM_CAPACITY = Shares("persons of a room", (1, 2), (60, 40), "persons", ASSUMPTION)
RENT_WHOLE = Lognormal(
    "rent of a whole house", 38_000, 65_000, 10_000, 120_000, 500, "yen a month", ASSUMPTION
)
RENT_ROOM = Lognormal("rent of a room", 28_000, 45_000, 10_000, 80_000, 500, "yen a month", ASSUMPTION)
RENT_TRIAL = Lognormal(
    "rent of a trial unit",
    15_500,
    40_000,
    3_600,
    45_000,
    100,
    "yen a month",
    f"{TANABE}: 3,600-15,500; JR West trial 25,000-45,000, 2022",
)
RENT_HOTEL = Lognormal(
    "rent of a hotel month",
    45_000,
    80_000,
    33_000,
    99_800,
    100,
    "yen a month",
    "ADDress and HafH nights 3,300-4,900 yen, 2020-2023; nights of a month: assumption",
)
MIN_STAY = Shares(
    "shortest stay of a whole house",
    (1, 2, 3, 6),
    (35, 25, 20, 20),
    "periods",
    f"{TRIALS}; shares: {ASSUMPTION}",
)
MAX_STAY = Shares(
    "longest stay of a trial unit",
    (1, 2, 3, 12),
    (15, 30, 35, 20),
    "periods",
    f"{TRIALS}; shares: {ASSUMPTION}",
)
WINTER_CLOSED = Number(
    "trial units closed in January and February",
    0.25,
    "share",
    f"Toyoura closes at New Year, 2016; share: {ASSUMPTION}",
)
QUARTER_START = Number("trial units that start by the quarter only", 0.2, "share", ASSUMPTION)
GAP = Number("trial units kept free a period after a stay", 0.25, "share", ASSUMPTION)
NOT_READY = Number("houses that need a renovation first", 0.15, "share", ASSUMPTION)
RENOVATION = Lognormal(
    "cost of a renovation",
    5_000_000,
    11_000_000,
    1_000_000,
    15_000_000,
    10_000,
    "yen",
    f"half public: model project 1/2; amounts: {ASSUMPTION}",
)
HOUSE_DISTANCE = Lognormal(
    "straight way of a house from the office", 3.0, 9.0, 0.2, 20.0, 0, "km", ASSUMPTION
)
SITE_HAZARD = Number(
    "houses in a zone of each hazard of the region",
    0.2,
    "share",
    f"10-30 % assumed; flags of the region from its emergency sites: {ASSUMPTION}",
)
BUS_SERVED = Number("houses served by a demand bus", 0.65, "share", ASSUMPTION)
TAXI_SERVED = Number("houses served by a taxi", 0.5, "share", ASSUMPTION)
TAG_NET = Number("houses with internet", 0.8, "share", ASSUMPTION)
TAG_PETS = Number("houses open to pets", 0.3, "share", ASSUMPTION)
TAG_STEP_FREE = Number("step-free houses", 0.15, "share", ASSUMPTION)
POPULARITY = Number(
    "spread of the popularity of regions and houses (sigma of its logarithm)", 1.0, "log", ASSUMPTION
)
HALVED_BY = Number("way that halves the liking of a region", 60, "minutes", ASSUMPTION)

SCHOOL_SEATS = Shares(
    "guest seats of a grade",
    (0, 1, 2, 3, 4),
    (10, 30, 35, 15, 10),
    "pupils",
    "15 cases in 8 towns of Tokushima, 2023 (dual school); shares: assumption",
)
CONSENT_HOST = Number("schools whose board accepts guests", 0.9, "share", ASSUMPTION)
CONSENT_HOME = Number("home boards that let pupils go", 0.95, "share", ASSUMPTION)
CARE_SEATS = Shares("day places of an age band", (1, 2, 3, 4), (30, 40, 20, 10), "children a day", ASSUMPTION)
DESKS = Shares("desks of a coworking space", (2, 4, 6, 10), (25, 35, 25, 15), "desks", ASSUMPTION)
ROLE_KIND = Shares(
    "kind of role (job, side job, community, event)", (0, 1, 2, 3), (25, 20, 40, 15), "code", ASSUMPTION
)
ROLE_HOLDERS = Lognormal(
    "most holders of a role",
    3,
    10,
    1,
    20,
    1,
    "persons",
    f"head counts 1-20 of real roles: ume, Shinshu working holiday; shape: {ASSUMPTION}",
)
ROLE_LOAD = Lognormal("hours of a role", 8, 30, 4, 60, 1, "hours a period", ASSUMPTION)
ROLE_SKILL = Number("roles that ask for a skill", 0.25, "share", ASSUMPTION)
ROLE_MINIMUM = Number("community roles and events with a minimum", 0.5, "share", ASSUMPTION)
ROLE_AGE = Shares(
    "highest age of a role",
    (69, 120),
    (50, 50),
    "years",
    "16-69 in Iida (farm work), 2013; share: assumption",
)
CASELOAD = Shares("households of a supporter", (15, 20, 30), (40, 40, 20), "households", ASSUMPTION)

STAY_WISHES = Number(
    "most wishes for a stay", 5, "wishes", "ranked choices up to 5: nursery allocation of Saitama, 2016"
)
REGION_WISH = Number("households whose last wish is a whole region", 0.3, "share", ASSUMPTION)
CAREFUL = Number("wishes checked against size and budget before applying", 0.75, "share", ASSUMPTION)
WANTS_SCHOOL = Number("pupils who want a seat", 0.5, "share", ASSUMPTION)
NO_SCHOOL_NEEDED = Number("pupils with a wish who would also come without a seat", 0.3, "share", ASSUMPTION)
WANTS_EXPERIENCE = Number("households that want an experience", 0.3, "share", ASSUMPTION)

RAIL_TRUNK = Number(
    "speed between hubs by rail",
    150,
    "km an hour of way",
    "Tokyo-Nagano 81-100 min, Tokyo-Nasushiobara 70 min, 2023-2024",
)
RAIL_TRUNK_FARE = Number(
    "fare between hubs by rail",
    40,
    "yen a km straight",
    "Tokyo-Nagano 8,340 yen, 2024; Tokyo-Nasushiobara 6,020 yen, 2023",
)
RAIL_LOCAL = Number("speed to the hub by rail", 50, "km an hour of way", ASSUMPTION)
RAIL_LOCAL_FARE = Number("fare to the hub by rail", 22, "yen a km straight", ASSUMPTION)
AIR = Number("speed by air", 600, "km an hour straight", ASSUMPTION)
AIR_EXTRA = Number("way to and through airports", 110, "minutes", ASSUMPTION)
AIR_FARE = Number(
    "fare by air, on top of 8,000 yen",
    20,
    "yen a km straight",
    "advance fare Haneda-Nanki-Shirahama just under 20,000 yen, 2016",
)
BUS = Number("speed of a coach", 65, "km an hour of way", "Osaka-Tanabe 180 min, 2007")
BUS_FARE = Number("fare of a coach", 22, "yen a km straight", "Osaka-Tanabe 2,600 yen, 2007")
ROAD = Number("speed of a car between hubs", 70, "km an hour of way", ASSUMPTION)
ROAD_FARE = Number("toll and fuel of a car", 48, "yen a km straight", ASSUMPTION)
DETOUR = Number("way over straight line", 1.3, "ratio", ASSUMPTION)
TRANSFER = Number("wait at a change of vehicle", 12, "minutes", ASSUMPTION)
DEMAND_BUS_FARE = Number("fare of a demand bus", 400, "yen", ASSUMPTION)
TAXI_FARE = Number("fare of a taxi, on top of 700 yen", 350, "yen a km of way", ASSUMPTION)
AIR_FROM = Number("shortest way by air", 350, "km straight", ASSUMPTION)
RAIL_TO = Number("longest way by rail", 900, "km straight", ASSUMPTION)
BUS_TO = Number("longest way by coach", 350, "km straight", ASSUMPTION)
BIG_CITY = Number(
    "population from which a municipality is a home, below it a host", 100_000, "persons", ASSUMPTION
)
GUESTS = Number("households for each unit that a region receives at a time at most", 0.9, "share", ASSUMPTION)

Parameter = Shares | Lognormal | Number
PARAMETERS: tuple[Parameter, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Shares | Lognormal | Number)
)
"""Every parameter, in the order above."""


def table_lines() -> list[str]:
    """Return the rows of the page of parameters as Markdown."""
    return [f"| {p.name} | {_shape(p)} | {p.unit} | {p.source} |" for p in PARAMETERS]


def _shape(parameter: Parameter) -> str:
    match parameter:
        case Shares(values=values, shares=shares):
            return "; ".join(f"{value:g}: {share:g}" for value, share in zip(values, shares, strict=True))
        case Lognormal(median=median, under_90=under_90, low=low, high=high):
            return f"lognormal, median {median:,g}, 90 % under {under_90:,g}, cut to {low:,g}-{high:,g}"
        case Number(value=value):
            return f"{value:,g}"
