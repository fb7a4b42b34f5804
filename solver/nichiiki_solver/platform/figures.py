"""Figures of a matching on the platform."""

from __future__ import annotations

import numpy as np

from nichiiki_models.instance import Instance
from nichiiki_models.platform import PlatformFigures, PlatformMatching
from nichiiki_solver.verify.platform import blocking_pairs


def evaluate_platform(instance: Instance, matching: PlatformMatching) -> PlatformFigures:
    """Compute the figures of a matching; pairs that contradict the instance are to be found by the check.

    Parameters
    ----------
    instance, matching
        What was matched, and the answer.
    """
    needs, offers = instance.needs, instance.offers
    served = np.isin(needs["need_id"], [pair.need_id for pair in matching.pairs])
    used = np.isin(offers["offer_id"], [pair.offer_id for pair in matching.pairs])
    fields = np.unique(needs["field"]).tolist()
    return PlatformFigures(
        needs=len(needs),
        needs_served=int(served.sum()),
        offers=len(offers),
        offers_used=int(used.sum()),
        pairs=len(matching.pairs),
        need_places=int(needs["capacity"].sum()),
        offer_places=int(offers["capacity"].sum()),
        first_wishes=len({pair.need_id for pair in matching.pairs if pair.need_rank == 1}),
        utility=next((level.objective or 0 for level in matching.levels if level.name == "utility"), 0),
        blocking_pairs=len(blocking_pairs(instance, matching)),
        by_field={
            name: (int((needs["field"] == name).sum()), int((served & (needs["field"] == name)).sum()))
            for name in fields
        },
    )
