"""A market cut into towns: what stays, options and gates of one use belongs to it, unless those of another use it too."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nichiiki_solver.bundles import BundleSource
from nichiiki_solver.factored import Factored, build_part
from nichiiki_solver.market import Market
from nichiiki_solver.ragged import Bools, Ints

PARTS = 64
"""What towns are worth, and what households pay for being taken, is counted in so many parts of a unit."""
NOBODY, SEVERAL = -1, -2
"""Town of a resource that nobody uses, and of one that several use."""


@dataclass(frozen=True)
class Cut:
    """Some stays of a source by towns, or by groups of houses of large ones, and what they use.

    Attributes
    ----------
    source
        What is cut.
    stays
        Stays of each town, or group.
    region
        Region of each.
    owner
        Town of each resource, `NOBODY` or `SEVERAL`.
    of_gate
        Town of each option of a gate, or `NOBODY`.
    """

    source: BundleSource
    stays: list[Ints]
    region: list[int]
    owner: Ints
    of_gate: Ints

    @classmethod
    def of(cls, source: BundleSource, stays: Ints, most: int | None = None) -> Cut:
        """Cut some stays of a source into towns, and these into groups of houses with at most about so many stays."""
        bundles = source.bundles
        house = bundles.stays.house[stays]
        region = bundles.instance.regions.find(bundles.instance.houses["region_id"])[house]
        groups = [
            (town, stays[here[group]])
            for town in np.unique(region).tolist()
            for here in [np.flatnonzero(region == town)]
            for group in _by_houses(house[here], most)
        ]
        of_town = [group for _, group in groups]
        return cls(source, of_town, [town for town, _ in groups], *_owners(source, of_town))

    @property
    def is_shared(self) -> Bools:
        """Which resources belong to no town."""
        return self.owner < 0

    def best_in(self, number: int, of_stay: Ints) -> tuple[Ints, Ints]:
        """Who has stays in a town, and the best value of any of them, given those of all stays."""
        stays = self.stays[number]
        households, begins = np.unique(self.source.bundles.stays.household[stays], return_index=True)
        return households, np.maximum.reduceat(of_stay[stays], begins)

    def part(self, stays: Ints, options: Ints, gates: Ints, worth: Ints, cost: Ints, free: Bools) -> Part:
        """State some stays and options of a town as a market of its own.

        Parameters
        ----------
        stays, options, gates
            What is stated.
        worth
            Weight of each level.
        cost
            What a unit of each resource costs: nothing where the town has it to itself.
        free
            Resources that may be used without end.
        """
        factored, number = build_part(self.source, stays, options, gates)
        whole, of_source = factored.market, number[factored.market.resource]
        ties = of_source >= len(cost)
        resource = np.where(ties, 0, of_source)
        utility = worth @ whole.utility
        np.subtract.at(utility, whole.entry_option, np.where(ties, 0, cost[resource] * whole.amount))
        priced = replace(whole, utility=utility[None, :], levels=whole.levels[:1])
        left = priced.without_entries(free[resource] & ~ties)
        # nobody has to be taken by this town, even who has to be by one
        market = left.compact()
        nobody = np.zeros(market.n_agents, dtype=bool)
        return Part(replace(market, must_assign=nobody), number[np.unique(left.resource)], factored)


def _by_houses(house: Ints, most: int | None) -> list[Ints]:
    """Put stays into as few groups as have at most about so many, those of one house always into one."""
    order = np.argsort(house, kind="stable")
    if most is None or len(house) <= most:
        return [np.sort(order)]
    count = -(-len(house) // most)
    begins = np.searchsorted(house[order], house[order])
    return [np.sort(order[begins * count // len(house) == group]) for group in range(count)]


@dataclass(frozen=True)
class Part:
    """A town, or some of it, as a market of one level: stays come first, then options, then gates.

    Attributes
    ----------
    market
        Its pieces.
    resource
        Number of each of its resources in the source; those beyond tie options to stays.
    factored
        What its pieces stand for.
    """

    market: Market
    resource: Ints
    factored: Factored

    @property
    def household(self) -> Ints:
        """Household of each stay."""
        factored = self.factored
        return factored.source.bundles.stays.household[factored.stays]

    def with_capacity(self, left: Ints) -> Market:
        """Return the market where so much of each resource of the source is left."""
        capacity = self.market.capacity.copy()
        of_source = self.resource < len(left)
        capacity[of_source] = left[self.resource[of_source]]
        return replace(self.market, capacity=capacity)


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
