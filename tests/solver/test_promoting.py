"""Declining and moving up, against the same steps written out by hand on the oracle's bundles."""

import os
from functools import cache

import numpy as np
import pytest

from nichiiki_models.allocation import Allocation, Standing, Status, StopReason
from nichiiki_models.errors import UsageError, VerificationError
from nichiiki_models.instance import Instance
from nichiiki_models.table import Table
from nichiiki_oracle.allocations import choice_of
from nichiiki_oracle.brute_force import options
from nichiiki_oracle.market import Market
from nichiiki_oracle.points import ordered_households
from nichiiki_oracle.random_instances import random_instance
from nichiiki_oracle.shared import Choice, below_minimum, fits, least_of, quota_minima, total_use
from nichiiki_sample import sample
from nichiiki_solver.allocating import allocate
from nichiiki_solver.promoting import promote
from nichiiki_solver.verify import verify

FULL = os.environ.get("NICHIIKI_FULL") == "1"
SEEDS = 400 if FULL else 4


def by_hand(market: Market, choice: Choice, gone: set[str], seed: int) -> Choice | None:
    """Go down the waiting list as a clerk does, one household after the other; None if a minimum is missed."""
    kept = {name: None if name in gone else bundle for name, bundle in choice.items()}
    begun = {key for key, amount in total_use(kept.values()).items() if amount > 0}
    offered = options(market)
    for household in ordered_households(market, seed):
        name = household.household_id
        if kept[name] is not None or name in gone:
            continue
        used = total_use(kept.values())
        for bundle in offered[name]:
            if bundle is None:
                continue
            open_ = all(key in begun or least_of(market, key) < 2 for key in bundle.use)
            if open_ and fits(market, used, bundle.use):
                kept[name] = bundle
                break
    used = total_use(kept.values())
    musts = {lock.household_id for lock in market.locks if lock.effect == "must"}
    if (
        below_minimum(market, used)
        or any(used[key] < least for key, least in quota_minima(market).items())
        or any(kept[name] is None for name in musts)
    ):
        return None
    return kept


def allocated(seed: int, policy: str) -> tuple[Instance, Allocation | None]:
    instance = random_instance(seed)
    if policy == "points" and any(row.min for row in instance.quotas.rows() if row.kind == "limit"):
        return instance, None
    result = allocate(instance, policy=policy, seed=seed)
    return result.instance, result.allocation


@pytest.mark.parametrize("policy", ["points", "welfare"])
@pytest.mark.parametrize("seed", range(SEEDS))
def test_places_go_down_the_waiting_list_as_by_hand(seed: int, policy: str) -> None:
    instance, before = allocated(seed, policy)
    if before is None or not len(before.placements):
        return
    market = Market(instance, taken=before.measures["measure_id"].tolist())
    names = before.placements["household_id"].tolist()
    gone: set[str] = set()
    allocation, choice = before, choice_of(instance, before)
    for name in (names[seed % len(names)], names[0]):
        if name in gone:
            continue
        gone.add(name)
        expected = by_hand(market, choice, gone, before.seed)
        promotion = promote(instance, allocation, declined=[name])
        if expected is None:
            assert promotion.allocation is None
            assert promotion.broken
            return
        assert promotion.allocation is not None
        assert choice_of(instance, promotion.allocation) == expected
        new = {n for n, bundle in expected.items() if bundle is not None and choice[n] is None}
        assert set(promotion.offered) == new
        allocation, choice = promotion.allocation, expected


@cache
def first_promotion() -> tuple[Instance, Allocation, Allocation, str]:
    for seed in range(100):
        instance, before = allocated(seed, "points")
        if before is not None and len(before.placements):
            name = before.placements["household_id"].tolist()[0]
            promotion = promote(instance, before, declined=[name])
            if promotion.offered and promotion.allocation is not None:
                return instance, before, promotion.allocation, name
    raise AssertionError("no random instance has a waiting list that moves")


def test_standings_survive_json_and_pass_the_check() -> None:
    instance, _, after, name = first_promotion()
    again = Allocation.model_validate_json(after.model_dump_json())
    assert again == after
    assert verify(instance, again) == []
    states = dict(zip(after.standings["household_id"], after.standings["state"], strict=True))
    assert states[name] == "declined"
    assert len(states) == len(instance.households)
    assert [row.rule for row in after.unplaced.rows() if row.household_id == name] == ["declined"]
    assert after.status is Status.FEASIBLE


