"""The official answer: the same people, the same places, whatever the engine and the number of workers."""

import hashlib
import os
from itertools import product
from typing import Any

import numpy as np
import pytest

from nichiiki_models.allocation import Allocation, Status
from nichiiki_models.errors import CrossCheckError, UsageError
from nichiiki_models.instance import Instance
from nichiiki_oracle.random_instances import medium_instance, random_instance
from nichiiki_solver import mip, scip
from nichiiki_solver.allocating import allocate
from nichiiki_solver.bundles import compile_market
from nichiiki_solver.cp_sat import Answer, Floor
from nichiiki_solver.market import Market, Whole
from nichiiki_solver.policies import welfare
from nichiiki_solver.policies.registry import Engine
from nichiiki_solver.public_weights import plain_weights, public_weights
from nichiiki_solver.solving import solve
from nichiiki_solver.tie_break import Settled, any_but, settle

FULL = os.environ.get("NICHIIKI_FULL") == "1"
SEEDS = 200 if FULL else 4
ENGINES: tuple[Engine, ...] = ("auto", "cp_sat", "highs", "scip")


def people_and_places(allocation: Allocation | None) -> Any:
    return None if allocation is None else allocation.model_dump()["placements"]


def official(instance: Instance, **how: Any) -> Any:
    result = allocate(instance, official=True, seed=7, **how)
    assert result.official or result.allocation is None
    return result.status, [level.objective for level in result.levels], people_and_places(result.allocation)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_no_placement_differs_between_workers_and_engines(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = random_instance(seed)
    first = official(instance, workers=1)
    for engine, workers in [("auto", 2), ("auto", 4), *product(ENGINES[1:], (1, 2, 4) if FULL else (2,))]:
        assert official(instance, engine=engine, workers=workers) == first
    monkeypatch.setattr(welfare, "SMALL", -1)
    assert official(instance, workers=2) == first


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_no_placement_differs_on_larger_instances(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is called official is the same; an engine that does not come to its end in time calls nothing so."""
    instance = medium_instance(seed)
    first = official(instance)
    monkeypatch.setattr(welfare, "SMALL", -1)
    assert official(instance) == first
    other = allocate(instance, official=True, seed=7, engine="scip")
    if other.official:
        assert people_and_places(other.allocation) == first[2]


def tied_market(seed: int) -> Market:
    """Four agents who want any of three equal things, some of which are listed twice."""
    rng = np.random.default_rng(seed)
    agent = np.repeat(np.arange(4), 4)
    thing = np.tile([0, 1, 2, 2], 4)
    return Market.from_columns(
        agent=agent,
        utility=rng.integers(1, 3, len(agent)),
        resource=thing,
        option=np.arange(len(agent)),
        amount=np.ones(len(agent), dtype=np.int64),
        capacity=[1, 1, 1],
    )


def best_by_enumeration(market: Market, seed: int) -> tuple[int, ...]:
    """Look at every choice: largest utility, then largest sums of the public weights."""
    rows = [(-1, *np.flatnonzero(market.agent == a).tolist()) for a in range(market.n_agents)]
    criteria = np.array([market.utility[0], *(plain_weights(market, seed, level) for level in range(6))])
    allowed = [c for c in map(np.array, product(*rows)) if market.is_feasible(c)]
    values = [tuple(criteria[:, c[c >= 0]].sum(axis=1).tolist()) for c in allowed]
    assert values.count(max(values)) == 1
    return tuple(allowed[values.index(max(values))].tolist())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seed", range(4))
def test_the_choice_is_the_one_that_enumeration_finds(seed: int, engine: Any) -> None:
    market = tied_market(seed)
    outcome = solve(market, official=True, engine=engine, seed=3)
    assert outcome.unique
    assert outcome.choice is not None
    assert tuple(outcome.choice.tolist()) == best_by_enumeration(market, 3)


def test_equal_weights_are_told_apart_by_the_next_level(monkeypatch: pytest.MonkeyPatch) -> None:
    """With weights that are all equal at first, only later levels decide; the proof is not given before."""
    monkeypatch.setattr(
        Whole,
        "tie_weights",
        lambda self, seed, level: (
            np.ones(self.market.n_options, dtype=np.int64)
            if level < 2
            else plain_weights(self.market, seed, level)
        ),
    )
    market = tied_market(1)
    outcomes = [solve(market, official=True, engine=engine) for engine in ENGINES]
    assert all(outcome.unique for outcome in outcomes)
    assert len({str(outcome.choice) for outcome in outcomes}) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_an_optimum_without_equals_is_official(engine: Engine) -> None:
    """Every other answer is worth less, so that none is left when this one is forbidden."""
    market = Market.from_columns(
        agent=[0, 0, 1],
        utility=[5, 3, 4],
        resource=[0, 0, 0],
        option=[0, 1, 2],
        amount=[1, 1, 1],
        capacity=[2],
    )
    outcome = solve(market, official=True, engine=engine)
    assert outcome.unique
    assert outcome.choice is not None
    assert outcome.choice.tolist() == [0, 2]


@pytest.mark.parametrize("level", [0, 1, 31, 32, 65])
def test_the_weight_of_a_text_is_a_byte_of_its_hash(level: int) -> None:
    """Anybody can work it out: byte k mod 32 of SHA-256(seed, k div 32, text), plus 1."""
    digest = hashlib.sha256(f"7\x1f{level // 32}\x1fh1\x1fstay\x1fhouse".encode()).digest()
    assert public_weights(7, level, ["h1\x1fstay\x1fhouse"]).tolist() == [1 + digest[level % 32]]


def test_the_text_of_an_option_is_what_it_is() -> None:
    """Agent, use and utility, and how many equal ones stand before it: not where it is listed."""
    market = Market.from_columns(
        agent=[1, 0, 1, 1], utility=[5, 4, 5, 5], resource=[2, 0, 2, 2], option=[0, 1, 2, 3], amount=[3, 1, 3, 3],
        capacity=[9, 9, 9],
    )  # fmt: skip
    texts = ["1|2:3|[5]|0", "0|0:1|[4]|0", "1|2:3|[5]|1", "1|2:3|[5]|2"]
    assert plain_weights(market, 3, 2).tolist() == public_weights(3, 2, texts).tolist()


@pytest.mark.parametrize("seed", range(6))
def test_forbidding_an_answer_forbids_it_alone(seed: int) -> None:
    """Of all answers the demand refuses one and no other; what weighs nothing gives nobody anything."""
    market = tied_market(seed)
    weights = np.random.default_rng(seed).integers(0, 3, market.n_options)
    rows = [
        (-1, *np.flatnonzero((market.agent == a) & (weights > 0)).tolist()) for a in range(market.n_agents)
    ]
    answers = list(product(*rows))
    for forbidden in answers[:: max(1, len(answers) // 9)]:
        floor = any_but(np.array(forbidden), weights)
        kept = [a for a in answers if floor.weights[[o for o in a if o >= 0]].sum() >= floor.least]
        assert [a for a in answers if a not in kept] == [forbidden]
    idle = (
        np.array([np.flatnonzero((market.agent == 0) & (weights == 0))[0], -1, -1, -1])
        if (weights[:4] == 0).any()
        else None
    )
    if idle is not None:
        nothing, same = any_but(np.full(4, -1), weights), any_but(idle, weights)
        assert (nothing.weights == same.weights).all()
        assert nothing.least == same.least


def settled(*answers: Answer) -> Settled:
    """What the tie-break makes of an engine that gives these answers one after the other, then the last again and again."""
    market, given = tied_market(0), iter(answers)
    last = answers[-1]
    return settle(Whole(market), (), 0, lambda *_: next(given, last))


CHOICE = np.array([0, 5, -1, -1])


def test_levels_are_counted() -> None:
    best, worse, none = Answer(CHOICE, 9, 9), Answer(CHOICE, 8, 8), Answer(None, None, None, infeasible=True)
    assert settled(best, worse) == Settled(CHOICE, True, 1)
    assert settled(best, none) == Settled(CHOICE, True, 1)
    found = settled(best, best, best, worse)
    assert (found.unique, found.levels) == (True, 2)


def test_without_a_proof_nothing_is_unique() -> None:
    best = Answer(CHOICE, 9, 9)
    open_, lost = Answer(CHOICE, 8, 9), Answer(None, None, None)
    assert settled(lost) == Settled(None, False, 0)
    assert settled(open_) == Settled(None, False, 0)
    assert (settled(best, open_).unique, settled(best, open_).levels) == (False, 1)
    assert (settled(best, best, open_).unique, settled(best, best, open_).levels) == (False, 1)
    assert (settled(best).unique, settled(best).levels) == (False, 64)
    nothing = Answer(
        np.full(4, -1), 0, 0
    )  # where nobody can have anything there is no weight, and still no proof
    assert (settled(nothing).unique, settled(nothing).levels) == (False, 64)


def test_an_answer_below_its_floor_counts_for_nothing() -> None:
    """Engines compute in floating point: what misses a level in whole numbers is no answer."""
    market = tied_market(0)
    best = Answer(CHOICE, 9, 9)
    for least, levels in ((2, 1), (3, 0)):
        floor = Floor(np.ones(market.n_options, dtype=np.int64), least)
        worse = Answer(CHOICE, 8, 8)
        answers = iter((best, worse))
        assert settle(Whole(market), (floor,), 0, lambda *_: next(answers)).levels == levels  # noqa: B023 - used at once


def test_another_seed_may_give_another_answer() -> None:
    found = {tuple(solve(tied_market(0), official=True, seed=seed).choice.tolist()) for seed in range(8)}  # type: ignore[union-attr]
    assert len(found) > 1


@pytest.mark.parametrize("seed", range(6))
def test_bundles_and_their_pieces_weigh_the_same(seed: int) -> None:
    source = compile_market(random_instance(seed)).source
    assert source is not None
    pieces = source.everything()
    answer = mip.solve_level(pieces.market, pieces.market.utility[0])
    if answer.choice is not None:
        whole, choice = pieces.bundles_of(answer.choice)
        apart = pieces.tie_weights(5, 1)[answer.choice[answer.choice >= 0]].sum()
        assert source.tie_weights(whole, 5, 1)[choice[choice >= 0]].sum() == apart


def test_a_run_stopped_by_the_clock_is_not_official() -> None:
    result = allocate(medium_instance(1), official=True, engine="scip", time_limit_s=0.3)
    assert not result.official
    if result.allocation is not None:
        assert result.allocation.provenance["official"] is False


def test_a_procedure_that_ended_is_official() -> None:
    result = allocate(random_instance(6), policy="points", official=True)
    assert result.official


def test_official_needs_a_proof() -> None:
    with pytest.raises(UsageError, match="official"):
        allocate(random_instance(0), official=True, relative_gap=0.1)


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(UsageError, match=r'engine: "magic" is not known\. Allowed: auto, cp_sat'):
        allocate(random_instance(0), engine="magic")  # type: ignore[arg-type]


# ---- the second opinion ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(SEEDS))
def test_another_engine_confirms_every_optimum(seed: int) -> None:
    result = allocate(random_instance(seed), cross_check=True, official=True)
    if result.status is Status.OPTIMAL:
        assert result.allocation is not None
        assert result.allocation.provenance["confirmed_levels"] == len(result.levels)
        assert result.allocation.provenance["confirmed_choice"] == 1


@pytest.mark.parametrize("fault", ["worse", "infeasible", "other"])
def test_disagreement_is_an_error_that_keeps_both_answers(
    fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = tied_market(2)
    honest = scip.solve_level

    def faulty(market: Market, weights: Any, **more: Any) -> Answer:
        if fault == "infeasible":
            return Answer(None, None, None, infeasible=True)
        if fault == "worse":
            nothing = np.full(market.n_agents, -1)
            return Answer(nothing, 0, 0)
        return honest(market, 300 - weights if len(more["floors"]) else weights, **more)

    monkeypatch.setattr(scip, "solve_level", faulty)
    monkeypatch.setattr(welfare._Run, "by_scip", welfare._Run._scip)
    with pytest.raises(CrossCheckError) as caught:
        solve(market, cross_check=True, official=True)
    first, second = caught.value.answers
    assert first.status is Status.OPTIMAL
    assert second is not None


def test_allocate_keeps_both_allocations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        scip, "solve_level", lambda market, weights, **_: Answer(np.full(market.n_agents, -1), 0, 0)
    )
    with pytest.raises(CrossCheckError, match="level") as caught:
        allocate(random_instance(6), cross_check=True)
    assert all(isinstance(answer, Allocation) for answer in caught.value.answers)


def test_a_procedure_has_no_second_engine() -> None:
    with pytest.raises(UsageError, match="cross_check"):
        allocate(random_instance(0), policy="points", cross_check=True)
