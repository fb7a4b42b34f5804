"""Rules of settlement: closed cases, whole yen, core, costs, and what one more pass does."""

import os
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nichiiki as nk
from nichiiki.settlement import Settlement, largest_gain, settle, shapley_value, worth_of_fees

FULL = os.environ.get("NICHIIKI_FULL") == "1"

RULES = ("trip", "holder", "flow", "cost")
NAMES = ("jr", "bus", "ferry", "air")


def incomes(done: Settlement) -> list[int]:
    return [share.income_yen for share in done.operators]


def case(seed: int) -> dict[str, Any]:
    """Up to 9 trips of up to 4 holders with up to 4 operators; some holders never travel."""
    rng = np.random.default_rng(seed)
    size, trips, holders = int(rng.integers(1, 5)), int(rng.integers(0, 10)), int(rng.integers(1, 5))
    return {
        "trips": rng.integers(0, 4, (trips, size)),
        "operators": NAMES[:size],
        "fees": rng.integers(0, 3000, holders),
        "costs": rng.integers(0, 2000, size),
        "holder": rng.integers(0, holders, trips),
    }


def test_four_rules_on_one_case() -> None:
    """Holder 0 pays 1,200 and makes three trips: two by jr, one by jr and bus. Holder 1 pays 600 for one trip by bus.

    trip: 400 a trip: jr 400 + 400 + 200, bus 200, + 600. holder: 600 each, + 600. flow: 1,800 by 3 : 2 rides.
    cost (900, 300): these first, the rest of 600 by 3 : 2.
    """
    trips: Any = [[1, 0], [1, 0], [1, 1], [0, 1]]
    paid: dict[str, Any] = {"fees": [1200, 600], "costs": [900, 300], "holder": [0, 0, 0, 1]}
    found = {rule: incomes(settle(trips, ["jr", "bus"], **paid, rule=rule)) for rule in RULES}  # type: ignore[arg-type]
    assert found == {"trip": [1000, 800], "holder": [600, 1200], "flow": [1080, 720], "cost": [1260, 540]}


def test_single_fares_are_a_game_per_trip() -> None:
    done = settle([[5, 7], [5, 0]], ["jr", "bus"], [1000, 300], rule="trip")
    assert (done.game, incomes(done)) == ("per_trip", [800, 500])
    assert settle([[1, 1]], ["jr", "bus"], [1000], holder=[0]).game == "per_holder"


@settings(max_examples=80 if FULL else 25)
@given(seed=st.integers(0, 10**6))
def test_by_holder_is_the_shapley_value_and_lies_in_the_core(seed: int) -> None:
    given_case = case(seed)
    done = settle(**given_case, rule="holder")
    worth = worth_of_fees(given_case["trips"], given_case["fees"], holder=given_case["holder"])
    value = [float(part) for part in shapley_value(worth)]
    assert [share.shapley_yen for share in done.operators] == pytest.approx(value)
    assert [abs(share.income_yen - part) < 1 for share, part in zip(done.operators, value, strict=True)]
    assert done.in_core and done.blocking is None
    assert settle(**given_case, rule="trip").in_core  # a fee stays with the operators its holder used


@settings(max_examples=80 if FULL else 25)
@given(seed=st.integers(0, 10**6), rule=st.sampled_from(RULES))
def test_whole_yen_sum_to_the_fees_and_the_core_is_that_of_all_coalitions(seed: int, rule: Any) -> None:
    given_case = case(seed)
    done = settle(**given_case, rule=rule)
    assert sum(incomes(done)) == done.total_yen == given_case["fees"].sum()
    worth = worth_of_fees(given_case["trips"], given_case["fees"], holder=given_case["holder"])
    gain = largest_gain(worth, incomes(done))
    size = len(given_case["operators"])
    if done.blocking is None:
        assert gain.yen < 0.5 + size
    else:
        assert done.blocking.excess_yen == pytest.approx(gain.yen, abs=size)
        inside = sum(1 << NAMES.index(name) for name in done.blocking.operators)
        own = sum(
            share.income_yen for share in done.operators if share.operator_id in done.blocking.operators
        )
        assert worth[inside] - own == pytest.approx(done.blocking.excess_yen, abs=size)


