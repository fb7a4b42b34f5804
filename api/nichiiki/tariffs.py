"""Tariffs for researchers: fees from whole distributions of travellers, and the check of a tariff.

`nichiiki.price` works on instances; what is here needs none. How tariffs are priced: docs/explanation/tariffs.md.
"""

from nichiiki_solver.pricing.after import PassCalendar, pass_calendars, payers_of
from nichiiki_solver.pricing.analytic import (
    Distribution,
    Exponential,
    Listed,
    Logistic,
    Pareto,
    Uniform,
    best_fee,
    break_even_fees,
    loss_of_fee,
    ramsey_prices,
    reference_fee,
    widest_fee,
)
from nichiiki_solver.pricing.frontier import FrontierPoint, compare_products, frontier
from nichiiki_solver.pricing.relaxing import Relaxation, relaxations
from nichiiki_solver.pricing.robust import SCENARIOS, RobustPrices, Scenario, ScenarioResult, robust_prices
from nichiiki_solver.verify.tariff import verify_tariff

__all__ = [
    "SCENARIOS",
    "Distribution",
    "Exponential",
    "FrontierPoint",
    "Listed",
    "Logistic",
    "Pareto",
    "PassCalendar",
    "Relaxation",
    "RobustPrices",
    "Scenario",
    "ScenarioResult",
    "Uniform",
    "best_fee",
    "break_even_fees",
    "compare_products",
    "frontier",
    "loss_of_fee",
    "pass_calendars",
    "payers_of",
    "ramsey_prices",
    "reference_fee",
    "relaxations",
    "robust_prices",
    "verify_tariff",
    "widest_fee",
]
