"""Published problems in their own formats: generalised assignment, facility location, networks, preferences, hospitals."""

from nichiiki_instances.standard.problems import (
    FlowProblem,
    HospitalResidents,
    MarketColumns,
    Preferences,
    StandardProblem,
)
from nichiiki_instances.standard.reading import FORMATS, read_standard, write_standard

__all__ = [
    "FORMATS",
    "FlowProblem",
    "HospitalResidents",
    "MarketColumns",
    "Preferences",
    "StandardProblem",
    "read_standard",
    "write_standard",
]
