"""What is known of the packages we pin: vulnerabilities, a bill of materials, an offline installation that is checked."""

import base64
import hashlib
import importlib.util
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

import audit
import pins
import sbom
import wheelhouse
from pins import Pin

VULNERABLE = {"id": "GHSA-0000", "fix_versions": ["2.0"], "aliases": [], "description": ""}


@pytest.mark.parametrize(
    ("dependencies", "code", "word"),
    [
        (
            [{"name": "a", "version": "1", "vulns": []}, {"name": "b", "version": "1", "vulns": []}],
            0,
            "No known",
        ),
        (
            [{"name": "a", "version": "1", "vulns": [VULNERABLE]}, {"name": "b", "skip_reason": "?"}],
            1,
            "GHSA-0000",
        ),
        (
            [{"name": "a", "version": "1", "vulns": []}, {"name": "b", "skip_reason": "?"}],
            2,
            "NOT ALL WAS AUDITED",
        ),
        ([{"name": "a", "skip_reason": "?"}, {"name": "b", "skip_reason": "?"}], 2, "NOTHING WAS AUDITED"),
        ([], 2, "NOTHING WAS AUDITED"),
    ],
)
def test_what_nobody_was_asked_about_is_not_clean(dependencies: list[Any], code: int, word: str) -> None:
    verdict = audit.verdict_of({"dependencies": dependencies}, 2)
    assert verdict.code == code
    assert word in verdict.sentence()


def test_an_accepted_advisory_has_its_reason_and_does_not_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(audit.ACCEPTED.values())
    monkeypatch.setitem(audit.ACCEPTED, "GHSA-0000", "not used")
    report = {"dependencies": [{"name": "a", "version": "1", "vulns": [VULNERABLE]}]}
    assert audit.verdict_of(report, 1).code == audit.CLEAN


class Advisories(BaseHTTPRequestHandler):
    """An advisory service on this machine, in the form of OSV: it knows one vulnerable package."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = [
            {
                "id": "GHSA-0001",
                "affected": [
                    {
                        "package": {"name": "tomli", "ecosystem": "PyPI"},
                        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.0"}]}],
                    }
                ],
            }
        ]
        body = json.dumps({"vulns": known} if asked["package"]["name"] == "tomli" else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def advisories() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Advisories) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()


@pytest.mark.skipif(
    importlib.util.find_spec("pip_audit") is None, reason="pip-audit comes with nichiiki[dev]"
)
def test_pip_audit_finds_a_known_vulnerability_and_nothing_where_there_is_none(advisories: str) -> None:
    options = ("--vulnerability-service", "osv", "--osv-url", advisories)
    tomli, zipp = Pin("tomli", "2.5.0"), Pin("zipp", "4.1.2")
    found = audit.audited([tomli, zipp], options)
    assert (found.code, found.unknown, len(found.vulnerable)) == (audit.VULNERABLE, 0, 1)
    assert "GHSA-0001, fixed in 99.0" in found.sentence()
    assert audit.audited([zipp], options) == audit.Verdict(1)


@pytest.mark.skipif(
    importlib.util.find_spec("pip_audit") is None, reason="pip-audit comes with nichiiki[dev]"
)
def test_a_service_that_cannot_be_reached_has_audited_nothing() -> None:
    options = ("--vulnerability-service", "osv", "--osv-url", "http://127.0.0.1:9/v1/query", "--timeout", "2")
    assert audit.audited([Pin("zipp", "4.1.2")], options).code == audit.NOT_AUDITED


def test_the_bill_of_materials_names_every_pinned_package() -> None:
    bill = sbom.bill()
    named = {part["name"]: part for part in bill["components"]}
    assert {name: part["version"] for name, part in named.items()} == pins.constraints()
    assert all(
        part["purl"] == f"pkg:pypi/{name}@{part['version']}" and part["hashes"]
        for name, part in named.items()
    )
    needed = {name for name, part in named.items() if part["scope"] == "required"}
    assert needed == set(pins.read_lock(pins.LOCKS / "run.lock"))
    assert sbom.bill() == bill


def test_the_bill_of_materials_says_what_needs_what() -> None:
    bill = sbom.bill()
    references = {part["bom-ref"] for part in bill["components"]} | {bill["metadata"]["component"]["bom-ref"]}
    graph = {each["ref"]: set(each["dependsOn"]) for each in bill["dependencies"]}
    assert set(graph) == references
    assert set().union(*graph.values()) <= references
    assert any(
        purl.startswith("pkg:pypi/ortools@") for purl in graph[bill["metadata"]["component"]["bom-ref"]]
    )
    (ortools,) = [each for each in graph if each.startswith("pkg:pypi/ortools@")]
    assert any(purl.startswith("pkg:pypi/protobuf@") for purl in graph[ortools])


@pytest.mark.skipif(
    importlib.util.find_spec("cyclonedx") is None, reason="comes with pip-audit, in nichiiki[dev]"
)
def test_the_bill_of_materials_keeps_the_schema_of_cyclonedx() -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    check = JsonStrictValidator(SchemaVersion.V1_6)
    bill = sbom.bill()
    assert check.validate_str(json.dumps(bill)) is None
    del bill["components"][0]["name"]
    assert check.validate_str(json.dumps(bill)) is not None


def make_wheel(folder: Path, name: str) -> Path:
    """Write a wheel with one module."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": "TAKEN = True\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    sums = {
        file: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        for file, text in files.items()
    }
    record = "".join(f"{file},sha256={digest},{len(files[file])}\n" for file, digest in sums.items())
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in (*files.items(), (f"{info}/RECORD", record + f"{info}/RECORD,,\n")):
            archive.writestr(file, text)
    return path


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A small wheelhouse: a package, and what it needs."""
    folder = tmp_path / "wheelhouse"
    folder.mkdir()
    need, own = make_wheel(folder, "alpha"), make_wheel(folder, "beta")
    elsewhere = Pin("gamma", "1.0", "sys_platform == 'nowhere'", ("0" * 64,))
    wheelhouse.complete(
        folder, {"alpha": Pin("alpha", "1.0", None, (wheelhouse.digest(need),)), "gamma": elsewhere}, own
    )
    return folder


def install(packed: Path, target: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(packed / "install.py"), str(target)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8")


@pytest.mark.slow
def test_a_wheelhouse_installs_without_an_index(packed: Path, tmp_path: Path) -> None:
    done = install(packed, tmp_path / "environment")
    assert done.returncode == 0, done.stdout + done.stderr
    python = tmp_path / "environment" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    assert subprocess.run([python, "-c", "import alpha, beta"]).returncode == 0


@pytest.mark.parametrize("change", ["changed", "missing", "added"])
def test_a_wheelhouse_that_was_changed_is_not_installed(packed: Path, tmp_path: Path, change: str) -> None:
    file = packed / "alpha-1.0-py3-none-any.whl"
    if change == "added":
        file = packed / "alpha-2.0-py3-none-any.whl"
        file.write_bytes(b"x")
    elif change == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes() + b"x")
    refused = install(packed, tmp_path / "environment")
    assert (refused.returncode, (tmp_path / "environment").exists()) == (1, False)
    assert file.name in refused.stdout


def test_sums_are_those_that_sha256sum_reads(packed: Path) -> None:
    lines = [line.split("  ") for line in (packed / "SHA256SUMS").read_text("utf-8").splitlines()]
    assert {name for _, name in lines} == {path.name for path in packed.iterdir()} - {"SHA256SUMS"}
    assert all(wheelhouse.digest(packed / name) == digest for digest, name in lines)
