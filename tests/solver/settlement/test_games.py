"""Shapley value and core of small games: textbook cases, axioms, and the equal split theorem."""

import os
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nichiiki as nk
from nichiiki.settlement import largest_gain, least_core, shapley_value, worth_of_fees
from nichiiki_solver.settlement.games import coalitions

FULL = os.environ.get("NICHIIKI_FULL") == "1"


def by_orders(worth: list[int]) -> list[Fraction]:
    """Shapley value as it is defined: what each adds on average over all orders."""
    size = len(worth).bit_length() - 1
    added = [Fraction(0)] * size
    orders = list(permutations(range(size)))
    for order in orders:
        here = 0
        for operator in order:
            added[operator] += worth[here | 1 << operator] - worth[here]
            here |= 1 << operator
    return [total / len(orders) for total in added]


def worths(size: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(-50, 1000), min_size=2**size - 1, max_size=2**size - 1).map(
        lambda rest: [0, *rest]
    )


@given(worth=st.integers(1, 4).flatmap(worths))
def test_the_value_is_the_mean_over_all_orders(worth: list[int]) -> None:
    assert shapley_value(worth) == by_orders(worth)
    assert sum(shapley_value(worth)) == worth[-1]


def test_the_glove_game() -> None:
    """Two left gloves, one right: the right one gets 2/3, and in the core all of it (Shapley and Shubik 1969)."""
    worth = [0, 0, 0, 0, 0, 6, 6, 6]  # operators 0 and 1 are left, 2 is right; a pair is worth 6
    assert shapley_value(worth) == [1, 1, 4]
    core = least_core(worth)
    assert core.share == pytest.approx([0, 0, 6], abs=1e-9) and core.excess == pytest.approx(0, abs=1e-9)
    assert largest_gain(worth, [1, 1, 4]).yen == 1


def test_the_majority_game_has_no_core() -> None:
    """Any two of three share 3: the least core gives one each, and any two gain 1."""
    core = least_core([0, 0, 0, 3, 0, 3, 3, 3])
    assert core.share == pytest.approx([1, 1, 1]) and core.excess == pytest.approx(1)


def test_an_airport_is_shared_step_by_step() -> None:
    """Runways that cost 12, 20 and 33: each step is shared by those who need it (Littlechild and Owen 1973)."""
    costs = [0, 12, 20, 20, 33, 33, 33, 33]
    assert shapley_value(costs) == [4, 8, 21]


@settings(max_examples=60 if FULL else 20)
@given(seed=st.integers(0, 10**6))
def test_the_equal_split_is_the_value_and_lies_in_the_core(seed: int) -> None:
    """Sums of unanimity games: the value splits each fee equally among its operators, and nobody does better alone."""
    rng = np.random.default_rng(seed)
    size, count = int(rng.integers(1, 6)), int(rng.integers(0, 8))
    used = rng.random((count, size)) < 0.5
    fees = rng.integers(0, 1000, count)
    worth = worth_of_fees(used.astype(int).reshape(count, size), fees)
    used[~used.any(axis=1)] = True
    split = [
        sum(
            (Fraction(int(fee), int(row.sum())) for fee, row in zip(fees, used, strict=True) if row[k]),
            Fraction(0),
        )
        for k in range(size)
    ]
    assert shapley_value(worth) == split
    assert largest_gain(worth, [float(part) for part in split]).yen < 1e-6


@given(seed=st.integers(0, 10**6))
def test_a_coalition_is_worth_the_fees_it_can_earn_alone_less_what_it_costs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size, trips, holders = 3, int(rng.integers(1, 7)), int(rng.integers(1, 4))
    used, holder = rng.integers(0, 2, (trips, size)), rng.integers(0, holders, trips)
    fees, costs = rng.integers(0, 100, holders), np.append(0, rng.integers(0, 50, 7))
    worth = worth_of_fees(used, fees, holder=holder, costs=costs)
    inside = coalitions(size)
    for number in range(8):
        own = 0
        for who in range(holders):
            needed = used[holder == who].any(axis=0)
            needed = needed if needed.any() else np.ones(size, dtype=bool)
            own += int(fees[who]) if not (needed & ~inside[number]).any() else 0
        assert worth[number] == own - costs[number]


def test_joint_costs_are_told_from_own() -> None:
    """Two operators share a station for 600 that each would need alone: together they save 600, 300 each."""
    worth = worth_of_fees([[1, 0], [0, 1]], [1000, 1000], costs=[0, 600, 600, 600])
    assert worth.tolist() == [0, 400, 400, 1400]
    assert shapley_value(worth) == [700, 700]
    assert largest_gain(worth, [700, 700]).coalition == ()
    assert largest_gain(worth, [300, 1100]) == largest_gain(worth, [300, 1100])
    assert largest_gain(worth, [300, 1100]).coalition == (0,) and largest_gain(worth, [300, 1100]).yen == 100


@pytest.mark.parametrize(
    ("worth", "message"),
    [
        ([0, 1, 2], "worth: a whole number for each of 2"),
        ([0.0, 1.0], "worth: a whole number"),
        ([1, 1], "worth: nobody is worth 1"),
        ([], "worth: a whole number"),
    ],
)
def test_what_is_no_game_is_refused(worth: list[int], message: str) -> None:
    with pytest.raises(nk.UsageError, match=message):
        shapley_value(worth)


def test_what_does_not_fit_a_game_is_refused() -> None:
    with pytest.raises(nk.UsageError, match="two or more operators"):
        least_core([0, 5])
    with pytest.raises(nk.UsageError, match="share: 1 for 2 operators"):
        largest_gain([0, 1, 1, 3], [3])
    with pytest.raises(nk.UsageError, match="17 operators; a table"):
        worth_of_fees(np.ones((1, 17), dtype=int), [1])
    with pytest.raises(nk.UsageError, match="costs: 2 for 4 coalitions"):
        worth_of_fees([[1, 1]], [1], costs=[0, 3])
