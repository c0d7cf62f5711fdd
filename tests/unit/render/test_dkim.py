"""Signatures as receivers check them: dkimpy is the judge."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from digests import VALUES
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.address import parse_address
from newsletter.delivery.content import checked_content, plain
from newsletter.render.dkim import DkimKey, Signer, read_key
from newsletter.render.mime import compile_message
from newsletter.render.types import MergeField, MessageHeaders, RenderedVariant, Sender

#: In the past: dkimpy looks at its clock.
NOW = datetime(2021, 7, 16, 7, 0, tzinfo=UTC)
HEADERS = MessageHeaders(
    Sender("Undeb  Arweinwyr Ysgol Ŵyn", "news@example.org", "comms@example.org", "leave@example.org"),
    "weekly.news.example.org",
    "The weekly digest",
)
NAME = MergeField("member.first_name", "colleague")
TEXT = ("Dear ", NAME, ",  \n\n\ttabs \t and  spaces = \n.\n ", NAME, NAME, "\n\n\n")
RSA = DkimKey("news", rsa.generate_private_key(65537, 2048))
ED25519 = DkimKey("news-ed", ed25519.Ed25519PrivateKey.generate())
BOTH = Signer("example.org", [RSA, ED25519])

values = st.text(max_size=200).map(lambda text: text.replace("\r", " ").replace("\n", " "))


def signed(value="Anna", *, signer=BOTH, variant=None, eight_bit=False, **changed):
    fixed = {
        "to_name": "Anna Price",
        "to": parse_address("anna@example.org"),
        "message_id": "<1.a@example.org>",
        "date": NOW,
        "list_unsubscribe": "<https://news.example.org/u/a1>, <mailto:leave@example.org>",
        "values": {**VALUES, "member.first_name": value},
    }
    variant = variant or RenderedVariant("Dŵr i bob ysgol", "p", ("<p> ", NAME, "  \n</p>\n"), TEXT)
    compiled = compile_message(variant, HEADERS, eight_bit=eight_bit, signer=signer)
    return plain(compiled.draft(**{**fixed, **changed}).signed())


def verdicts(raw, signer=BOTH):
    """Ask dkimpy about each signature, the topmost first."""
    dns = {f"{key.record_name('example.org')}.".encode(): key.record_value.encode() for key in signer.keys}

    def verdict(place):
        try:
            return dkim.DKIM(raw).verify(place, dnsfunc=lambda name, timeout=5: dns[name])
        except dkim.ValidationError as fault:
            return False if "body hash mismatch" in str(fault) else str(fault)

    return [verdict(place) for place in range(raw.count(b"DKIM-Signature: "))]


@settings(max_examples=60)
@given(values, values, st.booleans())
@example("", "", False)
@example(" a  b\t c ", "A  B", True)
@example("a" * 5000, "ŵ" * 300, False)
@example("=\u3000.שלום 👩‍🏫", ".", True)
def test_message_is_signed_by_both_keys_whatever_the_member_is_called(value, name, eight_bit):
    raw = signed(value, to_name=name, eight_bit=eight_bit)
    assert checked_content(raw)
    assert verdicts(raw) == [True, True]


@pytest.mark.parametrize("key", [RSA, ED25519], ids=["rsa", "ed25519"])
def test_digest_is_signed_by_one_key(digest, key):
    signer = Signer("example.org", [key])
    assert verdicts(signed(variant=digest, signer=signer), signer) == [True]


def test_variant_without_merge_fields_is_signed():
    assert verdicts(signed(variant=RenderedVariant("News", "p", ("<p>x</p>\n",), ()))) == [True, True]


def test_signed_mail_is_never_8bit():
    compiled = compile_message(
        RenderedVariant("N", "p", ("ŵ",), ("ŵ",)), HEADERS, eight_bit=True, signer=BOTH
    )
    assert not compiled.eight_bit
    assert signed(eight_bit=True).isascii()


def test_address_beyond_ascii_is_signed():
    signer = Signer("example.org", [RSA])
    assert verdicts(signed(signer=signer, to=parse_address("jörg@example.org")), signer) == [True]


def test_signature_says_what_it_covers_and_of_when():
    first = signed().partition(b"\r\nFrom: ")[0].decode()
    assert max(map(len, first.split("\r\n"))) <= 78
    tags = dict(re.findall(r"(\w+)=([^;]*)", re.sub(r"\s", "", first.split("DKIM-Signature:")[1])))
    covered = tags.pop("h").split(":")
    assert {name: tags[name] for name in "vacdst"} == {
        "v": "1", "a": "rsa-sha256", "c": "relaxed/relaxed", "d": "example.org", "s": "news",
        "t": str(int(NOW.timestamp())),
    }  # fmt: skip
    assert set(covered) == {
        "From", "To", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version", "Content-Type",
        "Content-Language", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post",
    }  # fmt: skip
    assert [covered.count(name) for name in ("From", "To", "Subject", "List-Unsubscribe")] == [2] * 4


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"news.example.org/u/a1>", b"news.example.net/u/a1>"),
        (b"List-Unsubscribe: ", b"List-Unsubscribe: <https://news.example.net>\r\nList-Unsubscribe: "),
        (b"MIME-Version: ", b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nMIME-Version: "),
        (b"\r\nFrom: ", b"\r\nFrom: other@example.net\r\nFrom: "),
        (b"MIME-Version: ", b"Subject: another\r\nMIME-Version: "),
        (b"To: Anna Price", b"To: Beth Price"),
        (b"Date: Fri, 16", b"Date: Fri, 23"),
        (b"<1.a@", b"<1.b@"),
        (b"comms@", b"camms@"),
        (b"The weekly digest", b"The weakly digest"),
        (b"\r\nAnna=", b"\r\nBeth="),
        (b"--\r\n", b"--\r\nmore\r\n"),
    ],
)
def test_changed_message_fails(old, new):
    raw = signed()
    assert old in raw
    start = raw.index(b"\r\nFrom: ")
    assert verdicts(raw[:start] + raw[start:].replace(old, new)) == [False, False]


def test_white_space_may_change_on_the_way():
    raw = signed().replace(b"Subject: ", b"Subject:\t ").replace(b"tabs", b"tabs ")
    assert verdicts(raw) == [True, True]


def test_same_key_and_moment_give_the_same_message():
    assert signed() == signed()


def pem(private, password=None):
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


@pytest.mark.parametrize("key", [RSA, ED25519], ids=["rsa", "ed25519"])
def test_key_is_read_back(key):
    assert read_key(key.selector, pem(key.private)).record_value == key.record_value


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no private key in PEM form"),
        (b"\xff" * 80, "no private key in PEM form"),
        (pem(ED25519.private)[:-40], "no private key in PEM form"),
        (pem(RSA.private, b"secret"), "encrypted"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "neither an RSA nor an Ed25519 key"),
    ],
    ids=["empty", "no text", "cut off", "encrypted", "elliptic curve"],
)
def test_file_that_holds_no_usable_key_is_refused(content, reason):
    with pytest.raises(ValueError, match=reason):
        read_key("news", content)


def rsa_key(p, q):
    public = rsa.RSAPublicNumbers(65537, p * q)
    d = pow(public.e, -1, (p - 1) * (q - 1))
    crt = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    return rsa.RSAPrivateNumbers(p, q, d, *crt, public).private_key()


def test_rsa_key_that_no_receiver_takes_is_refused():
    with pytest.raises(ValueError, match="RSA key of 511 bits"):
        read_key("news", pem(rsa_key(2**255 - 19, 2**256 - 189)))
