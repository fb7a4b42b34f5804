"""The three cases of each rule on the tiny market: changes that just keep it, and changes that just break it."""

from __future__ import annotations

from typing import Any

Cells = dict[str, Any]
AGE_LIMIT = {"limits": {"commute_by_age": [{"up_to_age": 12, "minutes": 9}]}}
AGE_LIMIT_KEPT = {"limits": {"commute_by_age": [{"up_to_age": 12, "minutes": 10}]}}
ANY = {
    f"choices__{n}__{key}": value
    for n in (1, 2, 3)
    for key, value in (("target_kind", "region"), ("target_id", "host"))
}
AS_SCHOOL = {"seats__1__band": "1", "seats__1__days": None}
APART = {"limits": {"hazards_apart": ["flood"]}}
BASIC: Cells = {"households__0__registration": "basic"}
FOR_BASIC: Cells = {"facilities__1__eligible": ("basic",)}
NEEDS_BASIC: Cells = {"rules": {"registration": {"stay": "basic"}}}
SHUTTLE = {
    "link_id": "shuttle",
    "from_id": "house",
    "to_id": "shop",
    "mode": "bus",
    "minutes": 5,
    "fare_yen": 0,
}


def until(day: str) -> Cells:
    """Return a last day of the first family's registration."""
    return {"households__0__registration_valid_until": day}


def registered(*others: str) -> Cells:
    """Return registrations of the first family, of which the rules allow as many as it has without the host."""
    most = {"limits": {"registrations_max": max(1, len({*others} | {"host"}) - ("host" not in others))}}
    return {"households__0__other_municipalities": others, "rules": most}


def premium(*days: str) -> Cells:
    """Return a first family with activities on some days, where a stay needs two of them in the last 30 days."""
    use = {"household_id": "a", "kind": "activity", "target_id": "role"}
    rule = {"stay": "premium", "activities_min": 2, "activity_days": 30}
    cells: Cells = {"households__0__registration": "premium", **until("2028-03-31")}
    return {**cells, "use_history": [{**use, "on": day} for day in days], "rules": {"registration": rule}}


def burden(yen: int) -> Cells:
    """Return a first family of income class 2, and what its class may pay."""
    rows = [{"up_to_class": 2, "yen": yen}, {"up_to_class": 1, "yen": 1}]
    return {"households__0__income_class": 2, "rules": {"limits": {"burden_by_income": rows}}}


def near(kind: str, minutes: int) -> Cells:
    """Return a service that must be near, and the longest way to it."""
    return {"rules": {"limits": {"reach": [{"kinds": [kind], "minutes": minutes}]}}}


def shop(minutes: int) -> Cells:
    """Return a shop ten minutes on foot from the house, and the longest way to one."""
    place = {"place_id": "shop", "region_id": "other", "kind": "shop", "lat": 36.005, "lon": 138.0}
    return {"places": [place], **near("shop", minutes)}


USE = {"household_id": "a", "kind": "stay", "target_id": "house"}
BEFORE: Cells = {"use_history": [{**USE, "on": "2027-04-01"}]}
EARLIER: Cells = {"use_history": [{**USE, "on": "2027-03-31"}]}
WINTER: Cells = {
    f"periods__{n}__{end}": f"2028-0{n + 1}-{day}"
    for n in range(3)
    for end, day in (("starts_on", "01"), ("ends_on", "28"))
}
"""The second half of fiscal year 2027 goes on after New Year."""
FIRST: Cells = {
    "facilities__2__facility_id": "z-desks", "seats__0__facility_id": "z-desks", "choices__3__target_id": "z-desks",
}  # fmt: skip
OF_TWO: Cells = {**FIRST, "choices__10__target_id": "z-desks"}
BY_MONTH: Cells = {
    **FIRST,
    "seats__1__period_id": "p1",
    "seats": [{"facility_id": "nursery", "band": "age3", "period_id": "p2", "seats": 2, "days": 8}],
}
"""The row of the nursery is the first of all seat rows."""

