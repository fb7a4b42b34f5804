"""Figures about an allocation: who is placed, how well, what is used, what it costs, who may feel wronged."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from nichiiki_models.notebook import card, share

Counts = Mapping[str, int]


class Figures(BaseModel):
    """A part of the metrics: frozen, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Placed(Figures):
    """Households and persons of a group, and how many of them are placed."""

    households: int = Field(description="households")
    placed_households: int = Field(description="households with a place")
    persons: int = Field(description="persons of the households")
    placed_persons: int = Field(description="persons of households with a place")


class Spread(Figures):
    """How a number is spread over households; None without any household."""

    mean: float | None = Field(description="mean")
    median: float | None = Field(description="median")
    max: int | None = Field(description="highest")


class Fairness(Figures):
    """How utility is spread over all households; those not placed count with 0."""

    gini: float | None = Field(
        description="Gini coefficient of utilities raised so that the lowest is not below 0; 0 = all equal"
    )
    lowest_milli_points: int | None = Field(
        description="lowest utility of a household (first entry of the leximin vector)"
    )
    households_at_lowest: int = Field(description="households that have the lowest utility")
    lowest_tenth_mean_milli_points: float | None = Field(
        description="mean utility of the tenth of all households (rounded up) that is worst off"
    )
    placed_lowest_milli_points: int | None = Field(description="lowest utility of a placed household")


class RegionUse(Figures):
    """What is used of a region's houses."""

    houses: int = Field(description="houses that can be lived in")
    houses_used: int = Field(description="houses with at least one stay")
    households: int = Field(description="households with a stay")
    persons: int = Field(description="persons of these households")
    unit_periods_offered: int = Field(
        description="units of ready houses times the open periods in which they are not closed"
    )
    unit_periods_used: int = Field(description="units of stays times their periods, gaps not counted")
    household_days: int = Field(description="days of the periods of all stays, a household each")
    person_days: int = Field(description="days of the periods of all stays, a person each")


class SeatFigures(Figures):
    """What is used of seats, care days or desks, summed over open periods."""

    used: int = Field(description="taken")
    offered: int = Field(description="on offer")


class RoleFigures(Figures):
    """How well roles are held."""

    holders: int = Field(description="pairs of a person and a role")
    wanted_periods: int = Field(
        description="pairs of a role and an open period in which it should run (it takes holders)"
    )
    running_periods: int = Field(description="of these, with at least one holder and enough of them")
    holder_periods: int = Field(description="holders summed over periods")
    missing_holder_periods: int = Field(
        description="holders lacking to the lowest number, over wanted periods"
    )


class Kpi(Figures):
    """The sheet of key figures (関係人口・地域への効果)."""

    residents: int = Field(description="persons of placed households")
    nights: int = Field(description="days of the periods of all stays, a person each")
    visits: int = Field(
        description="round trips: round_trips a month times days of the stay / 30, summed, rounded down"
    )
    role_hours: int = Field(
        description="hours_per_period of roles, over their holders and the periods they are held"
    )
    houses_reused: int = Field(description="whole houses (kind whole) with a stay")
    children_received: int = Field(description="persons under 18 of placed households")
    pupils_received: int = Field(description="of them, pupils with a school seat")
    registrations: int = Field(
        description="registered households for which the region of the stay is a new municipality"
    )
    activities: int = Field(
        description="holders of community and event roles, a period each: activities for the next renewal"
    )
    premium_kept: int = Field(
        description="placed premium households with enough activities in the calendar for the next renewal"
    )
    relation_types: Counts = Field(
        description="placed households by type of 関係人口, the first that fits: contributing (a community or event role), "
        "working (a job or side job), telework (a desk), joining (an experience), leisure (nothing of these)"
    )
    spending_yen: int = Field(
        description="rent of the stays (month by month, days / 30) and kpi.spending_yen_per_day a person and night"
    )
    cost_yen_per_person: int | None = Field(
        description="monthly cost of all placed households divided by their persons, rounded down"
    )


class SupporterLoad(Figures):
    """Load of a supporter."""

    households: int = Field(description="households in all")
    peak_households: int = Field(description="most households in a period")
    caseload: int = Field(description="most households it can take at a time")


class ProgrammeUse(Figures):
    """What a programme has and pays."""

    budget_yen: int = Field(description="budget (yen)")
    paid_yen: int = Field(description="paid for measures taken (yen)")


class MeasureFigures(Figures):
    """Renovations and expansions."""

    measures: int = Field(description="measures that could be taken")
    taken: int = Field(description="measures taken")
    cost_yen: int = Field(description="cost of those taken (yen)")
    own_yen: int = Field(description="own money of regions and supporters in it (yen)")
    programmes: Mapping[str, ProgrammeUse] = Field(description="use of each programme")


