"""The tariff of an allocation inside its report: what passes cost, who buys them, and the change from single fares."""

from __future__ import annotations

from dataclasses import dataclass

from nichiiki_models.tariff import Figures, TariffResult

THOUSANDTHS = ("riders", "buyers", "trips", "priced_out")
"""Figures that count thousandths of a person-month; the others are yen."""
COMPARED = (*THOUSANDTHS, "paid_yen", "cost_yen", "need_yen", "surplus_yen")


@dataclass(frozen=True)
class Compared:
    """A figure with single fares alone and with the products."""

    key: str
    without: str
    with_products: str
    change: str


def compared(tariff: TariffResult) -> list[Compared]:
    """Set the travellers of a tariff beside the same travellers with single fares alone."""
    return [_compared(key, tariff) for key in COMPARED]


def _compared(key: str, tariff: TariffResult) -> Compared:
    before, after = value_of(tariff.without, key), value_of(tariff.total, key)
    return Compared(key, shown(key, before), shown(key, after), shown(key, after - before, sign="+"))


def value_of(figures: Figures, key: str) -> int:
    """Return a figure; ``trips`` are all round trips that are made."""
    if key == "trips":
        return figures.trips_existing + figures.trips_induced + figures.trips_new
    value: int = getattr(figures, key)
    return value


def shown(key: str, value: int, *, sign: str = "") -> str:
    """Return a figure as people read it: persons and trips with a decimal, yen whole."""
    return f"{value / 1000:{sign},.1f}" if key in THOUSANDTHS else f"{value:{sign},}"
