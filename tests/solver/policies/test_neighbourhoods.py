"""Placing blocks of households anew: every answer keeps the rules, none is worse, and a block of everybody is the optimum."""

import numpy as np
import pytest

from nichiiki_instances.generators import generate
from nichiiki_models.allocation import Status, StopReason
from nichiiki_models.instance import Instance
from nichiiki_oracle.brute_force import optimum
from nichiiki_oracle.random_instances import medium_instance, random_instance
from nichiiki_sample import sample
from nichiiki_solver import cp_sat
from nichiiki_solver.allocating import allocate
from nichiiki_solver.bundles import BundleSource, find_bundles
from nichiiki_solver.dual_prices import SCALE, approach, find_tight_prices
from nichiiki_solver.helping import Threads
from nichiiki_solver.holding import Held, held_by_prices
from nichiiki_solver.policies import welfare
from nichiiki_solver.policies.neighbourhoods import Neighbourhoods
from nichiiki_solver.ragged import Ints
from nichiiki_solver.verify import verify

SEEDS = sample(range(18), 3)


def never() -> bool:
    return False


def first_level(source: BundleSource) -> Ints:
    return np.asarray(np.eye(len(source.bundles.instance.levels), dtype=np.int64)[0])


def begun(instance: Instance, seed: int) -> Neighbourhoods | None:
    """The search around what prices give, or None where that does not keep every rule."""
    source = BundleSource(find_bundles(instance))
    weights = first_level(source)
    priced = find_tight_prices(source.unlisted(), weights, never)
    assert isinstance(priced.source, BundleSource)
    held = held_by_prices(priced.source, weights * SCALE, priced.central, never)
    market, choice = held.choice(priced.source)
    if not market.is_feasible(choice):
        return None
    return Neighbourhoods(priced.source, priced, held, seed, Threads())


@pytest.mark.parametrize("seed", range(3))
def test_answers_keep_the_rules_and_never_get_worse(seed: int) -> None:
    search = begun(medium_instance(seed), seed)
    if search is None:
        pytest.skip("what prices give does not keep every rule here")
    last = search.value
    for _ in range(12):
        better = search.improve(3, 10.0, never)
        market, choice = search.answer()
        assert market.is_feasible(choice)
        assert int(market.objectives(choice)[0]) == search.value
        assert (search.value > last) == better
        assert search.value >= last
        last = search.value


@pytest.mark.parametrize("seed", SEEDS)
def test_a_block_of_everybody_is_the_optimum(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    search = begun(random_instance(seed), seed)
    if search is None:
        pytest.skip("what prices give does not keep every rule here")
    pieces = search.source.everything().market
    best = cp_sat.solve_level(pieces, pieces.utility[0]).objective
    monkeypatch.setattr(search, "_blocks", lambda _: [np.arange(len(search.held.stay))])
    search.improve(3, 10.0, never)
    assert search.value == best


@pytest.mark.parametrize("seed", SEEDS)
def test_the_way_of_large_markets_keeps_rules_and_bound(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks only, no exact search over everything, on markets small enough to enumerate."""
    monkeypatch.setattr(welfare, "SMALL", -1)
    monkeypatch.setattr(welfare, "MOST_PIECES", -1)
    monkeypatch.setattr(welfare, "WHOLE_AT_ONCE", -1)
    monkeypatch.setattr(welfare, "LAST_PATIENCE", 5)
    instance = random_instance(seed)
    best, result = optimum(instance), allocate(instance, time_limit_s=20)
    if best is None:
        assert result.allocation is None
        return
    if result.allocation is not None:
        assert verify(instance, result.allocation) == []
        assert result.levels[0].objective is not None
        assert result.levels[0].objective <= best.levels[0]
    if result.bound is not None:
        assert result.levels[0].bound is not None
        assert result.levels[0].bound >= best.levels[0]
    if result.status is Status.OPTIMAL:
        assert [level.objective for level in result.levels] == list(best.levels)


def test_a_gap_that_was_not_reached_is_not_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = ("SMALL", "WHOLE_AT_ONCE", "MOST_PIECES", "PATIENCE", "LAST_PATIENCE", "PROCEDURE_AGENTS")
    for name in (*limits, "LAST_SHARE"):
        monkeypatch.setattr(welfare, name, -1)
    instance = generate(households=60, houses=20, hosts=1, roles=6, periods=6, seed=2)
    result = allocate(instance, time_limit_s=60, relative_gap=1e-6)
    assert result.objective is not None
    assert result.bound is not None
    assert result.bound > result.objective * (1 + 1e-6)
    assert result.reason is StopReason.TIME_LIMIT


@pytest.mark.parametrize("seed", SEEDS)
def test_prices_by_ascent_prove_a_bound(seed: int) -> None:
    source = BundleSource(find_bundles(random_instance(seed)))
    pieces = source.everything().market
    best = cp_sat.solve_level(pieces, pieces.utility[0]).objective
    market, weights = source.unlisted(), first_level(source)
    for rounds in (1, 30, 300):
        assert best is None or approach(market, source, weights, never, rounds).bound >= best


@pytest.mark.parametrize("seed", SEEDS)
def test_demand_is_what_the_best_bundles_use(seed: int) -> None:
    """Value of the best bundles plus price of what is left equals the bound, whichever of equal ones are taken."""
    source = BundleSource(find_bundles(random_instance(seed)))
    listed, weights = source.all_listed(), first_level(source) * SCALE
    rng = np.random.default_rng(seed)
    prices = rng.integers(0, 1 << 22, len(listed.capacity))
    values, asked = source.best_values(weights, prices), source.demand()
    at = listed.value_at(weights, prices)
    order = np.argsort(-at, kind="stable")
    choice = np.full(listed.n_agents, -1, dtype=np.int64)
    for option in order[::-1].tolist():
        choice[listed.agent[option]] = option
    worth = (values > 0) | listed.must_assign
    choice[~worth] = -1
    if len(np.unique(at)) == len(at):
        assert (listed.usage(choice) == asked).all()
    assert (values[choice >= 0] == at[choice[choice >= 0]]).all()


def test_what_is_held_reads_back() -> None:
    source = BundleSource(find_bundles(medium_instance(2)))
    weights = first_level(source) * SCALE
    nothing = np.zeros(len(source.bundles.uses.resources), dtype=np.int64)
    held = held_by_prices(source, weights, nothing, never)
    again = Held.of(source, *held.choice(source))
    assert (held.stay == again.stay).all()
    assert (held.gates == again.gates).all()
    assert sorted(held.chosen[held.chosen >= 0]) == sorted(again.chosen[again.chosen >= 0])
    assert (held.used(source) == again.used(source)).all()
    market, choice = held.choice(source)
    assert (market.usage(choice) == held.used(source)).all()
