"""Values between processes: what goes in comes out, and nothing foreign is ever named, called or unpickled."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nichiiki as nk
from nichiiki.comparing import Settings, run
from nichiiki.wire import WireError, decode, encode

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(PLAIN)
def test_plain_values_come_back(value: object) -> None:
    back = decode(encode(value))
    assert back == value
    assert repr(back) == repr(value)  # tuples stay tuples, true stays true


def test_arrays_keep_type_and_shape() -> None:
    sent = {
        "grid": np.arange(6, dtype=np.int32).reshape(2, 3),
        "texts": np.array(["あ", "bc"]),
        "days": np.array(["2026-12-01", "NaT"], dtype="M8[D]"),
    }
    back = decode(encode(sent))
    for name, array in sent.items():
        assert back[name].dtype == array.dtype
        np.testing.assert_array_equal(back[name], array)


def test_an_instance_and_a_result_come_back_whole() -> None:
    instance = nk.generate(households=12, seed=3)
    result = nk.allocate(instance, policy="points")
    back = decode(encode((instance, result, run, Settings(), Path("a/b"))))
    assert back == (instance, result, run, Settings(), Path("a/b"))
    assert back[0].hash == instance.hash
    assert type(back[1].status) is type(result.status)


@pytest.mark.parametrize(
    "value",
    [object(), {1: 2}, np.array([object()]), {1, 2}, print, int, lambda: 1, io.StringIO()],
    ids=["object", "numeric-key", "objects", "set", "builtin", "class", "lambda", "stream"],
)
def test_what_cannot_travel_is_refused(value: object) -> None:
    with pytest.raises(WireError):
        encode(value)


def forged(tree: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, tree=np.frombuffer(json.dumps(tree).encode(), dtype=np.uint8))
    return stream.getvalue()


@pytest.mark.parametrize(
    "tree",
    [
        {"function": "os:system"},
        {"function": "nichiiki.executing:os.system"},
        {"function": "nichiiki.executing:subprocess.Popen"},
        {"function": "nichiiki.executing:nowhere"},
        {"object": ["subprocess:Popen", {"args": "true"}]},
        {"object": ["nichiiki.wire:encode", {}]},
        {"object": ["nichiiki_models.columns:ListColumn", {}]},
        {"enum": ["nichiiki.comparing:Settings", 1]},
        {"table": ["nichiiki.comparing:Settings", 1, {}]},
        {"array": 7},
        {"nonsense": 1},
        {"list": 1, "tuple": 2},
    ],
)
def test_forged_values_are_refused(tree: Any) -> None:
    with pytest.raises(WireError):
        decode(forged(tree))


def test_a_pickled_array_is_never_loaded() -> None:
    stream = io.BytesIO()
    np.savez(stream, tree=np.array([print], dtype=object))
    with pytest.raises(WireError):
        decode(stream.getvalue())


@given(st.binary(max_size=200), st.integers(0, 400))
def test_damaged_bytes_are_refused_or_decode(noise: bytes, at: int) -> None:
    """Damage may hit a name inside the zip that nobody reads; else it is a WireError, and never anything else."""
    whole = encode({"a": [1, 2], "b": np.arange(4)})
    try:
        decode(whole[:at] + noise + whole[at + len(noise) :])
    except WireError:
        pass
