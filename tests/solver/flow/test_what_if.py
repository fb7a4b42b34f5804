"""Many small changes at once: each answer is that of a fresh solve, and only what `prove` would prove is proven."""

import os
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nichiiki.flow import Network, WhatIfs, min_cost_flow
from nichiiki_large_networks import transport_net
from nichiiki_models.allocation import Status
from nichiiki_models.errors import MarketError, VerificationError
from nichiiki_networks import Ints, Net, random_net
from nichiiki_solver.flow.cases import Entries, read_cases
from nichiiki_solver.flow.certificate import Proof, prove, prove_cases
from nichiiki_solver.flow.simplex import Answer, Simplex

FULL = os.environ.get("NICHIIKI_FULL") == "1"
SEEDS = 3000 if FULL else 50
CASES = 12


def random_cases(rng: np.random.Generator, net: Net, *, lowest: int) -> dict[str, list[dict[int, int]]]:
    """Changes of a few arcs and nodes; in some cases of nothing, in some of all kinds."""
    arcs, nodes = len(net.tail), len(net.supply)
    cases: dict[str, list[dict[int, int]]] = {"cost": [], "capacity": [], "supply": []}
    for _ in range(CASES):
        for name, low in (("cost", lowest), ("capacity", 0)):
            some = rng.integers(0, arcs, rng.integers(0, 3)).tolist() if arcs else []
            cases[name].append({arc: int(rng.integers(low, 8)) for arc in some})
        one, other = rng.integers(0, nodes, 2).tolist()
        units = int(rng.integers(-2, 3))
        sent = {one: int(net.supply[one]) + units, other: int(net.supply[other]) - units}
        cases["supply"].append(sent if one != other and rng.random() < 0.5 else {})
    return cases


def network_of(net: Net, cases: dict[str, list[dict[int, int]]], case: int) -> Net:
    columns = {name: column.copy() for name, column in net._asdict().items()}
    for name, changes in cases.items():
        for place, value in changes[case].items():
            columns[name][place] = value
    return Net(**columns)


def flow_of(found: WhatIfs, case: int, now: Ints) -> Ints:
    flow, some = now.copy(), slice(found.offsets[case], found.offsets[case + 1])
    flow[found.arcs[some]] = found.flow[some]
    return flow


def test_each_case_costs_what_a_fresh_solve_says_and_its_flow_is_one() -> None:
    kept = met = without = 0
    for seed in range(SEEDS):
        rng, net = np.random.default_rng(seed), random_net(seed)
        network = Network(*net)
        now = network.solve().flow
        if now is None:
            continue
        cases = random_cases(rng, net, lowest=-3 if seed % 2 else 0)
        found = network.what_if(**cases)
        for case in range(CASES):
            changed = network_of(net, cases, case)
            again = min_cost_flow(*changed)
            assert (found.cost[case], found.status[case]) == (again.cost, again.status), (seed, case)
            without += again.cost is None
            if again.cost is None:
                continue
            flow = flow_of(found, case, now)
            assert int(flow @ changed.cost) == again.cost
            assert ((flow >= 0) & (flow <= changed.capacity)).all()
            nodes = len(net.supply)
            sent = np.bincount(net.tail, flow, nodes) - np.bincount(net.head, flow, nodes)
            assert (sent == changed.supply).all()
        met += CASES
        kept += int(found.kept.sum())
    assert met / 3 < kept < met * 0.95
    assert without > met / 50


def test_the_network_stays_as_it_is() -> None:
    net = transport_net(400)
    network = Network(*net)
    before = network.solve()
    rng = np.random.default_rng(0)
    network.what_if(cost=[{int(arc): int(rng.integers(1, 9999))} for arc in rng.integers(0, 400, 50)])
    assert network.resolve().cost == before.cost
    assert network.resolve(cost={3: 1}).cost == min_cost_flow(*network_of(net, {"cost": [{3: 1}]}, 0)).cost


def test_units_more_and_less_cost_what_potentials_say_where_there_is_no_kink() -> None:
    """The marginal cost of a pair is the difference of potentials, and on a network of chance there are few kinks."""
    net = transport_net(800)
    network = Network(*net)
    base = network.solve()
    assert base.potential is not None and base.cost is not None
    source, sink = np.flatnonzero(net.supply > 0), np.flatnonzero(net.supply < 0)
    pairs = [(s, t) for s in source.tolist() for t in sink.tolist()]
    units = {
        sign: [{s: int(net.supply[s]) + sign, t: int(net.supply[t]) - sign} for s, t in pairs]
        for sign in (-1, 1)
    }
    more, less = network.what_if(supply=units[1]), network.what_if(supply=units[-1])
    smooth = 0
    for k, (s, t) in enumerate(pairs):
        middle = int(base.potential[t] - base.potential[s])
        dearer, cheaper = more.cost[k], less.cost[k]
        assert cheaper is not None  # what is carried can be carried without one of its units
        left = base.cost - cheaper
        right = np.inf if dearer is None else dearer - base.cost
        assert left <= middle <= right
        smooth += left == right
    assert smooth > len(pairs) / 2


