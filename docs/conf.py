"""Sphinx configuration."""

import sys
import tomllib
from pathlib import Path

_PROJECT = tomllib.loads((Path(__file__).resolve().parents[1] / "pyproject.toml").read_text(encoding="utf-8"))

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "nichiiki"
author = "The nichiiki contributors"
project_copyright = author
release = _PROJECT["project"]["version"]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "notebooks"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "_ext"]

autodoc_typehints = "description"
napoleon_google_docstring = False

html_theme = "furo"
html_title = f"nichiiki {release}"
