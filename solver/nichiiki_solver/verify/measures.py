"""Measures taken: who pays for them, and whether they are needed."""

from __future__ import annotations

from collections import Counter
from datetime import date

import numpy as np

from nichiiki_models.columns import Array
from nichiiki_models.tables import Measure, Programme
from nichiiki_solver.verify.arrays import find, repeats
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.findings import ONCE, Findings
from nichiiki_solver.verify.works import region_of, target_of

# Who may pay, and how much


class Bodies:
    """What regions and supporters have that programmes ask for: plan, designation, membership.

    Parameters
    ----------
    book
        Whose regions and supporters they are.
    """

    def __init__(self, book: Book) -> None:
        regions, designated = book.instance.regions, [row for row in book.supporters if row.designated]
        self.book = book
        self.planned = set(regions["region_id"][regions["has_plan"]].tolist())
        self.members = set(regions["region_id"][regions["platform_member"]].tolist())
        self.served = {region for row in designated for region in row.regions}
        self.everywhere = any(row.scope == "wide" and not row.regions for row in designated)
        self.supporters = {row.supporter_id: row for row in book.supporters}

    def behind(self, measure: Measure) -> set[str]:
        """Return what the region or supporter of a measure has."""
        own = region_of(self.book, measure)
        if own is None:
            body = self.supporters[measure.target_id]
            facts = (bool(self.planned & set(body.regions)), body.designated, body.platform_member)
        else:
            facts = (own in self.planned, self.everywhere or own in self.served, own in self.members)
        return {word for word, has in zip(("plan", "designation", "membership"), facts, strict=True) if has}

    def refusal(self, measure: Measure, programme: Programme) -> str | None:
        """Return the first rule by which a programme may not pay for a measure, or None."""
        items = self.book.instance.rules.funding.state_excluded_items if programme.payer == "state" else ()
        excluded = {*items, *programme.excluded_items}
        if measure.item in excluded or (
            programme.eligible_items and measure.item not in programme.eligible_items
        ):
            return "programme_item"
        if not set(programme.requires) <= self.behind(measure):
            return "programme_requires"
        return None if _in_time(self.book, measure, programme) else "programme_dates"


def _in_time(book: Book, measure: Measure, programme: Programme) -> bool:
    starts = book.instance.periods["starts_on"]
    day = measure.starts_on or (starts.min().item() if len(starts) else date.min)
    return (programme.valid_from or date.min) <= day <= (programme.valid_until or date.max)


def shares(measure: Measure, programmes: list[Programme]) -> list[int]:
    """Return what each programme of a plan pays, asked in order, and the own money at the end."""
    open_yen, found = measure.cost_yen, []
    for programme in programmes:
        asked = open_yen if programme.rate_kind == "fixed" else open_yen * programme.rate_percent // 100
        found.append(asked if programme.cap_yen is None else min(asked, programme.cap_yen))
        open_yen -= found[-1]
    return [*found, open_yen]


class Money:
    """The payments of an allocation, by measure."""

    def __init__(self, book: Book) -> None:
        table = book.allocation.payments
        self.known = {row.programme_id: row for row in book.instance.programmes.rows()}
        self.measures = {measure.measure_id: measure for measure in book.works.measures}
        self.paid: dict[str, dict[str | None, int]] = {name: {} for name in self.measures}
        good = ~repeats(table["measure_id"], table["programme_id"])
        for row in table.take(good).rows():
            if row.measure_id in self.paid and (row.programme_id is None or row.programme_id in self.known):
                self.paid[row.measure_id][row.programme_id] = row.amount_yen

    def plan(self, measure: Measure) -> list[Programme]:
        """Return the programmes that pay for a measure, those it names in their order, then others."""
        paying = [name for name in self.paid[measure.measure_id] if name is not None]
        named = [name for name in dict.fromkeys(measure.programmes) if name in paying]
        return [self.known[name] for name in [*named, *(name for name in paying if name not in named)]]


def own_money(book: Book) -> int:
    """Return the own money of all measures taken."""
    return sum(paid.get(None, 0) for paid in Money(book).paid.values())


