"""Pack an offline installation: every wheel, their SHA-256, and a script that checks and installs them without a network.

    python tools/wheelhouse.py dist/wheelhouse

downloads what ``requirements/run.lock`` pins for this system and this Python (the hashes are checked), builds our own wheel, and
writes ``SHA256SUMS``, ``requirements.lock``, ``install.py`` and ``README.txt`` beside them. Make it on a machine of the same kind as
the one without a network.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from pins import LOCKS, ROOT, Pin, read_lock

SUMS, LOCK, INSTALLER, README = "SHA256SUMS", "requirements.lock", "install.py", "README.txt"


def download(lock: Path, folder: Path) -> None:
    """Download the wheels of a lock; pip checks every hash."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
    ]
    command += ["--only-binary", ":all:", "--requirement", str(lock), "--dest", str(folder)]
    subprocess.run(command, check=True)  # noqa: S603 - our own interpreter


def build(folder: Path) -> Path:
    """Build our own wheel, without a network, and return it."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    (wheel,) = folder.glob("nichiiki-*.whl")
    return wheel


def digest(file: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def complete(folder: Path, pins: dict[str, Pin], wheel: Path) -> None:
    """Write what goes beside the wheels: the lock with our own wheel, the script, the text, the sums.

    Parameters
    ----------
    folder
        Holds every wheel.
    pins
        What our own wheel needs.
    wheel
        Our own wheel.
    """
    name, version, *_ = wheel.name.split("-")
    own = Pin(name, version, None, (digest(wheel),))
    here = [pin for pin in (*pins.values(), own) if pin.is_needed_here]
    (folder / LOCK).write_text("".join(map(_line, here)), "utf-8")
    source = ROOT / "tools" / "offline"
    for file in (INSTALLER, README):
        shutil.copyfile(source / file, folder / file)
    files = sorted(path for path in folder.iterdir() if path.name != SUMS)
    (folder / SUMS).write_text("".join(f"{digest(file)}  {file.name}\n" for file in files), "utf-8")


def _line(pin: Pin) -> str:
    return f"{pin.name}=={pin.version}" + "".join(f" --hash=sha256:{each}" for each in pin.hashes) + "\n"


def main() -> None:
    """Pack into the folder named on the command line; what was there before goes."""
    target = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as draft:
        folder = Path(draft)
        download(LOCKS / "run.lock", folder)
        complete(folder, read_lock(LOCKS / "run.lock"), build(folder))
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(folder, target)
    wheels = list(target.glob("*.whl"))
    print(f"{target}: {len(wheels)} wheels, {sum(each.stat().st_size for each in wheels) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
