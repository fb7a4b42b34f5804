"""Time of a fresh `import nichiiki`: what every command pays before it answers."""

import os
import subprocess
import sys
from pathlib import Path

from pytest_benchmark.fixture import BenchmarkFixture

ROOT = Path(__file__).resolve().parents[1]


def test_import(benchmark: BenchmarkFixture) -> None:
    paths = os.pathsep.join(str(ROOT / root) for root in ("api", "instances", "models", "solver"))
    environment = {**os.environ, "PYTHONPATH": paths}
    benchmark(subprocess.run, [sys.executable, "-c", "import nichiiki"], env=environment, check=True)
