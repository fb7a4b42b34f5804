"""What would help where a rule for people stands against a wish: each kind of suggestion, confirmed by the check."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nichiiki as nk
from nichiiki_models.instance import Instance
from nichiiki_models.rules import Rules
from nichiiki_sample import sample
from nichiiki_solver.explain import explain
from nichiiki_solver.explain_check import check_reasons

Edit = Callable[[Instance], Instance]


@pytest.fixture(scope="module")
def plain() -> Instance:
    return nk.generate(households=8, seed=3)


def rules(**parts: Any) -> Edit:
    """Change entries of parts of the rules."""

    def edit(instance: Instance) -> Instance:
        document = instance.rules.model_dump()
        for part, entries in parts.items():
            document[part] |= entries
        return instance.replace(rules=Rules.model_validate(document))

    return edit


def column(table: str, **values: Any) -> Edit:
    """Give all rows of a table the same cells."""

    def edit(instance: Instance) -> Instance:
        rows = [row.model_copy(update=values) for row in instance.tables[table].rows()]
        return instance.replace(**{table: [row.model_dump() for row in rows]})

    return edit


def both(*edits: Edit) -> Edit:
    def edit(instance: Instance) -> Instance:
        for each in edits:
            instance = each(instance)
        return instance

    return edit


def elsewhere(instance: Instance) -> Instance:
    """Everybody is registered in the first region already."""
    first = str(instance.regions["region_id"][0])
    return column("households", registration="basic", other_municipalities=(first,))(instance)


CASES: dict[str, Edit] = {
    "registration": both(rules(registration={"stay": "basic"}), column("households", registration="none")),
    "registrations": both(
        rules(limits={"registrations_max": 1}),
        elsewhere,
    ),
    "reach_minutes": rules(limits={"reach": [{"kinds": ["school"], "minutes": 0}]}),
    "burden_yen": both(
        rules(limits={"burden_by_income": [{"up_to_class": 10, "yen": 1}]}),
        column("households", income_class=2),
    ),
    "owner": column("houses", refuses=("newcomers",)),
    "uses": column("houses", uses_per_half_year=0),
}


@pytest.mark.parametrize("kind", sample(CASES, 2))
def test_each_suggestion_places_the_household(kind: str, plain: Instance) -> None:
    edited = CASES[kind](plain)
    if kind == "owner":
        edited = column("households", groups=("newcomers",))(edited)
    allocation = nk.allocate(edited, policy="points").allocation
    assert allocation is not None
    reasons = explain(edited, allocation)
    assert check_reasons(edited, allocation, reasons, smallest=True) == []
    steps = [step for reason in reasons if reason.relaxation for step in reason.relaxation.steps]
    assert kind in {step.kind for step in steps}
    mine = [step for step in steps if step.kind == kind]
    assert all(step.changes and step.sentence(lang) for step in mine for lang in ("ja", "en"))


def test_a_premium_registration_without_activities_has_no_remedy(plain: Instance) -> None:
    """What a household did in the year before is no cell that somebody could change."""
    edit = both(
        rules(registration={"stay": "premium", "activities_min": 3}),
        column("households", registration="premium"),
    )
    edited = edit(plain).replace(use_history=[])
    allocation = nk.allocate(edited, policy="points").allocation
    assert allocation is not None
    reasons = [reason for reason in explain(edited, allocation) if reason.rule == "registration"]
    assert reasons
    assert all(reason.relaxation is None for reason in reasons)


def test_a_chain_of_roles_can_be_done_without(plain: Instance) -> None:
    """The step changes the person's wish for a chain, and nothing else; it is shown only where the check passes it."""
    edited = column("persons", multiwork=True)(plain)
    allocation = nk.allocate(edited, policy="points").allocation
    assert allocation is not None
    reasons = explain(edited, allocation)
    assert check_reasons(edited, allocation, reasons, smallest=True) == []
    steps = [s for r in reasons if r.relaxation for s in r.relaxation.steps if s.kind == "chain"]
    assert all([change.column for change in step.changes] == ["multiwork"] for step in steps)
    assert not np.isin([step.target_id for step in steps], edited.households["household_id"]).any()
