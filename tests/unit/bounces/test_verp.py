"""Signed envelope senders."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from newsletter.bounces.verp import Verp

KEYS = {1: b"old" * 8, 2: b"new" * 8}
VERP = Verp("bounces.example.org", KEYS)


@given(st.integers(1, 2**63 - 1))
def test_delivery_is_found_again_however_the_address_was_written(delivery):
    sender = VERP.sender(delivery).text
    assert len(sender.partition("@")[0]) <= 64  # RFC 5321 §4.5.3.1.1
    for shown in (
        sender,
        sender.upper(),
        f"<{sender}>",
        sender.replace("@", "=40"),
        f"{sender[:9]}=\r\n{sender[9:]}",
    ):
        assert [*VERP.deliveries(f"To: {shown}\n".encode())] == [delivery]


def test_older_key_stays_good_and_another_database_is_not_believed():
    sender = Verp("bounces.example.org", {1: KEYS[1]}).sender(7).text.encode()
    assert [*VERP.deliveries(sender)] == [7]
    assert [*Verp("bounces.example.org", {1: b"other" * 5}).deliveries(sender)] == []


@given(st.integers(1, 10**9), st.data())
def test_changed_address_is_not_ours(delivery, data):
    sender = VERP.sender(delivery).text
    place = data.draw(st.integers(0, sender.index("@") - 1))
    changed = sender[:place] + data.draw(st.sampled_from("abcdefg234567-")) + sender[place + 1 :]
    assert changed == sender or [*VERP.deliveries(changed.encode())] == []
