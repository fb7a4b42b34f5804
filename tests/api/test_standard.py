"""Published problems through the face: markets solved by two engines, against enumeration and published values."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

import nichiiki as nk
from nichiiki.market import Market, solve
from nichiiki_models.errors import UsageError
from nichiiki_solver.policies import welfare

DATA = Path(__file__).parents[1] / "data" / "standard"


def enumerated(market: Market) -> int:
    """Best objective over every choice that assigns who must be assigned."""
    order, offsets = market.by_agent
    lists = [
        [*([] if market.must_assign[a] else [-1]), *order[offsets[a] : offsets[a + 1]].tolist()]
        for a in range(market.n_agents)
    ]
    choices = (np.array(point) for point in product(*lists))
    return max(int(market.objectives(c)[0]) for c in choices if market.is_feasible(c))


@pytest.mark.parametrize("small", [3000, -1], ids=["cp-sat", "highs"])
@pytest.mark.parametrize(
    ("file", "form", "how", "value"),
    [
        # OR-Library gap1, problem c515-1: published maximum 336 (Cattrysse, Salomon and Van Wassenhove 1994)
        ("gap1.txt", "gap", {}, 336),
        ("gapsmall.txt", "gap", {}, 138),
        ("gapsmall.txt", "gap", {"index": 1}, 7),
        ("capsmall.txt", "cap", {}, 40.625),
    ],
)
def test_published_values(
    file: str, form: Any, how: dict[str, int], value: float, small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(welfare, "SMALL", small)
    market, sense, offset = nk.read_standard(DATA / file, format=form, **how)  # type: ignore[arg-type]
    outcome = solve(market, time_limit_s=60)
    assert outcome.status == "OPTIMAL"
    assert outcome.objective is not None
    assert sense * outcome.objective + offset == value
    if file != "gap1.txt":
        assert outcome.objective == enumerated(market)


def test_a_customer_without_demand_needs_an_open_warehouse(tmp_path: Path) -> None:
    (tmp_path / "cap.txt").write_text("2 1\n5 10\n5 20\n0\n7 1\n")
    market, sense, _ = nk.read_standard(tmp_path / "cap.txt", format="cap")
    assert sense * solve(market).objective == 17  # type: ignore[operator]


def test_network_has_the_value_of_an_independent_solver() -> None:
    problem, sense, offset = nk.read_standard(DATA / "network.min", format="dimacs-min")
    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph()
    for node, supply in enumerate(problem.supply.tolist()):
        graph.add_node(node, demand=-supply)
    for tail, head, capacity, cost in zip(
        *(column.tolist() for column in list(problem.columns.values())[:4]), strict=True
    ):
        graph.add_edge(tail, head, capacity=capacity, weight=cost)
    # by hand: 3 on 1-3-5 at 8, 1 forced on 2-4 and 2 more there at 6
    assert sense * nx.network_simplex(graph)[0] + offset == 42


@pytest.mark.parametrize(("file", "form"), [("gap1.txt", "gap"), ("capsmall.txt", "cap")])
def test_markets_are_written_and_read_again(file: str, form: Any, tmp_path: Path) -> None:
    found = nk.read_standard(DATA / file, format=form)
    nk.write_standard(found, tmp_path / file, format=form)
    again = nk.read_standard(tmp_path / file, format=form)
    for name in ("agent", "utility", "resource", "amount", "capacity", "must_assign"):
        assert np.array_equal(getattr(again.problem, name), getattr(found.problem, name)), name
    assert again.sense == found.sense


def test_a_market_that_a_format_cannot_say_is_refused(tmp_path: Path) -> None:
    market = Market.from_columns(agent=[0], utility=[1], option=[0], resource=[0], amount=[1], capacity=[1])
    for form in ("gap", "cap"):
        with pytest.raises(UsageError, match=form):
            nk.write_standard((market, 1, 0), tmp_path / "no", format=form)
