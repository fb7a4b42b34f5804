"""Prices of locks equal the difference of two enumerations."""

import pytest

from nichiiki_models.errors import UsageError
from nichiiki_models.instance import Instance
from nichiiki_models.table import Table
from nichiiki_models.tables import Lock, Measure, Quota
from nichiiki_oracle.brute_force import optimum
from nichiiki_oracle.random_instances import medium_instance, random_instance
from nichiiki_solver.allocating import allocate
from nichiiki_solver.lock_prices import lock_prices


@pytest.mark.parametrize("seed", range(6))
def test_a_price_is_the_difference_of_two_optima(seed: int) -> None:
    instance = random_instance(seed)
    plain = instance.replace(locks=Table.empty(Lock))
    placed = allocate(plain).allocation
    if placed is None or not len(placed.placements):
        return
    name = placed.placements["household_id"][0]
    lock = Lock(household_id=name, target_kind="placed", effect="never", reason="test")
    (price,) = lock_prices(plain, locks=[lock])
    free = optimum(plain)
    locked = optimum(plain.replace(locks=Table.from_rows(Lock, [lock])))
    assert price.lock == lock
    assert free is not None
    if locked is None:
        assert price.blocks
        return
    assert price.proven
    assert tuple(price.lost.values()) == tuple(a - b for a, b in zip(free.levels, locked.levels, strict=True))
    assert price.lost_at_least == price.lost_at_most == free.levels[0] - locked.levels[0]
    assert price.moved_households
    assert price.first_choices_lost is not None


def without_houses(instance: Instance) -> Instance:
    """The instance with nothing to give and nothing that must be given."""
    houses = instance.houses.with_columns(units=instance.houses["units"] * 0)
    return instance.replace(
        houses=houses, locks=Table.empty(Lock), quotas=Table.empty(Quota), measures=Table.empty(Measure)
    )


def test_a_lock_that_leaves_no_allocation_blocks() -> None:
    empty = without_houses(random_instance(8))
    (household, *_) = empty.households["household_id"].tolist()
    lock = Lock(household_id=household, target_kind="placed", effect="must", reason="promised")
    (price,) = lock_prices(empty, locks=[lock])
    assert price.blocks
    assert price.proven
    assert price.lost == {}


def test_a_lock_beside_one_that_blocks_has_no_price() -> None:
    empty = without_houses(random_instance(8))
    first, second, *_ = empty.households["household_id"].tolist()
    must = Lock(household_id=first, target_kind="placed", effect="must", reason="promised")
    never = Lock(household_id=second, target_kind="placed", effect="never", reason="withdrew")
    blocking, other = lock_prices(empty, locks=[must, never])
    assert (blocking.blocks, blocking.impossible, blocking.proven) == (True, False, True)
    assert (other.blocks, other.impossible, other.proven) == (False, True, True)
    assert other.lost == {}


def test_a_run_without_a_proof_gives_limits() -> None:
    instance = medium_instance(1)
    placed = allocate(instance, policy="points").allocation
    assert placed is not None
    lock = Lock(
        household_id=placed.placements["household_id"][0],
        target_kind="placed",
        effect="never",
        reason="test",
    )
    (price,) = lock_prices(instance.replace(locks=Table.empty(Lock)), locks=[lock], time_limit_s=0.2)
    if price.lost_at_least is not None and price.lost_at_most is not None:
        assert price.lost_at_least <= next(iter(price.lost.values())) <= price.lost_at_most


def test_a_lock_without_a_reason_is_refused() -> None:
    with pytest.raises(UsageError, match=r"locks\[0\]: reason"):
        lock_prices(
            random_instance(0), locks=[{"household_id": "h1", "target_kind": "placed", "effect": "never"}]
        )
