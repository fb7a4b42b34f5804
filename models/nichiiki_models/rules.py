"""The rules of a run as dated data: objective, wishes, procedure, points, limits, travel, lottery, demand.

Rules are written in ``rules.toml``; nothing in them is ever repeated in code. Defaults are stated here once.
"""

from __future__ import annotations

from datetime import date
from math import lcm
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from nichiiki_models.tables import Hazard, Id, ListName, Payer, Registration, Text

Term = Literal["utility", "role_value", "placed", "persons", "points", "kept", "measure_yen", "own_yen"]
TieKey = Literal["income_class", "past_losses", "applied_at", "children", "persons", "lottery"]
ConditionField = Literal[
    "group",
    "income_class",
    "past_losses",
    "registration",
    "children",
    "pupils",
    "preschool",
    "persons",
    "home_region",
    "car",
]
Percent = Annotated[int, Field(ge=0, le=100)]
MilliPoints = Annotated[int, Field(ge=-1_000_000, le=1_000_000)]


class Part(BaseModel):
    """A part of the rules: frozen, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Level(Part):
    """One level of the objective; a level counts only among the best answers of the levels before it."""

    name: Id = Field(description="name of the level")
    weights: dict[Term, Annotated[int, Field(ge=0, le=1000)]] = Field(
        description="weight of each term: utility, role_value (milli-points), placed, persons, points, kept (see moves); "
        "measure_yen, own_yen: minus the cost, and minus the own money, of measures"
    )


class Objective(Part):
    """What the optimum mode maximises."""

    levels: tuple[Level, ...] = Field(
        default=(Level(name="welfare", weights={"utility": 1, "role_value": 1}),), min_length=1, max_length=8
    )


class ListRule(Part):
    """How one list of wishes is read."""

    required: bool = Field(
        default=False, description="a household that asks here declines a place without it"
    )
    accept_unlisted: bool = Field(
        default=False, description="what fits but is not listed is acceptable, after all that is listed"
    )
    rank_utility: tuple[MilliPoints, ...] = Field(
        default=(1000, 800, 600, 400, 200),
        min_length=1,
        description="milli-points of rank 1, 2, …; later ranks as the last",
    )


_NO_UTILITY = (0,)


class Lists(Part):
    """The lists of wishes and the order in which their ranks are compared."""

    order: tuple[ListName, ...] = Field(
        default=("stay", "school", "care", "desk", "role", "supporter", "experience"),
        description="ranks are compared in this order, first difference decides",
    )
    stay: ListRule = ListRule(required=True)
    school: ListRule = ListRule(required=True, rank_utility=(300, 200, 100))
    care: ListRule = ListRule(rank_utility=(300, 200, 100))
    desk: ListRule = ListRule(rank_utility=(100, 50))
    role: ListRule = ListRule(rank_utility=(200, 150, 100))
    supporter: ListRule = ListRule(accept_unlisted=True, rank_utility=_NO_UTILITY)
    experience: ListRule = ListRule(rank_utility=(100, 50))


class Procedure(Part):
    """The clerk's procedure."""

    kind: Literal["one_list", "per_target", "by_rank"] = Field(
        default="one_list",
        description="one_list: households in order, each its best left; by_rank: first wishes first; per_target: places choose",
    )
    tie_order: tuple[TieKey, ...] = Field(
        default=("income_class", "past_losses", "applied_at", "lottery"),
        description="what decides between equal points, in order",
    )


class Condition(Part):
    """A test on a household, for the points table and the lottery weights."""

    field: ConditionField = Field(
        description="group: one of the household's groups; children: under 18; preschool: under 6; pupils: grades 1-9"
    )
    op: Literal["==", "!=", "<=", ">="] = "=="
    value: bool | int | Text


class PointRule(Part):
    """A row of the points table (選考基準)."""

    rule_id: Id
    points: Annotated[int, Field(ge=-1_000_000, le=1_000_000)]
    when: tuple[Condition, ...] = Field(default=(), description="all must hold")
    note: Text = ""


class AgeLimit(Part):
    """A limit that depends on age."""

    up_to_age: Annotated[int, Field(ge=0, le=120)]
    minutes: Annotated[int, Field(ge=0, le=8000)]


class IncomeLimit(Part):
    """A limit that depends on the income class."""

    up_to_class: Annotated[int, Field(ge=1, le=99)]
    yen: Annotated[int, Field(ge=0, le=10_000_000)]


class Reach(Part):
    """A service that must be near a second base (地域生活圏)."""

    kinds: tuple[Literal["clinic", "hospital", "shop", "school", "station", "bus_stop", "office"], ...] = (
        Field(min_length=1, description="one place of any of these kinds is enough")
    )
    minutes: Annotated[int, Field(ge=0, le=8000)] = Field(
        description="longest way from the house, on foot, by the household's car, or by a link"
    )


