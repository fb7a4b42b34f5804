"""Commit and reveal: known vectors, and refusals."""

import hashlib
import hmac

import pytest

from nichiiki_models.errors import CommitmentError, UsageError
from nichiiki_solver.lotteries.public import commit, lottery_number, reveal

ROLL, RULES, NAME = ["h2", "h1", "世帯3"], "smaller numbers first", "drand quicknet round 20000000"


def test_number_is_hmac_sha256() -> None:
    """RFC 4231, test case 2."""
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert f"{lottery_number('Jefe', 'what do ya want for nothing?'):064x}" == expected


def test_digest_follows_its_description() -> None:
    parts = ["nichiiki-lottery/1", NAME, RULES, *sorted(ROLL)]
    data = b"".join(len(p.encode()).to_bytes(8, "big") + p.encode() for p in parts)
    assert commit(ROLL, RULES, NAME) == hashlib.sha256(data).hexdigest()


def test_digest_is_the_one_of_every_version() -> None:
    digest = "af53b112e16e223bf875f90131621c1a3d26aa922db1a9accfd6695b4d8ab96a"
    assert commit(["b", "a"], "r", "drand 1") == digest


def test_order_of_the_roll_does_not_matter_and_all_else_does() -> None:
    digests = {
        commit(ROLL, RULES, NAME),
        commit(ROLL[::-1], RULES, NAME),
        commit([*ROLL, "h4"], RULES, NAME),
        commit(ROLL, RULES + ".", NAME),
        commit(ROLL, RULES, NAME + "1"),
        commit(["h1h2", "世帯3"], RULES, NAME),
    }
    assert len(digests) == 5


def test_reveal_orders_by_number() -> None:
    drawn = reveal("value", ROLL, RULES, NAME, commit(ROLL, RULES, NAME).upper())
    assert {each.id for each in drawn} == set(ROLL)
    assert [each.number for each in drawn] == sorted(each.number for each in drawn)
    for each in drawn:
        assert each.hex == hmac.new(b"value", each.id.encode(), "sha256").hexdigest()


@pytest.mark.parametrize(
    ("roll", "rules", "name"), [(ROLL[:2], RULES, NAME), (ROLL, "", NAME), (ROLL, RULES, "x")]
)
def test_what_was_changed_is_refused(roll: list[str], rules: str, name: str) -> None:
    with pytest.raises(CommitmentError, match="something was changed"):
        reveal("value", roll, rules, name, commit(ROLL, RULES, NAME))


@pytest.mark.parametrize(
    ("roll", "name", "message"),
    [
        ([], NAME, "Nobody"),
        (["a", ""], NAME, "empty"),
        (["a", "b", "a"], NAME, "twice"),
        (["a"], " ", "which"),
    ],
)
def test_what_cannot_be_committed_is_refused(roll: list[str], name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        commit(roll, RULES, name)


def test_an_empty_value_is_refused() -> None:
    with pytest.raises(UsageError, match="empty"):
        reveal("", ROLL, RULES, NAME, commit(ROLL, RULES, NAME))
