"""Options made once for a group of stays are those that each of its stays has when they are made for it alone."""

from dataclasses import fields

import numpy as np
import pytest

from nichiiki_models.instance import Instance
from nichiiki_oracle.random_instances import medium_instance, random_instance
from nichiiki_sample import sample
from nichiiki_solver import sharing
from nichiiki_solver.bundles import Bundles, BundleSource, assemble, find_bundles
from nichiiki_solver.calendar import Calendar
from nichiiki_solver.market import Market
from nichiiki_solver.market import joined as joined_markets
from nichiiki_solver.ragged import expand_rows
from nichiiki_solver.stays import find_stays
from nichiiki_solver.travel import Travel

Option = tuple[int, tuple[tuple[int, int], ...], int, int, tuple[tuple[str, int, int, int], ...]]
"""Slot, parts, utility and value of roles, and what is used: kind, thing, period, amount."""


def apart(instance: Instance) -> Bundles:
    """The same bundles with options of its own for every stay."""
    calendar = Calendar.of(instance)
    travel = Travel(instance, calendar)
    stays, patterns, refused = find_stays(instance, calendar, travel)
    return assemble(instance, calendar, travel, patterns, stays, refused, apart=True)


def told(bundles: Bundles, options: np.ndarray) -> list[Option]:
    """Everything that is known of some options, in their order."""
    uses, table, found = bundles.uses, bundles.options, []
    for option in options.tolist():
        part = expand_rows(table.part_offsets, np.array([option]))[1]
        _, resource, amount = uses.of_options(np.array([option]))
        columns = (uses.resources.kind, uses.resources.thing, uses.resources.period)
        used = zip(*(c[resource].tolist() for c in columns), amount.tolist(), strict=True)
        parts = tuple(zip(table.part_need[part].tolist(), table.part_target[part].tolist(), strict=True))
        value = int(table.utility[option]), int(table.role_value[option])
        found.append((int(table.slot[option]), parts, *value, tuple(sorted(used))))
    return found


@pytest.mark.parametrize("seed", sample(range(24), 4))
def test_each_stay_has_the_options_that_it_has_alone(seed: int) -> None:
    instance = random_instance(seed) if seed % 3 else medium_instance(seed)
    instance = instance.replace(locks=[])  # those on stays filter, and are not looked at in `apart`
    shared, alone = find_bundles(instance), apart(instance)
    trees = BundleSource(shared).tree, BundleSource(alone).tree
    columns = (alone.stays.household, alone.stays.house, alone.stays.pattern)
    number = {key: k for k, key in enumerate(zip(*(c.tolist() for c in columns), strict=True))}
    kept = set()
    for k, key in enumerate(
        zip(
            shared.stays.household.tolist(),
            shared.stays.house.tolist(),
            shared.stays.pattern.tolist(),
            strict=True,
        )
    ):
        own = trees[1].options_of(np.array([number[key]]))
        assert told(shared, trees[0].options_of(np.array([k]))) == told(alone, own)
        kept.add(number[key])
    for k in set(range(len(alone.stays))) - kept:  # what was dropped lacks an answer to some need
        slots = np.flatnonzero(alone.slots.household == alone.stays.household[k])
        assert len(trees[1].segments_of(np.array([k]))[1]) < len(slots)


def test_stays_of_one_town_and_time_share_their_options() -> None:
    bundles = find_bundles(medium_instance(1))
    assert len(bundles.options.pattern) < len(bundles.stays)
    assert (bundles.options.pattern[bundles.group] == bundles.stays.pattern).all()


@pytest.mark.parametrize("seed", sample(range(8), 3))
def test_how_much_is_looked_at_at_once_changes_nothing(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = medium_instance(seed)
    whole = find_bundles(instance)
    monkeypatch.setattr(sharing, "HOMES_AT_ONCE", 3)
    monkeypatch.setattr(sharing, "GROUPS_AT_ONCE", 5)
    pieces = find_bundles(instance)
    assert (whole.group == pieces.group).all()
    for name in ("group", "slot", "pattern", "utility", "role_value", "part_offsets", "part_target"):
        assert np.array_equal(getattr(whole.options, name), getattr(pieces.options, name)), name
    for field in fields(whole.singles):
        assert sorted(getattr(whole.singles, field.name)) == sorted(getattr(pieces.singles, field.name))
    left, right = (listed_first(bundles) for bundles in (whole, pieces))
    for name in ("agent", "utility", "rank", "offsets", "resource", "amount"):
        assert np.array_equal(getattr(left, name), getattr(right, name)), name


def listed_first(bundles: Bundles) -> Market:
    """All bundles of some households, best first."""
    source = BundleSource(bundles)
    few = [household for household in range(0, bundles.n_households, 5)]
    found = [source.options_of(household) for household in few]
    return joined_markets([market for market in found if market.n_options < 100_000])


def test_who_asks_for_the_stay_of_an_option_is_told_where_several_share_it() -> None:
    shared = find_bundles(medium_instance(1))
    with pytest.raises(RuntimeError, match="share"):
        _ = shared.stay_of_option
    assert (apart(medium_instance(1)).stay_of_option == apart(medium_instance(1)).options.group).all()
