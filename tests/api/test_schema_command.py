"""``nichiiki schema``: lists, prints and writes the published schemas."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nichiiki.cli.schema import WORDS
from nichiiki_models.json_schemas import DOCUMENTS, json_schema, schema_file

Run = Callable[..., Any]


def test_every_document_is_offered(run: Run) -> None:
    assert tuple(DOCUMENTS) == WORDS
    listed = run("schema").output
    assert all(name in listed for name, _ in DOCUMENTS.values())


@pytest.mark.parametrize("document", WORDS)
def test_one_is_printed(run: Run, document: str) -> None:
    assert json.loads(run("schema", document).output) == json_schema(document)


def test_all_are_written(run: Run, tmp_path: Path) -> None:
    assert run("schema", "--out", tmp_path / "new").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(map(schema_file, WORDS))


def test_an_unknown_document_is_refused(run: Run) -> None:
    found = run("schema", "house")
    assert found.exit_code == 2