@settings(max_examples=80 if FULL else 25)
@given(seed=st.integers(0, 10**6), rule=st.sampled_from(RULES))
def test_one_more_pass_takes_nothing_where_fees_are_shared_by_themselves(seed: int, rule: Any) -> None:
    """A twin of each holder buys; every income is computed anew. The largest fall is the one reported."""
    given_case = case(seed)
    done = settle(**given_case, rule=rule)
    before, worst = np.array(incomes(done)), 0.0
    for who in range(len(given_case["fees"])):
        own = given_case["holder"] == who
        more = {
            **given_case,
            "trips": np.concatenate((given_case["trips"], given_case["trips"][own])),
            "fees": np.append(given_case["fees"], given_case["fees"][who]),
            "holder": np.append(given_case["holder"], np.full(own.sum(), len(given_case["fees"]))),
        }
        worst = max(worst, float((before - np.array(incomes(settle(**more, rule=rule)))).max()))
    if rule in ("trip", "holder"):
        assert done.fall is None and worst <= 1  # a yen of rounding
    elif done.fall is None:
        assert worst <= 1
    else:
        assert done.fall.fall_yen == pytest.approx(worst, abs=1)


def test_a_pool_takes_from_those_who_carry_few() -> None:
    """Bus carries one ride for 1,000, air nine for 1,000: by flow a further flyer leaves the bus 3,000/19 of 200."""
    done = settle([[1, 0], [0, 9]], ["bus", "air"], [1000, 1000], holder=[0, 1], rule="flow")
    assert incomes(done) == [200, 1800]
    assert done.fall is not None and (done.fall.operator_id, done.fall.holder) == ("bus", 1)
    assert done.fall.fall_yen == pytest.approx(200 - 3000 / 19)
    assert done.blocking is not None and done.blocking.operators == ("bus",)
    assert done.blocking.excess_yen == pytest.approx(800)


def test_costs_come_first_and_what_is_short_is_said() -> None:
    paid: dict[str, Any] = {"fees": [1000], "costs": [900, 600], "rule": "cost"}
    done = settle([[1, 3]], ["jr", "bus"], **paid)
    assert incomes(done) == [600, 400]
    assert [share.short_yen for share in done.operators] == [300, 200] and not done.makes_whole
    assert settle([[1, 3]], ["jr", "bus"], **{**paid, "fees": [1500]}).makes_whole


def test_who_never_travels_pays_for_all() -> None:
    assert [incomes(settle([], ["jr", "bus"], [1001], holder=[], rule=rule)) for rule in RULES] == [  # type: ignore[arg-type]
        [501, 500]
    ] * 4


def test_a_settlement_is_json_both_ways() -> None:
    done = settle([[1, 0], [0, 9]], ["bus", "air"], [1000, 1000], holder=[0, 1], rule="flow")
    assert Settlement.model_validate_json(done.model_dump_json()) == done


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rule": "might"}, "rule: one of trip, holder, flow, cost is needed, got 'might'"),
        ({"operators": []}, "operators: at least one is needed"),
        ({"operators": ["jr"]}, "trips: 2 columns for 1 operators"),
        ({"trips": [[1, -1]]}, "trips: whole numbers, 0 or more, in 2 dimension"),
        ({"trips": [1, 1]}, "trips: whole numbers"),
        ({"fees": [1.5]}, "fees: whole numbers"),
        ({"fees": [1, 2]}, "fees: 2 for 1 trips; give one each, or say whose trips they are"),
        ({"fees": [2**52]}, "fees: all together reach"),
        ({"holder": [0, 0]}, "holder: 2 entries for 1 trips"),
        ({"holder": [3]}, "holder: there is no row 3 in fees"),
        ({"costs": [1]}, "costs: 1 for 2 operators"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {"trips": [[1, 1]], "operators": ["jr", "bus"], "fees": [900]}
    with pytest.raises(nk.UsageError, match=message):
        settle(**{**good, **change})
