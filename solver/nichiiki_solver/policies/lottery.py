"""Lottery: a weighted draw decides who chooses first.

Mechanism
    A household with w tickets (docs/explanation/rules.md, section 7: past losses and weights of `rules.toml` add
    tickets) draws the smallest of w public numbers HMAC-SHA256(seed, id # k); smaller numbers choose first. That is
    drawing tickets from an urn and striking out every further ticket of a household already drawn. Agents of a plain
    market have one ticket. Each takes its best option for which everything is left. What ends below its minimum is
    closed and the procedure begins again (`closing`), with the same numbers.
Properties
    For every draw as for serial dictatorship: on plain markets strategy-proof, and Pareto-efficient where no agent is
    indifferent. The share of draws in which a household is first is its share of the tickets. Not stable.
Complexity
    One HMAC a ticket, and one look-up of the best option that fits for each agent and round.
Source
    Abdulkadiroğlu and Sönmez (1998), Random serial dictatorship and the core from random endowments in house allocation
    problems, Econometrica 66; weighted draws without replacement: Efraimidis and Spirakis (2006), Weighted random
    sampling with a reservoir, Information Processing Letters 97.
"""

from __future__ import annotations

from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.policies.in_turn import solve_in_turn
from nichiiki_solver.policies.registry import PolicyCard, Settings


class Lottery:
    """The weighted draw; see the module's text."""

    card = PolicyCard(
        name="lottery",
        strategy_proof="if_plain",
        stable="never",
        efficient="if_plain",
        deterministic=True,
        optimises=False,
        supports=("bundles", "ties", "must", "closing"),
        reference="Abdulkadiroğlu and Sönmez (1998), Econometrica 66",
    )

    def solve(self, market: Market, settings: Settings) -> Outcome:
        """Run the procedure; see `Outcome` for what comes back."""
        return solve_in_turn(market, settings, "lottery", "lottery")
