"""What a seat is worth: in yen where the goal is in yen, in buyers where it is buyers, alike where seats are used alike."""

import pytest

from nichiiki import Instance, price
from nichiiki_tariff_small import riders, sold, tree

CROWD = [riders(trips=1, value=1000 * k) for k in range(1, 11)]
PASS = sold("flat", low=0, high=10_000, links=("t", "l0"))


def crowded(months: int) -> Instance:
    return tree([10_000], demand=CROWD, products=[PASS], trunk_seats=4, periods=months)


@pytest.mark.parametrize("count", [1, 3])
def test_a_seat_wins_a_buyer_a_month_and_no_month_counts_more(count: int) -> None:
    """Ten people would ride once, four seats: one more seat each way, in each month, lets one more person buy in each month.

    Months and directions are used alike, so each of the 2 · count legs is worth half a buyer.
    """
    found = price(crowded(count), goal="uptake", subsidy_yen=None)
    rents = [flow.rent_buyers for flow in found.flows if flow.link_id == "t"]
    assert rents == pytest.approx([0.5] * 2 * count, abs=1e-4)
    assert found.total.buyers == 4000 * count
    assert all(flow.rent_yen is None for flow in found.flows)
    assert found.total.seat_rent_yen is None


def test_a_buyer_costs_what_is_missing_at_the_next_price() -> None:
    """Ten people, a seat costs 600 each way: at a price F those worth at least F buy, and 1200 - F is missing for each.

    At 1200 those worth 2000 and more ride, nine of them, and nothing is missing; at 1000 all ten do, and 200 are missing for each.
    So the tenth buyer costs 2000 yen, and of 1000 yen the linear program buys half of him.
    """
    instance = tree(
        [10_000],
        costs=[600],
        demand=CROWD,
        products=[sold("flat", low=1000, high=1200, step=200, links=("t", "l0"))],
    )
    found = price(instance, goal="uptake", subsidy_yen=1000)
    assert found.prices == {"x": 1200}
    assert found.yen_per_buyer == pytest.approx(2000)


def test_a_goal_in_yen_has_rents_in_yen() -> None:
    found = price(crowded(2), goal="welfare")
    rents = {flow.rent_yen for flow in found.flows if flow.link_id == "t"}
    assert len(rents) == 1
    assert sum(flow.rent_yen or 0 for flow in found.flows if flow.link_id == "t") == pytest.approx(
        12_000, abs=2002
    )
    assert found.yen_per_buyer is None
    assert all(flow.rent_buyers is None for flow in found.flows)
