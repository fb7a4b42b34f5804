"""The menu: what every household may choose from, in as few numbers as prices need.

At any prices two options of equal worth and equal uses have the same value, and two slots with the same options have the same
best one. There are many of either: the houses of a town lead to the same schools, and neighbours wish for the same roles. So each
is kept once, and a pass over the menu costs what differs (5,000 generated households: 47,587 options of 324,031).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nichiiki_solver.market import NO_VALUE
from nichiiki_solver.ragged import (
    Ints,
    Sparse,
    expand_rows,
    first_of_group,
    offsets_of,
    ones_of,
    segment_max,
    unique_ragged,
)

NEVER = NO_VALUE // 64
"""Value of a slot without options: below any other, and safe to add up over the slots of a stay."""


@dataclass(frozen=True)
class Seen:
    """Values at some prices: of the distinct options, of the best one of each distinct slot, of the best bundle of each stay."""

    option: Ints
    best: Ints
    total: Ints


@dataclass(frozen=True)
class Menu:
    """Stays, the slots of each, and the options of each slot; equal options and equal slots are kept once.

    Attributes
    ----------
    stay_offsets
        Stays of household h are ``stay_offsets[h]`` … ``stay_offsets[h + 1] - 1``.
    stay_terms, stay_uses, stay_class
        Of each stay: levels × stays, what it adds to the objective; the classes of `Uses` that it uses (CSR).
    stay_group
        Group of each stay: stays of a group have the same slots.
    slot_offsets, slot
        Distinct slots of each group (CSR).
    list_offsets, entry
        Distinct options of each distinct slot (CSR), in the order of the slot's options.
    option_terms, option_uses, option_class
        Of each distinct option, as for stays.
    """

    stay_offsets: Ints
    stay_terms: Ints
    stay_uses: Ints
    stay_class: Ints
    stay_group: Ints
    slot_offsets: Ints
    slot: Ints
    list_offsets: Ints
    entry: Ints
    option_terms: Ints
    option_uses: Ints
    option_class: Ints

    @cached_property
    def household(self) -> Ints:
        """Household of each stay."""
        return np.repeat(np.arange(len(self.stay_offsets) - 1), np.diff(self.stay_offsets))

    @cached_property
    def _slots(self) -> Sparse:
        return ones_of(self.slot_offsets, self.slot, len(self.list_offsets) - 1)

    def classes(self, width: int) -> tuple[Sparse, Sparse]:
        """How often each stay, and each distinct option, has each of so many classes."""
        return (
            ones_of(self.stay_uses, self.stay_class, width),
            ones_of(self.option_uses, self.option_class, width),
        )

    def see(self, weights: Ints, of_class: Ints, classes: tuple[Sparse, Sparse]) -> Seen:
        """Work out the values of everything where a class costs `of_class`."""
        stay, option = classes
        values = weights @ self.option_terms - option @ of_class
        best = np.maximum(segment_max(values[self.entry], self.list_offsets, NO_VALUE), NEVER)
        total = weights @ self.stay_terms - stay @ of_class
        return Seen(values, best, total + (self._slots @ best)[self.stay_group])

    def picks(self, stays: Ints, seen: Seen) -> tuple[Ints, Ints, Ints]:
        """Find the first best option of each slot of some stays.

        Returns
        -------
        owner, slot, place
            Number in `stays`, position in `slot`, and the option's place in the slot.
        """
        owner, slot = expand_rows(self.slot_offsets, self.stay_group[stays])
        which = self.slot[slot]
        i, entry = expand_rows(self.list_offsets, which)
        hit = np.flatnonzero(seen.option[self.entry[entry]] == seen.best[which[i]])
        first = hit[first_of_group(i[hit])] if len(hit) else hit
        return owner, slot, entry[first] - self.list_offsets[which]


@dataclass(frozen=True)
class Distinct:
    """Which distinct option each option is, and a menu of them."""

    menu: Menu
    of_option: Ints


def make_menu(
    stay_offsets: Ints,
    stays: tuple[Ints, Ints, Ints],
    stay_group: Ints,
    segment_offsets: Ints,
    segments: Ints,
    options: tuple[Ints, Ints, Ints],
) -> Distinct:
    """Make a menu of stays, the options of each of their slots, and what they use.

    Parameters
    ----------
    stay_offsets
        Stays of each household.
    stays, options
        Terms (levels × pieces), and classes (offsets, values) of each.
    stay_group
        Group of each stay.
    segment_offsets, segments
        Slots of each group, and options of each slot.
    """
    terms, uses, classes = options
    kind, same = _distinct_options(terms, uses, classes)
    first, slot = unique_ragged(segments, same)
    lists = expand_rows(segments, first)
    option_uses = expand_rows(uses, kind)
    return Distinct(
        Menu(
            stay_offsets,
            *stays,
            stay_group,
            segment_offsets,
            slot,
            offsets_of(np.diff(segments)[first]),
            same[lists[1]],
            terms[:, kind],
            offsets_of(np.diff(uses)[kind]),
            classes[option_uses[1]],
        ),
        same,
    )


def _distinct_options(terms: Ints, uses: Ints, classes: Ints) -> tuple[Ints, Ints]:
    """Number options by classes and terms."""
    size = np.diff(uses)
    levels = len(terms)
    owner = np.repeat(np.arange(len(size)), size)
    place = np.arange(len(owner)) + levels * (owner + 1)
    offsets = uses + levels * np.arange(len(uses))
    both = np.empty(len(classes) + terms.size, dtype=np.int64)
    both[place] = classes
    for level, row in enumerate(terms):
        both[offsets[:-1] + level] = row
    return unique_ragged(offsets, both)
