"""Each rule that refuses a stay or a target: out of the way, just kept, just broken."""

from typing import Any

import pytest

from nichiiki_models.instance import Instance
from nichiiki_oracle.bundles import Bundle, bundles, refused_wishes
from nichiiki_oracle.market import Market
from nichiiki_oracle.stays import patterns
from nichiiki_oracle.tiny import tiny

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

CASES: list[tuple[str, str, Cells, Cells]] = [
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
    ("desk", "commute", {"rules": AGE_LIMIT}, {"households__0__max_commute_minutes": 9}),
    ("role", "role_region", {"roles__0__region_id": "host"}, {"roles__0__region_id": "other"}),
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


def refused(instance: Instance) -> dict[str, str]:
    market = Market(instance)
    return {wish.list: wish.refusal.rule for wish in refused_wishes(market, market.households["a"])}


def best(**changes: Any) -> Bundle:
    return all_of(**changes)[0]


def all_of(**changes: Any) -> list[Bundle]:
    market = Market(tiny(**changes))
    return bundles(market, market.households["a"])


def test_in_the_plain_market_nothing_is_refused() -> None:
    assert refused(tiny()) == {}


@pytest.mark.parametrize(
    ("name", "rule", "kept", "broken"), CASES, ids=[f"{c[0]}-{c[1]}-{n}" for n, c in enumerate(CASES)]
)
def test_a_rule_refuses_exactly_from_its_limit_on(name: str, rule: str, kept: Cells, broken: Cells) -> None:
    assert name not in refused(tiny(**kept))
    assert refused(tiny(**broken))[name] == rule


def test_the_best_bundle_of_the_plain_market_has_everything() -> None:
    bundle = best()
    assert {target for _, target in bundle.held} == {
        "school",
        "nursery",
        "desks",
        "role",
        "supporter",
        "experience",
    }
    assert bundle.cost_yen == 39000
    assert bundle.utility == 1000 + 300 + 300 + 100 + 200 + 0 + 100
    assert bundle.role_value == 70
    assert len(all_of()) == 2**5  # all but the stay and the school may be missing


def test_a_required_list_makes_nothing_unacceptable_unless_a_wish_says_so() -> None:
    assert all_of(seats__2__seats=0) == []
    none = {
        "household_id": "a",
        "list": "school",
        "person_id": "a-pupil",
        "rank": 2,
        "target_kind": "none",
        "score": -40,
    }
    assert best(seats__2__seats=0, choices=[none]).utility == 1000 - 40 + 300 + 100 + 200 + 100
    assert len(all_of(choices=[none])) == 2**6


def test_siblings_together_go_to_one_school_or_to_none() -> None:
    second = {"person_id": "a-z", "household_id": "a", "age": 9, "grade": "3"}
    wish = {
        "household_id": "a",
        "list": "school",
        "person_id": "a-z",
        "rank": 1,
        "target_kind": "region",
        "target_id": "host",
    }
    cells: Cells = {
        "persons": [second],
        "choices": [wish],
        "houses__0__capacity_persons": 4,
        "households__0__budget_yen": 99999,
    }
    annex = {
        "facility_id": "annex",
        "region_id": "host",
        "lat": 36.0,
        "lon": 138.0,
        "kind": "school",
        "consent_regions": ("*",),
    }
    cells |= {"facilities": [annex], "seats": [{"facility_id": "annex", "band": "3", "seats": 1}]}
    assert all_of(**cells)
    assert not all_of(**cells, households__0__siblings="together")
    cells["seats"].append({"facility_id": "school", "band": "3", "seats": 1})
    assert all_of(**cells, households__0__siblings="together")


def test_hours_of_two_roles_count_only_where_both_hold() -> None:
    wish = {
        "household_id": "a",
        "list": "role",
        "person_id": "a-adult",
        "rank": 2,
        "target_kind": "role",
        "target_id": "two",
    }
    role = {
        "role_id": "two",
        "region_id": "host",
        "lat": 36.0,
        "lon": 138.0,
        "hours_per_period": 1,
        "max_holders": 1,
    }
    apart: Cells = {"choices": [wish], "roles": [{**role, "periods": ("p2",)}], "roles__0__periods": ("p1",)}
    assert best(**apart).targets("role") == {"role", "two"}
    assert best(**{**apart, "roles__0__periods": ("p1", "p2")}).targets("role") == {"role"}
    one = {"limits": {"roles_per_person": 1}}
    assert best(**apart, rules=one).targets("role") == {"role"}


def test_patterns() -> None:
    def found(kind: str, length: int, window: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
        cells = {"households__0__stay_kind": kind, "households__0__stay_length": length}
        market = Market(tiny(**cells, households__0__stay_periods=window))
        return patterns(market, market.households["a"])

    assert found("consecutive", 2) == [("p1", "p2"), ("p2", "p3")]
    assert found("consecutive", 2, ("p1", "p3")) == []
    assert found("any", 2) == [("p1", "p2"), ("p1", "p3"), ("p2", "p3")]
    assert found("fixed", 1, ("p3", "p1")) == [("p1", "p3")]


def test_an_unlisted_house_comes_after_the_listed_ones_with_no_utility() -> None:
    region = {"region_id": "host", "lat": 36.0, "lon": 138.0}
    house = {"house_id": "aaa", **region, "capacity_persons": 3, "rent_yen": 30000}
    assert {bundle.stay.house.house_id for bundle in all_of(houses=[house])} == {"house"}
    found = all_of(houses=[house], rules={"lists": {"stay": {"required": True, "accept_unlisted": True}}})
    assert [bundle.stay.wished.rank for bundle in found] == [1] * 32 + [2] * 32
    assert found[32].utility == found[0].utility - 1000


def test_several_wishes_for_one_house_take_the_best_rank_and_its_highest_utility() -> None:
    wish = {"household_id": "a", "list": "stay", "target_kind": "region", "target_id": "host"}
    assert best(choices=[{**wish, "rank": 1, "score": 7}]).stay.wished.utility == 1000
    assert best(choices=[{**wish, "rank": 1, "score": 1007}]).stay.wished.utility == 1007
    assert best(choices=[{**wish, "rank": 2, "score": 7}]).stay.wished.utility == 1000