def test_accepted_stays_accepted() -> None:
    instance, _, after, _ = first_promotion()
    sure = after.placements["household_id"].tolist()[0]
    second = promote(instance, after, accepted=[sure]).allocation
    assert second is not None
    third = promote(instance, second).allocation
    assert third is not None
    states = dict(zip(third.standings["household_id"], third.standings["state"], strict=True))
    assert states[sure] == "accepted"
    assert third.placements == after.placements


def damaged(after: Allocation, **columns: np.ndarray) -> Allocation:
    return after.replace(standings=after.standings.with_columns(**columns))


def test_the_check_finds_false_standings() -> None:
    instance, _, after, _ = first_promotion()
    table = after.standings
    waiting = np.flatnonzero(table["state"] == "waiting")
    other = np.where(table["state"] == "offered", "waiting", table["state"])
    assert {v.rule for v in verify(instance, damaged(after, state=other))} == {"claim_standing"}
    turned = np.where(table["state"] == "declined", "offered", table["state"])
    assert {v.rule for v in verify(instance, damaged(after, state=turned))} == {"claim_standing"}
    if len(waiting):
        number = table["number"].copy()
        number[waiting[0]] += 1
        assert {v.rule for v in verify(instance, damaged(after, number=number))} == {"claim_standing"}
    fewer = after.replace(standings=table.take(np.arange(len(table) - 1)))
    assert "claim_standing" in {v.rule for v in verify(instance, fewer)}


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"declined": ["nobody"]}, 'declined: "nobody" does not exist'),
        ({"declined": ["{placed}", "{placed}"]}, "named twice"),
        ({"accepted": ["{gone}"]}, "declined before"),
        ({"declined": ["{gone}"]}, "declined before"),
    ],
)
def test_answers_that_make_no_sense_are_refused(answers: dict[str, list[str]], message: str) -> None:
    instance, _, after, gone = first_promotion()
    placed = after.placements["household_id"].tolist()[0]
    filled = {k: [n.format(placed=placed, gone=gone) for n in names] for k, names in answers.items()}
    with pytest.raises(UsageError, match=message):
        promote(instance, after, **filled)


def test_a_household_that_waits_has_nothing_to_accept() -> None:
    for seed in range(50):
        instance, before = allocated(seed, "points")
        if before is not None and len(before.unplaced):
            with pytest.raises(UsageError, match="no place to accept"):
                promote(instance, before, accepted=[before.unplaced["household_id"].tolist()[0]])
            return


def test_a_broken_allocation_is_not_promoted() -> None:
    instance, before, _, _ = first_promotion()
    with pytest.raises(VerificationError):
        promote(instance, before.replace(objective=1))


@pytest.mark.parametrize("seed", sample(range(16), 3))
def test_the_check_knows_the_waiting_list(seed: int) -> None:
    """Nobody is placed, some are just of age, and everybody waits in the oracle's order; two who change places are both found."""
    instance = random_instance(seed).replace(locks=[], quotas=[])
    ages = instance.persons["age"]
    instance = instance.replace(persons=instance.persons.with_columns(age=np.where(ages == 28, 18, ages)))
    names = [row.household_id for row in ordered_households(Market(instance), seed)]
    empty = Allocation(
        instance_hash=instance.hash, policy="points", seed=seed, status=Status.FEASIBLE, reason=StopReason.PROCEDURE_ENDED
    )  # fmt: skip

    def doubted(order: list[str]) -> set[str]:
        rows = [Standing(household_id=name, state="waiting", number=1 + k) for k, name in enumerate(order)]
        allocation = empty.replace(standings=Table.from_rows(Standing, rows))
        return {v.where.split(" ")[0] for v in verify(instance, allocation) if v.rule == "claim_standing"}

    assert doubted(names) == set()
    for k in range(len(names) - 1):
        swapped = [*names[:k], names[k + 1], names[k], *names[k + 2 :]]
        assert doubted(swapped) == {names[k], names[k + 1]}
