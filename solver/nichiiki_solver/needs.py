"""Needs: what a household wants beside its stay, the targets that answer each need, and what refuses others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nichiiki_models.columns import NULL_INT, WILDCARD, ListColumn
from nichiiki_models.instance import Instance
from nichiiki_models.rules import ListRule
from nichiiki_models.table import Table
from nichiiki_models.tables import CARE_BANDS, LISTS, SCHOOL_GRADES
from nichiiki_solver.house_limits import NO_LIMIT
from nichiiki_solver.narrowing import EVERYTHING, Narrowing, join_some
from nichiiki_solver.ragged import Array, Bools, Ints, first_of_group, join, unique_rows
from nichiiki_solver.stays import Stays, utility_of

NEED_LISTS = tuple(name for name in LISTS if name != "stay")
SCHOOL, CARE, DESK, ROLE, SUPPORTER, EXPERIENCE = range(6)
REMOTE = 100
"""Remote share of a role that can be held from anywhere."""
FACILITY_KIND = {SCHOOL: "school", CARE: "nursery", DESK: "coworking"}
TARGET_RULES = (
    "not_a_school",
    "not_a_pupil",
    "consent_host",
    "consent_home",
    "not_a_nursery",
    "no_care_needed",
    "care_days_max",
    "not_a_coworking",
    "no_telework",
    "skill",
    "age",
    "hours",
    "supporter_language",
    "supporter_topic",
    "lock",
    "not_in_region",
    "no_seats",
    "not_entitled",
    "role_period",
    "experience_period",
    "commute",
)
"""Rules of a target, in the order in which the first broken one is named."""


def _tables(instance: Instance) -> tuple[Table[Any], ...]:
    """Return the tables of targets, in the order in which targets are numbered."""
    return (instance.facilities, instance.roles, instance.supporters, instance.experiences)


@dataclass(frozen=True)
class Targets:
    """Everything that can answer a need, numbered through: facilities, roles, supporters, experiences.

    Attributes
    ----------
    ids, lists
        Id and list (`NEED_LISTS` index) of each target.
    region
        Region index; -1 for supporters, which serve many.
    first
        Number of the first facility, role, supporter, experience.
    """

    ids: Array
    lists: Ints
    region: Ints
    first: tuple[int, int, int, int]

    @classmethod
    def of(cls, instance: Instance) -> Targets:
        """Number the targets of an instance; inside a list the order is that of the ids."""
        tables = _tables(instance)
        kinds = instance.facilities["kind"]
        lists = np.select([kinds == "school", kinds == "nursery"], [SCHOOL, CARE], DESK)
        others = [
            np.full(len(table), code)
            for table, code in zip(tables[1:], (ROLE, SUPPORTER, EXPERIENCE), strict=True)
        ]
        regions = [
            np.full(len(table), -1)
            if table is instance.supporters
            else instance.regions.find(table["region_id"])
            for table in tables
        ]
        first = np.cumsum([0, *map(len, tables[:3])])
        ids = np.concatenate([table[table.schema.key[0]] for table in tables])
        return cls(
            ids,
            np.concatenate((lists, *others)).astype(np.int64),
            np.concatenate(regions).astype(np.int64),
            tuple(first.tolist()),
        )

    def find(self, instance: Instance, kind: Array, ids: Array) -> Ints:
        """Number of each target given by kind and id; -1 for other kinds."""
        found = np.full(len(ids), -1, dtype=np.int64)
        tables = _tables(instance)
        for table, name, first in zip(
            tables, ("facility", "role", "supporter", "experience"), self.first, strict=True
        ):
            rows = kind == name
            found[rows] = first + table.find(ids[rows])
        return found


@dataclass(frozen=True)
class Needs:
    """Needs as columns, ordered by household, position of the list in ``lists.order``, person.

    Attributes
    ----------
    household, list, person
        Indices; person -1 for supporter and experience.
    nothing
        Whether nothing is acceptable.
    nothing_rank, nothing_utility
        Rank and utility of nothing.
    worst_rank
        Highest rank among its wishes (also that of nothing), 0 if there are none.
    """

    household: Ints
    list: Ints
    person: Ints
    nothing: Bools
    nothing_rank: Ints
    nothing_utility: Ints
    worst_rank: Ints

    def __len__(self) -> int:
        return len(self.household)


@dataclass(frozen=True)
class Wanted:
    """Targets wanted for needs, one entry each: need, target, region, rank, utility."""

    need: Ints
    target: Ints
    region: Ints
    rank: Ints
    utility: Ints

    def __len__(self) -> int:
        return len(self.need)

    def take(self, rows: Array) -> Wanted:
        """Return some of the entries."""
        return Wanted(
            self.need[rows], self.target[rows], self.region[rows], self.rank[rows], self.utility[rows]
        )


@dataclass(frozen=True)
class RefusedTargets:
    """Wanted targets that no stay allows: need, target, rank, rule (`TARGET_RULES` index)."""

    need: Ints
    target: Ints
    rank: Ints
    rule: Ints


def list_rule(instance: Instance, code: int) -> ListRule:
    """Return the rule of a list by its code."""
    rule: ListRule = getattr(instance.rules.lists, NEED_LISTS[code])
    return rule


def find_needs(
    instance: Instance, targets: Targets, stays: Stays, narrowing: Narrowing = EVERYTHING
) -> tuple[Needs, Wanted, RefusedTargets]:
    """List the needs of all households and the targets wanted for them that some stay may allow; of those that are looked at."""
    needs, need_of_wish, wish = needs_of(instance)
    listed = _listed(instance, targets, needs, need_of_wish, wish)
    regions = _stay_regions(instance, stays)
    wanted = _with_unlisted(instance, targets, needs, listed, regions, narrowing.supporters)
    rule = _judge(instance, targets, needs, wanted)
    refused = np.flatnonzero(rule >= 0)
    return (
        needs,
        wanted.take(rule < 0),
        RefusedTargets(wanted.need[refused], wanted.target[refused], wanted.rank[refused], rule[refused]),
    )


def needs_of(instance: Instance) -> tuple[Needs, Ints, Ints]:
    """The needs, and for each wish row that states one: its need."""
    choices = instance.choices
    wish = np.flatnonzero(choices["list"] != "stay")
    household = instance.households.find(choices["household_id"][wish])
    codes = np.searchsorted(np.sort(NEED_LISTS), choices["list"][wish])
    code = np.argsort(NEED_LISTS)[codes].astype(np.int64)
    person = instance.persons.find(choices["person_id"][wish])
    natural = _natural(instance)
    position = np.array([instance.rules.lists.order.index(name) for name in NEED_LISTS], dtype=np.int64)
    all_household, all_code, all_person = (
        np.concatenate(pair) for pair in zip((household, code, person), natural, strict=True)
    )
    (h, place, p), number = unique_rows(all_household, position[all_code], all_person)
    code_at = np.empty(len(LISTS), dtype=np.int64)
    code_at[position] = np.arange(len(NEED_LISTS))
    need_of_wish = number[: len(wish)]
    return _with_nothing(instance, h, code_at[place], p, need_of_wish, wish), need_of_wish, wish


def _natural(instance: Instance) -> tuple[Ints, Ints, Ints]:
    """Needs that arise without a wish, in lists that accept unlisted targets."""
    persons = instance.persons
    household = instance.households.find(persons["household_id"])
    mask = {
        SCHOOL: np.isin(persons["grade"], SCHOOL_GRADES),
        CARE: persons["care_days"] > 0,
        DESK: persons["telework_days"] > 0,
        ROLE: persons["hours_per_period"] > 0,
    }
    parts = [
        (household[who], np.full(int(who.sum()), code), np.flatnonzero(who))
        for code, who in mask.items()
        if list_rule(instance, code).accept_unlisted
    ]
    everybody = np.arange(len(instance.households))
    for code in (SUPPORTER, EXPERIENCE):
        if list_rule(instance, code).accept_unlisted:
            parts.append((everybody, np.full(len(everybody), code), np.full(len(everybody), -1)))
    empty = np.zeros(0, dtype=np.int64)
    h, c, p = (np.concatenate([empty, *(part[k] for part in parts)]) for k in range(3))
    return h, c, p


def _with_nothing(
    instance: Instance, household: Ints, code: Ints, person: Ints, need_of_wish: Ints, wish: Ints
) -> Needs:
    """Add what nothing means for each need."""
    choices, size = instance.choices, len(household)
    is_none = choices["target_kind"][wish] == "none"
    rank, score = choices["rank"][wish], choices["score"][wish]
    worst = np.zeros(size, dtype=np.int64)
    np.maximum.at(worst, need_of_wish, rank)
    required = np.array([list_rule(instance, k).required for k in range(len(NEED_LISTS))])[code]
    none_rank = np.full(size, NO_LIMIT, dtype=np.int64)
    np.minimum.at(none_rank, need_of_wish[is_none], rank[is_none])
    said = none_rank < NO_LIMIT
    utility = np.full(size, NULL_INT, dtype=np.int64)
    best = is_none & (rank == none_rank[need_of_wish])
    np.maximum.at(utility, need_of_wish[best], np.where(score[best] == NULL_INT, 0, score[best]))
    return Needs(
        household,
        code,
        person,
        said | ~required,
        np.where(said, none_rank, worst + 2),
        np.where(said, utility, 0),
        worst,
    )


def _listed(
    instance: Instance, targets: Targets, needs: Needs, need_of_wish: Ints, wish: Ints
) -> tuple[Ints, Ints, Ints, Ints]:
    """Expand wishes to targets: need, target, rank, utility; the best wish for each target."""
    kind, ids = instance.choices["target_kind"][wish], instance.choices["target_id"][wish]
    single = np.flatnonzero((kind != "region") & (kind != "none"))
    wide = np.flatnonzero(kind == "region")
    i, j = _of_region(instance, targets, needs.list[need_of_wish[wide]], instance.regions.find(ids[wide]))
    row = np.concatenate((single, wide[i]))
    target = np.concatenate((targets.find(instance, kind[single], ids[single]), j))
    rank, score = instance.choices["rank"][wish[row]], instance.choices["score"][wish[row]]
    need, utility = need_of_wish[row], np.zeros(len(row), dtype=np.int64)
    for code, name in enumerate(NEED_LISTS):
        of_list = needs.list[need] == code
        utility[of_list] = utility_of(instance, name, rank[of_list], score[of_list])
    order = np.lexsort((-utility, rank, target, need))
    kept = order[first_of_group(np.stack((need, target), axis=1)[order])]
    return need[kept], target[kept], rank[kept], utility[kept]


def find_listed(instance: Instance, targets: Targets) -> tuple[Ints, Ints, Ints]:
    """Return need, target and rank of every target that is listed, each with its best rank."""
    needs, need_of_wish, wish = needs_of(instance)
    need, target, rank, _ = _listed(instance, targets, needs, need_of_wish, wish)
    return need, target, rank


def _of_region(instance: Instance, targets: Targets, code: Ints, region: Ints) -> tuple[Ints, Ints]:
    """Pairs of a wish for a region and every target of its list there (every supporter)."""
    size = len(instance.regions) + 1
    at = np.where(code == SUPPORTER, size - 1, region)
    of_target = np.where(targets.lists == SUPPORTER, size - 1, targets.region)
    return join(code * size + at, targets.lists * size + of_target, len(NEED_LISTS) * size)


def _stay_regions(instance: Instance, stays: Stays) -> tuple[Ints, Ints]:
    """Distinct pairs of a household and a region in which it may stay."""
    region = instance.regions.find(instance.houses["region_id"])[stays.house]
    (household, distinct), _ = unique_rows(stays.household, region)
    return household, distinct


def serves(instance: Instance) -> Bools:
    """Matrix supporters × regions: whether the supporter's scope covers the region."""
    supporters = instance.supporters
    regions = supporters.lists("regions")
    matrix = np.zeros((len(supporters), len(instance.regions)), dtype=bool)
    matrix[regions.owners, instance.regions.find(regions.values)] = True
    matrix[(supporters["scope"] == "wide") & (regions.lengths == 0)] = True
    return matrix


