"""Wishes: what a household asked for, at which rank and utility, and what it must or must not get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nichiiki_models.columns import NULL_INT, Array
from nichiiki_models.rules import ListRule
from nichiiki_models.tables import LISTS, SCHOOL_GRADES
from nichiiki_solver.verify.arrays import FAR, NO_ROW, expand, find, grouped, highest, lowest
from nichiiki_solver.verify.book import PERSON_LISTS, Book
from nichiiki_solver.verify.findings import Findings

TARGET_KIND = {
    "stay": "house",
    "school": "facility",
    "care": "facility",
    "desk": "facility",
    "role": "role",
    "supporter": "supporter",
    "experience": "experience",
}
NEEDS = tuple(name for name in LISTS if name != "stay")
KIND_OF_FACILITY = {"school": "school", "care": "nursery", "desk": "coworking"}
LOWEST_UTILITY = -(1 << 40)


@dataclass(frozen=True)
class WishRows:
    """The wishes of one list, grouped by who has the need (`owner`: a person or a household)."""

    owner: Array
    rank: Array
    utility: Array
    """Score, or utility of the rank."""
    score: Array
    kind: Array
    target: Array
    """Row of the target in its table; of a region in the regions; -1 for none."""
    counts: Array
    starts: Array
    row: Array
    """Row of the table of choices."""


@dataclass(frozen=True)
class Answers:
    """How what was given fits the wishes: one row an item (or stay)."""

    owner: Array
    household: Array
    is_listed: Array
    is_acceptable: Array
    rank: Array
    utility: Array


@dataclass(frozen=True)
class Needs:
    """Needs of one list by owner (every person, or every household)."""

    household: Array
    exists: Array
    nothing_accepted: Array
    nothing_rank: Array
    nothing_utility: Array


def list_rule(book: Book, name: str) -> ListRule:
    """Return the rule of a list."""
    rule: ListRule = getattr(book.instance.rules.lists, name)
    return rule


def rank_utility(rule: ListRule, rank: Array) -> Array:
    """Return the utility of ranks by the table; later ranks count as the last."""
    table = np.array(rule.rank_utility, dtype=np.int64)
    return np.asarray(table[np.clip(rank, 1, len(table)) - 1])


def owners(book: Book, name: str) -> int:
    """Return how many persons (or households) can have a need of a list."""
    return len(book.instance.persons if name in PERSON_LISTS else book.instance.households)


def household_of(book: Book, name: str) -> Array:
    """Return the household of each possible owner of a need."""
    return book.household_of_person if name in PERSON_LISTS else np.arange(len(book.instance.households))


def wish_rows(book: Book, name: str) -> WishRows:
    """Return the wishes of a list."""
    choices = book.instance.choices
    rows = np.flatnonzero(choices["list"] == name)
    household = find(book.instance.households, choices["household_id"][rows])
    person = find(book.instance.persons, choices["person_id"][rows])
    if name in PERSON_LISTS:
        good = (person >= 0) & (np.append(book.household_of_person, NO_ROW)[person] == household)
        owner = person
    else:
        good, owner = choices["person_id"][rows] == "", household
    rows, owner = rows[good], owner[good]
    order, counts, starts = grouped(owner, owners(book, name))
    rows, owner = rows[order], owner[order]
    rank, score = choices["rank"][rows], choices["score"][rows]
    kind, ids = choices["target_kind"][rows], choices["target_id"][rows]
    utility = np.where(score == NULL_INT, rank_utility(list_rule(book, name), rank), score)
    return WishRows(owner, rank, utility, score, kind, _targets(book, name, kind, ids), counts, starts, rows)


def _targets(book: Book, name: str, kind: Array, ids: Array) -> Array:
    target = np.full(len(ids), NO_ROW, dtype=np.int64)
    for wanted, table in ((TARGET_KIND[name], book.targets(name)), ("region", book.instance.regions)):
        mask = kind == wanted
        target[mask] = find(table, ids[mask])
    return target


def needs(book: Book, name: str, wishes: WishRows) -> Needs:
    """Return who has a need of a list, and whether nothing is acceptable."""
    rule, size = list_rule(book, name), owners(book, name)
    exists = wishes.counts > 0
    if rule.accept_unlisted:
        exists = exists | _natural(book, name)
    last = highest(wishes.rank, wishes.owner, size, 0)
    none = wishes.kind == "none"
    rank = lowest(wishes.rank[none], wishes.owner[none], size)
    best = none & (wishes.rank == rank[wishes.owner])
    score = np.where(wishes.score == NULL_INT, 0, wishes.score)
    utility = highest(score[best], wishes.owner[best], size, LOWEST_UTILITY)
    said = rank < FAR
    return Needs(
        household=household_of(book, name),
        exists=exists,
        nothing_accepted=said | (not rule.required),
        nothing_rank=np.where(said, rank, last + 2),
        nothing_utility=np.where(said, utility, 0),
    )


def _natural(book: Book, name: str) -> Array:
    persons = book.instance.persons
    match name:
        case "school":
            return np.asarray(np.isin(persons["grade"], SCHOOL_GRADES))
        case "care":
            return np.asarray(persons["care_days"] > 0)
        case "desk":
            return np.asarray(persons["telework_days"] > 0)
        case "role":
            return np.asarray(persons["hours_per_period"] > 0)
        case _:
            return np.ones(len(book.instance.households), dtype=bool)


def item_answers(book: Book, name: str, wishes: WishRows) -> Answers:
    """Return how the items of a list fit its wishes."""
    items = book.items(name)
    owner = items.person if name in PERSON_LISTS else items.household
    region = book.target_region(name)[items.target]
    item, wish = expand(owner, wishes.counts, wishes.starts)
    kind, target = wishes.kind[wish], wishes.target[wish]
    by_region = (kind == "region") & ((target == region[item]) | (name == "supporter"))
    hit = by_region | ((kind == TARGET_KIND[name]) & (target == items.target[item]))
    return _answers(book, name, wishes, (owner, items.household), (item[hit], wish[hit]), None)


def stay_answers(book: Book, wishes: WishRows) -> Answers:
    """Return how the stays fit the wishes for houses and periods."""
    stays = book.stays
    stay, wish = expand(stays.household, wishes.counts, wishes.starts)
    kind, target = wishes.kind[wish], wishes.target[wish]
    by_region = (kind == "region") & (target == book.house_region[stays.house[stay]])
    named = by_region | ((kind == "house") & (target == stays.house[stay]))
    stay, wish = stay[named], wish[named]
    own = own_pattern(book)
    listed = book.instance.choices.lists("periods").take(wishes.row[wish])
    exact = (book.calendar.sets(listed) == stays.held[:, stay]).all(axis=0)
    hit = np.where(listed.lengths > 0, exact, own[stay])
    unlisted = own.copy()
    unlisted[stay] = False
    return _answers(
        book, "stay", wishes, (stays.household, stays.household), (stay[hit], wish[hit]), unlisted
    )


def _answers(
    book: Book,
    name: str,
    wishes: WishRows,
    owner_household: tuple[Array, Array],
    hits: tuple[Array, Array],
    may_be_unlisted: Array | None,
) -> Answers:
    """Best rank and utility of each item over the wishes that reach it; unlisted ones come last."""
    owner, household = owner_household
    item, wish = hits
    size = len(owner)
    rank = lowest(wishes.rank[wish], item, size)
    best = wishes.rank[wish] == rank[item]
    utility = highest(wishes.utility[wish][best], item[best], size, LOWEST_UTILITY)
    listed = rank < FAR
    accepted = np.full(size, list_rule(book, name).accept_unlisted)
    if may_be_unlisted is not None:
        accepted &= may_be_unlisted
    last = highest(wishes.rank, wishes.owner, owners(book, name), 0)
    return Answers(
        owner=owner,
        household=household,
        is_listed=listed,
        is_acceptable=listed | accepted,
        rank=np.where(listed, rank, last[owner] + 1),
        utility=np.where(listed, utility, 0),
    )


def own_pattern(book: Book) -> Array:
    """Mask of the stays in one of the household's own patterns, whether or not the periods are open."""
    households, stays, calendar = book.instance.households, book.stays, book.calendar
    window = calendar.sets(households.lists("stay_periods").take(stays.household), empty=calendar.open)
    kind, length = households["stay_kind"][stays.household], households["stay_length"][stays.household]
    inside = ~(stays.held & ~window).any(axis=0)
    count = stays.held.sum(axis=0)
    runs = calendar.is_run_end(stays.held).sum(axis=0)
    fixed = (stays.held == window).all(axis=0)
    free = inside & (count == length)
    return np.asarray(np.where(kind == "fixed", fixed, np.where(kind == "any", free, free & (runs == 1))))


