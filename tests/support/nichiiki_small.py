"""A small world in which every family of rules is at work, with an allocation that keeps all of them.

Positions lie on a meridian: 0.005 degrees of latitude are 556 m, 723 m by road, 10 minutes on foot, 2 by car.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from nichiiki_models.allocation import Allocation
from nichiiki_models.instance import Instance
from nichiiki_models.rules import Rules

Record = dict[str, Any]

PERIODS: list[Record] = [
    {"period_id": "p1", "starts_on": "2026-04-01", "ends_on": "2026-04-30"},
    {"period_id": "p2", "starts_on": "2026-05-01", "ends_on": "2026-05-31"},
    {"period_id": "p3", "starts_on": "2026-06-01", "ends_on": "2026-06-30"},
    {"period_id": "p4", "starts_on": "2026-07-01", "ends_on": "2026-07-31"},
    {"period_id": "p5", "starts_on": "2026-08-01", "ends_on": "2026-08-31", "open": False},
    {"period_id": "p6", "starts_on": "2026-09-01", "ends_on": "2026-09-30"},
]
REGIONS: list[Record] = [
    {
        "region_id": "tokyo",
        "name": "Tokyo",
        "lat": 35.68,
        "lon": 139.76,
        "hazards": ["earthquake", "flood"],
        "board_consents": ["sea"],
    },
    {"region_id": "osaka", "name": "Osaka", "lat": 34.69, "lon": 135.5},
    {
        "region_id": "sea",
        "name": "Sea",
        "lat": 34.0,
        "lon": 134.0,
        "reception_max": 1,
        "has_plan": True,
        "platform_member": True,
    },
    {"region_id": "hill", "name": "Hill", "lat": 36.0, "lon": 138.0, "reception_max": 3},
]
PLACES: list[Record] = [
    {"place_id": "sea_st", "region_id": "sea", "kind": "station", "lat": 34.01, "lon": 134.0},
    {"place_id": "sea_port", "region_id": "sea", "kind": "port", "lat": 34.0, "lon": 134.0},
    {"place_id": "hill_st", "region_id": "hill", "kind": "station", "lat": 36.01, "lon": 138.0},
    {"place_id": "hill_shop", "region_id": "hill", "kind": "shop", "lat": 36.0, "lon": 138.0},
]
HOUSEHOLDS: list[Record] = [
    {
        "household_id": "h1",
        "home_region": "tokyo",
        "budget_yen": 130_000,
        "round_trips": 1.5,
        "stay_kind": "consecutive",
        "stay_periods": ["p1", "p2", "p3", "p4"],
        "stay_length": 3,
        "max_trip_minutes": 210,
        "max_commute_minutes": 10,
        "needs": ["pets", "parking"],
        "siblings": "together",
        "groups": ["family"],
        "points": 5,
    },
    {
        "household_id": "h2",
        "home_region": "tokyo",
        "budget_yen": 62_000,
        "round_trips": 2,
        "stay_periods": ["p1", "p2", "p3"],
        "max_trip_minutes": 152,
        "car": True,
        "groups": ["family"],
        "languages": ["en", "fr"],
        "topics": ["work", "school"],
        "income_class": 3,
    },
    {
        "household_id": "h3",
        "home_region": "tokyo",
        "budget_yen": 40_000,
        "round_trips": 1,
        "stay_kind": "any",
        "stay_periods": ["p1", "p2", "p3", "p4"],
        "stay_length": 2,
        "past_losses": 1,
    },
    {
        "household_id": "h4",
        "home_region": "tokyo",
        "budget_yen": 45_000,
        "round_trips": 1,
        "stay_periods": ["p3", "p4"],
        "points": -30,
    },
    {"household_id": "h5", "home_region": "osaka", "budget_yen": 10_000, "round_trips": 1},
]
PERSONS: list[Record] = [
    {"person_id": "h1a", "household_id": "h1", "age": 40},
    {"person_id": "h1b", "household_id": "h1", "age": 12},
    {"person_id": "h1c", "household_id": "h1", "age": 11, "grade": "5"},
    {"person_id": "h1d", "household_id": "h1", "age": 7, "grade": "2"},
    {"person_id": "h2a", "household_id": "h2", "age": 30},
    {"person_id": "h2b", "household_id": "h2", "age": 30},
    {"person_id": "h2c", "household_id": "h2", "age": 1, "grade": "age1-2", "care_days": 20},
    {
        "person_id": "h3a",
        "household_id": "h3",
        "age": 25,
        "skills": ["cook"],
        "hours_per_period": 20,
        "telework_days": 5,
    },
    {"person_id": "h4a", "household_id": "h4", "age": 60, "skills": ["cook", "ski"], "hours_per_period": 50},
    {"person_id": "h5a", "household_id": "h5", "age": 33},
]
HOUSES: list[Record] = [
    {
        "house_id": "a1",
        "region_id": "sea",
        "lat": 34.005,
        "lon": 134.0,
        "capacity_persons": 4,
        "rent_yen": 40_000,
        "min_stay": 3,
        "tags": ["pets", "parking", "garden"],
        "settlement": "sea",
        "ready": False,
    },
    {
        "house_id": "b1",
        "region_id": "hill",
        "lat": 36.005,
        "lon": 138.0,
        "kind": "room",
        "units": 2,
        "capacity_persons": 2,
        "rent_yen": 25_000,
        "hazards": ["landslide"],
    },
    {
        "house_id": "c1",
        "region_id": "hill",
        "lat": 36.015,
        "lon": 138.0,
        "kind": "hotel",
        "capacity_persons": 1,
        "rent_yen": 30_000,
        "gap_periods": 1,
    },
    {
        "house_id": "d1",
        "region_id": "hill",
        "lat": 36.015,
        "lon": 138.0,
        "kind": "trial",
        "capacity_persons": 1,
        "rent_yen": 35_000,
        "max_stay": 2,
        "start_periods": ["p1", "p3"],
        "closed_periods": ["p2"],
    },
    {"house_id": "z1", "region_id": "hill", "lat": 36.3, "lon": 138.0, "capacity_persons": 9, "rent_yen": 1},
]
FACILITIES: list[Record] = [
    {
        "facility_id": "s1",
        "region_id": "sea",
        "lat": 34.01,
        "lon": 134.0,
        "kind": "school",
        "consent_regions": ["tokyo"],
    },
    {
        "facility_id": "s2",
        "region_id": "sea",
        "lat": 34.005,
        "lon": 134.0,
        "kind": "school",
        "consent_regions": ["*"],
    },
    {"facility_id": "n1", "region_id": "hill", "lat": 36.01, "lon": 138.0, "kind": "nursery"},
    {"facility_id": "k2", "region_id": "sea", "lat": 34.01, "lon": 134.0, "kind": "coworking"},
    {"facility_id": "k1", "region_id": "hill", "lat": 36.01, "lon": 138.0, "kind": "coworking"},
]
SEATS: list[Record] = [
    {"facility_id": "s1", "band": "5", "seats": 1},
    {"facility_id": "s1", "band": "2", "seats": 0},
    {"facility_id": "s1", "band": "2", "period_id": "p1", "seats": 1},
    {"facility_id": "s1", "band": "2", "period_id": "p2", "seats": 1},
    {"facility_id": "s1", "band": "2", "period_id": "p3", "seats": 1},
    {"facility_id": "s2", "band": "2", "seats": 9},
    {"facility_id": "s2", "band": "5", "seats": 9},
    {"facility_id": "n1", "band": "age1-2", "seats": 1},
    {"facility_id": "n1", "band": "age1-2", "period_id": "p2", "seats": 1, "days": 20},
    {"facility_id": "k1", "band": "desk", "seats": 1},
]
ROLES: list[Record] = [
    {
        "role_id": "r1",
        "region_id": "hill",
        "lat": 36.01,
        "lon": 138.0,
        "skill": "cook",
        "hours_per_period": 20,
        "periods": ["p3"],
        "min_holders": 2,
        "max_holders": 2,
        "value": 70,
    },
    {
        "role_id": "r2",
        "region_id": "hill",
        "lat": 36.015,
        "lon": 138.0,
        "skill": "ski",
        "min_age": 60,
        "max_age": 60,
        "hours_per_period": 30,
        "periods": ["p3", "p4"],
        "whole_season": True,
        "max_holders": 1,
        "value": 5,
    },
    {"role_id": "r3", "region_id": "sea", "lat": 34.0, "lon": 134.0, "hours_per_period": 0, "max_holders": 9},
]
SUPPORTERS: list[Record] = [
    {
        "supporter_id": "wide",
        "scope": "wide",
        "languages": ["ja", "fr"],
        "topics": ["work", "school", "law"],
        "caseload": 2,
        "designated": True,
    },
    {"supporter_id": "local", "scope": "local", "regions": ["hill"], "languages": ["ja"], "caseload": 1},
]
EXPERIENCES: list[Record] = [
    {"experience_id": "e1", "region_id": "hill", "periods": ["p1"], "places": 2, "min_places": 2},
    {"experience_id": "e2", "region_id": "sea", "places": 5},
]


PROGRAMMES: list[Record] = [
    {
        "programme_id": "g1",
        "rate_percent": 50,
        "cap_yen": 200,
        "budget_yen": 200,
        "eligible_items": ["renovation", "fare"],
        "requires": ["plan", "designation", "membership"],
        "valid_from": "2026-04-01",
        "valid_until": "2026-04-01",
    },
    {"programme_id": "g2", "payer": "prefecture", "rate_kind": "fixed", "cap_yen": 90, "budget_yen": 1000},
    {"programme_id": "g3", "payer": "state", "rate_percent": 10, "budget_yen": 1000},
    {"programme_id": "g4", "payer": "private", "rate_percent": 100, "budget_yen": 1000},
]
MEASURES: list[Record] = [
    {
        "measure_id": "m1",
        "target_kind": "house",
        "target_id": "a1",
        "cost_yen": 501,
        "programmes": ["g1", "g3", "g2"],
    },
    {"measure_id": "m2", "target_kind": "house", "target_id": "a1", "adds": 1, "cost_yen": 10},
    {"measure_id": "m3", "target_kind": "supporter", "target_id": "wide", "adds": 1, "cost_yen": 0},
]
"""The cost of m1: 200 of g1 (half of 501 is 250, its cap is lower), 90 of g2, 211 of the region's own."""