def _with_unlisted(
    instance: Instance,
    targets: Targets,
    needs: Needs,
    listed: tuple[Ints, Ints, Ints, Ints],
    regions: tuple[Ints, Ints],
    most_supporters: int | None,
) -> Wanted:
    """Listed targets with the region in which they help, and unlisted ones of the regions of possible stays."""
    need, target, rank, utility = listed
    codes = [code for code in range(len(NEED_LISTS)) if list_rule(instance, code).accept_unlisted]
    asking = np.flatnonzero(np.isin(needs.list, codes))
    new_need, new_target = _unlisted_pairs(instance, targets, needs, asking, regions, most_supporters)
    known = np.isin(new_need * len(targets.ids) + new_target, need * len(targets.ids) + target)
    new_need, new_target = new_need[~known], new_target[~known]
    all_need, all_target = np.concatenate((need, new_need)), np.concatenate((target, new_target))
    all_rank = np.concatenate((rank, needs.worst_rank[new_need] + 1))
    all_utility = np.concatenate((utility, np.zeros(len(new_need), dtype=np.int64)))
    row, region = _help_regions(instance, targets, needs, all_need, all_target, regions)
    return Wanted(all_need[row], all_target[row], region, all_rank[row], all_utility[row])


def held_from_elsewhere(instance: Instance, targets: Targets, household: Ints, target: Ints) -> Bools:
    """Whether each target is a role that its holder need not live near: a remote one, or one at home where rules allow."""
    roles, found = instance.roles, np.zeros(len(target), dtype=bool)
    at = np.flatnonzero(targets.lists[target] == ROLE)
    role = target[at] - targets.first[1]
    found[at] = roles["remote_share"][role] == REMOTE
    if instance.rules.limits.roles_at_home:
        home = instance.regions.find(instance.households["home_region"])[household[at]]
        found[at] |= targets.region[target[at]] == home
    return found


