"""Every reason and suggestion is confirmed by a check that shares nothing with what found it, and by the oracle."""

import os
from functools import cache
from itertools import product

import pytest

from nichiiki_flagship import flagship, flagship_by_points, flagship_optimum
from nichiiki_models.allocation import Allocation
from nichiiki_models.errors import UnsupportedMarketError, UsageError, VerificationError
from nichiiki_models.explanation import Code, Proof, WishReason
from nichiiki_models.instance import Instance
from nichiiki_models.rules import Rules
from nichiiki_models.tables import Lock
from nichiiki_oracle.allocations import choice_of
from nichiiki_oracle.brute_force import Optimum, best_of_market, is_allowed, optimum, over_measures
from nichiiki_oracle.bundles import Bundle, bundles
from nichiiki_oracle.market import Market
from nichiiki_oracle.random_instances import random_instance
from nichiiki_oracle.shared import obeys
from nichiiki_oracle.tiny import tiny
from nichiiki_sample import sample
from nichiiki_solver.allocating import allocate
from nichiiki_solver.explain import explain
from nichiiki_solver.explain_check import check_reasons

FULL = os.environ.get("NICHIIKI_FULL") == "1"
SEEDS = range(500 if FULL else 2)
POLICIES = ("points", "per_target", "welfare", "first_come", "lottery", "immediate_acceptance")
"""Policies, and the variant of `points` in which places choose."""
FOUND = [
    *(("welfare", seed) for seed in (225, 35, 393)),
    *(("first_come", seed) for seed in (75, 331)),
    *(("points", seed) for seed in (430, 209)),
]
COSTS_FOUND = (225, 80, 331)
"""Where counts over 500 seeds found faults: of measures (not taken, counting late), of carers, of units counted twice."""
CONFIRMED = list(product(POLICIES, SEEDS))
CONFIRMED += sample((found for found in FOUND if found not in CONFIRMED), kind=lambda found: found[0])
COSTED = [*SEEDS, *sample((seed for seed in COSTS_FOUND if seed not in SEEDS), 3)]
THERE = (Code.VACANT, Code.NO_BETTER, Code.OWN_ORDER)
SILENT = (Code.NO_STAY, Code.NO_PERIOD, Code.NOTHING_THERE, Code.NO_WISH)


def allocated(instance: Instance, policy: str, seed: int) -> Allocation | None:
    try:
        return allocate(instance, policy=policy, seed=seed).allocation
    except UnsupportedMarketError:
        return None


@cache
def of_the_flagship(policy: str) -> tuple[Instance, Allocation, list[WishReason]]:
    """The flagship, its allocation and everybody's reasons."""
    result = flagship_optimum() if policy == "welfare" else flagship_by_points()
    assert result.allocation is not None
    return flagship(), result.allocation, list(explain(flagship(), result.allocation))


def chosen_by_places(rules: Rules) -> Rules:
    return rules.model_copy(update={"procedure": rules.procedure.model_copy(update={"kind": "per_target"})})


def ways(market: Market, reason: WishReason, allocation: Allocation) -> list[Bundle]:
    """Bundles that fulfil a wish: of a stay all there are, of a need those that are otherwise what the household has."""
    household = market.households[reason.household_id]
    every = [b for b in bundles(market, household) if obeys(market, reason.household_id, b)]
    if reason.list == "stay":
        return [
            b
            for b in every
            if b.stay.house.house_id == reason.target_id and b.stay.wished.rank == reason.rank
        ]
    has = choice_of(market.instance, allocation)[reason.household_id]
    assert has is not None
    return [
        b
        for b in every
        if fulfils(b, reason)
        and b.stay.periods == has.stay.periods
        and differs_there(b, has, reason, household.siblings)
    ]


def fulfils(bundle: Bundle, reason: WishReason) -> bool:
    return any(
        need.list == reason.list and need.person_id == reason.person_id and target == reason.target_id
        for need, target in bundle.held
    )


