"""Further rows that no allocation breaks but the linear program's fractions do; they bring the bound down.

Three families, each stated as resources of the same bundles, so that prices, bound and exact search take them as they are:

Rounded rows
    From Σ a_j x_j ≤ b with a ≥ 0 follows Σ ⌊a_j / d⌋ x_j ≤ ⌊b / d⌋: two stays of two units do not fit in three.
Gate rows
    What is only there if a gate opens it, one slot (or one household's stay) can use only if the gate is taken as a whole:
    Σ x ≤ Σ y over the slot's options that use the resource and the gates that supply it. Without them a third of a role
    runs for one person where it needs three.
Clique rows
    At two resources of one unit stays exclude each other that use both; so do they and one household's stays that use either.

Source: Chvátal (1973), Edmonds polytopes and a hierarchy of combinatorial problems; Padberg (1973), On the facial structure of set
packing polyhedra.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nichiiki_solver.bundles import Bundles, BundleSource
from nichiiki_solver.gates import Gates
from nichiiki_solver.market import Market
from nichiiki_solver.ragged import (
    Array,
    Bools,
    Floats,
    Ints,
    expand_rows,
    group,
    join,
    offsets_of,
    unique_ragged,
    unique_rows,
)
from nichiiki_solver.uses import KINDS, Resources, Uses

MOST_FITTING = 8
"""Rounded rows are made where at most so many of the divided amount fit: with more the rounding gains little."""
SMALLEST_SCALE = 1e-30
LEAST_VIOLATION = 0.05
"""By how much a fraction must break a row for it to be added."""


@dataclass(frozen=True)
class Rows:
    """Further resources: what each is about, its capacity, and which stays, options and gates use how much.

    Attributes
    ----------
    base
        Resource after which each is named.
    capacity
        Of each row.
    stays, options, gates
        Entries: row, piece, amount.
    """

    base: Ints
    capacity: Ints
    stays: tuple[Ints, Ints, Ints]
    options: tuple[Ints, Ints, Ints]
    gates: tuple[Ints, Ints, Ints]

    def __len__(self) -> int:
        return len(self.base)


def with_rows(source: BundleSource, rows: Rows) -> BundleSource:
    """Return a source of the same bundles whose resources include some rows."""
    bundles, uses = source.bundles, source.bundles.uses
    first = len(uses.resources)
    sizes = (len(bundles.stays), len(bundles.options))
    class_of_stay, by_stay = _own_classes(rows.stays, sizes[0])
    class_of_option, by_option = _own_classes(rows.options, sizes[1])
    known = len(uses.class_offsets) - 1
    stay_offsets, stay_class = _appended(uses.stay_offsets, uses.stay_class, class_of_stay, known)
    option_offsets, option_class = _appended(
        uses.option_offsets, uses.option_class, class_of_option, known + len(by_stay.counts)
    )
    counts = [np.diff(uses.class_offsets), by_stay.counts, by_option.counts]
    changed = replace(
        uses,
        resources=_longer(uses.resources, rows.base, rows.capacity),
        class_offsets=offsets_of(np.concatenate(counts)),
        resource=np.concatenate((uses.resource, first + by_stay.row, first + by_option.row)),
        amount=np.concatenate((uses.amount, by_stay.amount, by_option.amount)),
        stay_offsets=stay_offsets,
        stay_class=stay_class,
        option_offsets=option_offsets,
        option_class=option_class,
        gates=_with_gate_entries(uses.gates, first, rows.gates),
    )
    return BundleSource(replace(bundles, uses=changed))


@dataclass(frozen=True)
class _Grouped:
    counts: Ints
    row: Ints
    amount: Ints


def _own_classes(entries: tuple[Ints, Ints, Ints], size: int) -> tuple[tuple[Ints, Ints], _Grouped]:
    """Make a class of the entries of each piece, once where they are equal: the pieces, their classes, what classes hold."""
    row, piece, amount = entries
    order = np.lexsort((row, piece))
    counts = np.bincount(piece, minlength=size)
    pieces = np.flatnonzero(counts)
    offsets, row, amount = offsets_of(counts[pieces]), row[order], amount[order]
    first, number = unique_ragged(offsets, row, amount)
    kept = expand_rows(offsets, first)[1]
    return (pieces, number), _Grouped(counts[pieces][first], row[kept], amount[kept])


def _appended(offsets: Ints, classes: Ints, pieces: tuple[Ints, Ints], first: int) -> tuple[Ints, Ints]:
    """Append to each of some rows of classes one more class, numbered from `first`."""
    more = np.zeros(len(offsets) - 1, dtype=np.int64)
    more[pieces[0]] = 1
    return offsets + offsets_of(more), np.insert(classes, offsets[pieces[0] + 1], first + pieces[1])


def _longer(resources: Resources, base: Ints, capacity: Ints) -> Resources:
    return Resources(
        kind=np.append(resources.kind, resources.kind[base]),
        thing=np.append(resources.thing, resources.thing[base]),
        period=np.append(resources.period, resources.period[base]),
        capacity=np.append(resources.capacity, capacity),
    )


def _with_gate_entries(gates: Gates, first: int, entries: tuple[Ints, Ints, Ints]) -> Gates:
    row, option, amount = entries
    owner = np.concatenate((gates.of_entry, option))
    order, offsets = group(owner, len(gates))
    return replace(
        gates,
        offsets=offsets,
        resource=np.concatenate((gates.resource, first + row))[order],
        amount=np.concatenate((gates.amount, amount))[order],
    )


NOTHING = (np.zeros(0, dtype=np.int64),) * 3


def with_rounded_rows(source: BundleSource) -> BundleSource:
    """Return a source of the same bundles with the rounded rows of every resource that is never supplied."""
    uses = source.bundles.uses
    base, divisor = _divisors(uses)
    if not len(base):
        return source
    row, entry = join(base, uses.resource, len(uses.resources))
    amount = uses.amount[entry] // divisor[row]
    row, entry, amount = row[amount > 0], entry[amount > 0], amount[amount > 0]
    size = len(uses.class_offsets) - 1
    owners = np.concatenate((np.repeat(np.arange(size), np.diff(uses.class_offsets)), _owner_of(uses, entry)))
    order, offsets = group(owners, size)
    changed = replace(
        uses,
        resources=_longer(uses.resources, base, uses.resources.capacity[base] // divisor),
        class_offsets=offsets,
        resource=np.concatenate((uses.resource, len(uses.resources) + row))[order],
        amount=np.concatenate((uses.amount, amount))[order],
    )
    return BundleSource(replace(source.bundles, uses=changed))


def _owner_of(uses: Uses, entry: Ints) -> Ints:
    """Class of each entry."""
    return np.searchsorted(uses.class_offsets, entry, side="right") - 1


def _supplied(uses: Uses) -> Bools:
    """Resources that something supplies."""
    supplied = np.zeros(len(uses.resources), dtype=bool)
    supplied[uses.resource[uses.amount < 0]] = True
    supplied[uses.gates.resource[uses.gates.amount < 0]] = True
    return supplied


def _divisors(uses: Uses) -> tuple[Ints, Ints]:
    """Resource and divisor of each rounded row that says more than the row itself."""
    limit = uses.resources.capacity
    here = np.flatnonzero(
        ~_supplied(uses)[uses.resource] & (uses.amount > 1) & (uses.amount <= limit[uses.resource])
    )
    (base, divisor), _ = unique_rows(uses.resource[here], uses.amount[here])
    kept = (limit[base] % divisor > 0) & (limit[base] // divisor <= MOST_FITTING)
    return base[kept], divisor[kept]


# What a fractional solution breaks


def violated_rows(source: BundleSource, taken: Taken) -> Rows | None:
    """Find gate and clique rows that a fractional solution breaks; None if there are none."""
    found = [_gate_rows(source.bundles, taken), _clique_rows(source.bundles, taken)]
    found = [rows for rows in found if len(rows)]
    return _joined(found) if found else None


def _joined(parts: list[Rows]) -> Rows:
    shifts = np.cumsum([0, *map(len, parts)])[:-1].tolist()

    def entries(name: str) -> tuple[Ints, Ints, Ints]:
        columns = [getattr(rows, name) for rows in parts]
        row = np.concatenate([shift + c[0] for shift, c in zip(shifts, columns, strict=True)])
        return row, np.concatenate([c[1] for c in columns]), np.concatenate([c[2] for c in columns])

    return Rows(
        np.concatenate([rows.base for rows in parts]),
        np.concatenate([rows.capacity for rows in parts]),
        entries("stays"),
        entries("options"),
        entries("gates"),
    )


@dataclass
class Taken:
    """How much of each stay, option and gate a fractional solution takes."""

    stay: Floats
    option: Floats
    gate: Floats

    @classmethod
    def nothing(cls, bundles: Bundles) -> Taken:
        """Return the solution that takes nothing."""
        sizes = (len(bundles.stays), len(bundles.options), len(bundles.uses.gates))
        return cls(*(np.zeros(size) for size in sizes))

    @classmethod
    def of(cls, bundles: Bundles, columns: Market, share: Floats) -> Taken:
        """Add up shares of bundles and gates."""
        taken = cls.nothing(bundles)
        stays, chosen = columns.labels["stay"], columns.labels["chosen"]
        mine, there = stays >= 0, chosen >= 0
        np.add.at(taken.stay, stays[mine], share[mine])
        np.add.at(taken.option, chosen[there], np.broadcast_to(share[:, None], chosen.shape)[there])
        taken.gate = share[~mine]  # gates keep their order in every market of bundles
        return taken


@dataclass
class Mean:
    """A running mean of what was asked for: each answer weighs a fixed share of what came before it.

    What was asked before is not made less at every step: what is new is made more instead, and all is scaled when it is read.
    """

    sums: Taken
    scale: float = 1.0

    def mix(self, asked: tuple[Ints, Ints, Ints], weight: float) -> None:
        """Move the mean by a weight towards what was asked for."""
        self.scale *= 1 - weight
        for share, pieces in zip(self._shares(), asked, strict=True):
            share[pieces] += weight / self.scale
        if self.scale < SMALLEST_SCALE:
            self.sums, self.scale = self.taken(), 1.0

    def taken(self) -> Taken:
        """Return the mean."""
        return Taken(*(share * self.scale for share in self._shares()))

    def _shares(self) -> tuple[Floats, Floats, Floats]:
        return self.sums.stay, self.sums.option, self.sums.gate


def _gate_rows(bundles: Bundles, taken: Taken) -> Rows:
    uses, gates = bundles.uses, bundles.uses.gates
    opened = _opened(uses)
    supply = np.zeros(len(opened))
    of_gate = gates.of_entry
    supplies = (gates.amount < 0) & opened[gates.resource]
    np.add.at(supply, gates.resource[supplies], taken.gate[of_gate[supplies]])
    option, resource = _users(uses, uses.option_offsets, uses.option_class, taken.option, opened)
    stay, at = _users(uses, uses.stay_offsets, uses.stay_class, taken.stay, opened)
    slot = bundles.options.slot[option]
    by_slot, use_slot = _asked(slot, resource, taken.option[option], supply)
    by_home, use_home = _asked(bundles.stays.household[stay], at, taken.stay[stay], supply)
    option_row, option_piece = _all_users(
        uses, uses.option_offsets, uses.option_class, bundles.options.slot, by_slot, use_slot
    )
    stay_row, stay_piece = _all_users(
        uses, uses.stay_offsets, uses.stay_class, bundles.stays.household, by_home, use_home
    )
    base = np.concatenate((use_slot, use_home))
    row, entry = join(base, np.where(supplies, gates.resource, len(opened)), len(opened) + 1)
    return Rows(
        base,
        np.zeros(len(base), dtype=np.int64),
        (len(by_slot) + stay_row, stay_piece, np.ones(len(stay_row), dtype=np.int64)),
        (option_row, option_piece, np.ones(len(option_row), dtype=np.int64)),
        (row, of_gate[entry], np.full(len(row), -1)),
    )


def _opened(uses: Uses) -> Bools:
    """Resources that are there only if a gate opens them: no capacity, used by pieces, supplied by gates alone."""
    opened = np.zeros(len(uses.resources), dtype=bool)
    opened[uses.gates.resource[uses.gates.amount < 0]] = True
    opened[uses.gates.resource[uses.gates.amount > 0]] = False
    opened[uses.resource[uses.amount < 0]] = False
    return np.asarray(opened & (uses.resources.capacity == 0))


def _users(uses: Uses, offsets: Ints, classes: Ints, share: Floats, opened: Bools) -> tuple[Ints, Ints]:
    """Pieces of which something is taken, and each opened resource that they use."""
    pieces = np.flatnonzero(share > 0)
    owner, position = expand_rows(offsets, pieces)
    i, entry = expand_rows(uses.class_offsets, classes[position])
    used = opened[uses.resource[entry]] & (uses.amount[entry] > 0)
    return pieces[owner[i[used]]], uses.resource[entry[used]]


def _asked(owner: Ints, resource: Ints, share: Floats, supply: Floats) -> tuple[Ints, Ints]:
    """Owners that use more of a resource than the gates that open it are taken, and the resource."""
    if not len(owner):
        return owner, resource
    (who, what), place = unique_rows(owner, resource)
    total = np.bincount(place, weights=share)
    broken = total > np.minimum(supply[what], 1.0) + LEAST_VIOLATION
    return who[broken], what[broken]


def _all_users(
    uses: Uses, offsets: Ints, classes: Ints, owner: Ints, who: Ints, what: Ints
) -> tuple[Ints, Ints]:
    """Row (owner and resource) and piece of every piece of an owner that uses the resource."""
    size = int(owner.max(initial=0)) + 1
    wanted = np.zeros(size, dtype=bool)
    wanted[who] = True
    pieces = np.flatnonzero(wanted[owner])
    row_of_piece, position = expand_rows(offsets, pieces)
    i, entry = expand_rows(uses.class_offsets, classes[position])
    piece = pieces[row_of_piece[i]]
    keys, sought = owner[piece] * len(uses.resources) + uses.resource[entry], who * len(uses.resources) + what
    order = np.argsort(sought)
    at = np.minimum(np.searchsorted(sought[order], keys), max(0, len(sought) - 1))
    hit = (sought[order][at] == keys) & (uses.amount[entry] > 0) if len(sought) else np.zeros(0, dtype=bool)
    pairs, _ = unique_rows(order[at[hit]], piece[hit]) if hit.any() else ([order[:0], piece[:0]], None)
    return pairs[0], pairs[1]


def _clique_rows(bundles: Bundles, taken: Taken) -> Rows:
    """Rows of two resources of one unit and a household, the most broken pair of each household and house."""
    single = _single_houses(bundles)
    stays, mask = bundles.stays, _held(bundles, single)
    there = np.flatnonzero((taken.stay > 1e-6) & (taken.stay < 1 - 1e-6) & single[bundles.stays.house])
    if not len(there):
        return Rows(*(NOTHING[:2]), NOTHING, NOTHING, NOTHING)
    (home, house), place = unique_rows(stays.household[there], stays.house[there])
    _, number = np.unique(house, return_inverse=True)
    now = mask[there].astype(float)
    one, two = np.triu_indices(mask.shape[1], 1)
    both, either = now[:, one] * now[:, two], np.abs(now[:, one] - now[:, two])
    weight = taken.stay[there][:, None]
    all_of = np.zeros((int(number.max()) + 1, len(one)))
    np.add.at(all_of, number[place], weight * both)
    own = np.zeros((len(home), len(one)))
    np.add.at(own, place, weight * either)
    total = own + all_of[number]
    worst = total.argmax(axis=1)
    broken = np.flatnonzero(total[np.arange(len(home)), worst] > 1 + LEAST_VIOLATION)
    return _cliques(bundles, mask, home[broken], house[broken], one[worst[broken]], two[worst[broken]])


def _cliques(bundles: Bundles, mask: Bools, home: Ints, house: Ints, one: Array, two: Array) -> Rows:
    stays = bundles.stays
    row, stay = join(house, stays.house, len(bundles.instance.houses))
    first, second = mask[stay, one[row]], mask[stay, two[row]]
    member = (first & second) | ((stays.household[stay] == home[row]) & (first | second))
    row, stay = row[member], stay[member]
    # named after any resource of the house
    return Rows(
        _a_resource_of(bundles, house),
        np.ones(len(home), dtype=np.int64),
        (row, stay, np.ones(len(row), dtype=np.int64)),
        NOTHING,
        NOTHING,
    )


def _a_resource_of(bundles: Bundles, house: Ints) -> Ints:
    resources = bundles.uses.resources
    number = np.zeros(len(bundles.instance.houses), dtype=np.int64)
    units = np.flatnonzero(resources.kind == KINDS.index("house_units"))
    number[resources.thing[units]] = units
    return number[house]


def _single_houses(bundles: Bundles) -> Bools:
    """Houses of one unit at most, whatever measures add."""
    uses, resources = bundles.uses, bundles.uses.resources
    most = resources.capacity.copy()
    supplies = uses.gates.amount < 0
    np.add.at(most, uses.gates.resource[supplies], -uses.gates.amount[supplies])
    single = np.ones(len(bundles.instance.houses), dtype=bool)
    units = (resources.kind == KINDS.index("house_units")) & (most > 1)
    single[resources.thing[units]] = False
    return single


def _held(bundles: Bundles, single: Bools) -> Bools:
    """Periods in which each stay keeps others out of its house (stays × periods), as its uses say."""
    uses, resources = bundles.uses, bundles.uses.resources
    held = np.zeros((len(bundles.stays), len(bundles.calendar)), dtype=bool)
    owner, position = expand_rows(uses.stay_offsets, np.arange(len(bundles.stays)))
    i, entry = expand_rows(uses.class_offsets, uses.stay_class[position])
    resource = uses.resource[entry]
    here = (resources.kind[resource] == KINDS.index("house_units")) & (uses.amount[entry] > 0)
    held[owner[i[here]], resources.period[resource[here]]] = True
    return held & single[bundles.stays.house][:, None]
