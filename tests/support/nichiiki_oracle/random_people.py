"""What registrations, roles from elsewhere, chains, vehicles, reach and burdens add to a random instance.

It is drawn last and from a stream of its own, so that everything else stays as it was.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from nichiiki_models.rules import Rules

Row = dict[str, Any]
Rows = dict[str, list[Row]]
FIRST_DAY = date(2027, 4, 1)
EMPLOYERS = ("inn", "orchard")


def add_people(rng: random.Random, rows: Rows, homes: list[str], hosts: list[str], mild: bool) -> None:
    """Add cells and rows to the tables drawn before; in a mild instance little that stands against a household."""
    for household in rows["households"]:
        _register(rng, household, [*homes, *hosts])
    for facility in rows["facilities"]:
        if rng.random() < (0.05 if mild else 0.15):
            facility["eligible"] = rng.choice((("basic", "premium"), ("premium",), ("none", "basic")))
    for person in rows["persons"]:
        person["multiwork"] = person.get("hours_per_period", 0) > 0 and rng.random() < 0.3
    for role in rows["roles"]:
        _employ(rng, role, rows, homes)
    for link in rows["links"]:
        if link["mode"] != "car" and rng.random() < 0.25:
            link["vehicles"] = rng.choice((0, 1, 1, 2))
    _employer_quota(rng, rows)
    rows["use_history"] += [
        use for household in rows["households"] for use in _activities(rng, household, rows)
    ]


def add_carers_and_families(rng: random.Random, rows: Rows) -> None:
    """Add carers of nurseries, and a second application of a family."""
    for facility in rows["facilities"]:
        if facility["kind"] == "nursery" and rng.random() < 0.5:
            facility["staff"] = rng.choice((0, 1, 1, 2))
    if len(rows["households"]) > 1 and rng.random() < 0.4:
        together = rng.random() < 0.5
        for household in rng.sample(rows["households"], 2):
            household["family"] = "family"
            household["all_bases"] = together or rng.random() < 0.2


def _register(rng: random.Random, household: Row, regions: list[str]) -> None:
    if rng.random() < 0.4:
        others = [region for region in regions if region != household["home_region"]]
        household["other_municipalities"] = tuple(rng.sample(others, min(len(others), rng.choice((1, 1, 2)))))
    if rng.random() < 0.3:
        household["registration_valid_until"] = FIRST_DAY + timedelta(days=rng.choice((-1, 0, 27, 28, 60)))


def _employ(rng: random.Random, role: Row, rows: Rows, homes: list[str]) -> None:
    role["employer"] = rng.choice((None, *EMPLOYERS))
    role["remote_share"] = rng.choice((0, 0, 0, 0, 50, 67, 100))
    if rng.random() < 0.2:
        home = rng.choice(homes)
        office = next(row for row in rows["regions"] if row["region_id"] == home)
        role |= {"region_id": office["region_id"], "lat": office["lat"], "lon": office["lon"]}


def _employer_quota(rng: random.Random, rows: Rows) -> None:
    employers = sorted({role["employer"] for role in rows["roles"] if role["employer"]})
    if employers and rng.random() < 0.4:
        row = {"quota_id": "quota-employer", "target_kind": "employer", "target_id": rng.choice(employers)}
        rows["quotas"].append({**row, "min": rng.choice((None, None, None, 1)), "max": rng.choice((1, 1, 2))})


def _activities(rng: random.Random, household: Row, rows: Rows) -> list[Row]:
    count = rng.choice((0, 1, 3)) if household["registration"] == "premium" else rng.choice((0, 0, 3))
    days = rng.sample((0, 1, 2, 29, 30, 31, 100, 200, 365, 366), count)
    return [
        {
            "household_id": household["household_id"],
            "kind": "activity",
            "target_id": rng.choice(rows["roles"])["role_id"],
            "on": FIRST_DAY - timedelta(days=day),
        }
        for day in days
    ]


def people_rules(rng: random.Random, rules: Rules, mild: bool) -> Rules:
    """Add limits and the worth of registrations to rules drawn before."""
    limits: dict[str, Any] = {
        "registrations_max": rng.choice((2, 2, 3)),
        "roles_at_home": rng.random() < 0.5,
        "burden_by_income": _burdens(rng) if rng.random() < (0.08 if mild else 0.5) else [],
        "reach": [_reach(rng)] if rng.random() < (0.08 if mild else 0.5) else [],
    }
    standing = {
        "stay": rng.choice(("none",) * (30 if mild else 4) + ("basic", "basic", "premium")),
        "activities_min": rng.choice((1, 3)),
        "activity_days": rng.choice((30, 365)),
    }
    limits["children_per_carer"] = rng.choice(({}, {"age0": 1, "age1_2": 1, "age3": 2, "age4_5": 2}))
    old = rules.model_dump()
    return Rules.model_validate({**old, "limits": {**old["limits"], **limits}, "registration": standing})


def register_most(rng: random.Random, rows: Rows, rules: Rules) -> None:
    """Register most households as a stay needs it, or it would rule nearly all of them out."""
    needed = rules.registration.stay
    for household in rows["households"] if needed != "none" else ():
        if rng.random() < 0.7:
            household["registration"] = needed
            household["registration_valid_until"] = None


def _burdens(rng: random.Random) -> list[Row]:
    return [{"up_to_class": 2, "yen": 70_000}, {"up_to_class": 1, "yen": rng.choice((30_000, 50_000))}]


def _reach(rng: random.Random) -> Row:
    kinds = rng.choice((("shop",), ("school",), ("shop", "school"), ("station", "bus_stop")))
    return {"kinds": kinds, "minutes": rng.choice((5, 15, 30))}
