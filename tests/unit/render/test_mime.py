from __future__ import annotations

import email
import email.policy
import html
import re
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from functools import partial

import pytest
from digests import VALUES
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.address import parse_address
from newsletter.delivery.content import checked_content, plain
from newsletter.errors import RenderError
from newsletter.render.merge import fill
from newsletter.render.mime import compile_message
from newsletter.render.types import MergeField, MessageHeaders, RenderedVariant, Sender

NAME = MergeField("member.first_name", "colleague")
LEAVE = MergeField("unsubscribe_url")
TO = parse_address("anna@example.org")
NOW = datetime(2026, 11, 27, 7, 0, tzinfo=UTC)
HEADERS = MessageHeaders(
    Sender("School Leaders News", "news@example.org", "comms@example.org", "leave@example.org"),
    "weekly.news.example.org",
    "The weekly digest",
    "en-GB",
)
NAMES = ["From", "Reply-To", "Subject", "List-Id", "Auto-Submitted", "Content-Language", "MIME-Version",
         "Content-Type", "To", "Date", "Message-ID", "List-Unsubscribe"]  # fmt: skip

#: Text such as a template could hold, and such as a member could be called.
anything = st.text(max_size=300) | st.sampled_from(
    [
        "=" * 200, "." * 80, ".", "\n.\n", " " * 100, "👩‍🏫" * 90, "שלום" * 40, "a" * 5000, "ŵ" * 5000,
        "=?utf-8?q?x?=", "--=_", "\t\n \r\n\r",
    ]
)  # fmt: skip
unix_lines = anything.map(lambda text: text.replace("\r\n", "\n").replace("\r", "\n"))
on_one_line = anything.map(lambda text: text.replace("\r", " ").replace("\n", " "))


def compiled(
    text=("Dear ", NAME, ".\n"), page=("<p>", NAME, "</p>\n"), subject="News", headers=HEADERS, **encoding
):
    rendered = RenderedVariant(subject, "p" * 40, tuple(page), tuple(text))
    return compile_message(rendered, headers, **encoding)


compiled_8bit = partial(compiled, eight_bit=True)


def message(of=None, *, to_name="Anna Price", to=TO, values=VALUES, **changed):
    fixed = {
        "message_id": "<1.a@example.org>",
        "date": NOW,
        "list_unsubscribe": "<mailto:leave@example.org?subject=a1>",
    }
    draft = (of or compiled()).draft(to_name=to_name, to=to, values=values, **{**fixed, **changed})
    content = draft.signed()
    assert content == checked_content(plain(content))  # dots are stuffed where they must be, and nowhere else
    return plain(content)


def parse(raw):
    return email.message_from_bytes(raw, policy=email.policy.default)


def parts(raw):
    """Read text and HTML back as the standard library finds them, with our line ends."""
    found = list(parse(raw).iter_parts())
    assert [part.get_content_type() for part in found] == ["text/plain", "text/html"]
    assert [part.defects for part in found] == [[], []]
    return [part.get_content().replace("\r\n", "\n") for part in found]


def display_name(raw, header):
    """Read the display name of a header's one mailbox.

    Words encoded by RFC 2047 are decoded by `email.header`: the parser of Python 3.11 leaves spaces between
    them in a phrase (CPython issue 92081).
    """
    (mailbox,) = parse(raw)[header].addresses
    source = email.message_from_bytes(raw)[header]
    if not source.startswith("=?"):
        return mailbox.display_name
    return str(make_header(decode_header(source.rpartition("<")[0].strip())))


def encodings(raw):
    return [part["Content-Transfer-Encoding"] for part in parse(raw).walk()]


def assert_fit_for_the_wire(raw):
    assert checked_content(raw)
    assert b"\0" not in raw
    if encodings(raw) == [None, "quoted-printable", "quoted-printable"]:
        assert raw.isascii()
        body = raw.partition(b"\r\n\r\n")[2]
        assert max(map(len, body.split(b"\r\n"))) <= 76
    else:
        assert encodings(raw) == ["8bit"] * 3


def test_message_has_the_headers_of_a_newsletter_and_no_others():
    read = parse(message())
    assert read.keys() == NAMES
    assert read["From"] == "School Leaders News <news@example.org>"
    assert read["To"].addresses[0].addr_spec == "anna@example.org"
    assert read["Reply-To"] == "comms@example.org"
    assert read["Date"].datetime == NOW
    assert read["Message-ID"] == "<1.a@example.org>"
    assert read["List-Id"] == "The weekly digest <weekly.news.example.org>"
    assert read["List-Unsubscribe"] == "<mailto:leave@example.org?subject=a1>"
    assert read["Auto-Submitted"] == "auto-generated"
    assert read["Content-Language"] == "en-GB"


