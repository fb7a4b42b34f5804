"""Prices of what is shared by name, so that they can be kept with a result and looked up in another numbering."""

from __future__ import annotations

import numpy as np

from nichiiki_models.fits import ShadowPrice
from nichiiki_solver.bundles import BundleSource
from nichiiki_solver.measures import Plans
from nichiiki_solver.options import Seats
from nichiiki_solver.ragged import Ints
from nichiiki_solver.uses import KINDS, Resources

Name = tuple[str, str, str, str]
TABLES = {
    "house_units": "houses",
    "reception": "regions",
    "role_max": "roles",
    "role_min": "roles",
    "supporter_caseload": "supporters",
    "experience_places": "experiences",
    "experience_min": "experiences",
    "vehicles": "links",
    "quota_max": "quotas",
    "quota_min": "quotas",
    "quota_reserved": "quotas",
    "care_staff": "facilities",
    "one_base": "households",
    "bases": "households",
    "all_bases": "households",
}
"""Table of what a kind of resource is about."""
OF_FAMILIES = ("one_base", "bases", "all_bases")
"""Kinds that are named by the family of a household."""


def named_prices(source: BundleSource, prices: Ints) -> tuple[ShadowPrice, ...]:
    """Name the prices above 0.

    Parameters
    ----------
    source
        Where the market comes from.
    prices
        Of each of its resources, in 1/4096.
    """
    return tuple(
        ShadowPrice(kind=kind, id=id_, band=band, period_id=period, price=price)
        for (kind, id_, band, period), price in zip(
            names_of(source, source.bundles.uses.resources), prices.tolist(), strict=True
        )
        if price > 0
    )


def names_of(source: BundleSource, resources: Resources) -> list[Name]:
    """Names of resources that do not hang on how they are numbered; overrides have none."""
    instance, calendar = source.bundles.instance, source.bundles.calendar
    seats = list(Seats.of(instance, calendar, Plans.of(instance)).number)
    periods = np.append(calendar.ids, "")
    found: list[Name] = []
    for kind, thing, period in zip(
        resources.kind.tolist(), resources.thing.tolist(), resources.period.tolist(), strict=True
    ):
        name, when = KINDS[kind], str(periods[period])
        if name == "seats":
            facility, band = seats[thing]
            found.append((name, str(instance.facilities["facility_id"][facility]), band, when))
        elif name in TABLES:
            table = getattr(instance, TABLES[name])
            key = "family" if name in OF_FAMILIES else table.schema.key[0]
            found.append((name, str(table[key][thing]), "", when))
        else:
            found.append((name, f"#{thing}", "", when))
    return found
