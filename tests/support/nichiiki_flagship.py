"""The flagship and its optimum, solved once in a process for all the tests that look at it."""

from functools import cache

from nichiiki_instances.bundled import load
from nichiiki_models.instance import Instance
from nichiiki_models.result import Result
from nichiiki_solver.allocating import allocate


@cache
def flagship() -> Instance:
    """Return the flagship."""
    return load("flagship")


@cache
def flagship_optimum() -> Result:
    """Return its proven optimum."""
    return allocate(flagship(), time_limit_s=240)


@cache
def flagship_by_points() -> Result:
    """Return what the procedure by points gives."""
    return allocate(flagship(), policy="points")
