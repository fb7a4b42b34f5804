"""Tariffs for researchers: fees from whole distributions of travellers, and the check of a tariff.

`nichiiki.price` works on instances; what is here needs none. How tariffs are priced: docs/explanation/tariffs.md.
"""

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
from nichiiki_solver.verify.tariff import verify_tariff

__all__ = [
    "Distribution",
    "Exponential",
    "FrontierPoint",
    "Listed",
    "Logistic",
    "Pareto",
    "Uniform",
    "best_fee",
    "break_even_fees",
    "compare_products",
    "frontier",
    "loss_of_fee",
    "ramsey_prices",
    "reference_fee",
    "verify_tariff",
    "widest_fee",
]
