"""The best bundle that fits: of one household or of many at once, beside what others hold."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from nichiiki_solver.market import NO_VALUE, Market
from nichiiki_solver.ragged import Bools, Ints, expand_rows, first_of_group
from nichiiki_solver.tree import NO_LIMIT, Tree
from nichiiki_solver.uses import KINDS, Entries

if TYPE_CHECKING:
    from nichiiki_solver.bundles import BundleSource

CHUNK = 64
"""Bundles whose whole use is worked out at a time when one that fits is looked for."""


class Finder:
    """Looks for bundles that fit what is left.

    Parameters
    ----------
    source
        What makes the bundles.
    """

    def __init__(self, source: BundleSource) -> None:
        self._source, self._bundles, self._tree = source, source.bundles, source.tree

    def options_of(self, household: int) -> Market:
        """List all bundles of a household that keep its locks, best first."""
        plenty = np.full(len(self._bundles.uses.resources), NO_LIMIT, dtype=np.int64)
        stays, chosen = self._usable(household, plenty, None)
        kept = self._fit(household, stays, chosen, plenty)
        return self._source.listed(stays[kept], chosen[kept])

    def first_fit(self, household: int, left: Ints, stay_rank: int | None = None) -> Market | None:
        """List the best bundle of a household for which everything is left; None if there is none.

        Parameters
        ----------
        left
            What is left of each resource.
        stay_rank
            Only bundles whose stay has this rank.
        """
        return self.first_fits(np.array([household]), left, stay_rank)[0]

    def first_fits(self, households: Ints, left: Ints, stay_rank: int | None = None) -> list[Market | None]:
        """List for each household what `first_fit` does, were it alone: all at once where the parts of a bundle do not clash.

        Given the stay, slots are sorted apart, so the best of the bundles whose parts fit one by one has in every slot the first
        option that fits. If it fits as a whole, none that fits is better; only otherwise the household's bundles are listed.
        """
        stays, chosen = self._first_by_parts(households, left, stay_rank)
        owner = self._bundles.stays.household[stays]
        sure = self._whole_fits(stays, chosen, left) & ~np.isin(owner, list(self._locks))
        found: dict[int, Market | None] = {
            agent: self._first_of_all(agent, left, stay_rank) for agent in owner[~sure].tolist()
        }
        listed = self._source.listed(stays[sure], chosen[sure])
        found |= {agent: listed.take(np.array([row])) for row, agent in enumerate(listed.agent.tolist())}
        return [found.get(household) for household in households.tolist()]

    def _first_by_parts(self, households: Ints, left: Ints, stay_rank: int | None) -> tuple[Ints, Ints]:
        """Stay and options of the best bundle of each household whose parts fit one by one; households without one are left out."""
        tree, uses = self._tree, self._bundles.uses
        owner, stays = expand_rows(self._source.household_offsets, households)
        fits = _fits(uses.of_stays(stays), len(stays), left)
        if stay_rank is not None:
            fits &= self._bundles.stays.rank[stays] == stay_rank
        owner, stays = owner[fits], stays[fits]
        stay, segment = tree.segments_of(stays)
        slot, option = expand_rows(tree.segments, segment)
        hit = np.flatnonzero(_fits(uses.of_options(option), len(option), left))
        hit = hit[first_of_group(slot[hit])]
        of_stay, depth = stay[slot[hit]], (segment - tree.segment_offsets[tree.group[stays]][stay])[slot[hit]]
        chosen = np.full((len(stays), int(np.bincount(stay).max(initial=0))), -1, dtype=np.int64)
        chosen[of_stay, depth] = option[hit]
        whole = np.bincount(of_stay, minlength=len(stays)) == np.bincount(stay, minlength=len(stays))
        owner, stays, chosen = owner[whole], stays[whole], chosen[whole]
        ranks, ties = self._source.sort_keys(stays, chosen)
        order = np.lexsort([*ties[::-1], *ranks[::-1], owner])
        first = order[first_of_group(owner[order])]
        return stays[first], chosen[first]

    def _first_of_all(self, household: int, left: Ints, stay_rank: int | None) -> Market | None:
        """The best bundle of a household that fits, looked for among all of them."""
        stays, chosen = self._usable(household, left, stay_rank)
        ranks, ties = self._source.sort_keys(stays, chosen)
        order = np.lexsort([*ties[::-1], *ranks[::-1]])
        for start in range(0, len(order), CHUNK):
            rows = order[start : start + CHUNK]
            fits = np.flatnonzero(self._fit(household, stays[rows], chosen[rows], left))
            if len(fits):
                best = rows[fits[:1]]
                return self._source.listed(stays[best], chosen[best])
        return None

    def _usable(self, household: int, left: Ints, stay_rank: int | None) -> tuple[Ints, Ints]:
        """Bundles of a household each part of which, taken alone, still fits."""
        low, high = self._source.stays_of(household)
        whole, uses = self._tree, self._bundles.uses
        group = whole.group[low:high]
        lowest, highest = int(group.min(initial=len(whole.sizes))), int(group.max(initial=-1)) + 1
        first, last = whole.segment_offsets[[lowest, max(lowest, highest)]].tolist()
        start, end = whole.segments[[first, last]].tolist()
        stay_fits = _fits(uses.of_stays(np.arange(low, high)), high - low, left)
        option_fits = _fits(uses.of_options(np.arange(start, end)), end - start, left)
        if stay_rank is not None:
            stay_fits &= self._bundles.stays.rank[low:high] == stay_rank
        tree = Tree(
            group - lowest,
            whole.segment_offsets[lowest : max(lowest, highest) + 1] - first,
            whole.segments[first : last + 1] - start,
        )
        stays, chosen = tree.every(np.where(stay_fits, 0, NO_VALUE), np.where(option_fits, 0, NO_VALUE))
        return stays + low, np.where(chosen >= 0, chosen + start, -1)

    def _whole_fits(self, stays: Ints, chosen: Ints, left: Ints) -> Bools:
        """Whether whole bundles fit what is left."""
        return _fits(self._source.entries(stays, chosen), len(stays), left)

    def _fit(self, household: int, stays: Ints, chosen: Ints, left: Ints) -> Bools:
        """Whether whole bundles fit what is left, and fill the household's locks."""
        fits = self._whole_fits(stays, chosen, left)
        locks = self._locks.get(household, ())
        owner, resource, _ = (
            self._source.entries(stays, chosen) if locks else (stays[:0], stays[:0], stays[:0])
        )
        for lock in locks:
            fits &= np.isin(np.arange(len(stays)), owner[resource == lock])
        return np.asarray(fits)

    @cached_property
    def _locks(self) -> dict[int, list[int]]:
        """Resources that are private demands of a household, by household."""
        resources, instance = self._bundles.uses.resources, self._bundles.instance
        rows = np.flatnonzero(resources.kind == KINDS.index("lock"))
        found: dict[int, list[int]] = {}
        if len(rows):
            owner = instance.households.find(instance.locks["household_id"][resources.thing[rows]])
            for row, household in zip(rows.tolist(), owner.tolist(), strict=True):
                found.setdefault(household, []).append(row)
        return found


def _fits(used: Entries, count: int, left: Ints) -> Bools:
    """Whether everything that each of some rows uses fits what is left; each entry is looked at alone."""
    owner, resource, amount = used
    too_much = amount > np.maximum(left[resource], 0)
    return np.asarray(np.bincount(owner[too_much], minlength=count) == 0)
