"""The study's own figures, on an instance small enough to look at every pair."""

from pathlib import Path

import numpy as np
import pytest

import nichiiki as nk
import study
import study_figures
from nichiiki_solver.bundles import BundleSource, compile_market
from nichiiki_solver.households import total_points
from nichiiki_solver.solving import solve


def test_a_run_is_one_row_and_is_not_made_twice(tmp_path: Path) -> None:
    instance = nk.generate(households=5, houses=4, hosts=1, periods=3, seed=2)
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


def test_lies_are_counted_once_a_policy_and_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "POLICIES", ("points", "points:by_rank", "immediate_acceptance"))
    study.main(["run", "manipulation", str(tmp_path), "--lies", "12"])
    path = tmp_path / "manipulation.csv"
    rows = study.read(path)
    assert [(row["policy"], row["kind"]) for row in rows] == [
        (policy, kind) for policy in ("points", "immediate_acceptance") for kind in ("unit", "bundles")
    ]
    assert [row["gained"] for row in rows[:2]] == [0, 0]
    assert rows[3]["gained"] > 0
    before = path.read_bytes()
    study.run_lies(path, 12, 1)
    assert path.read_bytes() == before
    table = study_figures.lies_table(rows)
    assert (
        f"| {100 * rows[3]['gained'] / rows[3]['agents']:.1f} | {rows[2]['agents'] + rows[3]['agents']} |"
        in table
    )
