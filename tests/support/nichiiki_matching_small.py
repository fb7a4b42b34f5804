"""Hypothesis strategies for small two-sided markets."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st


@st.composite
def lists(draw: st.DrawFn, rows: int, others: int, *, ties: bool, full: bool = False) -> list[list[Any]]:
    """One preference list a row, complete or not, with ties if asked for."""
    result = []
    for _ in range(rows):
        order = list(draw(st.permutations(range(others))))
        order = order if full else order[: draw(st.integers(0, others))]
        result.append(
            _tied(order, draw(st.lists(st.booleans(), min_size=others, max_size=others))) if ties else order
        )
    return result


def _tied(order: list[int], joined: list[bool]) -> list[Any]:
    groups: list[list[int]] = []
    for entry, join in zip(order, joined, strict=False):
        if join and groups:
            groups[-1].append(entry)
        else:
            groups.append([entry])
    return [group if len(group) > 1 else group[0] for group in groups]


@st.composite
def hospitals(
    draw: st.DrawFn, *, ties: bool = False, residents: int = 5, hospitals: int = 4, full: bool = False
) -> tuple[list[list[Any]], list[list[Any]], list[int]]:
    """Residents, hospitals and capacities."""
    n, m = draw(st.integers(1, residents)), draw(st.integers(1, hospitals))
    caps = draw(st.lists(st.integers(0, 3), min_size=m, max_size=m))
    return draw(lists(n, m, ties=ties, full=full)), draw(lists(m, n, ties=ties, full=full)), caps


@st.composite
def opposed(draw: st.DrawFn) -> tuple[list[list[Any]], list[list[Any]], list[int]]:
    """Hospitals like best who likes them least, with places for all: such markets have many stable matchings."""
    n, m = draw(st.integers(2, 6)), draw(st.integers(2, 3))
    order = [list(draw(st.permutations(range(m)))) for _ in range(n)]
    joins = st.lists(st.sampled_from([False, False, False, True]), min_size=max(n, m), max_size=max(n, m))
    noise = draw(st.lists(st.integers(0, 2), min_size=n * m, max_size=n * m))
    liking = [sorted(range(n), key=lambda i: noise[i * m + j] - 2 * order[i].index(j)) for j in range(m)]
    extra = draw(st.lists(st.integers(0, m - 1), min_size=max(0, n - m), max_size=max(0, n - m)))
    capacities = [1 + extra.count(j) for j in range(m)]
    return [_tied(row, draw(joins)) for row in order], [_tied(row, draw(joins)) for row in liking], capacities


@st.composite
def both_capacities(
    draw: st.DrawFn, *, ties: bool = False
) -> tuple[list[list[Any]], list[list[Any]], list[int], list[int]]:
    """Workers and firms with capacities on both sides."""
    n, m = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    caps = [draw(st.lists(st.integers(0, 3), min_size=k, max_size=k)) for k in (n, m)]
    return draw(lists(n, m, ties=ties)), draw(lists(m, n, ties=ties)), caps[0], caps[1]


@st.composite
def with_couples(
    draw: st.DrawFn,
) -> tuple[dict[int, list[int]], dict[tuple[int, int], list[tuple[int, int]]], list[list[int]], list[int]]:
    """Singles, couples, hospitals and capacities; a couple may also rank that one of them gets nothing."""
    n_couples, n_singles, m = draw(st.integers(0, 2)), draw(st.integers(0, 2)), draw(st.integers(1, 3))
    people = 2 * n_couples + n_singles
    ordinals = [(h, k) for h in range(-1, m) for k in range(-1, m) if (h, k) != (-1, -1)]
    pairs = st.lists(st.sampled_from(ordinals), unique=True, max_size=5)
    couples = {(2 * c, 2 * c + 1): draw(pairs) for c in range(n_couples)}
    singles = {s: draw(lists(1, m, ties=False))[0] for s in range(2 * n_couples, people)}
    caps = draw(st.lists(st.integers(0, 3), min_size=m, max_size=m))
    return singles, couples, draw(lists(m, people, ties=draw(st.booleans()), full=draw(st.booleans()))), caps


@st.composite
def projects(draw: st.DrawFn) -> tuple[list[list[int]], list[list[int]], list[int], list[int], list[int]]:
    """Students, lecturers, lecturer of each project, capacities of projects and lecturers."""
    n, p, k = draw(st.integers(1, 4)), draw(st.integers(1, 4)), draw(st.integers(1, 3))
    owner = draw(st.lists(st.integers(0, k - 1), min_size=p, max_size=p))
    project_caps = draw(st.lists(st.integers(0, 2), min_size=p, max_size=p))
    lecturer_caps = draw(st.lists(st.integers(0, 3), min_size=k, max_size=k))
    return draw(lists(n, p, ties=False)), draw(lists(k, n, ties=False)), owner, project_caps, lecturer_caps
