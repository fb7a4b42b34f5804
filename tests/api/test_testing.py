"""The contract kit finds each way to break it; the manipulation test finds lies that pay, and none where none can."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nichiiki as nk
from nichiiki.market import Market, Outcome, policy_names, solve
from nichiiki.testing import (
    LevelResult,
    Policy,
    PolicyCard,
    Settings,
    Status,
    assert_policy_contract,
    manipulation,
    sample_markets,
)
from nichiiki_models.errors import UnsupportedMarketError

EXAMPLE = Path(__file__).parents[2] / "examples" / "early_bird"


@pytest.fixture
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Install the example as its own pyproject.toml says, by a dist-info beside a copy of it."""
    import tomllib

    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text("utf-8"))["project"]
    (tmp_path / "early_bird.py").write_bytes((EXAMPLE / "early_bird.py").read_bytes())
    info = tmp_path / f"early_bird-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: early-bird\nVersion: {project['version']}\n"
    )
    ((group, points),) = project["entry-points"].items()
    lines = "".join(f"{name} = {target}\n" for name, target in points.items())
    (info / "entry_points.txt").write_text(f"[{group}]\n{lines}")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "early_bird"
    sys.modules.pop("early_bird", None)


def test_the_example_is_found_solves_and_keeps_the_contract(plug_in: str) -> None:
    assert plug_in in policy_names()
    assert_policy_contract(plug_in, markets=20)
    market = Market.from_columns(
        agent=[0, 1], utility=[3, 5], resource=[0, 0], option=[0, 1], amount=[1, 1], capacity=[1]
    )
    outcome = solve(market, policy=plug_in)
    assert outcome.choice is not None
    assert outcome.choice.tolist() == [0, -1]
    instance = nk.generate(households=4, seed=1)
    result = nk.allocate(instance, policy=plug_in)
    assert result.allocation is not None
    assert nk.verify(instance, result.allocation) == []


def test_a_plug_in_is_a_row_of_a_comparison(plug_in: str) -> None:
    found = nk.compare([nk.generate(households=4, seed=1)], policies=[plug_in], time_limit_s=20)
    assert [row["status"] for row in found.rows] == ["FEASIBLE"]


@pytest.mark.parametrize("policy", ["points", "welfare"])
def test_built_in_policies_keep_the_contract(policy: str) -> None:
    assert_policy_contract(policy, markets=4)


CARD = PolicyCard(
    name="bent",
    strategy_proof="never",
    stable="never",
    efficient="never",
    deterministic=True,
    optimises=False,
    supports=("bundles",),
    reference="none",
)


class Bent:
    """The hand procedure with something wrong about it."""

    card: Any = CARD

    def __init__(self, bend: Callable[[Market, Outcome], Outcome]) -> None:
        self.bend = bend

    def solve(self, market: Market, settings: Settings) -> Outcome:
        from nichiiki_solver.policies.points import Points

        return self.bend(market, Points().solve(market, settings))


def greedy(market: Market, outcome: Outcome) -> Outcome:
    """Everybody gets the first option, room or not."""
    choice = np.full(market.n_agents, -1)
    agents, first = np.unique(market.agent, return_index=True)
    choice[agents] = first
    value = int(market.objectives(choice)[0])
    return replace(
        outcome, market=market, choice=choice, levels=(LevelResult(name="w", objective=value, bound=None),)
    )


def spoil(market: Market, outcome: Outcome) -> Outcome:
    market.utility[:] += 1
    return outcome


def fail(market: Market, outcome: Outcome) -> Outcome:
    raise ValueError("no")


def whim() -> Callable[[Market, Outcome], Outcome]:
    calls = iter(range(10**6))

    def bend(market: Market, outcome: Outcome) -> Outcome:
        if next(calls) % 2 == 0 or outcome.choice is None:
            return outcome
        nothing = np.full(market.n_agents, -1)
        return replace(outcome, choice=nothing, levels=(LevelResult(name="w", objective=0, bound=None),))

    return bend


def refuse(market: Market, outcome: Outcome) -> Outcome:
    raise UnsupportedMarketError("never")


