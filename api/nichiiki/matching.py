"""Two-sided matching on plain lists and arrays: stable, with ties, with couples, of projects, and checks of all of it.

Preferences are lists of 0-based id lists, best first, ties as nested lists; or flat arrays (offsets, ids[, ranks]).
"""

from nichiiki_solver.matching.couples import CouplesMatching, match_couples
from nichiiki_solver.matching.hospitals import hospital_residents, many_to_many, stable_marriage
from nichiiki_solver.matching.kiraly import large_stable
from nichiiki_solver.matching.largest import largest_stable
from nichiiki_solver.matching.lattice import best_stable, stable_matchings
from nichiiki_solver.matching.market import TwoSided, two_sided
from nichiiki_solver.matching.preferences import Preferences
from nichiiki_solver.matching.projects import ProjectMatching, allocate_projects
from nichiiki_solver.matching.results import HospitalMatching, Marriage, Matching, Search
from nichiiki_solver.matching.super_strong import stable_with_ties

__all__ = [
    "CouplesMatching",
    "HospitalMatching",
    "Marriage",
    "Matching",
    "Preferences",
    "ProjectMatching",
    "Search",
    "TwoSided",
    "allocate_projects",
    "best_stable",
    "hospital_residents",
    "large_stable",
    "largest_stable",
    "many_to_many",
    "match_couples",
    "stable_marriage",
    "stable_matchings",
    "stable_with_ties",
    "two_sided",
]