def _elsewhere_pairs(instance: Instance, targets: Targets, needs: Needs, asking: Ints) -> tuple[Ints, Ints]:
    """Pairs of a role need and a role that may be held from elsewhere."""
    asking = asking[needs.list[asking] == ROLE]
    role = np.flatnonzero(targets.lists == ROLE)
    remote = role[instance.roles["remote_share"][role - targets.first[1]] == REMOTE]
    need, target = np.repeat(asking, len(remote)), np.tile(remote, len(asking))
    if not instance.rules.limits.roles_at_home:
        return need, target
    home = instance.regions.find(instance.households["home_region"])[needs.household[asking]]
    i, j = join(home, targets.region[role], len(instance.regions))
    return np.concatenate((need, asking[i])), np.concatenate((target, role[j]))


def _demanded_supporters(
    instance: Instance, targets: Targets, needs: Needs, asking: Ints
) -> tuple[Ints, Ints]:
    """Pairs of a need and the supporter whom an override demands, who is looked at however few of the others are."""
    locks = instance.locks
    rows = np.flatnonzero((locks["effect"] == "must") & (locks["target_kind"] == "supporter"))
    household = instance.households.find(locks["household_id"][rows])
    target = targets.find(instance, locks["target_kind"][rows], locks["target_id"][rows])
    mine = asking[needs.list[asking] == SUPPORTER]
    i, j = join(household, needs.household[mine], len(instance.households))
    return mine[j], target[i]


