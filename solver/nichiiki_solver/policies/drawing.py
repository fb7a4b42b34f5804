"""What the policies that end with a draw have in common."""

from __future__ import annotations

import time
from collections.abc import Callable

from nichiiki_models.allocation import LevelResult, Status, StopReason
from nichiiki_models.errors import UnsupportedMarketError
from nichiiki_solver.lotteries.lottery import Lottery
from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.policies.registry import Settings
from nichiiki_solver.ragged import Ints


def all_listed(market: Market, policy: str) -> None:
    """Refuse a market whose options are too many to list."""
    if not market.complete:
        raise UnsupportedMarketError.of("policy_lists_all", argument="policy", value=policy)


def stopper(settings: Settings, started: float) -> Callable[[], bool]:
    """Return the question whether time is up or somebody asked to stop."""
    end = started + settings.time_limit_s
    return lambda: time.perf_counter() >= end or settings.should_stop()


def values_of(market: Market, choice: Ints) -> tuple[LevelResult, ...]:
    """Value of each level of a choice that was not made to maximise them: no bounds."""
    values = market.objectives(choice).tolist()
    return tuple(
        LevelResult(name=n, objective=v, bound=None) for n, v in zip(market.levels, values, strict=True)
    )


def drawn(market: Market, lottery: Lottery, seed: int, started: float) -> Outcome:
    """Draw from a lottery."""
    choice = lottery.draw(seed)
    return Outcome(
        market,
        choice,
        Status.FEASIBLE,
        StopReason.PROCEDURE_ENDED,
        values_of(market, choice),
        time.perf_counter() - started,
        lottery,
    )


def without_choice(market: Market, status: Status, reason: StopReason, started: float) -> Outcome:
    """Say why there is nothing to draw."""
    return Outcome(market, None, status, reason, (), time.perf_counter() - started)
