"""Nash: as many households placed as possible, then the largest product of their utilities.

Mechanism
    A household takes one bundle, so the logarithm of the product is linear in the choice: Σ log(u_o) x_o. First the number of
    placed households is maximised, then the number of those with a positive utility, then the sum of logarithms in units
    of 2^-40 (2^-20 in large markets), rounded down, by an exact engine; the market's levels and the public tie-break
    choose among what is left.
Properties
    Pareto-efficient among allocations that place as many; independent of the scale of each household's utility. Not
    strategy-proof.
Complexity
    NP-hard; three exact searches. Rounding moves the sum by less than one unit a household, that is the product by
    less than a factor 2^(n · 2^-40); the criterion's bound includes it, so it is proven exactly only where two
    different products cannot be that close.
Source
    Nash (1950), The bargaining problem; Caragiannis, Kurokawa, Moulin, Procaccia, Shah and Wang (2019), The unreasonable
    fairness of maximum Nash welfare, ACM Transactions on Economics and Computation 7.
"""

from __future__ import annotations

import math

import numpy as np

from nichiiki_models.allocation import LevelResult
from nichiiki_models.errors import UnsupportedMarketError
from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.policies.drawing import all_listed
from nichiiki_solver.policies.in_sequence import Sequence
from nichiiki_solver.policies.registry import PolicyCard, Settings
from nichiiki_solver.policies.welfare import SMALL
from nichiiki_solver.ragged import Ints

DIGITS = 40
"""Most binary digits of a logarithm after the point; fewer where the sum would leave the safe integers."""
FLOAT_DIGITS = 20
"""As many where the engine computes in floating point."""


class Nash:
    """The Nash optimum; see the module's text."""

    card = PolicyCard(
        name="nash",
        strategy_proof="never",
        stable="never",
        efficient="never",
        deterministic=True,
        optimises=False,
        supports=("bundles", "ties", "must", "minimum_quotas"),
        reference="Caragiannis et al. (2019), ACM Transactions on Economics and Computation 7",
    )

    def solve(self, market: Market, settings: Settings) -> Outcome:
        """Maximise places, then the product; see `Outcome` for what comes back."""
        all_listed(market, "nash")
        run = Sequence(market, settings)
        households, utility = run.households, market.utility[0]
        if (utility[households] < 0).any():
            raise UnsupportedMarketError.of("policy_negative", argument="policy", value="nash")
        digits = min(DIGITS if market.n_options <= SMALL else FLOAT_DIGITS, 46 - market.n_agents.bit_length())
        run.maximise("placed", households.astype(np.int64))
        run.maximise("placed with utility", (households & (utility > 0)).astype(np.int64))
        run.maximise("log2 of the product", np.where(households, logarithms(utility, digits), 0))
        _allow_for_rounding(run, utility, digits)
        return run.outcome()


def logarithms(utility: Ints, digits: int = DIGITS) -> Ints:
    """Logarithms to base 2 in units of 2^-digits, rounded down; 0 for what is not positive."""
    return np.array(
        [int(math.log2(u) * (1 << digits)) if u > 0 else 0 for u in utility.tolist()], dtype=np.int64
    )


def _allow_for_rounding(run: Sequence, utility: Ints, digits: int) -> None:
    """Weaken the last bound by what rounding may hide, unless no other product is that close."""
    if run.choice is None or not run.criteria or run.criteria[-1].bound is None:
        return
    taken = utility[run.choice[run.choice >= 0]]
    product = math.prod(u for u in taken.tolist() if u > 0)
    slack = 2 * len(taken)
    # another product is at least `product` + 1, and log2(1 + 1/p) > 1/p for p ≥ 1
    if slack * product < 1 << digits:
        return
    last = run.criteria[-1]
    run.criteria[-1] = LevelResult(
        name=last.name, objective=last.objective, bound=int(run.criteria[-1].bound or 0) + slack
    )
