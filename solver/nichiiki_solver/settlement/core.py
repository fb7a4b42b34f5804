"""Whether operators would do better alone, for any number of them.

In the game of fees a coalition is worth the fees whose members all belong to it. The coalition that gains most by leaving
chooses operators, and fees all of whose members it has chosen: a closure of largest weight, whose linear program has whole
corners (Picard, *Maximal closure of a graph and applications to combinatorial problems*, 1976).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from nichiiki_solver.flow.shortest import Floats
from nichiiki_solver.ragged import Bools, Ints


def best_coalition(fees: Ints, members: Bools, share: Floats) -> tuple[Bools, float]:
    """Return the coalition that gains most by leaving, and what it gains.

    Parameters
    ----------
    fees
        Yen each.
    members
        Fees x operators: whom each fee belongs to, somebody each.
    share
        What each operator gets.

    Returns
    -------
    coalition, gain
        Mask of operators, nobody and 0 if none gains.
    """
    kinds, kind = np.unique(members, axis=0, return_inverse=True)
    worth = np.bincount(kind.reshape(-1), weights=fees, minlength=len(kinds))
    row, operator = np.nonzero(kinds)
    size, operators = len(kinds), members.shape[1]
    number = np.arange(len(row))
    needs = csr_array(
        (
            np.repeat([1.0, -1.0], len(row)),
            (np.tile(number, 2), np.concatenate((row, size + operator))),
        ),
        shape=(len(row), size + operators),
    )
    result: Any = linprog(  # type: ignore[call-overload]  # the stubs know no sparse arrays
        np.concatenate((-worth, share)),
        A_ub=needs,
        b_ub=np.zeros(len(row)),
        bounds=(0, 1),
        method="highs-ds",
    )
    inside = result.x[size:] > 0.5
    own = ~(kinds & ~inside).any(axis=1)
    return inside, float(worth[own].sum() - share[inside].sum())