def _wish(household: str, name: str, rank: int, kind: str, target: str | None, **more: Any) -> Record:
    head = {"household_id": household, "list": name, "rank": rank, "target_kind": kind, "target_id": target}
    return {**head, **more}


CHOICES: list[Record] = [
    _wish("h1", "stay", 1, "house", "a1"),
    _wish("h1", "stay", 2, "region", "hill"),
    _wish("h1", "school", 1, "facility", "s1", person_id="h1c"),
    _wish("h1", "school", 2, "region", "sea", person_id="h1d"),
    _wish("h2", "stay", 1, "house", "c1"),
    _wish("h2", "stay", 2, "region", "hill"),
    _wish("h2", "care", 1, "facility", "n1", person_id="h2c"),
    _wish("h2", "supporter", 1, "supporter", "wide", score=50),
    _wish("h2", "experience", 1, "experience", "e1"),
    _wish("h3", "stay", 1, "house", "c1", score=950),
    _wish("h3", "stay", 2, "region", "hill"),
    _wish("h3", "desk", 1, "facility", "k1", person_id="h3a"),
    _wish("h3", "role", 2, "role", "r1", person_id="h3a"),
    _wish("h3", "experience", 2, "region", "hill"),
    _wish("h4", "stay", 1, "house", "a1"),
    _wish("h4", "stay", 2, "house", "d1", periods=["p3", "p4"]),
    _wish("h4", "role", 1, "role", "r1", person_id="h4a"),
    _wish("h4", "role", 5, "role", "r2", person_id="h4a"),
    _wish("h4", "experience", 1, "experience", "e2"),
    _wish("h4", "experience", 2, "none", None, score=-7),
    _wish("h5", "stay", 1, "house", "a1"),
]
LINKS: list[Record] = [
    {
        "link_id": "rail_sea",
        "from_id": "tokyo",
        "to_id": "sea_st",
        "mode": "rail",
        "minutes": 200,
        "fare_yen": 10_000,
    },
    {
        "link_id": "bus_sea",
        "from_id": "tokyo",
        "to_id": "sea_port",
        "mode": "bus",
        "minutes": 290,
        "fare_yen": 4_000,
    },
    {
        "link_id": "rail_hill",
        "from_id": "hill_st",
        "to_id": "tokyo",
        "mode": "rail",
        "minutes": 120,
        "fare_yen": 5_000,
    },
    {
        "link_id": "road_hill",
        "from_id": "tokyo",
        "to_id": "hill",
        "mode": "car",
        "minutes": 150,
        "fare_yen": 3_000,
        "fare_basis": "vehicle",
    },
]
QUOTAS: list[Record] = [
    {"quota_id": "q_all", "max": 4},
    {"quota_id": "q_hill", "target_kind": "region", "target_id": "hill", "min": 3},
    {
        "quota_id": "q_bay",
        "target_kind": "settlement",
        "target_id": "sea",
        "group": "family",
        "min": 1,
        "max": 1,
    },
    {"quota_id": "q_house", "target_kind": "house", "target_id": "c1", "group": "family", "max": 0},
    {"quota_id": "q_kept", "kind": "reserved", "target_kind": "house", "target_id": "b1", "min": 2},
]
LOCKS: list[Record] = [
    {"household_id": "h1", "target_kind": "house", "target_id": "a1", "effect": "must", "reason": "test"},
    {"household_id": "h1", "target_kind": "facility", "target_id": "s1", "effect": "must", "reason": "test"},
    {"household_id": "h2", "target_kind": "region", "target_id": "hill", "effect": "must", "reason": "test"},
    {
        "household_id": "h2",
        "target_kind": "supporter",
        "target_id": "wide",
        "effect": "must",
        "reason": "test",
    },
    {
        "household_id": "h3",
        "target_kind": "experience",
        "target_id": "e1",
        "effect": "must",
        "reason": "test",
    },
    {"household_id": "h3", "target_kind": "role", "target_id": "r2", "effect": "never", "reason": "test"},
    {"household_id": "h4", "target_kind": "placed", "effect": "must", "reason": "test"},
    {"household_id": "h5", "target_kind": "placed", "effect": "never", "reason": "test"},
]
RULES: Record = {
    "objective": {
        "levels": [
            {"name": "placed", "weights": {"placed": 1, "persons": 2}},
            {"name": "welfare", "weights": {"utility": 1, "role_value": 1}},
            {"name": "points", "weights": {"points": 3}},
        ]
    },
    "limits": {"trip_minutes": 300, "hazards_apart": ["earthquake"], "care_days_max": 20},
    "points": [
        {"rule_id": "child", "points": 10, "when": [{"field": "children", "op": ">=", "value": 1}]},
        {"rule_id": "loser", "points": 4, "when": [{"field": "past_losses", "op": ">=", "value": 1}]},
    ],
    "funding": {"single_payers": ["state"], "own_budget_yen": {"sea": 211}},
}
PLACEMENTS: list[Record] = [
    {
        "household_id": "h1",
        "stays": [{"house_id": "a1", "region_id": "sea", "units": 1, "periods": ["p1", "p2", "p3"]}],
        "schools": {"h1c": "s1", "h1d": "s1"},
        "cost_yen": 130_000,
    },
    {
        "household_id": "h2",
        "stays": [{"house_id": "b1", "region_id": "hill", "units": 2, "periods": ["p1", "p2", "p3"]}],
        "care": {"h2c": "n1"},
        "experiences": ["e1"],
        "supporter_id": "wide",
        "cost_yen": 62_000,
    },
    {
        "household_id": "h3",
        "stays": [{"house_id": "c1", "region_id": "hill", "units": 1, "periods": ["p1", "p3"]}],
        "desks": {"h3a": "k1"},
        "roles": {"h3a": ["r1"]},
        "experiences": ["e1"],
        "supporter_id": "wide",
        "cost_yen": 40_000,
    },
    {
        "household_id": "h4",
        "stays": [{"house_id": "d1", "region_id": "hill", "units": 1, "periods": ["p3", "p4"]}],
        "roles": {"h4a": ["r1", "r2"]},
        "supporter_id": "local",
        "cost_yen": 45_000,
    },
]
# utility: h1 1000 + 300 + 200; h2 800 + 300 + 50 + 100; h3 950 + 100 + 150 + 50; h4 800 + 200 + 100 - 7
# role value: 70 + 70 + 5. points: h1 15, h2 10, h3 4, h4 -30 counts as 0
LEVELS: list[Record] = [
    {"name": "placed", "objective": 22, "bound": 22},
    {"name": "welfare", "objective": 5238, "bound": 5300},
    {"name": "points", "objective": 87, "bound": None},
]
TABLES: dict[str, list[Record]] = {
    "regions": REGIONS,
    "places": PLACES,
    "periods": PERIODS,
    "households": HOUSEHOLDS,
    "persons": PERSONS,
    "houses": HOUSES,
    "facilities": FACILITIES,
    "seats": SEATS,
    "roles": ROLES,
    "supporters": SUPPORTERS,
    "experiences": EXPERIENCES,
    "choices": CHOICES,
    "links": LINKS,
    "measures": MEASURES,
    "use_history": [
        {"household_id": "h2", "kind": "stay", "target_id": "b1", "on": "2026-03-31"},
    ],
    "programmes": PROGRAMMES,
    "quotas": QUOTAS,
    "locks": LOCKS,
}


