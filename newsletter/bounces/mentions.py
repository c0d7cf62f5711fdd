"""Whether a mail that came back speaks of somebody, so that it is emptied when they are forgotten."""

from __future__ import annotations

import re

from newsletter.bounces.mail import parse_mail, parts_of, text_of

_SOFT_BREAK = re.compile(rb"=\r?\n")


def mentions(raw: bytes, email_key: str) -> bool:
    """Whether an address stands in a mail: in a header, in its words, or in what it quotes.

    email_key: in lower case. Words in base64 and quoted-printable are looked through too (RFC 2045 §6).
    """
    plain = _SOFT_BREAK.sub(b"", raw).replace(b"=40", b"@").lower()
    whole = (
        rf"(?<![\w.!#$%&'*+/=?^`{{|}}~-]){re.escape(email_key)}(?![\w-]|\.\w)"  # none that it is a part of
    )
    if re.search(whole.encode(), plain):
        return True
    if b"base64" not in plain:
        return False
    return any(re.search(whole, text_of(part).lower()) for part in parts_of(parse_mail(raw), quoted=True))
