"""Published examples with known outcome; ids in the papers begin with 1.

The two of Gale and Shapley were compared with a reprint (Schottmüller, Mechanism design, lecture slides); the lists of
Abdulkadiroğlu and Sönmez (tests of the policies) with the help page of `ttc2` in the R package matchingMarkets, those of Budish
et al. (tests of lotteries) with an article that goes through the paper (itokohei0, MarketDesignStudy). The others are cited from the
papers named, which were not at hand; what they claim of their examples is checked here, not only an outcome.
"""

from __future__ import annotations

from collections.abc import Sequence

from nichiiki.matching import (
    allocate_projects,
    best_stable,
    hospital_residents,
    match_couples,
    stable_marriage,
    stable_matchings,
)
from nichiiki_models.allocation import Status

Lists = list[list[int]]


def from_one(lists: Sequence[Sequence[int]]) -> Lists:
    return [[entry - 1 for entry in row] for row in lists]


def all_of(men: Lists, women: Lists) -> list[list[int]]:
    return [(m.hospital_of + 1).tolist() for m in stable_matchings(from_one(men), from_one(women))]


def test_gale_shapley_cycle_of_three() -> None:
    """Gale and Shapley (1962), example 1: three stable marriages, the men's best, the women's best, and one between."""
    men = [[1, 2, 3], [2, 3, 1], [3, 1, 2]]
    women = [[2, 3, 1], [3, 1, 2], [1, 2, 3]]
    assert all_of(men, women) == [[1, 2, 3], [2, 3, 1], [3, 1, 2]]
    assert stable_marriage(from_one(men), from_one(women), optimal="right").right_of.tolist() == [2, 0, 1]


def test_gale_shapley_four_by_four() -> None:
    """Gale and Shapley (1962), example 2: a single stable marriage, in which nobody but one has a first wish."""
    men = [[1, 2, 3, 4], [1, 4, 3, 2], [2, 1, 3, 4], [4, 2, 3, 1]]
    women = [[4, 3, 1, 2], [2, 4, 1, 3], [4, 1, 2, 3], [3, 2, 1, 4]]
    assert all_of(men, women) == [[3, 4, 1, 2]]


def test_mcvitie_wilson_eight_by_eight() -> None:
    """McVitie and Wilson (1971), The stable marriage problem, CACM 14: eight men and women with nine stable marriages."""
    men = [
        [5, 7, 1, 2, 6, 8, 4, 3],
        [2, 3, 7, 5, 4, 1, 8, 6],
        [8, 5, 1, 4, 6, 2, 3, 7],
        [3, 2, 7, 4, 1, 6, 8, 5],
        [7, 2, 5, 1, 3, 6, 8, 4],
        [1, 6, 7, 5, 8, 4, 2, 3],
        [2, 5, 7, 6, 3, 4, 8, 1],
        [3, 8, 4, 5, 7, 2, 6, 1],
    ]
    women = [
        [5, 3, 7, 6, 1, 2, 8, 4],
        [8, 6, 3, 5, 7, 2, 1, 4],
        [1, 5, 6, 2, 4, 8, 7, 3],
        [8, 7, 3, 2, 4, 1, 5, 6],
        [6, 4, 7, 3, 8, 1, 2, 5],
        [2, 8, 5, 4, 6, 3, 7, 1],
        [7, 5, 2, 1, 8, 6, 4, 3],
        [7, 4, 1, 5, 2, 3, 6, 8],
    ]
    found = all_of(men, women)
    assert len(found) == 9
    assert found[0] == [5, 3, 8, 6, 7, 1, 2, 4]
    assert found[-1] == [3, 6, 2, 8, 1, 5, 7, 4]


def test_ten_stable_marriages_of_four() -> None:
    """Knuth (1976), Gusfield and Irving (1989): four men and women with ten stable marriages, the most that four can have."""
    men = [[1, 2, 3, 4], [2, 1, 4, 3], [3, 4, 1, 2], [4, 3, 2, 1]]
    women = [[4, 3, 2, 1], [3, 4, 1, 2], [2, 1, 4, 3], [1, 2, 3, 4]]
    assert len(all_of(men, women)) == 10
    assert best_stable(from_one(men), from_one(women), goal="minimum_regret").regret == 2


