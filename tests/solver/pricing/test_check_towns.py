"""The check of a tariff reads households, ways and payments as the search does: random towns are priced and pass it."""

from __future__ import annotations

import os

import pytest

from nichiiki_models.allocation import Status
from nichiiki_solver.pricing.price import price
from nichiiki_solver.verify.tariff import verify_tariff
from nichiiki_tariff_towns import random_town

COUNT = 400 if os.environ.get("NICHIIKI_FULL") else 40


@pytest.mark.parametrize("seed", range(COUNT))
def test_priced_towns_pass(seed: int) -> None:
    town = random_town(seed)
    found = price(town.instance, town.allocation, **town.asked)
    if found.status is not Status.INFEASIBLE:
        assert verify_tariff(town.instance, found, town.allocation) == []