@dataclass
class World:
    """The tables, rules and allocation as plain records that a test may change before it builds them."""

    tables: dict[str, list[Record]]
    rules: Record
    allocation: Record

    def row(self, table: str, key: str, **more: Any) -> Record:
        """Return the first record of a table with this id (and these other values)."""
        column = {"regions": "region_id", "places": "place_id", "periods": "period_id"}.get(table)
        column = column or f"{'facility' if table in ('facilities', 'seats') else table[:-1]}_id"
        column = "household_id" if table in ("choices", "locks") else column
        return next(
            row
            for row in self.tables[table]
            if row[column] == key and all(row.get(name) == value for name, value in more.items())
        )

    def placement(self, household: str) -> Record:
        """Return the record of a placed household."""
        found: Record = next(row for row in self.allocation["placements"] if row["household_id"] == household)
        return found

    def stay(self, household: str) -> Record:
        """Return the stay of a placed household."""
        found: Record = self.placement(household)["stays"][0]
        return found

    def drop_placement(self, household: str) -> None:
        """Take a household out of the placements and give a reason."""
        self.allocation["placements"].remove(self.placement(household))
        self.allocation["unplaced"].append({"household_id": household, "reasons": [{"rule": "capacity"}]})

    def without_levels(self) -> World:
        """Take back every claim about the objective."""
        self.allocation |= {"levels": [], "objective": None, "bound": None}
        return self

    def instance(self) -> Instance:
        """Build the instance."""
        return Instance(name="small", rules=Rules.model_validate(self.rules), **self.tables)  # type: ignore[arg-type]

    def build(self) -> tuple[Instance, Allocation]:
        """Build the instance and the allocation that belongs to it."""
        instance = self.instance()
        return instance, Allocation.model_validate({"instance_hash": instance.hash, **self.allocation})


def small_world() -> World:
    """Return a fresh copy of the small world."""
    allocation = {
        "policy": "welfare",
        "status": "FEASIBLE",
        "reason": "TIME_LIMIT",
        "objective": 5238,
        "bound": 5300,
        "levels": LEVELS,
        "placements": PLACEMENTS,
        "unplaced": [{"household_id": "h5", "reasons": [{"rule": "no_route", "target_id": "a1"}]}],
        "measures": [{"measure_id": "m1", "cost_yen": 501}],
        "payments": [
            {"measure_id": "m1", "programme_id": "g1", "amount_yen": 200},
            {"measure_id": "m1", "programme_id": "g2", "amount_yen": 90},
            {"measure_id": "m1", "amount_yen": 211},
        ],
    }
    return World(*copy.deepcopy((TABLES, RULES, allocation)))
