"""A tiny market computed by hand: one or two families, one house, and one of everything they may want.

From home it is 100 minutes and 3,000 yen by train to the office of the host region, where the house stands.
A family is an adult, a pupil of 8 and a child of 3: a month costs 30,000 + 2 × (3,000 + 1,500) = 39,000 yen.
Everything else lies 0.005 degrees (556 metres, 723 by road, 10 minutes on foot) north of the house.
"""

from __future__ import annotations

import copy
from typing import Any

from nichiiki_models.instance import Instance
from nichiiki_models.rules import Rules

Row = dict[str, Any]
HERE = {"region_id": "host", "lat": 36.0, "lon": 138.0}
NORTH = {"region_id": "host", "lat": 36.005, "lon": 138.0}
HOST_TABLES: dict[str, list[Row]] = {
    "regions": [
        {"region_id": "home", "name": "home", "lat": 35.0, "lon": 139.0, "board_consents": ("host",)},
        {"region_id": "host", "name": "host", "lat": 36.0, "lon": 138.0},
        {"region_id": "other", "name": "other", "lat": 36.5, "lon": 138.0},
    ],
    "periods": [
        {"period_id": "p1", "starts_on": "2027-04-01", "ends_on": "2027-04-30"},
        {"period_id": "p2", "starts_on": "2027-05-01", "ends_on": "2027-05-31"},
        {"period_id": "p3", "starts_on": "2027-06-01", "ends_on": "2027-06-30"},
    ],
    "houses": [{"house_id": "house", **HERE, "units": 2, "capacity_persons": 3, "rent_yen": 30000}],
    "facilities": [
        {"facility_id": "school", **NORTH, "kind": "school", "consent_regions": ("home",)},
        {"facility_id": "nursery", **NORTH, "kind": "nursery"},
        {"facility_id": "desks", **NORTH, "kind": "coworking"},
    ],
    "seats": [
        {"facility_id": "desks", "band": "desk", "seats": 2},
        {"facility_id": "nursery", "band": "age3", "seats": 2, "days": 8},
        {"facility_id": "school", "band": "2", "seats": 2},
    ],
    "roles": [{"role_id": "role", **NORTH, "hours_per_period": 10, "max_holders": 2, "value": 70}],
    "supporters": [{"supporter_id": "supporter", "scope": "local", "regions": ("host",), "caseload": 2}],
    "experiences": [{"experience_id": "experience", "region_id": "host", "places": 2}],
    "links": [
        {
            "link_id": "train",
            "from_id": "home",
            "to_id": "host",
            "mode": "rail",
            "minutes": 100,
            "fare_yen": 3000,
        }
    ],
}
WISHES = (
    ("stay", None, "house", "house"),
    ("school", "pupil", "facility", "school"),
    ("care", "child", "facility", "nursery"),
    ("desk", "adult", "facility", "desks"),
    ("role", "adult", "role", "role"),
    ("supporter", None, "supporter", "supporter"),
    ("experience", None, "experience", "experience"),
)


def family(name: str) -> dict[str, list[Row]]:
    """Return the rows of a family that wishes for one of everything, all at rank 1."""
    members: list[Row] = [
        {"person_id": f"{name}-adult", "age": 40, "hours_per_period": 10, "telework_days": 5},
        {"person_id": f"{name}-child", "age": 3, "grade": "age3", "care_days": 8},
        {"person_id": f"{name}-pupil", "age": 8, "grade": "2"},
    ]
    wishes = [
        {
            "household_id": name,
            "list": wish,
            "person_id": person and f"{name}-{person}",
            "rank": 1,
            "target_kind": kind,
            "target_id": target,
        }
        for wish, person, kind, target in WISHES
    ]
    head = {"household_id": name, "home_region": "home", "budget_yen": 39000, "round_trips": 1}
    return {
        "households": [{**head, "stay_periods": ("p1", "p2")}],
        "persons": [{**row, "household_id": name} for row in members],
        "choices": wishes,
    }


def tiny(*names: str, **changes: Any) -> Instance:
    """Build the tiny market.

    Parameters
    ----------
    names
        The families; one called ``a`` if none is named.
    changes
        New cells by ``table__row__column`` (row as a number), new rows by ``table``, or ``rules`` as a dict.
    """
    tables = copy.deepcopy(HOST_TABLES)
    for name in names or ("a",):
        for table, rows in family(name).items():
            tables[table] = [*tables.get(table, []), *rows]
    for path, value in changes.items():
        table, *cell = path.split("__")
        if cell:
            tables[table][int(cell[0])][cell[1]] = value
        elif table != "rules":
            tables[table] = [*tables.get(table, []), *value]
    return Instance(rules=Rules.model_validate(changes.get("rules", {})), **tables)  # type: ignore[arg-type]
