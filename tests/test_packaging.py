"""What `pip install nichiiki` puts on a machine: four packages with their own names, typed, with data."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE_ROOTS = ("api", "instances", "models", "solver")
PACKAGES = {"nichiiki", "nichiiki_instances", "nichiiki_models", "nichiiki_solver"}


@pytest.fixture(scope="module")
def wheel_files(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Build the wheel without a network and list it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_wheel_holds_the_four_packages_and_its_metadata_only(wheel_files: set[str]) -> None:
    top = {name.split("/")[0] for name in wheel_files}
    assert {name for name in top if not name.endswith(".dist-info")} == PACKAGES
    assert len(top) == len(PACKAGES) + 1


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_each_package_is_marked_as_typed(package: str, wheel_files: set[str]) -> None:
    assert f"{package}/py.typed" in wheel_files


def test_wheel_holds_every_committed_file_of_the_packages(wheel_files: set[str]) -> None:
    """Templates, catalogues and bundled instances are found only if they are shipped."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", *SOURCE_ROOTS],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    committed = [name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]
    assert {name.split("/", 1)[1] for name in committed} - wheel_files == set()


def test_source_roots_are_not_packages() -> None:
    """A generic name such as `models` would overwrite another project's package."""
    assert [root for root in SOURCE_ROOTS if (ROOT / root / "__init__.py").exists()] == []


def test_every_declared_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {_name(line) for line in project["dependencies"]}
    declared |= {_name(line) for extra in project["optional-dependencies"].values() for line in extra}
    pinned = {_name(line) for line in _pins()}
    assert declared - pinned == {"nichiiki"}


def test_pins_are_plain_versions() -> None:
    """No index address, no path, no range: the same versions for everyone, from any registry."""
    assert [line for line in _pins() if line.count("==") != 1 or set(line) & set("/@<>~; ")] == []


def _pins() -> list[str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _name(requirement: str) -> str:
    for sign in "[<>=!~; ":
        requirement = requirement.split(sign)[0]
    return requirement.lower().replace("_", "-")
