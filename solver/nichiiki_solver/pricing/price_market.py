"""The tariff question as a market: agents are pricing units, options are menus of prices.

Resources are the subsidy, the caps of towns and operators, the equity floor, the seats of scarce legs, and a row for each
no-arbitrage condition between units. Amounts of money are whole yen, rounded once here, per menu: what counts against a
limit up, what is earned down. Persons are thousandths.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from nichiiki_solver.market import Market
from nichiiki_solver.pricing.amounts import (
    BUYERS,
    COLUMNS,
    NEED,
    PAID,
    RIDERS,
    WELFARE,
    WITHIN,
    Ledger,
)
from nichiiki_solver.pricing.arbitrage import Bundle
from nichiiki_solver.pricing.terms import in_ratio
from nichiiki_solver.pricing.units import OFF, Evaluator, Menus, Unit
from nichiiki_solver.ragged import Bools, Ints, offsets_of

LEVELS = {
    "break_even": ("buyers", "low_prices"),
    "uptake": ("buyers", "low_prices"),
    "revenue": ("paid_yen", "buyers"),
    "welfare": ("welfare_yen", "buyers"),
}
"""What each goal maximises, in order."""


@dataclass(frozen=True, eq=False)
class Priced:
    """Units, their allowed menus, and the market over them.

    Attributes
    ----------
    rows
        Name of each resource: kind and id.
    shift
        Taken off the first level of the market: every unit's least, so that engines see small numbers.
    """

    ledger: Ledger
    units: list[Unit]
    evaluators: list[Evaluator]
    everything: list[Menus]
    allowed: list[Menus]
    market: Market
    rows: list[tuple[str, int]]
    shift: int

    def chosen(self, choice: Ints) -> Iterator[tuple[Menus, int]]:
        """The menus of each unit and which of them is in a choice."""
        starts = offsets_of(np.array([len(menus) for menus in self.allowed]))
        for menus, option, start in zip(self.allowed, choice, starts, strict=False):
            yield menus, int(option) - int(start)

    def menu_of(self, choice: Ints) -> list[Ints]:
        """Prices of each unit in a choice."""
        return [menus.prices[at] for menus, at in self.chosen(choice)]

    def total_of(self, choice: Ints, column: int) -> int:
        """Sum of a column of the ledger over the menus of a choice, thousandths."""
        return sum(int(menus.sums[at, column]) for menus, at in self.chosen(choice))


def subsidies(menus: Menus) -> Ints:
    """Yen that a unit's shortfall costs under each menu; a surplus stays with the operators."""
    return np.maximum(-(-menus.sums[:, NEED] // 1000), 0)


def allowed_menus(ledger: Ledger, unit: Unit, menus: Menus, bundles: list[Bundle]) -> Bools:
    """Say which menus keep the rules that concern one unit alone."""
    asked = ledger.asked
    kept = np.ones(len(menus), dtype=bool)
    if asked.goal == "break_even" and unit.decided:
        kept &= (menus.sums[:, BUYERS] > 0) | (menus.prices == OFF).all(axis=1)
    if asked.subsidy_per_head_yen is not None:
        kept &= subsidies(menus) * 1000 <= asked.subsidy_per_head_yen * menus.sums[:, BUYERS]
    for product, (other, percent) in asked.price_ratios.items():
        kept &= _in_ratio(ledger, unit, menus, product, other, percent)
    given = {k: int(ledger.offers.terms[k - 1].grid[0]) for k in range(1, len(ledger.offers.terms) + 1)}
    for bundle in bundles:
        if _inside(ledger, unit, bundle):
            kept &= _keeps(unit, menus, bundle, given)
    return kept


def _in_ratio(ledger: Ledger, unit: Unit, menus: Menus, product: str, other: str, percent: int) -> Bools:
    """Say which menus keep two prices in a ratio: both are sold, the one at the multiple of its step that is nearest, or neither."""
    names = ledger.offers.names
    one, base = names.index(product) + 1, names.index(other) + 1
    if one not in unit.decided:
        return np.ones(len(menus), dtype=bool)
    price, of = (menus.prices[:, unit.decided.index(k)] for k in (one, base))
    step = int(ledger.offers.instance.products["step_yen"][one - 1])
    nearest = in_ratio(of, percent, step)
    return np.asarray(np.where(of == OFF, price == OFF, price == nearest))


def _decided(ledger: Ledger, bundle: Bundle) -> set[int]:
    return {k for k in (bundle.target, *bundle.parts) if ledger.offers.terms[k - 1].decided}


def _inside(ledger: Ledger, unit: Unit, bundle: Bundle) -> bool:
    decided = _decided(ledger, bundle)
    return bool(decided) and decided <= set(unit.decided)


def _keeps(unit: Unit, menus: Menus, bundle: Bundle, given: dict[int, int]) -> Bools:
    column = {k: menus.prices[:, at] for at, k in enumerate(unit.decided)}
    parts = [column.get(k, np.full(len(menus), given[k])) for k in bundle.parts]
    target = column.get(bundle.target, np.full(len(menus), given[bundle.target]))
    sold = (target >= 0) & np.all([part >= 0 for part in parts], axis=0)
    return np.asarray(~sold | (target <= sum(parts)))


def crossing(ledger: Ledger, units: list[Unit], bundles: list[Bundle]) -> list[Bundle]:
    """Bundles whose prices are chosen in several units."""
    return [
        bundle
        for bundle in bundles
        if _decided(ledger, bundle) and not any(_inside(ledger, unit, bundle) for unit in units)
    ]


def build(
    ledger: Ledger,
    units: list[Unit],
    evaluators: list[Evaluator],
    everything: list[Menus],
    allowed: list[Menus],
    bundles: list[Bundle],
    stress: Sequence[list[Menus]] = (),
) -> Priced:
    """Put the market together; `bundles` are the rows between units, `stress` the allowed menus under other circumstances."""
    columns, rows = _resources(ledger, units, allowed, bundles)
    for number, hard in enumerate(stress):
        columns.append(
            (np.concatenate([subsidies(menus) for menus in hard]), np.array([ledger.asked.subsidy_yen]))
        )
        rows.append(("stress", number))
    sizes = np.array([len(menus) for menus in allowed], dtype=np.int64)
    agent, utility = np.repeat(np.arange(len(units)), sizes), _utility(ledger, units, allowed)
    parts = [part.reshape(len(agent), -1) for part, _ in columns]
    use = np.concatenate([np.zeros((len(agent), 0), dtype=np.int64), *parts], axis=1)
    capacity = np.concatenate([np.zeros(0, dtype=np.int64), *(limit for _, limit in columns)])
    kept = [
        start + undominated(utility[:, start:end], use[start:end])
        for start, end in pairwise(offsets_of(sizes).tolist())
    ]
    allowed = [
        menus.take(rows_ - start)
        for menus, rows_, start in zip(allowed, kept, offsets_of(sizes).tolist(), strict=False)
    ]
    chosen = np.concatenate([np.zeros(0, dtype=np.int64), *kept])
    agent, utility, use = agent[chosen], utility[:, chosen], use[chosen]
    lowest = segment_min(utility[0], agent, len(units))
    option, resource = np.nonzero(use)
    market = Market.from_columns(
        agent=agent,
        utility=utility - np.stack((lowest[agent], np.zeros_like(agent))),
        resource=resource,
        option=option,
        amount=use[option, resource],
        capacity=capacity,
        must_assign=np.ones(len(units), dtype=bool),
        n_agents=len(units),
    )
    market = replace(market, levels=LEVELS[ledger.asked.goal])
    return Priced(ledger, units, evaluators, everything, allowed, market, rows, int(lowest.sum()))


def undominated(utility: Ints, use: Ints) -> Ints:
    """Return the options of one agent that no other one beats: worth as much in the levels' order, and using no more.

    A menu that is beaten is in some best answer only if the one that beats it is in another.
    """
    order = np.lexsort(np.vstack((use.sum(axis=1), -utility[::-1])))
    front = np.empty((len(order), use.shape[1]), dtype=np.int64)
    kept: list[int] = []
    for option in order.tolist():
        if not (front[: len(kept)] <= use[option]).all(axis=1).any():
            front[len(kept)] = use[option]
            kept.append(option)
    return np.sort(np.array(kept, dtype=np.int64))


def segment_min(values: Ints, owner: Ints, size: int) -> Ints:
    """Lowest value of each owner, each of whom has one."""
    found = np.full(size, np.iinfo(np.int64).max, dtype=np.int64)
    np.minimum.at(found, owner, values)
    return found


def _utility(ledger: Ledger, units: list[Unit], allowed: list[Menus]) -> Ints:
    sums = np.concatenate([menus.sums for menus in allowed])
    asked = ledger.asked
    buyers = sums[:, BUYERS]
    if asked.goal in ("break_even", "uptake"):
        low = [-np.where(menus.prices == OFF, 0, menus.prices).sum(axis=1) for menus in allowed]
        return np.stack((buyers, np.concatenate(low)))
    if asked.goal == "revenue":
        return np.stack((sums[:, PAID] // 1000, buyers))
    percent = ledger.offers.instance.rules.demand.public_funds_percent
    subsidy = np.concatenate([subsidies(menus) for menus in allowed])
    return np.stack((sums[:, WELFARE] // 1000 - -(-subsidy * percent // 100), buyers))


Column = tuple[Ints, Ints]
"""Use of resources by each option, and their capacities."""


def _resources(
    ledger: Ledger, units: list[Unit], allowed: list[Menus], bundles: list[Bundle]
) -> tuple[list[Column], list[tuple[str, int]]]:
    asked = ledger.asked
    sums = np.concatenate([menus.sums for menus in allowed])
    found: list[Column] = []
    rows: list[tuple[str, int]] = []
    if asked.subsidy_yen is not None:
        subsidy = np.concatenate([subsidies(menus) for menus in allowed])
        found.append((subsidy, np.array([asked.subsidy_yen])))
        rows.append(("subsidy", 0))
    if asked.equity_share_percent is not None:
        share = asked.equity_share_percent
        use = share * sums[:, RIDERS] - 100 * sums[:, WITHIN]
        found.append((use, np.zeros(1, dtype=np.int64)))
        rows.append(("equity", 0))
    for column, (_, cap) in enumerate(ledger.towns, start=len(COLUMNS)):
        found.append((-(-sums[:, column] // 1000), np.array([cap])))
        rows.append(("town", column - len(COLUMNS)))
    first = len(COLUMNS) + len(ledger.towns)
    for column, (operator, cap) in enumerate(ledger.operators, start=first):
        found.append((-(-sums[:, column] // 1000), np.array([cap // 1000])))
        rows.append(("operator", operator))
    if len(ledger.legs):
        seats = np.concatenate([menus.seats for menus in allowed])
        found.append((seats, ledger.offers.network.seats[ledger.legs] * 1000))
        rows += [("seats", leg) for leg in ledger.legs.tolist()]
    for number, bundle in enumerate(bundles):
        found.append(_bundle_row(ledger, units, allowed, bundle))
        rows.append(("bundle", number))
    return found, rows


def _bundle_row(ledger: Ledger, units: list[Unit], allowed: list[Menus], bundle: Bundle) -> Column:
    """F(target) - sum of parts ≤ 0, made slack where one of them is not sold."""
    given = {k: int(ledger.offers.terms[k - 1].grid[0]) for k in range(1, len(ledger.offers.terms) + 1)}
    wanted = [(bundle.target, 1), *((part, -1) for part in bundle.parts)]
    most = int(ledger.offers.terms[bundle.target - 1].grid.max())
    capacity = sum(-sign * given[k] for k, sign in wanted if not ledger.offers.terms[k - 1].decided)
    use = []
    for unit, menus in zip(units, allowed, strict=True):
        mine = np.zeros(len(menus), dtype=np.int64)
        for k, sign in wanted:
            if k in unit.decided:
                price = menus.prices[:, unit.decided.index(k)]
                mine += np.where(price >= 0, sign * price, -most if sign < 0 else 0)
        use.append(mine)
    return np.concatenate(use), np.array([capacity])
