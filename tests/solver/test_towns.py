"""Towns: each piece is in one, what several use belongs to none, and the market of a town is part of the whole."""

import numpy as np
import pytest

from nichiiki_oracle.random_instances import medium_instance, random_instance
from nichiiki_sample import sample
from nichiiki_solver import mip
from nichiiki_solver.bundles import BundleSource, find_bundles
from nichiiki_solver.holding import Held
from nichiiki_solver.ragged import expand_rows
from nichiiki_solver.towns import NOBODY, SEVERAL, Cut


def town_of(source: BundleSource, stay: int) -> str:
    houses = source.bundles.instance.houses
    return str(houses["region_id"][source.bundles.stays.house[stay]])


@pytest.mark.parametrize("seed", sample(range(10), 3))
def test_what_stays_of_several_towns_use_belongs_to_none(seed: int) -> None:
    source = BundleSource(find_bundles(medium_instance(seed) if seed % 2 else random_instance(seed)))
    bundles, uses = source.bundles, source.bundles.uses
    cut = Cut.of(source, np.arange(len(bundles.stays)))
    assert sorted(np.concatenate([*cut.stays, cut.owner[:0]]).tolist()) == list(range(len(bundles.stays)))
    users: dict[int, set[int]] = {}
    for number, stays in enumerate(cut.stays):
        assert len({town_of(source, stay) for stay in stays.tolist()}) == 1
        for resource in uses.resources_of(stays, source.tree.options_of(stays)).tolist():
            users.setdefault(resource, set()).add(number)
    for gate, number in enumerate(cut.of_gate.tolist()):
        used = uses.gates.resource[expand_rows(uses.gates.offsets, np.array([gate]))[1]]
        for resource in used.tolist():
            users.setdefault(resource, set()).add(number)
    for resource, towns in users.items():
        owner = int(cut.owner[resource])
        assert owner in (NOBODY, SEVERAL) if len(towns) > 1 else owner in towns or owner < 0
        if owner >= 0:
            assert towns == {owner}


@pytest.mark.parametrize("most", [1, 5, 20])
def test_groups_of_houses_are_small_and_hold_all_stays_of_a_house(most: int) -> None:
    source = BundleSource(find_bundles(medium_instance(1)))
    stays = np.arange(len(source.bundles.stays))
    whole, cut = Cut.of(source, stays), Cut.of(source, stays, most)
    assert len(cut.stays) > len(whole.stays) and sorted(set(cut.region)) == sorted(whole.region)
    assert sorted(np.concatenate(cut.stays).tolist()) == stays.tolist()
    houses = [set(source.bundles.stays.house[group].tolist()) for group in cut.stays]
    assert sum(len(each) for each in houses) == len(set().union(*houses))
    largest = int(np.bincount(source.bundles.stays.house).max())
    assert max(len(group) for group in cut.stays) <= most + largest


@pytest.mark.parametrize("seed", sample(range(6), 2))
def test_a_part_is_worth_what_it_adds_less_what_is_shared(seed: int) -> None:
    source = BundleSource(find_bundles(medium_instance(seed)))
    bundles, weights = source.bundles, np.eye(len(source.bundles.stay_terms), dtype=np.int64)[0]
    cut = Cut.of(source, np.arange(len(bundles.stays)))
    cost = np.where(cut.is_shared, 3, 0)
    nothing = np.zeros(len(cost), dtype=bool)
    searched = 0
    for number, stays in enumerate(cut.stays):
        gates = np.flatnonzero(cut.of_gate == number)
        part = cut.part(stays, source.tree.options_of(stays), gates, weights, cost, nothing)
        assert not part.market.must_assign.any() and part.market.levels == part.factored.market.levels[:1]
        market = part.with_capacity(bundles.uses.resources.capacity)
        found = mip.solve_level(market, market.utility[0])
        # what households must reach together no town need reach alone
        if found.choice is None:
            continue
        held = Held.nothing(source).with_more(source, *part.factored.read(found.choice[found.choice >= 0]))
        homes = part.household[found.choice[(found.choice >= 0) & (found.choice < len(part.household))]]
        assert sorted(homes.tolist()) == np.flatnonzero(held.stay >= 0).tolist()
        whole, choice = held.choice(source)
        used, searched = held.used(source), searched + 1
        mine = part.resource < len(used)
        assert (market.usage(found.choice)[mine] == used[part.resource[mine]]).all()
        assert found.objective == int(whole.objectives(choice)[0]) - int(cost @ used)
    assert searched
