"""A mail that came back is found to speak of somebody, wherever in it."""

from __future__ import annotations

import base64

import pytest

from newsletter.bounces.mentions import mentions

ANNA = "anna.bell@example.org"
IN_BASE64 = b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n"
QUOTED = b"Content-Type: multipart/mixed; boundary=X\n\n--X\nContent-Type: message/rfc822\n\n"


@pytest.mark.parametrize(
    "raw",
    [
        b"To: Anna.Bell@Example.ORG\n\nhello\n",
        b"Subject: x\n\nno such user anna.be=\nll=40example.org\n",
        IN_BASE64 + base64.encodebytes(f"Dear {ANNA.upper()}".encode()),
        QUOTED + IN_BASE64 + base64.encodebytes(ANNA.encode()) + b"\n--X--\n",
    ],
)
def test_mail_that_speaks_of_somebody(raw):
    assert mentions(raw, ANNA)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"To: ben@example.org\n\nbase64\n",
        IN_BASE64 + b"!!!!",
        b"anna.bell@",
        b"To: jo-anna.bell@example.org\n\nhello\n",
        b"To: anna.bell@example.org.uk\n\nhello\n",
    ],
)
def test_mail_that_does_not(raw):
    assert not mentions(raw, ANNA)
