"""What `pip install nichiiki` puts on a machine: four packages with their own names, typed, with data."""

import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import lock
import pins

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


@pytest.mark.parametrize("name", lock.SETS)
def test_a_lock_holds_what_its_extras_declare_and_all_that_these_need(name: str) -> None:
    """Looked at in what is installed here; if it fails: make lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    known = set(pins.read_lock(pins.LOCKS / f"{name}.lock"))
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    asked, seen = list(lock.SETS[name].extras), set[str]()
    while asked:
        seen.add(extra := asked.pop())
        own = [line for line in extras[extra] if line.startswith("nichiiki[")]
        asked += [each for line in own for each in Requirement(line).extras if each not in seen]
        wanted += [line for line in extras[extra] if line not in own]
    declared = {str(canonicalize_name(Requirement(line).name)) for line in wanted}
    assert declared - known == set()
    assert {need for each in known for need in _needs(each)} - known - {"pip"} == set()


def test_locks_and_constraints_name_the_same_versions() -> None:
    """If it fails: make lock."""
    assert {pin.name: pin.version for pin in pins.all_pins().values()} == pins.constraints()


def test_a_lock_holds_hashes_and_no_address() -> None:
    for path in sorted((ROOT / "requirements").iterdir()):
        assert path.stem in lock.SETS
        assert "//" not in path.read_text("utf-8")
        assert all(pin.hashes for pin in pins.read_lock(path).values())


@pytest.mark.parametrize(
    "line",
    [
        "numpy==2.0",
        "numpy>=2.0 --hash=sha256:" + "0" * 64,
        "numpy==2.0 --hash=md5:" + "0" * 32,
        "-i x",
        "x.whl",
    ],
)
def test_a_lock_with_anything_else_is_refused(line: str, tmp_path: Path) -> None:
    (tmp_path / "run.lock").write_text(line + "\n", "utf-8")
    with pytest.raises(ValueError, match=r"run\.lock"):
        pins.read_lock(tmp_path / "run.lock")


@pytest.mark.parametrize(
    ("file", "number"),
    [
        ("a-1-py3-none-any.whl", 20),
        ("a-1-py2.py3-none-any.whl", 20),
        ("a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", 1),
        ("a-1-cp313-abi3-win_amd64.whl", 2),
        ("a-1-cp39-abi3-macosx_11_0_universal2.whl", 8),
        ("a-1-cp314-cp314t-manylinux_2_28_x86_64.whl", 0),
        ("a-1-cp310-cp310-win_amd64.whl", 0),
        ("a-1-cp312-cp312-musllinux_1_2_x86_64.whl", 0),
        ("a-1-pp311-pypy311_pp73-win_amd64.whl", 0),
    ],
)
def test_which_machines_a_wheel_fits(file: str, number: int) -> None:
    assert len(lock.machines(file)) == number


def test_a_package_without_a_wheel_for_a_machine_is_not_locked() -> None:
    digest = {"sha256": "0" * 64}
    wheels = [
        {"name": f"a-1-cp3{n}-cp3{n}-{machine}.whl", "hashes": digest}
        for n in (11, 12, 13, 14)
        for machine in ("win_amd64", "macosx_11_0_arm64")
    ]
    with pytest.raises(SystemExit, match=r"a 1: no wheel for .*Linux"):
        lock.entry({"name": "a", "version": "1", "wheels": wheels})


def _needs(name: str) -> set[str]:
    """Names of what an installed package needs on this machine."""
    try:
        lines = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return set()
    needed = map(Requirement, lines)
    return {
        str(canonicalize_name(each.name))
        for each in needed
        if each.marker is None or each.marker.evaluate({"extra": ""})
    }


def _pins() -> list[str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _name(requirement: str) -> str:
    for sign in "[<>=!~; ":
        requirement = requirement.split(sign)[0]
    return requirement.lower().replace("_", "-")
