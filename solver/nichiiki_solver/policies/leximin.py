"""Leximin: the worst-off household as well off as possible, then the second worst-off, and so on.

Mechanism
    A vector of utilities is leximin-best exactly if, value after value from the lowest, as many households as possible have at least
    that value (a household without a place has 0). One exact search a value, the earlier counts kept; none where the
    answer at hand already has as many as the value before it (`in_sequence`). The market's levels and the
    public tie-break choose among what is left.
Properties
    Pareto-efficient in the first level's utilities; equal treatment in outcomes as far as indivisible places allow. Not
    strategy-proof; compares utilities between households.
Complexity
    NP-hard (already the minimum, with bundles); at most one search for each distinct utility.
Source
    Rawls (1971), Sen (1970) for the criterion; Ogryczak and Śliwiński (2006), On direct methods for lexicographic min-max
    optimization (counts of ordered outcomes).
"""

from __future__ import annotations

import numpy as np

from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.policies.drawing import all_listed
from nichiiki_solver.policies.in_sequence import Sequence
from nichiiki_solver.policies.registry import PolicyCard, Settings


class Leximin:
    """The leximin optimum; see the module's text."""

    card = PolicyCard(
        name="leximin",
        strategy_proof="never",
        stable="never",
        efficient="never",
        deterministic=True,
        optimises=False,
        supports=("bundles", "ties", "must", "minimum_quotas"),
        reference="Ogryczak and Śliwiński (2006), LNCS 3982",
    )

    def solve(self, market: Market, settings: Settings) -> Outcome:
        """Maximise the counts above each value in order; see `Outcome` for what comes back."""
        all_listed(market, "leximin")
        run = Sequence(market, settings)
        households, utility = run.households, market.utility[0]
        people = int((~market.gate).sum())
        most = people
        for value in np.unique(np.append(utility[households], 0)).tolist():
            free = people if value <= 0 else 0
            gain = (households & (utility >= value)).astype(np.int64) - (households & (value <= 0))
            count = run.maximise(f"at least {value}", gain, most=most - free, constant=free)
            if count is None or count + free == 0:
                break
            most = count + free
        return run.outcome()
