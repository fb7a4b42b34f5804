"""An instance is checked when it is made, and once."""

from typing import Any

import pytest
from pydantic import BaseModel

from nichiiki_instances.generators import generate
from nichiiki_models.checks import find_problems
from nichiiki_models.errors import InstanceError
from nichiiki_models.instance import Instance


class Holder(BaseModel):
    """Something that has an instance."""

    instance: Instance


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Notes the number of households of each instance that is checked."""
    seen: list[int] = []
    check = find_problems

    def noted(tables: Any, rules: Any) -> Any:
        seen.append(len(tables["households"]))
        return check(tables, rules)

    monkeypatch.setattr("nichiiki_models.instance.find_problems", noted)
    return seen


def test_whoever_holds_an_instance_does_not_check_it_again(checks: list[int]) -> None:
    instance = generate(households=5, seed=1)
    checks.clear()
    assert Holder(instance=instance).instance is instance
    assert Instance.model_validate(instance) is instance
    assert checks == []


def test_every_way_to_make_an_instance_checks_it(checks: list[int]) -> None:
    instance = generate(households=5, seed=1)
    checks.clear()
    assert instance.replace(name="other") == instance
    assert Instance.model_validate_json(instance.model_dump_json()) == instance
    assert Holder.model_validate({"instance": instance.model_dump(mode="json")}).instance == instance
    tables: dict[str, Any] = dict(instance.tables)
    assert Instance(**tables, rules=instance.rules) == instance
    assert checks == [5, 5, 5, 5]


def test_a_broken_one_is_refused_wherever_it_stands() -> None:
    instance = generate(households=5, seed=1)
    broken = {**instance.model_dump(mode="json"), "households": []}
    for make in (Instance.model_validate, lambda value: Holder.model_validate({"instance": value})):
        with pytest.raises(InstanceError):
            make(broken)
    with pytest.raises(InstanceError):
        instance.replace(households=instance.households.take(instance.households["household_id"] == "nobody"))
