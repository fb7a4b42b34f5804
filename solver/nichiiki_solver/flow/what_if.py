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
from nichiiki_solver.flow.tight_tree import TightTree, tight_tree
from nichiiki_solver.ragged import Bools, Ints, offsets_of

_NOTHING = (np.zeros(0, dtype=np.int64),) * 3
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
    found = _Answers(columns, proof, changes.count)
    tree = tight_tree(proof)
    found.add(*_same_prices(found, tree, changes), np.arange(changes.count))
    in_tree = changes.cost.case[tree.below[changes.cost.place] >= 0]
    for block in found.open(in_tree):
        found.add(*_moved_prices(found, tree, changes.take(block)), block)
    for block in found.open(np.arange(changes.count)):
        part = changes.take(block)
        found.add(*_by_engine(found, engine, part), block)
        for number, network in zip(block.tolist(), part.each(columns), strict=True):
            if not found.done[number]:
                found.add_alone(number, *_alone(network))
    case, arc, flow = _joined(found.moved)
    order = np.lexsort((arc, case))
    offsets = offsets_of(np.bincount(case, minlength=changes.count))
    return WhatIfs(tuple(found.cost), found.kept, offsets, arc[order], flow[order])


class _Answers:
    """What has been answered so far.

    Parameters
    ----------
    columns, proof
        The network as it stands and its proof.
    count
        Number of cases.
    """

    def __init__(self, columns: Columns, proof: Proof, count: int) -> None:
        self.columns, self.proof = columns, proof
        self.cost: list[int | None] = [None] * count
        self.done, self.kept = np.zeros((2, count), dtype=bool)
        self.moved: list[tuple[Ints, Ints, Ints]] = [_NOTHING]

    def open(self, some: Ints) -> list[Ints]:
        """Cases of some that have no answer yet, in blocks that are checked together."""
        mask = np.zeros(len(self.done), dtype=bool)
        mask[some] = True
        rest = np.flatnonzero(mask & ~self.done)
        step = max(1, BLOCK // max(1, len(self.columns.tail)))
        return [rest[start : start + step] for start in range(0, len(rest), step)]

    def add(self, cases: Cases, potential: Ints | None, number: Ints) -> None:
        """Check some cases and keep those that are proven.

        Parameters
        ----------
        cases, potential
            As for `prove_cases`.
        number
            Of each of the cases.
        """
        proven, total = prove_cases(self.proof, cases, potential)
        for k in np.flatnonzero(proven).tolist():
            self.cost[number[k]] = total[k]
        self.done[number[proven]] = True
        self.kept[number[proven]] = potential is None
        other = proven[cases.case] & (cases.flow != self.proof.flow[cases.arc])
        self.moved.append((number[cases.case[other]], cases.arc[other], cases.flow[other]))

    def add_alone(self, number: int, cost: int | None, flow: Ints | None) -> None:
        """Keep a case that was checked by itself."""
        self.cost[number], self.done[number] = cost, True
        if flow is not None:
            other = np.flatnonzero(flow != self.proof.flow)
            self.moved.append((np.full(len(other), number), other, flow[other]))


def _same_prices(found: _Answers, tree: TightTree, changes: CaseChanges) -> tuple[Cases, None]:
    """Keep all potentials; what nodes send out more runs along the tree."""
    return changes.with_flow(found.columns, found.proof.flow, tree.shift(changes.supply)), None


def _moved_prices(found: _Answers, tree: TightTree, changes: CaseChanges) -> tuple[Cases, Ints]:
    """Move potentials so that the tree is one at the new costs too."""
    cases, _ = _same_prices(found, tree, changes)
    cost = changes.cost
    dearer = Entries(cost.case, cost.place, cost.value - found.columns.cost[cost.place])
    return cases, tree.potentials(found.proof.potential, dearer, changes.count)


def _by_engine(found: _Answers, engine: Simplex, changes: CaseChanges) -> tuple[Cases, Ints]:
    """Solve some cases one after the other; what has no flow or no basis is left as it is, and so is not proven."""
    proof, none = found.proof, np.zeros(0, dtype=np.int64)
    answers = [
        (engine.solve_beside(proof.flow) if engine.change(network) else None) or (none, none, proof.potential)
        for network in changes.each(found.columns)
    ]
    arcs, more, potential = zip(*answers, strict=True)
    case = np.repeat(np.arange(changes.count), [len(some) for some in arcs])
    shift = Entries(case, np.concatenate(arcs), np.concatenate(more))
    return changes.with_flow(found.columns, proof.flow, shift), np.stack(potential)


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
