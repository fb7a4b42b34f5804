"""The study's own figures, on an instance small enough to look at every pair."""

from pathlib import Path

import numpy as np

import nichiiki as nk
import study
from nichiiki_solver.bundles import BundleSource, compile_market
from nichiiki_solver.households import total_points
from nichiiki_solver.solving import solve


def test_a_run_is_one_row_and_is_not_made_twice(tmp_path: Path) -> None:
    instance = nk.generate(households=8, houses=4, hosts=1, periods=3, seed=2)
    study.run([instance], tmp_path / "rows.csv", 10.0, 1)
    rows = study.read(tmp_path / "rows.csv")
    assert [row["policy"] for row in rows] == list(study.POLICIES)
    best = next(row for row in rows if row["policy"] == "welfare")
    assert all(row["objective"] is None or row["objective"] <= best["objective"] for row in rows)
    before = (tmp_path / "rows.csv").read_bytes()
    study.run([instance], tmp_path / "rows.csv", 10.0, 1)
    assert (tmp_path / "rows.csv").read_bytes() == before


def test_envy_is_that_of_every_pair() -> None:
    instance = nk.generate(households=20, houses=6, hosts=1, periods=3, seed=3)
    market = compile_market(instance)
    choice, points = solve(market, policy="points").choice, total_points(instance)
    assert choice is not None and isinstance(market.source, BundleSource)
    stays = market.source.bundles.stays
    where = [
        (int(stays.house[s]), int(stays.pattern[s])) if s >= 0 else None
        for s in market.labels["stay"].tolist()
    ]
    expected = set()
    for option in range(market.n_options):
        agent, own = int(market.agent[option]), int(choice[market.agent[option]])
        if agent < 20 and (own < 0 or market.rank[option] < market.rank[own]):
            holders = [
                b for b in range(20) if choice[b] >= 0 and where[choice[b]] == where[option] and b != agent
            ]
            expected |= {(agent, b) for b in holders}
    pairs, justified = study.envy(market, choice, points)
    assert {(int(a), int(b)) for a, b in pairs} == expected
    assert len(pairs) == len(expected) > 0
    assert np.array_equal(justified, points[pairs[:, 0]] > points[pairs[:, 1]])
