"""Public weights: small hashes of who gets what, for the tie-break (`nichiiki_solver.tie_break`).

The weight of a text at level k is byte k mod 32 of SHA-256(seed, k div 32, text), plus 1: small on purpose, so that engines
that compute in floating point hold the sums, of up to a million, exactly. A bundle weighs what its stay and its parts weigh
together, so that a market of whole bundles and one of stays and options apart give the same sums.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from nichiiki_solver.ragged import Ints

if TYPE_CHECKING:
    from nichiiki_solver.market import Market

SEPARATOR = "\x1f"
"""Between the parts of a text; no id holds it."""


def public_weights(seed: int, level: int, texts: Iterable[str]) -> Ints:
    """Return the weight at a level of each text: 1 to 256."""
    block, byte = divmod(level, 32)
    prefix = SEPARATOR.join((str(seed), str(block), ""))
    return np.fromiter(
        (1 + hashlib.sha256((prefix + text).encode()).digest()[byte] for text in texts), dtype=np.int64
    )


def plain_weights(market: Market, seed: int, level: int) -> Ints:
    """Return the weights of the options of a market that was not compiled from an instance.

    Hashed are agent, use, utility and how many equal options of the agent are listed before, so that neither the order of
    different options nor the engine matters.
    """
    uses = [f"{r}:{a}" for r, a in zip(market.resource.tolist(), market.amount.tolist(), strict=True)]
    offsets, seen = market.offsets.tolist(), dict[str, int]()
    texts = []
    for option, (agent, utility) in enumerate(
        zip(market.agent.tolist(), market.utility.T.tolist(), strict=True)
    ):
        text = f"{agent}|{','.join(uses[offsets[option] : offsets[option + 1]])}|{utility}"
        seen[text] = seen.get(text, -1) + 1
        texts.append(f"{text}|{seen[text]}")
    return public_weights(seed, level, texts)
