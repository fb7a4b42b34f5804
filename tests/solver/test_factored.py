"""Stays and options apart: what a choice of pieces is read as, and back."""

import numpy as np
import pytest

from nichiiki_instances.generators import generate
from nichiiki_oracle.random_instances import medium_instance, random_instance
from nichiiki_sample import sample
from nichiiki_solver import cp_sat, mip
from nichiiki_solver.bundles import BundleSource, find_bundles
from nichiiki_solver.factored import Factored, build_factored


def drawn(factored: Factored, seed: int) -> np.ndarray | None:
    """An allocation of pieces, best for random weights."""
    weights = np.random.default_rng(seed).integers(0, 50, factored.market.n_options)
    return cp_sat.solve_level(factored.market, weights, time_limit_s=20).choice


@pytest.mark.parametrize("seed", sample(range(40), 5))
def test_what_is_read_from_pieces_names_the_same_pieces(seed: int) -> None:
    source = BundleSource(find_bundles(medium_instance(seed) if seed % 3 == 0 else random_instance(seed)))
    factored = source.everything()
    choice = drawn(factored, seed)
    if choice is None:
        return
    again = factored.choice_of(*factored.read(choice[choice >= 0]))
    assert again is not None
    assert np.array_equal(again, choice)


@pytest.mark.parametrize("seed", sample(range(8), 3))
def test_what_is_not_stated_has_no_pieces(seed: int) -> None:
    source = BundleSource(find_bundles(medium_instance(seed)))
    whole = source.everything()
    choice = drawn(whole, seed)
    if choice is None:
        return
    stays, chosen, gates = whole.read(choice[choice >= 0])
    if not len(stays):
        return
    others = np.setdiff1d(np.arange(len(source.bundles.stays)), stays[:1])
    fewer = build_factored(source, others, source.tree.options_of(others))
    assert fewer.choice_of(stays, chosen, gates) is None
    nothing = stays[:0], chosen[:0], gates[:0]
    empty = fewer.choice_of(*nothing)
    assert empty is not None
    assert (empty < 0).all()


@pytest.mark.parametrize("seed", range(6))
def test_a_search_that_begins_with_the_optimum_ends_with_it(seed: int) -> None:
    market = (
        BundleSource(find_bundles(generate(households=40, houses=14, hosts=2, seed=seed))).everything().market
    )
    best = cp_sat.solve_level(market, market.utility[0])
    found = mip.solve_level(market, market.utility[0], hint=best.choice)
    assert found.objective == found.bound == best.objective


@pytest.mark.parametrize("seed", range(6))
def test_a_hint_that_breaks_a_rule_is_of_no_harm(seed: int) -> None:
    market = (
        BundleSource(find_bundles(generate(households=40, houses=14, hosts=2, seed=seed))).everything().market
    )
    best = cp_sat.solve_level(market, market.utility[0]).objective
    first = np.full(market.n_agents, -1)
    first[market.agent[::-1]] = np.arange(market.n_options)[::-1]
    assert not market.is_feasible(first)
    found = mip.solve_level(market, market.utility[0], hint=first)
    assert found.objective == found.bound == best
