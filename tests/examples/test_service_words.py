"""Which language a header asks for, and that every problem has words in both."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nichiiki_service.words import STATUS, language_of, told


@pytest.mark.parametrize(
    ("header", "lang"),
    [
        ("ja", "ja"),
        ("ja-JP,ja;q=0.9,en;q=0.8", "ja"),
        ("en-GB, ja;q=0.9", "en"),
        ("*, ja;q=0.5", "en"),
        ("fr, ja;q=0.1", "ja"),
        ("ja;q=0", "en"),
        ("ja;q=x", "en"),
        ("", "en"),
    ],
)
def test_language(header: str, lang: str) -> None:
    assert language_of(header) == lang


@given(st.text("jaen;q=0.15,*- x"))
def test_any_header_has_a_language(header: str) -> None:
    assert language_of(header) in ("ja", "en")


@pytest.mark.parametrize("kind", STATUS)
def test_every_problem_has_words(kind: str) -> None:
    values = dict.fromkeys(("why", "count", "kind", "most", "seconds"), "7")
    japanese, english = told(kind, "ja", **values), told(kind, "en", **values)
    assert japanese.title != english.title
    assert english.detail == "7" if kind in ("input", "unsupported") else japanese.detail != english.detail
    assert english.status == STATUS[kind]
