"""The dynamic mode: who is placed stays placed, the end result keeps every rule, hindsight bounds it."""

from datetime import datetime, timedelta

import numpy as np
import pytest

import nichiiki as nk
from nichiiki.simulating import moments
from nichiiki_models.errors import UsageError
from nichiiki_sample import sample

SIZES = {"households": 14, "houses": 6, "hosts": 2, "roles": 3, "periods": 6}


@pytest.fixture(scope="module")
def instance() -> nk.Instance:
    return nk.generate(**SIZES, seed=3)  # type: ignore[arg-type]


@pytest.mark.parametrize("policy", ["points", "welfare"])
@pytest.mark.parametrize("seed", sample([3, 4, 5], 3))
def test_the_end_result_keeps_every_rule_and_never_passes_hindsight(policy: str, seed: int) -> None:
    instance = nk.generate(**SIZES, seed=seed)  # type: ignore[arg-type]
    found = nk.simulate(instance, policy=policy, rounds=3, time_limit_s=20)
    assert found.hindsight is not None and found.hindsight_bound is not None and found.gap is not None
    assert found.value <= found.hindsight <= found.hindsight_bound
    assert found.gap >= 0
    assert nk.Simulation.model_validate_json(found.model_dump_json()) == found
    assert sum(each.placed for each in found.rounds) == len(found.placed_in)
    if found.allocation is not None:
        assert nk.verify(instance, found.allocation) == []
        assert set(found.allocation.placements["household_id"].tolist()) == set(found.placed_in)


def test_one_round_after_all_have_applied_is_the_whole_instance(instance: nk.Instance) -> None:
    found = nk.simulate(instance, rounds=1, time_limit_s=20)
    assert found.value == found.hindsight
    assert found.gap == 0


def test_what_was_given_stays(instance: nk.Instance) -> None:
    """The first rounds of a longer horizon are those of a shorter one, and their placements last."""
    every = moments(instance, 3)
    short = nk.simulate(instance, rounds=every[:2], hindsight=False, time_limit_s=20)
    long = nk.simulate(instance, rounds=every, hindsight=False, time_limit_s=20)
    assert short.allocation is not None and long.allocation is not None
    kept = {row.household_id: (row.house_id, row.periods) for row in long.allocation.stays.rows()}
    for row in short.allocation.stays.rows():
        assert kept[row.household_id] == (row.house_id, row.periods)
        assert long.placed_in[row.household_id] == short.placed_in[row.household_id]


def test_nobody_gets_a_period_that_has_begun(instance: nk.Instance) -> None:
    at = datetime(2026, 6, 15)
    found = nk.simulate(instance, rounds=[at], hindsight=False, time_limit_s=20)
    starts = dict(zip(*(instance.periods[n].tolist() for n in ("period_id", "starts_on")), strict=True))
    assert found.rounds[0].expired
    if found.allocation is not None:
        assert all(starts[p] > at.date() for row in found.allocation.stays.rows() for p in row.periods)


def test_withdrawals_free_what_has_not_begun_and_leave_the_rest(instance: nk.Instance) -> None:
    first, last = datetime(2026, 3, 1), datetime(2026, 3, 20)
    before = nk.simulate(instance, rounds=[first], hindsight=False, time_limit_s=20)
    who = next(iter(before.placed_in))
    gone = nk.simulate(
        instance, rounds=[first, last], withdrawals={who: last}, hindsight=False, time_limit_s=20
    )
    assert gone.rounds[1].withdrawn == (who,)
    assert who not in gone.placed_in
    late = datetime(2027, 3, 31)  # every stay has begun by then
    kept = nk.simulate(
        instance, rounds=[first, late], withdrawals={who: late}, hindsight=False, time_limit_s=20
    )
    assert who in kept.placed_in


def test_nobody_before_the_first_application(instance: nk.Instance) -> None:
    applied = instance.households["applied_at"]
    early = np.nanmin(applied).astype("datetime64[s]").item() - timedelta(days=1)
    found = nk.simulate(instance, rounds=[early], hindsight=False)
    assert (found.rounds[0].waiting, found.value, found.placed_in) == (0, 0, {})


def test_arguments_without_meaning_are_refused(instance: nk.Instance) -> None:
    with pytest.raises(UsageError, match="at least one moment"):
        nk.simulate(instance, rounds=[])
    with pytest.raises(UsageError, match="at least 1"):
        nk.simulate(instance, rounds=0)
    with pytest.raises(UsageError, match="no household"):
        nk.simulate(instance, withdrawals={"nobody": datetime(2026, 1, 1)})
