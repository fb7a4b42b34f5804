"""Matchings of the platform against brute force, each rule just kept and just broken, and what follows from theory."""

import os
from typing import Any

import numpy as np
import pytest

import nichiiki as nk
from nichiiki_models.allocation import Status
from nichiiki_models.errors import UsageError
from nichiiki_models.instance import Instance
from nichiiki_models.platform import PlatformMatching
from nichiiki_oracle.platform import Platform, platform_instance, random_platform

FULL = os.environ.get("NICHIIKI_FULL") == "1"
SEEDS = 1000 if FULL else 20
NEED = {"need_id": "n", "member": "town", "field": "work", "region_id": "town"}
OFFER = {"offer_id": "o", "member": "firm", "field": "work"}


def held(matching: PlatformMatching) -> frozenset[tuple[str, str]]:
    return frozenset((pair.need_id, pair.offer_id) for pair in matching.pairs)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_policy_is_what_brute_force_says(seed: int) -> None:
    instance = random_platform(seed)
    by_definition = Platform(instance)
    every = list(by_definition.matchings())
    best = nk.platform.match(instance, policy="welfare")
    assert best.status is Status.OPTIMAL
    assert tuple(level.objective for level in best.levels) == max(map(by_definition.value, every))
    assert by_definition.value(held(best)) == max(map(by_definition.value, every))
    for proposing in ("needs", "offers"):
        stable = nk.platform.match(instance, proposing=proposing, seed=seed)
        assert by_definition.fits(held(stable)) and by_definition.blocking(held(stable)) == set()
    assert held(nk.platform.match(instance, policy="points")) == by_definition.by_hand()
    figures = nk.platform.evaluate(instance, best)
    assert figures.blocking_pairs == len(by_definition.blocking(held(best)))


@pytest.mark.parametrize("seed", range(20))
def test_the_proposing_side_gets_its_best_stable_partners(seed: int) -> None:
    """Without ties: every need has at least as good partners as in any stable matching (Roth 1984)."""
    instance = strict(seed)
    by_definition = Platform(instance)
    stable = [m for m in by_definition.matchings() if not by_definition.blocking(m)]
    found = held(nk.platform.match(instance))
    assert found in stable
    for need in by_definition.needs:
        mine = sorted(by_definition.ranks(pair)[0] for pair in found if pair[0] == need)
        for other in stable:
            theirs = sorted(by_definition.ranks(pair)[0] for pair in other if pair[0] == need)
            assert len(mine) == len(theirs)
            assert all(a <= b for a, b in zip(mine, theirs, strict=True))


def strict(seed: int) -> Instance:
    """Three needs and three offers that all rank each other, and have room for one or two."""
    rng = np.random.default_rng(seed)
    names = {"need": ["n0", "n1", "n2"], "offer": ["o0", "o1", "o2"]}

    def rows(side: str, other: str) -> list[dict[str, Any]]:
        return [
            {
                f"{side}_id": name,
                "member": name,
                "field": "work",
                "capacity": int(rng.integers(1, 3)),
                "ranked": tuple(rng.permutation(names[other]).tolist()),
            }
            for name in names[side]
        ]

    return platform_instance(rows("need", "offer"), rows("offer", "need"))


@pytest.mark.parametrize("policy", ["stable", "welfare", "points"])
@pytest.mark.parametrize(
    ("rule", "kept", "broken"),
    [
        ("platform_member", {"member": "firm-b"}, {"member": "town"}),
        ("platform_field", {"field": "work"}, {"field": "housing"}),
        ("platform_region", {"region_id": "town"}, {"region_id": "village"}),
        ("platform_region", {"region_id": "pref"}, {"region_id": "isle"}),
        ("platform_not_listed", {"ranked": ("x", "n")}, {"ranked": ("x",)}),
    ],
)
def test_a_rule_refuses_exactly_what_breaks_it(
    rule: str, kept: dict[str, Any], broken: dict[str, Any], policy: Any
) -> None:
    spare = {**NEED, "need_id": "x", "field": "transport"}
    good, bad = (platform_instance([NEED, spare], [{**OFFER, **cells}]) for cells in (kept, broken))
    assert held(nk.platform.match(good, policy=policy)) == {("n", "o")}
    assert nk.platform.explain(good, nk.platform.match(good, policy=policy), "n") == []
    empty = nk.platform.match(bad, policy=policy)
    assert held(empty) == frozenset()
    assert [reason.rule for reason in nk.platform.explain(bad, empty, "n")] in ([rule], [])
    claimed = nk.platform.match(good, policy=policy).model_copy(
        update={"instance_hash": bad.hash, "pairs": nk.platform.match(good, policy=policy).pairs}
    )
    assert rule in {violation.rule for violation in nk.platform.verify(bad, claimed)}


@pytest.mark.parametrize("policy", ["stable", "welfare", "points"])
def test_capacity_suffices_exactly_up_to_its_limit(policy: Any) -> None:
    needs = [{**NEED, "need_id": f"n{k}"} for k in range(3)]
    two, three = (platform_instance(needs, [{**OFFER, "capacity": room}]) for room in (2, 3))
    assert len(nk.platform.match(two, policy=policy).pairs) == 2
    full = nk.platform.match(three, policy=policy)
    assert len(full.pairs) == 3
    (crowded,) = nk.platform.verify(
        two, full.model_copy(update={"instance_hash": two.hash, "policy": "welfare"})
    )
    assert (crowded.rule, dict(crowded.details)) == ("platform_capacity", {"value": 3, "limit": 2})


