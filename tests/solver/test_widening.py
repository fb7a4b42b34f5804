"""A narrowed run from end to end: what it claims is true of everything, and column generation finds what was missing."""

import os
from unittest.mock import patch

import numpy as np
import pytest

from nichiiki_models.allocation import Status
from nichiiki_models.instance import Instance
from nichiiki_models.table import Table
from nichiiki_models.tables import Lock, Quota
from nichiiki_oracle.random_instances import medium_instance, random_instance
from nichiiki_sample import sample
from nichiiki_solver import asking, narrowing
from nichiiki_solver.allocating import allocate
from nichiiki_solver.bundles import BundleSource, find_bundles
from nichiiki_solver.dual_prices import find_prices
from nichiiki_solver.narrowing import Narrowing
from nichiiki_solver.policies.registry import Progress
from nichiiki_solver.verify import verify
from nichiiki_solver.widening import compile_narrowed

SEEDS = range(300 if os.environ.get("NICHIIKI_FULL") == "1" else 4)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Narrow whatever is allocated."""
    monkeypatch.setattr(narrowing, "MOST_HOUSES", -1)
    monkeypatch.setattr(narrowing, "MOST_SUPPORTERS", -1)
    monkeypatch.setattr(narrowing, "HOUSES", 1)
    monkeypatch.setattr(narrowing, "SUPPORTERS", 1)
    monkeypatch.setattr(asking, "AT_ONCE", 3)


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("seed", SEEDS)
def test_it_claims_nothing_that_is_not_true_of_everything(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = random_instance(seed)
    found = allocate(instance, time_limit_s=60)
    monkeypatch.setattr(narrowing, "MOST_HOUSES", 10**9)
    monkeypatch.setattr(narrowing, "MOST_SUPPORTERS", 10**9)
    best = allocate(instance, time_limit_s=60)
    assert best.status in (Status.OPTIMAL, Status.INFEASIBLE)
    assert found.status is not Status.INFEASIBLE
    if found.allocation is None:
        return
    assert verify(instance, found.allocation) == []
    assert found.allocation.instance_hash == instance.hash
    assert found.allocation.provenance["narrowed"] == {"houses": 1, "supporters": 1}
    top, level = best.levels[0].objective, found.levels[0]
    assert top is not None and level.objective is not None and level.objective <= top
    assert level.bound is None or level.bound >= top
    if found.status is Status.OPTIMAL:
        assert [each.objective for each in found.levels] == [each.objective for each in best.levels]


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("seed", range(4 if os.environ.get("NICHIIKI_FULL") == "1" else 1))
def test_a_gap_is_proven_and_told_on_the_way(seed: int) -> None:
    instance = medium_instance(seed)
    lines: list[Progress] = []
    found = allocate(instance, time_limit_s=60, relative_gap=0.02, progress=lines.append)
    best = allocate_whole(instance)
    bound = found.levels[0].bound
    assert bound is not None and bound >= best
    assert any(line.objective is None and line.bound is not None for line in lines)
    assert any(line.objective is not None for line in lines)


def allocate_whole(instance: Instance) -> int:
    with patch.object(narrowing, "MOST_HOUSES", 10**9):
        found = allocate(instance, time_limit_s=60)
    assert found.levels[0].objective is not None
    return found.levels[0].objective


def test_rounds_bring_the_bound_to_that_of_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound over everything, found by prices of a few, ends at the value of the program over all."""
    monkeypatch.setattr(asking, "AT_ONCE", 15)
    instance = medium_instance(1, 60)
    weights = np.eye(len(instance.levels), dtype=np.int64)[0]
    whole = BundleSource(find_bundles(instance))
    program = find_prices(whole.unlisted(), weights, lambda: False).bound
    bounds: list[int] = []

    def tell(_value: int | None, bound: int | None) -> None:
        if bound is not None:
            bounds.append(bound)

    market, _ = compile_narrowed(instance, Narrowing(1, 1), lambda _: False, tell)
    assert isinstance(market.source, BundleSource) and market.source.proven is not None
    proven = market.source.proven.bound
    assert proven is not None and bounds and proven == min(bounds)
    assert program <= proven <= program * 1.02


def test_told_to_stop_it_has_a_market_and_no_bound() -> None:
    market, first = compile_narrowed(medium_instance(1), Narrowing(1, 1), lambda _: True, lambda *_: None)
    assert isinstance(market.source, BundleSource) and market.source.proven is not None
    assert market.source.proven.bound is None
    assert first is not None and first[0].objectives(first[1])[0] > 0


@pytest.mark.parametrize("seed", sample(range(6), 2))
def test_the_first_answer_is_worth_the_same_however_many_houses_join(seed: int) -> None:
    told: list[int | None] = []
    _, first = compile_narrowed(
        medium_instance(seed), Narrowing(1, 1), lambda _: False, lambda value, _: told.append(value)
    )
    assert first is not None
    market, choice = first
    assert market.is_feasible(choice)
    assert len(told) > 1 and set(told) == {int(market.objectives(choice)[0])}


@pytest.mark.usefixtures("narrow")
def test_stopped_at_once_it_has_an_answer() -> None:
    found = allocate(medium_instance(1), time_limit_s=60, should_stop=lambda: True)
    assert found.status is Status.FEASIBLE
    assert found.objective is not None and found.objective > 0


@pytest.mark.usefixtures("narrow")
def test_a_run_without_time_claims_no_bound() -> None:
    found = allocate(medium_instance(2), time_limit_s=0.01)
    assert found.status in (Status.FEASIBLE, Status.UNKNOWN)
    bounds = [level.bound for level in found.levels[:1] if level.bound is not None]
    assert all(bound >= allocate_whole(medium_instance(2)) for bound in bounds)


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("seed", sample([2, 1], 2))
def test_a_minimum_and_a_promise_are_kept_where_not_everything_is_looked_at(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as the best answer places, and one whom it leaves out."""
    monkeypatch.setattr(narrowing, "HOUSES", 8)
    instance = medium_instance(seed).replace(quotas=Table.empty(Quota), locks=Table.empty(Lock))
    with monkeypatch.context() as whole:
        whole.setattr(narrowing, "MOST_HOUSES", 10**9)
        free = allocate(instance, time_limit_s=60).allocation
    assert free is not None
    placed = set(free.placements["household_id"].tolist())
    possible = {instance.households["household_id"][h] for h in find_bundles(instance).stays.household}
    promised = sorted(possible - placed)[0]
    lock = Lock(household_id=promised, target_kind="placed", effect="must", reason="x")
    quota = Quota(quota_id="all", min=len(placed))
    asked = instance.replace(quotas=Table.from_rows(Quota, [quota]), locks=Table.from_rows(Lock, [lock]))
    found = allocate(asked, time_limit_s=60, relative_gap=0.2)
    assert found.allocation is not None
    assert verify(asked, found.allocation) == []
