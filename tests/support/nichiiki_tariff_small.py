"""Small tariff questions and their answer by trying every vector of prices, written from docs/explanation/tariffs.md alone.

A tree: a home ``h``, a hub ``m``, and ends ``d0``, ``d1`` …; the only way to an end is h - m - d. Nothing here imports the solver.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product as every
from typing import Any

from nichiiki_models.instance import Instance
from nichiiki_models.rules import DemandRule, Rules
from nichiiki_models.table import Row, Table
from nichiiki_models.tables import TABLES, Demand, Link, Operator, Period, Product, Region

MONTHS = {1: 31, 2: 30, 3: 31}


def tree(
    ends: Sequence[int],
    *,
    demand: Sequence[Demand],
    products: Sequence[Product],
    trunk_yen: int = 0,
    costs: Sequence[int] = (),
    trunk_cost: int = 0,
    trunk_seats: int | None = None,
    seats: Sequence[int | None] = (),
    operators: Sequence[Operator] = (),
    operator: str | None = None,
    periods: int = 1,
    rules: DemandRule | None = None,
) -> Instance:
    """Build a tree; `ends` are one-way fares of the links m - d, `trunk_yen` that of h - m."""
    names = [f"d{k}" for k in range(len(ends))]
    rows: dict[str, Sequence[Row]] = {
        "regions": [Region(region_id=name, name=name, lat=35, lon=139) for name in ("h", "m", *names)],
        "periods": [
            Period(period_id=f"p{k}", starts_on=date(2026, 2 + 2 * k + k // 3, 1), ends_on=date(2026, 2 + 2 * k + k // 3, 28))
            for k in range(1, periods + 1)
        ],
        "operators": operators,
        "links": [
            Link(
                link_id="t", from_id="h", to_id="m", mode="rail", minutes=60, fare_yen=trunk_yen,
                seat_cost_yen=trunk_cost, seats=trunk_seats, operator_id=operator,
            ),
            *(
                Link(
                    link_id=f"l{k}", from_id="m", to_id=name, mode="rail", minutes=30, fare_yen=fare,
                    seat_cost_yen=costs[k] if costs else 0, seats=seats[k] if seats else None, operator_id=operator,
                )
                for k, (name, fare) in enumerate(zip(names, ends, strict=True))
            ),
        ],
        "products": products,
        "demand": demand,
    }  # fmt: skip
    tables = {name: Table.from_rows(TABLES[name], list(listed)) for name, listed in rows.items()}
    return Instance.from_tables(tables, Rules(demand=rules or DemandRule()), name="tree")


def riders(
    *,
    end: int = 0,
    name: str | None = None,
    mass: int = 1,
    trips: int,
    value: int,
    step: int = 0,
    bias: int = 0,
    registration: Any = "none",
) -> Demand:
    """A row of the demand table."""
    return Demand(
        demand_id=name or f"q{end}-{mass}-{trips}-{value}-{step}-{bias}-{registration}", from_id="h", to_id=f"d{end}", mass=mass,
        trips=trips, value_yen=value, value_step_yen=step, bias_yen=bias, registration=registration,
    )  # fmt: skip


def sold(
    kind: Any,
    *,
    name: str = "x",
    links: Sequence[str] = ("t", "l0"),
    low: int | None = None,
    high: int | None = None,
    step: int = 100,
    **extra: Any,
) -> Product:
    """A row of the products table, over links."""
    return Product(
        product_id=name, kind=kind, scope_kind="links", scope=tuple(links), price_min_yen=low, price_max_yen=high,
        step_yen=step, **extra,
    )  # fmt: skip


@dataclass(frozen=True)
class Found:
    """The best vector of prices, and the value of its levels."""

    prices: dict[str, int | None]
    levels: tuple[int, int]


@dataclass(frozen=True)
class Limits:
    """What is asked, as in `price`."""

    goal: str = "break_even"
    baseline: str = "cost"
    subsidy_yen: int | None = 0
    subsidy_per_head_yen: int | None = None
    equity: tuple[int, int] | None = None
    no_arbitrage: bool = False
    ratios: tuple[tuple[str, str, int], ...] = ()


class Brute:
    """Every vector of prices of a tree, one by one."""

    def __init__(self, instance: Instance, limits: Limits) -> None:
        self.instance, self.limits = instance, limits
        self.products = list(instance.products.rows())
        self.demand = list(instance.demand.rows())
        self.links = {link.link_id: link for link in instance.links.rows()}
        self.periods = [row.period_id for row in instance.periods.rows()]
        self.grids = {product.product_id: self._grid(product) for product in self.products}
        self.unit_list = self._units()
        self.unit_at = {
            (row.demand_id, period): self._unit_of(row, period)
            for row in self.demand
            for period in self.periods
        }

    def grid(self, product: Product) -> list[int | None]:
        """Prices to try, of every product found once."""
        return self.grids[product.product_id]

    def units(self) -> list[set[str]]:
        """Decided products that share travellers, then given ones among the travellers left."""
        return self.unit_list

    def _grid(self, product: Product) -> list[int | None]:
        """Prices to try."""
        if product.price_yen is not None:
            return [product.price_yen]
        if product.price_min_yen is None or product.price_max_yen is None:
            return [0]
        return [
            *(
                p
                for p in range(product.price_min_yen, product.price_max_yen + 1)
                if p % product.step_yen == 0
            ),
            None,
        ]

    def decided(self, product: Product) -> bool:
        """Whether the price is a decision."""
        return len(self.grid(product)) > 1 or self.grid(product) == [None] or None in self.grid(product)

    def best(self) -> Found | None:
        """The best vector, or None if none is allowed."""
        best: tuple[tuple[int, int], dict[str, int | None]] | None = None
        for vector in every(*(self.grid(product) for product in self.products)):
            prices = {product.product_id: price for product, price in zip(self.products, vector, strict=True)}
            levels = self.value(prices)
            if levels is not None and (best is None or levels > best[0]):
                best = levels, prices
        return None if best is None else Found(best[1], best[0])

    def path(self, row: Demand) -> tuple[str, str]:
        """Links of a trip."""
        return "t", f"l{row.to_id[1:]}"

    def open(self, row: Demand, product: Product, period: str) -> bool:
        """Whether a traveller may buy a product."""
        entitled = not product.eligible or row.registration in product.eligible
        return (
            entitled
            and period not in product.blackout_periods
            and bool(set(product.scope) & set(self.path(row)))
        )

    def fares(self, row: Demand, product: Product | None) -> tuple[int, int]:
        """One-way fares not covered, and covered."""
        inside = [link for link in self.path(row) if product is not None and link in product.scope]
        covered = sum(self.links[link].fare_yen for link in inside)
        return sum(self.links[link].fare_yen for link in self.path(row)) - covered, covered

    def pay(self, row: Demand, product: Product | None, price: int, n: int) -> int:
        """T(n)."""
        left, covered = self.fares(row, product)
        if product is None:
            return 2 * left * n
        paid = 2 * left * n
        if product.kind == "flat":
            return paid + price
        if product.kind == "capped":
            return paid + price + covered * max(0, 2 * n - (product.cap_rides or 0))
        if product.kind == "percentage":
            return paid + price + 2 * covered * n - 2 * covered * n * (product.percent_back or 0) // 100
        if product.kind == "fixed_ride":
            return paid + price * n
        bonus = product.bonus_yen if n >= (product.threshold_trips or 0) else 0
        return paid + price + 2 * covered * n - (bonus or 0)

    def choose(
        self, row: Demand, prices: dict[str, int | None], period: str
    ) -> tuple[Product | None, int, int]:
        """Product, trips and payment, by the order of ties."""
        options: list[tuple[tuple[int, int, int, int, int], Product | None, int, int]] = []
        for n in range(row.trips + 1):
            value = sum(row.value_yen - row.value_step_yen * j for j in range(n))
            paid = self.pay(row, None, 0, n)
            options.append(((-(value - paid), 1, paid, 0, n), None, n, paid))
            for order, each in enumerate(self.products if n else []):
                price = prices[each.product_id]
                if price is None or not self.open(row, each, period):
                    continue
                paid = self.pay(row, each, price, n)
                liked = row.bias_yen if each.kind in ("flat", "capped") else 0
                options.append(((-(value + liked - paid), 0, paid, order, n), each, n, paid))
        _, product, n, paid = min(options, key=lambda option: option[0])
        return product, n, paid

    def _units(self) -> list[set[str]]:
        groups: list[set[str]] = []
        cells = [(row, period) for row in self.demand for period in self.periods if row.mass]
        for is_decided in (True, False):
            mine = [p for p in self.products if self.decided(p) == is_decided]
            fresh = [{p.product_id} for p in mine]
            for one, other, _ in self.limits.ratios if is_decided else ():
                pair = [group for group in fresh if group & {one, other}]
                fresh = [group for group in fresh if not group & {one, other}] + [set().union(*pair)]
            for row, period in cells:
                if not is_decided and any(
                    self.decided(p) and self.open(row, p, period) for p in self.products
                ):
                    continue
                meet = {p.product_id for p in mine if self.open(row, p, period)}
                touched = [group for group in fresh if group & meet]
                if touched:
                    fresh = [group for group in fresh if not group & meet] + [set().union(*touched)]
            groups += fresh
        return groups

    def _unit_of(self, row: Demand, period: str) -> int | None:
        usable = [p for p in self.products if self.open(row, p, period)]
        chosen = [p for p in usable if self.decided(p)] or usable
        if not chosen:
            return None
        return next(k for k, group in enumerate(self.units()) if chosen[0].product_id in group)

    def value(self, prices: dict[str, int | None]) -> tuple[int, int] | None:
        """Levels of a vector of prices; None if it is not allowed."""
        limits, rule = self.limits, self.instance.rules.demand
        if not all(self.tied(prices, *ratio) for ratio in limits.ratios):
            return None
        groups = self.units()
        need, buyers = [0] * len(groups), [0] * len(groups)
        paid_sum = [0] * (len(groups) + 1)
        welfare = [0] * (len(groups) + 1)
        riders_, within, seats = 0, 0, dict[tuple[str, str], int]()
        for row in self.demand:
            for period in self.periods:
                product, n, paid = self.choose(row, prices, period)
                unit = self.unit_at[row.demand_id, period]
                at = len(groups) if unit is None else unit
                links = [self.links[link] for link in self.path(row)]
                cost = sum(link.seat_cost_yen for link in links)
                value = sum(row.value_yen - row.value_step_yen * j for j in range(n))
                riders_ += row.mass * (n > 0)
                if limits.equity is not None:
                    within += row.mass * (n > 0 and paid <= limits.equity[1])
                paid_sum[at] += row.mass * paid
                liked = row.bias_yen if product is not None and product.kind in ("flat", "capped") else 0
                admin = rule.admin_yen if product is not None else 0
                welfare[at] += row.mass * (value + liked - 2 * cost * n - admin)
                if product is not None and unit is not None:
                    buyers[unit] += row.mass
                    need[unit] += row.mass * self.shortfall(row, product, prices, n, paid)
                    for link in self.path(row):
                        if link in product.scope:
                            seats[link, period] = seats.get((link, period), 0) + row.mass * n
        if any(
            self.links[link].seats is not None and used > (self.links[link].seats or 0)
            for (link, _), used in seats.items()
        ):
            return None
        subsidy = [max(0, x) for x in need]
        if limits.subsidy_yen is not None and sum(subsidy) > limits.subsidy_yen:
            return None
        if limits.subsidy_per_head_yen is not None and any(
            s > limits.subsidy_per_head_yen * b for s, b in zip(subsidy, buyers, strict=True)
        ):
            return None
        if limits.equity is not None and limits.equity[0] * riders_ > 100 * within:
            return None
        if limits.no_arbitrage and self.arbitrage(prices):
            return None
        if limits.goal == "break_even":
            for k, group in enumerate(groups):
                offered = [
                    p
                    for p in self.products
                    if p.product_id in group and self.decided(p) and prices[p.product_id] is not None
                ]
                if offered and buyers[k] == 0:
                    return None
        if limits.goal in ("break_even", "uptake"):
            low = sum(prices[p.product_id] or 0 for p in self.products if self.decided(p))
            return 1000 * sum(buyers), -low
        if limits.goal == "revenue":
            return sum(paid_sum), 1000 * sum(buyers)
        cost_of_funds = sum(-(-s * rule.public_funds_percent // 100) for s in subsidy)
        return sum(welfare) - cost_of_funds, 1000 * sum(buyers)

    def tied(self, prices: dict[str, int | None], one: str, other: str, percent: int) -> bool:
        """Whether a price is the multiple of its step nearest to a percentage of another one."""
        base, price = prices[other], prices[one]
        if base is None or price is None:
            return base is price
        step = next(p.step_yen for p in self.products if p.product_id == one)
        near = sorted(range(0, 10**5, step), key=lambda at: (abs(100 * at - percent * base), -at))
        return price == near[0]

    def shortfall(
        self, row: Demand, product: Product, prices: dict[str, int | None], n: int, paid: int
    ) -> int:
        """Need of a buyer."""
        admin = self.instance.rules.demand.admin_yen
        if self.limits.baseline == "cost":
            inside = [link for link in self.path(row) if link in product.scope]
            left, _ = self.fares(row, product)
            return (
                2 * n * sum(self.links[link].seat_cost_yen for link in inside) + admin - (paid - 2 * left * n)
            )
        cost = 2 * sum(self.links[link].seat_cost_yen for link in self.path(row))
        _, base, before = self.choose(row, dict.fromkeys(prices), self.periods[0])
        return (before - cost * base) - (paid - cost * n - admin)

    def arbitrage(self, prices: dict[str, int | None]) -> bool:
        """Whether some product costs more than one or two others that do the same."""
        on_sale = [
            p for p in self.products if prices[p.product_id] is not None and p.kind in ("flat", "capped")
        ]
        for target in on_sale:
            for parts in self.bundles(target, on_sale):
                cost = sum(prices[p.product_id] or 0 for p in parts)
                if any(self.decided(p) for p in (target, *parts)) and (prices[target.product_id] or 0) > cost:
                    return True
        return False

    def bundles(self, target: Product, on_sale: list[Product]) -> Iterator[list[Product]]:
        """One or two other products that together do the same as the target."""
        everybody = {"none", "basic", "premium"}
        for first in on_sale:
            for second in (None, *on_sale):
                parts = [first] if second is None else [first, second]
                entitled = all(
                    set(target.eligible or everybody) <= set(p.eligible or everybody) for p in parts
                )
                holds = all(set(p.blackout_periods) <= set(target.blackout_periods) for p in parts)
                union = set[str]().union(*(p.scope for p in parts))
                if target in parts or not entitled or not holds or not set(target.scope) <= union:
                    continue
                rides = [10**9 if p.kind == "flat" else p.cap_rides or 0 for p in parts]
                whole = all(set(target.scope) <= set(p.scope) for p in parts)
                if (10**9 if target.kind == "flat" else target.cap_rides or 0) <= (
                    sum(rides) if whole else min(rides)
                ):
                    yield parts


def random_tree(seed: int) -> tuple[Instance, Limits]:
    """A random small question: two ends, one to three products, a few kinds of travellers."""
    draw = random.Random(seed)  # noqa: S311 - test data
    count = draw.choice([1, 2, 2, 3])
    kinds = [
        draw.choice(["flat", "capped", "percentage", "fixed_ride", "threshold", "capped", "flat"])
        for _ in range(count)
    ]
    products = [_random_product(draw, f"x{k}", kind, count) for k, kind in enumerate(kinds)]
    demand = [
        riders(
            end=draw.randrange(2), name=f"q{k}", mass=draw.randrange(0, 6), trips=draw.randrange(0, 5),
            value=draw.randrange(0, 40) * 100, step=draw.choice([0, 100, 300, 500]), bias=draw.choice([0, 0, 200, -100]),
            registration=draw.choice(["none", "basic", "premium"]),
        )
        for k in range(draw.randrange(1, 7))
    ]  # fmt: skip
    periods = draw.choice([1, 1, 2])
    instance = tree(
        [draw.randrange(1, 10) * 100 for _ in range(2)],
        demand=demand,
        products=products,
        trunk_yen=draw.randrange(0, 6) * 100,
        costs=[draw.randrange(0, 5) * 50 for _ in range(2)],
        trunk_cost=draw.choice([0, 50, 300]),
        trunk_seats=draw.choice([None, None, 3, 8, 20]),
        seats=[draw.choice([None, 5]), None],
        periods=periods,
        rules=DemandRule(admin_yen=draw.choice([0, 0, 100]), public_funds_percent=draw.choice([0, 20])),
    )
    goal = draw.choice(["break_even", "uptake", "revenue", "welfare"])
    limits = Limits(
        goal=goal,
        baseline=draw.choice(["cost", "single_fares"]),
        subsidy_yen=draw.choice([0, 0, 1000, 5000, None]),
        subsidy_per_head_yen=draw.choice([None, None, 300]),
        equity=draw.choice([None, None, (60, 1500)]),
        no_arbitrage=draw.choice([False, True]),
    )
    return instance, limits


def _random_product(draw: random.Random, name: str, kind: str, count: int) -> Product:
    links = draw.choice([("t",), ("t", "l0"), ("l0",), ("l1",), ("t", "l0", "l1"), ("t", "l1")])
    width = {1: 12, 2: 6, 3: 3}[count]
    extra: dict[str, Any] = {}
    if kind == "capped":
        extra["cap_rides"] = draw.choice([1, 2, 3, 4])
    if kind == "percentage":
        extra["percent_back"] = draw.choice([10, 40, 45])
    if kind == "threshold":
        extra |= {"threshold_trips": draw.choice([1, 2, 3]), "bonus_yen": draw.randrange(1, 20) * 100}
    if draw.random() < 0.25:
        extra["price_yen"] = draw.randrange(0, 30) * 100
    elif kind in ("flat", "capped", "fixed_ride") or draw.random() < 0.5:
        low = draw.randrange(0, 20) * 100
        extra |= {"low": low, "high": low + width * draw.choice([100, 200])}
    eligible = draw.choice([(), (), ("basic", "premium"), ("premium",)])
    blackout = draw.choice([(), (), ("p1",)])
    return sold(
        kind,
        name=name,
        links=links,
        step=draw.choice([100, 200]) if count > 1 else 100,
        eligible=eligible,
        blackout_periods=blackout,
        **extra,
    )


def town(*, budget: int, rider_trips: int = 2) -> Instance:
    """A household that goes four times a month wants a house at d0 (rent 20,000), then one at d1 (rent 1,000).

    A round trip to d0 costs 5,000 in single fares and 3,000 to run, one to d1 costs 200. One rider of the demand table goes to d0
    twice, and a flat pass on that line is priced to break even: at 3,000 times the mean trips of its buyers.
    """
    line = tree(
        [2500, 100],
        costs=[1500, 0],
        demand=[riders(trips=rider_trips, value=1_000_000, name="rider")],
        products=[sold("flat", name="pass", links=("l0",), low=100, high=20_000)],
        rules=DemandRule(elasticity_percent=0),
    )
    at = {"lat": 35, "lon": 139, "capacity_persons": 2}
    return line.replace(
        households=[{"household_id": "hh1", "home_region": "h", "budget_yen": budget, "round_trips": 4.0}],
        houses=[
            {"house_id": "near", "region_id": "d1", "rent_yen": 1_000, **at},
            {"house_id": "wanted", "region_id": "d0", "rent_yen": 20_000, **at},
        ],
        choices=[
            {"household_id": "hh1", "list": "stay", "rank": rank, "target_kind": "house", "target_id": house}
            for rank, house in ((1, "wanted"), (2, "near"))
        ],
    )
