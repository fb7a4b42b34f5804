"""Tariffs whose answer can be derived by hand; every derivation stands in its test."""

import math
from typing import Any

import pytest
from scipy.special import lambertw

from nichiiki_models.instance import Instance
from nichiiki_models.tables import Demand, Operator
from nichiiki_models.tariff import BreakEven, TariffResult
from nichiiki_solver.pricing.analytic import (
    Exponential,
    Listed,
    Logistic,
    Pareto,
    Uniform,
    best_fee,
    break_even_fees,
    loss_of_fee,
    ramsey_prices,
    reference_fee,
    widest_fee,
)
from nichiiki_solver.pricing.price import price
from nichiiki_tariff_small import riders, sold, tree

CLOSE: dict[str, Any] = {"rel": 1e-6}
SURE = 1_000_000
"""A value at which a trip is made at any price that occurs."""


def line(
    demand: list[Demand], products: list[Any], *, fare: int = 1000, cost: int = 0, **extra: Any
) -> Instance:
    """One link h - m - d0 with a round-trip fare and cost."""
    return tree([fare // 2], costs=[cost // 2], demand=demand, products=products, **extra)


def steady(trips: int, mass: int = 1, **extra: Any) -> Demand:
    """People who make so many trips whatever they cost, up to a million yen each."""
    return riders(trips=trips, value=SURE, mass=mass, **extra)


def exact(result: TariffResult) -> BreakEven:
    """The break-even part of the one unit."""
    found = result.units[0].break_even
    assert found is not None
    return found


# Break-even on distributions


def test_exponential_trips() -> None:
    """F = c E[n | n ≥ F/p] = c (F/p + m) as the exponential has no memory, so F = m c p / (p - c)."""
    m, c, p = 2.5, 3000.0, 12_000.0
    assert break_even_fees(Exponential(m), fare=p, cost=c) == [pytest.approx(m * c * p / (p - c), **CLOSE)]


def test_uniform_trips() -> None:
    """On [0, b] E[n | n ≥ F/p] = (F/p + b) / 2, so 2 F = c F / p + c b and F = b c p / (2 p - c)."""
    b, c, p = 6.0, 5000.0, 12_000.0
    assert break_even_fees(Uniform(b), fare=p, cost=c)[0] == pytest.approx(b * c * p / (2 * p - c), **CLOSE)


def test_pareto_trips_below_the_least() -> None:
    """While F ≤ p l everybody buys, and E[n] = a l / (a - 1): F = c a l / (a - 1), a solution if that is at most p l."""
    a, least, c, p = 3.0, 1.0, 4000.0, 12_000.0
    assert break_even_fees(Pareto(a, least), fare=p, cost=c) == [
        pytest.approx(c * a * least / (a - 1), **CLOSE)
    ]


def test_pareto_trips_spiral() -> None:
    """Above l, E[n | n ≥ x] = a x / (a - 1): F = c a F / (p (a - 1)) has no solution if c a > p (a - 1), nor is there one below."""
    a, least, c, p = 1.5, 1.0, 5000.0, 12_000.0
    assert c * a > p * (a - 1)
    assert break_even_fees(Pareto(a, least), fare=p, cost=c) == []


def test_subsidy_per_buyer_lowers_the_exponential_fee() -> None:
    """F = c (F/p + m) - s, so F = (m c - s) p / (p - c)."""
    m, c, p, s = 2.0, 3000.0, 9000.0, 1500.0
    assert break_even_fees(Exponential(m), fare=p, cost=c, subsidy=s) == [
        pytest.approx((m * c - s) * p / (p - c), **CLOSE)
    ]


def test_bias_makes_lighter_users_buy() -> None:
    """With a liking b light users buy from n = (F - b)/p on: F = c ((F - b)/p + m), so F = c (m p - b) / (p - c)."""
    m, c, p, b = 2.0, 3000.0, 9000.0, 2000.0
    assert break_even_fees(Exponential(m), fare=p, cost=c, bias=b) == [
        pytest.approx(c * (m * p - b) / (p - c), **CLOSE)
    ]


# Break-even by `price`


def test_uniform_trips_one_by_one() -> None:
    """One person for each n of 1 … N. In (p (k-1), p k] those with n ≥ k buy, E[n] = (k + N)/2, and c (k + N)/2 is a root
    if it lies there: with N = 9, p = 1000, c = 700 that is 700 (k + 9)/2 in (1000 (k-1), 1000 k]: k = 5 with 4900, k = 6 with 5250.
    """
    crowd = [steady(n) for n in range(1, 10)]
    result = price(line(crowd, [sold("flat", low=0, high=9000)], cost=700))
    assert exact(result).roots_yen == pytest.approx((4900.0, 5250.0), **CLOSE)
    assert result.prices == {"x": 4900}


def test_many_break_even_prices() -> None:
    """Masses 6, 3 at n = 1, 4, p = 1000, c = 900. Up to 1000 all buy: E[n] = 18/9 = 2, root 1800, not there. Above, n = 4
    alone: 3600, which is in (1000, 4000]. With c = 450: 900 in (0, 1000] and 1800 in (1000, 4000]: two solutions.
    """
    crowd = [steady(1, 6), steady(4, 3)]
    once = price(line(crowd, [sold("flat", low=0, high=5000)], cost=900))
    twice = price(line(crowd, [sold("flat", low=0, high=5000)], cost=450))
    assert exact(once).roots_yen == pytest.approx((3600.0,), **CLOSE)
    assert exact(twice).roots_yen == pytest.approx((900.0, 1800.0), **CLOSE)
    assert twice.prices == {"x": 900}


def test_death_spiral_and_rescue() -> None:
    """A ride costs 1,200 and is sold at 1,000: whoever buys at F ≤ 1000 n costs 1200 n, so the shortfall is at least 200 n each.

    Masses 4, 1 at n = 1, 3. At F = 3000 only n = 3 buys: shortfall 3600 - 3000 = 600. At F = 1000 all: 4·1200 + 3600 - 5000
    = 3400. The smallest lump sum that helps is 600.
    """
    crowd = [steady(1, 4), steady(3, 1)]
    product = [sold("flat", low=100, high=5000)]
    spiral = price(line(crowd, product, cost=1200))
    assert spiral.status.value == "INFEASIBLE"
    assert spiral.prices == {"x": None}
    assert exact(spiral).roots_yen == ()
    assert exact(spiral).smallest_yen is None
    assert exact(spiral).rescue_yen == 600
    assert price(line(crowd, product, cost=1200), subsidy_yen=600).prices == {"x": 3000}


def test_pass_that_can_only_lose_money() -> None:
    """Rational buyers, trips that do not change, nobody new: against single fares the loss is Σ m (p n - F)⁺ at every price."""
    crowd = [steady(1, 5), steady(2, 3), steady(5, 2)]
    certificate = exact(price(line(crowd, [sold("flat", low=0, high=5500)]), baseline="single_fares"))
    for fee, _, need in certificate.needs:
        assert need == sum(m * max(1000 * n - fee, 0) for n, m in ((1, 5), (2, 3), (5, 2)))
    assert certificate.smallest_yen == 5000


def test_most_buyers_within_a_loss() -> None:
    """One person each at n = 1 … 10, p = 1000, F in (1000 (k-1), 1000 k]: the loss is Σ_{n ≥ k} (1000 n - F). At F = 7000 it
    is 0 + 1 + 2 + 3 = 6 thousand; at 6900: 6400; at 6600: 7600; so a cap of 7,600 allows 6,600 with buyers 7, 8, 9, 10.
    """
    found = price(
        line([steady(n) for n in range(1, 11)], [sold("flat", low=100, high=10_000)]),
        goal="uptake",
        baseline="single_fares",
        subsidy_yen=7600,
    )
    assert found.prices == {"x": 6600}
    assert found.total.buyers == 4000
    assert found.subsidy_used_yen == 7600


def test_new_riders_pay_for_a_pass() -> None:
    """Ten people would go twice for 1,600 in all (800, then 800), but not at 1,000 a trip. They pay F = 1600 for trips that cost
    2 · 100: against single fares the operator gains 10 (1600 - 200) = 14,000.
    """
    found = price(
        line([riders(trips=2, value=800, mass=10)], [sold("flat", low=100, high=3000)], cost=100),
        goal="revenue",
        baseline="single_fares",
    )
    assert found.prices == {"x": 1600}
    assert found.units[0].need_yen == -14_000
    assert (found.total.trips_new, found.total.trips_existing, found.total.trips_induced) == (20_000, 0, 0)


def test_capped_rides() -> None:
    """Four rides are two round trips: n trips cost F + 1000 (n - 2)⁺, so whoever goes n ≥ 2 times buys at F ≤ 2000, n = 1 at
    F ≤ 1000. Break-even at cost 600 with one person at each n = 1, 2, 3: for F in (1000, 2000] buyers 2 and 3 ride 5 times
    (3000 yen) and pay 2 F + 1000: F = 1000, not inside; below, all three: 6 rides, 3600 = 3 F + 1000, F = 866.67.
    """
    found = price(
        line([steady(n) for n in (1, 2, 3)], [sold("capped", cap_rides=4, low=0, high=3000)], cost=600)
    )
    assert exact(found).roots_yen == pytest.approx((2600 / 3,), **CLOSE)
    assert found.prices == {"x": 900}


def test_fixed_ride_covers_its_cost_at_cost() -> None:
    """A price a trip breaks even exactly at the cost of a trip, whoever travels: F = 400."""
    found = price(
        line(
            [steady(2), riders(trips=3, value=700, step=200)],
            [sold("fixed_ride", low=0, high=1000)],
            cost=400,
        )
    )
    assert exact(found).roots_yen == pytest.approx((400.0,), **CLOSE)
    assert found.prices == {"x": 400}


def test_percentage_back() -> None:
    """40 % back of 1,000: values 900, 700, 500 make a person go at 600 twice where it went never: revenue 1200."""
    found = price(
        line([riders(trips=3, value=900, step=200)], [sold("percentage", percent_back=40)]),
        goal="revenue",
        subsidy_yen=None,
    )
    assert (found.total.paid_yen, found.total.trips_new) == (1200, 2000)


def test_threshold_bonus() -> None:
    """Three trips at 1,000 earn 600 back. Values 1100, 950, 700: two trips are worth 50 net alone; three are worth 2750 - 2400 =
    350, so the third is induced: paid 2400 against 1000 before (the second, worth 950, is not made at 1,000).
    """
    crowd = [
        Demand(demand_id="q", from_id="h", to_id="d0", mass=1, trips=3, value_yen=1100, value_step_yen=150)
    ]
    found = price(
        line(crowd, [sold("threshold", threshold_trips=3, bonus_yen=600)]), goal="revenue", subsidy_yen=None
    )
    assert found.total.paid_yen == 2400
    assert (found.total.trips_existing, found.total.trips_induced) == (1000, 2000)


# Revenue


def test_monopoly_fee_uniform() -> None:
    """(F - c)(1 - F/b) is largest at F = (b + c)/2."""
    assert best_fee(Uniform(30_000), cost=4000) == pytest.approx(17_000, **CLOSE)


def test_monopoly_fee_exponential() -> None:
    """(F - c) exp(-F/m) is largest at F = c + m."""
    assert best_fee(Exponential(9000), cost=2500) == pytest.approx(11_500, **CLOSE)


def test_monopoly_fee_logit() -> None:
    """F - c = 1 / (b (1 - share)); with w = b (F - c) - 1: w e^w = e^(a - b c - 1), so F = c + (1 + W(e^(a - b c - 1))) / b."""
    a, b, c = 2.0, 0.0004, 3000.0
    expected = c + (1 + float(lambertw(math.exp(a - b * c - 1)).real)) / b
    assert best_fee(Logistic(a, b), cost=c) == pytest.approx(expected, **CLOSE)


def test_monopoly_fee_of_a_list() -> None:
    """Willingness to pay 1000, 2000, …, 10000, one person each, no cost: F (11 - F/1000) is largest at 5000 and 6000 (30,000); the
    lower one has more buyers.
    """
    crowd = [riders(trips=1, value=1000 * k) for k in range(1, 11)]
    found = price(line(crowd, [sold("flat", low=100, high=10_000)], fare=20_000), goal="revenue")
    assert (found.objective, found.prices) == (30_000, {"x": 5000})


def test_two_part_extraction() -> None:
    """One kind of traveller with values 900, 700, 500, 300: at no cost a flat fee takes all of it, F = 2400."""
    found = price(
        line([riders(trips=4, value=900, step=200, mass=7)], [sold("flat", low=100, high=5000)]),
        goal="revenue",
    )
    assert (found.prices, found.total.surplus_yen) == ({"x": 2400}, 0)


def test_two_tiers() -> None:
    """Two types v = t q - q²/2 (in units of 1000 yen; the j-th trip is worth t - j + 1/2), t_H = 8, t_L = 6, one H for each L.

    At no cost q_H = t_H = 8 and q_L = t_L - (t_H - t_L) = 4, so F_L = v_L(4) = 24 - 8 = 16 and
    F_H = v_H(8) - (t_H - t_L) q_L = 32 - 8 = 24: the H type is just as well off with the small tier (32 - 8 - 16 = 8), and as of
    equals it takes the cheaper one, the large tier costs one step of the grid less.
    """
    crowd = [riders(name=f"q{t}", trips=8, value=1000 * t - 500, step=1000) for t in (6, 8)]
    for step in (1000, 200):
        tiers = [
            sold("capped", name=f"tier{q}", cap_rides=2 * q, low=0, high=32_000, step=step) for q in (4, 8)
        ]
        found = price(line(crowd, tiers, fare=20_000), goal="revenue", subsidy_yen=None)
        assert found.prices == {"tier4": 16_000, "tier8": 24_000 - step}
        assert found.objective == 40_000 - step


def test_seat_rent_is_the_value_of_the_next_traveller() -> None:
    """Ten people would pay 1000, 2000, …, 10000 for one trip, four seats, welfare at no cost: those at 7000 and above ride, so the fee
    lies in (6000, 7000], and one more seat would let in the person at 6000: 34,000 of value, a rent of 6000.
    """
    crowd = [riders(trips=1, value=1000 * k) for k in range(1, 11)]
    instance = tree(
        [10_000], demand=crowd, products=[sold("flat", low=0, high=10_000, links=("t", "l0"))], trunk_seats=4
    )
    found = price(instance, goal="welfare")
    assert found.objective == 34_000
    fee = found.prices["x"]
    assert fee is not None
    assert 6000 < fee <= 7000
    rents = [flow.rent_yen for flow in found.flows if flow.link_id == "t"]
    assert sum(rent for rent in rents if rent is not None) == pytest.approx(6000, abs=1001)


def test_two_corridors_share_a_budget() -> None:
    """Loss Σ (p n - F)⁺ on two corridors with one person at each n = 1 … 4, fares 1000 and 2000. A budget of 1000 buys the third
    person on the cheap corridor (F = 3000: loss 1000), and nothing on the dear one beyond F = 8000 (F = 6000: loss 2000).
    """
    crowd = [steady(n, end=end, name=f"q{end}{n}") for end in (0, 1) for n in (1, 2, 3, 4)]
    passes = [
        sold("flat", name=f"x{end}", links=(f"l{end}",), low=1000, high=9000, step=1000) for end in (0, 1)
    ]
    found = price(
        tree([500, 1000], demand=crowd, products=passes),
        goal="uptake",
        baseline="single_fares",
        subsidy_yen=1000,
    )
    assert (found.prices, found.total.buyers) == ({"x0": 3000, "x1": 8000}, 3000)


# Subsidy, welfare, structure


def test_widest_exponential_fee() -> None:
    """E[(p n - F)⁺] = p m exp(-F / (p m)) = G, so F = p m ln(p m / G), and the share of buyers exp(-F / (p m)) is G / (p m)."""
    m, p, g = 2.0, 12_000.0, 3000.0
    fee = widest_fee(Exponential(m), fare=p, loss=g)
    assert fee == pytest.approx(p * m * math.log(p * m / g), **CLOSE)
    assert Exponential(m).share(fee / p) == pytest.approx(g / (p * m), **CLOSE)


def test_loss_of_a_uniform_fee() -> None:
    """∫ (p n - F) dn / b over n from F/p to b = (p b - F)² / (2 p b)."""
    b, p, fee = 5.0, 4000.0, 9000.0
    assert loss_of_fee(Uniform(b), fare=p, fee=fee) == pytest.approx(
        (p * b - fee) ** 2 / (2 * p * b), **CLOSE
    )


def test_ramsey_prices_of_linear_demand() -> None:
    """p_k = c_k + κ (P_k - c_k), κ = (1 - sqrt(1 - 4 FC / S)) / 2, S = Σ b_k (P_k - c_k)²: profit is κ (1 - κ) S."""
    b, top, c, fixed = [2.0, 1.0], [10.0, 20.0], [1.0, 2.0], 60.0
    s = sum(bk * (pk - ck) ** 2 for bk, pk, ck in zip(b, top, c, strict=True))
    kappa = (1 - math.sqrt(1 - 4 * fixed / s)) / 2
    expected = [ck + kappa * (pk - ck) for pk, ck in zip(top, c, strict=True)]
    assert ramsey_prices(b, top, c, fixed_cost=fixed) == pytest.approx(expected, **CLOSE)
    assert ramsey_prices(b, top, c, fixed_cost=s / 4 + 1) is None


def test_weighted_median() -> None:
    """Σ w |F - r| changes slope at the references; below 3000 more than half of the weight is above, from 3000 on not."""
    assert reference_fee([1000, 2000, 3000, 8000], [1, 1, 2, 1]) == 3000


def test_list_and_distribution_agree() -> None:
    """The break-even fee of a listed distribution is that of `price` on the same people: n = 1, 2, 3, 6 with masses 5, 3, 2, 1."""
    pairs = ((1, 5), (2, 3), (3, 2), (6, 1))
    listed = Listed(tuple(float(n) for n, _ in pairs), tuple(float(m) for _, m in pairs))
    found = exact(price(line([steady(n, m) for n, m in pairs], [sold("flat", low=0, high=7000)], cost=500)))
    assert list(found.roots_yen) == pytest.approx(break_even_fees(listed, fare=1000.0, cost=500.0), **CLOSE)


def test_welfare_prices_at_cost() -> None:
    """First best: a trip is made where it is worth its cost. A price a trip of 400 = cost gives values 900, 700, 500 above 400."""
    found = price(
        line([riders(trips=4, value=900, step=200)], [sold("fixed_ride", low=0, high=1000)], cost=400),
        goal="welfare",
    )
    assert found.objective == (900 + 700 + 500) - 3 * 400
    assert found.prices["x"] in range(400, 501)


def test_public_money_has_a_price() -> None:
    """One person would make two trips worth 800 each that cost 600, and can pay at most 1000 in all for a flat pass if the grid ends
    there: a gain of 400 less 20 % of the shortfall 1200 - 1000 = 200, that is 360.
    """
    found = price(
        line([riders(trips=2, value=800)], [sold("flat", low=100, high=1000)], cost=600),
        goal="welfare",
        subsidy_yen=None,
    )
    assert (found.objective, found.subsidy_used_yen) == (360, 200)


def test_quotas_are_free_of_arbitrage() -> None:
    """Light users would pay 3000 for 2 rides and heavy ones 9000 for 4; two small passes do what the large one does, so it may cost
    at most twice the small one: 3000 and 6000 earn 9000, while 4500 and 9000 lose the light user.
    """
    crowd = [riders(name="qa", trips=1, value=3000), riders(name="qb", trips=2, value=4500)]
    tiers = [
        sold("capped", name=f"tier{rides}", cap_rides=rides, low=1000, high=9000, step=500)
        for rides in (2, 4)
    ]
    free = price(line(crowd, tiers, fare=20_000), goal="revenue", subsidy_yen=None, no_arbitrage=False)
    kept = price(line(crowd, tiers, fare=20_000), goal="revenue", subsidy_yen=None)
    assert free.objective is not None
    assert kept.objective is not None
    small, large = kept.prices["tier2"], kept.prices["tier4"]
    assert small is None or large is None or large <= 2 * small
    assert kept.objective <= free.objective


def test_operator_loss_cap() -> None:
    """The operator may lose 1,500 a month. One person each at n = 1 … 4, p = 1000: at F = 3000 it loses 1000, at 2900 1200, at
    2700 1600: the most buyers, and of these the lowest price within the cap, is 2 at 2800 (1400).
    """
    owner = [Operator(operator_id="o", loss_cap_yen=1500)]
    instance = line(
        [steady(n) for n in range(1, 5)], [sold("flat", low=100, high=5000)], operators=owner, operator="o"
    )
    found = price(instance, goal="uptake", baseline="single_fares", subsidy_yen=None)
    assert (found.prices, found.total.buyers) == ({"x": 2800}, 2000)