def _unlisted_pairs(
    instance: Instance,
    targets: Targets,
    needs: Needs,
    asking: Ints,
    regions: tuple[Ints, Ints],
    most_supporters: int | None,
) -> tuple[Ints, Ints]:
    """Every target that serves a region of a possible stay, for each need that accepts unlisted ones; of supporters so many."""
    i, j = join(needs.household[asking], regions[0], len(instance.households))
    need, region = asking[i], regions[1][j]
    local = np.flatnonzero(targets.region >= 0)
    pairs = [
        _elsewhere_pairs(instance, targets, needs, asking),
        _demanded_supporters(instance, targets, needs, asking),
    ]
    supporter, served = np.nonzero(serves(instance))
    for rows, target, where, most in (
        (needs.list[need] != SUPPORTER, local, targets.region[local], None),
        (needs.list[need] == SUPPORTER, targets.first[2] + supporter, served, most_supporters),
    ):
        k, m = _of_their_region(needs.list[need[rows]], region[rows], targets, target, where, most)
        pairs.append((need[rows][k], target[m]))
    (pair_need, pair_target), _ = unique_rows(
        *(np.concatenate(columns) for columns in zip(*pairs, strict=True))
    )
    return pair_need, pair_target


def _of_their_region(
    code: Ints, region: Ints, targets: Targets, target: Ints, where: Ints, most: int | None
) -> tuple[Ints, Ints]:
    """Pairs of a row of a list and a region, and a target of that list there."""
    size = int(max(region.max(initial=0), where.max(initial=0))) + 1
    return join_some(code * size + region, targets.lists[target] * size + where, len(NEED_LISTS) * size, most)


