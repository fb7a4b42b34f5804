"""What checks a solution, or the reasons for it, loads none of the code that made it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROBE = """
import sys
import nichiiki_solver.{module}
foreign = {{"click", "highspy", "networkx", "ortools", "pandas", "scipy"}} & set(sys.modules)
solver = {{name for name in sys.modules if name.startswith("nichiiki_solver.")}}
print(sorted(foreign), sorted(name for name in solver if name.split(".")[1] not in ("verify", "{module}")))
"""


@pytest.mark.parametrize("module", ["verify", "explain_check"])
def test_a_check_loads_no_solver(module: str) -> None:
    paths = os.pathsep.join(str(ROOT / root) for root in ("models", "solver"))
    environment = {**os.environ, "PYTHONPATH": paths}
    probe = subprocess.run(
        [sys.executable, "-c", PROBE.format(module=module)], env=environment, capture_output=True, text=True
    )
    assert probe.returncode == 0, probe.stderr
    assert probe.stdout.strip() == "[] []"
