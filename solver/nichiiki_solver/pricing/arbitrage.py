"""No-arbitrage: no product may cost more than others that together let its buyer do the same.

Only flat and capped products are compared: what they let one do is a set of legs and a number of rides.

- quotas: F(q1 + q2) ≤ F(q1) + F(q2) on the same legs;
- no-stopover: a product for legs A ∪ B costs at most the product for A and the product for B together;
- no-elongation: a product for fewer legs or fewer rides costs at most one for more.

All three say: if everything that product t allows is allowed by the products of a bundle of one or two, then
F(t) ≤ their sum. Whoever may buy t must be entitled to the bundle, and the bundle must hold in every period in which t holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

from nichiiki_solver.pricing.offers import Offers
from nichiiki_solver.pricing.products import FLAT_FEES, UNLIMITED_RIDES


@dataclass(frozen=True)
class Bundle:
    """Alternative `target` must not cost more than alternatives `parts` together."""

    target: int
    parts: tuple[int, ...]


def bundles_of(offers: Offers) -> list[Bundle]:
    """List every bundle of one or two products that lets one do what another does."""
    kinds = [k for k, terms in enumerate(offers.terms, start=1) if terms.kind in FLAT_FEES]
    parts = [(k,) for k in kinds] + [pair for pair in combinations_with_replacement(kinds, 2)]
    found = [
        Bundle(target, part)
        for target in kinds
        for part in parts
        if target not in part and _replaces(offers, target, part)
    ]
    single = {(bundle.target, bundle.parts[0]) for bundle in found if len(bundle.parts) == 1}
    return [b for b in found if len(b.parts) == 1 or not any((b.target, part) in single for part in b.parts)]


def _replaces(offers: Offers, target: int, parts: tuple[int, ...]) -> bool:
    terms, legs = offers.terms[target - 1], offers.covered[target - 1]
    others = [offers.terms[k - 1] for k in parts]
    held = [~(other.eligible[:, None] & ~other.blackout) for other in others]
    if any((terms.eligible[:, None] & ~terms.blackout & missing).any() for missing in held):
        return False
    own = [offers.covered[k - 1] for k in parts]
    if not np.all(own[0] | own[-1] | ~legs) or not legs.any():
        return False
    everywhere = all(bool(np.all(cover | ~legs)) for cover in own)
    rides = (
        sum(min(other.rides, UNLIMITED_RIDES) for other in others)
        if everywhere
        else min(o.rides for o in others)
    )
    return min(terms.rides, UNLIMITED_RIDES) <= rides


def allowed(bundle: Bundle, prices: dict[int, int]) -> bool:
    """Say whether prices (alternative to price, sold ones only) keep a bundle's row."""
    if bundle.target not in prices or any(part not in prices for part in bundle.parts):
        return True
    return prices[bundle.target] <= sum(prices[part] for part in bundle.parts)