class Wishes:
    """Wishes, needs and answers of every list, found once."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.rows = {name: wish_rows(book, name) for name in LISTS}
        self.needs = {name: needs(book, name, self.rows[name]) for name in NEEDS}
        self.stay = stay_answers(book, self.rows["stay"])
        self.items = {name: item_answers(book, name, self.rows[name]) for name in NEEDS}

    def unanswered(self, name: str) -> Array:
        """Mask of the owners with a need in a placed household, and nothing given."""
        need = self.needs[name]
        given = np.zeros(len(need.exists), dtype=bool)
        given[self.items[name].owner] = True
        return np.asarray(need.exists & ~given & self.book.is_placed[need.household])


def check_wishes(book: Book, wishes: Wishes, findings: Findings) -> None:
    """Check `not_listed`, `required` and `unneeded`."""
    findings.add("not_listed", ~wishes.stay.is_acceptable, *book.stay_ids())
    for name in NEEDS:
        need, answers, items = wishes.needs[name], wishes.items[name], book.items(name)
        wanted = need.exists[answers.owner]
        ids = book.item_ids(name, items)
        wrong = ~answers.is_acceptable & wanted & _right_kind(book, name, items.target)
        findings.add("not_listed", wrong, *ids)
        findings.add("unneeded", ~wanted, *ids)
        missing = wishes.unanswered(name) & ~need.nothing_accepted
        findings.add("required", missing, *_owner_ids(book, name), name)
        _at_most_one(book, name, answers, findings)


def _at_most_one(book: Book, name: str, answers: Answers, findings: Findings) -> None:
    """Only roles may be several."""
    if name != "role":
        count = np.bincount(answers.owner, minlength=owners(book, name))
        findings.add("unneeded", count > 1, *_owner_ids(book, name), name, value=count, limit=1)


def _owner_ids(book: Book, name: str) -> tuple[Any, ...]:
    households = book.instance.households["household_id"]
    if name not in PERSON_LISTS:
        return (households,)
    return households[book.household_of_person], book.instance.persons["person_id"]


def _right_kind(book: Book, name: str, target: Array) -> Array:
    """Mask of the targets that are of the list's kind of facility; another rule reports the others."""
    if name not in KIND_OF_FACILITY:
        return np.ones(len(target), dtype=bool)
    return np.asarray(book.instance.facilities["kind"][target] == KIND_OF_FACILITY[name])
