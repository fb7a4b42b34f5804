"""A small run for all tests of the face: made once, by the hand procedure, since that takes no time."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import nichiiki as nk
from nichiiki.cli.group import face
from nichiiki.cli.language import choose_language

Run = Callable[..., Result]


@pytest.fixture(scope="session")
def small() -> nk.Instance:
    return nk.generate(households=25, seed=7)


@pytest.fixture(scope="session")
def small_result(small: nk.Instance) -> nk.Result:
    return nk.allocate(small, policy="points")


@pytest.fixture(scope="session")
def folder(small: nk.Instance, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the small instance as a folder of CSV files."""
    path = tmp_path_factory.mktemp("instance") / "small"
    nk.write(small, path)
    return path


@pytest.fixture
def run() -> Run:
    """Return what calls the command line in this process, in English unless told otherwise."""

    def call(*words: object) -> Result:
        arguments = [str(word) for word in words]
        if "--lang" not in arguments:
            arguments += ["--lang", "en"]
        return CliRunner().invoke(face(choose_language(arguments)), arguments)

    return call
