"""The flagship instance: proven optimal, the clerk's result reproduced, both checked."""

import numpy as np
import pytest

from nichiiki_flagship import flagship, flagship_optimum
from nichiiki_models.allocation import Allocation, Status
from nichiiki_models.instance import Instance
from nichiiki_models.result import Result
from nichiiki_oracle.allocations import choice_of, objective_levels
from nichiiki_oracle.clerk import one_list
from nichiiki_solver.allocating import allocate
from nichiiki_solver.budget import budget_table
from nichiiki_solver.cost_table import costs
from nichiiki_solver.evaluate import evaluate
from nichiiki_solver.pricing.price import price
from nichiiki_solver.verify import verify
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.roles import holders


@pytest.fixture(name="flagship")
def flagship_fixture() -> Instance:
    return flagship()


@pytest.fixture
def optimum() -> Result:
    return flagship_optimum()


def test_the_optimum_is_proven(optimum: Result) -> None:
    assert optimum.status is Status.OPTIMAL
    assert optimum.gap == 0
    assert optimum.objective == optimum.bound == 141_280


@pytest.mark.slow
def test_the_oracle_agrees_with_its_value(flagship: Instance, optimum: Result) -> None:
    assert optimum.allocation is not None
    assert list(objective_levels(flagship, optimum.allocation)) == [optimum.objective]
    assert verify(flagship, optimum.allocation) == []


def test_a_renovation_is_chosen_and_another_refused_for_the_budget(
    flagship: Instance, optimum: Result
) -> None:
    assert optimum.allocation is not None
    taken = set(optimum.allocation.measures["measure_id"].tolist())
    assert "m-h-daimon-1" in taken
    assert "m-h-shiojiri-higashi-1" not in taken
    funding = flagship.rules.funding.model_copy(update={"own_budget_yen": {}})
    rich = flagship.replace(rules=flagship.rules.model_copy(update={"funding": funding}))
    both = allocate(rich, time_limit_s=240).allocation
    assert both is not None
    assert {"m-h-daimon-1", "m-h-shiojiri-higashi-1"} <= set(both.measures["measure_id"].tolist())


def test_the_budget_table_names_the_rule_that_refuses_fares(flagship: Instance, optimum: Result) -> None:
    assert optimum.allocation is not None
    lines = budget_table(flagship, optimum.allocation)
    assert {line.note for line in lines if line.measure_id == "m-fares" and line.payer != "own"} == {
        "programme_item"
    }
    (short,) = (line for line in lines if line.measure_id == "m-h-shiojiri-higashi-1" and line.payer == "own")
    assert (short.note, short.taken, short.need_yen) == ("own_budget", False, 4_200_000)
    own = flagship.rules.funding.own_budget_yen["shiojiri"]
    assert short.left_yen == own - sum(line.amount_yen for line in lines if line.paid_by == "shiojiri")
    for measure in optimum.allocation.measures.rows():
        paid = [line.amount_yen for line in lines if line.measure_id == measure.measure_id]
        assert sum(paid) == measure.cost_yen


def test_a_trial_calendar_without_gaps_is_found_out(flagship: Instance) -> None:
    houses = flagship.houses.with_columns(gap_periods=np.zeros_like(flagship.houses["gap_periods"]))
    tight = allocate(flagship.replace(houses=houses), policy="points", seed=2026).allocation
    assert tight is not None
    found = verify(flagship, tight.replace(instance_hash=flagship.hash))
    crowded = {violation.where.split()[0] for violation in found if violation.rule == "house_units"}
    assert crowded and crowded <= set(
        flagship.houses["house_id"][flagship.houses["gap_periods"] > 0].tolist()
    )
    assert {violation.rule for violation in found} <= {"house_units", "quota_reserved"}


def test_winter_work_of_hakuba_is_filled(flagship: Instance, optimum: Result) -> None:
    assert optimum.allocation is not None
    book = Book(flagship, optimum.allocation)
    ski = flagship.roles["title"] == "スキー場・宿"
    for month in ("2027-01", "2027-02"):
        held = holders(book)[list(flagship.periods["period_id"]).index(month)][ski]
        assert len(held) == 10
        assert held.min() >= 1
        assert held.sum() >= 14


def test_the_august_festival_of_hakuba_is_reported_short(flagship: Instance, optimum: Result) -> None:
    assert optimum.allocation is not None
    short = evaluate(flagship, optimum.allocation).short_roles
    (festival,) = (
        row.role_id for row in flagship.roles.rows() if row.title == "夏祭り" and row.region_id == "hakuba"
    )
    assert 1 <= short[festival]["2026-08"] <= 3


def test_guests_open_classes_and_the_report_says_so(flagship: Instance, optimum: Result) -> None:
    assert optimum.allocation is not None
    changes = evaluate(flagship, optimum.allocation).class_changes
    assert {change.facility_id for change in changes} == {"sc-ryujin", "sc-shiojirihigashi"}
    assert all(change.after == change.before + 1 for change in changes)


