"""Prices by ascent: every agent answers the prices with its best option, and what they ask too much of becomes dearer.

Each price goes its own way, by a step that its own past answers set: as long as they agree it moves by the longest step, and where
they contradict each other hardly at all. A round costs one pass over the options and no linear program, whatever their number.
One step for all prices, as subgradient and volume methods have it, would be as small as the most restless price needs:
100,000 generated households in 140 towns end 2.7 % higher that way after twice the rounds.

Source: Kingma and Ba (2015), Adam: a method for stochastic optimization.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import numpy as np

from nichiiki_solver.ragged import Floats, Ints

NEWEST = 0.2
"""Weight of the newest answer in the running means of the excess and of its square. The square is forgotten as fast as the excess:
at the first prices everybody asks for everything, and what that was must not slow down what follows."""
LEAST_EXCESS = 1e-9
"""Keeps a price that nobody asks for from being divided by nothing."""


class Answered(Protocol):
    """What agents answer to prices."""

    @property
    def prices(self) -> Ints:
        """Of each resource."""
        ...

    @property
    def total(self) -> int:
        """The bound that the prices prove."""
        ...


Given = TypeVar("Given", bound=Answered)


def ascend(
    first: Given,
    ask: Callable[[Ints], Given],
    demand: Callable[[], Ints],
    capacity: Ints,
    unit: Floats,
    should_stop: Callable[[], bool],
    rounds: int,
    move: tuple[float, float],
) -> Given:
    """Find prices near the best ones, from those of the first answer on.

    Parameters
    ----------
    first
        The answer to the prices to begin with, the last one that was asked for.
    ask
        Returns the answer to prices, which are whole numbers and not negative.
    demand
        Returns what was asked for together in the last answer.
    capacity
        Of each resource.
    unit
        Amount of each resource that one agent takes: yen and seats move alike if a price is counted by that.
    should_stop
        Asked between rounds.
    rounds
        Most rounds.
    move
        By how much the price of a unit moves whose answers always agree, in the first round and in the last; shorter and
        shorter between.

    Returns
    -------
    Answered
        The answer with the smallest bound.
    """
    best, prices, here = first, first.prices.astype(float), first
    mean, square = np.zeros(len(prices)), np.zeros(len(prices))
    longest, shortest = move
    for turn in range(1, rounds + 1):
        if longest == 0 or should_stop():
            break
        excess = (demand() - capacity).astype(float)
        excess[(prices <= 0) & (excess < 0)] = 0.0
        mean += NEWEST * (excess - mean)
        square += NEWEST * (excess * excess - square)
        known = 1 - (1 - NEWEST) ** turn
        usual = np.sqrt(square / known) + LEAST_EXCESS
        length = longest * (shortest / longest) ** (turn / rounds)
        prices = np.maximum(prices + length * mean / known / usual / unit, 0.0)
        here = ask(np.rint(prices).astype(np.int64))
        best = min(best, here, key=lambda each: each.total)
    return best