def test_a_need_is_served_before_another_gets_a_second_partner() -> None:
    """One offer with two places, worth more to the need that wants two of it; welfare serves both needs."""
    offers = [{**OFFER, "offer_id": name, "capacity": 1, "ranked": ("rich", "poor")} for name in ("a", "b")]
    needs: list[dict[str, Any]] = [
        {**NEED, "need_id": "rich", "capacity": 2},
        {**NEED, "need_id": "poor", "ranked": ("b",)},
    ]
    instance = platform_instance(needs, offers)
    assert held(nk.platform.match(instance, policy="welfare")) == {("rich", "a"), ("poor", "b")}
    assert held(nk.platform.match(instance, policy="points")) == {("rich", "a"), ("rich", "b")}
    best = nk.platform.match(instance, policy="welfare")
    (reason,) = nk.platform.explain(instance, best, "rich")
    assert (reason.offer_id, reason.rule, reason.value) == ("b", "platform_serves_fewer", 1)


def test_reasons_are_true() -> None:
    """A reason that names a rule names the one that stands against the pair; a cost is what forcing the pair costs."""
    for seed in range(25):
        instance = random_platform(seed)
        by_definition, best = Platform(instance), nk.platform.match(instance, policy="welfare")
        value = by_definition.value(held(best))
        for name in (*by_definition.needs, *by_definition.offers):
            for reason in nk.platform.explain(instance, best, name):
                pair = (reason.need_id, reason.offer_id)
                assert pair not in held(best) and reason.sentence("ja") and reason.sentence("en")
                refused = by_definition.refusal(*pair)
                if refused is not None:
                    assert reason.rule == refused
                    continue
                forced = max(
                    (by_definition.value(m) for m in by_definition.matchings() if pair in m), default=None
                )
                if reason.rule == "platform_serves_fewer":
                    assert forced is not None and value[0] - forced[0] == reason.value
                if reason.rule == "platform_costs_more":
                    assert forced is not None and (forced[0], value[1] - forced[1]) == (
                        value[0],
                        reason.value,
                    )
                if reason.rule == "platform_no_better":
                    assert forced == value


def test_more_room_serves_no_fewer() -> None:
    for seed in range(20):
        instance = random_platform(seed)
        before = nk.platform.match(instance, policy="welfare").levels
        wider = instance.offers.with_columns(capacity=instance.offers["capacity"] + 1)
        after = nk.platform.match(instance.replace(offers=wider), policy="welfare").levels
        assert [level.objective for level in after] >= [level.objective for level in before]


def test_the_order_of_rows_changes_nothing() -> None:
    for seed in range(10):
        instance = random_platform(seed, size=6)
        rng = np.random.default_rng(seed)
        tables = {name: table.take(rng.permutation(len(table))) for name, table in instance.tables.items()}
        turned = Instance.from_tables(tables, instance.rules)
        for policy in ("stable", "welfare", "points"):
            left, right = (nk.platform.match(each, policy=policy) for each in (instance, turned))
            assert left == right


DAMAGE: list[tuple[str, Any]] = [
    ("unknown_id", lambda m: {"pairs": (*m.pairs, m.pairs[0].model_copy(update={"need_id": "ghost"}))}),
    ("duplicate", lambda m: {"pairs": (*m.pairs, m.pairs[0])}),
    ("platform_ranks", lambda m: {"pairs": (m.pairs[0].model_copy(update={"need_rank": 9}), *m.pairs[1:])}),
    ("platform_blocking", lambda m: {"pairs": m.pairs[1:], "policy": "stable"}),
    ("platform_passed_over", lambda m: {"pairs": m.pairs[1:], "policy": "points"}),
    ("claim_objective", lambda m: {"levels": (m.levels[0], m.levels[1].model_copy(update={"objective": 1}))}),
    ("claim_bound", lambda m: {"levels": (m.levels[0], m.levels[1].model_copy(update={"bound": 1}))}),
    ("claim_levels", lambda m: {"levels": m.levels[:1]}),
    ("claim_status", lambda m: {"status": Status.FEASIBLE}),
    ("instance_hash", lambda m: {"instance_hash": "sha256:" + "0" * 64}),
]


@pytest.mark.parametrize(("rule", "damage"), DAMAGE, ids=[rule for rule, _ in DAMAGE])
def test_damage_is_found(rule: str, damage: Any) -> None:
    instance = nk.load("platform")
    good = nk.platform.match(instance, policy="welfare")
    assert nk.platform.verify(instance, good) == []
    found = nk.platform.verify(instance, good.model_copy(update=damage(good)))
    assert rule in {violation.rule for violation in found}
    assert all(violation.sentence(lang) for violation in found for lang in ("ja", "en"))


def test_what_cannot_be_asked() -> None:
    instance = nk.load("platform")
    for asked in ({"policy": "chance"}, {"proposing": "both"}, {"seed": -1}):
        with pytest.raises(UsageError, match=next(iter(asked))):
            nk.platform.match(instance, **asked)
    with pytest.raises(UsageError, match="nobody"):
        nk.platform.explain(instance, nk.platform.match(instance), "nobody")
    with pytest.raises(UsageError, match="no periods"):
        nk.allocate(instance)


def test_the_policies_differ_on_the_bundled_platform() -> None:
    instance = nk.load("platform")
    found = {name: nk.platform.match(instance, policy=name) for name in ("stable", "welfare", "points")}
    figures = {name: nk.platform.evaluate(instance, each) for name, each in found.items()}
    assert [figures[name].needs_served for name in found] == [20, 22, 21]
    assert [figures[name].blocking_pairs for name in found] == [0, 3, 2]
    again = PlatformMatching.model_validate_json(found["stable"].model_dump_json())
    assert again == found["stable"]