WEEKENDS: Cells = {
    **{f"periods__{n}__slot": "weekend" for n in range(3)}, "seats__1__days": None, "seats__1__seats": 9,
}  # fmt: skip
NEXT: dict[str, Any] = {
    "facility_id": "next",
    "region_id": "other",
    "lat": 36.5,
    "lon": 138.0,
    "kind": "school",
}
"""A school that stands between the desks and the nursery in the table."""
RULES_OF_BUNDLES: list[tuple[str, str, Cells, Cells]] = [
    ("stay", "house_not_ready", {"houses__0__ready": True}, {"houses__0__ready": False}),
    ("stay", "period_closed", {"periods__2__open": False}, {"periods__1__open": False}),
    ("stay", "period_closed", {"houses__0__closed_periods": ("p3",)}, {"houses__0__closed_periods": ("p2",)}),
    ("stay", "min_stay", {"houses__0__min_stay": 2}, {"houses__0__min_stay": 3}),
    ("stay", "max_stay", {"houses__0__max_stay": 2}, {"houses__0__max_stay": 1}),
    (
        "stay",
        "start_period",
        {"houses__0__start_periods": ("p1",)},
        {"houses__0__start_periods": ("p2", "p3")},
    ),
    ("stay", "house_capacity", {"houses__0__capacity_persons": 3}, {"houses__0__capacity_persons": 2}),
    (
        "stay",
        "house_capacity",
        {"houses__0__kind": "room", "houses__0__capacity_persons": 2, "houses__0__rent_yen": 15000},
        {"houses__0__kind": "room", "houses__0__capacity_persons": 1, "houses__0__rent_yen": 10000},
    ),
    (
        "stay",
        "needs",
        {"households__0__needs": ("net",), "houses__0__tags": ("net", "pets")},
        {"households__0__needs": ("net", "garden"), "houses__0__tags": ("net", "pets")},
    ),
    (
        "stay",
        "hazard_shared",
        {"regions__0__hazards": ("flood",), "houses__0__hazards": ("tsunami",), "rules": APART},
        {"regions__0__hazards": ("flood",), "houses__0__hazards": ("flood",), "rules": APART},
    ),
    ("stay", "own_region", {"households__0__home_region": "home"}, {"households__0__home_region": "host"}),
    ("stay", "owner_veto", {"houses__0__accepts": ("x", "a")}, {"houses__0__accepts": ("x",)}),
    (
        "stay",
        "owner_veto",
        {"houses__0__refuses": ("x",), "households__0__groups": ("g",)},
        {"houses__0__refuses": ("g",), "households__0__groups": ("g",)},
    ),
    (
        "stay",
        "use_limit",
        {**BEFORE, "houses__0__uses_per_half_year": 2},
        {**BEFORE, "houses__0__uses_per_half_year": 1},
    ),
    (
        "stay",
        "use_limit",
        {**EARLIER, "houses__0__uses_per_half_year": 1},
        {"houses__0__uses_per_half_year": 0},
    ),
    (
        "stay",
        "use_limit",
        {**WINTER, "use_history": [{**USE, "on": "2027-09-30"}], "houses__0__uses_per_half_year": 1},
        {**WINTER, "use_history": [{**USE, "on": "2027-10-01"}], "houses__0__uses_per_half_year": 1},
    ),
    ("stay", "no_route", {"links__0__periods": ("p1", "p2")}, {"links__0__periods": ("p1",)}),
    (
        "stay",
        "trip_minutes",
        {"households__0__max_trip_minutes": 100},
        {"households__0__max_trip_minutes": 99},
    ),
    (
        "stay",
        "trip_minutes",
        {"rules": {"limits": {"trip_minutes": 100}}},
        {"rules": {"limits": {"trip_minutes": 99}}},
    ),
    ("stay", "budget", {"households__0__budget_yen": 39000}, {"households__0__budget_yen": 38999}),
    ("stay", "burden", burden(39000), burden(38999)),
    ("stay", "burden", {**burden(0), "households__0__income_class": 3}, burden(0)),
    ("stay", "burden", {**burden(0), "households__0__income_class": None}, burden(0)),
    ("stay", "registrations_max", {**BASIC, **registered("host", "other")}, {**BASIC, **registered("other")}),
    ("stay", "registrations_max", registered("other"), {**BASIC, **registered("other")}),
    ("stay", "registration", {**BASIC, **NEEDS_BASIC}, NEEDS_BASIC),
    (
        "stay",
        "registration",
        {**BASIC, **NEEDS_BASIC, **until("2027-05-01")},
        {**BASIC, **NEEDS_BASIC, **until("2027-04-30")},
    ),
    ("stay", "registration", premium("2027-03-31", "2027-03-02"), premium("2027-03-31", "2027-03-01")),
    ("stay", "registration", premium("2027-03-30", "2027-03-31"), premium("2027-03-31", "2027-04-01")),
    ("stay", "reach", shop(10), shop(9)),
    ("stay", "reach", {**shop(9), "households__0__car": True}, shop(9)),
    ("stay", "reach", {**shop(9), "links": [SHUTTLE]}, {**shop(9), "links": [{**SHUTTLE, "mode": "car"}]}),
    (
        "stay",
        "reach",
        near("school", 10),
        near("clinic", 8000),
    ),
    (
        "school",
        "not_a_school",
        {**ANY, "facilities__0__kind": "school"},
        {**ANY, "facilities__0__kind": "nursery", "seats__2__band": "age0"},
    ),
    ("school", "not_a_pupil", {"persons__2__grade": "2"}, {"persons__2__grade": "none"}),
    ("school", "school_region", {"facilities__0__region_id": "host"}, {"facilities__0__region_id": "other"}),
    (
        "school",
        "consent_host",
        {"facilities__0__consent_regions": ("*",)},
        {"facilities__0__consent_regions": ("host", "other")},
    ),
    (
        "school",
        "consent_home",
        {"regions__0__board_consents": ("*",)},
        {"regions__0__board_consents": ("home",)},
    ),
    ("school", "no_seats", {"seats__2__seats": 1}, {"seats__2__seats": 0}),
    (
        "school",
        "not_entitled",
        {"facilities__0__eligible": ("none",)},
        {"facilities__0__eligible": ("basic", "premium")},
    ),
    (
        "care",
        "not_entitled",
        {**BASIC, **FOR_BASIC, **until("2027-05-01")},
        {**BASIC, **FOR_BASIC, **until("2027-04-30")},
    ),
    (
        "desk",
        "not_entitled",
        {**BASIC, "facilities__2__eligible": ("basic",)},
        {"facilities__2__eligible": ("basic",)},
    ),
    ("school", "no_seats", {"seats__2__band": "2"}, {"seats__2__band": "3"}),
    (
        "school",
        "commute",
        {"households__0__max_commute_minutes": 10},
        {"households__0__max_commute_minutes": 9},
    ),
    ("school", "commute", {"rules": AGE_LIMIT_KEPT}, {"rules": AGE_LIMIT}),
    (
        "care",
        "not_a_nursery",
        {**ANY, "facilities__1__kind": "nursery"},
        {**ANY, "facilities__1__kind": "school", **AS_SCHOOL},
    ),
    ("care", "no_care_needed", {"persons__1__care_days": 1}, {"persons__1__care_days": 0}),
    ("care", "care_region", {"facilities__1__region_id": "host"}, {"facilities__1__region_id": "other"}),
    ("care", "no_seats", {"seats__1__seats": 1}, {"seats__1__seats": 0}),
    ("care", "care_days_max", {"persons__1__care_days": 8}, {"persons__1__care_days": 9}),
    # April 2027 has eight days at weekends, May ten
    ("care", "care_days_max", {**FIRST, "persons__1__care_days": 8}, {**FIRST, "persons__1__care_days": 9}),
    ("care", "care_days_max", BY_MONTH, {**BY_MONTH, "persons__1__care_days": 9}),
    ("care", "care_days_max", WEEKENDS, {**WEEKENDS, "persons__1__care_days": 9}),
    (
        "care",
        "care_days_max",
        {"rules": {"limits": {"care_days_max": 8}}},
        {"rules": {"limits": {"care_days_max": 7}}},
    ),
    ("care", "commute", {"rules": AGE_LIMIT_KEPT}, {"rules": AGE_LIMIT}),
    (
        "desk",
        "not_a_coworking",
        {**ANY, "facilities__2__kind": "coworking"},
        {**ANY, "facilities__2__kind": "nursery", "seats__0__band": "age0"},
    ),
    ("desk", "no_telework", {"persons__0__telework_days": 1}, {"persons__0__telework_days": 0}),
    ("desk", "desk_region", {"facilities__2__region_id": "host"}, {"facilities__2__region_id": "other"}),
    ("desk", "no_seats", {"seats__0__seats": 1}, {"seats__0__seats": 0}),
    ("desk", "no_seats", {}, {"facilities": [NEXT], "seats__0__facility_id": "next", "seats__0__band": "1"}),
    ("desk", "commute", {"rules": AGE_LIMIT}, {"households__0__max_commute_minutes": 9}),
    ("role", "role_region", {"roles__0__region_id": "host"}, {"roles__0__region_id": "other"}),
    (
        "role",
        "role_region",
        {"roles__0__region_id": "other", "roles__0__remote_share": 100},
        {"roles__0__region_id": "other", "roles__0__remote_share": 99},
    ),
    (
        "role",
        "role_region",
        {"roles__0__region_id": "home", "rules": {"limits": {"roles_at_home": True}}},
        {"roles__0__region_id": "home"},
    ),
    (
        "role",
        "role_period",
        {"roles__0__periods": ("p3",), "roles__0__remote_share": 100},
        {"roles__0__periods": ("p3",), "roles__0__remote_share": 99},
    ),
    (
        "role",
        "role_period",
        {"roles__0__periods": ("p2", "p3"), "roles__0__whole_season": True, "roles__0__remote_share": 50},
        {"roles__0__periods": ("p2", "p3"), "roles__0__whole_season": True, "roles__0__remote_share": 49},
    ),
    (
        "role",
        "commute",
        {"households__0__max_commute_minutes": 9, "roles__0__remote_share": 100},
        {"households__0__max_commute_minutes": 9},
    ),
    ("role", "role_period", {"roles__0__periods": ("p2", "p3")}, {"roles__0__periods": ("p3",)}),
    (
        "role",
        "role_period",
        {"roles__0__periods": ("p1", "p2"), "roles__0__whole_season": True},
        {"roles__0__periods": ("p2", "p3"), "roles__0__whole_season": True},
    ),
    (
        "role",
        "skill",
        {"roles__0__skill": "farm", "persons__0__skills": ("farm",)},
        {"roles__0__skill": "farm"},
    ),
    ("role", "age", {"roles__0__min_age": 40}, {"roles__0__min_age": 41}),
    ("role", "age", {"roles__0__max_age": 40}, {"roles__0__max_age": 39}),
    ("role", "hours", {"roles__0__hours_per_period": 10}, {"roles__0__hours_per_period": 11}),
    (
        "role",
        "roles_per_person",
        {"rules": {"limits": {"roles_per_person": 1}}},
        {"rules": {"limits": {"roles_per_person": 0}}},
    ),
    (
        "role",
        "commute",
        {"households__0__max_commute_minutes": 10},
        {"households__0__max_commute_minutes": 9},
    ),
    ("supporter", "supporter_scope", {"supporters__0__regions": ("host",)}, {"supporters__0__regions": ()}),
    (
        "supporter",
        "supporter_scope",
        {"supporters__0__scope": "wide"},
        {"supporters__0__regions": ("other",)},
    ),
    (
        "supporter",
        "supporter_language",
        {"households__0__languages": ("en", "ja"), "supporters__0__languages": ("ja",)},
        {"households__0__languages": ("en",), "supporters__0__languages": ("ja",)},
    ),
    (
        "supporter",
        "supporter_topic",
        {"households__0__topics": ("school",), "supporters__0__topics": ("school", "work")},
        {"households__0__topics": ("school", "work"), "supporters__0__topics": ("school",)},
    ),
    ("experience", "experience_region", {}, {"experiences__0__region_id": "other"}),
    (
        "experience",
        "experience_period",
        {"experiences__0__periods": ("p2",)},
        {"experiences__0__periods": ("p3",)},
    ),
]

