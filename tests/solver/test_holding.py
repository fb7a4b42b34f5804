"""A first answer by prices: nobody takes what is not there, who is left gets what is left, and it is the same every time."""

import numpy as np
import pytest

from nichiiki_instances.generators import generate
from nichiiki_models.instance import Instance
from nichiiki_models.table import Table
from nichiiki_models.tables import Lock, Quota
from nichiiki_oracle.random_instances import medium_instance
from nichiiki_sample import sample
from nichiiki_solver.allocating import allocate
from nichiiki_solver.bundles import BundleSource, find_bundles
from nichiiki_solver.dual_prices import SCALE, approach
from nichiiki_solver.holding import Held, filled, held_at_once, held_by_prices
from nichiiki_solver.ragged import Ints


def never() -> bool:
    return False


def value_of(source: BundleSource, held: Held) -> int:
    market, choice = held.choice(source)
    return int(market.objectives(choice)[0])


def begun(source: BundleSource) -> tuple[Ints, Ints]:
    weights = np.eye(len(source.bundles.instance.levels), dtype=np.int64)[0]
    return weights * SCALE, approach(source.unlisted(), source, weights, never, 60).prices


@pytest.mark.parametrize("seed", sample(range(6), 2))
def test_nobody_takes_what_is_not_there(seed: int) -> None:
    source = BundleSource(find_bundles(medium_instance(seed)))
    held = held_by_prices(source, *begun(source), never)
    used, capacity = held.used(source), source.bundles.uses.resources.capacity
    # what must be met by several together is asked for by capacities below nothing, and may stay unmet
    assert (used <= np.maximum(capacity, 0)).all()
    again = held_by_prices(source, *begun(source), never)
    assert (again.stay == held.stay).all() and (again.chosen == held.chosen).all()


@pytest.mark.parametrize("seed", sample(range(6), 2))
def test_who_holds_something_keeps_it_and_the_others_get_what_is_left(seed: int) -> None:
    source = BundleSource(find_bundles(medium_instance(seed)))
    weights, prices = begun(source)
    whole = held_by_prices(source, weights, prices, never)
    some = np.flatnonzero(whole.stay >= 0)[::2]
    stay, chosen = whole.stay.copy(), whole.chosen.copy()
    stay[some], chosen[some] = -1, -1
    part = Held(stay, chosen, whole.gates)
    more = filled(source, weights, prices, part, never)
    kept = stay >= 0
    assert (more.stay[kept] == stay[kept]).all() and value_of(source, more) >= value_of(source, part)
    assert (more.used(source) <= np.maximum(source.bundles.uses.resources.capacity, 0)).all()
    # nobody who holds nothing could gain by what is left
    left = source.bundles.uses.resources.capacity - more.used(source)
    shut, free = source.bundles.uses.beyond(left), more.stay < 0
    assert (source.best_fitting(weights, np.zeros_like(prices), shut, free)[2] <= 0).all()


def test_an_answer_at_once_is_one_round_at_least() -> None:
    source = BundleSource(find_bundles(medium_instance(1)))
    weights = np.eye(len(source.bundles.instance.levels), dtype=np.int64)[0]
    hasty, patient = (held_at_once(source, weights, lambda over=over: over) for over in (True, False))  # type: ignore[misc]
    assert 0 < value_of(source, hasty) < value_of(source, patient)
    assert (patient.used(source) <= np.maximum(source.bundles.uses.resources.capacity, 0)).all()


def test_told_to_stop_it_places_no_one() -> None:
    source = BundleSource(find_bundles(medium_instance(1)))
    assert (held_by_prices(source, *begun(source), lambda: True).stay < 0).all()


def feasible_at_once(instance: Instance) -> bool:
    source = BundleSource(find_bundles(instance))
    weights = np.eye(len(instance.levels), dtype=np.int64)[0]
    market, choice = held_at_once(source, weights * SCALE, never).choice(source)
    return market.is_feasible(choice)


def placed_at_once(instance: Instance) -> tuple[BundleSource, Ints]:
    source = BundleSource(find_bundles(instance))
    weights = np.eye(len(instance.levels), dtype=np.int64)[0]
    return source, held_at_once(source, weights * SCALE, never).stay


@pytest.mark.parametrize("seed", sample(range(4), 2))
def test_who_must_be_placed_comes_before_whom_the_place_is_worth_more(seed: int) -> None:
    instance = generate(households=60, houses=16, hosts=4, seed=seed)
    source, stay = placed_at_once(instance)
    stays = source.bundles.stays
    possible = np.unique(
        stays.household[instance.houses["ready"][stays.house]]
    )  # no measure is opened for anybody
    left_out = [int(h) for h in possible if stay[h] < 0][:2]
    assert left_out
    names = instance.households["household_id"]
    locks = [Lock(household_id=names[h], target_kind="placed", effect="must", reason="x") for h in left_out]
    locked = instance.replace(locks=Table.from_rows(Lock, locks))
    assert allocate(locked, time_limit_s=60).allocation is not None
    assert feasible_at_once(locked)


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_as_many_are_placed_as_a_minimum_asks_for(seed: int) -> None:
    """One more than comes by itself to a town: not in every one, as that may be impossible, or take a search."""
    instance = generate(households=60, houses=16, hosts=4, seed=seed)
    source, stay = placed_at_once(instance)
    region = instance.regions.find(instance.houses["region_id"])
    counts = np.bincount(region[source.bundles.stays.house[stay[stay >= 0]]], minlength=len(instance.regions))
    met = 0
    for town in set(region.tolist()):
        quota = Quota(
            quota_id="few",
            target_kind="region",
            target_id=instance.regions["region_id"][town],
            min=int(counts[town]) + 1,
        )
        met += feasible_at_once(instance.replace(quotas=Table.from_rows(Quota, [quota])))
    assert met
