"""Bid prices and protection levels against published figures and against the definition."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

import nichiiki as nk
from nichiiki.seat_control import bid_prices, protect, protection_levels, worth_a_seat

FULL = os.environ.get("NICHIIKI_FULL") == "1"


def test_bid_prices_of_a_published_network() -> None:
    """Lapp and Weatherford (2014), *Airline network revenue management: considerations for implementation*, tables 14, 15.

    Legs SFO-CLT, CLT-BOS, ABE-CLT with 10, 10 and 8 seats; five trips in two classes. Bid prices 380, 420 and 0; accepted of
    class H 5, 4, 5, 0, 3 and of N 0, 1, 0, 0, 5 (the paper's solution, one of those with equal income).
    """
    legs = [[1, 1, 0], [1, 0, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1]] * 2
    fares = [800, 500, 580, 350, 120, 450, 380, 400, 250, 100]
    demand = [6, 4, 5, 4, 3, 15, 14, 8, 11, 5]
    found = bid_prices(legs, fares, demand, [10, 10, 8])
    assert found.bid_price_yen.tolist() == [380, 420, 0]
    published = [5, 4, 5, 0, 3, 0, 1, 0, 0, 5]
    assert found.income_yen == float(np.dot(fares, published)) == 10_140
    assert (np.array(legs).T @ found.accepted <= np.array([10, 10, 8]) + 1e-9).all()
    assert worth_a_seat(found, legs, fares).tolist() == [
        True, True, True, False, True, False, True, False, False, True,
    ]  # fmt: skip


def test_protection_levels_of_a_published_example() -> None:
    """Fares 1,050, 567, 534, 520 with normal demand (Talluri and van Ryzin 2004, p. 44, after Wollmer 1992).

    EMSR-a 16.7, 38.7, 55.7; EMSR-b 16.7, 50.9, 83.2 (83.1548 by the formula).
    """
    asked = [1050, 567, 534, 520], [17.3, 45.1, 39.6, 34.0], [5.8, 15.0, 13.2, 11.3]
    assert protection_levels(*asked, rule="a") == pytest.approx([16.71748442, 38.72453728, 55.67904129])
    assert protection_levels(*asked, rule="b") == pytest.approx([16.71748442, 50.94418638, 83.1548385])


def test_protection_levels_of_another_published_example() -> None:
    """Fiig, Isler, Hopperstad and Belobaba (2010), *Optimization of mixed fare structures*: EMSR-b 20, 35, 54, 80, 117."""
    levels = protection_levels(
        [1200, 1000, 800, 600, 400, 200],
        [31.2, 10.9, 14.8, 19.9, 26.9, 36.3],
        [11.2, 6.6, 7.7, 8.9, 10.4, 12],
    )
    assert np.rint(levels).tolist() == [20, 35, 54, 80, 117]


@settings(max_examples=60 if FULL else 20)
@given(
    samples=st.lists(st.integers(0, 12), min_size=1, max_size=8),
    low=st.integers(1, 100),
    more=st.integers(0, 100),
)
def test_one_seat_more_or_less_earns_no_more(samples: list[int], low: int, more: int) -> None:
    """Twelve seats, low fares book first and are as many as one likes: the level earns most of all levels."""
    high = low + more
    income = [sum(low * (12 - kept) + high * min(kept, wanted) for wanted in samples) for kept in range(13)]
    assert income[min(12, protect(high, low, samples))] == max(income)


def test_many_samples_give_the_normal_level() -> None:
    rng = np.random.default_rng(1)
    level = protect(1050, 567, rng.normal(17.3, 5.8, 200_000).clip(0))
    assert level == int(np.ceil(17.3 + 5.8 * norm.ppf(1 - 567 / 1050)))


def test_equal_fares_keep_nothing() -> None:
    assert protect(500, 500, [3, 4]) == 0
    assert protection_levels([500, 500], [10, 10], [2, 2]).tolist() == [0]
    assert bid_prices(np.zeros((0, 2)), [], [], [3, 4]).bid_price_yen.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: protect(1, 2, [1]), "high_yen, low_yen: 0 < low"),
        (lambda: protect(2, 1, []), "samples: at least one"),
        (lambda: protection_levels([1, 2], [1, 1], [1, 1]), "fare_yen: positive fares from high to low"),
        (lambda: protection_levels([2, 1], [1], [1, 1]), "mean: 1 entries for 2"),
        (lambda: protection_levels([2, 1], [1, 1], [1, 1], rule="c"), "rule: 'a' or 'b'"),
        (lambda: bid_prices([1, 1], [1], [1], [1]), "uses: seats"),
        (lambda: bid_prices([[1]], [-1], [1], [1]), "fare_yen: numbers, 0 or more"),
    ],
)
def test_what_has_no_meaning_is_refused(call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises(nk.UsageError, match=message):
        call()
