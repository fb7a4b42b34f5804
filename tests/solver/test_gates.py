"""Gates as columns: which options have to do with a resource."""

import numpy as np
import pytest

from nichiiki_solver.gates import Gates


@pytest.mark.parametrize("seed", range(20))
def test_options_are_found_by_what_they_use_or_supply(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 4, 9)
    entries = int(counts.sum())
    gates = Gates(
        agent=np.arange(9),
        plan=np.full(9, -1),
        offsets=np.append(0, np.cumsum(counts)),
        resource=rng.integers(0, 6, entries),
        amount=rng.choice([-1, 2], entries),
    )
    asked = rng.random(6) < 0.4
    uses = [gates.resource[gates.offsets[row] : gates.offsets[row + 1]] for row in range(9)]
    assert gates.at(asked).tolist() == [row for row in range(9) if asked[uses[row]].any()]
    assert gates.of_entry.tolist() == [row for row in range(9) for _ in range(counts[row])]
