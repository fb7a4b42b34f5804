"""What an allocation states of those without a place is what the explanation says, in the same codes; promotions included."""

import pytest

import nichiiki as nk
from nichiiki.report.words import reason_text
from nichiiki_models.allocation import Allocation
from nichiiki_models.errors import UnsupportedMarketError
from nichiiki_models.explanation import Code, WishReason, code_of
from nichiiki_models.instance import Instance
from nichiiki_models.texts import LANGUAGES, has_text
from nichiiki_oracle.random_instances import random_instance
from nichiiki_oracle.tiny import tiny
from nichiiki_sample import sample
from nichiiki_solver.explain import explain
from nichiiki_solver.explain_check import check_reasons

BESIDES_RULES = (Code.OUTRANKED, Code.LOTTERY, Code.FULL, Code.CLOSED, Code.COSTS_MORE, Code.NO_BETTER, Code.OWN_ORDER, Code.VACANT,
                 Code.LOCKED)  # fmt: skip
"""What the explanation may say of a place that no rule of household and place forbids."""


def allocated(seed: int, policy: str) -> tuple[Instance, Allocation] | None:
    try:
        result = nk.allocate(random_instance(seed), policy=policy, seed=seed)
    except UnsupportedMarketError:
        return None
    return None if result.allocation is None else (result.instance, result.allocation)


@pytest.mark.parametrize("policy", ["points", "welfare"])
@pytest.mark.parametrize("seed", sample(range(12), 4))
def test_what_is_listed_is_what_is_explained(seed: int, policy: str) -> None:
    done = allocated(seed, policy)
    if done is None:
        return
    instance, allocation = done
    reasons: dict[tuple[str, str], list[WishReason]] = {}
    for reason in explain(instance, allocation):
        if reason.list == "stay":
            reasons.setdefault((reason.household_id, reason.target_id or ""), []).append(reason)
    for row in allocation.unplaced.rows():
        assert has_text(f"reason.{row.rule}", "en")
        said = reasons.get((row.household_id, row.target_id or ""), [])
        if code_of(row.rule) is Code.FULL:
            assert all(reason.code in BESIDES_RULES for reason in said)
        elif code_of(row.rule) is Code.LOCKED:
            assert all(reason.code in (Code.LOCKED, Code.INELIGIBLE, Code.REQUIRED) for reason in said), row
        elif code_of(row.rule) is Code.REQUIRED:
            assert all(reason.code in (Code.REQUIRED, Code.SIBLINGS, *BESIDES_RULES) for reason in said)
        elif code_of(row.rule) is Code.INELIGIBLE:
            assert all(reason.code in (Code.INELIGIBLE, Code.LOCKED) for reason in said), row


@pytest.mark.parametrize(
    ("kind", "target", "words"),
    [
        ("house", "house", "house: a planner's override"),
        ("region", "host", "host: a planner's override"),
        ("placed", None, "any place"),
    ],
)
def test_an_override_is_named_and_not_taken_for_a_household_without_wishes(
    kind: str, target: str | None, words: str
) -> None:
    lock = {
        "household_id": "a",
        "target_kind": kind,
        "target_id": target,
        "effect": "never",
        "reason": "test",
    }
    allocation = nk.allocate(tiny("a", "b", locks=[lock]), policy="points").allocation
    assert allocation is not None
    [row] = allocation.unplaced.rows()
    assert (row.household_id, row.rule, row.target_id, code_of(row.rule)) == (
        "a",
        "lock",
        target,
        Code.LOCKED,
    )
    sentences = {lang: reason_text(row.rule, row.target_id, None, None, lang) for lang in LANGUAGES}
    assert words in sentences["en"]
    assert sentences["ja"] != sentences["en"]


@pytest.mark.parametrize("seed", sample(range(10), 4))
def test_after_a_promotion_every_reason_is_confirmed(seed: int) -> None:
    done = allocated(seed, "points")
    if done is None or not len(done[1].placements):
        return
    instance, allocation = done
    gone = str(allocation.placements["household_id"][0])
    after = nk.promote(instance, allocation, declined=[gone]).allocation
    if after is None:
        return
    reasons = explain(instance, after)
    assert check_reasons(instance, after, reasons) == []
    assert [reason.code for reason in reasons if reason.household_id == gone] == [Code.DECLINED]
    assert all(reason.sentence(lang) for reason in reasons for lang in ("ja", "en"))
    others = [reason for reason in reasons if reason.household_id != gone]
    assert check_reasons(instance, after, others), "a household that declined needs a reason, too"
    lie = WishReason(household_id=gone, rule="no_wish", code=Code.NO_WISH)
    assert check_reasons(instance, after, [lie], households=[gone])
