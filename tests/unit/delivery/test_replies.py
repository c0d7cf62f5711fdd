from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.replies import (
    MAX_LINE_BYTES,
    MAX_REPLY_BYTES,
    MAX_TEXT_CHARS,
    MalformedReply,
    ReplyReader,
)
from newsletter.delivery.types import Reply


def read(data: bytes) -> list[Reply]:
    return feed(ReplyReader(), data)


def feed(reader: ReplyReader, *pieces: bytes) -> list[Reply]:
    replies: list[Reply] = []
    for piece in pieces:
        reader.feed(piece, replies)
    return replies


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"250 OK\r\n", Reply(250, "OK")),
        (b"250\r\n", Reply(250, "")),
        (b"250 OK\n", Reply(250, "OK")),
        (b"550 5.1.1 no such user\r\n", Reply(550, "no such user", "5.1.1")),
        (b"250 2.1.5\r\n", Reply(250, "", "2.1.5")),
        (
            b"550-5.7.1 first\r\n550-5.7.1 second\r\n550 5.7.1 third\r\n",
            Reply(550, "first second third", "5.7.1"),
        ),
        (b"550-first\r\n550 5.7.1 second\r\n", Reply(550, "first second", "5.7.1")),
        (b"550-5.7.1 one\r\n550 5.1.1 two\r\n", Reply(550, "one 5.1.1 two", "5.7.1")),
        (b"556 5.1.10 null MX\r\n", Reply(556, "null MX", "5.1.10")),
        # a status of another class than its code is only text
        (b"550 4.2.2 full\r\n", Reply(550, "4.2.2 full")),
        (b"550 5.1.1.1 odd\r\n", Reply(550, "5.1.1.1 odd")),
        (b"550 5.1.1x odd\r\n", Reply(550, "5.1.1x odd")),
        ("550 5.1.1 für niemanden\r\n".encode(), Reply(550, "für niemanden", "5.1.1")),
        (b"550 caf\xe9 \x1b[31m\x00\x7f shut\r\n", Reply(550, "caf\ufffd [31m shut")),
        ("550 left\u202eright\u2028down\r\n".encode(), Reply(550, "left right down")),
    ],
)
def test_reply_is_read(data, expected):
    assert read(data) == [expected]


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"\r\n",
        b"25 OK\r\n",
        b"2500 OK\r\n",
        b"150 not of SMTP\r\n",
        b"650 not of SMTP\r\n",
        b"\xb250 OK\r\n",
        b"250_OK\r\n",
        b"250-one\r\n550 two\r\n",
        b"250 " + b"x" * MAX_LINE_BYTES + b"\r\n",
        b"x" * (MAX_LINE_BYTES + 1),
        b"250-more of it\r\n" * MAX_REPLY_BYTES,
    ],
)
def test_malformed_reply_is_refused(data):
    with pytest.raises(MalformedReply):
        read(data)


def test_replies_before_a_malformed_one_are_kept():
    replies: list[Reply] = []
    with pytest.raises(MalformedReply):
        ReplyReader().feed(b"250 taken\r\nrubbish\r\n", replies)
    assert replies == [Reply(250, "taken")]


def test_text_is_cut_where_it_is_no_explanation_any_more():
    (reply,) = read(b"550-" + b"a" * 900 + b"\r\n550 " + b"b" * 900 + b"\r\n")
    assert len(reply.text) == MAX_TEXT_CHARS
    assert reply.text.endswith("b…")


REPLIES = b"250-2.0.0 one\r\n250 2.0.0 two\r\n354 go\r\n550 5.1.1 who?\r\n"


@given(st.lists(st.integers(0, len(REPLIES))))
def test_replies_do_not_depend_on_how_they_arrive(cuts):
    places = [0, *sorted(cuts), len(REPLIES)]
    reader = ReplyReader()
    pieces = [REPLIES[start:end] for start, end in pairwise(places)]
    assert feed(reader, *pieces) == read(REPLIES)
    assert not reader.partial


@pytest.mark.parametrize("data", [b"2", b"250 OK", b"250-OK\r\n"])
def test_unfinished_reply_is_partial(data):
    reader = ReplyReader()
    assert feed(reader, data) == []
    assert reader.partial


line = st.from_regex(rb"[2-5][0-9][0-9][ -][^\n]{0,40}\r?\n", fullmatch=True)


@given(st.binary() | st.lists(line).map(b"".join))
def test_any_bytes_give_replies_or_our_error(data):
    try:
        replies = read(data)
    except MalformedReply:
        return
    assert all(200 <= reply.code <= 599 for reply in replies)
    assert all(reply.text.isprintable() and reply.text == reply.text.strip() for reply in replies)
