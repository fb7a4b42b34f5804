"""Cases that once made a reader do something else than accept or refuse, or two solvers differ: found by tools/fuzz.py and
tools/differential.py, kept for good.
"""

from pathlib import Path

import pytest

import nichiiki as nk
from nichiiki_differential import disagreements
from nichiiki_fuzzing import TARGETS, seeds
from nichiiki_oracle.brute_force import optimum
from nichiiki_oracle.random_instances import random_instance

CORPUS = Path(__file__).parent / "data" / "corpus"
SOLVER = "solver"
KEPT = sorted(path.relative_to(CORPUS) for path in CORPUS.rglob("*") if path.is_file())


@pytest.mark.parametrize("case", KEPT, ids=str)
def test_kept_case_is_accepted_or_refused(case: Path) -> None:
    if case.parts[0] == SOLVER:
        instance = nk.Instance.model_validate_json((CORPUS / case).read_bytes())
        assert list(disagreements(instance, int(case.stem))) == []
    else:
        TARGETS[case.parts[0]]((CORPUS / case).read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_good_cases_pass(target: str) -> None:
    """Fuzzing begins with them, so they must reach the reader."""
    for case in list(seeds(target))[:3]:
        TARGETS[target](case)


@pytest.mark.parametrize("seed", range(9_000, 9_003))
def test_every_way_of_solving_agrees(seed: int) -> None:
    assert list(disagreements(random_instance(seed), seed)) == []


def test_a_disagreement_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tool that looks for differences sees one."""
    instance = next(
        i for seed in range(50) if (best := optimum(i := random_instance(seed))) and best.levels[0] > 0
    )
    monkeypatch.setattr("nichiiki_differential.optimum", lambda _: None)
    assert any("enumeration None" in line for line in disagreements(instance, 0))
