"""The check of a tariff finds what is planted, and passes what is right."""

import os
from typing import Any

import pytest

import nichiiki as nk
from nichiiki_models.errors import UsageError
from nichiiki_models.rules import DemandRule
from nichiiki_models.tables import Operator
from nichiiki_models.tariff import TariffResult
from nichiiki_solver.pricing.price import price
from nichiiki_solver.verify.tariff import verify_tariff
from nichiiki_tariff_small import random_tree, riders, sold, tree


def small() -> Any:
    """Two ends, two passes, one operator with a loss cap, seats that bind."""
    return tree(
        [500, 800],
        trunk_yen=300,
        trunk_cost=100,
        trunk_seats=40,
        demand=[riders(end=end, mass=5, trips=n, value=3000, step=300) for end in (0, 1) for n in (1, 3, 5)],
        products=[
            sold("flat", name="a", links=("t", "l0"), low=500, high=6000),
            sold("capped", name="b", links=("t", "l1"), cap_rides=4, low=500, high=6000),
        ],
        operators=[Operator(operator_id="o", loss_cap_yen=20_000)],
        operator="o",
    )  # fmt: skip


@pytest.fixture(scope="module")
def priced() -> tuple[Any, TariffResult]:
    instance = small()
    return instance, price(instance, goal="uptake", subsidy_yen=5000, baseline="single_fares")


def rules_of(instance: Any, tariff: TariffResult, **changes: Any) -> set[str]:
    """Rules broken by a changed tariff."""
    return {violation.rule for violation in verify_tariff(instance, tariff.model_copy(update=changes))}


def test_right_tariff_passes(priced: tuple[Any, TariffResult]) -> None:
    assert verify_tariff(*priced) == []
    assert any(flow.seats is not None for flow in priced[1].flows)


def test_json_both_ways(priced: tuple[Any, TariffResult]) -> None:
    assert TariffResult.model_validate_json(priced[1].model_dump_json()) == priced[1]


def test_other_instance(priced: tuple[Any, TariffResult]) -> None:
    assert rules_of(*priced, instance_hash="sha256:0") == {"tariff_instance"}
    assert rules_of(*priced, allocation_hash="sha256:0") == {"tariff_allocation"}


def test_price_off_the_grid(priced: tuple[Any, TariffResult]) -> None:
    *others, last = priced[1].products
    assert last.price_yen is not None
    for changes in ({"price_yen": last.price_yen + 1}, {"price_yen": 9000}, {"decided": False}):
        assert rules_of(*priced, products=(*others, last.model_copy(update=changes))) == {"tariff_price"}


def test_a_given_price_holds_whatever_the_range() -> None:
    given = sold("flat", low=500, high=6000).model_copy(update={"price_yen": 2000})
    instance = tree([500], demand=[riders(mass=3, trips=4, value=3000)], products=[given])
    tariff = price(instance, goal="uptake", subsidy_yen=None, baseline="single_fares")
    cheaper = tuple(each.model_copy(update={"price_yen": 1000}) for each in tariff.products)
    assert verify_tariff(instance, tariff) == []
    assert "tariff_price" in rules_of(instance, tariff, products=cheaper)


def test_another_price_changes_every_sum(priced: tuple[Any, TariffResult]) -> None:
    *others, last = priced[1].products
    assert last.price_yen != 500
    moved = last.model_copy(update={"price_yen": 500})
    assert rules_of(*priced, products=(*others, moved)) >= {"tariff_claim", "tariff_seats"}


def test_products_missing(priced: tuple[Any, TariffResult]) -> None:
    assert rules_of(*priced, products=priced[1].products[1:]) == {"tariff_products"}


def test_links_outside_the_scope(priced: tuple[Any, TariffResult]) -> None:
    first, *others = priced[1].products
    assert "tariff_covers" in rules_of(
        *priced, products=(first.model_copy(update={"covers": ("t",)}), *others)
    )


def test_ways(priced: tuple[Any, TariffResult]) -> None:
    first, *others = priced[1].ways
    broken = first.model_copy(update={"out": first.out[:1]})
    assert "tariff_way" in rules_of(*priced, ways=(broken, *others))
    assert "tariff_way_missing" in rules_of(*priced, ways=tuple(others))
    with_pass = [way for way in priced[1].ways if way.product_id == "a"]
    cut = with_pass[0].model_copy(update={"out": with_pass[0].out[:1]})
    found = verify_tariff(priced[0], priced[1].model_copy(update={"ways": (cut, *priced[1].ways)}))
    assert "h d0 p1 a" in [each.where for each in found if each.rule == "tariff_way"]
    singles = tuple(way for way in priced[1].ways if way not in with_pass)
    missing = verify_tariff(priced[0], priced[1].model_copy(update={"ways": singles}))
    assert [each.where for each in missing] == ["h d0 p1 a", "h d1 p1 a"]  # to d1 it covers the trunk alone


@pytest.mark.parametrize("figure", sorted(set(nk.Figures.model_fields) - {"seat_rent_yen"}))
def test_every_figure_is_compared(priced: tuple[Any, TariffResult], figure: str) -> None:
    total = priced[1].total
    wrong = total.model_copy(update={figure: getattr(total, figure) + 2})
    assert rules_of(*priced, total=wrong) == {"tariff_claim"}


def test_stated_incomes_and_flows(priced: tuple[Any, TariffResult]) -> None:
    row, flow = priced[1].settlement[0], priced[1].flows[0]
    assert rules_of(*priced, settlement=(row.model_copy(update={"after_yen": row.after_yen + 9}),)) == {
        "tariff_claim"
    }
    changed = flow.model_copy(update={"passengers": flow.passengers + 9})
    assert rules_of(*priced, flows=(changed, *priced[1].flows[1:])) == {"tariff_claim"}
    assert rules_of(*priced, flows=priced[1].flows[1:]) == {"tariff_claim"}
    elsewhere = flow.model_copy(update={"period_id": "never"})
    assert rules_of(*priced, flows=(*priced[1].flows, elsewhere)) == {"tariff_claim"}


@pytest.mark.parametrize("other", [(), (sold("flat", name="y", low=500, high=9000),)])
def test_whoever_sells_to_nobody_does_not_break_even(other: tuple[Any, ...]) -> None:
    """One product of a unit that is offered and bought by nobody is enough; what is not offered sells nothing."""
    products = [sold("flat", low=500, high=9000), *other]
    instance = tree([500], demand=[riders(trips=2, value=700)], products=products)
    tariff = price(instance, goal="break_even", baseline="single_fares")
    first, *others = tariff.products
    dear = (
        first.model_copy(update={"offered": True, "price_yen": 9000}),
        *(each.model_copy(update={"offered": False, "price_yen": None}) for each in others),
    )
    assert "tariff_no_buyer" in rules_of(instance, tariff, products=dear)
    assert "tariff_no_buyer" not in rules_of(
        instance, tariff.model_copy(update={"goal": "uptake"}), products=dear
    )