def test_a_person_has_two_bases_one_after_the_other(flagship: Instance, optimum: Result) -> None:
    assert optimum.allocation is not None
    family = [row.household_id for row in flagship.households.rows() if row.family == "fa-1"]
    stays = [row for row in optimum.allocation.stays.rows() if row.household_id in family]
    assert len({row.region_id for row in stays}) == len(family) == 2
    assert not set(stays[0].periods) & set(stays[1].periods)


def test_the_cost_table_has_every_household_placed(flagship: Instance, optimum: Result) -> None:
    assert optimum.allocation is not None
    rows = list(costs(flagship, optimum.allocation, pass_yen=10_000).rows())
    assert [row.household_id for row in rows] == optimum.allocation.placements["household_id"].tolist()
    assert all(row.after_yen <= row.before_yen <= row.budget_yen for row in rows)
    assert sum(row.saved_yen for row in rows) > 0


def test_a_premium_holder_at_the_limit_of_three_is_refused(flagship: Instance, optimum: Result) -> None:
    full = [row for row in flagship.households.rows() if len(row.other_municipalities) == 3]
    assert [row.registration for row in full] == ["premium"]
    assert optimum.allocation is not None
    reasons = [row for row in optimum.allocation.unplaced.rows() if row.household_id == full[0].household_id]
    assert {(row.rule, row.value, row.limit) for row in reasons} >= {("registrations_max", 4, 3)}


def test_nobody_of_osaka_stays_where_a_tsunami_threatens_both_homes(
    flagship: Instance, optimum: Result
) -> None:
    assert optimum.allocation is not None
    osaka = {row.household_id for row in flagship.households.rows() if row.home_region == "osaka"}
    stays = [row for row in optimum.allocation.stays.rows() if row.household_id in osaka]
    threatened = {row.house_id for row in flagship.houses.rows() if "tsunami" in row.hazards}
    assert stays
    assert not {row.house_id for row in stays} & threatened
    refused = {row.household_id for row in optimum.allocation.unplaced.rows() if row.rule == "hazard_shared"}
    assert refused & osaka


@pytest.mark.slow
def test_rule_mode_is_the_clerks_result(flagship: Instance) -> None:
    result = allocate(flagship, policy="points", seed=2026)
    assert result.allocation is not None
    assert choice_of(flagship, result.allocation) == one_list(flagship, 2026).choice


def test_the_optimum_is_no_worse_than_rule_mode(flagship: Instance, optimum: Result) -> None:
    clerk = allocate(flagship, policy="points", seed=1)
    assert clerk.objective is not None
    assert optimum.bound is not None
    assert clerk.objective <= optimum.bound


def test_the_island_is_reached_by_the_fast_ship_only(flagship: Instance, optimum: Result) -> None:
    """The car ferry is cheaper, but with it the way takes longer than the rules allow a trip to be."""
    assert optimum.allocation is not None
    without_jet, without_ferry = (_slowed(flagship, name) for name in ("jet-ryotsu", "car-ferry-ryotsu"))
    assert _guests_of(flagship, optimum.allocation, "sado")
    found = verify(without_jet, optimum.allocation.replace(instance_hash=without_jet.hash))
    assert "trip_minutes" in {violation.rule for violation in found}
    assert verify(without_ferry, optimum.allocation.replace(instance_hash=without_ferry.hash)) == []
    for instance, some in ((without_jet, False), (without_ferry, True)):
        given = allocate(instance, policy="points", seed=2026).allocation
        assert given is not None
        assert bool(_guests_of(instance, given, "sado")) is some


def test_the_ship_is_cheaper_for_the_registered_only(flagship: Instance, optimum: Result) -> None:
    assert optimum.allocation is not None
    tariff = price(flagship, optimum.allocation, goal="uptake", subsidy_yen=6_000_000)
    (row,) = (row for row in tariff.products if row.product_id == "p-sado-resident")
    members = flagship.demand["registration"] != "none"
    to_sado = flagship.demand["to_id"] == "port-ryotsu"
    assert row.offered and row.price_yen == 0
    assert row.figures.buyers == 12_000 * int(flagship.demand["mass"][members & to_sado].sum())


def _guests_of(instance: Instance, allocation: Allocation, region: str) -> list[str]:
    at = instance.houses.find(allocation.stays["house_id"])
    return [
        str(name) for name in allocation.stays["household_id"][instance.houses["region_id"][at] == region]
    ]


def _slowed(instance: Instance, link: str) -> Instance:
    """The instance with a link so slow that nobody may take it."""
    minutes = np.where(instance.links["link_id"] == link, 600, instance.links["minutes"])
    return instance.replace(links=instance.links.with_columns(minutes=minutes))
