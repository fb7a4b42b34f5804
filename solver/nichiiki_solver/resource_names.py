"""What a shared resource is called: its rule, and the ids of the thing and the period."""

from __future__ import annotations

from dataclasses import dataclass

from nichiiki_solver.bundles import BundleSource
from nichiiki_solver.market import Market
from nichiiki_solver.options import Seats
from nichiiki_solver.uses import KINDS, gated_experiences, gated_roles

_THINGS = {
    "house_units": ("houses", "house_id"),
    "reception": ("regions", "region_id"),
    "role_max": ("roles", "role_id"),
    "role_min": ("roles", "role_id"),
    "supporter_caseload": ("supporters", "supporter_id"),
    "experience_places": ("experiences", "experience_id"),
    "experience_min": ("experiences", "experience_id"),
    "quota_max": ("quotas", "quota_id"),
    "quota_min": ("quotas", "quota_id"),
    "lock": ("locks", "household_id"),
    "vehicles": ("links", "link_id"),
    "role_open": ("roles", "role_id"),
    "programme": ("programmes", "programme_id"),
    "own": ("regions", "region_id"),
    "quota_reserved": ("quotas", "quota_id"),
    "care_staff": ("facilities", "facility_id"),
    "one_base": ("households", "family"),
    "bases": ("households", "family"),
    "all_bases": ("households", "family"),
}
_SEATS = {"school": "school_seats", "nursery": "care_places"}


@dataclass(frozen=True)
class ResourceName:
    """Rule id (docs/explanation/rules.md, section 3), ids of thing and period ("" = none), and whether a minimum may close it."""

    rule: str
    thing: str
    period: str
    is_gated: bool = False


def resource_name(market: Market, resource: int) -> ResourceName:
    """Return what a resource of a compiled market is called."""
    source = market.source
    assert isinstance(source, BundleSource)  # noqa: S101 - markets of instances have this source
    instance, table = source.bundles.instance, source.bundles.uses.resources
    kind, thing, at = KINDS[table.kind[resource]], int(table.thing[resource]), int(table.period[resource])
    period = str(source.bundles.calendar.ids[at]) if at >= 0 else ""
    if kind == "seats":
        seats = Seats.of(instance, source.bundles.calendar, source.bundles.plans)
        facility = instance.facilities.row(int(seats.facility[thing]))
        return ResourceName(_SEATS.get(facility.kind, "desks"), facility.facility_id, period)
    name, column = _THINGS[kind]
    gated = kind == "bases" or (kind == "role_max" and bool(gated_roles(instance)[thing]))
    gated |= kind == "experience_places" and bool(gated_experiences(instance)[thing])
    return ResourceName(kind, str(instance.tables[name][column][thing]), period, gated)