def _help_regions(
    instance: Instance, targets: Targets, needs: Needs, need: Ints, target: Ints, regions: tuple[Ints, Ints]
) -> tuple[Ints, Ints]:
    """Region in which each wanted target helps: its own; for a supporter each region of a possible stay that it serves.

    A role held from elsewhere helps in every region of a possible stay.
    """
    far = held_from_elsewhere(instance, targets, needs.household[need], target)
    bound = np.flatnonzero((targets.region[target] >= 0) & ~far)
    free = np.flatnonzero((targets.region[target] < 0) | far)
    i, j = join(needs.household[need[free]], regions[0], len(instance.households))
    region = regions[1][j]
    served = far[free][i]
    of_supporter = np.flatnonzero(~served)
    supporter = target[free][i][of_supporter] - targets.first[2]
    served[of_supporter] = serves(instance)[supporter, region[of_supporter]]
    row = np.concatenate((bound, free[i][served]))
    return row, np.concatenate((targets.region[target[bound]], region[served]))


def _judge(instance: Instance, targets: Targets, needs: Needs, wanted: Wanted) -> Ints:
    """First rule that refuses a target whatever the stay, or -1."""
    rule = np.full(len(wanted), -1, dtype=np.int64)
    code = needs.list[wanted.need]

    def refuse(name: str, rows: Ints, broken: Bools) -> None:
        hit = rows[broken]
        rule[hit] = np.where(rule[hit] < 0, TARGET_RULES.index(name), rule[hit])

    judges = {
        SCHOOL: _judge_school,
        CARE: _judge_care,
        DESK: _judge_desk,
        ROLE: _judge_role,
        SUPPORTER: _judge_supporter,
    }
    for number, judge in judges.items():
        rows = np.flatnonzero(code == number)
        need, target = wanted.need[rows], wanted.target[rows]
        for name, broken in judge(instance, targets, needs, need, target).items():
            refuse(name, rows, broken)
    rows = np.arange(len(wanted))
    refuse("lock", rows, _forbidden(instance, targets, needs.household[wanted.need], wanted.target))
    return rule


Broken = dict[str, Bools]


def _judge_school(instance: Instance, targets: Targets, needs: Needs, need: Ints, target: Ints) -> Broken:
    grade = instance.persons["grade"][needs.person[need]]
    home = instance.households["home_region"][needs.household[need]]
    facility = np.where(targets.lists[target] <= DESK, target, 0)
    host = instance.facilities["region_id"][facility] if len(target) else home
    return {
        "not_a_school": targets.lists[target] != SCHOOL,
        "not_a_pupil": ~np.isin(grade, SCHOOL_GRADES),
        "consent_host": ~_consents(instance.facilities.lists("consent_regions"), facility, home),
        "consent_home": ~_consents(
            instance.regions.lists("board_consents"), instance.regions.find(home), host
        ),
    }


