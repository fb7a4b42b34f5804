"""Probabilistic serial: everybody eats probability at equal speed, best options first; then a draw.

Mechanism
    The (constrained) serial rule gives each option a chance (`lotteries.serial_rule`); the chances are decomposed into a
    lottery over feasible choices (`lotteries.decomposition`), from which the seed draws one. Where not all of the chances can
    be drawn, the lottery's `share` says how much of all can, `kept` how much of every single chance, and `residual`
    what is lost.
Properties
    On unit demand with strict wishes: ordinally efficient, envy-free, weakly strategy-proof; equal treatment of equals.
    With bundles and general rows the chances stay efficient among all fractional assignments, but a household that
    competes for other things than its neighbour may envy it, and the chances may not decompose in full.
Complexity
    Strict wishes over capacities, roles that open included: one pass with at most (options + resources) steps. Small markets
    with ties or demands: one exact linear program a step, at most one step for each agent and rank. Large ones: one
    pass in ticks of 2^-40, equal ranks in the order of the options; with demands they are refused.
Source
    Bogomolnaia and Moulin (2001); Katta and Sethuraman (2006); Budish, Che, Kojima and Milgrom (2013).
"""

from __future__ import annotations

import time

from nichiiki_models.allocation import Status, StopReason
from nichiiki_solver.lotteries.decomposition import decompose_shares
from nichiiki_solver.lotteries.exact_lp import Stopped
from nichiiki_solver.lotteries.lottery import Lottery
from nichiiki_solver.lotteries.serial_rule import serial_shares
from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.policies.drawing import all_listed, drawn, stopper, without_choice
from nichiiki_solver.policies.registry import PolicyCard, Settings


class ProbabilisticSerial:
    """Probabilistic serial; see the module's text."""

    card = PolicyCard(
        name="probabilistic_serial",
        strategy_proof="never",
        stable="never",
        efficient="if_unit_demand",
        deterministic=True,
        optimises=False,
        supports=("bundles", "ties", "must", "minimum_quotas"),
        reference="Bogomolnaia and Moulin (2001), Journal of Economic Theory 100",
    )

    def solve(self, market: Market, settings: Settings) -> Outcome:
        """Eat, decompose, draw; see `Outcome` for what comes back."""
        started = time.perf_counter()
        all_listed(market, "probabilistic_serial")
        stop = stopper(settings, started)
        try:
            shares = serial_shares(market, stop)
        except Stopped:
            return without_choice(market, Status.UNKNOWN, _why(settings), started)
        if shares is None:
            return without_choice(market, Status.INFEASIBLE, StopReason.PROVEN, started)
        lottery: Lottery | None = decompose_shares(market, shares, stop, settings.workers)
        if lottery is None:
            return without_choice(market, Status.UNKNOWN, StopReason.PROCEDURE_ENDED, started)
        return drawn(market, lottery, settings.seed, started)


def _why(settings: Settings) -> StopReason:
    return StopReason.INTERRUPTED if settings.should_stop() else StopReason.TIME_LIMIT
