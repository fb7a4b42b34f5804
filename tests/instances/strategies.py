"""Strategies of the tests: random small instances that keep every rule, with awkward texts."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from nichiiki_models.columns import is_one_id
from nichiiki_models.instance import Instance
from nichiiki_models.rules import Rules
from nichiiki_models.tables import HAZARDS

AWKWARD = (
    "=1+1", "+81", "-5", "@SUM(A1)", "'quoted", "''", "'=x", " lead", "trail　",
    "a,b", 'say "x"', "a;b；c、d",
    "＝1+1", "#N/A", "true", "001", "1e5", "２０２６年", "髙﨑𠮷", "<script>", "_x0041_",
    "http://x.jp", "{=1}", "\\n",
    "\N{REPLACEMENT CHARACTER}", "\u2028", "\ufeffbom", "e\u0301", " ", "'", "#", "null",
)  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(AWKWARD),
    st.text(
        alphabet=st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"),
        max_size=12,
    ),
    st.text(alphabet="'=+-@ #;,\"\\　", max_size=6),
)
IDS = st.one_of(
    st.from_regex(r"\A[A-Za-z0-9_][A-Za-z0-9_.\-:/#+]{0,6}\Z"),
    st.text(alphabet="那須町ーヶ々﨑𠮷éßa1_", min_size=1, max_size=6).filter(is_one_id),
    st.sampled_from(("001", "1e5", "true", "2026-04-01", "那須町", "NaN", "1/2", "TRUE")),
)
COORDINATES = {"lat": st.floats(20, 46), "lon": st.floats(122, 154)}
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).map(lambda t: t.replace(microsecond=0))


def _some(draw: Any, ids: list[str]) -> tuple[str, ...]:
    return tuple(draw(st.lists(st.sampled_from(ids), unique=True, max_size=3))) if ids else ()


def _position(draw: Any) -> dict[str, float]:
    return {name: draw(strategy) for name, strategy in COORDINATES.items()}


@st.composite
def instances(draw: Any) -> Instance:
    """Draw an instance with a few rows in the main tables."""
    ids = draw(st.lists(IDS, unique=True, min_size=10, max_size=10))
    regions, periods, households, houses, persons = ids[:2], ids[2:4], ids[4:6], ids[6:8], ids[8:10]
    first = draw(st.dates(date(1990, 1, 1), date(2090, 1, 1)))
    days = {period: first + timedelta(days=31 * at) for at, period in enumerate(periods)}
    content: dict[str, Any] = dict(
        name=draw(TEXTS),
        note=draw(TEXTS),
        rules=draw(st.sampled_from((Rules(), Rules(version=draw(TEXTS), valid_from=first)))),
        regions=[_region(draw, region) for region in regions],
        periods=[
            {"period_id": p, "starts_on": d, "ends_on": d + timedelta(days=30)} for p, d in days.items()
        ],
        households=[_household(draw, each, regions, periods) for each in households],
        persons=[_person(draw, each, households) for each in persons],
        houses=[_house(draw, each, regions, periods) for each in houses],
        roles=[_role(draw, ids[0], regions)] if draw(st.booleans()) else [],
        choices=[
            {
                "household_id": h,
                "list": "stay",
                "rank": 1,
                "target_kind": "house",
                "target_id": houses[0],
                "periods": _some(draw, periods),
            }
            for h in households
        ],
    )
    return Instance(**content)  # fmt: skip


def _region(draw: Any, region: str) -> dict[str, Any]:
    return {
        "region_id": region,
        "name": draw(TEXTS) or "x",
        "plan_area": draw(TEXTS),
        "hazards": tuple(draw(st.lists(st.sampled_from(HAZARDS), unique=True, max_size=3))),
        "has_plan": draw(st.booleans()),
        "municipality_code": draw(st.sampled_from((None, "131016", "011002"))),
        "board_consents": draw(st.sampled_from(((), ("*",)))),
        **_position(draw),
    }


def _household(draw: Any, household: str, regions: list[str], periods: list[str]) -> dict[str, Any]:
    return {
        "household_id": household,
        "home_region": draw(st.sampled_from(regions)),
        "budget_yen": draw(st.integers(0, 10_000_000)),
        "round_trips": draw(st.integers(0, 6000)) / 100,
        "stay_periods": _some(draw, periods),
        "car": draw(st.booleans()),
        "points": draw(st.integers(-1_000_000, 1_000_000)),
        "income_class": draw(st.none() | st.integers(1, 99)),
        "applied_at": draw(st.none() | MOMENTS),
        "registration": draw(st.sampled_from(("none", "basic", "premium"))),
        "registration_valid_until": draw(st.none() | st.dates()),
        "groups": tuple(draw(st.lists(IDS, unique=True, max_size=2))),
    }


def _person(draw: Any, person: str, households: list[str]) -> dict[str, Any]:
    grade = draw(st.sampled_from(("none", "age1-2", "4", "9")))
    household = draw(st.sampled_from(households))
    return {"person_id": person, "household_id": household, "age": draw(st.integers(0, 120)), "grade": grade}


def _house(draw: Any, house: str, regions: list[str], periods: list[str]) -> dict[str, Any]:
    return {
        "house_id": house,
        "region_id": draw(st.sampled_from(regions)),
        "kind": draw(st.sampled_from(("whole", "room", "trial", "hotel"))),
        "capacity_persons": draw(st.integers(1, 1000)),
        "rent_yen": draw(st.integers(0, 10_000_000)),
        "deposit_yen": draw(st.integers(0, 10**12)),
        "closed_periods": _some(draw, periods),
        "settlement": draw(st.none() | IDS),
        **_position(draw),
    }


def _role(draw: Any, role: str, regions: list[str]) -> dict[str, Any]:
    region = draw(st.sampled_from(regions))
    return {
        "role_id": role,
        "region_id": region,
        "title": draw(TEXTS),
        "hours_per_period": 1,
        "max_holders": 1,
        "remote_share": draw(st.integers(0, 100)),
        **_position(draw),
    }
