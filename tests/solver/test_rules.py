"""Each rule in the solver: trivially kept, just kept, just broken, on the tiny market computed by hand.

The cases are those of the oracle; what is expected is stated there in words and figures.
"""

import pytest

from nichiiki_models.allocation import Allocation, Status
from nichiiki_models.errors import UsageError
from nichiiki_models.instance import Instance
from nichiiki_oracle.cases import RULES_OF_BUNDLES, SHARED_RULES, Cells
from nichiiki_oracle.random_instances import random_instance
from nichiiki_oracle.tiny import tiny
from nichiiki_sample import sample
from nichiiki_solver.allocating import allocate
from nichiiki_solver.evaluate import evaluate
from nichiiki_solver.explain import explain
from nichiiki_solver.verify import verify

PLAIN = 1000 + 300 + 300 + 100 + 200 + 100 + 70
"""Stay, school, care, desk, role, experience, and the role's value: one family's best bundle."""
WITH_SUPPORTER = {"lists": {"supporter": {"required": True, "accept_unlisted": True, "rank_utility": [0]}}}
FREE_SCHOOL: Cells = {"lists": {"school": {"rank_utility": [300]}}}
"""A school is not required, so that a rule on schools does not take the stay with it."""
ITEMS = {"school", "care", "desk", "role", "experience"}


NOT_WISHED = {"not_a_school", "not_a_nursery", "not_a_coworking"}
"""A wish for a region is a wish for places of its kind there: of no other does `explain` speak."""


def solved(instance: Instance, policy: str) -> Allocation:
    """The allocation of a policy; `allocate` has had it checked."""
    result = allocate(instance, policy=policy)
    assert result.status in (Status.OPTIMAL, Status.FEASIBLE)
    assert result.allocation is not None
    return result.allocation


def had(allocation: Allocation) -> set[str]:
    """What the first family gets."""
    if not len(allocation.placements):
        return set()
    supporter = allocation.placements.row(0).supporter_id
    return {"stay", *({"supporter"} if supporter else ()), *allocation.items["list"].tolist()}


def found_out(instance: Instance, allocation: Allocation) -> set[str]:
    """The rules that the check finds broken if an allocation of another instance is taken for one of this."""
    return {violation.rule for violation in verify(instance, allocation.replace(instance_hash=instance.hash))}


def test_the_plain_market() -> None:
    """A supporter is worth nothing here, so the optimum may do without; the clerk gives what ranks first."""
    assert had(solved(tiny(), "points")) == {"stay", "supporter", *ITEMS}
    assert had(solved(tiny(), "welfare")) >= {"stay", *ITEMS}
    assert allocate(tiny()).objective == PLAIN
    assert allocate(tiny("a", "b")).objective == 2 * PLAIN


@pytest.mark.parametrize(
    ("name", "rule", "kept", "broken"),
    sample(RULES_OF_BUNDLES, kind=lambda case: case[1]),
    ids=[f"{case[0]}-{case[1]}-{n}" for n, case in enumerate(RULES_OF_BUNDLES)],
)
def test_a_rule_refuses_exactly_from_its_limit_on(name: str, rule: str, kept: Cells, broken: Cells) -> None:
    good, bad = (tiny(**{**cells, "rules": FREE_SCHOOL | cells.get("rules", {})}) for cells in (kept, broken))
    by_hand, without = solved(good, "points"), solved(bad, "points")
    assert name in had(by_hand)
    assert name not in had(without)
    assert name == "supporter" or name in had(solved(good, "welfare"))
    assert name not in had(solved(bad, "welfare"))
    broken_rules = found_out(bad, by_hand)
    assert rule in broken_rules
    reasons = {why.rule for why in explain(bad, without, "a") if why.list == name}
    assert reasons & broken_rules or rule in NOT_WISHED
    assert evaluate(good, by_hand) != evaluate(bad, without)


@pytest.mark.parametrize(
    ("rule", "kept", "broken"),
    sample(SHARED_RULES, kind=lambda case: case[0]),
    ids=[f"{case[0]}-{n}" for n, case in enumerate(SHARED_RULES)],
)
def test_what_is_shared_suffices_exactly_up_to_its_limit(rule: str, kept: Cells, broken: Cells) -> None:
    assert allocate(tiny("a", "b", **kept)).objective == 2 * PLAIN
    rules = WITH_SUPPORTER | broken.get("rules", {})
    result = allocate(tiny("a", "b", **{**broken, "rules": rules}))
    assert result.status is Status.INFEASIBLE or (result.objective or 0) < 2 * PLAIN
    bad = tiny("a", "b", **broken)
    if rule == "quota_min":  # the clerk's procedure knows none
        assert rule in found_out(bad, solved(tiny("a", "b", **kept), "welfare"))
        return
    assert rule in found_out(bad, solved(tiny("a", "b", **kept), "points"))
    assert rule in {why.rule for why in explain(bad, solved(bad, "points"))}


def test_seasonal_work_leaves_no_gap_exactly_where_that_is_asked() -> None:
    """`chain`: feasible without the wish, just satisfied by a role in every period of the stay, broken by one too few."""
    chained: Cells = {"persons__0__multiwork": True, "roles__0__periods": ("p1", "p2")}
    gap: Cells = {**chained, "roles__0__periods": ("p1",)}
    free, good, bad = tiny(roles__0__periods=("p1",)), tiny(**chained), tiny(**gap)
    assert "role" in had(solved(free, "points"))
    assert "role" in had(solved(good, "points"))
    assert "role" not in had(solved(bad, "points"))
    assert "role" not in had(solved(bad, "welfare"))
    assert "chain" in found_out(bad, solved(good, "points"))
    assert "chain" in {why.rule for why in explain(bad, solved(bad, "points"), "a") if why.list == "role"}


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("placed", None),
        ("house", "house"),
        ("region", "host"),
        ("facility", "nursery"),
        ("role", "role"),
        ("supporter", "supporter"),
        ("experience", "experience"),
    ],
)
def test_locks(kind: str, target: str | None) -> None:
    lock = {"household_id": "a", "target_kind": kind, "target_id": target, "reason": "test"}
    must = allocate(tiny(), locks=[{**lock, "effect": "must"}])
    assert must.objective == PLAIN
    assert must.instance.hash != tiny().hash
    never = allocate(tiny(), locks=[{**lock, "effect": "never"}])
    assert never.status is Status.OPTIMAL
    assert never.objective is not None
    assert never.objective < PLAIN or kind == "supporter"
    none_left = allocate(tiny(houses__0__ready=False), locks=[{**lock, "effect": "must"}], policy="points")
    assert none_left.status is Status.INFEASIBLE


@pytest.mark.parametrize("lock", [{"household_id": "H1"}, "x", {"effect": "perhaps"}])
def test_a_lock_of_the_wrong_shape_is_a_usage_error_that_names_its_place(lock: object) -> None:
    with pytest.raises(UsageError, match=r"locks\[0\]"):
        allocate(random_instance(0), locks=[lock])  # type: ignore[list-item]
