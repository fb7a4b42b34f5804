"""Each rule that refuses a stay or a target: out of the way, just kept, just broken."""

from typing import Any

import pytest

from nichiiki_models.instance import Instance
from nichiiki_oracle.bundles import Bundle, bundles, refused_wishes
from nichiiki_oracle.cases import RULES_OF_BUNDLES, Cells
from nichiiki_oracle.market import Market
from nichiiki_oracle.stays import patterns
from nichiiki_oracle.tiny import tiny


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
    ("name", "rule", "kept", "broken"),
    RULES_OF_BUNDLES,
    ids=[f"{c[0]}-{c[1]}-{n}" for n, c in enumerate(RULES_OF_BUNDLES)],
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
