"""Synthetic instances of any size from documented distributions, the same for the same seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from nichiiki_instances.generating import parameters as p
from nichiiki_instances.generating.drawing import happens
from nichiiki_instances.generating.geography import (
    Geography,
    last_miles,
    lay_out,
    links_of,
    local_ways,
    regions_of,
    stations_of,
    trunk_ways,
)
from nichiiki_instances.generating.municipalities import built_in, read_municipalities
from nichiiki_instances.generating.people import draw_people, make_households
from nichiiki_instances.generating.supply import (
    Houses,
    make_experiences,
    make_facilities,
    make_houses,
    make_measures,
    make_roles,
    make_supporters,
)
from nichiiki_instances.generating.wishing import (
    care_wishes,
    choices_of,
    desk_wishes,
    experience_wishes,
    look_around,
    role_wishes,
    school_wishes,
    stay_wishes,
)
from nichiiki_models.columns import Array
from nichiiki_models.errors import UsageError
from nichiiki_models.instance import Instance
from nichiiki_models.rules import Condition, Limits, Lottery, PointRule, Rules, Weight
from nichiiki_models.table import Table
from nichiiki_models.tables import Period

FIRST_DAY = date(2026, 4, 1)
"""First day of the first period: the fiscal year 2026."""

RULES = Rules(
    rules_id="generated",
    valid_from=FIRST_DAY,
    source="assumption, in the form of nursery and public-housing rules",
    points=(
        PointRule(rule_id="children", points=10, when=(Condition(field="children", op=">=", value=1),)),
        PointRule(rule_id="single_parent", points=5, when=(Condition(field="group", value="single_parent"),)),
        PointRule(rule_id="low_income", points=5, when=(Condition(field="income_class", op="<=", value=3),)),
        PointRule(rule_id="ties", points=3, when=(Condition(field="group", value="local_ties"),)),
        PointRule(rule_id="lost_before", points=4, when=(Condition(field="past_losses", op=">=", value=1),)),
    ),
    limits=Limits(hazards_apart=("tsunami",), care_days_max=12),
    lottery=Lottery(
        per_past_loss=1, weights=(Weight(tickets=1, when=(Condition(field="preschool", op=">=", value=1),)),)
    ),
)
"""Rules of a generated instance unless others are given."""


@dataclass(frozen=True)
class Size:
    """A size for tests and benchmarks."""

    households: int
    houses: int
    hosts: int


SIZES = {
    "S": Size(60, 30, 1),
    "M": Size(600, 200, 5),
    "L": Size(5_000, 1_500, 77),
    "XL": Size(50_000, 15_000, 1_000),
}
"""Sizes by name; L and XL need a table of municipalities with enough hosts, else take fewer hosts."""


def generate(
    *,
    households: int,
    seed: int,
    houses: int | None = None,
    hosts: int | None = None,
    municipalities: Path | None = None,
    periods: int = 12,
    roles: int | None = None,
    rules: Rules = RULES,
) -> Instance:
    """Generate an instance.

    Every distribution is listed with its source in ``docs/reference/generator.md``. The same arguments give
    the same instance, hash included, with the same version of numpy.

    Parameters
    ----------
    households
        Number of households, at least 1.
    seed
        Seed of all chance, 0 or more.
    houses
        Number of houses (rows; some have several units), one for each host or more; a third of the
        households if None.
    hosts
        Number of host regions; if None all there are, but not more than houses and roles go round for.
    municipalities
        A table of municipalities (see `read_municipalities`); a built-in set of ten if None.
    periods
        Number of months from April 2026.
    roles
        Number of roles, at least one for each host; four for ten households if None.
    rules
        Rules of the instance.

    Raises
    ------
    UsageError
        If a number is out of range, or there are fewer possible hosts than asked for.
    FileError
        If the table of municipalities cannot be used.
    """
    _check_counts(households=households, periods=periods, houses=houses, hosts=hosts, roles=roles)
    if seed < 0:
        raise UsageError.of("arg_from", argument="seed", value=seed, low=0)
    towns = built_in() if municipalities is None else read_municipalities(municipalities)
    geo_rng, supply_rng, people_rng, wish_rng = np.random.Generator(np.random.PCG64(seed)).spawn(4)
    homes_made = max(1, households // 3) if houses is None else houses
    roles_made = max(1, households * 2 // 5) if roles is None else roles
    hosts_made = _hosts(hosts, homes_made, roles_made, houses, roles)
    limit = int(((towns.population < p.BIG_CITY.value) & (towns.population > 0)).sum())
    geography = lay_out(geo_rng, towns, min(hosts_made, limit) if hosts is None else hosts_made)
    tables = _tables(
        geography,
        (supply_rng, people_rng, wish_rng),
        _Counts(households, max(homes_made, len(geography.hosts)), max(roles_made, len(geography.hosts))),
        _months(periods),
    )
    note = f"synthetic: nichiiki_instances.generators.generate, seed {seed}, {households} households"
    return Instance.from_tables(tables, rules, name=f"generated-{households}-{seed}", note=note)


@dataclass(frozen=True)
class _Counts:
    households: int
    houses: int
    roles: int


def _check_counts(**counts: int | None) -> None:
    for name, value in counts.items():
        if value is not None and value < 1:
            raise UsageError.of("arg_from", argument=name, value=value, low=1)


def _hosts(
    hosts: int | None, made_houses: int, made_roles: int, houses: int | None, roles: int | None
) -> int:
    """Return the number of hosts; houses and roles that were asked for must go round."""
    given = [count for count in (houses, roles) if count is not None]
    if hosts is not None and any(count < hosts for count in given):
        raise UsageError.of("hosts_more", argument="hosts", value=hosts)
    return hosts if hosts is not None else min(made_houses, made_roles)


def _months(count: int) -> Table[Period]:
    first = np.datetime64(FIRST_DAY, "M") + np.arange(count + 1)
    starts = first.astype("M8[D]")
    names = np.array([str(month) for month in first[:-1]])
    columns: dict[str, Any] = {
        "period_id": names,
        "starts_on": starts[:-1],
        "ends_on": starts[1:] - np.timedelta64(1, "D"),
    }
    return Table(Period, columns)


def _tables(
    geography: Geography, rngs: tuple[np.random.Generator, ...], counts: _Counts, calendar: Table[Period]
) -> dict[str, Table[Any]]:
    supply_rng, people_rng, wish_rng = rngs
    periods = calendar["period_id"]
    months = calendar["starts_on"].astype("M8[M]").astype(np.int64) % 12 + 1
    houses = make_houses(supply_rng, geography, counts.houses, periods, months)
    facilities = make_facilities(supply_rng, geography)
    roles, role_host = make_roles(supply_rng, geography, counts.roles, periods, months)
    experiences = make_experiences(supply_rng, geography)
    measures, programmes = make_measures(supply_rng, houses)
    supporters = make_supporters(supply_rng, geography, counts.households)
    people = draw_people(people_rng, geography, counts.households)
    looking = look_around(wish_rng, geography, people, houses)
    applicants = make_households(
        people_rng,
        geography,
        people,
        round_trips=looking.round_trips,
        limit=looking.limit,
        periods=periods,
        months=months,
    )
    stays, towns = stay_wishes(wish_rng, geography, looking, houses)
    wishes = [
        stays,
        *school_wishes(wish_rng, geography, people, towns, facilities),
        *care_wishes(geography, people, towns),
        *desk_wishes(geography, people, towns),
        role_wishes(wish_rng, people, towns, roles, role_host),
        experience_wishes(wish_rng, people, towns, experiences["experience_id"]),
    ]
    return {
        **_ground(supply_rng, geography, houses, people.home),
        "periods": calendar,
        "households": applicants,
        "persons": people.persons,
        "houses": houses.table,
        "facilities": facilities.table,
        "seats": facilities.seats,
        "roles": roles,
        "supporters": supporters,
        "experiences": experiences,
        "choices": choices_of(wishes, counts.households),
        "measures": measures,
        "programmes": programmes,
    }


def _ground(
    rng: np.random.Generator, geography: Geography, houses: Houses, home: Array
) -> dict[str, Table[Any]]:
    """Regions, places and links that the instance needs."""
    homes = np.unique(home)
    used = np.zeros(len(geography.towns), dtype=bool)
    used[np.concatenate((homes, geography.hosts, geography.hubs))] = True
    units = np.bincount(houses.host, weights=houses.table["units"])
    reception = np.ceil(units * p.GUESTS.value).astype(np.int64)
    places, stations = stations_of(geography)
    count = len(houses.km)
    station = stations[geography.hosts[houses.host]]
    served, by_taxi = happens(rng, p.BUS_SERVED, count), happens(rng, p.TAXI_SERVED, count)
    ways = [
        *trunk_ways(geography, stations),
        *local_ways(geography, homes, stations),
        *last_miles(houses.table["house_id"], station, houses.km, served, by_taxi),
    ]
    consents = happens(rng, p.CONSENT_HOME, len(used))
    return {
        "regions": regions_of(geography, used, reception, consents),
        "places": places,
        "links": links_of(ways),
    }
