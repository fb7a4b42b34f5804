"""Rank-maximal: as many first wishes as possible, then as many second wishes, and so on.

Mechanism
    One exact search a rank, the counts of earlier ranks kept (`in_sequence`); the market's levels and the public
    tie-break choose among what is left.
Properties
    Pareto-efficient for strict wishes. Not strategy-proof, and more households may go without than have to.
Complexity
    Polynomial for unit demand (Irving et al. 2006); NP-hard with bundles. A search a rank, none where all that are
    without an option of a better rank already have this one.
Source
    Irving, Kavitha, Mehlhorn, Michail and Paluch (2006), Rank-maximal matchings, ACM Transactions on Algorithms 2.
"""

from __future__ import annotations

import numpy as np

from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.policies.drawing import all_listed
from nichiiki_solver.policies.in_sequence import Sequence
from nichiiki_solver.policies.registry import PolicyCard, Settings


class RankMaximal:
    """The rank-maximal optimum; see the module's text."""

    card = PolicyCard(
        name="rank_maximal",
        strategy_proof="never",
        stable="never",
        efficient="if_plain",
        deterministic=True,
        optimises=False,
        supports=("bundles", "ties", "must", "minimum_quotas"),
        reference="Irving et al. (2006), ACM Transactions on Algorithms 2",
    )

    def solve(self, market: Market, settings: Settings) -> Outcome:
        """Maximise the counts of the ranks in order; see `Outcome` for what comes back."""
        all_listed(market, "rank_maximal")
        run = Sequence(market, settings)
        households = run.households
        waiting = len(np.unique(market.agent[households]))
        for rank in np.unique(market.rank[households]).tolist() or [1]:
            here = households & (market.rank == rank)
            most = min(waiting, len(np.unique(market.agent[here])))
            count = run.maximise(f"rank {rank}", here.astype(np.int64), most=most)
            if count is None:
                break
            waiting -= count
        return run.outcome()
