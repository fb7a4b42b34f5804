"""Text files: what is read piece by piece is what Python reads all at once."""

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nichiiki_instances import text_files
from nichiiki_instances.json_files import load_json
from nichiiki_instances.json_guard import check_json
from nichiiki_instances.text_files import decode, encoding_of, parse_csv, read_csv
from nichiiki_models.errors import FileError

SNIPPETS = ("", "a", "\n", "\r\n", "二地域", "ｱ", "é", ",", '"', "①", "\ufeff")
PIECES = st.one_of(
    st.sampled_from(
        [b"\x80", b"\xa0", b"\xfd", b"\xff", b"\x81", b"\xe4", b"\xe4\xba", b"\0", b" ", b"\xef\xbb\xbf"]
    ),
    st.sampled_from(SNIPPETS).map(str.encode),
    st.sampled_from([word for word in SNIPPETS if word not in ("é", "\ufeff")]).map(
        lambda word: word.encode("cp932")
    ),
)
CONTENTS = st.lists(PIECES, max_size=12).map(b"".join)


def text_at_once(content: bytes) -> str | None:
    """The text of a file that is read all at once; None if it is no text."""
    for encoding in ("utf-8-sig", "cp932"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "cp932" and any(odd in text for odd in "\x80\xa0\uf8f1\uf8f2\uf8f3"):
            return None
        return text if text.strip() and "\0" not in text else None
    return None


@given(content=CONTENTS, size=st.integers(1, 5))
def test_pieces_make_the_same_text(content: bytes, size: int) -> None:
    expected = text_at_once(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_files, "PIECE", size)
        if expected is None:
            with pytest.raises(FileError):
                decode(content, "a.csv")
        else:
            assert decode(content, "a.csv") == expected


@given(
    before=st.lists(st.sampled_from(SNIPPETS), max_size=9).map("".join),
    odd=st.sampled_from([b"\xff", b"\xfd", b"\x81"]),
)
@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_a_byte_that_is_no_text_is_named_with_its_place(encoding: str, before: str, odd: bytes) -> None:
    content = before.encode(encoding, "replace") + odd
    with pytest.MonkeyPatch.context() as patch, pytest.raises(FileError) as caught:
        patch.setattr(text_files, "PIECE", 3)
        decode(content, "a.csv")
    (problem,) = caught.value.problems
    assert problem.code == "bad_encoding"
    at = int(problem.params["position"])
    assert problem.line == 1 + content[: at - 1].count(b"\n")
    assert problem.params["byte"] == f"0x{content[at - 1]:02X}"
    if encoding == "utf-8" and odd == b"\xff":
        assert at <= len(content)


@given(
    rows=st.lists(
        st.lists(st.sampled_from(["", "a", "b\nc", "d,e", 'f"', "g\r\n"]), min_size=1, max_size=4), max_size=6
    )
)
def test_rows_of_a_file_are_those_of_its_text(
    rows: list[list[str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([["head"], *rows])
    path = tmp_path_factory.mktemp("rows") / "a.csv"
    path.write_bytes(stream.getvalue().encode("utf-8-sig"))
    expected = parse_csv(stream.getvalue(), "a.csv")
    assert expected.rows == [["head"], *(row for row in rows if any(row))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_files, "PIECE", 2)
        found = read_csv(path, "a.csv")
    assert (found.rows, found.lines) == (expected.rows, expected.lines)


def test_a_row_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_files, "MOST_ROW", 20)
    assert len(parse_csv("a,b\n" * 50, "a.csv").rows) == 50
    for text in ("a,b\n" + "c" * 20, "a,b\n" + '"\n",' * 10):
        with pytest.raises(FileError) as caught:
            parse_csv(text, "a.csv")
        (problem,) = caught.value.problems
        assert (problem.code, problem.line) == ("row_too_large", 2)


def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a\nb\n")

    def looked(*given: object) -> str:
        path.write_bytes(b"a\n\xff\n")
        return encoding_of(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(text_files, "encoding_of", lambda *_: looked(io.BytesIO(b"a"), "a.csv"))
    with pytest.raises(FileError):
        read_csv(path, "a.csv")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.sampled_from([1.5, -1e30, "", "二", 'q"\\']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


@given(value=JSON, cut=st.integers(0, 40), extra=st.sampled_from(["", "]", "x", ",", '"', "{", "\n\n]"]))
@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp932"])
def test_the_guard_of_json_refuses_nothing_that_python_takes(
    encoding: str, value: object, cut: int, extra: str
) -> None:
    whole = json.dumps(value, ensure_ascii=False, indent=1)
    text = whole[: len(whole) - cut] + extra
    if not text.strip():
        return
    stream = io.BytesIO(text.encode(encoding))
    try:
        check_json(stream, encoding, "a.json")
    except FileError as error:
        (problem,) = error.problems
        assert problem.code == "broken_json"
        assert 1 <= (problem.line or 0) <= 1 + text.count("\n")
        with pytest.raises(FileError):
            load_json(text, "a.json")


def test_the_guard_of_json_names_the_line() -> None:
    text = "[" + "1,\n" * 100_000 + "x,\n" + "1,\n" * 100_000 + "1]"
    with pytest.raises(FileError) as caught:
        check_json(io.BytesIO(text.encode()), "utf-8", "a.json")
    assert caught.value.problems[0].line == 100_001


def test_the_guard_of_json_limits_depth() -> None:
    check_json(io.BytesIO(b"[" * 100 + b"]" * 100), "utf-8", "a.json")
    with pytest.raises(FileError):
        check_json(io.BytesIO(b"[" * 101 + b"]" * 101), "utf-8", "a.json")
