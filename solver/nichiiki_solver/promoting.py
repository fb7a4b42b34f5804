"""Declining and moving up (辞退・繰上げ): freed places go down the waiting list, everything else stays.

The steps are in docs/explanation/rules.md, section 11.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from nichiiki_models.allocation import Allocation, Standing, Status, StopReason, Unplaced
from nichiiki_models.errors import UsageError, VerificationError
from nichiiki_models.instance import Instance
from nichiiki_models.promotion import Promotion
from nichiiki_models.table import Table
from nichiiki_solver.bundles import BundleSource, compile_market
from nichiiki_solver.market import Market
from nichiiki_solver.policies.closing import Gates, plain_levels
from nichiiki_solver.rerunning import placed_bundles, plans_held
from nichiiki_solver.verify import verify


def promote(
    instance: Instance,
    allocation: Allocation,
    *,
    declined: Iterable[str] = (),
    accepted: Iterable[str] = (),
) -> Promotion:
    """Offer what declined places leave to the households on the waiting list, with everything else fixed.

    Parameters
    ----------
    instance
        What was allocated, overrides included.
    allocation
        The answer so far; standings of earlier calls are kept.
    declined
        Households that give up their place, or their turn on the waiting list.
    accepted
        Households that have accepted what they were offered.

    Returns
    -------
    Promotion
        The new allocation and who was offered something; no allocation, and the broken rules, where a place that is given up
        leaves a role, an experience or a quota below its minimum and nobody on the list fills it.

    Raises
    ------
    UsageError
        If a household is not known, is named twice, has declined before, or accepts what it was never offered.
    VerificationError
        If the allocation breaks a rule of the instance to begin with.
    """
    violations = verify(instance, allocation)
    if violations:
        raise VerificationError(violations, given=True)
    gone, sure = list(declined), list(accepted)
    _check_answers(instance, allocation, gone, sure)
    market = compile_market(instance)
    source = market.source
    assert isinstance(source, BundleSource)  # noqa: S101 - markets of instances have this source
    ids = instance.households["household_id"].tolist()
    out = {ids.index(name) for name in (*_declined_before(allocation), *gone)}
    taken = {
        household: option
        for household, option in placed_bundles(market, allocation).taken.items()
        if household not in out
    }
    offered = _offer(source, market, allocation, taken, out)
    new = _allocation(instance, market, allocation, {**taken, **offered}, (gone, sure))
    broken = verify(instance, new)
    return Promotion(
        allocation=None if broken else new,
        offered=() if broken else tuple(ids[household] for household in offered),
        broken=tuple(broken),
    )


def _check_answers(instance: Instance, allocation: Allocation, gone: list[str], sure: list[str]) -> None:
    known, placed = (
        set(table["household_id"].tolist()) for table in (instance.households, allocation.placements)
    )
    before = set(_declined_before(allocation))
    for name, answers in (("declined", gone), ("accepted", sure)):
        for household in answers:
            if household not in known:
                raise UsageError.of("unknown_id", argument=name, value=household, tables="households")
            if [*gone, *sure].count(household) > 1:
                raise UsageError.of("arg_twice", argument=name, value=household)
            if household in before:
                raise UsageError.of("declined_before", argument=name, value=household)
    for household in sure:
        if household not in placed:
            raise UsageError.of("no_place_to_accept", argument="accepted", value=household)


def _declined_before(allocation: Allocation) -> list[str]:
    table = allocation.standings
    declined: list[str] = table["household_id"][table["state"] == "declined"].tolist()
    return declined


def _offer(
    source: BundleSource, market: Market, allocation: Allocation, taken: dict[int, Market], out: set[int]
) -> dict[int, Market]:
    """Give the households on the waiting list, in order, their best bundle for which everything is left."""
    gates = Gates(market)
    gates.open_as_held(taken, plans_held(source, allocation))
    left = gates.supply()
    for option in taken.values():
        np.subtract.at(left, option.resource, option.amount)
    offered: dict[int, Market] = {}
    for household in source.order(allocation.seed).tolist():
        if household in taken or household in out:
            continue
        found = source.first_fit(household, left)
        if found is not None:
            offered[household] = found
            np.subtract.at(left, found.resource, found.amount)
    return offered


def _allocation(
    instance: Instance,
    market: Market,
    before: Allocation,
    taken: dict[int, Market],
    answers: tuple[list[str], list[str]],
) -> Allocation:
    gates, source = Gates(market), market.source
    assert isinstance(source, BundleSource)  # noqa: S101 - markets of instances have this source
    gates.open_as_held(taken, plans_held(source, before))
    gates.supply()
    gates.keep_needed(taken)
    options, choice = gates.chosen(taken)
    levels = plain_levels(options, choice)
    new = options.to_allocation(
        choice,
        policy=before.policy,
        seed=before.seed,
        status=Status.FEASIBLE,
        reason=StopReason.PROCEDURE_ENDED,
        objective=levels[0].objective,
        bound=None,
        levels=levels,
        provenance={**before.provenance, "promotions": int(before.provenance.get("promotions", 0)) + 1},
    )
    order = [instance.households["household_id"][h] for h in source.order(before.seed).tolist()]
    standings = _standings(before, new, order, answers)
    return new.replace(standings=standings, unplaced=_reasons(new, standings))


def _standings(
    before: Allocation, new: Allocation, order: list[str], answers: tuple[list[str], list[str]]
) -> Table[Standing]:
    """State of every household; those who wait are numbered in order."""
    declined = {*_declined_before(before), *answers[0]}
    table = before.standings
    accepted = {*table["household_id"][table["state"] == "accepted"].tolist(), *answers[1]}
    placed = set(new.placements["household_id"].tolist())
    rows: list[dict[str, Any]] = []
    number = 0
    for household in order:
        if household in placed:
            state = "accepted" if household in accepted else "offered"
            rows.append({"household_id": household, "state": state})
        elif household in declined:
            rows.append({"household_id": household, "state": "declined"})
        else:
            number += 1
            rows.append({"household_id": household, "state": "waiting", "number": number})
    return Table.from_rows(Standing, [Standing.model_validate(row) for row in rows])


def _reasons(new: Allocation, standings: Table[Standing]) -> Table[Unplaced]:
    """The reason of a household that declined is that it declined; the others keep theirs."""
    declined = set(standings["household_id"][standings["state"] == "declined"].tolist())
    others = [row for row in new.unplaced.rows() if row.household_id not in declined]
    own = [Unplaced(household_id=household, rule="declined") for household in sorted(declined)]
    return Table.from_rows(Unplaced, [*others, *own])
