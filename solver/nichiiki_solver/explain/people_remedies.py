"""What would have to change where a rule for people stands against a wish: registration, reach, burden, chains, owners.

Each change loosens one cell, so that nobody else loses by it. Rules that only facts about a person or a place could change
(skill, age, language, days of care, where a role is done), and a region's hazards, have no remedy.
"""

from __future__ import annotations

import numpy as np

from nichiiki_models.changes import Change
from nichiiki_models.explanation import Step
from nichiiki_solver.explain.drafts import Draft
from nichiiki_solver.explain.obstacles import Obstacle
from nichiiki_solver.explain.remedies import _house, _household, _last, _remedy, _set, _step
from nichiiki_solver.explain.remedies import remedy as remedy  # with those of this module
from nichiiki_solver.explain.world import World
from nichiiki_solver.standing import STANDINGS, activities, standings


def _mask(world: World, draft: Draft) -> np.ndarray:
    """Periods of the draft's stay."""
    bundles = world.bundles
    return np.asarray(bundles.patterns.mask[int(bundles.stays.pattern[draft.stay])])


def _general(obstacle: Obstacle, kind: str, target: str, key: str) -> Step | None:
    """Raise a limit of the rules to what it would take."""
    if obstacle.value is None or obstacle.limit is None:
        return None
    change = Change(table="rules", column=key, value=obstacle.value)
    return _step(obstacle, kind, target, obstacle.value - obstacle.limit, change)


@_remedy("registrations_max")
def _municipalities(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    return _general(obstacle, "registrations", _household(world, draft), "limits.registrations_max")


@_remedy("registration")
def _register(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    """Register the household as high as a stay asks for, and for as long; too few activities are no matter of a table."""
    instance, household = world.bundles.instance, _household(world, draft)
    least = instance.rules.registration.stay
    stated = str(instance.households["registration"][draft.household])
    few = activities(instance)[draft.household] < instance.rules.registration.activities_min
    if least == "premium" and few:
        return None
    changes = []
    if STANDINGS.index(stated) < STANDINGS.index(least):
        changes.append(_set("households", "household_id", household, "registration", least))
    if (standings(instance)[draft.household][_mask(world, draft)] == 0).any() and stated != "none":
        changes.append(_set("households", "household_id", household, "registration_valid_until", None))
    return _step(obstacle, "registration", household, None, *changes) if changes else None


@_remedy("not_entitled")
def _entitle(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    """The facility is opened to households of the standing that this one has during its stay."""
    instance, facility = world.bundles.instance, _last(obstacle)
    known = instance.facilities.lists("eligible")[int(instance.facilities.find(np.array([facility]))[0])]
    levels = standings(instance)[draft.household][_mask(world, draft)]
    more = [STANDINGS[level] for level in np.unique(levels).tolist() if STANDINGS[level] not in known]
    change = _set("facilities", "facility_id", facility, "eligible", (*known, *more))
    return _step(obstacle, "entitled", facility, None, change)


@_remedy("reach")
def _reach(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    """More minutes to the nearest service, where it is clear which row of the rules is meant."""
    rows = world.bundles.instance.rules.limits.reach
    meant = [k for k, row in enumerate(rows) if row.minutes == obstacle.limit]
    if len(meant) != 1:
        return None
    house, _ = _house(world, draft)
    return _general(obstacle, "reach_minutes", house, f"limits.reach.{meant[0]}.minutes")


@_remedy("burden")
def _burden(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    """More yen for the household's income class."""
    instance = world.bundles.instance
    income = int(instance.households["income_class"][draft.household])
    rows = [
        (row.up_to_class, k)
        for k, row in enumerate(instance.rules.limits.burden_by_income)
        if income <= row.up_to_class
    ]
    if not rows:
        return None
    key = f"limits.burden_by_income.{min(rows)[1]}.yen"
    return _general(obstacle, "burden_yen", _household(world, draft), key)


@_remedy("roles_per_person")
def _roles(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    return _general(obstacle, "roles", _last(obstacle), "limits.roles_per_person")


@_remedy("care_days_max")
def _care_days(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    return _general(obstacle, "care_days", obstacle.cause.split(" ")[0], "limits.care_days_max")


@_remedy("chain")
def _chain(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    """The person does without a chain of roles that leaves no gap."""
    person = _last(obstacle)
    return _step(obstacle, "chain", person, None, _set("persons", "person_id", person, "multiwork", False))


@_remedy("role_period")
def _remote(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    """More of a whole season's role is done from elsewhere; one that is remote altogether is another role, and no remedy."""
    bundles, role = world.bundles, _last(obstacle)
    row = int(bundles.instance.roles.find(np.array([role]))[0])
    own = bundles.calendar.mask(bundles.instance.roles.lists("periods").take(np.array([row])), empty=True)[0]
    there = int((own & _mask(world, draft)).sum())
    share = 100 - 100 * there // max(1, int(own.sum()))
    if there == 0 or share >= 100:
        return None
    before = int(bundles.instance.roles["remote_share"][row])
    change = _set("roles", "role_id", role, "remote_share", share)
    return _step(obstacle, "remote", role, share - before, change)


@_remedy("role_region")
def _from_elsewhere(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    """The role is held from elsewhere: those of the home region where the rules allow it; one of which part is remote, in whole."""
    instance, role = world.bundles.instance, _last(obstacle)
    row = instance.roles.row(int(instance.roles.find(np.array([role]))[0]))
    home = str(instance.households["home_region"][draft.household])
    if row.region_id == home and not instance.rules.limits.roles_at_home:
        change = Change(table="rules", column="limits.roles_at_home", value=True)
        return _step(obstacle, "at_home", role, None, change)
    if row.whole_season and row.remote_share > 0:
        return _step(
            obstacle,
            "remote",
            role,
            100 - row.remote_share,
            _set("roles", "role_id", role, "remote_share", 100),
        )
    return None


@_remedy("use_limit")
def _uses(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    house, _ = _house(world, draft)
    if obstacle.value is None or obstacle.limit is None:
        return None
    change = _set("houses", "house_id", house, "uses_per_half_year", obstacle.value)
    return _step(obstacle, "uses", house, obstacle.value - obstacle.limit, change)


@_remedy("owner_veto")
def _owner(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    """The owner accepts the household: it is named, and neither it nor a group of it is refused."""
    instance, household = world.bundles.instance, _household(world, draft)
    house, row = _house(world, draft)
    mine = {household, *instance.households.lists("groups")[draft.household]}
    accepts, refuses = (instance.houses.lists(name)[row] for name in ("accepts", "refuses"))
    changes = []
    if accepts and not mine & set(accepts):
        changes.append(_set("houses", "house_id", house, "accepts", (*accepts, household)))
    if mine & set(refuses):
        left = tuple(name for name in refuses if name not in mine)
        changes.append(_set("houses", "house_id", house, "refuses", left))
    return _step(obstacle, "owner", house, None, *changes)
