"""Install nichiiki from this folder without a network: python install.py FOLDER.

Every file is compared with SHA256SUMS first. FOLDER becomes an environment of its own, with nichiiki in it.
ネットワークなしで、このフォルダーから nichiiki を入れます。最初に全ファイルを SHA256SUMS と照合します。
"""

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent


def changed() -> list[str]:
    """Return the files that are missing, changed, or not in the list."""
    listed = [line.split("  ", 1) for line in (HERE / "SHA256SUMS").read_text("utf-8").splitlines()]
    expected = {name: digest for digest, name in listed}
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in HERE.iterdir()
        if path.is_file() and path.name != "SHA256SUMS"
    }
    return sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))


def main() -> int:
    """Check, make the environment, install."""
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    if names := changed():
        print(
            "Not as packed, nothing was installed (内容が違うため、何も入れていません):", *names, sep="\n  "
        )
        return 1
    target = Path(sys.argv[1]).resolve()
    venv.create(target, with_pip=True)
    scripts = target / ("Scripts" if sys.platform == "win32" else "bin")
    command = [
        str(scripts / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-index",
    ]
    command += ["--only-binary", ":all:", "--require-hashes", "--find-links", str(HERE)]
    installed = subprocess.run([*command, "--requirement", str(HERE / "requirements.lock")])  # noqa: S603 - the pip just made
    if installed.returncode == 0:
        print(f"Installed (完了): {scripts / 'nichiiki'} --help")
    return installed.returncode


if __name__ == "__main__":
    sys.exit(main())
