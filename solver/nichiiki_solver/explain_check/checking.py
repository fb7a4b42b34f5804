"""Confirm each reason and each suggestion: place the household as its witness says, and let the check speak."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nichiiki_models.allocation import Allocation, Violation
from nichiiki_models.changes import Change, apply_changes
from nichiiki_models.explanation import Code, Proof, WishReason
from nichiiki_models.instance import Instance
from nichiiki_models.tables import LISTS
from nichiiki_solver.explain_check.ordering import ORDERED, Ordering
from nichiiki_solver.explain_check.placing import broken, placed, without
from nichiiki_solver.verify.book import PERSON_LISTS, Book
from nichiiki_solver.verify.claims import objective_terms
from nichiiki_solver.verify.wishes import NEEDS, Wishes

BY_RULE = (Code.INELIGIBLE, Code.REQUIRED, Code.SIBLINGS, Code.LOCKED)
BY_ORDER = (Code.OUTRANKED, Code.LOTTERY)
SILENT = (Code.NO_STAY, Code.NO_PERIOD, Code.NOTHING_THERE, Code.NO_WISH, Code.DECLINED)


@dataclass(frozen=True)
class Doubt:
    """A reason or suggestion that could not be confirmed: whose, about what, and what is wrong with it."""

    household_id: str
    target_id: str
    code: str
    what: str


def check_reasons(
    instance: Instance,
    allocation: Allocation,
    reasons: Sequence[WishReason],
    *,
    households: Iterable[str] | None = None,
    smallest: bool = False,
) -> list[Doubt]:
    """List every reason or suggestion that is not confirmed, and every wish that has none.

    Parameters
    ----------
    instance, allocation
        What was allocated, and what came of it.
    reasons
        What `explain` said.
    households
        Whom the reasons are to cover; everybody if None.
    smallest
        Whether it is tried, too, that a change smaller by one unit would not do.

    Returns
    -------
    list of Doubt
        Empty if all is confirmed. The loss stated by `costs_more` is not recomputed here (that takes a solver): only that
        the wish is in the way of others, or changes the levels as stated where nobody is in its way.
    """
    check = _Check(instance, allocation, smallest=smallest)
    asked = set(instance.households["household_id"].tolist() if households is None else households)
    found = [
        Doubt(r.household_id, r.target_id or "", r.code.value, what)
        for r in reasons
        for what in check.doubts(r)
    ]
    return [*found, *check.uncovered(reasons, asked)]


class _Check:
    def __init__(self, instance: Instance, allocation: Allocation, *, smallest: bool) -> None:
        self.instance, self.allocation = instance, allocation
        self.smallest = smallest
        per_target = allocation.policy == "points" and instance.rules.procedure.kind == "per_target"
        self.is_ordered = allocation.policy in ORDERED and not per_target and not len(allocation.standings)
        self.places_choose = per_target and not len(allocation.standings)
        standings = allocation.standings
        self.declined = set(standings["household_id"][standings["state"] == "declined"].tolist())

    @cached_property
    def ordering(self) -> Ordering:
        """Who chose when."""
        return Ordering(self.instance, self.allocation)

    @cached_property
    def wishes(self) -> Wishes:
        """What was wished, and how what was given answers it."""
        return Wishes(Book(self.instance, self.allocation))

    # One reason

    def doubts(self, reason: WishReason) -> Iterator[str]:
        """Yield what is wrong with a reason."""
        if reason.code in SILENT:
            yield from self._silent(reason)
            return
        if reason.witness is None:
            yield "it has no witness"
            return
        allocation = placed(self.instance, self.allocation, reason.household_id, reason.witness)
        found = broken(self.instance, allocation)
        if not self._grants_the_wish(reason):
            yield "its witness does not fulfil the wish"
        yield from self._code(reason, allocation, found)
        yield from self._hazards(reason)
        if reason.relaxation is not None:
            yield from self._relaxation(reason)

    def _hazards(self, reason: WishReason) -> Iterator[str]:
        """Say which hazards are not those that threaten both homes."""
        stated = set(str(reason.evidence.get("hazards", "")).split())
        if not stated:
            return
        tables = self.instance
        house = int(tables.houses.find(np.array([reason.target_id]))[0])
        home = tables.households["home_region"][tables.households.find(np.array([reason.household_id]))]
        region = int(tables.regions.find(home)[0])
        both = set(tables.houses.lists("hazards")[house]) & set(tables.regions.lists("hazards")[region])
        if stated != both & set(tables.rules.limits.hazards_apart):
            yield f"these are not the hazards of both homes: {' '.join(sorted(stated))}"

    def _grants_the_wish(self, reason: WishReason) -> bool:
        if reason.witness is None:
            return False
        if reason.list == "stay":
            return reason.witness.house_id == reason.target_id
        return (reason.list, reason.person_id or "", reason.target_id) in reason.witness.items

    def _code(self, reason: WishReason, allocation: Allocation, found: list[Violation]) -> Iterator[str]:
        match reason.code:
            case Code.INELIGIBLE | Code.REQUIRED | Code.SIBLINGS | Code.LOCKED:
                if not self._is_broken(reason, found, first=reason.household_id):
                    yield f"the check does not find {reason.rule} with these numbers"
            case Code.OUTRANKED | Code.LOTTERY:
                yield from self._outranked(reason)
            case Code.VACANT | Code.NO_BETTER:
                if found:
                    yield f"the place is not free: {found[0]}"
                yield from self._gain(reason, allocation)
            case Code.OWN_ORDER:
                yield from self._own_order(reason, allocation)
            case Code.COSTS_MORE if reason.cause is None:
                if found:
                    yield f"the place is not free: {found[0]}"
                yield from self._gain(reason, allocation)
            case Code.CLOSED if self.is_ordered:
                if not self._is_broken(reason, self._among_those_before(reason)):
                    yield f"the check does not find {reason.rule} with these numbers"
            case _:
                if not self._is_broken(reason, found):
                    yield f"the check does not find {reason.rule} with these numbers"

    @staticmethod
    def _is_broken(reason: WishReason, found: list[Violation], *, first: str | None = None) -> bool:
        """Whether the check finds the rule of a reason, at its household or at what stands in the way."""
        for violation in found:
            names = violation.where.split(" ")
            concerned = names[0] == first if first is not None else reason.cause in names
            numbers = violation.details.get("value"), violation.details.get("limit")
            if violation.rule == reason.rule and concerned and numbers == (reason.value, reason.limit):
                return True
        return False

    def _among_those_before(self, reason: WishReason) -> list[Violation]:
        """What is broken if only those who chose before the household, or are more urgent, have places, and it takes its witness."""
        if self.places_choose:
            before = self.ordering.more_urgent(reason.household_id, reason.rule, reason.cause or "")
        else:
            before = self.ordering.before(reason.household_id, self._rank_of_turn(reason))
        everybody = self.allocation.placements["household_id"]
        rest = without(self.allocation, everybody[~np.isin(everybody, sorted(before))])
        if reason.witness is None:
            return []
        return broken(self.instance, placed(self.instance, rest, reason.household_id, reason.witness))

    def _rank_of_turn(self, reason: WishReason) -> int:
        """Rank of the stay in whose turn a wish is decided: for what goes with a stay that of the stay."""
        if reason.list == "stay":
            return reason.rank or 0
        return int(self.ordering.got[self.ordering.ids.index(reason.household_id)])

    def _outranked(self, reason: WishReason) -> Iterator[str]:
        if not self.is_ordered and not self.places_choose:
            yield "the policy knows no order"
            return
        if not self._is_broken(reason, self._among_those_before(reason)):
            yield f"{reason.rule} is not broken by those before it with these numbers"
        key = str(reason.evidence.get("key"))
        if (key == "lottery") != (reason.code is Code.LOTTERY):
            yield "the code does not fit the key"
        if not self._comes_before(reason, key):
            yield f"nobody comes before it by {key}"

    def _comes_before(self, reason: WishReason, key: str) -> bool:
        if self.places_choose:
            return self.ordering.confirms_there(
                reason.household_id, reason.rule, reason.cause or "", reason.evidence
            )
        rank, (own, theirs) = (
            self._rank_of_turn(reason),
            (reason.evidence[name] for name in ("own", "theirs")),
        )
        return self.ordering.confirms(reason.household_id, rank, key, own, theirs)

    def _gain(self, reason: WishReason, allocation: Allocation) -> Iterator[str]:
        """The levels with the household moved, against what the reason says."""
        if "loss" not in reason.evidence or (reason.proof is Proof.PROVEN and reason.evidence.get("moves")):
            return
        before, after = self._levels(self.allocation), self._levels(allocation)
        changed = [(name, a - b) for (name, a), (_, b) in zip(before, after, strict=True) if a != b]
        level, loss = changed[0] if changed else ("", 0)
        if reason.proof is Proof.ESTIMATED and (level, loss) != (
            reason.evidence["level"],
            reason.evidence["loss"],
        ):
            yield f"the levels change by {loss} at {level or 'none'}"
        stated = {Code.VACANT: loss < 0, Code.NO_BETTER: loss >= 0, Code.COSTS_MORE: loss > 0}
        if not stated[reason.code]:
            yield f"the levels change by {loss}"

    def _levels(self, allocation: Allocation) -> list[tuple[str, int]]:
        book = Book(self.instance, allocation)
        terms = objective_terms(book, Wishes(book))
        return [
            (level.name, sum(weight * terms[term] for term, weight in level.weights.items()))
            for level in self.instance.rules.objective.levels
        ]

    def _own_order(self, reason: WishReason, moved: Allocation) -> Iterator[str]:
        """The household ranks what it has, list by list, no worse than the witness."""
        has, would = (self._ranks(each, reason.household_id) for each in (self.allocation, moved))
        if has > would:
            yield "the household ranks the witness better"

    def _ranks(self, allocation: Allocation, household_id: str) -> list[tuple[int, ...]]:
        """Ranks of what a household has, in the order of lists and persons; sets of roles ascending, then nothing."""
        book = Book(self.instance, allocation)
        wishes, row = Wishes(book), int(self.instance.households.find(np.array([household_id]))[0])
        order = [
            *self.instance.rules.lists.order,
            *(n for n in LISTS if n not in self.instance.rules.lists.order),
        ]
        most = self.instance.rules.limits.roles_per_person
        found: list[tuple[int, ...]] = []
        for name in dict.fromkeys(order):
            if name == "stay":
                found.append(tuple(wishes.stay.rank[wishes.stay.household == row].tolist()))
                continue
            need, items = wishes.needs[name], wishes.items[name]
            owners = np.flatnonzero(need.exists & (need.household == row))
            ids = (
                self.instance.persons["person_id"]
                if name in PERSON_LISTS
                else self.instance.households["household_id"]
            )
            for owner in sorted(owners.tolist(), key=lambda k: str(ids[k])):
                ranks = sorted(items.rank[items.owner == owner].tolist())
                nothing = int(need.nothing_rank[owner]) if need.nothing_accepted[owner] else 1 << 40
                width = most if name == "role" else 1
                found.append((*ranks, *([nothing] * (width - len(ranks)))))
        return found

    # Suggestions

    def _relaxation(self, reason: WishReason) -> Iterator[str]:
        """With the change the household can be placed; with one step less, or with a smaller one, it cannot."""
        relaxation, witness = reason.relaxation, reason.witness
        if relaxation is None or witness is None or relaxation.proof is Proof.ESTIMATED:
            return
        found = self._with_changes(reason, relaxation.changes)
        if found:
            yield f"the change does not place it: {found[0]}"
        if not self.smallest:
            return
        for step in relaxation.steps:
            others = [c for other in relaxation.steps if other is not step for c in other.changes]
            if not self._with_changes(reason, others):
                yield f"it would do without {step.kind} of {step.target_id}"
        last = {
            (c.table, tuple(sorted(c.row.items())), c.column): k for k, c in enumerate(relaxation.changes)
        }
        for number in last.values():
            less = _less(relaxation.changes[number])
            if less is not None:
                changes = [less if k == number else c for k, c in enumerate(relaxation.changes)]
                if not self._with_changes(reason, changes):
                    yield f"less of {less.table}.{less.column} would do"

    def _with_changes(self, reason: WishReason, changes: Sequence[Change]) -> list[Violation]:
        instance = apply_changes(self.instance, changes)
        if reason.witness is None:
            return []
        return broken(instance, placed(instance, self.allocation, reason.household_id, reason.witness))

    # Wishes without a witness

    def _silent(self, reason: WishReason) -> Iterator[str]:
        row = int(self.instance.households.find(np.array([reason.household_id]))[0])
        is_placed = bool(self.wishes.book.is_placed[row])
        if reason.code in (Code.NO_STAY, Code.NO_WISH, Code.DECLINED) and is_placed:
            yield "the household has a place"
        if (reason.code is Code.DECLINED) != (reason.household_id in self.declined):
            yield "who declined is known, and the reason says otherwise"
        if (
            reason.code is Code.NOTHING_THERE
            and (self.instance.houses["region_id"] == reason.target_id).any()
        ):
            yield "there is a house"
        if reason.code is Code.NO_PERIOD and self._has_pattern(row):
            yield "the household's periods can be had"

    def _has_pattern(self, row: int) -> bool:
        """Whether the window of a household holds as many open periods as it wants, in a row where it says so."""
        household, book = self.instance.households.row(row), self.wishes.book
        calendar = book.calendar
        window = calendar.sets(
            self.instance.households.lists("stay_periods").take(np.array([row])), empty=calendar.open
        )
        if household.stay_kind == "fixed":
            return bool(window.any())
        usable = window & calendar.open[:, None]
        if household.stay_kind == "any":
            return int(usable.sum()) >= (household.stay_length or 0)
        return int(calendar.run_lengths(usable).max(initial=0)) >= (household.stay_length or 0)

    # Coverage

    def uncovered(self, reasons: Sequence[WishReason], asked: set[str]) -> Iterator[Doubt]:
        """Yield wishes better than what came of them that have no reason, and reasons given twice."""
        seen: dict[tuple[str, str | None, str | None, str | None], list[int]] = {}
        for reason in reasons:
            seen.setdefault(
                (reason.household_id, reason.list, reason.person_id, reason.target_id), []
            ).append(reason.rank or 0)
        for (household, _, _, target), ranks in seen.items():
            if len(set(ranks)) < len(ranks):
                yield Doubt(household, target or "", "", "it is given twice")
        told = {reason.household_id for reason in reasons if reason.code is Code.DECLINED}
        for household in sorted((asked & self.declined) - told):
            yield Doubt(household, "", "", "it declined, and no reason says so")
        for household, name, person, target, named, rank in self._better_wishes():
            given = [
                *seen.get((household, name, person, target), ()),
                *seen.get((household, name, person, named), ()),
            ]
            if household in asked - self.declined and not any(r <= rank for r in given):
                yield Doubt(household, target, "", f"the wish of list {name}, rank {rank}, has no reason")

    def _better_wishes(self) -> Iterator[tuple[str, str, str | None, str, str, int]]:
        """Yield household, list, person, target, what the wish names (a region for many targets), and rank."""
        choices = self.instance.choices
        for row in range(len(choices)):
            wish = choices.row(row)
            household = int(self.instance.households.find(np.array([wish.household_id]))[0])
            if wish.target_kind == "none" or wish.rank >= self._worst_held(
                household, wish.list, wish.person_id
            ):
                continue
            for target in self._targets(wish.list, wish.target_kind, wish.target_id or ""):
                if not self._holds(household, wish.list, wish.person_id, target):
                    yield (
                        wish.household_id,
                        wish.list,
                        wish.person_id,
                        target,
                        wish.target_id or "",
                        wish.rank,
                    )

    def _targets(self, name: str, kind: str, target: str) -> list[str]:
        """Targets that a wish names; of a region without any the region itself, where it is a stay."""
        if kind != "region":
            return [target]
        book = self.wishes.book
        table, ids = book.targets(name), book.target_ids(name)
        if name == "supporter":
            return [str(each) for each in ids]
        here = table["region_id"] == target
        if name in ("school", "care", "desk"):
            kinds = {"school": "school", "care": "nursery", "desk": "coworking"}
            here = here & (table["kind"] == kinds[name])
        return [str(each) for each in ids[here]] or ([target] if name == "stay" else [])

    def _worst_held(self, household: int, name: str, person: str | None) -> int:
        """Worst rank of what answers a need now; of roles as many count as one may hold."""
        far = 1 << 40
        if not self.wishes.book.is_placed[household]:
            return far
        if name == "stay":
            return int(self.wishes.stay.rank[self.wishes.stay.household == household][0])
        owner = household if person is None else int(self.instance.persons.find(np.array([person]))[0])
        need, items = self.wishes.needs[name], self.wishes.items[name]
        held = items.rank[items.owner == owner].tolist()
        most = self.instance.rules.limits.roles_per_person if name == "role" else 1
        if len(held) < most:
            return int(need.nothing_rank[owner]) if need.nothing_accepted[owner] else far
        return int(max(held))

    def _holds(self, household: int, name: str, person: str | None, target: str) -> bool:
        if name == "stay":
            return False
        book = self.wishes.book
        items, row = book.items(name), int(book.targets(name).find(np.array([target]))[0])
        owner = -1 if person is None else int(self.instance.persons.find(np.array([person]))[0])
        return bool(((items.household == household) & (items.person == owner) & (items.target == row)).any())


def _less(change: Change) -> Change | None:
    """A change that grants one unit less; None where it is no number."""
    if change.action == "remove" or isinstance(change.value, bool) or not isinstance(change.value, int):
        return None
    tighter = 1 if change.column.startswith("min_") or change.column == "min" else -1
    return change.model_copy(update={"value": change.value + tighter})


assert set(NEEDS) | {"stay"} == set(LISTS)  # noqa: S101 - the lists that coverage looks through
