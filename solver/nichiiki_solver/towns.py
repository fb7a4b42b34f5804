"""A market cut into towns: what stays, options and gates of one use belongs to it, unless those of another use it too."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nichiiki_solver.bundles import BundleSource
from nichiiki_solver.factored import Factored, build_factored
from nichiiki_solver.holding import Held
from nichiiki_solver.market import Market
from nichiiki_solver.ragged import Bools, Ints

NOBODY, SEVERAL = -1, -2
"""Town of a resource that nobody uses, and of one that several use."""


@dataclass(frozen=True)
class Cut:
    """Some stays of a source by towns, and what they use.

    Attributes
    ----------
    source
        What is cut.
    stays
        Stays of each town.
    owner
        Town of each resource, `NOBODY` or `SEVERAL`.
    of_gate
        Town of each option of a gate, or `NOBODY`.
    """

    source: BundleSource
    stays: list[Ints]
    owner: Ints
    of_gate: Ints

    @classmethod
    def of(cls, source: BundleSource, stays: Ints) -> Cut:
        """Cut some stays of a source into towns."""
        bundles = source.bundles
        region = bundles.instance.regions.find(bundles.instance.houses["region_id"])[
            bundles.stays.house[stays]
        ]
        of_town = [stays[region == town] for town in np.unique(region).tolist()]
        return cls(source, of_town, *_owners(source, of_town))

    @property
    def is_shared(self) -> Bools:
        """Which resources belong to no town."""
        return self.owner < 0

    def part(self, number: int, stays: Ints, options: Ints, worth: Ints, cost: Ints, free: Bools) -> Part:
        """State some stays and options of a town as a market of its own.

        Parameters
        ----------
        number
            Which town; its gates are included.
        stays, options
            What is stated.
        worth
            Weight of each level.
        cost
            What a unit of each resource costs: nothing where the town has it to itself.
        free
            Resources that may be used without end.
        """
        factored = build_factored(self.source, stays, options)
        whole, first = factored.market, len(factored.stays) + len(factored.options)
        gates = np.flatnonzero(self.of_gate == number)
        pieces = np.concatenate((np.arange(first), first + gates))
        part, ties = whole.take(pieces), len(whole.capacity) - len(cost)
        utility = worth @ part.utility
        np.subtract.at(utility, part.entry_option, np.pad(cost, (0, ties))[part.resource] * part.amount)
        # nobody has to be taken by this town, even who has to be by one
        nobody = np.zeros(part.n_agents, dtype=bool)
        market = replace(part, utility=utility[None, :], levels=part.levels[:1], must_assign=nobody)
        return Part(market.without_entries(np.pad(free, (0, ties))[part.resource]), factored, pieces, gates)


@dataclass(frozen=True)
class Part:
    """A town, or some of it, as a market of one level: stays come first, then options, then gates.

    Attributes
    ----------
    market
        Its pieces; resources have the numbers of the source, and ties follow.
    factored, pieces, gates
        What they are pieces of, and which ones; its options of gates.
    """

    market: Market
    factored: Factored
    pieces: Ints
    gates: Ints

    @property
    def household(self) -> Ints:
        """Household of each stay."""
        factored = self.factored
        return factored.source.bundles.stays.household[factored.stays]

    def homes_of(self, taken: Ints) -> Ints:
        """Households of some pieces, each once."""
        return np.unique(self.household[taken[taken < len(self.factored.stays)]])

    def added_to(self, held: Held, taken: Ints) -> Held:
        """Return what is held where the households of some pieces have these."""
        found = Held.of_pieces(self.factored, self.pieces[taken])
        return held.with_part(found, self.homes_of(taken), self.gates)


def _owners(source: BundleSource, stays_of: list[Ints]) -> tuple[Ints, Ints]:
    """Town of each resource, and of each option of a gate (`NOBODY` = none)."""
    uses = source.bundles.uses
    gates, entry_of = uses.gates, uses.gates.resource
    owner = np.full(len(uses.resources), NOBODY, dtype=np.int64)
    for number, stays in enumerate(stays_of):
        used = uses.resources_of(stays, source.tree.options_of(stays))
        owner[used] = np.where(owner[used] == NOBODY, number, SEVERAL)
    agent = np.repeat(gates.agent, np.diff(gates.offsets))
    low, high = _range_of(agent, owner[entry_of], gates.n_agents)
    owner[entry_of[(low < high)[agent]]] = SEVERAL
    _, of_agent = _range_of(agent, owner[entry_of], gates.n_agents)
    # what no stay uses is a town's if all gates that use it are
    low, high = _range_of(entry_of, of_agent[agent], len(owner), least=NOBODY)
    owner[(owner == NOBODY) & (low == high)] = high[(owner == NOBODY) & (low == high)]
    return owner, of_agent[gates.agent]


def _range_of(group: Ints, towns: Ints, size: int, least: int = 0) -> tuple[Ints, Ints]:
    """Lowest and highest of the towns of each group that are at least `least`; `NOBODY` in groups without."""
    counts = towns >= least
    low = np.full(size, np.iinfo(np.int64).max)
    high = np.full(size, NOBODY, dtype=np.int64)
    np.minimum.at(low, group[counts], towns[counts])
    np.maximum.at(high, group[counts], towns[counts])
    return np.where(high == NOBODY, NOBODY, low), high