def _consents(lists: ListColumn, row: Ints, region: Array) -> Bools:
    """Whether the list of a row holds a region or the wildcard."""
    if not len(row):
        return np.zeros(0, dtype=bool)
    ids, which = np.unique(region, return_inverse=True)
    agreed = np.zeros((len(lists), len(ids)), dtype=bool)
    agreed[lists.holds(WILDCARD)] = True
    at = np.minimum(np.searchsorted(ids, lists.values), len(ids) - 1)
    known = ids[at] == lists.values
    agreed[lists.owners[known], at[known]] = True
    return np.asarray(agreed[row, which])


def _judge_care(instance: Instance, targets: Targets, needs: Needs, need: Ints, target: Ints) -> Broken:
    person = needs.person[need]
    days, cap = instance.persons["care_days"][person], instance.rules.limits.care_days_max
    return {
        "not_a_nursery": targets.lists[target] != CARE,
        "no_care_needed": (days == 0) | ~np.isin(instance.persons["grade"][person], CARE_BANDS),
        "care_days_max": days > (NO_LIMIT if cap is None else cap),
    }


def _judge_desk(instance: Instance, targets: Targets, needs: Needs, need: Ints, target: Ints) -> Broken:
    days = instance.persons["telework_days"][needs.person[need]]
    return {"not_a_coworking": targets.lists[target] != DESK, "no_telework": days == 0}


def _judge_role(instance: Instance, targets: Targets, needs: Needs, need: Ints, target: Ints) -> Broken:
    person, role, roles = needs.person[need], target - targets.first[1], instance.roles
    age, skill = instance.persons["age"][person], roles["skill"][role]
    skilled = skill == ""
    for name in np.unique(skill[~skilled]).tolist():
        skilled |= (skill == name) & instance.persons.lists("skills").holds(name)[person]
    return {
        "skill": ~skilled,
        "age": (age < roles["min_age"][role]) | (age > roles["max_age"][role]),
        "hours": roles["hours_per_period"][role] > instance.persons["hours_per_period"][person],
    }


def _judge_supporter(instance: Instance, targets: Targets, needs: Needs, need: Ints, target: Ints) -> Broken:
    household, supporter = needs.household[need], target - targets.first[2]
    wants, speaks = instance.households.lists("languages"), instance.supporters.lists("languages")
    spoken = wants.lengths[household] == 0
    for language in np.unique(wants.values).tolist():
        spoken |= wants.holds(language)[household] & speaks.holds(language)[supporter]
    asks, covers = instance.households.lists("topics"), instance.supporters.lists("topics")
    uncovered = np.zeros(len(need), dtype=bool)
    for topic in np.unique(asks.values).tolist():
        uncovered |= asks.holds(topic)[household] & ~covers.holds(topic)[supporter]
    return {"supporter_language": ~spoken, "supporter_topic": uncovered}


def _forbidden(instance: Instance, targets: Targets, household: Ints, target: Ints) -> Bools:
    """Targets that a lock of effect ``never`` forbids to a household."""
    locks = instance.locks
    never = np.flatnonzero(
        (locks["effect"] == "never") & ~np.isin(locks["target_kind"], ("house", "region", "placed"))
    )
    who = instance.households.find(locks["household_id"][never])
    what = targets.find(instance, locks["target_kind"][never], locks["target_id"][never])
    size = len(targets.ids)
    return np.isin(household * size + target, who * size + what)


def singles(instance: Instance, stays: Stays, needs: Needs, wanted: Wanted) -> tuple[Ints, Ints]:
    """Pairs of a stay and a wanted target of its household in its region."""
    region = instance.regions.find(instance.houses["region_id"])[stays.house]
    size = len(instance.regions)
    left = stays.household * size + region
    right = needs.household[wanted.need] * size + wanted.region
    keys = np.unique(np.concatenate((left, right)))
    return join(np.searchsorted(keys, left), np.searchsorted(keys, right), len(keys))
