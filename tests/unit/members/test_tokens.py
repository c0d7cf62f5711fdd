"""Tokens say whom a link is about, for one purpose, and nothing to anybody who has no key."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.members.tokens import Purpose, Tokens

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
TOKENS = Tokens({1: KEY})
SUBJECT = "12345 weekly"


def raw(token: str) -> bytes:
    return urlsafe_b64decode(token + "=" * (-len(token) % 4))


def as_token(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


@given(
    st.text(min_size=1, max_size=150).filter(lambda text: len(text.encode()) <= 150), st.sampled_from(Purpose)
)
def test_what_was_made_is_read(subject, purpose):
    assert TOKENS.read(purpose, TOKENS.make(purpose, subject)) == subject


def test_token_is_the_same_every_time_and_shows_nothing():
    token = TOKENS.make(Purpose.LEAVE, SUBJECT)
    assert token == TOKENS.make(Purpose.LEAVE, SUBJECT)
    assert b"weekly" not in raw(token)
    assert b"1234" not in raw(token)
    assert len({TOKENS.make(purpose, SUBJECT) for purpose in Purpose}) == len(Purpose)


def test_token_opens_nothing_but_what_it_was_made_for():
    for made in Purpose:
        token = TOKENS.make(made, SUBJECT)
        assert [read for read in Purpose if TOKENS.read(read, token)] == [made]


def test_each_flipped_bit_makes_it_no_token():
    whole = raw(TOKENS.make(Purpose.LEAVE, SUBJECT))
    for place in range(8 * len(whole)):
        flipped = (int.from_bytes(whole) ^ (1 << place)).to_bytes(len(whole))
        assert TOKENS.read(Purpose.LEAVE, as_token(flipped)) is None


@given(st.text(max_size=300) | st.binary(max_size=120).map(as_token))
def test_nobody_hits_by_chance(token):
    assert TOKENS.read(Purpose.LEAVE, token) is None


def test_many_random_tokens_hit_nothing():
    size = len(raw(TOKENS.make(Purpose.LEAVE, SUBJECT)))
    tries = (as_token(b"\1" + secrets.token_bytes(size - 1)) for _ in range(2_000))
    assert not any(TOKENS.read(Purpose.LEAVE, token) for token in tries)


def test_links_work_for_ever_after_the_keys_were_changed():
    old = TOKENS.make(Purpose.LEAVE, SUBJECT)
    both = Tokens({1: KEY, 2: OTHER})
    new = both.make(Purpose.LEAVE, SUBJECT)
    assert both.read(Purpose.LEAVE, old) == both.read(Purpose.LEAVE, new) == SUBJECT
    assert TOKENS.read(Purpose.LEAVE, new) is None
    assert Tokens({1: OTHER}).read(Purpose.LEAVE, old) is None


@pytest.mark.parametrize("written", ["{}=", "{} ", "{}\n", " {}", "{}.", "{}A"])
def test_token_is_written_in_one_way(written):
    assert TOKENS.read(Purpose.LEAVE, written.format(TOKENS.make(Purpose.LEAVE, SUBJECT))) is None


@pytest.mark.parametrize("size", [0, 193])
def test_subject_without_room_is_refused(size):
    with pytest.raises(ValueError, match="no room"):
        TOKENS.make(Purpose.LEAVE, "x" * size)
