"""Sharing of fares and fees among operators: rules, Shapley value, core, and what one more pass does to an income."""

from nichiiki_models.settlement import Coalition, Fall, OperatorShare, Settlement
from nichiiki_solver.settlement.games import (
    Gain,
    LeastCore,
    largest_gain,
    least_core,
    shapley_value,
    worth_of_fees,
)
from nichiiki_solver.settlement.settle import settle

__all__ = [
    "Coalition",
    "Fall",
    "Gain",
    "LeastCore",
    "OperatorShare",
    "Settlement",
    "largest_gain",
    "least_core",
    "settle",
    "shapley_value",
    "worth_of_fees",
]
