"""Places for one more household: free ones are exactly those that the oracle finds, and the check passes them."""

import os

import numpy as np
import pytest

import nichiiki as nk
from nichiiki_flagship import flagship, flagship_by_points, flagship_optimum
from nichiiki_models.allocation import Allocation
from nichiiki_models.errors import UnsupportedMarketError, UsageError
from nichiiki_models.explanation import Proof
from nichiiki_oracle.allocations import choice_of
from nichiiki_oracle.brute_force import is_allowed
from nichiiki_oracle.bundles import bundles
from nichiiki_oracle.market import Market
from nichiiki_oracle.random_instances import random_instance
from nichiiki_oracle.shared import levels_of, obeys
from nichiiki_solver.allocating import allocate
from nichiiki_solver.explain_check.placing import broken, placed, without
from nichiiki_solver.fitting import fit, shadow_prices
from nichiiki_solver.priced import TABLES

FULL = os.environ.get("NICHIIKI_FULL") == "1"
SEEDS = 300 if FULL else 5


@pytest.mark.parametrize("seed", range(SEEDS))
def test_free_places_are_those_of_the_oracle(seed: int) -> None:
    instance = random_instance(seed)
    try:
        allocation = allocate(instance, policy="points", seed=seed).allocation
    except UnsupportedMarketError:
        return
    if allocation is None:
        return
    market = Market(instance, taken=allocation.measures["measure_id"].tolist())
    choice = choice_of(instance, allocation)
    for household in instance.households["household_id"].tolist():
        others = {**choice, household: None}
        if not is_allowed(market, {name: bundle for name, bundle in others.items() if name != household}):
            continue  # a minimum is missed without it
        found = fit(instance, allocation, household, prices=[], most=100)
        assert all(each.free and each.proof is Proof.PROVEN and each.cost == 0 for each in found)
        worth: dict[str, int] = {}
        for bundle in bundles(market, market.households[household]):
            if obeys(market, household, bundle) and is_allowed(market, {**others, household: bundle}):
                house = bundle.stay.house.house_id
                worth[house] = max(levels_of(market, bundle)[0], worth.get(house, -(1 << 40)))
        assert {each.place.house_id for each in found} == set(worth)
        assert all(each.gain <= worth[each.place.house_id] for each in found)


def test_the_flagship_has_a_place_for_a_late_applicant_or_a_price() -> None:
    instance = nk.load("flagship")
    result = allocate(instance, policy="points")
    assert result.allocation is not None
    prices = shadow_prices(instance)
    assert all(each.price > 0 for each in prices)
    unplaced = sorted(set(result.allocation.unplaced["household_id"].tolist()))[:6]
    for household in unplaced:
        found = fit(instance, result.allocation, household, prices=prices)
        assert [each.net for each in found] == sorted((each.net for each in found), reverse=True)
        assert len({each.place.house_id for each in found}) == len(found) <= 5
        assert all(each.sentence(lang) for each in found for lang in ("ja", "en"))


def test_who_withdraws_makes_room() -> None:
    """The house of a household that withdraws is free for one that wished for it and came too late."""
    instance = nk.generate(households=60, houses=20, hosts=1, seed=1)
    allocation = allocate(instance, policy="points").allocation
    assert allocation is not None
    leaving, late = _one_in_the_way(instance, allocation)
    before = fit(instance, allocation, late, prices=[], most=99)
    after = fit(instance, allocation, late, withdrawn=[leaving], prices=[], most=99)
    assert {each.place.house_id for each in before} < {each.place.house_id for each in after}
    rest = without(allocation, np.array([leaving, late]))
    for each in after:
        assert broken(instance, placed(instance, rest, late, each.place)) == []


def _one_in_the_way(instance: nk.Instance, allocation: Allocation) -> tuple[str, str]:
    """A household with a house, and one that needs no more than a unit of it."""
    for reason in nk.explain(instance, allocation):
        steps = reason.relaxation.steps if reason.relaxation else ()
        if [step.rule for step in steps] == ["house_units"] and steps[0].amount == 1:
            stays = allocation.stays
            holders = stays["household_id"][stays["house_id"] == reason.target_id]
            stays_whole = len(holders) == 1 and not broken(instance, without(allocation, holders))
            if stays_whole:
                return str(holders[0]), reason.household_id
    raise AssertionError("nobody is in anybody's way")


def test_an_unknown_household_is_named() -> None:
    instance, allocation = flagship(), flagship_by_points().allocation
    assert allocation is not None
    with pytest.raises(UsageError, match='household_id: "nobody" does not exist'):
        fit(instance, allocation, "nobody", prices=[])
    with pytest.raises(UsageError, match="time_limit_s"):
        shadow_prices(instance, time_limit_s=0)


def test_the_optimum_keeps_prices_of_what_is_shared() -> None:
    """They are dual prices of the linear relaxation like those found anew; where there are several, either will do."""
    result = flagship_optimum()
    anew = shadow_prices(result.instance)
    assert result.prices
    assert result.allocation is not None
    assert {price.kind for price in result.prices} <= {*TABLES, "seats", "lock", "programme", "own"}
    kept, found = (sum(price.price for price in prices) for prices in (result.prices, anew))
    assert abs(kept - found) < 0.1 * found
    assert nk.Result.model_validate_json(result.model_dump_json()).prices == result.prices
    household = str(result.allocation.unplaced["household_id"][0])
    assert fit(result.instance, result.allocation, household, prices=result.prices)
