"""Allocation and tariff in one loop: a fixed point, a cycle, and who moves because of a pass."""

from typing import Any

import pytest

import nichiiki as nk
from nichiiki_models.allocation import StopReason
from nichiiki_models.errors import UsageError
from nichiiki_solver.pricing.passes import PassTable
from nichiiki_solver.pricing.plan import plan
from nichiiki_tariff_small import town


def test_fixed_point_lets_a_household_move() -> None:
    """At single fares the wanted house costs 40,000. With the pass for 6,000 it costs 26,000; with the household on board the pass
    costs 3,000 · (2 + 4) / 2 = 9,000, and 29,000 is still within 30,000.
    """
    found = plan(town(budget=30_000))
    assert found.reason is StopReason.PROVEN
    assert [each.prices["pass"] for each in found.rounds] == [6000, 9000, 9000]
    assert found.tariff.prices == {"pass": 9000}
    assert [tuple(vars(move).values()) for move in found.moves] == [("hh1", "near", "wanted", True)]
    assert found.enabled == ("hh1",)
    assert (found.allocation_regret, found.tariff_regret, found.strained) == (0, 0, ())
    allocation = found.allocation.allocation
    assert allocation is not None
    assert allocation.placements["cost_yen"].tolist() == [29_000]
    assert nk.verify(found.allocation.instance, allocation) == []
    assert nk.verify_tariff(found.allocation.instance, found.tariff, allocation) == []


def test_cycle_is_told_and_the_best_state_returned() -> None:
    """With 27,000 the household can pay for the pass at 6,000 but not at 9,000, which is what it costs once it travels: the prices go
    6,000, 9,000, 6,000 for ever. The best state has the household where it wants to be, and says that 9,000 strains it.
    """
    found = plan(town(budget=27_000))
    assert found.reason is StopReason.CYCLE
    assert found.cycle == (1, 2)
    assert [each.prices["pass"] for each in found.rounds] == [6000, 9000, 6000]
    assert found.strained == ("hh1",)
    assert found.tariff_regret == 0
    assert found.allocation_regret == 0
    assert [move.after_house for move in found.moves] == ["wanted"]
    allocation = found.allocation.allocation
    assert allocation is not None
    assert nk.verify(found.allocation.instance, allocation) == []


def test_who_could_pay_at_single_fares_does_not_need_the_product() -> None:
    found = plan(town(budget=60_000))
    assert (found.enabled, found.moves) == ((), ())


def test_few_rounds_stop_without_proof() -> None:
    found = plan(town(budget=30_000), most_rounds=1)
    assert found.reason is StopReason.TIME_LIMIT
    assert len(found.rounds) == 1
    assert found.allocation_regret is None


def test_json_both_ways() -> None:
    found = plan(town(budget=30_000))
    again = nk.PlanResult.model_validate_json(found.model_dump_json())
    assert again.rounds == found.rounds
    assert again.tariff == found.tariff


def test_passes_are_what_the_check_reads() -> None:
    """A placement that claims the cost of single fares where a pass is cheaper is found, and the other way round."""
    instance = town(budget=90_000)
    passes = PassTable(instance).at({"pass": 9000})
    assert [(row.house_id, row.travel_yen) for row in passes.rows()] == [("wanted", 9000)]
    assert len(PassTable(instance).at({"pass": None})) == 0
    with_pass = instance.replace(passes=passes)
    allocation = nk.allocate(with_pass).allocation
    assert allocation is not None
    assert allocation.placements["cost_yen"].tolist() == [29_000]
    moved = allocation.replace(instance_hash=instance.hash)
    assert {violation.rule for violation in nk.verify(instance, moved)} == {"claim_cost"}


@pytest.mark.parametrize("trips", [0.5, 1.25, 3.0])
def test_parts_of_trips_cost_their_mean(trips: float) -> None:
    """A household with 1.25 trips pays three quarters of what one trip costs at best and a quarter of two; whole yen, up."""
    instance = town(budget=90_000)
    household: Any = {"household_id": "hh1", "home_region": "h", "budget_yen": 90_000, "round_trips": trips}
    passes = PassTable(instance.replace(households=[household])).at({"pass": 6000})
    low, high = (min(5000 * n, 6000 if n else 0) for n in (int(trips), int(trips) + 1))
    expected = round(low + (high - low) * (trips - int(trips)))
    cheaper = expected < 5000 * trips
    assert [row.travel_yen for row in passes.rows()] == ([expected] if cheaper else [])


def test_nothing_to_price() -> None:
    with pytest.raises(UsageError, match="products: The instance has no products"):
        plan(town(budget=30_000).replace(products=[]))
