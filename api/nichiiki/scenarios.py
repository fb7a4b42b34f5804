"""A price that holds in many futures: worst case, tail, and the probability with which it breaks even."""

from nichiiki_solver.scenarios import PriceRisk, robust_price, tail_mean

__all__ = ["PriceRisk", "robust_price", "tail_mean"]
