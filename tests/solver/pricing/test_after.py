"""Black-out calendars and payers of a tariff against sums over its own figures."""

from itertools import combinations

import pytest

from nichiiki_models.tables import Programme
from nichiiki_models.tariff import TariffResult
from nichiiki_solver.pricing.after import pass_calendars, payers_of
from nichiiki_solver.pricing.price import price
from nichiiki_tariff_small import riders, sold, tree

CROWD = [riders(trips=n, value=3000, step=100, mass=m, name=f"q{n}") for n, m in ((2, 6), (4, 10))]
LINE = tree(
    [1000],
    costs=[900],
    seats=[200],
    periods=3,
    demand=CROWD,
    products=[
        sold("flat", name="pass", links=("l0",), low=2000, high=2000, step=1000),
        sold("capped", name="four", links=("t", "l0"), cap_rides=4, low=1000, high=1000, step=1000),
    ],
)
PROGRAMMES = [
    Programme(programme_id="state", name="s", budget_yen=10**9, eligible_items=("survey",), excluded_items=("fare",)),
    Programme(programme_id="town", name="t", payer="municipality", budget_yen=30_000, rate_percent=100, eligible_items=("fare",)),
]  # fmt: skip


@pytest.fixture(scope="module")
def tariff() -> TariffResult:
    return price(LINE, goal="uptake", subsidy_yen=None)


def test_no_fewer_closed_periods_keep_the_price(tariff: TariffResult) -> None:
    (found,) = pass_calendars(LINE, tariff)
    used = [flow for flow in tariff.flows if flow.link_id == "l0"]
    costs = {
        name: -(-sum(flow.product_passengers for flow in used if flow.period_id == name) * 900 // 1000)
        for name in found.periods
    }
    assert list(costs) == ["p1", "p2", "p3"] and found.cost_yen.tolist() == list(costs.values())
    earned = sum(product.figures.product_yen for product in tariff.products)
    needs = sum(max(0, product.figures.need_yen) for product in tariff.products)
    assert found.budget_yen == earned + needs
    lost = earned // 3
    keeps = [
        size
        for size in range(4)
        for shut in combinations(costs, size)
        if sum(yen for name, yen in costs.items() if name not in shut) <= found.budget_yen - lost * size
    ]
    closed = found.calendar.closed
    assert closed is not None and int(closed.sum()) == min(keeps)


def test_holders_are_sure_of_their_seats(tariff: TariffResult) -> None:
    (found,) = pass_calendars(LINE, tariff, guaranteed=2)
    months = sum(product.figures.buyers for product in tariff.products)
    assert found.members == -(-months // 3000)
    each = found.calendar.seats_per_member
    assert each is not None and each.tolist() == [200 * 3 // found.members]


def test_a_product_that_is_not_sold_has_no_calendar() -> None:
    nobody = LINE.replace(demand=[riders(trips=1, value=100)])
    assert pass_calendars(nobody, price(nobody, goal="uptake", subsidy_yen=None)) == []


def test_only_lawful_payers_pay(tariff: TariffResult) -> None:
    assert tariff.subsidy_used_yen > 30_000
    found = payers_of(LINE.replace(programmes=PROGRAMMES), tariff)
    assert {(paid.expense_id, paid.programme_id) for paid in found.payments} == {("d0", "town")}
    assert found.paid_yen() == 30_000
    assert sum(left.yen for left in found.refused) == tariff.subsidy_used_yen - 30_000
    assert found.refused[0].rules == {"state": "excluded_item", "town": "exhausted"}
