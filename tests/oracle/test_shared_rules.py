"""Each rule on what is shared, and each lock: out of the way, just kept, just broken, with two families."""

from typing import Any

import pytest

from nichiiki_oracle.brute_force import is_allowed
from nichiiki_oracle.bundles import Bundle, bundles
from nichiiki_oracle.cases import QUOTA, SHARED_RULES, Cells
from nichiiki_oracle.market import Market
from nichiiki_oracle.shared import obeys
from nichiiki_oracle.tiny import tiny


def both_best(*left_out: str, **changes: Any) -> bool:
    """Say whether both families may have their best bundle."""
    market = Market(tiny("a", "b", **changes), without=left_out)
    return is_allowed(market, {name: bundles(market, row)[0] for name, row in market.households.items()})


@pytest.mark.parametrize(
    ("rule", "kept", "broken"), SHARED_RULES, ids=[f"{case[0]}-{n}" for n, case in enumerate(SHARED_RULES)]
)
def test_a_rule_breaks_exactly_beyond_its_limit(rule: str, kept: Cells, broken: Cells) -> None:
    assert both_best()
    assert both_best(**kept)
    assert not both_best(**broken)
    assert both_best(rule, **broken)


@pytest.mark.parametrize(
    ("marked", "got", "allowed"),
    [
        ((True, True), "ab", True),
        ((True, True), "", True),
        ((True, True), "a", False),
        ((True, True), "b", False),
        ((False, True), "a", True),
        ((True, False), "a", True),
    ],
)
def test_a_plan_comes_whole_or_not_at_all(marked: tuple[bool, bool], got: str, allowed: bool) -> None:
    cells: Cells = {f"households__{row}__family": "f" for row in (0, 1)}
    cells |= {f"households__{row}__all_bases": mark for row, mark in enumerate(marked)}
    cells |= {"households__0__stay_periods": ("p1",), "households__1__stay_periods": ("p3",)}

    def keeps(*left_out: str) -> bool:
        market = Market(tiny("a", "b", **cells), without=left_out)
        every = {name: bundles(market, row)[0] for name, row in market.households.items()}
        return is_allowed(market, {name: every[name] if name in got else None for name in every})

    assert keeps() == allowed
    assert keeps("all_bases")


def test_families_in_different_periods_do_not_meet() -> None:
    apart: Cells = {"houses__0__units": 1, "households__1__stay_periods": ("p3",)}
    assert both_best(**apart)
    assert not both_best(**apart, houses__0__gap_periods=1)
    assert both_best(**{**apart, "households__0__stay_periods": ("p1",)}, houses__0__gap_periods=1)


def test_a_quota_counts_over_the_whole_calendar() -> None:
    apart: Cells = {"households__1__stay_periods": ("p3",)}
    assert not both_best(**apart, quotas=[{**QUOTA, "max": 1}])
    assert both_best(**apart, regions__1__reception_max=1)


def the_best(market: Market) -> Bundle:
    return bundles(market, market.households["a"])[0]


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("placed", None),
        ("house", "house"),
        ("region", "host"),
        ("facility", "nursery"),
        ("role", "role"),
        ("supporter", "supporter"),
        ("experience", "experience"),
    ],
)
def test_locks(kind: str, target: str | None) -> None:
    lock = {"household_id": "a", "target_kind": kind, "target_id": target, "reason": "test"}
    must, never = (Market(tiny(locks=[{**lock, "effect": effect}])) for effect in ("must", "never"))
    assert obeys(must, "a", the_best(must)) and not obeys(must, "a", None)
    assert obeys(never, "a", None) and not obeys(never, "a", the_best(never))
    assert obeys(never, "b", the_best(never))
