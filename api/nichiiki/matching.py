"""Two-sided matching on plain lists and arrays: stable, with ties, with couples, of projects, and checks of all of it.

Preferences are lists of 0-based id lists, best first, ties as nested lists; or flat arrays (offsets, ids[, ranks]).
"""

from nichiiki_solver.matching.hospitals import hospital_residents, many_to_many, stable_marriage
from nichiiki_solver.matching.kiraly import large_stable
from nichiiki_solver.matching.market import TwoSided, two_sided
from nichiiki_solver.matching.preferences import Preferences
from nichiiki_solver.matching.results import HospitalMatching, Marriage, Matching, Search
from nichiiki_solver.matching.super_strong import stable_with_ties

__all__ = [
    "HospitalMatching",
    "Marriage",
    "Matching",
    "Preferences",
    "Search",
    "TwoSided",
    "hospital_residents",
    "large_stable",
    "many_to_many",
    "stable_marriage",
    "stable_with_ties",
    "two_sided",
]