def differs_there(bundle: Bundle, has: Bundle, reason: WishReason, siblings: str) -> bool:
    if bundle.stay.house.house_id != has.stay.house.house_id:
        return False
    together = reason.list == "school" and siblings == "together"
    return all(
        mine.targets == its.targets
        for mine, its in zip(bundle.answers, has.answers, strict=True)
        if mine.need.list != reason.list or (mine.need.person_id != reason.person_id and not together)
    )


@pytest.mark.parametrize(("policy", "seed"), CONFIRMED)
def test_every_reason_and_suggestion_is_confirmed(policy: str, seed: int) -> None:
    """Reasons speak of the places as built: of all that the budgets would allow the measures taken count, and no others.

    What another choice of measures would make possible is no place that is there: under ``welfare`` it is what a wish costs,
    which `test_costs_of_forced_wishes_equal_complete_enumeration` asks over every set of measures.
    """
    instance = random_instance(seed)
    if policy == "per_target":
        instance = instance.replace(rules=chosen_by_places(instance.rules))
    allocation = allocated(instance, "points" if policy == "per_target" else policy, seed)
    if allocation is None:
        return
    reasons = explain(instance, allocation)
    assert check_reasons(instance, allocation, reasons, smallest=True) == []
    market = Market(instance, taken=allocation.measures["measure_id"].tolist())
    choice = choice_of(instance, allocation)
    for reason in reasons:
        if reason.code in (*THERE, *SILENT) or (reason.code is Code.COSTS_MORE and reason.cause is None):
            continue
        for bundle in ways(market, reason, allocation):
            assert not is_allowed(market, {**choice, reason.household_id: bundle}), reason


@pytest.mark.parametrize("seed", COSTED)
def test_costs_of_forced_wishes_equal_complete_enumeration(seed: int) -> None:
    instance = random_instance(seed)
    allocation = allocated(instance, "welfare", seed)
    if allocation is None:
        return
    best = optimum(instance)
    assert best is not None
    estimates = {key(reason): reason for reason in explain(instance, allocation)}
    for reason in explain(instance, allocation, exact=True):
        if reason.code not in (Code.COSTS_MORE, Code.NO_BETTER, Code.IMPOSSIBLE):
            continue
        forced = forced_optimum(instance, reason)
        if reason.code is Code.IMPOSSIBLE or forced is None:
            assert forced is None
            assert reason.code is Code.IMPOSSIBLE
            continue
        changed = [(a - b, k) for k, (a, b) in enumerate(zip(best.levels, forced, strict=True)) if a != b]
        loss, level = changed[0] if changed else (0, 0)
        if reason.proof is Proof.PROVEN:
            assert reason.evidence["loss"] == loss
        at_least = estimates[key(reason)].evidence.get("at_least", 0)
        assert level > 0 or int(at_least or 0) <= loss


def key(reason: WishReason) -> tuple[object, ...]:
    return reason.household_id, reason.list, reason.person_id, reason.target_id, reason.rank


def forced_optimum(instance: Instance, reason: WishReason) -> tuple[int, ...] | None:
    """The best levels with a wish fulfilled, by trying everything; each set of measures is a market of its own."""

    def search(market: Market) -> Optimum | None:
        household = market.households[reason.household_id]
        kept = [
            b for b in bundles(market, household)
            if (b.stay.house.house_id == reason.target_id and b.stay.wished.rank == reason.rank)
            or (reason.list != "stay" and fulfils(b, reason))
        ]  # fmt: skip
        market.memo["bundles", reason.household_id] = kept
        market.locks.append(
            Lock(household_id=reason.household_id, target_kind="placed", effect="must", reason="test")
        )
        return best_of_market(market)

    found = over_measures(Market(instance), search)
    return None if found is None else found.levels


