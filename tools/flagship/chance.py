"""Chance that is the same in every version of Python: only `random()` of a seeded Mersenne Twister."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import TypeVar

from nichiiki_instances.generating.parameters import Lognormal, Shares

T = TypeVar("T")


class Chance:
    """A stream of draws.

    Parameters
    ----------
    seed
        Seed of the stream.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random  # noqa: S311 - synthetic people, not secrets

    def happens(self, share: float) -> bool:
        """Say yes with a probability."""
        return self._random() < share

    def between(self, low: int, high: int) -> int:
        """Draw a whole number, both ends included."""
        return low + int(self._random() * (high - low + 1))

    def one_of(self, values: Sequence[T]) -> T:
        """Draw one value, all alike."""
        return values[int(self._random() * len(values))]

    def weighted(self, weights: Mapping[T, float]) -> T:
        """Draw a key by its weight."""
        rest = self._random() * sum(weights.values())
        for value, weight in weights.items():
            rest -= weight
            if rest < 0:
                return value
        return list(weights)[-1]

    def some_of(self, values: Sequence[T], count: int) -> list[T]:
        """Draw different values in random order, at most as many as there are."""
        left = list(values)
        return [left.pop(int(self._random() * len(left))) for _ in range(min(count, len(left)))]

    def by_weight(self, weights: Mapping[T, float], count: int) -> list[T]:
        """Draw different keys one after the other by weight, at most as many as there are."""
        left = dict(weights)
        drawn: list[T] = []
        while left and len(drawn) < count:
            drawn.append(self.weighted(left))
            del left[drawn[-1]]
        return drawn

    def share(self, shares: Shares) -> int:
        """Draw a whole value from a table of the generator."""
        return int(self.number(shares))

    def number(self, shares: Shares) -> float:
        """Draw a value from a table of the generator."""
        return self.weighted(dict(zip(shares.values, shares.shares, strict=True)))

    def spread(self, curve: Lognormal) -> int:
        """Draw a whole number from a lognormal of the generator."""
        normal = NormalDist()
        sigma = math.log(curve.under_90 / curve.median) / normal.inv_cdf(0.9)
        value = curve.median * math.exp(sigma * normal.inv_cdf(min(max(self._random(), 1e-9), 1 - 1e-9)))
        step = curve.step or 1
        return round(min(max(value, curve.low), curve.high) / step) * step