def test_irving_leather_family_of_eight() -> None:
    """Irving and Leather (1986): doubling the construction gives 1, 2, 10, 268 stable marriages for 1, 2, 4, 8 men."""
    men, women = [[0]], [[0]]
    for expected in (2, 10, 268):
        n = len(men)
        up, down = [[w + n for w in row] for row in men], [[w + n for w in row] for row in women]
        men = [a + b for a, b in zip(men, up, strict=True)] + [b + a for a, b in zip(men, up, strict=True)]
        women = [b + a for a, b in zip(women, down, strict=True)] + [
            a + b for a, b in zip(women, down, strict=True)
        ]
        assert sum(1 for _ in stable_matchings(men, women)) == expected


def test_roth_colleges_prefer_an_unstable_matching() -> None:
    """Roth (1985), The college admissions problem is not equivalent to the marriage problem: the only stable matching is beaten for
    every college by one that the students' wishes block, so that no colleges' version of Pareto optimality holds."""
    students = from_one([[3, 1, 2], [2, 1, 3], [1, 3, 2], [1, 2, 3]])
    colleges = from_one([[1, 2, 3, 4], [1, 2, 3, 4], [3, 1, 2, 4]])
    (only,) = stable_matchings(students, colleges, [2, 1, 1])
    assert (only.hospital_of + 1).tolist() == [3, 2, 1, 1]
    for side in ("residents", "hospitals"):
        found = hospital_residents(students, colleges, [2, 1, 1], optimal=side)
        assert (found.hospital_of + 1).tolist() == [3, 2, 1, 1]
    stable, better = [3, 2, 1, 1], [2, 1, 3, 1]
    for college, ranking in enumerate(colleges, start=1):
        old, new = ([k for k, s in enumerate(ranking) if where[s] == college] for where in (stable, better))
        assert new != old
        assert all(b <= a for a, b in zip(old, new, strict=True))
    first = students[
        0
    ]  # the first student and the first college block it: all colleges like that student best or second best
    assert first.index(0) < first.index(better[0] - 1)


def test_one_couple_and_one_single_without_stable_matching() -> None:
    """Klaus and Klijn (2005), Stable matchings and preferences of couples; that none need exist: Roth (1984).

    The couple wants both hospitals; the first prefers the couple's member to the single, the second the single.
    """
    found = match_couples([[], [], [0, 1]], [(0, 1)], [[(0, 1)]], [[0, 2], [2, 1]], [1, 1])
    assert found.status is Status.OPTIMAL
    assert found.blocking_bound == 1
    assert found.matching is not None
    assert len(found.matching.blocking_pairs()) == 1
    assert found.matching.definition == "McDermid-Manlove (2010)"


def test_abraham_irving_manlove_projects() -> None:
    """Abraham, Irving and Manlove (2007), figure 1: seven students, eight projects, three lecturers."""
    students = [
        [1, 7],
        [1, 2, 3, 4, 5, 6],
        [2, 1, 4],
        [2],
        [1, 2, 3, 4],
        [2, 3, 4, 5, 6],
        [5, 3, 8],
    ]
    lecturers = [[7, 4, 1, 3, 2, 5, 6], [3, 2, 6, 7, 5], [1, 7]]
    owner, capacities = [0, 0, 0, 1, 1, 1, 2, 2], [2, 1, 1, 1, 1, 1, 1, 1]
    found = allocate_projects(from_one(students), from_one(lecturers), owner, capacities, [3, 2, 2])
    assert (found.project_of + 1).tolist() == [1, 5, 4, 2, 0, 0, 3]


def test_irving_indifference() -> None:
    """Irving (1994), Stable marriage and indifference: what exists with ties, at its smallest.

    See test_ties.py for the two cases without a super-stable and without a strongly stable marriage.
    """
    tied = [[[0, 1]], [[0, 1]]]
    weak = stable_marriage(tied, tied)
    assert weak.blocking_pairs("weak") == weak.blocking_pairs("strong") == []
    assert weak.blocking_pairs("super") == [(0, 1), (1, 0)]
