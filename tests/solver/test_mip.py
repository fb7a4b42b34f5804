"""A listed market for HiGHS: what leads first, bounds that hold, and no error that looks like time being over."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nichiiki_solver import mip
from nichiiki_solver.highs import Found
from nichiiki_solver.market import Market


def shares_market(agents: int = 3, places: int = 7) -> Market:
    """One agent leads by opening places; others follow and take four of them each, so that fractions of them would gain."""
    n = agents + 1
    market = Market.from_columns(
        agent=np.arange(n),
        utility=[-1] + [10] * agents,
        resource=np.zeros(n, dtype=np.int64),
        option=np.arange(n),
        amount=[-places] + [4] * agents,
        capacity=[0],
    )
    return replace(market, labels={**market.labels, "follows": np.arange(n) > 0})


@pytest.mark.parametrize(("places", "best"), [(3, 0), (7, 9), (8, 19), (11, 19), (12, 29)])
@pytest.mark.parametrize("share", [0.85, 1.0])
def test_who_follows_in_fractions_is_decided_afterwards(places: int, best: int, share: float) -> None:
    market = shares_market(places=places)
    found = mip.solve_level(market, market.utility[0], leaders_share=share)
    assert (found.objective, found.bound) == (best, best)
    assert found.choice is not None
    assert market.is_feasible(found.choice)


def test_a_bound_of_leaders_alone_still_holds() -> None:
    """When only what leads was decided, the bound is that of fractions, and never below the best answer."""
    market = shares_market()
    ends = iter([False, True, True, True])
    found = mip.solve_level(market, market.utility[0], should_stop=lambda: next(ends, True))
    assert found.bound is None or found.bound >= 9


def test_an_error_of_the_engine_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Found:
        raise RuntimeError("HiGHS ended with an error: run")

    monkeypatch.setattr(mip, "minimise", broken)
    market = shares_market()
    with pytest.raises(RuntimeError, match="HiGHS ended"):
        mip.solve_level(market, market.utility[0])


def test_a_bound_below_the_answer_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    market = shares_market()
    everything = np.array([1.0, 1.0, 0.0, 0.0])
    monkeypatch.setattr(mip, "minimise", lambda *_, **__: Found(everything, -5.0))
    found = mip.solve_level(replace(market, labels={}), market.utility[0])
    assert (found.objective, found.bound) == (9, None)


def test_infeasible_after_an_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    market = shares_market()
    answers = iter([Found(np.array([1.0, 1.0, 0.0, 0.0]), -15.0), Found(None, None, infeasible=True)])
    monkeypatch.setattr(mip, "minimise", lambda *_, **__: next(answers))
    with pytest.raises(RuntimeError, match="infeasible"):
        mip.solve_level(market, market.utility[0])