@pytest.mark.parametrize("policy", sample(["points", "welfare"], 2))
def test_flagship(policy: str) -> None:
    instance, allocation, reasons = of_the_flagship(policy)
    some = reasons if FULL else reasons[:: len(reasons) // 8]
    assert check_reasons(instance, allocation, some, households=None if FULL else ()) == []
    assert all(reason.sentence(lang) for reason in reasons for lang in ("ja", "en"))
    ids = set(instance.households["household_id"].tolist())
    assert not [r for r in reasons if ids & set(r.sentence("en").replace(".", " ").split())]


def test_one_household_has_the_reasons_it_has_among_all() -> None:
    instance, allocation, everybody = of_the_flagship("points")
    some = [everybody[0].household_id, everybody[-1].household_id]
    assert explain(instance, allocation, some) == [r for r in everybody if r.household_id in some]


def test_where_nobody_is_listed_as_a_person_wishes_of_households_are_explained() -> None:
    full = tiny(supporters__0__caseload=0)
    instance = full.replace(persons=[], choices=[row for row in full.choices.rows() if row.person_id is None])
    allocation = allocated(instance, "points", 0)
    assert allocation is not None
    reasons = explain(instance, allocation)
    assert "supporter" in {reason.list for reason in reasons}
    assert check_reasons(instance, allocation, reasons) == []


def test_reasons_survive_json() -> None:
    instance = random_instance(7)
    allocation = allocated(instance, "points", 7)
    assert allocation is not None
    for reason in explain(instance, allocation):
        assert WishReason.model_validate_json(reason.model_dump_json()) == reason


def test_a_wrong_reason_is_found() -> None:
    """The check is no rubber stamp: numbers, causes, keys and changes that are not true are doubted."""
    instance, allocation, reasons = of_the_flagship("points")
    budget = next(r for r in reasons if r.rule == "budget" and r.relaxation)
    late = next(r for r in reasons if r.code is Code.OUTRANKED)
    closed = next(r for r in reasons if r.code is Code.CLOSED)
    shared = next(r for r in reasons if r.rule == "hazard_shared")
    assert shared.evidence["hazards"] == "tsunami"
    assert "（津波）" in shared.sentence("ja") and "(tsunami)" in shared.sentence("en")
    assert budget.relaxation is not None
    change = budget.relaxation.changes[0]
    assert isinstance(change.value, int)
    short = change.model_copy(update={"value": change.value - 1})
    step = budget.relaxation.steps[0].model_copy(update={"changes": (short,)})
    spoilt = [
        budget.model_copy(update={"value": (budget.value or 0) + 1}),
        budget.model_copy(update={"rule": "hazard_shared"}),
        budget.model_copy(update={"relaxation": budget.relaxation.model_copy(update={"steps": (step,)})}),
        budget.model_copy(update={"target_id": "h-oto-1"}),
        late.model_copy(update={"value": (late.value or 0) + 1}),
        late.model_copy(update={"evidence": {**late.evidence, "theirs": 999}}),
        late.model_copy(update={"code": Code.LOTTERY}),
        late.model_copy(update={"code": Code.VACANT}),
        closed.model_copy(update={"limit": 99}),
        shared.model_copy(update={"evidence": {"hazards": "flood"}}),
    ]
    for reason in spoilt:
        assert check_reasons(instance, allocation, [reason], households=()), reason
    mine = [r for r in reasons if r.household_id == reasons[0].household_id]
    missing = check_reasons(instance, allocation, mine[1:], households=[mine[0].household_id])
    assert [doubt.target_id for doubt in missing] == [mine[0].target_id]


def test_what_breaks_a_rule_is_not_explained() -> None:
    instance = random_instance(7)
    allocation = allocated(instance, "points", 7)
    assert allocation is not None
    with pytest.raises(VerificationError):
        explain(
            instance.replace(
                note="", houses=instance.houses.with_columns(units=instance.houses["units"] * 0)
            ),
            allocation,
        )


def test_an_unknown_household_is_named() -> None:
    instance = random_instance(7)
    allocation = allocated(instance, "points", 7)
    assert allocation is not None
    with pytest.raises(UsageError, match='household_id: "nobody" does not exist'):
        explain(instance, allocation, "nobody")
