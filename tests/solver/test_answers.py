"""Better answers on the way: each passes the check, and none is worse than the one before."""

import pytest

from nichiiki_instances.generators import generate
from nichiiki_models.allocation import Allocation, Status
from nichiiki_solver.allocating import allocate
from nichiiki_solver.policies import welfare
from nichiiki_solver.verify import verify


@pytest.mark.parametrize("small", [-1, 10**9])
def test_answers_come_on_the_way_and_get_better(small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(welfare, "SMALL", small)
    instance = generate(households=30, seed=3)
    answers: list[Allocation] = []
    result = allocate(instance, answers=answers.append)
    assert result.status is Status.OPTIMAL
    values = [answer.levels[0].objective or 0 for answer in answers]
    assert len(values) > 1 and values == sorted(values) and values[-1] == result.levels[0].objective
    assert all(answer.status is Status.FEASIBLE and verify(instance, answer) == [] for answer in answers)
