"""Check reasons and suggestions one by one, from the instance and the allocation alone.

Code in here imports the standard library, numpy, `nichiiki_models` and `nichiiki_solver.verify`, and nothing else: what found
the reasons is not asked again. An import contract keeps it so.
"""

from nichiiki_solver.explain_check.checking import Doubt, check_reasons

__all__ = ["Doubt", "check_reasons"]
