"""Stays and options of slots apart: the market of all bundles in pieces whose numbers add up where bundles multiply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nichiiki_solver.market import Market, merged
from nichiiki_solver.ragged import Ints, expand_rows, offsets_of, unique_rows

if TYPE_CHECKING:
    from nichiiki_solver.bundles import BundleSource


@dataclass(frozen=True)
class Factored:
    """A market of stays and options apart, and how to read a choice of it.

    Attributes
    ----------
    source
        What makes the bundles.
    market
        Options: stays of the households first, then options of the slots, then gates.
    stays, options
        Which stay and option each stands for; an option also stands for its equals with the household's other stays.
    gates
        Which option of a gate each of the last ones is.
    lists
        What answers to the slots of the stays.
    """

    source: BundleSource
    market: Market
    stays: Ints
    options: Ints
    gates: Ints
    lists: Lists

    def bundles_of(self, choice: Ints) -> tuple[Market, Ints]:
        """Turn a choice into the market of the chosen bundles, and its choice."""
        stays, chosen, opened = self.read(choice[choice >= 0])
        market = self.source.market_of(stays, chosen)
        result = np.full(market.n_agents, -1, dtype=np.int64)
        result[market.agent[: len(stays)]] = np.arange(len(stays))
        gates = len(stays) + opened
        result[market.agent[gates]] = gates
        return market, result

    def choice_of(self, stays: Ints, chosen: Ints, gates: Ints) -> Ints | None:
        """Turn stays, the options with each (matrix, -1 = no slot) and options of gates into a choice of pieces, as `read` reads it.

        None if one of them is not stated here.
        """
        tree, sizes = self.source.tree, (len(self.stays), len(self.options))
        stay = _found(self.stays, stays)
        owner, segment = tree.segments_of(stays)
        option = chosen[owner, segment - tree.segment_offsets[tree.group[stays]][owner]]
        if (stay < 0).any() or (option < 0).any():
            return None
        of_list = self.lists.of_segment[expand_rows(self.lists.offsets, stay)[1]]
        width = 1 + int(self.lists.place.max(initial=0))
        place = option - tree.segments[segment]
        piece = _found(self.lists.of_option * width + self.lists.place, of_list * width + place)
        gate = _found(self.gates, gates)
        if (place >= width).any() or (piece < 0).any() or (gate < 0).any():
            return None
        taken = np.concatenate((stay, sizes[0] + piece, sum(sizes) + gate))
        choice = np.full(self.market.n_agents, -1, dtype=np.int64)
        choice[self.market.agent[taken]] = taken
        return choice

    def read(self, pieces: Ints) -> tuple[Ints, Ints, Ints]:
        """Stays, the options with each (matrix, -1 = no slot) and options of gates that some pieces stand for."""
        taken = np.sort(pieces)
        mine = np.flatnonzero(taken < len(self.stays))
        picked = taken[(taken >= len(self.stays)) & (taken < len(self.stays) + len(self.options))] - len(
            self.stays
        )
        place = np.zeros(self.lists.size, dtype=np.int64)
        place[self.lists.of_option[picked]] = self.lists.place[picked]
        tree, stays = self.source.tree, self.stays[taken[mine]]
        owner, segment = tree.segments_of(stays)
        counts = tree.sizes[tree.group[stays]]
        chosen = np.full((len(stays), int(counts.max(initial=0))), -1, dtype=np.int64)
        of_segment = self.lists.of_segment[expand_rows(self.lists.offsets, taken[mine])[1]]
        chosen[owner, segment - tree.segment_offsets[tree.group[stays]][owner]] = (
            tree.segments[segment] + place[of_segment]
        )
        opened = taken[taken >= len(self.stays) + len(self.options)] - len(self.stays) - len(self.options)
        return stays, chosen, self.gates[opened]

    def tie_weights(self, seed: int, level: int) -> Ints:
        """Public weights of stays and options; gates weigh nothing."""
        stays = self.source.tie_weights_of_stays(self.stays, seed, level)
        options = self.source.tie_weights_of_options(self.options, seed, level)
        gates = np.zeros(self.market.n_options - len(stays) - len(options), dtype=np.int64)
        return np.concatenate((stays, options, gates))


def _found(values: Ints, sought: Ints) -> Ints:
    """Position of each number sought among distinct values, -1 = it is not there."""
    order = np.argsort(values, kind="stable")
    at = np.minimum(np.searchsorted(values[order], sought), max(0, len(values) - 1))
    position = order[at] if len(values) else np.full(len(sought), -1)
    return np.where(values[position] == sought, position, -1) if len(values) else position


@dataclass(frozen=True)
class Lists:
    """Which options answer to which slots of stays, stated once for all stays of a household to which the same are open.

    Attributes
    ----------
    size
        Number of lists of options; each is for one slot of one household.
    of_option, place
        List of each option that is stated, and its place there before any was left out.
    offsets, of_segment
        Lists of the slots of each stay that is stated (CSR).
    """

    size: int
    of_option: Ints
    place: Ints
    offsets: Ints
    of_segment: Ints


def shared_lists(source: BundleSource, stays: Ints, options: Ints) -> tuple[Lists, Ints]:
    """Put options of equal slots of a household together.

    Returns
    -------
    lists, kept
        The lists, and an option of each of their entries.
    """
    tree, table = source.tree, source.bundles.options
    segment = tree.segment_of[options]
    same, kinds = source.distinct.menu.slot, len(source.distinct.menu.list_offsets)
    columns, entry = unique_rows(table.slot[options], same[segment], options - tree.segments[segment])
    kept = np.zeros(len(columns[0]), dtype=np.int64)
    kept[entry[::-1]] = options[::-1]
    (slot, which), of_option = unique_rows(columns[0], columns[1])
    owner, mine = tree.segments_of(stays)
    wanted = table.slot[tree.segments[mine]] * kinds + same[mine]
    of_segment = np.searchsorted(slot * kinds + which, wanted)
    offsets = offsets_of(np.bincount(owner, minlength=len(stays)))
    return Lists(len(slot), of_option, columns[2], offsets, of_segment), kept


def build_factored(source: BundleSource, stays: Ints, options: Ints) -> Factored:
    """Build the factored market of some stays and options, and all options of gates, on the agents and resources of the source."""
    uses = source.bundles.uses
    stated = _Stated.of(source, stays, options, np.arange(len(uses.gates)))
    agents = source.bundles.n_households + stated.lists.size + uses.gates.n_agents
    resources = len(uses.resources) + 2 * stated.lists.size
    return stated.on(np.arange(agents), stated.agent, np.arange(resources), stated.resource)


def build_part(source: BundleSource, stays: Ints, options: Ints, gates: Ints) -> tuple[Factored, Ints]:
    """Build the factored market of some stays, options and options of gates, on the agents and resources that these name.

    Returns
    -------
    factored, resource
        The market, and the number of each of its resources in the source; those beyond tie options to stays.
    """
    stated = _Stated.of(source, stays, options, gates)
    agents, agent = np.unique(stated.agent, return_inverse=True)
    resources, resource = np.unique(stated.resource, return_inverse=True)
    return stated.on(agents, agent, resources, resource), resources


@dataclass(frozen=True)
class _Stated:
    """Stays, options and options of gates with what they use; agents are households, then lists, then gates."""

    source: BundleSource
    stays: Ints
    options: Ints
    gates: Ints
    lists: Lists
    agent: Ints
    offsets: Ints
    resource: Ints
    amount: Ints

    @classmethod
    def of(cls, source: BundleSource, stays: Ints, options: Ints, gates: Ints) -> _Stated:
        """State what is given, equal slots of a household once."""
        bundles, uses = source.bundles, source.bundles.uses
        lists, options = shared_lists(source, stays, options)
        owner, used, amounts = uses.of_options(options)
        n, m, free = len(stays), len(options), len(uses.resources)
        door, opened, supplied = uses.of_gates(gates)
        blocks = [
            uses.of_stays(stays),
            (n + owner, used, amounts),
            (n + m + door, opened, supplied),
            *_ties(lists, n, free),
        ]
        option, resource, amount = (np.concatenate([block[k] for block in blocks]) for k in range(3))
        _, option, resource, amount = merged(option, resource, amount, free + 2 * lists.size)
        agent = (
            bundles.stays.household[stays],
            bundles.n_households + lists.of_option,
            bundles.n_households + lists.size + uses.gates.agent[gates],
        )
        offsets = offsets_of(np.bincount(option, minlength=n + m + len(gates)))
        return cls(source, stays, options, gates, lists, np.concatenate(agent), offsets, resource, amount)

    def on(self, agents: Ints, agent: Ints, resources: Ints, resource: Ints) -> Factored:
        """State it as a market of some agents and resources, by their numbers here; of each piece and entry the number among them."""
        bundles = self.source.bundles
        terms = (
            bundles.stay_terms[:, self.stays],
            bundles.option_terms[:, self.options],
            bundles.gate_terms[:, self.gates],
        )
        sizes = [len(self.stays), len(self.options), len(self.gates)]
        is_household, is_tie = agents < bundles.n_households, resources >= len(bundles.uses.resources)
        must = self.source.must_assign[np.where(is_household, agents, 0)]
        market = Market(
            n_agents=len(agents),
            agent=agent.astype(np.int64),
            utility=np.concatenate(terms, axis=1),
            rank=np.ones(len(agent), dtype=np.int64),
            offsets=self.offsets,
            resource=resource.astype(np.int64),
            amount=self.amount,
            capacity=np.where(is_tie, 0, bundles.uses.resources.capacity[np.where(is_tie, 0, resources)]),
            must_assign=is_household & must,
            gate=~is_household,
            levels=tuple(level.name for level in bundles.instance.levels),
            labels={"follows": np.repeat([False, True, False], sizes)},
        )
        return Factored(self.source, market, self.stays, self.options, self.gates, self.lists)


def _ties(lists: Lists, n: int, free: int) -> list[tuple[Ints, Ints, Ints]]:
    """Rows that tie lists to stays: Σ options - Σ stays ≤ 0 and Σ stays - Σ options ≤ 0."""
    options = n + np.arange(len(lists.of_option))
    stays = np.repeat(np.arange(len(lists.offsets) - 1), np.diff(lists.offsets))
    piece, row = np.concatenate((options, stays)), np.concatenate((lists.of_option, lists.of_segment))
    sign = np.repeat([1, -1], [len(options), len(stays)])
    return [(piece, free + row, sign), (piece, free + lists.size + row, -sign)]
