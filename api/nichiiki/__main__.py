"""``python -m nichiiki``: the command line without its script on PATH."""

import sys

from nichiiki.cli import main

sys.exit(main())