QUOTA = {"quota_id": "quota", "target_kind": "region", "target_id": "host"}

VAN = {
    "link_id": "van",
    "from_id": "home",
    "to_id": "host",
    "mode": "car_share",
    "minutes": 90,
    "fare_yen": 3000,
}
QUARTER = {"quota_id": "quota", "target_kind": "settlement", "target_id": "old"}
EMPLOYER = {"quota_id": "quota", "target_kind": "employer", "target_id": "firm"}


def vans(vehicles: int, **more: Any) -> Cells:
    """Return two families for whom only a van is fast enough, and how many vans there are."""
    hurry = {f"households__{n}__max_trip_minutes": 99 for n in (0, 1)}
    return {**hurry, "links": [{**VAN, "vehicles": vehicles}], **more}


def trial(gap: int) -> Cells:
    """Return a trial unit that one family has in the first period and the other in the third, and its cleaning gap."""
    periods = {f"households__{n}__stay_periods": (period,) for n, period in enumerate(("p1", "p3"))}
    return {**periods, "houses__0__kind": "trial", "houses__0__units": 1, "houses__0__gap_periods": gap}


def carers(staff: int) -> Cells:
    """Return a nursery where a carer looks after one child of three, open on as many days as each child wants."""
    ratio = {"limits": {"children_per_carer": {"age3": 1}}}
    return {"facilities__1__staff": staff, "seats__1__days": 8, "rules": ratio}


