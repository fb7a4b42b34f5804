"""Every town alone beside all together: by hand, and what holds on random instances."""

from typing import Any

import pytest

import nichiiki as nk
from nichiiki_models.instance import Instance
from nichiiki_oracle.random_instances import random_instance
from nichiiki_oracle.tiny import tiny
from nichiiki_sample import sample

SHARED = {
    "supporter_caseload", "quota_max", "quota_min", "lock", "role_max", "role_min", "experience_min", "experience_places",
    "vehicles",
}  # fmt: skip
WISH = {"list": "stay", "target_kind": "house"}


def two_towns(**changes: Any) -> Instance:
    """A house in each town; both want family a most, and a prefers the first: alone, b's house stays empty."""
    second = {"house_id": "second", "region_id": "other", "lat": 36.5, "lon": 138.0, "capacity_persons": 3}
    train = {
        "link_id": "t2",
        "from_id": "home",
        "to_id": "other",
        "mode": "rail",
        "minutes": 90,
        "fare_yen": 3000,
    }
    return tiny(
        "a",
        "b",
        houses__0__units=1,
        houses=[{**second, "rent_yen": 30000}],
        links=[train],
        choices=[
            {**WISH, "household_id": "a", "rank": 2, "target_id": "second", "score": 5000},
            {**WISH, "household_id": "b", "rank": 2, "target_id": "second", "score": 900},
        ],
        choices__0__score=6000,
        rules={"lists": {"school": {"rank_utility": [0]}}},
        **changes,
    )


def test_two_towns_by_hand() -> None:
    found = nk.alone(two_towns())
    assert [(t.region_id, t.together, t.offered, t.accepted, t.lost) for t in found.towns] == [
        ("host", 1, 1, 1, 0),
        ("other", 1, 1, 0, 1),
    ]
    assert found.lost == 1
    assert all(town.objective == town.bound for town in found.towns)
    assert found.promised_twice == ()


def test_measures_go_with_the_offers_that_are_taken() -> None:
    """Alone each town opens its own house; nobody comes to the second, so that only the first is opened in the end."""
    roof = {"measure_id": "roof", "target_kind": "house", "target_id": "house", "cost_yen": 5_000_000}
    bath = {**roof, "measure_id": "bath", "target_id": "second"}
    closed = {"houses__0__ready": False, "houses__1__ready": False}
    found = nk.alone(two_towns(measures=[roof, bath], **closed))
    assert [town.offered for town in found.towns] == [1, 1]
    assert [town.accepted for town in found.towns] == [1, 0]
    assert found.allocation.measures["measure_id"].tolist() == ["roof"]
    assert found.promised_twice == ()


@pytest.mark.parametrize("seed", sample(range(8), 2))
def test_what_holds_of_any_towns(seed: int) -> None:
    instance = random_instance(seed)
    found = nk.alone(instance, time_limit_s=30)
    assert all(town.accepted <= town.offered for town in found.towns)
    assert sum(town.accepted for town in found.towns) == len(found.allocation.placements)
    assert {violation.rule for violation in found.promised_twice} <= SHARED
    for town in found.towns:
        stays = found.allocation.stays
        assert (stays["region_id"] == town.region_id).sum() == town.accepted
