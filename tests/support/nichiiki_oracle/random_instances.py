"""Random instances in which every family of rules is present and often decides something."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import prod
from typing import Any

from nichiiki_models.instance import Instance
from nichiiki_models.rules import Rules
from nichiiki_models.tables import CARE_BANDS, SCHOOL_GRADES
from nichiiki_oracle.bundles import bundles
from nichiiki_oracle.market import Market
from nichiiki_oracle.random_people import add_carers_and_families, add_people, people_rules, register_most

Row = dict[str, Any]
MOST_BUNDLES = 400
MOST_BUNDLES_ON_AVERAGE = 60
MOST_COMBINATIONS = 10_000_000
AGE_OF_BAND = {"age0": 0, "age1-2": 2, "age3": 3, "age4-5": 5}
SKILLS = ("farm", "care", "shop")
TAGS = ("garden", "net", "pets")
GROUPS = ("family", "student")
HAZARDS = ("flood", "tsunami")
LISTS_BESIDE_STAY = ("school", "care", "desk", "role", "supporter", "experience")


@dataclass(frozen=True)
class Size:
    """How much there is of everything.

    Attributes
    ----------
    spread
        Half the width, in degrees, of the square around an office in which its houses lie.
    scale
        By how much whatever many households share is larger than in a small instance.
    """

    households: int
    homes: int = 2
    hosts: int = 2
    months: int = 3
    houses: int = 5
    roles: int = 3
    locks: int = 2
    spread: float = 0.012
    scale: int = 1


def random_instance(seed: int, households: int | None = None) -> Instance:
    """Draw a small instance that the oracle can solve completely.

    Parameters
    ----------
    seed
        The same seed gives the same instance.
    households
        Number of households; 1 to 6 at random if None.
    """
    attempt = 0
    while True:
        rng = _rng("small", seed, attempt)
        size = Size(households=households or rng.choice((1, 2, 3, 4, 4, 5, 5, 6, 6)))
        instance = _Draw(rng, size).instance(f"random-{seed}")
        if is_small(instance):
            return instance
        attempt += 1


def medium_instance(seed: int, households: int = 40) -> Instance:
    """Draw an instance of the same kind that is too large for the oracle."""
    size = Size(
        households=households,
        homes=4,
        hosts=4,
        months=5,
        houses=max(6, households // 2),
        roles=max(4, households // 4),
        locks=max(2, households // 10),
        scale=max(1, households // 12),
    )
    return _Draw(_rng("medium", seed, 0), size).instance(f"medium-{seed}")


def is_small(instance: Instance) -> bool:
    """Say whether the bundles of an instance are few enough to try all combinations."""
    market = Market(instance)
    counts: list[int] = []
    for household in market.households.values():
        counts.append(len(bundles(market, household)))
        if counts[-1] > MOST_BUNDLES:
            return False
    most = MOST_BUNDLES_ON_AVERAGE * max(1, len(counts))
    return sum(counts) <= most and prod(1 + count for count in counts) <= MOST_COMBINATIONS


def _rng(kind: str, seed: int, attempt: int) -> random.Random:
    return random.Random(f"{kind} {seed} {attempt}")  # noqa: S311 - test data, no secret


class _Draw:
    """Draws the tables of one instance, one method a table, from one stream of random numbers.

    In a mild instance little stands against a single household, and all want the same:
    what is shared decides.
    """

    def __init__(self, rng: random.Random, size: Size) -> None:
        self.rng = rng
        self.size = size
        self.homes = [f"home{n}" for n in range(size.homes)]
        self.mild = self.odds(55)
        self.pupils = self.rng.choice((60, 85, 20))  # of a hundred children
        self.hosts = [f"host{n}" for n in range(1 if self.mild and self.odds(60) else size.hosts)]
        self.rows: dict[str, list[Row]] = {}

    def instance(self, name: str) -> Instance:
        """Draw every table, then the rules."""
        for table in (
            "regions places periods houses facilities seats roles supporters experiences links "
            "households persons choices quotas locks priorities programmes measures use_history"
        ).split():
            draw: Callable[[], list[Row]] = getattr(self, table)
            self.rows[table] = draw()
        rules = self.rules()
        later = random.Random(self.rng.random())  # noqa: S311 - test data, no secret
        add_people(later, self.rows, self.homes, self.hosts, self.mild)
        rules = people_rules(later, rules, self.mild)
        register_most(later, self.rows, rules)
        add_carers_and_families(later, self.rows)
        return Instance(name=name, rules=rules, **self.rows)  # type: ignore[arg-type]

    # Small helpers

    def odds(self, percent: int) -> bool:
        """Say yes in so many cases of a hundred."""
        return self.rng.randrange(100) < percent

    def unless_mild(self, percent: int) -> bool:
        """Say yes in so many cases of a hundred, much less often in a mild instance."""
        return self.odds(percent // 4 if self.mild else percent)

    def some(self, values: Sequence[Any], percent: int) -> tuple[Any, ...]:
        """Take each value with the given odds."""
        return tuple(value for value in values if self.odds(percent))

    def maybe(self, percent: int, values: Sequence[Any]) -> Any:
        """Take one value with the given odds, else None."""
        return self.rng.choice(list(values)) if self.odds(percent) else None

    def ids(self, table: str) -> list[str]:
        """Return the ids of a table drawn before."""
        return [row[f"{table.removesuffix('s')}_id"] for row in self.rows[table]]

    def period_ids(self, percent: int, *, keep: int = 60) -> tuple[str, ...]:
        """Return no period (which means all), or with the given odds some of them."""
        periods = self.ids("periods")
        return (self.some(periods, keep) or (periods[0],)) if self.odds(percent) else ()

    def near(self, region_id: str, spread: float | None = None) -> Row:
        """Return a position near the office of a region."""
        office = next(row for row in self.rows["regions"] if row["region_id"] == region_id)
        width = self.size.spread if spread is None else spread
        return {
            "region_id": region_id,
            "lat": round(office["lat"] + self.rng.uniform(-width, width), 5),
            "lon": round(office["lon"] + self.rng.uniform(-width, width), 5),
        }

    # Where and when

    def regions(self) -> list[Row]:
        """Homes in the south, hosts in the north."""
        homes = [self._region(name, 35.0 + 0.3 * n, n) for n, name in enumerate(self.homes)]
        return homes + [self._region(name, 37.0 + 0.3 * n, n) for n, name in enumerate(self.hosts)]

    def _region(self, name: str, lat: float, number: int) -> Row:
        return {
            "region_id": name,
            "name": name,
            "lat": lat,
            "lon": 138.0 + 0.2 * number,
            "hazards": self.some(HAZARDS, 40),
            "has_plan": self.odds(70),
            "platform_member": self.odds(70),
            "reception_max": self.maybe(15 if self.mild else 45, [n * self.size.scale for n in (1, 1, 2, 3)])
            if name in self.hosts
            else None,
            "board_consents": ("*",) if not self.unless_mild(50) else self.some(self.hosts, 60),
        }

    def places(self) -> list[Row]:
        """Draw a stop and something that is none in every host region."""
        stops = [
            {
                "place_id": f"stop-{host}",
                "kind": self.rng.choice(("station", "bus_stop", "port")),
                **self.near(host),
            }
            for host in self.hosts
        ]
        return stops + [
            {"place_id": f"shop-{host}", "kind": "shop", **self.near(host)} for host in self.hosts
        ]

    def periods(self) -> list[Row]:
        """Draw months, in three of ten instances cut into weekdays and weekends; one may be closed."""
        slots = ("weekday", "weekend") if self.odds(42) else ("all",)
        months = max(2, self.size.months - (len(slots) > 1) + self.odds(30))
        rows = [self._period(month, slot) for month in range(months) for slot in slots]
        if self.odds(10 if self.mild else 28):
            self.rng.choice(rows)["open"] = False
        return rows

    def _period(self, month: int, slot: str) -> Row:
        first = date(2027, 4, 1) + timedelta(days=28 * month)
        last = first + timedelta(days=27 if self.odds(80) else 6)
        return {"period_id": f"p{month}{slot}", "starts_on": first, "ends_on": last, "slot": slot}

    def houses(self) -> list[Row]:
        """Draw houses in the host regions."""
        return [self._house(f"house{n}") for n in range(self.size.houses)]

    def _house(self, name: str) -> Row:
        kind = self.rng.choice(("whole", "whole", "room", "trial", "hotel"))
        settlement = self.rng.choice(("north", "south")) if self.odds(50) else None
        least = 2 if self.unless_mild(9) else None
        return {
            "house_id": name,
            "kind": kind,
            **self.near(self.rng.choice(self.hosts)),
            "units": self._units(kind),
            "capacity_persons": self.rng.choice((4, 5) if self.mild else (2, 3, 4, 5))
            if kind in ("whole", "trial")
            else self.rng.choice((1, 2, 2)),
            "rent_yen": self.rng.randrange(10, 40) * 1000,
            "min_stay": least,
            "max_stay": self.rng.choice((1, 2) if least is None else (2,)) if self.unless_mild(20) else None,
            "closed_periods": self.period_ids(3 if self.mild else 11, keep=30),
            "start_periods": self.period_ids(3 if self.mild else 12),
            "gap_periods": self.rng.choice((0, 0, 0, 1, 1, 2)),
            "tags": self.some(TAGS, 75),
            "hazards": self.some(HAZARDS, 5 if self.mild else 25),
            "ready": not self.unless_mild(12),
            "settlement": settlement,
        }

    def _units(self, kind: str) -> int:
        if self.mild and self.odds(60):
            return 6
        return self.rng.choice((1, 1, 2) if kind in ("whole", "trial") else (1, 2, 3))

    def facilities(self) -> list[Row]:
        """Draw a school, a nursery and a coworking space in every host region, often a second school."""
        kinds = [(host, kind) for host in self.hosts for kind in ("school", "nursery", "coworking")]
        kinds += [(host, "school") for host in self.hosts if self.odds(50)]
        return [self._facility(f"{kind}{n}", host, kind) for n, (host, kind) in enumerate(kinds)]

    def _facility(self, name: str, host: str, kind: str) -> Row:
        consents = ("*",) if not self.unless_mild(50) else self.some([*self.homes, *self.hosts], 65)
        return {"facility_id": name, "kind": kind, **self.near(host), "consent_regions": consents}

    def seats(self) -> list[Row]:
        """Draw seat rows, most for all periods, some for one, some missing."""
        bands = {"school": SCHOOL_GRADES[:3], "nursery": CARE_BANDS, "coworking": ("desk",)}
        rows = []
        for facility in self.rows["facilities"]:
            for band in bands[facility["kind"]]:
                periods = self.some(["all"], 92) + self.some(self.ids("periods"), 12)
                rows += [self._seat(facility["facility_id"], band, period) for period in periods]
        return rows

    def _seat(self, facility: str, band: str, period: str) -> Row:
        days = self.rng.choice((6, 10, 15)) if band in CARE_BANDS and self.odds(40) else None
        seats = self.rng.choice((1, 1, 1, 1, 2) if self.mild else (0, 1, 1, 1, 2, 2, 3))
        return {
            "facility_id": facility,
            "band": band,
            "period_id": period,
            "seats": seats * self.size.scale,
            "days": days,
        }

    def roles(self) -> list[Row]:
        """Draw roles in the host regions."""
        return [self._role(f"role{n}") for n in range(self.size.roles)]

    def _role(self, name: str) -> Row:
        most = self.rng.choice((1, 1, 1, 2) if self.mild else (1, 2, 2, 3))
        season = self.period_ids(20 if self.mild else 60)
        return {
            "role_id": name,
            **self.near(self.rng.choice(self.hosts)),
            "skill": self.maybe(15 if self.mild else 35, SKILLS),
            "min_age": self.rng.choice((16, 16, 30)),
            "max_age": self.rng.choice((120, 120, 60)),
            "hours_per_period": self.rng.choice((5, 10, 20)),
            "periods": season,
            "whole_season": bool(season) and self.odds(35),
            "min_holders": min(most, self.rng.choice((0, 1, 1, 2))),
            "max_holders": most,
            "value": self.rng.choice((-50, 0, 100, 300)),
        }

    def supporters(self) -> list[Row]:
        """Draw supporters, wide and local."""
        return [
            {
                "supporter_id": f"supporter{n}",
                "scope": self.rng.choice(("wide", "local")),
                "designated": self.odds(70),
                "platform_member": self.odds(70),
                "regions": self.some(self.hosts, 50),
                "languages": self.some(("ja", "en"), 70),
                "topics": self.some(("school", "work"), 65),
                "caseload": self.rng.choice((1, 1, 2)) * self.size.scale,
            }
            for n in range(self.size.hosts)
        ]

    def experiences(self) -> list[Row]:
        """Draw experiences, some of which need several households."""
        rows = []
        for n in range(self.size.hosts):
            places = self.rng.choice((1, 1, 2) if self.mild else (1, 2, 3)) * self.size.scale
            least = min(places, self.rng.choice((0, 0, 2)))
            head = {"experience_id": f"experience{n}", "region_id": self.rng.choice(self.hosts)}
            rows.append(
                {
                    **head,
                    "periods": self.period_ids(20 if self.mild else 50),
                    "places": places,
                    "min_places": least,
                }
            )
        return rows

    def links(self) -> list[Row]:
        """Draw trains, cheap buses and toll roads, some links of single houses and facilities."""
        rows = []
        for host in self.hosts:
            for home in [*self.homes, *(other for other in self.hosts if other != host)]:
                rows += self._links_between(home, host)
        rows += [
            self._link(f"stop-{host}", host, "bus", (5, 20), 300) for host in self.hosts if self.odds(85)
        ]
        rows += self._links_of_houses()
        return [{"link_id": f"link{n:03}", **row} for n, row in enumerate(rows)]

    def _links_between(self, home: str, host: str) -> list[Row]:
        rows = [self._link(home, f"stop-{host}", "rail", (60, 120), 3000)] if self.odds(90) else []
        rows += [self._link(home, host, "bus", (100, 200), 1500)] if self.odds(50) else []
        rows += [self._link(home, host, "car", (80, 160), 1200, vehicle=True)] if self.odds(60) else []
        return rows + (
            [self._link(host, home, "taxi", (60, 90), 8000, vehicle=True)] if self.odds(20) else []
        )

    def _links_of_houses(self) -> list[Row]:
        rows = []
        for house in self.rows["houses"]:
            host = house["region_id"]
            near = [f["facility_id"] for f in self.rows["facilities"] if f["region_id"] == host]
            if self.odds(30):
                rows.append(self._link(house["house_id"], f"stop-{host}", "demand_bus", (3, 12), 200))
            if self.odds(30):
                rows.append(self._link(house["house_id"], self.rng.choice(near), "demand_bus", (5, 25), 0))
        return rows

    def _link(
        self, start: str, end: str, mode: str, minutes: tuple[int, int], fare: int, *, vehicle: bool = False
    ) -> Row:
        return {
            "from_id": start,
            "to_id": end,
            "mode": mode,
            "minutes": self.rng.randrange(*minutes),
            "fare_yen": fare + 10 * self.rng.randrange(0, 40),
            "fare_basis": "vehicle" if vehicle or self.odds(10) else "person",
            "both_ways": not self.odds(25),
            "periods": self.period_ids(20, keep=75),
        }

    # Who

    def households(self) -> list[Row]:
        """Draw households; one in eight lives in a host region."""
        return [self._household(f"h{n:02}") for n in range(self.size.households)]

    def _household(self, name: str) -> Row:
        return {
            "household_id": name,
            "home_region": self.rng.choice(self.hosts if self.unless_mild(16) else self.homes),
            "budget_yen": self.rng.randrange(60 if self.mild else 35, 120) * 1000,
            "round_trips": self.rng.choice((0.5, 1, 1.25, 2, 2.33)),
            **self._stay_wanted(),
            "max_trip_minutes": self.maybe(10 if self.mild else 40, (90, 120, 150, 200)),
            "max_commute_minutes": self.maybe(60, (10, 20, 30)),
            "car": self.odds(50),
            "needs": self.some(TAGS, 2 if self.mild else 8),
            "points": self.rng.choice((-5, 0, 0, 0, 5)),
            "past_losses": self.rng.choice((0, 0, 1, 3)),
            "income_class": self.maybe(70, (1, 2, 3)),
            "applied_at": self.maybe(70, ("2027-01-10T09:00:00", "2027-01-11T10:30:00")),
            "registration": self.rng.choice(("none", "basic", "premium")),
            "siblings": self.rng.choice(("together", "apart")),
            "groups": self.some(GROUPS, 50),
            "languages": self.some(("ja", "en"), 15 if self.mild else 35),
            "topics": self.some(("school", "work"), 10 if self.mild else 30),
        }

    def _stay_wanted(self) -> Row:
        periods = self.ids("periods")
        kind = self.rng.choice(("fixed",) * 3 * self.mild + ("fixed", "consecutive", "any"))
        window = (
            self.some(periods, 40) or (periods[0],)
            if self.mild
            else self.some(periods, 40) or (self.rng.choice(periods),)
        )
        if kind == "fixed":
            return {"stay_kind": kind, "stay_periods": () if self.odds(8) else window[:2]}
        wide = () if self.odds(30) else self.some(periods, 80)
        inside = [
            row
            for row in self.rows["periods"]
            if row.get("open", True) and (not wide or row["period_id"] in wide)
        ]
        if not inside:
            return {"stay_kind": "fixed"}
        return {
            "stay_kind": kind,
            "stay_periods": wide,
            "stay_length": min(len(inside), self.rng.choice((1, 1, 2))),
        }

    def persons(self) -> list[Row]:
        """Draw nobody, one or two adults, and up to two children a household."""
        rows = []
        for household in self.ids("households"):
            adults = [self._adult() for _ in range(self.rng.choice((0, 1, 1, 1, 1, 2)))]
            children = [self._child() for _ in range(self.rng.choice((0, 0, 1, 1, 2)))]
            members = adults + children
            rows += [
                {"person_id": f"{household}-{n}", "household_id": household, **p}
                for n, p in enumerate(members)
            ]
        return rows

    def _adult(self) -> Row:
        return {
            "age": self.rng.choice((17, 28, 45, 70)),
            "skills": self.some(SKILLS, 55),
            "hours_per_period": self.rng.choice((0, 10, 20, 25)),
            "telework_days": self.rng.choice((0, 0, 5)),
        }

    def _child(self) -> Row:
        if self.odds(self.pupils):
            grade = self.rng.choice(SCHOOL_GRADES[: 1 if self.mild else 3])
            return {"age": 5 + int(grade), "grade": grade}
        band = "age3" if self.mild else self.rng.choice(CARE_BANDS)
        return {"age": AGE_OF_BAND[band], "grade": band, "care_days": self.rng.choice((0, 4, 8, 12, 12))}

    # What they want

    def choices(self) -> list[Row]:
        """Draw wishes for houses, and for whatever else fits a member of the household."""
        rows = []
        for household in self.ids("households"):
            rows += self._stay_wishes(household)
            for name in ("supporter", "experience"):
                rows += self._wishes(household, name, None, 40 + 20 * self.mild)
        for person in self.rows["persons"]:
            for name in self._lists_of(person):
                rows += self._wishes(person["household_id"], name, person["person_id"], 75)
        return self._told_apart(rows)

    def _lists_of(self, person: Row) -> list[str]:
        """Return the lists that suit a person, rarely one more."""
        suits = {
            "school": person.get("grade") in SCHOOL_GRADES,
            "care": person.get("grade") in CARE_BANDS,
            "desk": person.get("telework_days", 0) > 0,
            "role": person.get("hours_per_period", 0) > 0,
        }
        return [name for name, suit in suits.items() if suit or self.odds(8)]

    def _stay_wishes(self, household: str) -> list[Row]:
        targets = [("house", name) for name in self.ids("houses")] + [("region", name) for name in self.hosts]
        return [
            {**self._wish(household, "stay", None, rank, *target), "periods": self.period_ids(9, keep=40)}
            for rank, target in self._ranked(
                targets, self.rng.choice((1, 1, 2) if self.mild else (0, *(1, 2, 2, 3, 3, 4) * 2))
            )
        ]

    def _wishes(self, household: str, name: str, person: str | None, percent: int) -> list[Row]:
        if not self.odds(percent):
            return []
        ranked = self._ranked(self._targets(name), self.rng.choice((1, 1, 2) if self.mild else (1, 1, 2, 3)))
        rows = [self._wish(household, name, person, rank, *target) for rank, target in ranked]
        none = self._wish(household, name, person, self.rng.choice((1, 2, 3)), "none", None)
        return rows + ([none] if self.odds(30) else [])

    def _targets(self, name: str) -> list[tuple[str, str | None]]:
        kind = {"school": "school", "care": "nursery", "desk": "coworking"}.get(name)
        if kind is not None:
            found = [
                ("facility", row["facility_id"]) for row in self.rows["facilities"] if row["kind"] == kind
            ]
        else:
            found = [(name, target) for target in self.ids(f"{name}s")]
        return [*found, *(("region", host) for host in self.hosts)]

    def _ranked(self, targets: Sequence[Any], most: int) -> list[tuple[int, Any]]:
        """Give ranks with ties to a few of the targets."""
        chosen = self.rng.sample(list(targets), min(most, len(targets)))
        return [
            (self.rng.choice((index, index, max(1, index - 1))), t) for index, t in enumerate(chosen, start=1)
        ]

    def _wish(
        self, household: str, name: str, person: str | None, rank: int, kind: str, target: str | None
    ) -> Row:
        return {
            "household_id": household,
            "list": name,
            "person_id": person,
            "rank": rank,
            "target_kind": kind,
            "target_id": target,
            "score": self.maybe(15, (-100, 50, 500, 1200)),
        }

    def _told_apart(self, rows: list[Row]) -> list[Row]:
        """Leave out a wish row whose key was there before."""
        names = ("household_id", "list", "person_id", "rank", "target_kind", "target_id", "periods")
        return list({tuple(row.get(name, ()) for name in names): row for row in reversed(rows)}.values())

    # What a planner adds

    def quotas(self) -> list[Row]:
        """Draw quotas with a maximum, rarely with a minimum."""
        rows = []
        for n in range(self.rng.choice((0, 1, 1, 2))):
            settlements = [row["settlement"] for row in self.rows["houses"] if row["settlement"]]
            targets = {"house": self.ids("houses"), "region": self.hosts, "settlement": settlements}
            kind = self.rng.choice(("all", *(kind for kind, found in targets.items() if found)))
            target = None if kind == "all" else self.rng.choice(targets[kind])
            least = self.maybe(25, (1, 1, 1, 2))
            rows.append(
                {
                    "quota_id": f"quota{n}",
                    "target_kind": kind,
                    "target_id": target,
                    "group": self.maybe(45, GROUPS),
                    "min": least,
                    "max": None
                    if least and self.odds(50)
                    else max(least or 0, self.rng.choice((1, 1, 2, 3)) * self.size.scale),
                }
            )
        return rows + (self._reserved() if self.odds(30) else [])

    def _reserved(self) -> list[Row]:
        """Draw units kept for a group."""
        targets: list[tuple[str, str | None]] = [("all", None), ("region", self.rng.choice(self.hosts))]
        targets += [("house", self.rng.choice(self.ids("houses")))] * 2
        kind, target = self.rng.choice(targets)
        head = {"quota_id": "reserved", "kind": "reserved", "target_kind": kind, "target_id": target}
        return [
            {**head, "group": self.maybe(90, GROUPS), "min": self.rng.choice((1, 1, 2)) * self.size.scale}
        ]

    def locks(self) -> list[Row]:
        """Draw locks on what a household wished for, or on any place at all."""
        rows = []
        wished = [row for row in self.rows["choices"] if row["target_id"] and row["target_kind"] != "none"]
        for _ in range(self.rng.randrange(self.size.locks + 1)):
            row = self.rng.choice(wished) if wished else None
            household = self.rng.choice(self.ids("households"))
            if row is None or self.odds(25):
                rows.append({"household_id": household, "target_kind": "placed", "target_id": None})
            else:
                rows.append({name: row[name] for name in ("household_id", "target_kind", "target_id")})
        return self._agreeing([{**row, "effect": self._effect(), "reason": "test"} for row in rows])

    def _effect(self) -> str:
        return "must" if self.odds(20) else "never"

    def _agreeing(self, rows: list[Row]) -> list[Row]:
        """Keep one `must` of a household, else its different locks of `never`."""
        musts = {row["household_id"]: row for row in rows if row["effect"] == "must"}
        rest = [row for row in rows if row["household_id"] not in musts]
        return [
            *musts.values(),
            *{(r["household_id"], r["target_kind"], r["target_id"]): r for r in rest}.values(),
        ]

    def priorities(self) -> list[Row]:
        """Draw points of households at single houses; they do not enter the one list."""
        return [
            {
                "target_kind": "house",
                "target_id": house,
                "household_id": household,
                "points": self.rng.randrange(9),
            }
            for house in self.ids("houses")
            for household in self.ids("households")
            if self.odds(10)
        ]

    def programmes(self) -> list[Row]:
        """Draw programmes: shares, caps, budgets, items, requirements and days."""
        return [self._programme(f"programme{n}") for n in range(self.rng.choice((0, 1, 2, 2, 3)))]

    def _programme(self, name: str) -> Row:
        return {
            "programme_id": name,
            "payer": self.rng.choice(("state", "state", "prefecture", "municipality")),
            "rate_kind": self.rng.choice(("fraction", "fraction", "fixed")),
            "rate_percent": self.rng.choice((33, 50, 50, 100)),
            "cap_yen": self.maybe(40, (300_001, 700_000)),
            "budget_yen": self.rng.choice((500_000, 700_000, 1_500_000)) * self.size.scale,
            "eligible_items": ("renovation",) if self.odds(25) else (),
            "excluded_items": ("desks",) if self.odds(15) else (),
            "requires": self.some(("plan", "designation", "membership"), 12),
            "valid_until": self.maybe(15, (date(2027, 3, 31), date(2027, 4, 1))),
        }

    def measures(self) -> list[Row]:
        """Draw renovations of houses, mostly of wanted ones made not ready, and expansions of what is short."""
        most = 2 if self.size.scale == 1 else 5
        found = [self._short() for _ in range(self.rng.choice((0, *range(1, most + 1), most)))]
        targets = [target for target in found if target is not None]
        targets += targets[:1] if len(targets) < most and self.odds(25) else []
        return [self._measure(f"measure{n}", *target) for n, target in enumerate(targets)]

    def _short(self) -> tuple[str, str, str | None] | None:
        """Make something short that is wanted, and say what."""
        kinds = {"house": "houses", "role": "roles", "supporter": "supporters", "facility": "seats"}
        kind = self.rng.choice(("house", "house", "house", *kinds))
        wanted = [row["target_id"] for row in self.rows["choices"] if row["target_kind"] == kind]
        if not wanted:
            return None
        name = self.rng.choice(wanted)
        rows = [row for row in self.rows[kinds[kind]] if row[f"{kind}_id"] == name]
        if not rows:
            return None
        row = self.rng.choice(rows)
        if kind == "house" and self.odds(70):
            row["ready"] = False
        elif self.odds(70):
            key = {"house": "units", "role": "max_holders", "supporter": "caseload", "facility": "seats"}[
                kind
            ]
            row[key] = max(row.get("min_holders", 0), self.rng.choice((0, 1)))
        return kind, row[f"{kind}_id"], row.get("band")

    def _measure(self, name: str, kind: str, target: str, band: str | None) -> Row:
        named = self.ids("programmes")
        return {
            "measure_id": name,
            "target_kind": kind,
            "target_id": target,
            "band": band,
            "item": self.rng.choice(("renovation", "renovation", "renovation", "desks", "fare")),
            "adds": self.rng.choice((0, 1, 1, 2)),
            "cost_yen": self.rng.choice((0, 400_000, 1_000_000, 1_000_000, 1_234_567)),
            "from_period": self.maybe(15, self.ids("periods")),
            "programmes": tuple(self.rng.sample(named, self.rng.randrange(len(named) + 1))),
        }

    def use_history(self) -> list[Row]:
        """Draw earlier stays at houses, before the calendar or in it; and say who owners accept."""
        for house in self.rows["houses"]:
            house["uses_per_half_year"] = self.maybe(12 if self.mild else 25, (0, 1, 1, 1, 2))
            house["accepts"] = (
                self.some((*GROUPS, *self.ids("households")), 70) if self.unless_mild(10) else ()
            )
            house["refuses"] = (
                self.some((*GROUPS, *self.ids("households")), 20) if self.unless_mild(12) else ()
            )
        rows = [self._use(household) for household in self.ids("households") if self.odds(40)]
        return list({tuple(row.values()): row for row in rows}.values())

    def _use(self, household: str) -> Row:
        dated = self.odds(60)
        return {
            "household_id": household,
            "kind": "stay",
            "target_id": self.rng.choice(self.ids("houses")),
            "period_id": None if dated else self.rng.choice(self.ids("periods")),
            "on": self.rng.choice((date(2027, 3, 31), date(2027, 4, 1))) if dated else None,
        }

    # Rules

    def rules(self) -> Rules:
        """Draw the rules of the run."""
        return Rules.model_validate(
            {
                "objective": {"levels": self._levels()},
                "lists": self._lists(),
                "procedure": {
                    "kind": self.rng.choice(("one_list", "by_rank")),
                    "tie_order": self._tie_order(),
                },
                "points": self._point_rules(),
                "limits": self._limits(),
                "travel": {
                    "walk_max_minutes": self.rng.choice((20, 30, 45)),
                    "child_fare_percent": self.rng.choice((50, 33)),
                    "detour_percent": self.rng.choice((100, 130)),
                },
                "lottery": self._lottery(),
                "funding": self._funding(),
            }
        )

    def _levels(self) -> list[Row]:
        first = {"utility": 1, "role_value": self.rng.choice((0, 1, 2))}
        second = {"persons": self.rng.choice((0, 1)), "points": 1, "placed": self.rng.choice((1, 3))}
        second |= {self.rng.choice(("measure_yen", "own_yen")): 1} if self.odds(20) else {}
        both = [{"name": "welfare", "weights": first}, {"name": "people", "weights": second}]
        self.rng.shuffle(both)
        return both[: self.rng.choice((1, 2, 2))]

    def _lists(self) -> Row:
        lists: Row = {name: self._list_rule(name) for name in LISTS_BESIDE_STAY}
        order = ["stay", *LISTS_BESIDE_STAY]
        if self.odds(40):
            self.rng.shuffle(order)
        return {
            "order": order,
            "stay": {"required": True, "accept_unlisted": self.odds(20 if self.mild else 45)},
            **lists,
        }

    def _list_rule(self, name: str) -> Row:
        table = self.rng.choice(((300, 200, 100), (100, 50), (400, 0) if self.mild else (0,)))
        return {
            "required": self.odds(4 if self.mild else 18),
            "accept_unlisted": self.odds(12 if self.mild else 28),
            "rank_utility": table,
        }

    def _tie_order(self) -> tuple[str, ...]:
        keys = ["income_class", "past_losses", "applied_at", "children", "persons", "lottery"]
        self.rng.shuffle(keys)
        return tuple(keys[: self.rng.randrange(5)])

    def _condition(self) -> Row:
        return dict(
            self.rng.choice(
                (
                    {"field": "group", "op": self.rng.choice(("==", "!=")), "value": "family"},
                    {"field": "income_class", "op": self.rng.choice(("==", "!=", "<=", ">=")), "value": 2},
                    {"field": "past_losses", "op": ">=", "value": 1},
                    {"field": "registration", "op": "!=", "value": "none"},
                    {"field": "children", "op": ">=", "value": 1},
                    {"field": "pupils", "op": "==", "value": 1},
                    {"field": "preschool", "op": ">=", "value": 1},
                    {"field": "persons", "op": "<=", "value": 2},
                    {"field": "home_region", "op": "==", "value": self.homes[0]},
                    {"field": "car", "op": "==", "value": self.odds(50)},
                )
            )
        )

    def _conditions(self) -> list[Row]:
        return [self._condition() for _ in range(self.rng.choice((0, 1, 1, 2)))]

    def _point_rules(self) -> list[Row]:
        return [
            {"rule_id": f"rule{n}", "points": self.rng.choice((-5, 5, 10)), "when": self._conditions()}
            for n in range(self.rng.randrange(4))
        ]

    def _limits(self) -> Row:
        ages = [{"up_to_age": 6, "minutes": self.rng.choice((10, 30))}, {"up_to_age": 12, "minutes": 25}]
        return {
            "trip_minutes": self.maybe(10 if self.mild else 40, (120, 180)),
            "commute_by_age": ages if self.odds(70) else [],
            "hazards_apart": self.some(HAZARDS, 10 if self.mild else 35),
            "care_days_max": self.maybe(40, (6, 10)),
            "roles_per_person": self.rng.choice((1, 1, 2, 2, 2)),
        }

    def _funding(self) -> Row:
        budgets = (0, 400_000, 700_000, 1_000_000)
        return {
            "single_payers": ("state",) if self.odds(40) else (),
            "own_budget_yen": {
                host: self.rng.choice(budgets) * self.size.scale for host in self.hosts if self.odds(85)
            },
        }

    def _lottery(self) -> Row:
        weights = [
            {"tickets": self.rng.choice((1, 3)), "when": self._conditions()}
            for _ in range(self.rng.randrange(3))
        ]
        return {
            "base_tickets": 1,
            "per_past_loss": self.rng.randrange(3),
            "max_tickets": 5,
            "weights": weights,
        }
