"""Link tokens: what makes an address in a mail one member's own, for one purpose.

A token is `key id | AES-SIV of the subject` in base64url (RFC 5297), the purpose being authenticated with it.
It needs no dice: the same subject gives the same token, nothing of it can be read, what was altered by a bit
is no token, and a token to leave opens nothing else.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from enum import StrEnum

MAX_SUBJECT_BYTES = 192
_MARK_BYTES = 16
_FRAME_BYTES = 1 + _MARK_BYTES
_MAX_TOKEN_CHARS = 4 * (_FRAME_BYTES + MAX_SUBJECT_BYTES) // 3 + 4


class Purpose(StrEnum):
    """What a token is good for; at most 16 letters."""

    #: Ends one newsletter's subscription, and nothing else. For ever.
    LEAVE = "leave"
    #: Takes that back.
    STAY = "stay"
    #: Topics, frequency and pause of one newsletter.
    TOPICS = "topics"
    #: Approves one edition as one editor saw it, once.
    APPROVE = "approve"
    #: A variant in the browser; the same for all who have it.
    VIEW = "view"


class Tokens:
    """Makes and reads tokens.

    keys: secrets of 32, 48 or 64 octets by id, 1 to 255; the newest id signs, all are good.
    """

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        # It takes 40 ms, and few commands make or read tokens.
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV  # noqa: PLC0415

        self._newest = max(keys)
        self._ciphers = {number: AESSIV(key) for number, key in keys.items()}

    def make(self, purpose: Purpose, subject: str) -> str:
        """Return the token of a subject, 1 to 192 octets of UTF-8; always the same."""
        return self.maker(purpose)(subject)

    def maker(self, purpose: Purpose) -> Callable[[str], str]:
        """Return what makes the tokens of a purpose, for those who need a million of them."""
        cipher, bound = self._ciphers[self._newest], [purpose.encode()]
        key = bytes((self._newest,))

        def make(subject: str) -> str:
            plain = subject.encode()
            if not 0 < len(plain) <= MAX_SUBJECT_BYTES:
                raise ValueError(f"a token has no room for {subject!r}")
            return urlsafe_b64encode(key + cipher.encrypt(plain, bound)).rstrip(b"=").decode()

        return make

    def read(self, purpose: Purpose, token: str) -> str | None:
        """Return the subject of a token that was made for this purpose; None for anything else."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as above

        raw = _decoded(token)
        cipher = self._ciphers.get(raw[0]) if raw else None
        if cipher is None:
            return None
        try:
            return cipher.decrypt(raw[1:], [purpose.encode()]).decode()
        except InvalidTag:
            return None


def _decoded(token: str) -> bytes:
    """Return what a token is made of; nothing for what cannot be one, or is written in another way."""
    if len(token) > _MAX_TOKEN_CHARS or not token.isascii():
        return b""
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return b""
    same = urlsafe_b64encode(raw).rstrip(b"=").decode() == token
    return raw if same and _FRAME_BYTES < len(raw) <= _FRAME_BYTES + MAX_SUBJECT_BYTES else b""
