"""Two-sided matching: market, deferred acceptance, ties, couples, projects, lattices, and checks apart from them.

`nichiiki.matching` is the public face. Here one module holds one idea; `checks` and `couple_checks` import only the
data (`market`, `couple_market`, `project_market`) and none of the algorithms.
"""
