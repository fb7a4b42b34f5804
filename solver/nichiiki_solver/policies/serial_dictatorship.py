"""Serial dictatorship: in a random order each agent takes the best of what is left.

Mechanism
    Every agent draws one public number HMAC-SHA256(seed, id # 1), whatever its tickets; smaller numbers choose first.
    Each takes its best option for which everything is left. What ends below its minimum is closed and the procedure
    begins again (`closing`).
Properties
    On plain markets strategy-proof: an agent meets what earlier ones left, whatever it reports, and gets the best of it.
    Pareto-efficient where no agent is indifferent: the first one with something else would be worse off. With
    indifferent agents the order of options decides and something better for a later one may be missed. Closing breaks
    both. It knows no priorities, so it is not stable.
Complexity
    One HMAC an agent, and one look-up of the best option that fits for each agent and round.
Source
    Svensson (1999), Strategy-proof allocation of indivisible goods, Social Choice and Welfare 16; Abdulkadiroğlu and
    Sönmez (1998), Random serial dictatorship and the core from random endowments in house allocation problems,
    Econometrica 66.
"""

from __future__ import annotations

from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.policies.in_turn import solve_in_turn
from nichiiki_solver.policies.registry import PolicyCard, Settings


class SerialDictatorship:
    """Serial dictatorship; see the module's text."""

    card = PolicyCard(
        name="serial_dictatorship",
        strategy_proof="if_plain",
        stable="never",
        efficient="if_plain",
        deterministic=True,
        optimises=False,
        supports=("bundles", "ties", "must", "closing"),
        reference="Svensson (1999), Social Choice and Welfare 16",
    )

    def solve(self, market: Market, settings: Settings) -> Outcome:
        """Run the procedure; see `Outcome` for what comes back."""
        return solve_in_turn(market, settings, "random", "serial_dictatorship")
