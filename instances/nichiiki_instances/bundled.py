"""Instances that come with the package, by name."""

from __future__ import annotations

from importlib import resources

from nichiiki_instances.reading import read
from nichiiki_models.errors import UsageError
from nichiiki_models.instance import Instance

_DATA = resources.files("nichiiki_instances") / "data"


def bundled_names() -> tuple[str, ...]:
    """Return the names of the bundled instances in alphabetical order."""
    return tuple(sorted(entry.name for entry in _DATA.iterdir() if (entry / "rules.toml").is_file()))


def load(name: str) -> Instance:
    """Read a bundled instance.

    Parameters
    ----------
    name
        One of `bundled_names`, for example ``"flagship"``.

    Raises
    ------
    UsageError
        If no bundled instance has that name.
    """
    if name not in bundled_names():
        raise UsageError(f"no bundled instance is called {name!r}; there are: {', '.join(bundled_names())}")
    with resources.as_file(_DATA / name) as folder:
        return read(folder)