def test_the_best_way_is_asked_for() -> None:
    """A bus that takes two hours where the train takes one and costs the same: its way leads there, but is not the one."""
    plain = small()
    bus = {"link_id": "bus", "from_id": "h", "to_id": "m", "mode": "bus", "fare_yen": 300, "operator_id": "o"}
    slow, fast = (
        plain.replace(links=[*(row.model_dump() for row in plain.links.rows()), {**bus, "minutes": minutes}])
        for minutes in (120, 10)
    )
    right, by_bus = (
        price(each, goal="uptake", subsidy_yen=5000, baseline="single_fares") for each in (slow, fast)
    )
    assert verify_tariff(slow, right) == []
    ways = tuple(way for way in by_bus.ways if any(link == "bus" for link, _ in way.out))
    others = tuple(
        way
        for way in right.ways
        if (way.to_id, way.product_id) not in {(w.to_id, w.product_id) for w in ways}
    )
    found = verify_tariff(slow, right.model_copy(update={"ways": (*others, *ways)}))
    wrong = [each.where for each in found if each.rule == "tariff_best_way"]
    assert [each.split() for each in wrong] == [[way.from_id, way.to_id, way.period_id] for way in ways] != []


def test_periods_stand_for_their_days() -> None:
    """A week, 32 days, a year, the weekends of a month: each traveller travels in the share of a month that it is."""
    plain = tree(
        [500], demand=[riders(mass=97, trips=4, value=3000)], products=[sold("flat", low=500, high=4000)]
    )
    spans = (
        ("week", "2026-04-06", "2026-04-12", "all"),
        ("more", "2026-05-01", "2026-06-01", "all"),
        ("year", "2027-04-01", "2028-03-30", "all"),
        ("ends", "2028-05-01", "2028-05-31", "weekend"),
        ("work", "2028-05-01", "2028-05-31", "weekday"),
    )
    keys = ("period_id", "starts_on", "ends_on", "slot")
    instance = plain.replace(periods=[dict(zip(keys, span, strict=True)) for span in spans])
    tariff = price(instance, goal="revenue")
    assert verify_tariff(instance, tariff) == []
    days = (7, 32, 365, 8, 23)
    assert tariff.total.riders == sum(97 * (count * 12_000 // 365) for count in days)


def test_rides_out_and_back_are_counted_apart() -> None:
    """A fast lane leads there only: of three free rides two are by it, and one is by the train, whose fare is another."""
    product = sold("capped", links=("lane", "t"), cap_rides=3, low=500, high=6000)
    instance = fares().replace(products=[product.model_dump()])
    tariff = price(instance, goal="revenue")
    (way,) = {
        way.out for way in tariff.ways if way.product_id and way.to_id == "d0" and way.period_id == "p1"
    }
    assert way[0][0] == "lane"
    assert tariff.total.buyers > 0
    assert verify_tariff(instance, tariff) == []


def test_limits(priced: tuple[Any, TariffResult]) -> None:
    settings = priced[1].settings
    assert rules_of(*priced, settings={**settings, "subsidy_yen": priced[1].subsidy_used_yen - 1}) == {
        "tariff_subsidy"
    }
    assert rules_of(*priced, settings={**settings, "subsidy_per_head_yen": 0}) == {"tariff_per_head"}
    assert rules_of(*priced, settings={**settings, "town_caps_yen": {"d0": 0, "d1": 0}}) == {"tariff_town"}
    equity = {"equity_share_percent": 100, "equity_yen": 10}
    assert rules_of(*priced, settings={**settings, **equity}) == {"tariff_equity"}


def test_claims(priced: tuple[Any, TariffResult]) -> None:
    first, *others = priced[1].levels
    low = first.model_copy(update={"bound": (first.objective or 0) - 1})
    assert "tariff_bound" in rules_of(*priced, levels=(low, *others))
    high = first.model_copy(
        update={"objective": (first.objective or 0) + 9, "bound": (first.objective or 0) + 9}
    )
    assert "tariff_claim" in rules_of(
        *priced, levels=(high, *others), objective=high.objective, bound=high.bound
    )
    for name in ("objective", "bound"):
        one_less = {name: (getattr(priced[1], name) or 0) - 1}
        [found] = verify_tariff(priced[0], priced[1].model_copy(update=one_less))
        assert (found.rule, found.where) == ("tariff_claim", "objective")
    assert others and priced[1].status.value == "OPTIMAL"
    for open_one in range(len(priced[1].levels)):
        levels = [
            level.model_copy(update={"bound": (level.objective or 0) + (at == open_one)})
            for at, level in enumerate(priced[1].levels)
        ]
        led = {"objective": levels[open_one].objective, "bound": levels[open_one].bound}
        [found] = verify_tariff(priced[0], priced[1].model_copy(update={"levels": tuple(levels), **led}))
        assert (found.rule, found.details["value"]) == ("tariff_claim", "OPTIMAL")


def test_operator_caps() -> None:
    instance = small()
    free = price(instance, goal="uptake", subsidy_yen=None, baseline="single_fares", operator_caps=False)
    kept = price(instance, goal="uptake", subsidy_yen=None, baseline="single_fares")
    assert verify_tariff(instance, free) == []
    assert (
        kept.settlement[0].before_yen - kept.settlement[0].after_yen + kept.settlement[0].cost_change_yen
        <= 20_000
    )
    strict = free.model_copy(update={"settings": {**free.settings, "operator_caps": True}})
    poor = instance.replace(operators=[Operator(operator_id="o", loss_cap_yen=0)])
    again = strict.model_copy(update={"instance_hash": poor.hash})
    loss = free.settlement[0].before_yen - free.settlement[0].after_yen + free.settlement[0].cost_change_yen
    assert ("tariff_operator" in {v.rule for v in verify_tariff(poor, again)}) == (loss > 0)


def test_arbitrage() -> None:
    crowd = [riders(name="qa", trips=1, value=3000), riders(name="qb", trips=2, value=4500)]
    tiers = [
        sold("capped", name=f"tier{rides}", cap_rides=rides, low=1000, high=9000, step=500)
        for rides in (2, 4)
    ]
    instance = tree([20_000], demand=crowd, products=tiers)
    # a dear small pass that nobody buys beside a cheap large one
    free = price(instance, goal="revenue", subsidy_yen=None, no_arbitrage=False)
    first, second = (product.price_yen for product in free.products)
    strict = free.model_copy(update={"settings": {**free.settings, "no_arbitrage": True}})
    broken = first is not None and second is not None and (second > 2 * first or first > second)
    assert ("tariff_arbitrage" in {v.rule for v in verify_tariff(instance, strict)}) == broken


def is_dearer_than_others(instance: Any) -> bool:
    """Whether the check finds that the large product for 3,000 is replaced by small ones for 1,000."""
    tariff = price(instance, goal="uptake", subsidy_yen=None, baseline="single_fares")
    prices = {"small": 1000, "large": 3000}
    sold_all = tuple(
        each.model_copy(update={"offered": True, "price_yen": prices[each.product_id]})
        for each in tariff.products
    )
    settings = {**tariff.settings, "no_arbitrage": True}
    return "tariff_arbitrage" in rules_of(instance, tariff, products=sold_all, settings=settings)


@pytest.mark.parametrize(
    ("of_small", "of_large", "replaces"),
    [
        ((), (), True),
        (("basic",), (), False),
        ((), ("basic",), True),
        (("basic",), ("basic",), True),
        (("premium",), ("basic",), False),
        (("basic", "premium"), ("basic",), True),
    ],
)
def test_a_product_is_replaced_by_those_that_its_buyers_may_buy(
    of_small: Any, of_large: Any, replaces: bool
) -> None:
    """One pass of four rides for 3,000, two of two for 2,000: nobody buys the large one who may buy the small ones."""
    instance = tree(
        [500],
        demand=[riders(mass=3, trips=4, value=3000)],
        products=[
            sold("capped", name=name, cap_rides=rides, low=yen, high=yen).model_copy(update={"eligible": may})
            for name, rides, yen, may in (("small", 2, 1000, of_small), ("large", 4, 3000, of_large))
        ],
    )
    assert is_dearer_than_others(instance) is replaces


@pytest.mark.parametrize(
    ("of_small", "of_large", "replaces"),
    [
        (("p1",), (), False),
        (("p1",), ("p1",), True),
        ((), ("p1", "p2"), True),
        (("p1", "p2"), ("p1",), False),
    ],
)
def test_a_product_is_not_replaced_by_one_that_rests_while_it_holds(
    of_small: Any, of_large: Any, replaces: bool
) -> None:
    instance = tree(
        [500],
        periods=2,
        demand=[riders(mass=3, trips=4, value=3000)],
        products=[
            sold("flat", name=name, low=yen, high=yen).model_copy(update={"blackout_periods": rests})
            for name, yen, rests in (("small", 1000, of_small), ("large", 3000, of_large))
        ],
    )
    assert is_dearer_than_others(instance) is replaces


def test_a_bonus_is_earned_at_its_threshold() -> None:
    """Two round trips for 4,000, 1,500 back from the second on: worth 2,600, so they are made for the bonus alone."""
    instance = tree(
        [1000],
        demand=[riders(mass=3, trips=2, value=1300)],
        products=[sold("threshold", threshold_trips=2, bonus_yen=1500, low=0, high=0)],
    )
    tariff = price(instance, goal="uptake", subsidy_yen=None, baseline="single_fares")
    assert (tariff.total.buyers, tariff.total.trips_new + tariff.total.trips_induced) == (3000, 6000)
    assert verify_tariff(instance, tariff) == []


def test_a_bonus_makes_no_trip_that_is_worth_less() -> None:
    """The second trip costs 500 less than the first alone, and is worth 1,900 less than nothing."""
    instance = tree(
        [500],
        demand=[riders(mass=3, trips=2, value=1100, step=3000)],
        products=[sold("threshold", threshold_trips=2, bonus_yen=1500, low=0, high=0)],
    )
    tariff = price(instance, goal="uptake", subsidy_yen=None, baseline="single_fares")
    assert verify_tariff(instance, tariff) == []
    assert (tariff.total.buyers, tariff.total.trips_existing) == (3000, 3000)


def test_a_product_is_not_sold_where_it_does_not_hold() -> None:
    """A way with it is stated for the period in which it rests, and for whoever may not buy it: nobody takes it."""
    product = sold("flat", low=500, high=500, blackout_periods=("p1",), eligible=("basic",))
    crowd = [riders(mass=3, trips=4, value=3000, registration=level) for level in ("none", "basic")]
    for rule in (DemandRule(), DemandRule(choice="logit", logit_yen=1_000_000)):
        instance = tree([500], demand=crowd, products=[product], periods=2, rules=rule)
        tariff = price(instance, goal="uptake", subsidy_yen=None)
        [with_pass] = [way for way in tariff.ways if way.product_id]
        rests = with_pass.model_copy(update={"period_id": "p1"})
        assert 0 < tariff.total.buyers <= 3000
        assert rules_of(instance, tariff, ways=(*tariff.ways, rests)) == set()


def test_logit_divides_classes() -> None:
    rule = DemandRule(choice="logit", logit_yen=500)
    instance = tree(
        [500],
        demand=[riders(mass=100, trips=3, value=1200, step=100)],
        products=[sold("flat", low=500, high=4000)],
        rules=rule,
    )
    found = price(instance, goal="revenue", subsidy_yen=None)
    assert verify_tariff(instance, found) == []
    assert 0 < found.total.buyers < 100_000
    assert found.units[0].break_even is None


def test_logit_divides_each_row_in_each_period() -> None:
    """Shares are rounded row by row and period by period, whoever else is alike; on the flagship they were rounded together once."""
    rule = DemandRule(choice="logit", logit_yen=700)
    crowd = [riders(mass=mass, trips=3, value=1200, step=100, name=f"q{mass}") for mass in (7, 7, 13)]
    crowd[1] = crowd[1].model_copy(update={"demand_id": "again"})
    products = [sold("flat", low=500, high=1500), sold("percentage", name="y", percent_back=30)]
    instance = tree([500], demand=crowd, products=products, rules=rule, periods=3)
    found = price(instance, goal="uptake", subsidy_yen=None)
    assert verify_tariff(instance, found) == []


@pytest.mark.parametrize("seed", range(300 if os.environ.get("NICHIIKI_FULL") else 12))
def test_logit_on_random_trees_passes_the_check(seed: int) -> None:
    instance, limits = random_tree(seed)
    crowd = instance.demand.with_columns(mass=instance.demand["mass"] * 7 + 3)
    rule = DemandRule(choice="logit", logit_yen=(50, 300, 2000)[seed % 3])
    rules = instance.rules.model_copy(update={"demand": rule})
    goal: Any = limits.goal
    found = price(instance.replace(demand=crowd, rules=rules), goal=goal, subsidy_yen=limits.subsidy_yen)
    if found.objective is not None:
        whole = found.total.trips_existing + found.total.trips_induced + found.total.trips_new
        assert 0 <= found.total.buyers <= found.total.riders and whole >= 0
        assert verify_tariff(instance.replace(demand=crowd, rules=rules), found) == []


@pytest.mark.slow
@pytest.mark.parametrize("goal", ["uptake", "welfare"])
def test_flagship_by_logit(goal: Any) -> None:
    flagship = nk.load("flagship")
    rules = flagship.rules.model_copy(update={"demand": DemandRule(choice="logit", logit_yen=3000)})
    instance = flagship.replace(rules=rules)
    found = price(instance, goal=goal, subsidy_yen=6_000_000, baseline="single_fares", time_limit_s=20)
    assert found.status.value in ("OPTIMAL", "FEASIBLE")
    assert verify_tariff(instance, found) == []


@pytest.mark.slow
def test_flagship_with_its_households() -> None:
    instance = nk.load("flagship")
    allocation = nk.allocate(instance, policy="points").allocation
    found = price(instance, allocation, goal="revenue")
    assert verify_tariff(instance, found, allocation) == []
    assert {violation.rule for violation in verify_tariff(instance, found)} == {"tariff_allocation"}
    worse = found.ways[0].model_copy(update={"out": found.ways[0].out[:-1]})
    assert "tariff_way" in {
        v.rule
        for v in verify_tariff(
            instance, found.model_copy(update={"ways": (worse, *found.ways[1:])}), allocation
        )
    }


@pytest.mark.slow  # random towns do the same in the small (test_check_towns.py)
def test_households_that_value_their_trips() -> None:
    """Trips by their value, not as stated, with a liking of a flat fee and fares of children."""
    plain = nk.load("flagship")
    demand = plain.rules.demand.model_copy(
        update={"basis": "values", "trip_value_step_yen": 1500, "flat_bias_yen": 300}
    )
    instance = plain.replace(rules=plain.rules.model_copy(update={"demand": demand}))
    allocation = nk.allocate(instance, policy="points").allocation
    found = price(instance, allocation, goal="revenue")
    assert verify_tariff(instance, found, allocation) == []
    assert found.total.priced_out > 0
    assert found.total.trips_induced > 0


@pytest.mark.slow  # random towns do the same in the small (test_check_towns.py)
def test_households_to_whom_every_trip_is_worth_the_same() -> None:
    plain = nk.load("flagship")
    demand = plain.rules.demand.model_copy(update={"basis": "values", "trip_value_step_yen": 0})
    instance = plain.replace(rules=plain.rules.model_copy(update={"demand": demand}))
    allocation = nk.allocate(instance, policy="points").allocation
    found = price(instance, allocation, goal="revenue")
    assert verify_tariff(instance, found, allocation) == []


@pytest.mark.slow  # random towns do the same in the small (test_check_towns.py)
def test_households_that_answer_prices() -> None:
    """Stated trips, once a month for many, and more of them the cheaper they are."""
    plain = nk.load("flagship")
    demand = plain.rules.demand.model_copy(update={"elasticity_percent": 40})
    instance = plain.replace(rules=plain.rules.model_copy(update={"demand": demand}))
    allocation = nk.allocate(instance, policy="points").allocation
    found = price(instance, allocation, goal="revenue")
    assert verify_tariff(instance, found, allocation) == []
    assert found.total.trips_induced > 0


def test_of_two_products_alike_the_first_is_taken() -> None:
    instance = tree(
        [500],
        demand=[riders(mass=3, trips=4, value=3000)],
        products=[sold("flat", name=name, low=2000, high=2000) for name in ("a", "b")],
    )
    tariff = price(instance, goal="uptake", subsidy_yen=None, baseline="single_fares")
    both = tuple(each.model_copy(update={"offered": True, "price_yen": 2000}) for each in tariff.products)
    found = verify_tariff(instance, tariff.model_copy(update={"products": both}))
    assert [each.figures.buyers for each in tariff.products] == [3000, 0]
    assert {each.rule for each in found} <= {"tariff_price"}


def test_nobody_travels_where_nobody_is() -> None:
    instance = tree(
        [500, 800],
        demand=[riders(mass=3, trips=4, value=3000), riders(end=1, mass=0, trips=4, value=3000)],
        products=[sold("flat", low=500, high=3000)],
    )
    tariff = price(instance, goal="revenue")
    assert verify_tariff(instance, tariff) == []
    needed = tuple(way for way in tariff.ways if way.to_id == "d0")
    assert rules_of(instance, tariff, ways=needed) == set()


def test_a_product_that_covers_nothing_of_a_way_needs_no_way_of_its_own() -> None:
    instance = tree(
        [500, 800],
        trunk_yen=300,
        demand=[riders(end=end, mass=3, trips=4, value=3000) for end in (0, 1)],
        products=[sold("flat", links=("l0",), low=500, high=2000)],
    )
    tariff = price(instance, goal="revenue")
    elsewhere = tuple(way for way in tariff.ways if not (way.product_id and way.to_id == "d1"))
    assert rules_of(instance, tariff, ways=elsewhere) == set()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"goal": "fame"}, 'goal: "fame" is not known. Allowed: break_even, uptake, revenue, welfare'),
        ({"baseline": "x"}, 'baseline: "x" is not known'),
        ({"subsidy_yen": -1}, "subsidy_yen: -1 is out of range. Allowed: 0 to 1,000,000,000,000"),
        (
            {"town_caps_yen": {"nowhere": 1}},
            'town_caps_yen: "nowhere" does not exist. Allowed: An id in regions',
        ),
        ({"subsidy_yen": 10**13}, "subsidy_yen: 10000000000000 is out of range"),
        ({"equity_yen": 1}, "equity_share_percent, equity_yen: Only one"),
        ({"equity_yen": 1, "equity_share_percent": 101}, "101 is out of range. Allowed: 0 to 100"),
    ],
)
def test_arguments_without_meaning(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        price(small(), **arguments)


def test_no_products_and_too_many_menus() -> None:
    with pytest.raises(UsageError, match="products: The instance has no products"):
        price(small().replace(products=[]))
    wide = [sold("flat", name=name, low=0, high=200_000) for name in "ab"]
    with pytest.raises(UsageError, match="their grids make 4,008,004 price combinations"):
        price(small().replace(products=wide))
    with pytest.raises(
        UsageError,
        match='products, line 1, column "step_yen": The product a has no multiple of its step of 700 yen',
    ):
        price(small().replace(products=[sold("flat", name="a", low=800, high=900, step=700)]))


def settled(instance: Any, tariff: TariffResult, **settings: Any) -> set[str]:
    """Rules broken by a tariff if it had been asked for with other limits."""
    return rules_of(instance, tariff, settings={**tariff.settings, **settings})


def test_every_limit_binds_at_its_last_yen() -> None:
    """Three who buy for 2,000, one who pays 1,000 for a single trip, five who stay at home: each limit holds exactly there."""
    instance = tree(
        [500],
        trunk_cost=200,
        demand=[
            riders(name="often", mass=3, trips=4, value=3000),
            riders(name="once", mass=1, trips=1, value=1500),
            riders(name="never", mass=5, trips=1, value=900),
        ],
        products=[sold("flat", low=2000, high=2000)],
    )
    tariff = price(instance, goal="uptake", subsidy_yen=None, baseline="single_fares")
    assert (tariff.total.buyers, tariff.total.riders, tariff.total.need_yen) == (3000, 4000, 6000)
    assert settled(instance, tariff, equity_share_percent=25, equity_yen=1000) == set()
    assert settled(instance, tariff, equity_share_percent=26, equity_yen=1000) == {"tariff_equity"}
    assert settled(instance, tariff, equity_share_percent=25, equity_yen=999) == {"tariff_equity"}
    strict = {**tariff.settings, "equity_share_percent": 26, "equity_yen": 1000}
    [found] = verify_tariff(instance, tariff.model_copy(update={"settings": strict}))
    assert (found.details["value"], found.details["limit"]) == (25, 26)
    assert settled(instance, tariff, equity_share_percent=100, equity_yen=2000) == set()
    assert (
        settled(instance, tariff, equity_share_percent=100) == set()
    )  # one without the other asks for nothing
    assert settled(instance, tariff, equity_yen=0) == set()
    assert settled(instance, tariff, equity_share_percent=100, equity_yen=1999) == {"tariff_equity"}
    assert settled(instance, tariff, town_caps_yen={"d0": 6000, "h": 0, "m": 0}) == set()
    assert settled(instance, tariff, town_caps_yen={"d0": 5999}) == {"tariff_town"}
    assert settled(instance, tariff, subsidy_yen=tariff.subsidy_used_yen) == set()
    assert settled(instance, tariff, subsidy_per_head_yen=2000) == set()
    low = {**tariff.settings, "subsidy_per_head_yen": 1999}
    [found] = verify_tariff(instance, tariff.model_copy(update={"settings": low}))
    assert (found.rule, found.details["value"], found.details["limit"]) == ("tariff_per_head", 6000, 5997)


def test_a_given_price_is_in_no_unit() -> None:
    given = sold("flat", name="given").model_copy(update={"price_yen": 2000})
    instance = tree(
        [500, 500],
        trunk_cost=200,
        demand=[riders(end=end, mass=3, trips=4, value=3000) for end in (0, 1)],
        products=[given, sold("flat", name="open", links=("t", "l1"), low=1000, high=3000)],
    )
    tariff = price(instance, goal="uptake", subsidy_yen=None, baseline="single_fares")
    assert verify_tariff(instance, tariff) == []
    assert [unit.product_ids for unit in tariff.units] == [("open",)]
    first = tariff.units[0]
    wrong = first.model_copy(update={"need_yen": first.need_yen + 9, "subsidy_yen": first.subsidy_yen + 9})
    assert "tariff_claim" in rules_of(instance, tariff, units=(wrong,))


def test_a_town_pays_for_trips_to_the_places_in_it() -> None:
    first, *_ = small().regions.rows()
    plain = tree([500], demand=[], products=[sold("flat", low=2000, high=2000)])
    place = {"place_id": "stop", "region_id": "d0", "kind": "station", "lat": first.lat, "lon": first.lon}
    spur = {"link_id": "spur", "from_id": "d0", "to_id": "stop", "mode": "bus", "minutes": 5, "fare_yen": 0}
    goer = riders(name="goer", mass=3, trips=4, value=3000).model_copy(update={"to_id": "stop"})
    links = [*plain.links.rows(), spur]
    instance = plain.replace(places=[place], links=links, demand=[goer])
    tariff = price(instance, goal="uptake", subsidy_yen=None, baseline="single_fares")
    assert tariff.total.need_yen == 6000
    assert settled(instance, tariff, town_caps_yen={"d0": 6000}) == set()
    assert settled(instance, tariff, town_caps_yen={"d0": 5999}) == {"tariff_town"}


@pytest.mark.parametrize(
    ("base", "own", "right"),
    [
        (2000, 1000, True),
        (2000, 1100, False),
        (2000, 900, False),
        (2100, 1000, False),  # 1,050 is as near to 1,100, and goes up
        (2100, 1100, True),
        (2099, 1100, False),
        (2099, 1000, True),
        (2200, 1050, False),  # off the step, near as it is
        (2000, None, False),
        (None, 1000, False),
        (None, None, True),
    ],
)
def test_a_tied_price_is_the_nearest_multiple_of_its_step(
    base: int | None, own: int | None, right: bool
) -> None:
    instance = tree(
        [500],
        demand=[riders(mass=3, trips=4, value=3000)],
        products=[
            sold("flat", name="full", low=500, high=6000),
            sold("flat", name="half", low=500, high=6000, step=50 if own == 1050 else 100),
        ],
    )
    tariff = price(instance, goal="uptake", subsidy_yen=None, baseline="single_fares")
    products = tuple(
        product.model_copy(update={"price_yen": yen, "offered": yen is not None})
        for product, yen in zip(tariff.products, (base, own), strict=True)
    )
    tied = {**tariff.settings, "price_ratios": {"half": ("full", 50)}}
    rules = rules_of(instance, tariff, products=products, settings=tied)
    if own == 1050:  # 1,100 is the nearest multiple of 50, too
        assert "tariff_ratio" in rules
    else:
        assert ("tariff_ratio" in rules) is not right


def test_a_share_is_counted_to_the_person() -> None:
    """259 of 1,000 travel within the limit: 25 % are reached, 26 % are not."""
    instance = tree(
        [500],
        demand=[
            riders(name="often", mass=741, trips=4, value=3000),
            riders(name="once", mass=259, trips=1, value=1500),
        ],
        products=[sold("flat", low=2000, high=2000)],
    )
    tariff = price(instance, goal="uptake", subsidy_yen=None, baseline="single_fares")
    assert settled(instance, tariff, equity_share_percent=25, equity_yen=1000) == set()
    assert settled(instance, tariff, equity_share_percent=26, equity_yen=1000) == {"tariff_equity"}
    strict = {**tariff.settings, "equity_share_percent": 26, "equity_yen": 1000}
    [found] = verify_tariff(instance, tariff.model_copy(update={"settings": strict}))
    assert found.details == {"value": 25, "limit": 26}


def test_stated_numbers_may_be_off_by_rounding_alone(priced: tuple[Any, TariffResult]) -> None:
    flow, *others = priced[1].flows
    for off, rules in ((2, set()), (-2, set()), (3, {"tariff_claim"}), (-3, {"tariff_claim"})):
        for name in ("passengers", "product_passengers"):
            changed = flow.model_copy(update={name: getattr(flow, name) + off})
            assert rules_of(*priced, flows=(changed, *others)) == rules, (name, off)
    total = priced[1].total
    for off, rules in ((1, set()), (-1, set()), (2, {"tariff_claim"}), (-2, {"tariff_claim"})):
        for name in ("buyers", "riders", "trips_existing"):
            near = total.model_copy(update={name: getattr(total, name) + off})
            assert rules_of(*priced, total=near) == rules, (name, off)


@pytest.mark.parametrize("goal", ["welfare", "revenue", "uptake", "break_even"])
def test_the_first_level_is_the_goal_with_what_selling_costs(goal: Any) -> None:
    """Selling costs 150 yen a head, public money 20 % more than it is: both are in the value of welfare."""
    instance = tree(
        [500, 800],
        trunk_yen=300,
        trunk_cost=20,
        demand=[riders(end=end, mass=5, trips=n, value=2200, step=150) for end in (0, 1) for n in (1, 5, 9)],
        products=[
            sold("flat", name="a", links=("t", "l0"), low=500, high=6000),
            sold("capped", name="b", links=("t", "l1"), cap_rides=4, low=500, high=6000),
        ],
        rules=DemandRule(admin_yen=150, public_funds_percent=120),
    )
    tariff = price(instance, goal=goal, subsidy_yen=5000, baseline="single_fares")
    assert tariff.total.buyers > 0
    assert verify_tariff(instance, tariff) == []
    first, *others = tariff.levels
    slack = 2 * (len(tariff.units) + 1)
    for off in (slack + 2, -slack - 2):
        value = (first.objective or 0) + off
        level = first.model_copy(update={"objective": value, "bound": max(value, first.bound or 0)})
        assert "tariff_claim" in rules_of(
            instance, tariff, levels=(level, *others), objective=value, bound=level.bound
        )


def test_public_money_costs_what_it_costs_to_raise() -> None:
    """Of 10,000 yen of subsidy 3,000 are lost when they are raised: the value of welfare is less by that."""
    instance = tree(
        [500],
        trunk_yen=300,
        trunk_cost=200,
        demand=[riders(mass=5, trips=n, value=2200, step=150) for n in (1, 5, 9)],
        products=[sold("flat", low=500, high=6000)],
        rules=DemandRule(public_funds_percent=30),
    )
    tariff = price(instance, goal="welfare", subsidy_yen=50_000, baseline="single_fares")
    assert tariff.subsidy_used_yen > 2_000
    assert verify_tariff(instance, tariff) == []
    first, *others = tariff.levels
    value = (first.objective or 0) + 2 * (len(tariff.units) + 1) + 2
    level = first.model_copy(update={"objective": value, "bound": value})
    changed = {"levels": (level, *others), "objective": value, "bound": value}
    assert rules_of(instance, tariff, **changed) == {"tariff_claim"}


def test_logit_of_great_values() -> None:
    """The exponential of 900,000 yen over 50 is beyond every number: only differences may be taken."""
    instance = tree(
        [500],
        demand=[riders(mass=100, trips=3, value=300_000, step=1000)],
        products=[sold("flat", low=1400, high=3000)],
        rules=DemandRule(choice="logit", logit_yen=50),
    )
    found = price(instance, goal="revenue", subsidy_yen=None)
    assert verify_tariff(instance, found) == []
    assert 0 < found.total.buyers <= 100_000


def fares(**extra: Any) -> Any:
    """One rider from h over m to d0 or d1; a car road and a bus that runs in one period beside the trunk."""
    plain = tree(
        [500, 500],
        periods=2,
        trunk_yen=300,
        demand=[riders(end=end, mass=3, trips=4, value=3000) for end in (0, 1)],
        products=[sold("flat", low=500, high=6000, **extra)] if extra else [sold("flat", low=500, high=6000)],
    )
    road = {"link_id": "road", "from_id": "h", "to_id": "m", "mode": "car", "minutes": 9, "fare_yen": 0}
    bus = {
        "link_id": "bus",
        "from_id": "h",
        "to_id": "m",
        "mode": "bus",
        "minutes": 9,
        "fare_yen": 900,
        "periods": ["p2"],
    }
    lane = {
        "link_id": "lane",
        "from_id": "h",
        "to_id": "m",
        "mode": "bus",
        "minutes": 9,
        "fare_yen": 950,
        "both_ways": False,
    }
    return plain.replace(links=[*(row.model_dump() for row in plain.links.rows()), road, bus, lane])


@pytest.mark.parametrize(
    ("kind", "scope", "covers"),
    [
        ("zone", ("h", "m"), {"t", "road", "bus", "lane"}),
        ("zone", ("m", "d0"), {"l0"}),
        ("zone", ("h", "m", "d0"), {"t", "l0", "road", "bus", "lane"}),
        ("od", ("h", "m"), {"t", "road", "bus", "lane"}),
        ("od", ("m", "h"), {"t", "road", "bus", "lane"}),
        ("od", ("m", "d1"), {"l1"}),
        ("links", ("t", "l1"), {"t", "l1"}),
    ],
)
def test_a_product_covers_its_scope_and_no_more(kind: Any, scope: tuple[str, ...], covers: set[str]) -> None:
    product = sold("flat", low=500, high=6000).model_copy(update={"scope_kind": kind, "scope": scope})
    instance = fares().replace(products=[product.model_dump()])
    tariff = price(instance, goal="uptake", subsidy_yen=None, baseline="single_fares")
    [found] = tariff.products
    assert set(found.covers) == covers
    assert verify_tariff(instance, tariff) == []
    for other in ("t", "l0", "l1", "bus"):
        changed = found.model_copy(update={"covers": tuple(sorted(covers ^ {other}))})
        assert "tariff_covers" in rules_of(instance, tariff, products=(changed,)), other


@pytest.mark.parametrize(
    ("link", "period", "back", "right"),
    [
        ("bus", "p2", False, True),
        ("bus", "p2", True, True),
        ("bus", "p1", False, False),
        ("road", "p2", False, False),
        ("lane", "p1", False, True),
        ("lane", "p1", True, False),
        ("l1", "p1", False, False),
    ],
)
def test_a_way_takes_links_that_run_there(link: str, period: str, back: bool, right: bool) -> None:
    """A bus of one period, a road for cars, a lane of one direction: the way breaks off where they cannot be taken."""
    instance = fares()
    tariff = price(instance, goal="uptake", subsidy_yen=None, baseline="single_fares")
    ways = []
    for way in tariff.ways:
        if way.period_id == period and way.product_id is None and way.to_id == "d0":
            legs = way.back if back else way.out
            changed = tuple((link, end) if name == "t" else (name, end) for name, end in legs)
            assert changed != legs
            way = way.model_copy(update={"back" if back else "out": changed})
        ways.append(way)
    found = rules_of(instance, tariff, ways=tuple(ways))
    assert ("tariff_way" in found) is not right
    assert found  # a dearer way is no best way, and the sums change
    assert not right or "tariff_best_way" in found


def flat_line(
    *products: Any, periods: int = 1, mass: int = 3, step: int = 0, **line: Any
) -> tuple[Any, TariffResult]:
    """Three who travel four times for 1,000 a round trip, and products for given or fixed prices; no cap, no arbitrage asked."""
    instance = tree(
        [500],
        demand=[riders(mass=mass, trips=4, value=3000, step=step)],
        products=list(products),
        periods=periods,
        **line,
    )
    found = price(instance, goal="uptake", subsidy_yen=None, no_arbitrage=False, operator_caps=False)
    return instance, found


def moved(instance: Any, tariff: TariffResult, **tables: Any) -> tuple[Any, TariffResult]:
    """The same tariff for an instance with other tables."""
    other = instance.replace(**tables)
    return other, tariff.model_copy(update={"instance_hash": other.hash})


@pytest.mark.parametrize(("yen", "offered", "right"), [
    (500, True, True), (600, True, True), (2000, True, True), (400, True, False), (2100, True, False), (550, True, False),
    (None, False, True), (None, True, False), (600, False, False),
])  # fmt: skip
def test_a_price_is_of_its_grid_and_offered(yen: int | None, offered: bool, right: bool) -> None:
    instance, tariff = flat_line(sold("flat", low=500, high=2000))
    products = tuple(
        each.model_copy(update={"price_yen": yen, "offered": offered}) for each in tariff.products
    )
    assert ("tariff_price" in rules_of(instance, tariff, products=products)) is not right


@pytest.mark.parametrize(("yen", "offered", "right"), [(0, True, True), (1, True, False), (0, False, False)])
def test_a_product_without_a_price_costs_nothing(yen: int, offered: bool, right: bool) -> None:
    instance, tariff = flat_line(sold("percentage", percent_back=10))
    products = tuple(
        each.model_copy(update={"price_yen": yen, "offered": offered}) for each in tariff.products
    )
    assert ("tariff_price" in rules_of(instance, tariff, products=products)) is not right


@pytest.mark.parametrize("periods", [1, 2])
@pytest.mark.parametrize(("step", "loss"), [(0, 6000), (700, 3000 + 600)])
def test_an_operator_loses_up_to_its_cap(periods: int, step: int, loss: int) -> None:
    """Singles pay 4,000 each, passes 2,000; or singles 3,000, and the fourth trip costs 200 more to run."""
    line: Any = {"operators": [Operator(operator_id="o")], "operator": "o", "trunk_cost": 100}
    instance, tariff = flat_line(sold("flat", low=2000, high=2000), periods=periods, step=step, **line)
    [row] = tariff.settlement
    assert row.before_yen - row.after_yen + row.cost_change_yen == loss * periods
    for cap, rules in ((loss, set()), (loss - 1, {"tariff_operator"})):
        capped, same = moved(instance, tariff, operators=[Operator(operator_id="o", loss_cap_yen=cap)])
        assert rules_of(capped, same) == set()  # it was not asked for
        asked = {key: value for key, value in same.settings.items() if key != "operator_caps"}
        for settings in (asked, {**asked, "operator_caps": True}):
            found = verify_tariff(capped, same.model_copy(update={"settings": settings}))
            assert {each.rule for each in found} == rules
            assert [each.details for each in found] == [
                {"value": loss * periods, "limit": cap * periods}
            ] * len(rules)


def test_a_product_needs_no_more_seats_than_there_are() -> None:
    """3,000 who go four times sit in 12,000 seats there, and in as many back."""
    instance, tariff = flat_line(sold("flat", low=2000, high=2000), mass=3000)
    for seats, full in ((12_000, False), (11_999, True)):
        links = [
            {**row.model_dump(), "seats": seats if row.link_id == "t" else None}
            for row in instance.links.rows()
        ]
        found = verify_tariff(*moved(instance, tariff, links=links))
        assert [(each.rule, each.where, each.details) for each in found] == [
            ("tariff_seats", where, {"value": 12_000, "limit": 11_999}) for where in ("t h m p1", "t m h p1")
        ] * full


@pytest.mark.parametrize("way", [(), ("h", "far"), ("far", "h")])
def test_who_gets_nowhere_is_counted(way: tuple[str, ...]) -> None:
    """A town that no link leads to, or none both there and back: those who would go are told, to the person."""
    plain = tree(
        [500], demand=[riders(mass=3, trips=4, value=3000)], products=[sold("flat", low=500, high=500)]
    )
    lost = riders(name="lost", mass=7, trips=4, value=3000).model_copy(update={"to_id": "far"})
    single = [
        {
            "link_id": "single",
            "from_id": start,
            "to_id": end,
            "mode": "bus",
            "minutes": 9,
            "fare_yen": 0,
            "both_ways": False,
        }
        for start, end in ([way] if way else [])
    ]
    instance = plain.replace(
        regions=[*plain.regions.rows(), {"region_id": "far", "name": "far", "lat": 35, "lon": 139}],
        demand=[*plain.demand.rows(), lost],
        links=[*plain.links.rows(), *single],
    )
    tariff = price(instance, goal="uptake", subsidy_yen=None)
    assert tariff.unreachable == 7000
    assert verify_tariff(instance, tariff) == []
    for off in (2, -2):
        assert rules_of(instance, tariff, unreachable=7000 + off) == {"tariff_claim"}


def test_a_product_that_helps_in_one_direction_needs_a_way() -> None:
    """The lane leads there only; whoever may ride it for nothing goes by it."""
    instance = fares().replace(products=[sold("flat", links=("lane",), low=500, high=6000).model_dump()])
    tariff = price(instance, goal="revenue")
    assert verify_tariff(instance, tariff) == []
    singles = tuple(way for way in tariff.ways if way.product_id is None)
    assert len(singles) < len(tariff.ways)
    assert "tariff_way_missing" in rules_of(instance, tariff, ways=singles)


def passes(*each: tuple[str, tuple[str, ...], int | None, int]) -> list[Any]:
    """Products by name, links, rides (None for a flat one) and the one price of their grid."""
    return [
        sold(
            "flat" if rides is None else "capped",
            name=name,
            links=links,
            cap_rides=rides,
            low=yen,
            high=yen,
            step=1,
        )
        for name, links, rides, yen in each
    ]


BOTH, ONE, OTHER = ("t", "l0"), ("t",), ("l0",)


@pytest.mark.parametrize(
    ("products", "broken"),
    [
        ([("x", BOTH, None, 3000), ("a", BOTH, None, 2900)], ["x a"]),
        ([("x", BOTH, None, 3000), ("a", BOTH, None, 3000)], []),
        ([("x", BOTH, 4, 3000), ("a", BOTH, 2, 1400)], ["x a a"]),
        ([("x", BOTH, 4, 3000), ("a", BOTH, 2, 1500)], []),
        ([("x", BOTH, 5, 3000), ("a", BOTH, 2, 1400)], []),
        ([("x", BOTH, None, 3000), ("a", BOTH, 9, 100)], []),
        ([("x", BOTH, 4, 3000), ("a", BOTH, None, 2900)], ["x a"]),
        ([("x", BOTH, 4, 3000), ("a", ONE, 4, 1400), ("b", OTHER, 4, 1500)], ["x a b", "x b a"]),
        ([("x", BOTH, 4, 3000), ("a", ONE, 4, 1400), ("b", OTHER, 4, 1600)], []),
        ([("x", BOTH, 4, 3000), ("a", ONE, 4, 1400), ("b", OTHER, 3, 1500)], []),
        ([("x", BOTH, 4, 3000), ("a", BOTH, 2, 1400), ("b", OTHER, 4, 1500)], ["x a a"]),
        ([("x", ONE, 2, 3000), ("a", BOTH, 2, 2900)], ["x a"]),
        ([("x", BOTH, 2, 3000), ("a", ONE, 2, 2900)], []),
    ],
)
def test_what_others_do_for_less(products: Any, broken: list[str]) -> None:
    """One product, or two together, that cover its links and as many rides; two of different links by the fewer rides."""
    instance, tariff = flat_line(*passes(*products))
    yen = {name: price for name, _, _, price in products}
    on_sale = tuple(
        each.model_copy(update={"offered": True, "price_yen": yen[each.product_id]})
        for each in tariff.products
    )
    asked = {key: value for key, value in tariff.settings.items() if key != "no_arbitrage"}
    for settings in (asked, {**asked, "no_arbitrage": True}):
        found = verify_tariff(instance, tariff.model_copy(update={"products": on_sale, "settings": settings}))
        of_pairs = [
            each.where for each in found if each.rule == "tariff_arbitrage" and each.where.startswith("x")
        ]
        assert [each for each in of_pairs if each in broken or len(each.split()) == 2] == broken
        assert bool(of_pairs) is bool(broken)
    hidden = {**asked, "no_arbitrage": False}
    assert "tariff_arbitrage" not in rules_of(instance, tariff, products=on_sale, settings=hidden)


def test_given_prices_may_be_dearer_than_others() -> None:
    """Nobody decides on them here; with one that is decided beside them they still may."""
    given = [
        sold("flat", name=name).model_copy(update={"price_yen": yen})
        for name, yen in (("x", 3000), ("a", 1000))
    ]
    for more in ([], [sold("flat", name="z", low=9000, high=9000)]):
        instance, tariff = flat_line(*given, *more)
        found = verify_tariff(
            instance, tariff.model_copy(update={"settings": {**tariff.settings, "no_arbitrage": True}})
        )
        assert not [each for each in found if each.rule == "tariff_arbitrage" and each.where.startswith("x")]


@pytest.mark.parametrize("figure", ["buyers", "paid_yen", "need_yen"])
def test_what_is_stated_of_each_product_and_pair_is_compared(
    priced: tuple[Any, TariffResult], figure: str
) -> None:
    for field, key in (("products", "product_id"), ("ods", "to_id")):
        for at, row in enumerate(getattr(priced[1], field)):
            figures = row.figures.model_copy(update={figure: getattr(row.figures, figure) + 2})
            rows = list(getattr(priced[1], field))
            rows[at] = row.model_copy(update={"figures": figures})
            [found] = verify_tariff(priced[0], priced[1].model_copy(update={field: tuple(rows)}))
            assert found.rule == "tariff_claim"
            assert {getattr(row, key), figure} <= set(found.where.split(" "))


def test_what_is_stated_of_each_unit_is_compared() -> None:
    """A unit needs 6,000 yen and gets them; off by a yen the subsidy is wrong, off by more the need, too."""
    instance, tariff = flat_line(sold("flat", low=2000, high=2000), trunk_cost=400)
    [unit] = tariff.units
    assert (unit.need_yen, unit.subsidy_yen, tariff.subsidy_used_yen) == (3600, 3600, 3600)
    for changes, places in (
        ({"subsidy_yen": 3601}, {"unit 0 subsidy_yen", "subsidy_used_yen"}),
        ({"need_yen": 3602, "subsidy_yen": 3602}, {"unit 0 need_yen", "subsidy_used_yen"}),
        ({"need_yen": -1, "subsidy_yen": 0}, {"unit 0 need_yen", "subsidy_used_yen"}),
    ):
        changed = tariff.model_copy(update={"units": (unit.model_copy(update=changes),)})
        assert {each.where for each in verify_tariff(instance, changed)} == places
    assert [
        each.where for each in verify_tariff(instance, tariff.model_copy(update={"subsidy_used_yen": 3599}))
    ] == ["subsidy_used_yen"]


def test_another_allocation_ends_the_check(priced: tuple[Any, TariffResult]) -> None:
    """Whatever else is wrong is not looked at."""
    total = priced[1].total.model_copy(update={"buyers": 0})
    assert rules_of(*priced, allocation_hash="sha256:0", total=total, levels=()) == {"tariff_allocation"}
    assert rules_of(*priced, instance_hash="sha256:0", total=total, levels=()) == {"tariff_instance"}


def test_a_gift_is_what_travellers_of_today_save() -> None:
    """Who stayed at home at 1,000 a trip goes for 500 with a bonus at every number of trips: nothing was paid before, or saved."""
    product = sold("threshold", threshold_trips=0, bonus_yen=500, low=0, high=0)
    instance = tree([500], demand=[riders(mass=3, trips=1, value=900)], products=[product])
    tariff = price(instance, goal="uptake", subsidy_yen=None)
    assert (tariff.total.buyers, tariff.total.gift_yen) == (3000, 0)
    assert verify_tariff(instance, tariff) == []


@pytest.mark.parametrize("baseline", ["single_fares", "cost"])
def test_a_product_may_lead_another_way(baseline: Any) -> None:
    """By the dear bus, which costs 250 to run and is covered, and not by the train, which costs 20 and is not."""
    plain = fares()
    costs = {"t": 20, "bus": 250}
    instance = plain.replace(
        links=[
            {**row.model_dump(), "seat_cost_yen": costs.get(row.link_id, 0)} for row in plain.links.rows()
        ],
        products=[sold("flat", links=("bus",), low=500, high=6000).model_dump()],
        demand=[
            *plain.demand.rows(),
            *(riders(name=f"poor{value}", mass=2, trips=1, value=value) for value in (40, 41, 500)),
        ],
    )
    tariff = price(instance, goal="uptake", subsidy_yen=None, baseline=baseline)
    assert [way.out[0][0] for way in tariff.ways if way.product_id] == ["bus", "bus"]
    assert tariff.total.buyers > 0
    # who values a trip at more than the 40 that seats cost; by the fast bus of the other period all of them go
    assert tariff.total.priced_out == 2000 + 2000
    train = 2 * 20 * 4 * 6  # six who go four times in the other period
    assert tariff.total.product_cost_yen == tariff.total.cost_yen - train
    assert verify_tariff(instance, tariff) == []


@pytest.mark.parametrize("scope", [("h", "d0"), ("d0", "h")])
@pytest.mark.parametrize("car_alone", [False, True])
def test_a_product_between_two_ends_joins_them(scope: tuple[str, str], car_alone: bool) -> None:
    """There and back in every period in which anybody without a car gets there; in the second one a road for cars may be all."""
    plain = tree(
        [500, 500],
        periods=2,
        demand=[riders(mass=3, trips=4, value=3000)],
        products=[sold("flat", low=500, high=6000).model_copy(update={"scope_kind": "od", "scope": scope})],
    )
    road = {"link_id": "road", "from_id": "h", "to_id": "m", "mode": "car", "minutes": 9, "fare_yen": 0}
    links = {row.link_id: row.model_dump() for row in plain.links.rows()}
    links["t"]["periods"] = ["p1"] if car_alone else []
    instance = plain.replace(links=[*links.values(), road])
    tariff = price(instance, goal="uptake", subsidy_yen=None)
    [product] = tariff.products
    assert verify_tariff(instance, tariff) == []
    assert {"t", "l0"} <= set(product.covers)
    for covers in (("t",), ("l0",), ("l1", "t"), ("l0", "road"), ()):
        changed = product.model_copy(update={"covers": covers})
        assert "tariff_covers" in rules_of(instance, tariff, products=(changed,)), covers
