"""Link tokens: what makes an address in a mail one member's own, for one purpose.

A token is `key id | mark | subject` in base64url: the mark is a keyed hash of the subject (128 bits), and the
subject is hidden behind a second keyed hash, of the mark. That is the shape of a synthetic IV (RFC 5297 §1.3
says why it needs no dice): the same subject gives the same token, nothing of it can be read, and what was
altered by a bit is no token. Each purpose has hashes of its own, so a token to leave opens nothing else.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import b2a_base64
from collections.abc import Callable, Mapping
from enum import StrEnum
from hashlib import blake2b
from hmac import compare_digest
from typing import Any

_MARK_BYTES = 16
#: What one hash can hide (RFC 7693 §2.1), and what three hide.
_MASK_BYTES = 64
MAX_SUBJECT_BYTES = 192
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_MAX_TOKEN_CHARS = 4 * (1 + _MARK_BYTES + MAX_SUBJECT_BYTES) // 3 + 4


class Purpose(StrEnum):
    """What a token is good for; at most 16 letters."""

    #: Ends one newsletter's subscription, and nothing else. For ever.
    LEAVE = "leave"
    #: Takes that back.
    STAY = "stay"
    #: Topics, frequency and pause of one newsletter.
    TOPICS = "topics"
    #: All that is held of a member, for half an hour.
    MEMBER = "member"
    #: Approves one edition as one editor saw it, once.
    APPROVE = "approve"
    #: A variant in the browser; the same for all who have it.
    VIEW = "view"


class Tokens:
    """Makes and reads tokens. keys: secrets by id, 1 to 255; the newest id signs, all are good."""

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        self._newest = max(keys)
        self._hashes = {
            (number, purpose): (_hash(key, purpose, _MARK_BYTES), _hash(key, purpose, _MASK_BYTES))
            for number, key in keys.items()
            for purpose in Purpose
        }

    def make(self, purpose: Purpose, subject: str) -> str:
        """Return the token of a subject, at most 192 octets of UTF-8; always the same."""
        return self.maker(purpose)(subject)

    def maker(self, purpose: Purpose) -> Callable[[str], str]:
        """Return what makes the tokens of a purpose, for those who need a million of them."""
        marking, hiding = self._hashes[self._newest, purpose]
        key = bytes((self._newest,))

        def make(subject: str) -> str:
            plain = subject.encode()
            if len(plain) > MAX_SUBJECT_BYTES:
                raise ValueError(f"a token has no room for {subject!r}")
            marked = marking.copy()
            marked.update(plain)
            mark: bytes = marked.digest()
            raw = key + mark + _masked(plain, hiding, mark)
            return b2a_base64(raw, newline=False).translate(_URL_SAFE).rstrip(b"=").decode()

        return make

    def read(self, purpose: Purpose, token: str) -> str | None:
        """Return the subject of a token that was made for this purpose; None for anything else."""
        raw = _decoded(token)
        hashes = self._hashes.get((raw[0], purpose)) if raw else None
        if hashes is None:
            return None
        marking, hiding = hashes
        mark, hidden = raw[1 : 1 + _MARK_BYTES], raw[1 + _MARK_BYTES :]
        plain = _masked(hidden, hiding, mark)
        return plain.decode() if compare_digest(_digest(marking, plain), mark) else None


def _hash(key: bytes, purpose: str, size: int) -> Any:  # noqa: ANN401 - hashlib names no type of its own
    return blake2b(key=key, digest_size=size, person=purpose.encode())


def _digest(state: Any, data: bytes) -> bytes:  # noqa: ANN401 - as above
    mine = state.copy()
    mine.update(data)
    digest: bytes = mine.digest()
    return digest


def _masked(data: bytes, hiding: Any, mark: bytes) -> bytes:  # noqa: ANN401 - as above
    """Return data with the mask of a mark laid over it, or taken off."""
    hash_, size = hiding.copy(), len(data)
    hash_.update(mark)
    mask: bytes = hash_.digest()
    while len(mask) < size:
        mask += _digest(hiding, mark + bytes((len(mask) // _MASK_BYTES,)))
    return (int.from_bytes(data) ^ int.from_bytes(mask[:size])).to_bytes(size)


def _decoded(token: str) -> bytes:
    """Return what a token is made of; nothing for what cannot be one, or is written in another way."""
    if len(token) > _MAX_TOKEN_CHARS or not token.isascii():
        return b""
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return b""
    same = urlsafe_b64encode(raw).rstrip(b"=").decode() == token
    return raw if same and 1 + _MARK_BYTES <= len(raw) <= 1 + _MARK_BYTES + MAX_SUBJECT_BYTES else b""
