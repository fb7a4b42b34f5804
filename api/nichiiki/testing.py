"""For those who write policies: what every policy must keep, and how far a policy can be manipulated.

`assert_policy_contract` is the test of a plug-in; `manipulation` counts agents that gain by lying, beside what the policy
says of itself (``card.strategy_proof``: always, if_plain, if_unit_demand or never). The words a policy needs to
answer (`Status`, `StopReason`, `LevelResult`, `Settings`) can be imported from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from nichiiki_models.allocation import LevelResult, Status, StopReason
from nichiiki_models.errors import UnsupportedMarketError
from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.policies.registry import Policy, PolicyCard, Settings, get_policy
from nichiiki_solver.solving import check_outcome

__all__ = [
    "LevelResult",
    "Manipulation",
    "Policy",
    "PolicyCard",
    "Settings",
    "Status",
    "StopReason",
    "UnsupportedMarketError",
    "assert_policy_contract",
    "manipulation",
    "sample_markets",
]

Ints = npt.NDArray[np.int64]
OPTION = "testing_option"
"""Label that says which option of the true market an option is."""
MOST_ALL = 5
"""Up to so many options an agent's every order is tried; beyond, a sample of orders."""


class Manipulation(BaseModel):
    """How far a policy was manipulated.

    Attributes
    ----------
    policy, strategy_proof
        Name, and what the policy says of itself; None where it says nothing.
    markets, refused
        Markets tried, and how many of them the policy refused.
    agents
        Agents of the others with something to lie about.
    by_truncating, by_permuting, by_either
        Agents that gained by listing fewer options, by listing them in another order, by one of the two.
    reports
        Lies tried.
    share
        by_either / agents; None without agents.
    examples
        Some gains: market, agent, kind, order reported (places in the true order, from 0), true rank before and after
        (None = nothing).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: str
    strategy_proof: str
    markets: int
    refused: int
    agents: int
    by_truncating: int
    by_permuting: int
    by_either: int
    reports: int
    share: float | None
    examples: tuple[dict[str, Any], ...]


def sample_markets(
    count: int,
    *,
    agents: int = 5,
    resources: int = 4,
    seed: int = 0,
    kind: Literal["unit", "bundles"] = "unit",
) -> Iterator[Market]:
    """Yield random markets.

    Parameters
    ----------
    count, seed
        How many, and the seed of all chance.
    agents, resources
        Size of each.
    kind
        ``unit``: an option takes one of one resource. ``bundles``: one or two units of one or two resources.
    """
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield _sample(rng, agents, resources, kind)


def _sample(rng: np.random.Generator, agents: int, resources: int, kind: str) -> Market:
    lists = [rng.permutation(resources)[: rng.integers(1, resources + 1)] for _ in range(agents)]
    agent = np.repeat(np.arange(agents), [len(each) for each in lists])
    first = np.concatenate(lists)
    utility = np.concatenate([np.sort(rng.choice(50, len(each), replace=False) + 1)[::-1] for each in lists])
    option = np.arange(len(agent))
    second = rng.random(len(agent)) < (0.4 if kind == "bundles" else 0.0)
    amount = rng.integers(1, 3, len(agent)) if kind == "bundles" else np.ones(len(agent), dtype=np.int64)
    owner = np.concatenate((option, option[second]))
    return Market.from_columns(
        agent=agent,
        utility=utility,
        option=owner,
        resource=np.concatenate((first, (first[second] + 1) % resources)),
        amount=np.concatenate((amount, np.ones(int(second.sum()), dtype=np.int64))),
        capacity=rng.integers(1, 3, resources),
        priority=rng.permutation(agents)[agent[owner]],
        n_agents=agents,
    )


def manipulation(
    policy: str | Policy,
    markets: Iterable[Market],
    *,
    seed: int = 0,
    orders: int = 24,
    time_limit_s: float = 10.0,
) -> Manipulation:
    """Count agents that gain by truncating or permuting what they rank, all others telling the truth.

    The truth is an option's ``rank``; an agent gains if what it gets has a better true rank, nothing being worst. Draws use
    the same seed before and after, so a lottery is judged draw by draw. Zero gains prove nothing beyond the markets tried;
    one gain disproves strategy-proofness.

    Parameters
    ----------
    policy
        Name, or a policy.
    markets
        Plain markets (not compiled from an instance), such as those of `sample_markets`.
    seed
        Seed of the policy and of the sampled orders.
    orders
        Most orders tried for an agent with more than `MOST_ALL` options.
    time_limit_s
        Of each run of the policy.
    """
    run = _Manipulations(policy, Settings(time_limit_s=time_limit_s, seed=seed, workers=1), orders)
    for market in markets:
        run.look_at(market)
    return run.found()


class _Manipulations:
    def __init__(self, policy: str | Policy, settings: Settings, orders: int) -> None:
        self.name = policy if isinstance(policy, str) else type(policy).__name__
        self.policy = get_policy(policy) if isinstance(policy, str) else policy
        self.settings, self.orders = settings, orders
        self.rng = np.random.default_rng(settings.seed)
        self.markets = self.refused = self.agents = self.reports = 0
        self.gained: list[set[str]] = []
        self.examples: list[dict[str, Any]] = []

    def look_at(self, market: Market) -> None:
        """Try every lie of every agent of a market."""
        market = replace(market, labels={OPTION: np.arange(market.n_options)})
        self.markets += 1
        try:
            truth = self.policy.solve(market, self.settings)
        except UnsupportedMarketError:
            self.refused += 1
            return
        for agent in range(market.n_agents):
            options = np.flatnonzero(market.agent == agent)
            if len(options) and not market.must_assign[agent]:
                self.agents += 1
                self.gained.append(self._gains(market, options, _rank_of(market, truth, agent)))

    def _gains(self, market: Market, options: Ints, before: int | None) -> set[str]:
        """Kinds of lies by which the owner of some options gains."""
        ordered = options[np.argsort(market.rank[options], kind="stable")]
        agent, gained = int(market.agent[options[0]]), set[str]()
        for kind, reported in self._lies(len(ordered)):
            if kind in gained:
                continue
            self.reports += 1
            outcome = self.policy.solve(_reported(market, ordered, reported), self.settings)
            after = _rank_of(market, outcome, agent)
            if after is not None and (before is None or after < before):
                gained.add(kind)
                self._note(kind, agent, reported, before, after)
        return gained

    def _lies(self, size: int) -> Iterator[tuple[str, Sequence[int]]]:
        for length in range(1, size):
            yield "truncating", range(length)
        if size <= MOST_ALL:
            yield from (("permuting", each) for each in list(permutations(range(size)))[1:])
        else:
            yield from (("permuting", self.rng.permutation(size).tolist()) for _ in range(self.orders))

    def _note(self, kind: str, agent: int, reported: Sequence[int], before: int | None, after: int) -> None:
        if len(self.examples) < 10:
            where = {"market": self.markets - 1, "agent": agent, "kind": kind}
            self.examples.append({**where, "reported": list(reported), "before": before, "after": after})

    def found(self) -> Manipulation:
        """Count what was found."""
        either = sum(bool(kinds) for kinds in self.gained)
        return Manipulation(
            policy=self.name,
            strategy_proof=self.policy.card.strategy_proof,
            markets=self.markets,
            refused=self.refused,
            agents=self.agents,
            by_truncating=sum("truncating" in kinds for kinds in self.gained),
            by_permuting=sum("permuting" in kinds for kinds in self.gained),
            by_either=either,
            reports=self.reports,
            share=either / self.agents if self.agents else None,
            examples=tuple(self.examples),
        )


def _reported(market: Market, ordered: Ints, reported: Sequence[int]) -> Market:
    """Return the market in which one agent lists its options in another order: ranks and utilities by place."""
    rank, utility = market.rank.copy(), market.utility.copy()
    told = ordered[list(reported)]
    rank[told] = market.rank[ordered[: len(told)]]
    utility[:, told] = market.utility[:, ordered[: len(told)]]
    kept = np.ones(market.n_options, dtype=bool)
    kept[ordered] = False
    kept[told] = True
    return replace(market, rank=rank, utility=utility).take(kept)


def _rank_of(market: Market, outcome: Outcome, agent: int) -> int | None:
    """True rank of what an agent gets; None for nothing."""
    if outcome.choice is None or outcome.choice[agent] < 0:
        return None
    option = outcome.choice[agent]
    return int(market.rank[outcome.market.labels[OPTION][option]])


def assert_policy_contract(
    policy: str | Policy, *, markets: int = 30, seed: int = 0, time_limit_s: float = 10.0
) -> None:
    """Assert what every policy must keep; the message says what is broken, and on which market.

    On random markets of unit demand and of bundles, with agents that must be assigned, with demands, and on a market
    without agents: the outcome is feasible and its stated values are true; status, reason and levels fit together; the same
    seed gives the same choice; a market that the policy makes no promise for is refused with `UnsupportedMarketError` and
    with nothing else; the market itself is left as it was; its ``card`` says what it promises.

    Parameters
    ----------
    policy
        Name, as an entry point of the group ``nichiiki.policies`` gives it, or a policy.
    markets
        Random markets of each kind.
    seed
        Seed of the markets and of the policy.
    time_limit_s
        Of each run.
    """
    found = get_policy(policy) if isinstance(policy, str) else policy
    card = getattr(found, "card", None)
    _must(isinstance(card, PolicyCard), "card: a PolicyCard that says what the policy promises")
    settings = Settings(time_limit_s=time_limit_s, seed=seed, workers=1)
    answered = sum(_keeps_contract(found, market, settings, name) for name, market in _cases(markets, seed))
    _must(answered > 0, "it refuses every market")


def _must(condition: bool, what: str) -> None:
    if not condition:
        raise AssertionError(f"policy contract: {what}")


def _cases(count: int, seed: int) -> Iterator[tuple[str, Market]]:
    rng = np.random.default_rng(seed)
    for kind in ("unit", "bundles"):
        for number, market in enumerate(sample_markets(count, seed=seed, kind=kind)):
            yield f"{kind} {number}", market
            must = rng.random(market.n_agents) < 0.3
            must &= np.bincount(market.agent, minlength=market.n_agents) > 0
            yield f"{kind} {number} must", replace(market, must_assign=must)
            demand = market.capacity.copy()
            demand[0] = -1
            yield f"{kind} {number} demand", replace(market, capacity=demand)
    nothing = Market.from_columns(agent=[], utility=[], resource=[], option=[], amount=[], capacity=[1])
    yield "empty", nothing


def _keeps_contract(policy: Policy, market: Market, settings: Settings, name: str) -> bool:
    """Check one market; say whether the policy took it."""
    before = {key: np.copy(value) for key, value in vars(market).items() if isinstance(value, np.ndarray)}
    try:
        outcome, again = (policy.solve(market, settings) for _ in range(2))
    except UnsupportedMarketError:
        return False
    except Exception as error:
        raise AssertionError(
            f"policy contract: {name}: {type(error).__name__} in place of an outcome or UnsupportedMarketError"
        ) from error
    _must(
        all(np.array_equal(value, getattr(market, key)) for key, value in before.items()),
        f"{name}: the market was changed",
    )
    _must(isinstance(outcome, Outcome), f"{name}: solve returns an Outcome")
    _check_status(outcome, name)
    broken = check_outcome(outcome)
    _must(not broken, f"{name}: {'; '.join(map(str, broken))}")
    same = _resources_taken(outcome) == _resources_taken(again)
    timed_out = StopReason.TIME_LIMIT in (outcome.reason, again.reason)
    _must(same or timed_out, f"{name}: the same seed gives another choice")
    return True


def _check_status(outcome: Outcome, name: str) -> None:
    """Status, reason, choice, levels and bounds must fit together and go into JSON."""
    _must(isinstance(outcome.status, Status), f"{name}: status is a Status")
    _must(isinstance(outcome.reason, StopReason), f"{name}: reason is a StopReason")
    answered = outcome.status in (Status.OPTIMAL, Status.FEASIBLE)
    _must(answered == (outcome.choice is not None), f"{name}: {outcome.status} and choice do not fit")
    if outcome.choice is not None:
        _must(outcome.choice.dtype.kind == "i", f"{name}: choice holds whole numbers")
        _must(len(outcome.choice) == outcome.market.n_agents, f"{name}: one choice for each agent")
        _must(len(outcome.levels) == len(outcome.market.levels), f"{name}: one result for each level")
    proven = answered and all(level.proven for level in outcome.levels)
    _must(outcome.status is not Status.OPTIMAL or proven, f"{name}: OPTIMAL without proof of every level")
    for level in outcome.levels:
        _must(type(level).model_validate_json(level.model_dump_json()) == level, f"{name}: levels as JSON")


def _resources_taken(outcome: Outcome) -> list[tuple[int, Any]] | None:
    """What each agent takes, whatever the numbers of the options."""
    if outcome.choice is None:
        return None
    market = outcome.market
    taken = [(a, int(o)) for a, o in enumerate(outcome.choice) if o >= 0]
    return [
        (a, sorted(zip(market.resource[s].tolist(), market.amount[s].tolist(), strict=True)))
        for a, s in ((a, slice(market.offsets[o], market.offsets[o + 1])) for a, o in taken)
    ]
