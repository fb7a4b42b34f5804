"""Answers to many small changes of one network: by the proof at hand where it holds, else by the engine, all checked together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nichiiki_models.allocation import Status
from nichiiki_models.errors import VerificationError
from nichiiki_solver.flow.cases import CaseChanges, Entries
from nichiiki_solver.flow.certificate import Cases, Proof, find_cut_violations, prove, prove_cases
from nichiiki_solver.flow.columns import Columns
from nichiiki_solver.flow.simplex import Simplex
from nichiiki_solver.flow.tight_tree import tight_tree
from nichiiki_solver.ragged import Bools, Ints, offsets_of

BLOCK = 1 << 16
"""So many arcs are checked together: they stay in the processor's cache."""


@dataclass(frozen=True, eq=False)
class WhatIfs:
    """What would be, in each of many cases.

    Attributes
    ----------
    cost
        Cost of a cheapest flow in each case; None where there is no flow.
    kept
        Whether the potentials of the network as it stands prove the case, so that prices stay what they are.
    offsets, arcs, flow
        Arcs that carry something else than now and what they carry, by case (CSR); none where there is no flow.
    """

    cost: tuple[int | None, ...]
    kept: Bools
    offsets: Ints
    arcs: Ints
    flow: Ints

    def __len__(self) -> int:
        """Number of cases."""
        return len(self.cost)

    @property
    def status(self) -> tuple[Status, ...]:
        """OPTIMAL or INFEASIBLE, of each case."""
        return tuple(Status.INFEASIBLE if cost is None else Status.OPTIMAL for cost in self.cost)


def answer_cases(columns: Columns, proof: Proof, engine: Simplex, changes: CaseChanges) -> WhatIfs:
    """Find a cheapest flow of each case.

    Parameters
    ----------
    columns, proof
        The network as it stands and its proof.
    engine
        Where it was solved; its basis moves.
    changes
        The cases.

    Raises
    ------
    VerificationError
        If an answer fails its check.
    """
    none = Entries(*np.zeros((3, 0), dtype=np.int64))
    shift = tight_tree(proof).shift(changes.supply) if len(changes.supply.case) else none
    cases = changes.with_flow(columns, proof.flow, shift)
    kept, total = prove_cases(proof, cases)
    cost: list[int | None] = list(total)
    flows = [_moved(proof, cases, kept, np.arange(changes.count))]
    rest = np.flatnonzero(~kept)
    step = max(1, BLOCK // max(1, len(columns.tail)))
    for start in range(0, len(rest), step):
        block = rest[start : start + step]
        found, moved = _by_engine(columns, proof, engine, changes.take(block), block)
        for case, value in zip(block.tolist(), found, strict=True):
            cost[case] = value
        flows.append(moved)
    case, arc, flow = _joined(flows)
    order = np.lexsort((arc, case))
    offsets = offsets_of(np.bincount(case, minlength=changes.count))
    return WhatIfs(tuple(cost), kept, offsets, arc[order], flow[order])


def _moved(proof: Proof, cases: Cases, proven: Bools, number: Ints) -> tuple[Ints, Ints, Ints]:
    """Case, arc and flow where something else runs than in the proof, of the cases that are proven."""
    other = proven[cases.case] & (cases.flow != proof.flow[cases.arc])
    return number[cases.case[other]], cases.arc[other], cases.flow[other]


def _by_engine(
    columns: Columns, proof: Proof, engine: Simplex, changes: CaseChanges, number: Ints
) -> tuple[list[int | None], tuple[Ints, Ints, Ints]]:
    """Solve some cases one after the other and check them together; what is not proven is solved from scratch."""
    networks = list(changes.each(columns))
    none = np.zeros(0, dtype=np.int64)
    answers = [
        (engine.solve_beside(proof.flow) if engine.change(network) else None) or (none, none, proof.potential)
        for network in networks
    ]
    arcs, more, potential = zip(*answers, strict=True)
    case = np.repeat(np.arange(changes.count), [len(some) for some in arcs])
    shift = Entries(case, np.concatenate(arcs), np.concatenate(more))
    cases = changes.with_flow(columns, proof.flow, shift)
    proven, total = prove_cases(proof, cases, np.stack(potential))
    cost: list[int | None] = list(total)
    moved = [_moved(proof, cases, proven, number)]
    for k in np.flatnonzero(~proven).tolist():
        cost[k], flow = _alone(networks[k])
        if flow is not None:
            other = np.flatnonzero(flow != proof.flow)
            moved.append((np.full(len(other), number[k]), other, flow[other]))
    return cost, _joined(moved)


def _joined(parts: list[tuple[Ints, Ints, Ints]]) -> tuple[Ints, Ints, Ints]:
    first, second, third = zip(*parts, strict=True)
    return np.concatenate(first), np.concatenate(second), np.concatenate(third)


def _alone(network: Columns) -> tuple[int | None, Ints | None]:
    """Cost and flow of one case from scratch, checked by itself; None, None if there is no flow.

    Raises
    ------
    VerificationError
        If the answer fails its check.
    """
    answer = Simplex(network).solve()
    ends = network.tail, network.head, network.capacity
    if answer.flow is None or answer.potential is None:
        cut = np.zeros(0, dtype=np.int64) if answer.cut is None else answer.cut
        total, faults = None, find_cut_violations(*ends, network.supply, cut=cut)
    else:
        proof, faults = prove(Proof(*ends, network.cost, network.supply, answer.flow, answer.potential))
        total = proof.total
    if faults:
        raise VerificationError(faults)
    return total, answer.flow
