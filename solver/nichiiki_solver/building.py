"""The instance as built: of its measures those that an allocation takes, and none that is left to be decided."""

from __future__ import annotations

import numpy as np

from nichiiki_models.allocation import Allocation
from nichiiki_models.instance import Instance


def as_built(instance: Instance, allocation: Allocation) -> tuple[Instance, Allocation]:
    """Leave out the measures that an allocation does not take.

    Parameters
    ----------
    instance
        What was allocated.
    allocation
        An allocation of it that passes `verify`.

    Returns
    -------
    instance, allocation
        The instance in which every measure is one that was taken, and the same allocation of it. They stay measures: what
        one adds may count only from some period, and a house that it opens is not `ready` (so its units are none of those
        that a quota reserves), which no cell of another table could say.
    """
    taken = np.sort(instance.measures.find(allocation.measures["measure_id"]))
    if len(taken) == len(instance.measures):
        return instance, allocation
    built = instance.replace(measures=instance.measures.take(taken))
    return built, allocation.replace(instance_hash=built.hash)