SHARED_RULES: list[tuple[str, Cells, Cells]] = [
    ("house_units", {"houses__0__units": 2}, {"houses__0__units": 1}),
    ("house_units", trial(1), trial(2)),
    ("reception", {"regions__1__reception_max": 2}, {"regions__1__reception_max": 1}),
    ("school_seats", {"seats__2__seats": 2}, {"seats__2__seats": 1}),
    ("care_places", {"seats__1__days": 8}, {"seats__1__seats": 1, "seats__1__days": 15}),
    ("desks", {"seats__0__seats": 2}, {"seats__0__seats": 1}),
    ("role_max", {"roles__0__max_holders": 2}, {"roles__0__max_holders": 1}),
    ("role_min", {"roles__0__min_holders": 2}, {"roles__0__min_holders": 3, "roles__0__max_holders": 3}),
    ("supporter_caseload", {"supporters__0__caseload": 2}, {"supporters__0__caseload": 1}),
    ("experience_places", {"experiences__0__places": 2}, {"experiences__0__places": 1}),
    (
        "experience_min",
        {"experiences__0__min_places": 2},
        {"experiences__0__places": 3, "experiences__0__min_places": 3},
    ),
    ("care_staff", carers(2), carers(1)),
    ("care_staff", {**OF_TWO, **carers(2)}, {**OF_TWO, **carers(1)}),
    ("care_staff", {"facilities__1__staff": 1, "seats__1__days": 8}, {"facilities__1__staff": 0}),
    (
        "one_base",
        {"households__0__family": "f"},
        {"households__0__family": "f", "households__1__family": "f"},
    ),
    (
        "one_base",
        {"households__0__family": "f", "households__1__family": "g"},
        {"households__0__family": "g", "households__1__family": "g"},
    ),
    ("vehicles", vans(2), vans(1)),
    ("vehicles", {**vans(1), "households__0__max_trip_minutes": 100}, vans(1)),
    ("vehicles", vans(1, households__1__car=True), vans(0, households__1__car=True)),
    (
        "quota_max",
        {"quotas": [{**EMPLOYER, "max": 2}], "roles__0__employer": "firm"},
        {"quotas": [{**EMPLOYER, "max": 1}], "roles__0__employer": "firm"},
    ),
    (
        "quota_min",
        {"quotas": [{**EMPLOYER, "min": 2}], "roles__0__employer": "firm"},
        {"quotas": [{**EMPLOYER, "min": 3}], "roles__0__employer": "firm"},
    ),
    ("quota_max", {"quotas": [{**QUOTA, "max": 2}]}, {"quotas": [{**QUOTA, "max": 1}]}),
    (
        "quota_max",
        {"houses__0__settlement": "old", "quotas": [{**QUARTER, "max": 2}]},
        {"houses__0__settlement": "old", "quotas": [{**QUARTER, "max": 1}]},
    ),
    ("quota_min", {"quotas": [{**QUOTA, "min": 2}]}, {"quotas": [{**QUOTA, "min": 3}]}),
    (
        "quota_reserved",
        {"houses__0__units": 3, "quotas": [{**QUOTA, "kind": "reserved", "group": "g", "min": 1}]},
        {"houses__0__units": 2, "quotas": [{**QUOTA, "kind": "reserved", "group": "g", "min": 1}]},
    ),
    (
        "quota_max",
        {"quotas": [{"quota_id": "quota", "group": "g", "max": 0}]},
        {"quotas": [{"quota_id": "quota", "group": "g", "max": 0}], "households__1__groups": ("g",)},
    ),
]
