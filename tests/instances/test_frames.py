"""Data frames become instances through the same checks as files."""

import pandas as pd
import pytest

from nichiiki_instances.bundled import load
from nichiiki_instances.frames import from_frames
from nichiiki_instances.generators import generate
from nichiiki_models.errors import InstanceError
from nichiiki_models.instance import Instance


def frames_of(instance: Instance) -> dict[str, pd.DataFrame]:
    return {
        name: pd.DataFrame([row.model_dump() for row in table.rows()])
        for name, table in instance.tables.items()
        if len(table)
    }


@pytest.mark.parametrize(
    "instance", [generate(households=25, seed=4), load("flagship")], ids=["generated", "flagship"]
)
def test_frames_give_back_the_instance(instance: Instance) -> None:
    again = from_frames(frames_of(instance), rules=instance.rules, name="again")
    assert again == instance
    assert again.hash == instance.hash
    assert again.name == "again"


def test_every_problem_of_all_frames_is_listed() -> None:
    frames = frames_of(generate(households=5, seed=4))
    frames["houses"] = frames["houses"].assign(rent_yen=-1)
    frames["households"] = frames["households"].drop(columns="budget_yen").assign(color="red")
    with pytest.raises(InstanceError) as caught:
        from_frames({**frames, "hauses": frames["houses"]})
    codes = {problem.code for problem in caught.value.problems}
    assert {"too_small", "missing_column", "unknown_column", "unknown_key"} <= codes
    assert not any("red" in problem.message("en") for problem in caught.value.problems)
