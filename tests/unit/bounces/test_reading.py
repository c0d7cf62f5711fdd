"""Whom a mail that comes back is about, and what it counts for."""

from __future__ import annotations

import pytest
from bounce_mails import CASES, QUIET
from hypothesis import given
from hypothesis import strategies as st

from newsletter.bounces.judge import judge_mail
from newsletter.bounces.read import read_mail
from newsletter.bounces.types import Kind


@pytest.mark.parametrize(
    ("form", "kind", "people", "mail"), [it[1:] for it in CASES], ids=[it[0] for it in CASES]
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_bounce_is_read_and_judged(form, kind, people, mail, line_end):
    found = read_mail(mail.replace("\n", line_end).encode())
    assert (found.form, judge_mail(found)) == (form, kind)
    assert {it.address for it in found.failures if it.address} == people


@pytest.mark.parametrize(("form", "mail"), [it[1:] for it in QUIET], ids=[it[0] for it in QUIET])
def test_what_is_no_bounce_counts_for_nothing(form, mail):
    found = read_mail(mail.encode())
    assert found.form == form
    assert judge_mail(found) in (Kind.REPLY, Kind.UNKNOWN)
    assert found.failures == ()


@given(st.binary(max_size=400), st.sampled_from([it[-1] for it in CASES]), st.integers(0, 900))
def test_no_bytes_stop_the_reader(noise, mail, place):
    raw = mail.encode()
    read_mail(raw[:place] + noise + raw[place:])


@pytest.mark.parametrize(
    "unit", ["- ", "-", " ", "\n", "a@", "a@b.example ", "kim@school.example\n", "<style "]
)
def test_number_of_people_in_a_mail_is_bounded(unit):
    mail = f"From: MAILER-DAEMON@mx.example\nSubject: failure notice\n\n{unit * 3_000}".encode()
    assert len(read_mail(mail).failures) <= 50