@pytest.mark.parametrize("eight_bit", [False, True])
def test_digest_is_read_back_as_it_was_rendered(digest, headers, eight_bit):
    raw = message(compile_message(digest, headers, eight_bit=eight_bit))
    assert ("8bit" in encodings(raw)) is eight_bit
    assert_fit_for_the_wire(raw)
    assert parts(raw) == [fill(digest.text, VALUES, str), fill(digest.html, VALUES, html.escape)]
    assert parse(raw)["Subject"] == digest.subject


@settings(max_examples=150)
@given(st.lists(unix_lines | st.sampled_from([NAME, LEAVE])), on_one_line, st.booleans())
@example([NAME], "a" * 75, False)
@example([NAME], "a" * 74 + "=", False)
@example([" ", NAME, " ", NAME, "\n"], " a \u00a0", True)
@example([".", NAME, "\n.", NAME], ".", True)
@example(["a" * 900, NAME, NAME], "ŵ" * 50, True)
@example([MergeField("member.last_name", "ŵ" * 500)], "", True)
@example(["\0", NAME], "", True)
def test_parts_are_read_back_with_exactly_this_members_values(segments, value, eight_bit):
    values = {"member.first_name": value, "unsubscribe_url": "https://x.example.org/?a=1&b=2"}
    raw = message(compiled(segments, segments, eight_bit=eight_bit), values=values)
    assert_fit_for_the_wire(raw)
    assert parts(raw) == [fill(segments, values, str), fill(segments, values, html.escape)]


@pytest.mark.parametrize("compiled", [compiled, compiled_8bit])
@pytest.mark.parametrize(
    "value",
    ["Zoë", "👩‍🏫 שלום", "=3D=\u20ac=", ".", "..", "O’Neill, “Jo”", "a" * 5000, "ŵ😀=" * 1500, "x & <y>"],
)
def test_value_arrives_letter_for_letter(value, compiled):
    text, page = parts(message(compiled(), values={"member.first_name": value}))
    assert text == f"Dear {value}.\n"
    assert html.unescape(page) == f"<p>{value}</p>\n"


@pytest.mark.parametrize("compiled", [compiled, compiled_8bit])
@pytest.mark.parametrize("value", ["Anna\r\nBcc: x@example.net", "\n", "Anna\r"])
def test_value_with_a_line_break_is_refused_and_only_its_field_named(value, compiled):
    with pytest.raises(RenderError, match=r"member\.first_name holds a line break") as fault:
        message(compiled(), values={"member.first_name": value})
    assert "Anna" not in str(fault.value)


def test_line_break_in_a_field_that_no_template_names_does_no_harm():
    assert message(values={"member.address": "1 High Street\nHeath"}) == message(values={})


@pytest.mark.parametrize(
    ("header", "changed"),
    [
        ("first_name or last_name", {"to_name": "A\r\nBcc: evil@example.net"}),
        ("first_name or last_name", {"to_name": "A\nB"}),
        ("Message-ID", {"message_id": "<a@example.org>\r"}),
        ("List-Unsubscribe", {"list_unsubscribe": "<mailto:leave@example.org>\r\nX: y"}),
    ],
)
def test_line_break_in_a_header_is_refused(header, changed):
    with pytest.raises(RenderError, match=f"{header} holds a line break"):
        message(**changed)


def test_header_longer_than_any_line_is_refused():
    with pytest.raises(RenderError, match="longer than a line"):
        message(list_unsubscribe=f"<https://news.example.org/{'x' * 1000}>")


def test_utf8_is_sent_as_it_is_and_said_to_be_so():
    of = compiled_8bit(["Annwyl ", NAME, ", dŵr\n"])
    raw = message(of, values={"member.first_name": "Siân 👩‍🏫"})
    assert of.eight_bit
    assert encodings(raw) == ["8bit"] * 3
    assert "\r\nAnnwyl Siân 👩‍🏫, dŵr\r\n".encode() in raw


@pytest.mark.parametrize("value", ["ŵ" * 496, "a" * 992, "&" * 200, "=_", "--=_x"])
def test_member_whose_value_does_not_fit_as_it_is_gets_quoted_printable(value):
    of = compiled_8bit()
    raw = message(of, values={"member.first_name": value})
    assert raw == message(compiled(), values={"member.first_name": value})
    assert encodings(message(of, values={"member.first_name": "a" * 900})) == ["8bit"] * 3


@pytest.mark.parametrize("line", ["x" * 999, "ŵ" * 500, "x" * 950 + "{}"])
def test_variant_with_a_line_that_is_too_long_is_quoted_printable(line):
    before, field, after = line.partition("{}")
    of = compiled_8bit(page=[before, NAME, after] if field else [before])
    assert not of.eight_bit
    assert message(of) == message(compiled(page=[before, NAME, after] if field else [before]))


