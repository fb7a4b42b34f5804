"""For each wish that was ranked better than what came of it: of all ways to fulfil it the one that comes closest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nichiiki_models.instance import Instance
from nichiiki_solver.explain.room import Room, Turns
from nichiiki_solver.explain.world import World, parts_of
from nichiiki_solver.market import NO_VALUE, merged
from nichiiki_solver.needs import EXPERIENCE, NEED_LISTS, ROLE, find_listed
from nichiiki_solver.ragged import Bools, Ints, expand_rows, first_of_group, segment_sum
from nichiiki_solver.stays import STAY_RULES
from nichiiki_solver.tree import Tree
from nichiiki_solver.uses import KINDS

MOST_COMBINATIONS = 100_000
"""Most bundles of one stay that are tried where each of its parts fits alone."""
STAY = -1
Part = tuple[int, int]


@dataclass(frozen=True)
class Draft:
    """A way to fulfil a wish.

    Attributes
    ----------
    household
        Who wishes.
    need, target, rank
        The wish: need (`STAY` for the stay), target or house, rank.
    got
        Rank of what it has; None without a place.
    stay
        Row of the stay in the world; -1 where there is none to speak of.
    parts
        Need and target of all else.
    options
        Options that the parts are; empty where a part is none.
    stands
        Whether rules of the household and the place alone stand against it.
    sure
        Whether every other way was looked at.
    """

    household: int
    need: int
    target: int
    rank: int
    got: int | None
    stay: int
    parts: tuple[Part, ...]
    options: tuple[int, ...] = ()
    stands: bool = False
    sure: bool = True


class Drafter:
    """Finds the drafts of a world.

    Parameters
    ----------
    world
        What might have been.
    room
        What is left.
    turns
        Who chose when; None without an order.
    """

    def __init__(self, world: World, room: Room, turns: Turns | None) -> None:
        self.world, self.room, self.turns = world, room, turns
        self.bundles, self.uses = world.bundles, world.bundles.uses
        stays = self.bundles.stays
        household, rank = stays.household, stays.rank
        turn = None if turns is None else turns.at(household, rank)
        of = self.bundles.stay_of_option
        self.option_blocked = room.blocked(
            household[of], None if turn is None else turn[of],
            *self.uses.of_options(np.arange(len(of))),
        )  # fmt: skip
        self.stay_blocked = room.blocked(
            household,
            turn,
            *self.uses.of_stays(np.arange(len(stays))),
        )
        self.missing = self._lacks_musts() + self._leaves_minimums()
        self.best = self._best_options()

    def _lacks_musts(self) -> Ints:
        """Options without what an override demands of their household in their list."""
        bundles, instance = self.bundles, self.bundles.instance
        lacks = np.zeros(len(bundles.options), dtype=np.int64)
        locks = instance.locks
        musts = (locks["effect"] == "must") & ~np.isin(locks["target_kind"], ("house", "region", "placed"))
        owner = np.repeat(np.arange(len(bundles.options)), np.diff(bundles.options.part_offsets))
        for row in np.flatnonzero(musts).tolist():
            target = int(
                bundles.targets.find(instance, locks["target_kind"][[row]], locks["target_id"][[row]])[0]
            )
            household = int(instance.households.find(locks["household_id"][[row]])[0])
            concerned = bundles.household_of_option == household
            concerned &= bundles.slots.list[bundles.options.slot] == bundles.targets.lists[target]
            has = np.zeros(len(bundles.options), dtype=bool)
            has[owner[bundles.options.part_target == target]] = True
            lacks[concerned & ~has] += 1
        return lacks

    def _leaves_minimums(self) -> Ints:
        """Options without a role or experience that others can keep only if their household stays with it."""
        bundles, room = self.bundles, self.room
        leaves = np.zeros(len(bundles.options), dtype=np.int64)
        if self.turns is not None:
            return leaves
        who = bundles.household_of_option
        resources, everybody = self.uses.resources, np.arange(bundles.n_households)
        owner, resource, amount = self.uses.of_options(np.arange(len(who)))
        for gate, least in zip(room.gate.tolist(), room.least.tolist(), strict=True):
            own = -room.own(everybody, np.full(len(everybody), gate))
            rest = -int(room.used[gate]) - own
            needed = ((own > 0) & (rest > 0) & (rest < least))[who]
            kind = KINDS[int(resources.kind[gate])]
            if needed.any() and kind != "all_bases":  # no option leaves a plan: its parts are stays
                code = ROLE if kind == "role_min" else EXPERIENCE
                has = np.zeros(len(who), dtype=bool)
                has[owner[(resource == gate) & (amount < 0)]] = True
                leaves[needed & (bundles.slots.list[bundles.options.slot] == code) & ~has] += 1
        return leaves

    def _best_options(self) -> Ints:
        """Of every segment the option that comes closest: nothing demanded is missing, least is blocked, best rank."""
        tree = self.world.source.tree
        segment = np.repeat(np.arange(len(tree.segments) - 1), np.diff(tree.segments))
        order = np.lexsort((np.arange(len(segment)), self.option_blocked, self.missing, segment))
        return order[first_of_group(segment[order])] if len(order) else order

    # Stays

    def stay_drafts(self, asked: Bools, got: Ints) -> Iterator[Draft]:
        """Yield a draft for every listed house and rank that is better than what the household has.

        Parameters
        ----------
        asked
            Mask of the households.
        got
            Rank of the stay that each household has; -1 without a place.
        """
        stays, worst = self.bundles.stays, _worst_stay_rank(self.bundles.instance)
        better = asked[stays.household] & (stays.rank <= worst[stays.household])
        better &= (got[stays.household] < 0) | (stays.rank < got[stays.household])
        rows = np.flatnonzero(better)
        hard, soft = self._distance()
        order = rows[
            np.lexsort(
                (rows, soft[rows], hard[rows], stays.rank[rows], stays.house[rows], stays.household[rows])
            )
        ]
        keys = np.stack((stays.household[order], stays.house[order], stays.rank[order]), axis=1)
        for row in order[first_of_group(keys)].tolist() if len(order) else ():
            yield self._stay_draft(row, int(got[stays.household[row]]), bool(hard[row]), bool(soft[row]))

    def _distance(self) -> tuple[Ints, Ints]:
        """How far each stay is from being allowed, and how much of it is blocked by others."""
        world, tree = self.world, self.world.source.tree
        rules = np.where(world.rule < 0, 0, 1 + len(STAY_RULES) - world.rule)
        hard = 4 * rules + 2 * ~world.complete + ~world.free
        blocked = self.option_blocked[self.best] if len(self.best) else self.best
        return hard, self.stay_blocked + segment_sum(blocked, tree.segment_offsets)

    def _stay_draft(self, row: int, got: int, hard: bool, blocked: bool) -> Draft:
        stays, tree = self.bundles.stays, self.world.source.tree
        options = self.best[tree.segment_offsets[row] : tree.segment_offsets[row + 1]]
        sure = True
        if not hard and not blocked and self._jointly_blocked(row, options):
            options, sure = self._combination(row, options)
        parts = parts_of(self.bundles, options)
        if not self.world.complete[row]:
            parts += self._closest_answers(row, options)
        return Draft(
            household=int(stays.household[row]), need=STAY, target=int(stays.house[row]), rank=int(stays.rank[row]),
            got=None if got < 0 else got, stay=row, parts=tuple(parts),
            options=tuple(options.tolist()) if self.world.complete[row] else (), stands=hard, sure=sure,
        )  # fmt: skip

    def _jointly_blocked(self, row: int, options: Ints) -> bool:
        return bool(self._blocked_together(row, options[None, :])[0])

    def _blocked_together(self, row: int, chosen: Ints) -> Ints:
        """Count what is blocked for whole bundles of one stay (matrix of options)."""
        household, size = int(self.bundles.stays.household[row]), len(chosen)
        blocks = [self.uses.of_stays(np.full(size, row))]
        for column in chosen.T:
            blocks.append(self.uses.of_options(column))
        owner, resource, amount = (np.concatenate([block[k] for block in blocks]) for k in range(3))
        _, owner, resource, amount = merged(owner, resource, amount, len(self.uses.resources))
        who, turn = np.full(size, household), None
        if self.turns is not None:
            turn = self.turns.at(who, np.full(size, self.bundles.stays.rank[row]))
        return self.room.blocked(who, turn, owner, resource, amount)

    def _combination(self, row: int, options: Ints) -> tuple[Ints, bool]:
        """The first whole bundle of a stay that fits; if none does, what was given and whether all were tried."""
        tree = self.world.source.tree
        segments = tree.segments[tree.segment_offsets[row] : tree.segment_offsets[row + 1] + 1]
        low, high = int(segments[0]), int(segments[-1])
        usable = (self.option_blocked[low:high] == 0) & (self.missing[low:high] == 0)
        small = Tree(np.zeros(1, dtype=np.int64), np.array([0, len(segments) - 1]), segments - low)
        nothing = np.zeros(1, dtype=np.int64)
        found = small.grow(nothing, np.where(usable, 0, NO_VALUE), nothing, MOST_COMBINATIONS)
        if found is None:
            return options, False
        chosen = found[1] + low
        if len(chosen):
            fits = np.flatnonzero(self._blocked_together(row, chosen) == 0)
            if len(fits):
                return chosen[fits[0]], True
        return options, True

    def _closest_answers(self, row: int, options: Ints) -> list[Part]:
        """For every need without an answer at a stay: a target, and one that comes as close as any."""
        bundles = self.bundles
        household = int(bundles.stays.household[row])
        answered = set(bundles.options.slot[options].tolist())
        found: list[Part] = []
        for slot in np.flatnonzero(bundles.slots.household == household).tolist():
            if slot not in answered:
                needs = np.flatnonzero(bundles.slots.of_need == slot)
                target = self._closest_target(row, needs)
                found += [(need, target) for need in needs.tolist() if target >= 0]
        return found

    def _closest_target(self, row: int, needs: Ints) -> int:
        """Of the targets listed for needs the one refused latest at a stay; -1 if none is listed."""
        bundles, singles = self.bundles, self.bundles.singles
        here = np.flatnonzero(singles.group == row)
        fitting = here[np.isin(bundles.wanted.need[singles.wanted[here]], needs)]
        if len(fitting):
            return int(bundles.wanted.target[singles.wanted[fitting[0]]])
        here = np.flatnonzero(singles.refused_group == row)
        here = here[np.isin(bundles.wanted.need[singles.refused_wanted[here]], needs)]
        if len(here):
            latest = here[np.argmax(singles.refused_rule[here])]
            return int(bundles.wanted.target[singles.refused_wanted[latest]])
        refused = bundles.refused_targets
        rows = np.flatnonzero(np.isin(refused.need, needs))
        region = bundles.instance.regions.find(
            bundles.instance.houses["region_id"][bundles.stays.house[[row]]]
        )[0]
        near = rows[bundles.targets.region[refused.target[rows]] == region]
        rows = near if len(near) else rows
        if len(rows):
            return int(refused.target[rows[np.argmax(refused.rule[rows])]])
        away = np.flatnonzero(np.isin(bundles.wanted.need, needs))
        return int(bundles.wanted.target[away[0]]) if len(away) else -1

    # Needs

    def need_drafts(self, asked: Bools, wishes: tuple[Ints, Ints, Ints]) -> Iterator[Draft]:
        """Yield a draft for every listed target that is better than what answers its need.

        Parameters
        ----------
        asked
            Mask of the households.
        wishes
            Need, target and rank of everything listed.
        """
        for need, target, rank in zip(*(column.tolist() for column in wishes), strict=True):
            household = int(self.bundles.needs.household[need])
            if not asked[household]:
                continue
            if self.world.stay_of[household] < 0:
                yield Draft(household, need, target, rank, None, -1, ())
            elif (got := self._got(household, need, target)) is not None and rank < got:
                yield self._need_draft(household, need, target, rank, got)

    def _held(self, household: int) -> Ints:
        return np.asarray(self.world.chosen[np.searchsorted(self.world.placed, household)])

    def _got(self, household: int, need: int, target: int) -> int | None:
        """Worst rank of what answers a need now (of roles as many as one may hold); None if it is the target."""
        bundles = self.bundles
        held = [t for n, t in parts_of(bundles, self._held(household)) if n == need]
        if target in held:
            return None
        nothing = int(bundles.needs.nothing_rank[need]) if bundles.needs.nothing[need] else 1 << 40
        most = bundles.instance.rules.limits.roles_per_person if bundles.needs.list[need] == ROLE else 1
        if len(held) < most or not held:
            return nothing
        return max(self._ranks[need, t] for t in held)

    @cached_property
    def _ranks(self) -> dict[tuple[int, int], int]:
        """Rank of each need and target."""
        wanted = self.bundles.wanted
        pairs = zip(wanted.need.tolist(), wanted.target.tolist(), strict=True)
        return dict(zip(pairs, wanted.rank.tolist(), strict=True))

    def _need_draft(self, household: int, need: int, target: int, rank: int, got: int) -> Draft:
        """Give the household the target where it stays, and leave all else as it is."""
        bundles, stay, held = self.bundles, int(self.world.stay_of[household]), self._held(household)
        slot = int(bundles.slots.of_need[need])
        first = int(np.searchsorted(bundles.slots.household, household))
        low, high = np.searchsorted(bundles.stay_of_option, (stay, stay + 1))
        mine = np.arange(low, high)[bundles.options.slot[low:high] == slot]
        owner, part = expand_rows(bundles.options.part_offsets, mine)
        hit = (bundles.options.part_need[part] == need) & (bundles.options.part_target[part] == target)
        options = mine[np.unique(owner[hit])]
        if len(options):
            best = options[np.lexsort((options, self.option_blocked[options], self.missing[options]))[0]]
            chosen = np.where(np.arange(len(held)) == slot - first, best, held)
            chosen = chosen[chosen >= 0]
            return Draft(
                household,
                need,
                target,
                rank,
                got,
                stay,
                tuple(parts_of(bundles, chosen)),
                tuple(chosen.tolist()),
            )
        members = set(np.flatnonzero(bundles.slots.of_need == slot).tolist())
        parts = [part for part in parts_of(bundles, held) if part[0] not in members]
        parts += [(each, target) for each in (members if bundles.needs.list[need] != ROLE else {need})]
        return Draft(household, need, target, rank, got, stay, tuple(parts), stands=True)


def _worst_stay_rank(instance: Instance) -> Ints:
    choices = instance.choices
    rows = np.flatnonzero(choices["list"] == "stay")
    worst = np.zeros(len(instance.households), dtype=np.int64)
    np.maximum.at(worst, instance.households.find(choices["household_id"][rows]), choices["rank"][rows])
    return worst


def listed_wishes(world: World) -> tuple[Ints, Ints, Ints]:
    """Need, target and rank of every target that was listed, the best rank of each."""
    return find_listed(world.bundles.instance, world.bundles.targets)


def list_of(world: World, draft: Draft) -> str:
    """Name of the list of a draft's wish."""
    return "stay" if draft.need == STAY else NEED_LISTS[int(world.bundles.needs.list[draft.need])]
