"""While prices are searched for, somebody may look on: values and bounds of the tariff itself, never of what is inside."""

import nichiiki as nk
from nichiiki_models.allocation import Status
from nichiiki_solver.policies.registry import Progress
from nichiiki_solver.pricing.plan import plan
from nichiiki_solver.pricing.price import price
from nichiiki_tariff_small import town


def test_price_tells_values_and_bounds_of_the_tariff() -> None:
    seen: list[Progress] = []
    instance = nk.load("flagship")
    found = price(instance, goal="welfare", subsidy_yen=6_000_000, progress=seen.append)
    assert found.status is Status.OPTIMAL
    assert seen
    (first, *_) = found.levels
    told = [line for line in seen if line.level == first.name]
    assert told
    for line in told:
        assert line.objective is None or line.objective <= (first.objective or 0)
        assert line.bound is None or line.bound >= (first.objective or 0)
    assert [each.seconds for each in seen] == sorted(each.seconds for each in seen)


def test_progress_changes_no_price() -> None:
    instance = town(budget=30_000)
    quiet, watched = (price(instance, progress=each) for each in (None, lambda _: None))
    assert quiet.prices == watched.prices


def test_plan_tells_of_both_sides() -> None:
    seen: list[Progress] = []
    plan(town(budget=30_000), policy="welfare", most_rounds=1, time_limit_s=60, progress=seen.append)
    levels = {line.level.split()[0] for line in seen}
    assert "tariff" in levels and len(levels) >= 2