@pytest.mark.parametrize(
    ("bend", "message"),
    [
        (greedy, "market_capacity"),
        (spoil, "the market was changed"),
        (fail, "ValueError in place of"),
        (whim(), "the same seed gives another choice"),
        (refuse, "refuses every market"),
        (lambda m, o: replace(o, status=Status.OPTIMAL), "OPTIMAL without proof"),
        (lambda m, o: replace(o, choice=None), "do not fit"),
        (lambda m, o: replace(o, levels=()), "one result for each level"),
        (
            lambda m, o: replace(o, levels=(LevelResult(name="w", objective=10**6, bound=None),)),
            "market_value",
        ),
    ],
)
def test_each_way_to_break_the_contract_is_found(
    bend: Callable[[Market, Outcome], Outcome], message: str
) -> None:
    with pytest.raises(AssertionError, match=message):
        assert_policy_contract(Bent(bend), markets=4)


def test_what_a_policy_states_is_checked() -> None:
    policy = Bent(lambda market, outcome: outcome)
    policy.card = "bundles"
    with pytest.raises(AssertionError, match="card"):
        assert_policy_contract(policy)


@pytest.mark.parametrize("kind", ["unit", "bundles"])
def test_serial_dictatorship_cannot_be_manipulated(kind: Any, plug_in: str) -> None:
    found = manipulation(plug_in, sample_markets(25, agents=4, resources=4, kind=kind))
    assert found.strategy_proof == "if_plain"
    assert found.agents == 100
    assert found.reports > 500
    assert (found.by_either, found.share, found.examples) == (0, 0.0, ())


class Boston:
    """First choices of all go first: known to be manipulable."""

    card = replace(CARD, name="Boston")

    def solve(self, market: Market, settings: Settings) -> Outcome:
        choice, left = np.full(market.n_agents, -1), market.capacity.copy()
        for option in np.lexsort((market.agent, market.rank)).tolist():
            resource = market.resource[market.offsets[option]]
            if choice[market.agent[option]] < 0 and left[resource] > 0:
                choice[market.agent[option]] = option
                left[resource] -= 1
        level = LevelResult(name="w", objective=int(market.objectives(choice)[0]), bound=None)
        points = get_points(market, settings)
        return replace(points, market=market, choice=choice, levels=(level,))


def get_points(market: Market, settings: Settings) -> Outcome:
    from nichiiki_solver.policies.points import Points

    return Points().solve(market, settings)


def test_immediate_acceptance_is_manipulated_as_in_the_textbook() -> None:
    """Agents 0 and 1 want a; agent 2 wants b; agent 1 loses a, then b is gone: it gains by ranking b first.

    Abdulkadiroğlu and Sönmez (2003), School choice: a mechanism design approach.
    """
    market = Market.from_columns(
        agent=[0, 1, 1, 2],
        utility=[9, 9, 5, 9],
        option=[0, 1, 2, 3],
        resource=[0, 0, 1, 1],
        amount=[1, 1, 1, 1],
        capacity=[1, 1],
    )
    policy: Policy = Boston()
    found = manipulation(policy, [market])
    assert (found.policy, found.strategy_proof, found.agents, found.by_permuting) == ("Boston", "never", 3, 1)
    assert found.examples[0] == {
        "market": 0,
        "agent": 1,
        "kind": "permuting",
        "reported": [1, 0],
        "before": None,
        "after": 2,
    }


def test_an_optimum_is_manipulated_and_refusals_are_counted() -> None:
    found = manipulation("welfare", sample_markets(2, agents=3, resources=2))
    assert found.strategy_proof == "never"
    market = next(sample_markets(1))
    demand = market.capacity.copy()
    demand[0] = -1
    refused = manipulation("points", [replace(market, capacity=demand)])
    assert (refused.markets, refused.refused, refused.agents, refused.share) == (1, 1, 0, None)


def test_long_lists_are_sampled() -> None:
    market = next(sample_markets(1, agents=2, resources=9, seed=3))
    found = manipulation("points", [market], orders=3)
    assert found.by_either == 0
    assert found.reports < 40
