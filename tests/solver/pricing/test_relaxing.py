"""What would help is what trying every weaker limit by brute force says."""

from dataclasses import replace
from typing import Any

import pytest

from nichiiki_models.allocation import Status
from nichiiki_models.tables import Operator
from nichiiki_solver.pricing.price import price
from nichiiki_solver.pricing.relaxing import YEN_STEP, relaxations
from nichiiki_tariff_small import Brute, Limits, riders, sold, tree

CROWD = [riders(trips=n, value=3000, step=100, mass=m, name=f"q{n}") for n, m in ((1, 4), (2, 3), (4, 5))]
LINE = tree(
    [1000],
    costs=[300],
    demand=CROWD,
    products=[sold("flat", links=("l0",), low=1000, high=6000, step=1000)],
)
"""Single fares cost 2,000 yen a round trip: at single fares 4 of 12 riders pay at most that."""


def asked(share: int, yen: int, subsidy: int | None) -> dict[str, Any]:
    return {
        "goal": "uptake",
        "baseline": "single_fares",
        "subsidy_yen": subsidy,
        "equity_share_percent": share,
        "equity_yen": yen,
        "no_arbitrage": False,
    }


def possible(share: int, yen: int, subsidy: int) -> bool:
    limits = Limits(goal="uptake", baseline="single_fares", subsidy_yen=subsidy, equity=(share, yen))
    return Brute(LINE, limits).best() is not None


@pytest.mark.parametrize(
    ("share", "yen", "subsidy"), [(80, 2000, 0), (100, 2000, 5_000), (60, 1000, 100), (90, 3000, 20_000)]
)
def test_each_limit_alone_gives_way_just_as_far_as_needed(share: int, yen: int, subsidy: int) -> None:
    found = {each.limit: each.enough for each in relaxations(LINE, **asked(share, yen, subsidy))}
    assert found.keys() == {"subsidy_yen", "equity_share_percent", "equity_yen"}
    assert not possible(share, yen, subsidy)
    enough = found["subsidy_yen"]
    assert enough is not None and possible(share, yen, enough) and not possible(share, yen, enough - 1)
    less = found["equity_share_percent"]
    assert less is not None and possible(less, yen, subsidy) and not possible(less + 1, yen, subsidy)
    more = found["equity_yen"]
    assert (
        more is not None and possible(share, more, subsidy) and not possible(share, more - YEN_STEP, subsidy)
    )


def test_nothing_to_say_where_it_is_possible() -> None:
    assert relaxations(LINE, **asked(10, 2000, 0)) == []


def test_a_cap_of_an_operator_goes_with_the_subsidy() -> None:
    capped = LINE.replace(
        operators=[Operator(operator_id="o", loss_cap_yen=0)],
        links=[row.model_copy(update={"operator_id": "o"}) for row in LINE.links.rows()],
    )
    wanted = asked(80, 2000, 0)
    assert price(capped, **wanted).status is Status.INFEASIBLE
    found = relaxations(capped, **wanted)
    alone, *_, together = [each for each in found if each.limit == "subsidy_yen"]
    assert alone.enough is None and alone.without == ()
    assert together.without == ("operator_caps", "town_caps_yen") and together.enough is not None
    money = {**wanted, "subsidy_yen": together.enough}
    assert price(capped, **money, operator_caps=False).status is Status.OPTIMAL
    less = {**wanted, "subsidy_yen": together.enough - 1}
    assert price(capped, **less, operator_caps=False).status is Status.INFEASIBLE


def test_too_few_seats_are_named() -> None:
    given = [sold("flat", links=("l0",)).model_copy(update={"price_yen": 1000})]
    links = [
        row.model_copy(update={"seats": 29 if row.link_id == "l0" else None}) for row in LINE.links.rows()
    ]
    wanted: dict[str, Any] = {"goal": "uptake", "subsidy_yen": None, "no_arbitrage": False}
    found = relaxations(LINE.replace(products=given, links=links), **wanted)
    assert {(each.target_id, each.asked, each.enough, each.without) for each in found} == {
        ("l0 m d0 p1", 29, 30, ("seats",)),
        ("l0 d0 m p1", 29, 30, ("seats",)),
    }
    wide = [
        row.model_copy(update={"seats": 30 if row.link_id == "l0" else None}) for row in LINE.links.rows()
    ]
    assert relaxations(LINE.replace(products=given, links=wide), **wanted) == []


def test_the_subsidy_per_head() -> None:
    wanted = {**asked(80, 2000, 60_000), "subsidy_per_head_yen": 10}
    found = {each.limit: each.enough for each in relaxations(LINE, **wanted)}
    enough = found["subsidy_per_head_yen"]
    limits = Limits(goal="uptake", baseline="single_fares", subsidy_yen=60_000, equity=(80, 2000))
    assert enough is not None
    assert Brute(LINE, replace(limits, subsidy_per_head_yen=enough)).best() is not None
    assert Brute(LINE, replace(limits, subsidy_per_head_yen=enough - 1)).best() is None
