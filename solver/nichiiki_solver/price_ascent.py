"""Prices by ascent: every agent answers the prices with its best option, and what they ask too much of becomes dearer.

The volume method: a step goes from the best prices so far along capacity minus a running mean of what was asked for. The mean
tends to a solution of the linear program, so that the direction tends to zero where a subgradient would keep jumping. A round
costs one pass over the options and no linear program, whatever their number; it ends near the best prices, not at them.

Once the bound stands, rows join that most prices have nothing to do with: then each price goes its own way (`refine`), a step
that its own past answers set. One step for all would be as small as the most restless price needs (5,000 generated households:
the volume method stops 0.5 % above where this one ends).

Source: Barahona and Anbil (2000), The volume algorithm: producing primal solutions with a subgradient method; Kingma and Ba
(2015), Adam: a method for stochastic optimization.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from nichiiki_solver.ragged import Ints

Floats = npt.NDArray[np.float64]

STEP, LONGEST_STEP, LONGER, SHORTER = 0.1, 2.0, 1.1, 0.66
"""First and longest step in units of bound / |direction|², and what success and failure make of it."""
PATIENCE = 5
"""Rounds without a better bound before steps become shorter."""
MEMORY = 0.1
"""Weight of the newest answers in the running mean."""
NEWEST, NEWEST_SQUARE = 0.1, 0.001
"""Weights of the newest answer in the running means of `refine`, of the excess and of its square."""
LEAST_EXCESS = 1e-9
"""Keeps a price that nobody asks for from being divided by nothing."""
LEAST_GAIN, WINDOW = 2e-4, 50
"""An ascent whose bound falls by a smaller share in so many rounds is over."""


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
    should_stop: Callable[[], bool],
    rounds: int,
    step: float = STEP,
) -> Given:
    """Find prices near the best ones.

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
    should_stop
        Asked between rounds.
    rounds
        Most rounds.
    step
        First step.

    Returns
    -------
    Answered
        The answer with the smallest bound.
    """
    # yen and seats move alike if a resource is counted in units that grow with its size
    unit = np.sqrt(np.maximum(1.0, np.abs(capacity.astype(float))))
    best, mean, missed, before = first, demand().astype(float), 0, first.total
    for turn in range(1, rounds + 1):
        slack = (capacity - mean) / unit
        slack[(best.prices == 0) & (slack > 0)] = 0.0
        norm = _dot(slack, slack)
        if norm == 0.0 or should_stop():
            break
        move = step * best.total / norm * slack / unit
        here = ask(np.maximum(np.rint(best.prices - move), 0).astype(np.int64))
        wanted = demand()
        mean += MEMORY * (wanted - mean)
        if here.total < best.total:
            onward = _dot((capacity - wanted) / unit, slack) > 0
            best, missed, step = here, 0, min(LONGEST_STEP, step * LONGER) if onward else step
        else:
            missed += 1
            if missed % PATIENCE == 0:
                step *= SHORTER
        if turn % WINDOW == 0 and turn > WINDOW:
            if before - best.total < LEAST_GAIN * abs(before):
                break
            before = best.total
    return best


def refine(
    first: Given,
    ask: Callable[[Ints], Given],
    demand: Callable[[], Ints],
    capacity: Ints,
    should_stop: Callable[[], bool],
    rounds: int,
    move: tuple[float, float],
) -> Given:
    """Go on from prices, each with a step of its own.

    Parameters
    ----------
    first, ask, demand, capacity, should_stop, rounds
        As in `ascend`.
    move
        By how much a price moves whose answers always agree, in the first round and in the last; shorter and shorter between.

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
        square += NEWEST_SQUARE * (excess * excess - square)
        usual = np.sqrt(square / (1 - (1 - NEWEST_SQUARE) ** turn)) + LEAST_EXCESS
        length = longest * (shortest / longest) ** (turn / rounds) / (1 - (1 - NEWEST) ** turn)
        prices = np.maximum(prices + length * mean / usual, 0.0)
        here = ask(np.rint(prices).astype(np.int64))
        best = min(best, here, key=lambda each: each.total)
    return best


def _dot(a: Floats, b: Floats) -> float:
    """Sum of products; numpy's own would wake the threads of its linear algebra for every few thousand numbers."""
    return float((a * b).sum())
