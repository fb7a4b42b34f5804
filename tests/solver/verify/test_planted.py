"""Planted violations: one small change to the small world, and exactly the rules that it breaks."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources

import pytest

from nichiiki_models.texts import LANGUAGES
from nichiiki_oracle.market import Market
from nichiiki_oracle.points import ordered_households
from nichiiki_small import World, small_world
from nichiiki_solver.verify import verify


@dataclass(frozen=True)
class Planted:
    """A change and what it breaks; `where` is part of the place of the first violation."""

    name: str
    change: Callable[[World], object]
    rules: tuple[str, ...]
    where: str = ""


def edit(table: str, key: str, **values: object) -> Callable[[World], object]:
    """Change columns of a record of the instance."""
    return lambda world: world.row(table, key).update(values)


def place(household: str, **values: object) -> Callable[[World], object]:
    """Change fields of a placement."""
    return lambda world: world.placement(household).update(values)


def stay(household: str, **values: object) -> Callable[[World], object]:
    """Change fields of a stay."""
    return lambda world: world.stay(household).update(values)


def limits(**values: object) -> Callable[[World], object]:
    """Change `limits`."""
    return lambda world: world.rules["limits"].update(values)


def listed(name: str, **values: object) -> Callable[[World], object]:
    """Change the rule of a list."""
    return lambda world: world.rules.setdefault("lists", {}).setdefault(name, {}).update(values)


def seats(facility: str, band: str, period: str | None, **values: object) -> Callable[[World], object]:
    """Change a seat row."""
    if period is None:
        return lambda world: world.row("seats", facility, band=band).update(values)
    return lambda world: world.row("seats", facility, band=band, period_id=period).update(values)


def stand(household: str = "", *, without: str = "", **values: object) -> Callable[[World], object]:
    """Give every household its true standing, then leave one out, or change one."""

    def change(world: World) -> None:
        instance, allocation = world.build()
        placed = set(allocation.placements["household_id"].tolist())
        order = [row.household_id for row in ordered_households(Market(instance), allocation.seed)]
        waiting = [name for name in order if name not in placed]
        rows: dict[str, dict[str, object]] = {
            name: {"household_id": name, "state": "offered"}
            if name in placed
            else {"household_id": name, "state": "waiting", "number": 1 + waiting.index(name)}
            for name in order
            if name != without
        }
        if household:
            rows[household].update(values)
        world.allocation["standings"] = list(rows.values())

    return change


def add(table: str, **values: object) -> Callable[[World], object]:
    """Add a record to the instance."""
    return lambda world: world.tables[table].append(values)


def drop(table: str, key: str, **more: object) -> Callable[[World], object]:
    """Take a record out of the instance."""
    return lambda world: world.tables[table].remove(world.row(table, key, **more))


def both(*changes: Callable[[World], object]) -> Callable[[World], object]:
    """Do several changes."""
    return lambda world: [change(world) for change in changes]


def link(number: int, **values: object) -> Callable[[World], object]:
    """Change a link by its position."""
    return lambda world: world.tables["links"][number].update(values)


RAIL_SEA, BUS_SEA, RAIL_HILL, ROAD_HILL = range(4)


def lock(household: str, kind: str, target: str | None, effect: str) -> Callable[[World], object]:
    """Add an override."""
    return add(
        "locks", household_id=household, target_kind=kind, target_id=target, effect=effect, reason="test"
    )


FORM = [
    Planted(
        "household twice",
        lambda w: w.allocation["placements"].append({"household_id": "h4", "cost_yen": 45_000}),
        ("duplicate",),
        "h4",
    ),
    Planted(
        "unknown household",
        lambda w: w.allocation["placements"].append({"household_id": "x", "cost_yen": 0}),
        ("unknown_id",),
        "x",
    ),
    Planted("unknown house", stay("h4", house_id="x"), ("quota_min", "role_min", "unknown_id"), "q_hill"),
    Planted(
        "unknown period",
        stay("h1", periods=["p1", "p2", "x"]),
        ("lock", "measure_unused", "quota_min", "unknown_id"),
        "h1",
    ),
    Planted("unknown person", place("h3", desks={"x": "k1"}), ("unknown_id",), "h3 x"),
    Planted("unknown role", place("h4", roles={"h4a": ["r1", "r2", "x"]}), ("unknown_id",), "h4 x"),
    Planted("unknown supporter", place("h3", supporter_id="x"), ("unknown_id",), "h3 x"),
    Planted(
        "unknown measure",
        lambda w: w.allocation["measures"].append({"measure_id": "x", "cost_yen": 501}),
        ("unknown_id",),
        "x",
    ),
    Planted(
        "unknown target of a reason",
        lambda w: w.allocation["unplaced"][0]["reasons"][0].update(target_id="x"),
        ("unknown_id",),
        "h5 x",
    ),
    Planted(
        "reason for an unknown household",
        lambda w: w.allocation["unplaced"].append({"household_id": "x", "reasons": [{"rule": "capacity"}]}),
        ("unknown_id",),
        "x",
    ),
    Planted(
        "placed and unplaced",
        lambda w: w.allocation["unplaced"].append({"household_id": "h4", "reasons": [{"rule": "capacity"}]}),
        ("placed_and_unplaced",),
        "h4",
    ),
    Planted(
        "nothing said of a household", lambda w: w.allocation.update(unplaced=[]), ("not_accounted",), "h5"
    ),
    Planted("no stay", place("h1", stays=[]), ("lock", "measure_unused", "one_stay", "quota_min"), "h1"),
    Planted(
        "two stays",
        lambda w: w.placement("h1")["stays"].append({**w.stay("h1"), "house_id": "b1", "region_id": "hill"}),
        ("lock", "measure_unused", "one_stay", "quota_min"),
        "h1",
    ),
    Planted(
        "stay without periods",
        stay("h1", periods=[]),
        ("lock", "measure_unused", "quota_min", "stay_periods"),
        "h1",
    ),
    Planted("a role twice", place("h3", roles={"h3a": ["r1", "r1"]}), ("duplicate",), "h3 h3a r1"),
    Planted("periods out of order", stay("h1", periods=["p1", "p3", "p2"]), ("stay_periods",), "h1 a1"),
    Planted(
        "the first period twice", stay("h1", periods=["p1", "p1", "p2", "p3"]), ("stay_periods",), "h1 a1"
    ),
    Planted("a period twice", stay("h1", periods=["p1", "p2", "p2", "p3"]), ("stay_periods",), "h1 a1"),
    Planted("wrong region", stay("h1", region_id="hill"), ("stay_region",), "h1 a1"),
    Planted("too few units", stay("h2", units=1), ("units",), "h2 b1"),
    Planted("too many units", stay("h1", units=2), ("units",), "h1 a1"),
    Planted("person of another household", place("h3", desks={"h4a": "k1"}), ("not_a_member",), "h3 h4a k1"),
]
STAYS = [
    Planted(
        "house not ready",
        lambda w: w.allocation.update(measures=[], payments=[]),
        ("house_not_ready", *["house_units"] * 3),
        "h1 a1",
    ),
    Planted(
        "house ready too late",
        edit("measures", "m1", from_period="p2"),
        ("house_not_ready", "house_units"),
        "h1 a1",
    ),
    Planted("house closed", edit("houses", "a1", closed_periods=["p2"]), ("period_closed",), "h1 a1 p2"),
    Planted("calendar closed", edit("periods", "p3", open=False), ("period_closed",) * 4, "h1 a1 p3"),
    Planted("stay too short", edit("houses", "a1", min_stay=4), ("min_stay",), "h1 a1"),
    Planted("short run of two", edit("houses", "c1", min_stay=2), ("min_stay",), "h3 c1"),
    Planted("stay too long", edit("houses", "d1", max_stay=1), ("max_stay",), "h4 d1"),
    Planted(
        "start not allowed", edit("houses", "d1", start_periods=["p1", "p4"]), ("start_period",), "h4 d1"
    ),
    Planted(
        "second run's start not allowed", edit("houses", "c1", start_periods=["p1"]), ("start_period",), "h3"
    ),
    Planted(
        "house too small",
        both(edit("houses", "a1", capacity_persons=3, rent_yen=20_000), stay("h1", units=2)),
        ("house_capacity", "house_units", "house_units", "house_units"),
        "h1 a1",
    ),
    Planted(
        "more units than the house has",
        edit("houses", "b1", units=1),
        ("house_capacity", "house_units", "house_units", "house_units"),
        "h2 b1",
    ),
    Planted(
        "several units of a whole house",
        edit("houses", "b1", kind="whole"),
        ("house_capacity",),
        "h2 b1",
    ),
    Planted("a need not met", edit("houses", "a1", tags=["pets"]), ("needs",), "h1 a1"),
    Planted(
        "shared hazard",
        edit("houses", "b1", hazards=["landslide", "earthquake"]),
        ("hazard_shared",),
        "h2 b1",
    ),
    Planted(
        "stay at home",
        both(edit("households", "h3", home_region="hill"), place("h3", cost_yen=30_000)),
        ("own_region",),
        "h3 c1",
    ),
    Planted("owner does not accept", edit("houses", "b1", accepts=["elderly"]), ("owner_veto",), "h2 b1"),
    Planted("owner refuses", edit("houses", "b1", refuses=["h2"]), ("owner_veto",), "h2 b1"),
    Planted(
        "used before in this half-year",
        both(
            edit("houses", "b1", uses_per_half_year=1),
            add("use_history", household_id="h2", kind="stay", target_id="b1", on="2026-04-01"),
        ),
        ("use_limit",),
        "h2 b1",
    ),
    Planted("two stays in a half-year", edit("houses", "c1", uses_per_half_year=1), ("use_limit",), "h3 c1"),
    Planted("no way", edit("households", "h3", home_region="osaka"), ("no_route",), "h3 c1"),
    Planted("no way in one period", link(RAIL_HILL, periods=["p1", "p2", "p4"]), ("no_route",) * 2, "h3 c1"),
    Planted("trip too long", edit("households", "h1", max_trip_minutes=209), ("trip_minutes",), "h1 a1"),
    Planted("trip too long for all", limits(trip_minutes=209), ("trip_minutes",), "h1 a1"),
    Planted("car link without a car", both(link(RAIL_HILL, mode="car")), ("no_route",) * 2, "h3 c1"),
    Planted("one yen over budget", edit("households", "h1", budget_yen=129_999), ("budget",), "h1 a1"),
    Planted(
        "faster but dearer way",
        both(edit("households", "h2", max_trip_minutes=151), place("h2", cost_yen=90_000)),
        ("budget",),
        "h2 b1",
    ),
    Planted("house not wished for", drop("choices", "h1", target_id="a1"), ("not_listed",), "h1 a1"),
    Planted(
        "other periods than wished for with the house",
        lambda w: w.row("choices", "h4", target_id="d1").update(periods=["p3"]),
        ("not_listed",),
        "h4 d1",
    ),
    Planted(
        "not the fixed periods", edit("households", "h2", stay_periods=["p1", "p2"]), ("not_listed",), "h2 b1"
    ),
    Planted("not the length", edit("households", "h3", stay_length=3), ("not_listed",), "h3 c1"),
    Planted(
        "not in the window", edit("households", "h3", stay_periods=["p1", "p2", "p4"]), ("not_listed",), "h3"
    ),
    Planted("not in a row", edit("households", "h3", stay_kind="consecutive"), ("not_listed",), "h3 c1"),
    Planted(
        "listed house in other periods is not unlisted",
        both(
            listed("stay", accept_unlisted=True, required=True),
            lambda w: w.row("choices", "h4", target_id="d1").update(periods=["p3"]),
        ),
        ("not_listed",),
        "h4 d1",
    ),
]
PEOPLE = [
    Planted(
        "not a school", place("h1", schools={"h1c": "k2", "h1d": "k2"}), ("lock", *["not_a_school"] * 2), "h1"
    ),
    Planted("not a pupil", edit("persons", "h1c", grade="none"), ("not_a_pupil",), "h1 h1c s1"),
    Planted(
        "school elsewhere",
        edit("facilities", "s1", region_id="hill"),
        # the wish of h1d is for a school in the region sea, the boards of tokyo agree with sea only
        ("consent_home", "consent_home", "not_listed", "school_region", "school_region"),
        "h1 h1c s1",
    ),
    Planted(
        "no consent of the host", edit("facilities", "s1", consent_regions=["osaka"]), ("consent_host",) * 2
    ),
    Planted("no consent at home", edit("regions", "tokyo", board_consents=["hill"]), ("consent_home",) * 2),
    Planted("no seat row", drop("seats", "s1", band="5"), ("no_seats",), "h1 h1c s1"),
    Planted(
        "no seat in one period",
        drop("seats", "s1", band="2", period_id="p3"),
        # the row `all` stands in for p3, and has 0 seats
        ("no_seats", "school_seats"),
        "h1 h1d s1",
    ),
    Planted("school too far", edit("households", "h1", max_commute_minutes=9), ("commute",) * 2, "h1 h1c s1"),
    Planted(
        "school too far for the age",
        limits(commute_by_age=[{"up_to_age": 7, "minutes": 9}]),
        ("commute",),
        "h1d",
    ),
    Planted("role beyond a walk", both(edit("roles", "r2", lat=36.035)), ("commute",), "h4 h4a r2"),
    Planted("siblings apart", place("h1", schools={"h1c": "s1", "h1d": "s2"}), ("siblings",), "h1"),
    Planted("not a nursery", place("h2", care={"h2c": "k1"}), ("not_a_nursery",), "h2 h2c k1"),
    Planted("no age band", edit("persons", "h2c", grade="none"), ("no_care_needed",), "h2 h2c n1"),
    Planted("no care days", edit("persons", "h2c", care_days=0), ("no_care_needed",), "h2 h2c n1"),
    Planted("nursery elsewhere", edit("facilities", "n1", region_id="sea"), ("care_region",), "h2 h2c n1"),
    Planted("too many care days", limits(care_days_max=19), ("care_days_max",), "h2 h2c n1"),
    Planted(
        "more care days than a period has",
        both(limits(care_days_max=None), edit("persons", "h2c", care_days=22)),
        ("care_days_max", "care_places"),
        "h2 h2c n1",
    ),
    Planted(
        "no care place", seats("n1", "age1-2", "p2", seats=0), ("care_places", "no_seats"), "n1 age1-2 p2"
    ),
    Planted("not a coworking", place("h3", desks={"h3a": "n1"}), ("not_a_coworking",), "h3 h3a n1"),
    Planted("no telework", edit("persons", "h3a", telework_days=0), ("no_telework",), "h3 h3a k1"),
    Planted("desk elsewhere", edit("facilities", "k1", region_id="sea"), ("desk_region",), "h3 h3a k1"),
    Planted("role elsewhere", edit("roles", "r2", region_id="sea"), ("role_region",), "h4 h4a r2"),
    Planted(
        "role runs at another time", edit("roles", "r1", periods=["p2"]), ("role_period",) * 2, "h3 h3a r1"
    ),
    Planted(
        "not the whole season", edit("roles", "r2", periods=["p2", "p3", "p4"]), ("role_period",), "h4 h4a r2"
    ),
    Planted("no skill", edit("persons", "h3a", skills=["ski"]), ("skill",), "h3 h3a r1"),
    Planted("too young", edit("roles", "r2", min_age=61, max_age=99), ("age",), "h4 h4a r2"),
    Planted("too old", edit("roles", "r2", min_age=0, max_age=59), ("age",), "h4 h4a r2"),
    Planted("too many hours", edit("persons", "h4a", hours_per_period=49), ("hours",), "h4 h4a p3"),
    Planted("too many roles", limits(roles_per_person=1), ("roles_per_person",), "h4 h4a"),
    Planted(
        "one registration too many",
        both(
            limits(registrations_max=1),
            edit("households", "h1", registration="basic", other_municipalities=["osaka"]),
        ),
        ("registrations_max",),
        "h1 a1",
    ),
    Planted(
        "registration runs out",
        both(
            lambda w: w.rules.update(registration={"stay": "basic"}),
            *(edit("households", name, registration="basic") for name in ("h1", "h2", "h3", "h4")),
            edit("households", "h1", registration_valid_until="2026-05-31"),
        ),
        ("registration",),
        "h1 a1",
    ),
    Planted("no shop near", limits(reach=[{"kinds": ["shop"], "minutes": 8000}]), ("reach",), "h1 a1"),
    Planted(
        "one yen over the burden of the class",
        limits(burden_by_income=[{"up_to_class": 3, "yen": 61_999}]),
        ("burden",),
        "h2 b1",
    ),
    Planted(
        "no right to a desk", edit("facilities", "k1", eligible=["premium"]), ("not_entitled",), "h3 h3a k1"
    ),
    Planted(
        "a gap in a chain",
        both(
            edit("persons", "h4a", multiwork=True),
            edit("roles", "r2", periods=["p3"]),
        ),
        ("chain",),
        "h4 h4a",
    ),
    Planted("no carer", edit("facilities", "n1", staff=0), ("care_staff",) * 3, "n1 p1"),
    Planted(
        "two bases of a family at a time",
        both(edit("households", "h1", family="f"), edit("households", "h4", family="f")),
        ("one_base",),
        "f p3",
    ),
    Planted(
        "a part of a plan without the rest",
        both(
            edit("households", "h1", family="f", all_bases=True),
            edit("households", "h5", family="f", all_bases=True),
        ),
        ("all_bases",),
        "f",
    ),
    Planted("no vehicle left", link(RAIL_SEA, vehicles=0), ("vehicles",) * 3, "rail_sea p1"),
    Planted(
        "one role too many at an employer",
        both(
            edit("roles", "r1", employer="mill"),
            add("quotas", quota_id="q_mill", target_kind="employer", target_id="mill", max=1),
        ),
        ("quota_max",),
        "q_mill",
    ),
    Planted(
        "local supporter elsewhere",
        edit("supporters", "local", regions=["sea"]),
        ("supporter_scope",),
        "h4 local",
    ),
    Planted(
        "wide supporter with regions", edit("supporters", "wide", regions=["sea"]), ("supporter_scope",) * 2
    ),
    Planted("no language", edit("supporters", "wide", languages=["ja"]), ("supporter_language",), "h2 wide"),
    Planted("no topic", edit("supporters", "wide", topics=["work"]), ("supporter_topic",), "h2 wide"),
    Planted(
        "experience elsewhere",
        lambda w: (
            w.row("experiences", "e1").update(region_id="sea"),
            w.row("choices", "h3", list="experience").update(target_id="sea"),
        ),
        ("experience_region",) * 2,
        "h2 e1",
    ),
    Planted(
        "experience at another time",
        edit("experiences", "e1", periods=["p2"]),
        ("experience_period",),
        "h3 e1",
    ),
    Planted(
        "school not wished for",
        drop("choices", "h1", list="school", person_id="h1c"),
        ("unneeded",),
        "h1 h1c s1",
    ),
    Planted(
        "other school than wished for",
        both(
            lambda w: w.row("choices", "h1", list="school", person_id="h1c").update(target_id="s2"),
        ),
        ("not_listed",),
        "h1 h1c s1",
    ),
    Planted(
        "no role for an hour",
        both(listed("role", accept_unlisted=True, required=True), edit("persons", "h2a", hours_per_period=1)),
        ("required",),
        "h2 h2a role",
    ),
    Planted(
        "no desk for a day of telework",
        both(listed("desk", accept_unlisted=True, required=True), edit("persons", "h4a", telework_days=1)),
        ("required",),
        "h4 h4a desk",
    ),
    Planted(
        "supporter not wished for", listed("supporter", accept_unlisted=False), ("unneeded",) * 2, "h3 wide"
    ),
    Planted(
        "two schools",
        lambda w: w.allocation["placements"].append(
            {"household_id": "h1", "schools": {"h1d": "s2"}, "cost_yen": 130_000}
        ),
        ("duplicate", "siblings", "unneeded"),
        "h1",
    ),
    Planted(
        "two experiences",
        both(edit("experiences", "e2", region_id="hill"), place("h3", experiences=["e1", "e2"])),
        ("unneeded",),
        "h3 experience",
    ),
    Planted(
        "no school for one who needs it",
        both(edit("households", "h1", siblings="apart"), place("h1", schools={"h1c": "s1"})),
        ("required",),
        "h1 h1d school",
    ),
    Planted(
        "no care place where it is required",
        both(listed("care", required=True), place("h2", care={})),
        ("required",),
        "h2 h2c care",
    ),
]
SHARED = [
    Planted(
        "house full in the gap",
        both(
            edit("households", "h4", stay_periods=["p4"]),
            lambda w: w.row("choices", "h4", target_id="d1").update(target_id="c1", periods=["p4"]),
            edit("roles", "r1", min_holders=1),
            stay("h4", house_id="c1", periods=["p4"]),
            place("h4", roles={}, cost_yen=40_000),
        ),
        ("house_units",),
        "c1 p4",
    ),
    Planted("too many households", edit("regions", "hill", reception_max=2), ("reception",), "hill p3"),
    Planted("too many pupils", edit("persons", "h1d", grade="5"), ("school_seats",) * 3, "s1 5 p1"),
    Planted(
        "too few care days in all", seats("n1", "age1-2", "p2", days=19), ("care_days_max", "care_places")
    ),
    Planted(
        "too many desks",
        both(
            edit("persons", "h4a", telework_days=1),
            add(
                "choices",
                household_id="h4",
                list="desk",
                person_id="h4a",
                rank=1,
                target_kind="facility",
                target_id="k1",
            ),
            place("h4", desks={"h4a": "k1"}),
        ),
        ("desks",),
        "k1 p3",
    ),
    Planted("too many holders", edit("roles", "r1", max_holders=1, min_holders=0), ("role_max",), "r1 p3"),
    Planted("too few holders", edit("roles", "r1", min_holders=3, max_holders=3), ("role_min",), "r1 p3"),
    Planted("too many cases", edit("supporters", "wide", caseload=1), ("supporter_caseload",) * 2, "wide p1"),
    Planted(
        "too few places", edit("experiences", "e1", places=1, min_places=0), ("experience_places",), "e1"
    ),
    Planted("too few guests", edit("experiences", "e1", places=9, min_places=3), ("experience_min",), "e1"),
    Planted("quota of all passed", edit("quotas", "q_all", max=3), ("quota_max",), "q_all"),
    Planted("quota of a region missed", edit("quotas", "q_hill", min=4), ("quota_min",), "q_hill"),
    Planted("quota of a settlement passed", edit("quotas", "q_bay", min=0, max=0), ("quota_max",), "q_bay"),
    Planted(
        "quota of a house and group passed",
        edit("households", "h3", groups=["family"]),
        ("quota_max",),
        "q_house",
    ),
    Planted("must not met", edit("locks", "h5", effect="must"), ("lock",), "h5 placed"),
    Planted("another house is a must", lock("h4", "house", "a1", "must"), ("lock",), "h4 house a1"),
    Planted("house never", lock("h4", "house", "d1", "never"), ("lock",), "h4 house d1"),
    Planted("region never", lock("h4", "region", "hill", "never"), ("lock",), "h4 region hill"),
    Planted("facility never", lock("h3", "facility", "k1", "never"), ("lock",), "h3 facility k1"),
    Planted("role never", lock("h4", "role", "r2", "never"), ("lock",), "h4 role r2"),
    Planted("supporter never", lock("h4", "supporter", "local", "never"), ("lock",), "h4 supporter local"),
    Planted("experience never", lock("h2", "experience", "e1", "never"), ("lock",), "h2 experience e1"),
    Planted(
        "placed never",
        both(drop("locks", "h3", effect="must"), lock("h3", "placed", None, "never")),
        ("lock",),
        "h3 placed",
    ),
    Planted("other facility is a must", lock("h1", "facility", "s2", "must"), ("lock",), "h1 facility s2"),
]


def pay(programme: str | None, amount: int) -> Callable[[World], object]:
    """Add a payment for m1, or change it."""

    def change(world: World) -> None:
        paid = [p for p in world.allocation["payments"] if p.get("programme_id") != programme]
        new = {"measure_id": "m1", "programme_id": programme, "amount_yen": amount}
        world.allocation["payments"] = [*paid, *([new] if amount else [])]

    return change


def take(measure: str, cost: int, *payments: dict[str, object]) -> Callable[[World], object]:
    """Take one more measure."""
    return both(
        lambda w: w.allocation["measures"].append({"measure_id": measure, "cost_yen": cost}),
        lambda w: w.allocation["payments"].extend(payments),
    )


def funding(**values: object) -> Callable[[World], object]:
    """Change `funding`."""
    return lambda world: world.rules["funding"].update(values)


RESERVED = [
    Planted(
        "a reserved unit taken",
        add(
            "quotas",
            quota_id="kept",
            kind="reserved",
            target_kind="house",
            target_id="d1",
            group="family",
            min=1,
        ),
        ("quota_reserved",) * 2,
        "kept p3",
    ),
]
MONEY = [
    Planted("item not eligible", edit("measures", "m1", item="desks"), ("programme_item",), "m1 g1"),
    Planted(
        "item excluded", edit("programmes", "g2", excluded_items=["renovation"]), ("programme_item",), "m1 g2"
    ),
    Planted("fare paid by the state", edit("measures", "m1", item="fare"), ("programme_item",), "m1 g1"),
    Planted("no plan", edit("regions", "sea", has_plan=False), ("programme_requires",), "m1 g1"),
    Planted(
        "nobody designated", edit("supporters", "wide", designated=False), ("programme_requires",), "m1 g1"
    ),
    Planted("no member", edit("regions", "sea", platform_member=False), ("programme_requires",), "m1 g1"),
    Planted("a day late", edit("measures", "m1", starts_on="2026-04-02"), ("programme_dates",), "m1 g1"),
    Planted(
        "a day early",
        edit("programmes", "g1", valid_from="2026-04-02", valid_until=None),
        ("programme_dates",),
    ),
    Planted("not named", edit("measures", "m1", programmes=["g1"]), ("programme_unlisted",), "m1 g2"),
    Planted(
        "two of the state",
        both(pay("g3", 30), pay("g2", 90), pay(None, 181)),
        ("programme_single",),
        "m1 state",
    ),
    Planted("a yen too much", both(pay("g2", 91), pay(None, 210)), ("programme_share",), "m1 g2"),
    Planted(
        "a yen too little",
        both(pay("g1", 199), pay("g2", 90), pay(None, 212)),
        ("own_budget", "programme_share"),
    ),
    Planted("budget of a programme", edit("programmes", "g1", budget_yen=199), ("programme_budget",), "g1"),
    Planted(
        "own budget", funding(single_payers=["state"], own_budget_yen={"sea": 210}), ("own_budget",), "sea"
    ),
    Planted("a yen is missing", pay(None, 210), ("measure_paid",), "m1"),
    Planted(
        "payment without measure",
        lambda w: w.allocation["payments"].append({"measure_id": "m2", "amount_yen": 10}),
        ("payment_without_measure",),
        "m2",
    ),
    Planted(
        "payment by an unknown programme",
        lambda w: w.allocation["payments"].append({"measure_id": "m1", "programme_id": "x", "amount_yen": 1}),
        ("unknown_id",),
        "m1 x",
    ),
    Planted(
        "two measures at one house",
        both(take("m2", 10, {"measure_id": "m2", "amount_yen": 10}), funding(own_budget_yen={})),
        ("measure_unused", "measure_unused", "one_measure"),
        "m1",
    ),
    Planted("a measure for nobody", take("m3", 0), ("measure_unused",), "m3"),
]
CLAIMS = [
    Planted("wrong cost", place("h1", cost_yen=130_001), ("claim_cost",), "h1"),
    Planted(
        "wrong cost of a measure",
        lambda w: w.allocation["measures"][0].update(cost_yen=1),
        ("claim_cost",),
        "m1",
    ),
    Planted("OPTIMAL without levels", lambda w: w.allocation.update(status="OPTIMAL"), ("claim_status",)),
    Planted(
        "an answer that says there is none",
        lambda w: w.allocation.update(status="INFEASIBLE"),
        ("claim_status",),
    ),
    Planted("objective without levels", lambda w: w.allocation.update(objective=1), ("claim_objective",)),
    Planted("bound without levels", lambda w: w.allocation.update(bound=1), ("claim_bound",)),
    Planted(
        "unknown reason",
        lambda w: w.allocation["unplaced"][0]["reasons"][0].update(rule="because"),
        ("claim_reason",),
        "h5 because",
    ),
    Planted("placed, but declined", stand("h1", state="declined"), ("claim_standing",), "h1 declined"),
    Planted("waiting, but accepted", stand("h5", state="accepted", number=None), ("claim_standing",), "h5"),
    Planted("wrong number", stand("h5", number=7), ("claim_standing",), "h5 waiting"),
    Planted("number of a placed one", stand("h1", number=1), ("claim_standing",), "h1 offered"),
    Planted("waiting without a number", stand("h5", number=None), ("claim_standing",), "h5 waiting"),
    Planted("no standing", stand(without="h1"), ("claim_standing",), "h1"),
    Planted("standing of nobody", stand("h5", household_id="h99"), ("claim_standing", "unknown_id"), "h5"),
]
LIMITS = {"chain": 0, "one_base": 1, "one_measure": 1, "one_stay": 1, "programme_single": 1}
"""What violations say is allowed, where it is the same in every instance."""
PLANTED = [*FORM, *STAYS, *PEOPLE, *SHARED, *RESERVED, *MONEY, *CLAIMS]


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
def test_planted_violation_is_found_alone(planted: Planted) -> None:
    """Each change breaks exactly the rules stated, where stated, each with a sentence in both languages."""
    world = small_world().without_levels()
    planted.change(world)
    found = verify(*world.build())
    assert tuple(v.rule for v in found) == tuple(sorted(planted.rules)), [str(v) for v in found]
    assert planted.where in found[0].where
    assert all(violation.sentence(lang) for violation in found for lang in LANGUAGES)
    assert all(v.details["limit"] == LIMITS[v.rule] for v in found if v.rule in LIMITS)


def test_small_world_keeps_every_rule() -> None:
    assert verify(*small_world().build()) == []


def test_true_standings_break_nothing() -> None:
    world = small_world().without_levels()
    stand()(world)
    assert verify(*world.build()) == []


def test_enough_is_planted() -> None:
    """Every rule of the catalogue is planted at least once, here or in the tests of claims below."""
    catalogue = resources.files("nichiiki_models") / "locale" / "en" / "LC_MESSAGES" / "rule.po"
    rules = set(re.findall(r'^msgid "rule\.(.+)"$', catalogue.read_text(encoding="utf-8"), re.MULTILINE))
    planted = {rule for one in PLANTED for rule in one.rules} | {
        "claim_levels",
        "instance_hash",
        "not_placed",
    }
    others = {
        rule
        for rule in rules
        if rule.startswith(("flow_", "market_", "match_", "blocking_pair", "platform_", "tariff_"))
    }  # checks with tests of their own
    assert planted == rules - others
    assert len({one.name for one in PLANTED}) == len(PLANTED) >= 100


def levels(*changes: dict[str, object]) -> Callable[[World], object]:
    """Change the levels claimed, one after the other."""
    return lambda world: [
        level.update(change) for level, change in zip(world.allocation["levels"], changes, strict=False)
    ]


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        (levels({"objective": 21}), ("claim_objective", "claim_bound", "claim_levels", "claim_objective")),
        (levels({"bound": 21}), ("claim_bound", "claim_bound", "claim_levels", "claim_objective")),
        (levels({"bound": 23}), ("claim_bound", "claim_levels", "claim_objective")),
        (levels({}, {"objective": 5239}), ("claim_objective", "claim_objective")),
        (levels({}, {"bound": 5237}), ("claim_bound", "claim_bound")),
        (levels({}, {"objective": None}), ("claim_objective", "claim_objective")),
        (levels({}, {}, {"objective": 86}), ("claim_objective",)),
        (levels({}, {}, {"bound": 90}), ("claim_levels",)),
        (levels({"name": "other"}), ("claim_levels",)),
        (
            lambda world: world.allocation["levels"].reverse(),
            ("claim_bound", *["claim_levels"] * 3, "claim_objective"),
        ),
        (lambda world: world.allocation.update(objective=5237), ("claim_objective",)),
        (lambda world: world.allocation.update(bound=5301), ("claim_bound",)),
        (lambda world: world.allocation.update(status="OPTIMAL"), ("claim_status",)),
    ],
)
def test_false_claim_is_found(change: Callable[[World], object], rules: tuple[str, ...]) -> None:
    """Each level states the recomputed objective, a bound not below it, and none after one not proven."""
    world = small_world()
    change(world)
    found = [violation.rule for violation in verify(*world.build())]
    assert found == sorted(rules)


def test_every_level_proven_is_optimal() -> None:
    world = small_world()
    levels({}, {"bound": 5238}, {"bound": 87})(world)
    world.allocation |= {"objective": 87, "bound": 87}
    assert [v.rule for v in verify(*world.build())] == ["claim_status"]
    world.allocation["status"] = "OPTIMAL"
    assert verify(*world.build()) == []


def test_things_of_a_household_that_is_not_placed_are_found() -> None:
    instance, allocation = small_world().without_levels().build()
    kept = allocation.placements.take(allocation.placements["household_id"] != "h4")
    found = [(v.rule, v.where) for v in verify(instance, allocation.replace(placements=kept))]
    assert [where for rule, where in found if rule == "not_placed"] == ["h4 d1", "h4 h4a r1", "h4 h4a r2"]
    assert {rule for rule, _ in found} == {"lock", "not_accounted", "not_placed", "quota_min", "role_min"}


def test_policy_that_does_not_optimise_has_no_bounds() -> None:
    world = small_world()
    levels({"bound": None}, {"bound": None}, {"bound": None})(world)
    world.allocation |= {"objective": 22, "bound": None}
    assert verify(*world.build()) == []


def test_foreign_allocation_is_looked_at_no_further() -> None:
    world = small_world()
    instance, allocation = world.build()
    foreign = allocation.replace(instance_hash="sha256:0", status="OPTIMAL")
    assert [v.rule for v in verify(instance, foreign)] == ["instance_hash"]
