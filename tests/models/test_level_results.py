"""Levels state their gap in JSON; what does not follow from objective and bound is refused."""

import pytest
from pydantic import ValidationError

from nichiiki_models.allocation import LevelResult


def test_a_level_survives_json() -> None:
    level = LevelResult(name="welfare", objective=90, bound=99)
    assert level.gap == pytest.approx(0.1)
    assert LevelResult.model_validate_json(level.model_dump_json()) == level


@pytest.mark.parametrize(("key", "value"), [("gap", 0.05), ("gap", None), ("proven", True)])
def test_a_gap_that_does_not_follow_is_refused(key: str, value: object) -> None:
    with pytest.raises(ValidationError, match="must follow"):
        LevelResult.model_validate({"name": "welfare", "objective": 90, "bound": 99, key: value})
