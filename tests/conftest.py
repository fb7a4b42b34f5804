"""Shared set-up of the tests: how many examples hypothesis tries.

`sample`, the default, tries the same examples on every machine and every day. `full` (NICHIIKI_FULL=1) looks
for new ones.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("sample", derandomize=True, database=None, deadline=None, max_examples=15)
settings.register_profile(
    "full",
    deadline=None,
    max_examples=1000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("full" if os.environ.get("NICHIIKI_FULL") == "1" else "sample")
