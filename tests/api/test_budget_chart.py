"""The bars of budgets: what is won and saved against the smallest budget with an answer."""

from nichiiki.report.budget_chart import HEIGHT, changes, halves
from nichiiki.tariffs import FrontierPoint


def point(budget: int, used: int, buyers: int | None, paid: int) -> FrontierPoint:
    return FrontierPoint(budget, used, buyers, {"x": 100}, riders=10_000, paid_yen=paid)


def test_changes_are_against_the_first_budget_with_an_answer() -> None:
    found = changes(
        [point(0, 0, None, 0), point(5, 4, 8000, 900), point(9, 8, 8500, 1000), point(12, 8, 8000, 700)]
    )
    assert [(each.buyers, each.saved_yen, each.each_yen) for each in found] == [
        (0, 0, None),
        (500, -100, 8),
        (0, 200, None),
    ]


def test_bars_are_as_high_as_their_values_and_stay_inside() -> None:
    found = changes([point(0, 0, 8000, 900), point(10**6, 8, 9000, 1000), point(2 * 10**6, 8, 10_000, 700)])
    won, saved = halves(found)
    none, one, two = won.bars
    assert two.height == 2 * one.height and none.height == 1
    assert one.y + one.height == two.y + two.height, "bars stand on one line"
    assert [bar.budget for bar in won.bars] == ["0", "1", "2"]
    assert [bar.label for bar in saved.bars] == ["0", "-100", "200"]
    assert saved.bars[1].y >= saved.bars[2].y + saved.bars[2].height - 0.2, "below the line: they pay more"
    assert all(0 < bar.y < bar.y + bar.height < HEIGHT for half in (won, saved) for bar in half.bars)


def test_one_budget_needs_no_chart() -> None:
    assert halves(changes([point(0, 0, 8000, 900)])) == halves(changes([])) == []
