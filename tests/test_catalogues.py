"""Every message exists in Japanese and English, says the same placeholders, and is compiled."""

from pathlib import Path

import pytest

import compile_catalogues as catalogues

HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'


def write(root: Path, language: str, body: str) -> Path:
    folder = root / "api" / "nichiiki" / "locale" / language / "LC_MESSAGES"
    folder.mkdir(parents=True)
    path = folder / "nichiiki.po"
    path.write_text(HEADER + body, encoding="utf-8")
    return path


def test_catalogues_are_complete_in_both_languages() -> None:
    assert catalogues.find_problems(catalogues.find_catalogues()) == []


def test_compiled_catalogues_are_current() -> None:
    assert catalogues.stale_catalogues(catalogues.find_catalogues()) == []


@pytest.mark.parametrize(
    ("ja", "en", "problem"),
    [
        ('msgid "full"\nmsgstr "満員"\n', "", "en lacks"),
        ('msgid "full"\nmsgstr ""\n', 'msgid "full"\nmsgstr "Full"\n', "ja has no finished text"),
        (
            '#, fuzzy\nmsgid "full"\nmsgstr "満員"\n',
            'msgid "full"\nmsgstr "Full"\n',
            "ja has no finished text",
        ),
        ('msgid "full"\nmsgstr "定員{n}"\n', 'msgid "full"\nmsgstr "{places} taken"\n', "placeholders"),
        (
            '#, python-format\nmsgid "%d taken"\nmsgstr "満員"\n',
            '#, python-format\nmsgid "%d taken"\nmsgstr "%d taken"\n',
            "placeholders",
        ),
    ],
)
def test_defect_is_found(tmp_path: Path, ja: str, en: str, problem: str) -> None:
    write(tmp_path, "ja", ja)
    write(tmp_path, "en", en)
    (found,) = catalogues.find_problems(catalogues.find_catalogues(tmp_path))
    assert problem in found


def test_doubled_message_is_found(tmp_path: Path) -> None:
    write(tmp_path, "ja", 'msgid "full"\nmsgstr "満員"\n\nmsgid "full"\nmsgstr "満席"\n')
    write(tmp_path, "en", 'msgid "full"\nmsgstr "Full"\n')
    assert catalogues.find_problems(catalogues.find_catalogues(tmp_path)) == [
        'nichiiki.po: ja says "full" 2 times'
    ]


def test_missing_language_is_found(tmp_path: Path) -> None:
    write(tmp_path, "ja", "")
    found = catalogues.find_problems(catalogues.find_catalogues(tmp_path))
    assert found == ["nichiiki.po: no catalogue for en"]


def test_good_pair_has_no_problem(tmp_path: Path) -> None:
    write(tmp_path, "ja", 'msgid "full"\nmsgstr "定員{n:,}、100 % 満員"\n')
    write(tmp_path, "en", 'msgid "full"\nmsgstr "100 % full, {n} places"\n')
    assert catalogues.find_problems(catalogues.find_catalogues(tmp_path)) == []


def test_stale_catalogue_is_found(tmp_path: Path) -> None:
    po = write(tmp_path, "ja", 'msgid "full"\nmsgstr "満員"\n')
    assert catalogues.stale_catalogues([po]) == [po]
    po.with_suffix(".mo").write_bytes(catalogues.compiled(po))
    assert catalogues.stale_catalogues([po]) == []
    po.write_text(po.read_text(encoding="utf-8").replace("満員", "満室"), encoding="utf-8")
    assert catalogues.stale_catalogues([po]) == [po]