class BudgetLine(Figures):
    """Who pays a part of a measure, or why somebody does not."""

    measure_id: str = Field(description="measure")
    target_id: str = Field(description="house, facility, role or supporter")
    item: str = Field(description="item of expense")
    taken: bool = Field(description="whether the measure is taken")
    cost_yen: int = Field(description="whole cost (yen)")
    payer: str = Field(description="state, prefecture, municipality, private, or own")
    paid_by: str = Field(description="programme; for own money the region or supporter")
    amount_yen: int = Field(description="what is paid (yen)")
    note: str = Field(
        description="empty if it pays; else the rule by which it may not, or not_asked; of own money for a measure that is not "
        "taken own_budget, programme_budget or not_needed"
    )
    need_yen: int | None = Field(
        default=None,
        description="least own money that the measure would take, where own money is short (yen)",
    )
    left_yen: int | None = Field(default=None, description="own money that the region has left then (yen)")


class ClassChange(Figures):
    """A school whose number of classes is another with the guest pupils: a warning for its board."""

    facility_id: str = Field(description="school")
    period_id: str = Field(description="period")
    grades: tuple[str, ...] = Field(description="grades whose pupils are others")
    guests: int = Field(description="guest pupils of the stage (grades 1-6, or 7-9) in the period")
    before: int = Field(
        description="classes without them; with those of an earlier allocation, if there was one"
    )
    after: int = Field(description="classes with them: more where a class opens, fewer where one closes")


class Metrics(Figures):
    """Figures about an allocation; every sum is over placed households unless something else is said."""

    total: Placed = Field(description="all households")
    by_group: Mapping[str, Placed] = Field(description="households by group; one may belong to several")
    stay_ranks: Counts = Field(
        description="placed households by the rank of their stay among their wishes: 1, 2, …, unlisted"
    )
    levels: Counts = Field(description="value of each level of the objective")
    terms: Counts = Field(description="value of each term of the objective")
    utility_milli_points: int = Field(description="sum of utilities")
    fairness: Fairness = Field(description="how utility is spread")
    regions: Mapping[str, RegionUse] = Field(description="use of houses by region with houses")
    school_seats: SeatFigures = Field(description="pupils and seats, a period each")
    care_days: SeatFigures = Field(description="days of care, a child each")
    desks: SeatFigures = Field(description="persons and desks, a period each")
    roles: RoleFigures = Field(description="how well roles are held")
    role_holders_by_period: Counts = Field(description="holders of all roles in each period")
    short_roles: Mapping[str, Counts] = Field(
        description="roles with fewer holders than their lowest number: holders lacking, by role and wanted period"
    )
    employers: Mapping[str, SeatFigures] = Field(
        description="holders and places of the roles of each employer, a period each: how fairly it is served"
    )
    class_changes: tuple[ClassChange, ...] = Field(
        default=(), description="schools in which a class opens or closes, by school and period"
    )
    kpi: Kpi = Field(description="the sheet of key figures")
    supporters: Mapping[str, SupporterLoad] = Field(description="load of each supporter")
    cost_yen_a_month: Spread = Field(
        description="highest monthly cost (rent and travel) of placed households"
    )
    travel_yen_a_month: Spread = Field(description="highest monthly travel cost of placed households")
    trip_minutes: Spread = Field(
        description="longest one-way trip of placed households, by the way they take"
    )
    hazard_overlaps: Counts = Field(
        description="placed households both of whose homes are exposed to a hazard, by hazard"
    )
    justified_envy_households: int | None = Field(
        description="households whose wishes rank a house and its periods, held by a household with fewer "
        "total points, above their own stay (or that have none), and that the rules of a stay allow there; "
        "None if more pairs would have to be compared than was asked for"
    )
    measures: MeasureFigures = Field(description="renovations and expansions, and who pays for them")

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the main figures."""
        total, fair = self.total, self.fairness
        facts = {
            "total.placed_households": share(total.placed_households, total.households),
            "total.placed_persons": share(total.placed_persons, total.persons),
            "stay_ranks": tuple(f"{rank}: {count}" for rank, count in self.stay_ranks.items() if count),
            "utility_milli_points": self.utility_milli_points,
            "fairness.gini": fair.gini,
            "fairness.lowest_milli_points": fair.lowest_milli_points,
            "roles.running_periods": share(self.roles.running_periods, self.roles.wanted_periods),
            "cost_yen_a_month.mean": self.cost_yen_a_month.mean,
            "justified_envy_households": self.justified_envy_households,
        }
        return card("Metrics", facts)
