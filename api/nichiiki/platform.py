"""The platform (官民マッチング): needs of municipalities and offers of companies, matched many to many.

Examples
--------
>>> import nichiiki as nk
>>> instance = nk.load("platform")
>>> found = nk.platform.match(instance)
>>> nk.platform.evaluate(instance, found).blocking_pairs
0
"""

from nichiiki_models.platform import PlatformFigures, PlatformMatching, PlatformReason
from nichiiki_solver.platform.explain import explain_platform as explain
from nichiiki_solver.platform.figures import evaluate_platform as evaluate
from nichiiki_solver.platform.matching import match_platform as match
from nichiiki_solver.verify.platform import verify_platform as verify

__all__ = [
    "PlatformFigures",
    "PlatformMatching",
    "PlatformReason",
    "evaluate",
    "explain",
    "match",
    "verify",
]