def test_date_is_told_in_utc_to_the_second():
    east = timezone(timedelta(hours=2))
    raw = message(date=datetime(2026, 11, 27, 9, 0, 0, 999_999, tzinfo=east))
    assert b"\r\nDate: Fri, 27 Nov 2026 07:00:00 +0000\r\n" in raw


def test_members_values_do_not_stay_for_the_next():
    of = compiled()
    assert "Anna" in parts(message(of, values={"member.first_name": "Anna"}))[0]
    assert parts(message(of, values={}))[0] == "Dear colleague.\n"


HEADER_TEXTS = [
    "Price, Anna", '"Anna" \\ <evil@example.net>', "a@example.net", "Siân Ŵyn", "👩‍🏫" * 40, "x" * 5000,
    "ŵ" * 5000, "=?utf-8?q?=41?=", "A\tB\x00C\u2028D", "a" * 60 + " " + "b" * 60, "O'Neill-Jones",
    "(comment) Anna; x:y;", "A  B", ".", " Anna ",
]  # fmt: skip


def clean(text):
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+", " ", text).strip()


@pytest.mark.parametrize("name", HEADER_TEXTS)
def test_name_never_becomes_more_than_a_name(name):
    raw = message(to_name=name)
    assert_fit_for_the_wire(raw)
    read = parse(raw)
    assert read.keys() == NAMES
    assert [it.addr_spec for it in read["To"].addresses] == ["anna@example.org"]
    assert display_name(raw, "To") == clean(name)


@pytest.mark.parametrize("text", [*HEADER_TEXTS, "A\r\nBcc: evil@example.net"])
def test_subject_and_senders_name_are_read_back(text):
    sender = Sender(text, "news@example.org", "comms@example.org", "leave@example.org")
    headers = MessageHeaders(sender, "weekly.news.example.org", text, "en")
    raw = message(compiled(subject=text, headers=headers))
    read = parse(raw)
    assert read.keys() == NAMES
    assert read["Subject"] == clean(text)
    assert display_name(raw, "From") == clean(text)


@given(on_one_line, anything, on_one_line)
def test_no_text_makes_a_header_line(name, subject, rest):
    of = compiled(subject=subject)
    raw = message(of, to_name=name, message_id=f"<{rest[:50]}>", list_unsubscribe=f"<mailto:{rest[:50]}>")
    assert re.findall(rb"^([!-9;-~]+):", raw.partition(b"\r\n\r\n")[0], re.MULTILINE) == [
        it.encode() for it in NAMES
    ]
    assert [it.addr_spec for it in parse(raw)["To"].addresses] == ["anna@example.org"]
    assert_fit_for_the_wire(raw)


@pytest.mark.parametrize(
    "name", ["Anna", "Price, Anna", "Siân Ŵyn ap Rhys o Lanfairpwllgwyngyll" * 3, "x" * 200]
)
def test_header_lines_are_folded(name):
    raw = message(
        compiled(subject=name),
        to_name=name,
        to=parse_address("a.rather.long.local.part@mail.schools.example.org"),
    )
    head = raw.partition(b"\r\n\r\n")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 78


@pytest.mark.parametrize("name", ["", " \t "])
def test_member_without_a_name_is_addressed_plainly(name):
    assert b"\r\nTo: anna@example.org\r\n" in message(to_name=name)


def test_list_without_a_title_keeps_its_brackets():
    headers = MessageHeaders(HEADERS.sender, "weekly.news.example.org", "")
    assert parse(message(compiled(headers=headers)))["List-Id"] == "<weekly.news.example.org>"


def test_addresses_to_leave_are_folded_between_them_and_ascii():
    raw = message(list_unsubscribe="<https://news.example.org/u/ŵ>, <mailto:leave@example.org>")
    assert b"List-Unsubscribe: <https://news.example.org/u/%C5%B5>,\r\n <mailto:leave@example.org>\r\n" in raw


def test_boundary_is_the_same_for_the_same_variant_only(digest, headers):
    boundaries = [
        parse(message(of)).get_boundary()
        for of in (compiled(), compiled(), compiled(text=["other"]), compile_message(digest, headers))
    ]
    assert len(set(boundaries)) == 3
    assert boundaries[0] == boundaries[1]
    # "=_" cannot occur in quoted-printable, so no content can end a part.
    assert all(boundary.startswith("=_") for boundary in boundaries)


def test_address_beyond_ascii_stays_as_it_is_for_smtputf8():
    raw = message(to_name="Jörg", to=parse_address("jörg@bücher.example.org"))
    assert " <jörg@xn--bcher-kva.example.org>\r\n".encode() in raw