def test_prices_that_change_little_need_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A yen more on each arc alone: potentials stay, or move beyond the arc; only where the flow moves is the engine asked."""
    net = transport_net(800)
    network = Network(*net)
    network.solve()
    asked, solve = [], Simplex.solve_beside

    def counted(engine: Simplex, flow: Ints) -> Any:
        asked.append(flow)
        return solve(engine, flow)

    monkeypatch.setattr(Simplex, "solve_beside", counted)
    cases = [{arc: int(net.cost[arc]) + 1} for arc in range(len(net.tail))]
    found = network.what_if(cost=cases)
    in_use = 0
    for arc in range(0, len(net.tail), 7):
        assert found.cost[arc] == min_cost_flow(*network_of(net, {"cost": cases}, arc)).cost
        in_use += not found.kept[arc]
    assert in_use > 0
    assert len(asked) < int((~found.kept).sum()) / 2


@given(seed=st.integers(0, 10**6), planted=st.booleans(), others=st.booleans())
def test_only_what_the_whole_check_proves_is_proven(seed: int, planted: bool, others: bool) -> None:
    """Flows and potentials of each case, true or with something planted: the verdict and the cost are those of `prove`."""
    rng, net = np.random.default_rng(seed), random_net(seed)
    found = min_cost_flow(*net)
    if found.flow is None or found.potential is None or found.cost is None:
        return
    proof = Proof(*net, found.flow, found.potential, found.cost)
    cases = random_cases(rng, net, lowest=-3)
    try:
        changes = read_cases(
            Network(*net)._columns, cost=cases["cost"], capacity=cases["capacity"], supply=cases["supply"]
        )
    except MarketError:
        return
    networks = [network_of(net, cases, case) for case in range(CASES)]
    answers = [min_cost_flow(*network) for network in networks]
    flow = np.stack([proof.flow if answer.flow is None else answer.flow for answer in answers])
    potential = np.stack(
        [proof.potential if answer.potential is None else answer.potential for answer in answers]
    )
    if planted and flow.size:
        flow += rng.integers(-1, 2, flow.shape) * (rng.random(flow.shape) < 0.05)
        potential += rng.integers(-1, 2, potential.shape) * (rng.random(potential.shape) < 0.05)
    case, arc = (flow - proof.flow).nonzero()
    shift = Entries(case, arc, (flow - proof.flow)[case, arc])
    joined = changes.with_flow(Network(*net)._columns, proof.flow, shift)
    proven, total = prove_cases(proof, joined, potential if others else None)
    for k, network in enumerate(networks):
        whole, faults = prove(Proof(*network, flow[k], potential[k] if others else proof.potential))
        assert bool(proven[k]) == (not faults)
        assert total[k] == whole.total or faults


def test_huge_amounts_are_priced_exactly() -> None:
    big = 10**16
    network = Network(
        [0, 0, 1], [1, 2, 2], [3 * big, 3 * big, 5 * big], [1000, 3000, 5000], [5 * big, 0, -5 * big]
    )
    more = {0: 6 * big, 2: -6 * big}
    assert network.what_if(supply=[more, {}], cost=[{}, {0: 2000}]).cost == (27_000 * big, 23_000 * big)


def test_a_case_without_a_flow_has_no_cost() -> None:
    network = Network([0, 0, 1], [1, 2, 2], [3, 3, 5], [1, 3, 5], [5, 0, -5])
    found = network.what_if(capacity=[{1: 1}, {1: 2}, {}])
    assert found.cost == (None, 24, 21)
    assert found.status == (Status.INFEASIBLE, Status.OPTIMAL, Status.OPTIMAL)
    assert found.offsets.tolist() == [0, 0, 3, 3] and len(found) == 3


def test_no_cases_are_no_answers() -> None:
    network = Network([0], [1], [3], [1], [2, -2])
    assert len(network.what_if()) == len(network.what_if(cost=[])) == 0


@pytest.mark.parametrize(
    ("cases", "message"),
    [
        ({"cost": [{}, {7: 1}]}, r"case 1: cost: there is no arc 7; arcs are 0 … 1"),
        ({"capacity": [{0: -1}]}, r"case 0: capacity: arc 0 has -1; give 0 or more"),
        ({"supply": [{}, {}, {0: 3}]}, r"case 2: supply: the 3 nodes sum to 1, not 0"),
        ({"supply": [{9: 3}]}, r"case 0: supply: there is no node 9"),
        ({"cost": [{0: 2**60}]}, r"case 0: cost: arc 0 has 1152921504606846976; with 3 nodes at most"),
        ({"cost": [{0: -1}], "capacity": [{0: 2**62}]}, r"case 0: capacity: arc 0 has a negative cost"),
        ({"cost": [{0: 1.5}]}, r"cost: whole numbers of 64 bits are needed"),
        ({"cost": [{}], "supply": [{}, {}]}, r"what_if: \{'cost': 1, 'supply': 2\} cases; give each kind"),
    ],
)
def test_bad_cases_are_refused(cases: dict[str, Any], message: str) -> None:
    network = Network([0, 1], [1, 2], [3, 3], [1, 2], [2, 0, -2])
    with pytest.raises(MarketError, match=message):
        network.what_if(**cases)


def test_a_network_without_a_flow_has_nothing_to_compare_with() -> None:
    with pytest.raises(MarketError, match="no flow to compare with; use resolve"):
        Network([0], [1], [1], [1], [2, -2]).what_if(cost=[{0: 2}])


def test_an_engine_that_errs_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong answer is solved afresh; if that is wrong too, nothing is returned."""
    network = Network([0, 0, 1], [1, 2, 2], [3, 3, 5], [1, 3, 5], [5, 0, -5])
    network.solve()
    nothing = np.zeros(3, dtype=np.int64)
    monkeypatch.setattr(Simplex, "solve_beside", lambda self, flow: (np.array([0]), np.array([1]), nothing))
    assert network.what_if(cost=[{1: 9}]).cost == (
        min_cost_flow([0, 0, 1], [1, 2, 2], [3, 3, 5], [1, 9, 5], [5, 0, -5]).cost,
    )
    monkeypatch.setattr(Simplex, "solve", lambda self: Answer(flow=nothing, potential=nothing))
    with pytest.raises(VerificationError):
        network.what_if(cost=[{1: 9}])
