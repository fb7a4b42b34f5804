"""Points: the clerk's procedure, step by step as a town office does it by hand.

Mechanism
    Households in the order of points, tie order and lottery number; each gets its best bundle for which everything is
    left (`one_list`), or first wishes go first (`by_rank`), or places choose among those who ask by the points that count there
    (`per_target`: deferred acceptance). A role or experience that ends below its minimum is closed and the procedure begins
    again. The numbered steps are in docs/explanation/rules.md, sections 8 to 10.
Properties
    `one_list` without minimums is serial dictatorship: strategy-proof and Pareto-efficient. Closing roles and `by_rank`
    (immediate acceptance) are not strategy-proof. `per_target` respects the points at every place.
Complexity
    One pass over the households a round, or one proposal an option; at most one round more than there are roles and periods to
    close.
Source
    Points, tie orders and ranked choices of nursery and public-housing offices (公営住宅 ポイント方式, 保育所 利用調整);
    serial dictatorship: Svensson (1999), Strategy-proof allocation of indivisible goods; `per_target`: Gale and Shapley
    (1962), see `deferred_acceptance`.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from nichiiki_solver.dual_prices import source_of
from nichiiki_solver.market import Market, Outcome, Source
from nichiiki_solver.policies import deferred_acceptance
from nichiiki_solver.policies.closing import Taken, clock, refuse_demands, run_rounds
from nichiiki_solver.policies.in_turn import agents_in_order, give_in_turn
from nichiiki_solver.policies.registry import PolicyCard, Settings
from nichiiki_solver.preferences import Preferences
from nichiiki_solver.ragged import Ints


class Points:
    """The clerk's procedure; see the module's text."""

    card = PolicyCard(
        name="points",
        strategy_proof="if_plain",
        stable="never",
        efficient="if_plain",
        deterministic=True,
        optimises=False,
        supports=("bundles", "ties", "must", "closing", "priorities"),
        reference="Svensson (1999), Social Choice and Welfare 16",
    )

    def solve(self, market: Market, settings: Settings) -> Outcome:
        """Run the procedure; see `Outcome` for what comes back."""
        source = source_of(market)
        refuse_demands(source.has_demands, "points")
        if source.procedure == "per_target":
            return deferred_acceptance.run(
                market, settings, Preferences(market, settings.seed, "procedure"), "points"
            )
        return _run(market, source, settings)


def first_answer(market: Market, seed: int, should_stop: Callable[[], bool]) -> Outcome | None:
    """Run the procedure as a quick first answer for an exact search; None where it makes no promise."""
    source = source_of(market)
    settings = Settings(time_limit_s=inf, seed=seed, should_stop=should_stop)
    return None if source.has_demands else _run(market, source, settings)


def _run(market: Market, source: Source, settings: Settings) -> Outcome:
    turns = _turns(source, agents_in_order(market, source.order(settings.seed)))
    should_stop = clock(settings)

    def one_round(left: Ints) -> Taken:
        return give_in_turn(source, turns, left, should_stop)

    return run_rounds(market, settings, one_round, name="points")


def _turns(source: Source, order: list[int]) -> list[tuple[int, int | None]]:
    """Whose turn it is, and for which rank of stay (None = any)."""
    if source.procedure == "one_list":
        return [(agent, None) for agent in order]
    ranks = {agent: source.stay_ranks(agent).tolist() for agent in order}
    every = sorted({rank for mine in ranks.values() for rank in mine})
    return [(agent, rank) for rank in every for agent in order if rank in ranks[agent]]
