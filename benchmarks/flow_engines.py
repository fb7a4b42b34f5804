"""Network simplex and cost scaling on networks of several kinds: ``python -m benchmarks.flow_engines`` prints Markdown.

CPU seconds, the least of two runs, of solving alone, and which of both `Network.solve` takes. Costs are compared.
"""

from __future__ import annotations

from functools import partial

from benchmarks.peers_flow import seconds

from nichiiki_large_networks import map_net, timetable_net, transport_net, two_sided_net
from nichiiki_networks import Net
from nichiiki_solver.flow import scaling
from nichiiki_solver.flow.columns import Columns
from nichiiki_solver.flow.simplex import Simplex

KINDS = {
    "at random, 200 arcs a node": partial(transport_net, 1_000_000, degree=200),
    "at random, 40 arcs a node": partial(transport_net, 1_000_000, degree=40),
    "at random, 20 arcs a node": partial(transport_net, 1_000_000, degree=20),
    "at random, 8 arcs a node": partial(transport_net, 400_000),
    "at random, 8 arcs a node, more": partial(transport_net, 600_000),
    "at random, 8 arcs a node, a million": partial(transport_net, 1_000_000),
    "the same, 3,000 sources": partial(transport_net, 1_000_000, ends=3_000),
    "the same, 30,000 sources": partial(transport_net, 1_000_000, ends=30_000),
    "at random, 4 arcs a node": partial(transport_net, 1_000_000, degree=4),
    "at random, 8 arcs a node, two million": partial(transport_net, 2_000_000),
    "a map": partial(map_net, 170_000),
    "a timetable of 1,500 places": partial(timetable_net, 1_500, 100),
    "two sides": partial(two_sided_net, 90_000, 10),
}


def main() -> None:
    print("| network | nodes | arcs | network simplex | cost scaling | taken |")
    print("| --- | --: | --: | --: | --: | --- |")
    for name, make in KINDS.items():
        net = make()
        columns = Columns(*net)
        tree, tree_cost = seconds(partial(_by_simplex, columns, net), 2)
        pushed, pushed_cost = seconds(partial(_by_scaling, columns, net), 2)
        assert tree_cost == pushed_cost, "the costs differ"
        taken = "cost scaling" if scaling.suits(columns) else "simplex"
        print(
            f"| {name} | {len(net.supply):,} | {len(net.tail):,} | {tree:.2f} | {pushed:.2f} | {taken} |",
            flush=True,
        )


def _by_simplex(columns: Columns, net: Net) -> int:
    flow = Simplex(columns).solve().flow
    assert flow is not None
    return int(net.cost @ flow)


def _by_scaling(columns: Columns, net: Net) -> int:
    found = scaling.find_flow(columns)
    assert found is not None
    return int(net.cost @ found[0])


if __name__ == "__main__":
    main()
