"""First come, first served: who applied earlier chooses earlier, and keeps what it has.

Mechanism
    Households in the order of `applied_at`, earlier first, those without a time last, what is equal by lottery number;
    agents of a plain market in the order of their numbers. Each takes its best option for which everything is left.
    What ends below its minimum is closed and the procedure begins again (`closing`).
Properties
    Serial dictatorship in an order that is not a report: on plain markets strategy-proof, and Pareto-efficient where no
    agent is indifferent between options. The time itself can be raced for, which no theorem here looks at. Closing
    breaks both. It knows no priorities, so it is not stable.
Complexity
    One look-up of the best option that fits for each agent and round.
Source
    Svensson (1999), Strategy-proof allocation of indivisible goods, Social Choice and Welfare 16.
"""

from __future__ import annotations

from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.policies.in_turn import solve_in_turn
from nichiiki_solver.policies.registry import PolicyCard, Settings


class FirstCome:
    """First come, first served; see the module's text."""

    card = PolicyCard(
        name="first_come",
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
        return solve_in_turn(market, settings, "application", "first_come")
