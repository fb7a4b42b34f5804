"""Certificates of living in two regions (二地域居住者証明) for the households of an allocation."""

from __future__ import annotations

import numpy as np

from nichiiki_models.allocation import Allocation
from nichiiki_models.instance import Instance
from nichiiki_models.outputs import Certificate
from nichiiki_models.table import Table
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.registration import NAMES, registration_counts, standing


def certificates(instance: Instance, allocation: Allocation) -> Table[Certificate]:
    """List the certificates to be issued, one a stay.

    Parameters
    ----------
    instance
        What was allocated.
    allocation
        The answer; rows that contradict the instance are left out (`nichiiki.verify` lists them).

    Returns
    -------
    Table of Certificate
        By household. A certificate holds from the first to the last day of the stay.
    """
    book = Book(instance, allocation)
    stays, houses, periods = book.stays, instance.houses, instance.periods
    first = stays.held.argmax(axis=0) if len(periods) else np.zeros(0, dtype=np.int64)
    registered = instance.households["registration"][stays.household] != "none"
    level = standing(book)[first, stays.household] if len(periods) else first
    days = periods["ends_on"].astype(np.int64)
    last = np.where(stays.held, days[:, None], 0).argmax(axis=0) if len(periods) else first
    columns = {
        "household_id": instance.households["household_id"][stays.household],
        "region_id": houses["region_id"][stays.house],
        "house_id": houses["house_id"][stays.house],
        "valid_from": periods["starts_on"][first],
        "valid_until": periods["ends_on"][last],
        "registration": np.array(NAMES)[level],
        "registrations": np.where(registered, registration_counts(book), 0),
    }
    return Table(Certificate, columns, rows=len(stays.household)).sorted()
