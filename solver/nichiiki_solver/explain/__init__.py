"""Reasons: why a household did not get what it ranked better, and the smallest change that would help."""

from nichiiki_solver.explain.explaining import explain

__all__ = ["explain"]
