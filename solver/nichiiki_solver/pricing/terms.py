"""What is asked of a tariff: the goal and the limits that it must keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nichiiki_models.errors import UsageError
from nichiiki_models.instance import Instance
from nichiiki_models.tariff import BASELINES, GOALS, Baseline, Goal
from nichiiki_solver.ragged import Ints

MOST_YEN = 10**12
"""Largest amount that can be asked for; a thousand times it, for a million payers, is still a whole number of 64 bits."""


@dataclass(frozen=True)
class Asked:
    """Goal and limits; see `nichiiki_solver.pricing.price.price` for what each means."""

    goal: Goal = "break_even"
    baseline: Baseline = "cost"
    subsidy_yen: int | None = 0
    subsidy_per_head_yen: int | None = None
    town_caps_yen: Mapping[str, int] = field(default_factory=dict)
    equity_share_percent: int | None = None
    equity_yen: int | None = None
    no_arbitrage: bool = True
    operator_caps: bool = True
    price_ratios: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    def settings(self) -> dict[str, Any]:
        """The arguments as they are kept with a result."""
        names = [name for name in type(self).__dataclass_fields__ if name not in ("goal", "baseline")]
        return {name: dict(v) if isinstance(v := getattr(self, name), Mapping) else v for name in names}

    def check(self, instance: Instance) -> Asked:
        """Refuse what has no meaning.

        Raises
        ------
        UsageError
            Naming the argument, its value and what is allowed.
        """
        _word("goal", self.goal, GOALS)
        _word("baseline", self.baseline, BASELINES)
        for name in ("subsidy_yen", "subsidy_per_head_yen", "equity_yen"):
            _amount(name, getattr(self, name))
        for town, cap in self.town_caps_yen.items():
            if town not in instance.regions.ids:
                raise UsageError.of("unknown_id", argument="town_caps_yen", value=town, tables="regions")
            _amount(f"town_caps_yen[{town!r}]", cap)
        if (self.equity_share_percent is None) != (self.equity_yen is None):
            raise UsageError.of("equity_half", argument="equity_share_percent, equity_yen")
        if self.equity_share_percent is not None and not 0 <= self.equity_share_percent <= 100:
            raise UsageError.of(
                "arg_range", argument="equity_share_percent", value=self.equity_share_percent, low=0, high=100
            )
        if not len(instance.products):
            raise UsageError.of("no_products", table="products")
        for product, (other, percent) in self.price_ratios.items():
            _ratio(instance, self.price_ratios, product, other, percent)
        return self


def _ratio(
    instance: Instance, ratios: Mapping[str, tuple[str, int]], product: str, other: str, percent: int
) -> None:
    """Refuse a ratio of prices that are not both chosen, or that hangs on another ratio."""
    ranged = {
        row.product_id
        for row in instance.products.rows()
        if row.price_yen is None and row.price_max_yen is not None
    }
    for name in (product, other):
        if name not in ranged:
            raise UsageError.of("ratio_not_chosen", argument="price_ratios", value=name)
    if product == other or other in ratios:
        raise UsageError.of("ratio_of_ratio", argument="price_ratios", value=product, other=other)
    if not 1 <= percent <= 10_000:
        raise UsageError.of(
            "arg_range", argument=f"price_ratios[{product!r}]", value=percent, low="1 %", high="10,000 %"
        )


def in_ratio(price: Ints, percent: int, step: int) -> Ints:
    """Return the multiples of a step nearest to a percentage of prices; of two as near the higher."""
    return np.asarray(step * ((2 * percent * price + 100 * step) // (200 * step)), dtype=np.int64)


def _word(name: str, value: str, words: tuple[str, ...]) -> None:
    if value not in words:
        raise UsageError.of("arg_unknown", argument=name, value=value, choices=", ".join(words))


def _amount(name: str, value: int | None) -> None:
    if value is not None and not 0 <= value <= MOST_YEN:
        raise UsageError.of("arg_range", argument=name, value=value, low=0, high=f"{MOST_YEN:,}")