class CareRatio(Part):
    """Children that one carer may look after (児童福祉施設の設備及び運営に関する基準 第33条, as of 2024-04-01)."""

    age0: Annotated[int, Field(ge=1, le=100)] = 3
    age1_2: Annotated[int, Field(ge=1, le=100)] = 6
    age3: Annotated[int, Field(ge=1, le=100)] = 15
    age4_5: Annotated[int, Field(ge=1, le=100)] = 25

    def shares(self) -> tuple[dict[str, int], int]:
        """Return what part of a carer's day a child of each age band takes, in units of which a day has the second number."""
        ratios = {"age0": self.age0, "age1-2": self.age1_2, "age3": self.age3, "age4-5": self.age4_5}
        whole = lcm(*ratios.values())
        return {band: whole // ratio for band, ratio in ratios.items()}, whole


class Limits(Part):
    """Limits that hold for every household, beside its own."""

    trip_minutes: Annotated[int, Field(ge=0, le=8000)] | None = Field(
        default=None, description="longest one-way trip between the homes"
    )
    commute_by_age: tuple[AgeLimit, ...] = Field(
        default=(AgeLimit(up_to_age=6, minutes=30), AgeLimit(up_to_age=12, minutes=40)),
        description="longest way of a child to school or care: the first row whose age is not below the child's",
    )
    hazards_apart: tuple[Hazard, ...] = Field(
        default=(), description="hazards that must not threaten both homes"
    )
    care_days_max: Annotated[int, Field(ge=0, le=366)] | None = Field(
        default=None, description="most care days of a child a period"
    )
    children_per_carer: CareRatio = Field(
        default=CareRatio(), description="children that one of the `staff` of a nursery may look after"
    )
    roles_per_person: Annotated[int, Field(ge=0, le=10)] = Field(
        default=2, description="most roles of one person"
    )
    registrations_max: Annotated[int, Field(ge=0, le=100)] = Field(
        default=3, description="most municipalities of a registration"
    )
    roles_at_home: bool = Field(
        default=False, description="whether roles in the home region may be held beside the stay"
    )
    burden_by_income: tuple[IncomeLimit, ...] = Field(
        default=(),
        description="most yen a month a second base may cost: the first row whose class is not below the household's",
    )
    reach: tuple[Reach, ...] = Field(default=(), description="services that must be near every second base")
    any_patterns_max: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=2000,
        description="most ways in which an 'any' stay may lie in its window; more is refused as input",
    )


class Standing(Part):
    """What a registration as a furusato resident (ふるさと住民登録) is worth."""

    stay: Registration = Field(default="none", description="least standing that a stay asks for")
    activities_min: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=3, description="activities without which a premium registration counts as basic"
    )
    activity_days: Annotated[int, Field(ge=1, le=3660)] = Field(
        default=365, description="days before the calendar in which activities count"
    )


class Travel(Part):
    """How ways without a timetable are measured, and who pays which fare."""

    walk_metres_per_minute: Annotated[int, Field(ge=1, le=1000)] = 75
    car_metres_per_minute: Annotated[int, Field(ge=1, le=3000)] = 500
    detour_percent: Annotated[int, Field(ge=100, le=500)] = Field(
        default=130, description="way by road in percent of the straight line"
    )
    walk_max_minutes: Annotated[int, Field(ge=0, le=600)] = Field(default=30, description="longest walk")
    child_fare_percent: Percent = Field(
        default=50, description="fare of a child in percent, rounded down to 10 yen"
    )
    child_from_age: Annotated[int, Field(ge=0, le=120)] = Field(
        default=6, description="younger ones travel free"
    )
    adult_from_age: Annotated[int, Field(ge=0, le=120)] = Field(
        default=12, description="full fare from this age"
    )


class Weight(Part):
    """Tickets added in a weighted lottery."""

    tickets: Annotated[int, Field(ge=0, le=1000)]
    when: tuple[Condition, ...] = ()


class Lottery(Part):
    """Weights of the lottery at the end of the tie order."""

    base_tickets: Annotated[int, Field(ge=1, le=1000)] = 1
    per_past_loss: Annotated[int, Field(ge=0, le=1000)] = 0
    max_tickets: Annotated[int, Field(ge=1, le=10_000)] = 100
    weights: tuple[Weight, ...] = ()


MoveWeight = Annotated[int, Field(ge=0, le=1000)]