def check_measures(book: Book, findings: Findings) -> None:
    """Check every rule of measures and of who pays for them, except that they are needed."""
    money, bodies = Money(book), Bodies(book)
    for measure in money.measures.values():
        _check_plan(bodies, money, measure, findings)
    _check_budgets(book, money, findings)
    closed = set(book.instance.houses["house_id"][~book.instance.houses["ready"]].tolist())
    at_house = Counter(m.target_id for m in money.measures.values() if m.target_kind == "house")
    for house, count in at_house.items():
        if house in closed and count > 1:
            findings.add("one_measure", ONCE, house, value=count, limit=1)


def _check_plan(bodies: Bodies, money: Money, measure: Measure, findings: Findings) -> None:
    """Check who pays for one measure, and how much."""
    one, name, plan = ONCE, measure.measure_id, money.plan(measure)
    paid = money.paid[name]
    for programme, share in zip(plan, shares(measure, plan), strict=False):
        place, yen = (name, programme.programme_id), paid[programme.programme_id]
        broken = bodies.refusal(measure, programme)
        if programme.programme_id not in measure.programmes:
            broken = "programme_unlisted"
        if broken is not None:
            findings.add(broken, one, *place)
        if yen != share or share == 0:
            findings.add("programme_share", one, *place, value=yen, limit=share)
    payers = Counter(programme.payer for programme in plan)
    for payer in bodies.book.instance.rules.funding.single_payers:
        if payers[payer] > 1:
            findings.add("programme_single", one, name, payer, value=payers[payer], limit=1)
    whole = sum(paid.values())
    if whole != measure.cost_yen:
        findings.add("measure_paid", one, name, value=whole, limit=measure.cost_yen)


def _check_budgets(book: Book, money: Money, findings: Findings) -> None:
    """Check `programme_budget` and `own_budget`."""
    spent: Counter[str] = Counter()
    own: Counter[str | None] = Counter()
    for name, paid in money.paid.items():
        own[region_of(book, money.measures[name])] += paid.get(None, 0)
        spent.update({programme: yen for programme, yen in paid.items() if programme is not None})
    for programme, yen in spent.items():
        limit = money.known[programme].budget_yen
        if yen > limit:
            findings.add("programme_budget", ONCE, programme, value=yen, limit=limit)
    for region, limit in book.instance.rules.funding.own_budget_yen.items():
        if own[region] > limit:
            findings.add("own_budget", ONCE, region, value=own[region], limit=limit)


# Whether they are needed


def check_needed(book: Book, loads: dict[str, tuple[Array, Array]], days: Array, findings: Findings) -> None:
    """Check `measure_unused`: without a measure alone, something would be used beyond what there is.

    Parameters
    ----------
    loads
        By kind of target, what is used and what there is, shape (periods, targets); for facilities by seat row.
    days
        Days of care of each seat row in each period, shape (periods, seat rows).
    """
    openers = Counter(m.target_id for m in book.works.measures if m.target_kind == "house")
    ready, units = book.instance.houses["ready"], book.instance.houses["units"]
    for measure in book.works.measures:
        used, offered = loads[measure.target_kind]
        counts = book.works.counts(measure)[:, None]
        if measure.target_kind == "facility":
            table = book.instance.seats
            same = (table["facility_id"] == measure.target_id) & (table["band"] == str(measure.band))
            at = np.flatnonzero(same)
        else:
            at = np.array([target_of(book, measure)])
        gives = np.full((len(used), len(at)), measure.adds)
        if measure.target_kind == "facility" and kind_of(book, measure.target_id) == "nursery":
            gives = gives * days[:, at]
        if measure.target_kind == "house" and not ready[at[0]] and openers[measure.target_id] == 1:
            gives = gives + units[at]
        without = offered[:, at] - gives * counts
        if not ((used[:, at] > without) & counts).any():
            findings.add("measure_unused", ONCE, measure.measure_id)


def kind_of(book: Book, facility: str) -> str:
    """Return the kind of a facility."""
    row = find(book.instance.facilities, np.array([facility]))[0]
    return str(book.instance.facilities["kind"][row])
