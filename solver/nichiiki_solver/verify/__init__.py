"""Check an allocation against the rules and its own claims, independently of every solver.

Code in here imports the standard library, numpy and `nichiiki_models`, and nothing else. An import
contract keeps it so. The rules are those of ``docs/explanation/rules.md``, read anew.
"""

from nichiiki_solver.verify.check import verify

__all__ = ["verify"]