class Moves(Part):
    """What a move costs when an earlier allocation (table `previous`) is run again with changes."""

    level: Literal["first", "last", "none"] = Field(
        default="last",
        description="level `moves` of the objective: first (at any price), last (among the best) or none",
    )
    stay: MoveWeight = Field(
        default=10, description="weight of a house or its periods that a household keeps"
    )
    school: MoveWeight = Field(default=5, description="weight of a school that a pupil keeps")
    care: MoveWeight = Field(default=5, description="weight of a care place that a child keeps")
    desk: MoveWeight = Field(default=2, description="weight of a desk that a person keeps")
    role: MoveWeight = Field(default=3, description="weight of a role that a person keeps")
    supporter: MoveWeight = Field(default=1, description="weight of a supporter that a household keeps")
    experience: MoveWeight = Field(default=1, description="weight of an experience that a household keeps")


class KpiRule(Part):
    """Parameters of the key figures."""

    spending_yen_per_day: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=2500,
        description="what a person spends a day beside rent; the default is an assumption, put your survey's figure here",
    )
    spending_source: Text = Field(default="", description="where the figure is from")


class DemandRule(Part):
    """Parameters of travel demand, for pricing; see docs/explanation/tariffs.md."""

    basis: Literal["stated", "values"] = Field(
        default="stated",
        description="stated: a household makes its round trips at today's single fares; values: trip_value_yen and its step",
    )
    elasticity_percent: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=40,
        description="by how many percent trips grow if fares fall by one percent of today's, times 100; for stated",
    )
    trip_value_yen: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=8000, description="value of a household's first round trip, per full fare; for values"
    )
    trip_value_step_yen: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=1000, description="by how much each further one is worth less; for values"
    )
    flat_bias_yen: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] = Field(
        default=0, description="liking of a flat fee a month, per full fare"
    )
    minute_value_yen: Annotated[int, Field(ge=0, le=10_000)] = Field(
        default=40, description="value of a minute of a person"
    )
    choice: Literal["best", "logit"] = Field(
        default="best", description="best: everybody takes what is best; logit: shares by a multinomial logit"
    )
    logit_yen: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=2000, description="spread of tastes a month, per full fare; for logit"
    )
    admin_yen: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=0, description="cost of selling a product a month, per full fare"
    )
    public_funds_percent: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=20, description="what a yen of public money costs beyond itself, in percent; for welfare"
    )


Yen = Annotated[int, Field(ge=0, le=1_000_000_000_000)]


class Funding(Part):
    """Who pays for measures beside the programmes, and what is never paid or paid together."""

    state_excluded_items: tuple[Id, ...] = Field(
        default=("fare", "lodging"), description="items that no programme of the state pays"
    )
    single_payers: tuple[Payer, ...] = Field(
        default=(), description="payers of whose programmes at most one pays for a measure"
    )
    own_budget_yen: dict[Id, Yen] = Field(
        default={}, description="own money for measures by region; regions not named have no limit"
    )


Pupils = Annotated[int, Field(ge=1, le=1000)]


class ClassRule(Part):
    """The standard of school classes (義務標準法 第3条, primary school as of 2025, junior high as of 2026); for warnings only."""

    limit: Pupils = Field(default=35, description="pupils of a class where the seat row has no class_limit")
    combined: Pupils = Field(default=16, description="pupils of two grades that share a class (複式学級)")
    combined_with_first: Pupils = Field(
        default=8, description="the same where one of them is the first grade"
    )
    combined_junior: Pupils = Field(default=8, description="the same in junior high school")


class PlatformRule(Part):
    """What a partner on the platform (官民マッチング) is worth; a side that ranks nobody gives everybody rank 1."""

    need_utility: tuple[MilliPoints, ...] = Field(
        default=(1000, 800, 600, 400, 200),
        min_length=1,
        description="milli-points of an offer that the need ranks 1, 2, …; later ranks as the last",
    )
    offer_utility: tuple[MilliPoints, ...] = Field(
        default=(1000, 800, 600, 400, 200),
        min_length=1,
        description="milli-points of a need that the offer ranks 1, 2, …; later ranks as the last",
    )


class Rules(Part):
    """All rules of a run."""

    rules_id: Id = "default"
    version: Text = "1"
    valid_from: date | None = None
    source: Text = ""
    objective: Objective = Objective()
    lists: Lists = Lists()
    procedure: Procedure = Procedure()
    points: tuple[PointRule, ...] = ()
    limits: Limits = Limits()
    registration: Standing = Standing()
    travel: Travel = Travel()
    lottery: Lottery = Lottery()
    kpi: KpiRule = KpiRule()
    funding: Funding = Funding()
    moves: Moves = Moves()
    demand: DemandRule = DemandRule()
    platform: PlatformRule = PlatformRule()
    classes: ClassRule = ClassRule()
