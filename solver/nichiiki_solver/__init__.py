"""Turn an instance into a market and a market into an allocation.

This file imports nothing. Importing `nichiiki_solver.verify` runs it, and the check of a solution must not
share code with what made the solution.
"""
