"""A lottery over feasible choices, in whole numbers from end to end."""

from __future__ import annotations

import hmac
import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import accumulate

import numpy as np

from nichiiki_models.errors import MarketError
from nichiiki_solver.market import Market
from nichiiki_solver.ragged import Ints

ZERO, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True)
class Lottery:
    """Choices with weights; choice k is drawn with probability ``weights[k] / total``.

    Attributes
    ----------
    n_options
        Number of options of the market.
    weights
        A positive whole number for each choice; their sum is the common denominator of every probability.
    choices
        Choices × agents: option of each agent, -1 = none.
    promised
        The chances that were to be decomposed, one per option; None if the lottery itself is the promise.
    share, share_bound
        Largest part λ of the promise found that is a mixture of feasible choices (1: all of it), and a number that
        no decomposition can pass. No agent's chances differ from the promised ones by more than 1 - λ in total variation.
    kept_bound, impossible
        A number that `kept` cannot pass in any lottery, and promised options that no feasible choice of promised options has.
    samples
        Number of independent samples that the weights were counted from; 0 if they are exact.
    """

    n_options: int
    weights: tuple[int, ...]
    choices: Ints
    promised: tuple[Fraction, ...] | None = None
    share: Fraction = ONE
    share_bound: Fraction = ONE
    samples: int = 0
    kept_bound: Fraction = ONE
    impossible: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse weights that are no weights."""
        if len(self.weights) != len(self.choices) or not self.weights or min(self.weights) <= 0:
            raise MarketError("weights: a lottery needs one positive whole number for each of its choices")

    @classmethod
    def of(cls, n_options: int, parts: Iterable[tuple[Fraction, Ints]], **more: object) -> Lottery:
        """Build a lottery of choices with fractional weights, which need not add up to 1.

        Parameters
        ----------
        n_options
            Number of options of the market.
        parts
            Weight and choice; equal choices are put together, those of weight 0 left out.
        more
            `promised`, `share`, `share_bound`, `samples`, `kept_bound`, `impossible`.
        """
        merged: dict[tuple[int, ...], Fraction] = {}
        for weight, choice in parts:
            key = tuple(choice.tolist())
            merged[key] = merged.get(key, ZERO) + weight
        kept = {key: weight for key, weight in merged.items() if weight}
        whole = whole_numbers(list(kept.values()))
        choices = np.array(list(kept), dtype=np.int64).reshape(len(kept), -1)
        return cls(n_options, tuple(whole), choices, **more)  # type: ignore[arg-type]

    @cached_property
    def total(self) -> int:
        """Sum of the weights."""
        return sum(self.weights)

    @cached_property
    def marginals(self) -> tuple[Fraction, ...]:
        """Chance of each option."""
        counts = [0] * self.n_options
        for weight, choice in zip(self.weights, self.choices.tolist(), strict=True):
            for option in choice:
                if option >= 0:
                    counts[option] += weight
        return tuple(Fraction(count, self.total) for count in counts)

    @cached_property
    def kept(self) -> Fraction:
        """Part μ of its promised chance that every possible option keeps at least; 1 where all of it is decomposed."""
        if self.promised is None:
            return ONE
        without = set(self.impossible)
        parts = (
            m / p
            for o, (m, p) in enumerate(zip(self.marginals, self.promised, strict=True))
            if p and o not in without
        )
        return min([ONE, *parts])

    def with_shares(self, market: Market, kept_bound: Fraction) -> Lottery:
        """Return the lottery with the part `share` of the promise that it reproduces, and a bound on `kept`.

        The part is the largest λ with promised = λ · marginals + (1 - λ) · rest, counting the chance of nothing, too.
        """
        promised = self.promised or self.marginals
        pairs = [*zip(promised, self.marginals, strict=True)]
        wanted, given = [ONE] * market.n_agents, [ONE] * market.n_agents
        for agent, (p, m) in zip(market.agent.tolist(), pairs, strict=True):
            wanted[agent], given[agent] = wanted[agent] - p, given[agent] - m
        people = [a for a, gate in enumerate(market.gate.tolist()) if not gate]
        options = [o for o, gate in enumerate(market.gate[market.agent].tolist()) if not gate]
        parts = [(wanted[a], given[a]) for a in people] + [pairs[o] for o in options]
        share = min([ONE, *(p / m for p, m in parts if m)])
        return replace(self, share=share, kept_bound=max(self.kept, kept_bound))

    @property
    def residual(self) -> tuple[Fraction, ...]:
        """What is left of the promise: ``promised - share · marginals``; zero where everything is decomposed."""
        if self.promised is None:
            return (ZERO,) * self.n_options
        return tuple(p - self.share * m for p, m in zip(self.promised, self.marginals, strict=True))

    @property
    def standard_errors(self) -> tuple[float, ...]:
        """Standard error of each marginal, √(p(1 - p) / samples); 0 where the weights are exact."""
        if not self.samples:
            return (0.0,) * self.n_options
        return tuple(math.sqrt(p * (1 - p) / self.samples) for p in map(float, self.marginals))

    def at(self, ticket: int) -> Ints:
        """Return the choice of a ticket: of 0 … total - 1, each choice owns as many as its weight."""
        if not 0 <= ticket < self.total:
            raise MarketError(f"ticket: a whole number in 0 … {self.total - 1} is needed, got {ticket}")
        ends = list(accumulate(self.weights))
        return np.asarray(self.choices[bisect_right(ends, ticket)])

    def draw(self, seed: int) -> Ints:
        """Draw a choice with exactly the stated probabilities, the same on every machine."""
        return self.at(uniform(seed, self.total))


def promises(market: Market, shares: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """Return the chances of options of agents that are no gates; what gates do is a decision, not a promise."""
    gates = market.gate[market.agent].tolist()
    return tuple(ZERO if gate else share for gate, share in zip(gates, shares, strict=True))


def whole_numbers(values: Sequence[Fraction]) -> list[int]:
    """Return the smallest whole numbers in the same proportions."""
    scale = math.lcm(*(value.denominator for value in values))
    whole = [int(value * scale) for value in values]
    divisor = math.gcd(*whole) or 1
    return [value // divisor for value in whole]


def uniform(seed: int, size: int) -> int:
    """Draw a whole number below `size` with equal chances: HMAC-SHA256 blocks, numbers that are too large are skipped."""
    bits = (size - 1).bit_length()
    attempt = 0
    while True:
        number = _bits(seed, attempt, bits)
        if number < size:
            return number
        attempt += 1


def _bits(seed: int, attempt: int, bits: int) -> int:
    blocks = -(-bits // 256)
    key = str(seed).encode()
    words = (hmac.digest(key, f"draw#{attempt}#{k}".encode(), "sha256") for k in range(blocks))
    return int.from_bytes(b"".join(words)) >> (256 * blocks - bits) if bits else 0
