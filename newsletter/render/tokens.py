"""Tokens: what stands for merge fields while a template is rendered and inlined.

In a template merge fields are names like any other; while it is rendered they are tokens such as
`__unsubscribe_url_2_3f9a71c2d04be866__`; afterwards the text is cut at them. The nonce is new for each
rendering, so text from outside cannot hold a token, and it is no part of what is kept.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NoReturn

from jinja2.exceptions import TemplateRuntimeError
from markupsafe import Markup

from newsletter.render.merge import MEMBER_FIELDS, URL_FIELDS, one_line
from newsletter.render.types import MergeField, Segments

_NONCE = re.compile(r"[0-9a-f]{16}")


class MergeMisuse(TemplateRuntimeError):
    """A template asked more of a merge field than to be printed."""


class MergeToken:
    """A merge field while a template is rendered: it can be printed, and given a fallback, and no more."""

    __slots__ = ("_fields", "_name", "_text")

    def __init__(self, fields: MergeFields, name: str, text: str) -> None:
        self._fields = fields
        self._name = name
        self._text = text

    def _refuse(self, *_: object) -> NoReturn:
        raise MergeMisuse(
            f"{self._name} differs from member to member: it can be printed, "
            'with fallback("...") if you like, but not changed, joined or asked about'
        )

    # `finalize` prints tokens, so any other way of looking at one is a filter or a condition.
    __str__ = __html__ = __bool__ = __eq__ = __lt__ = __len__ = __iter__ = __contains__ = _refuse
    __add__ = __radd__ = __mod__ = _refuse
    __hash__ = object.__hash__


class _Member:
    """What templates call `member`."""

    __slots__ = ("_fields", "_names")

    def __init__(self, fields: MergeFields, names: Collection[str]) -> None:
        self._fields = fields
        self._names = names

    def __getitem__(self, name: str) -> MergeToken:
        if name not in self._names:
            raise KeyError(name)
        return self._fields.token(f"member.{name}")

    def __dir__(self) -> list[str]:
        return sorted(self._names)

    def __str__(self) -> str:
        raise MergeMisuse("member alone cannot be printed: name one of its fields, member.first_name say")


class MergeFields:
    """The merge fields of one rendering and the tokens that stand for them.

    nonce: 16 hexadecimal digits, never used before.
    """

    def __init__(self, nonce: str, member_fields: Collection[str] = ()) -> None:
        if not _NONCE.fullmatch(nonce):
            raise ValueError(f"not a nonce: {nonce!r}")
        self._nonce = nonce
        self._names = frozenset({*MEMBER_FIELDS, *member_fields})
        self._texts: dict[MergeField, str] = {}

    def context(self) -> dict[str, object]:
        """Return what templates find under the names of merge fields."""
        return {"member": _Member(self, self._names), **{name: self.token(name) for name in URL_FIELDS}}

    def token(self, name: str, fallback: str | None = None) -> MergeToken:
        """Return the token of a field, the same one for the same name and fallback."""
        slug = re.sub(r"[^a-z0-9]+", "_", name.removeprefix("member.").lower())
        text = f"__{slug}_{len(self._texts)}_{self._nonce}__"
        field = MergeField(name, None if fallback is None else one_line(fallback))
        return MergeToken(self, name, self._texts.setdefault(field, text))

    def cut(self, text: str) -> Segments:
        """Return rendered text cut at its tokens.

        Raises MergeMisuse when a filter changed a token (`{% filter upper %}`), so that it cannot be found.
        """
        fields = {token: field for field, token in self._texts.items()}
        pieces = re.split("(" + "|".join(map(re.escape, fields)) + ")", text) if fields else [text]
        if any(self._nonce in piece.lower() for piece in pieces if piece not in fields):
            raise MergeMisuse("a filter changed a merge field; keep merge fields out of filter blocks")
        return tuple(fields.get(piece, piece) for piece in pieces if piece)

    def member_tokens(self) -> Iterator[tuple[str, str]]:
        """Yield name and token of the fields that hold a member's own text."""
        return ((field.name, text) for field, text in self._texts.items() if field.name not in URL_FIELDS)


def fallback(value: object, text: str) -> MergeToken:
    """Return a merge field that says text where a member has no value; the filter `fallback`."""
    if not isinstance(value, MergeToken):
        str(value)  # a name that does not exist says so itself
        raise MergeMisuse("fallback is for merge fields, member.first_name say; elsewhere use default")
    return value._fields.token(value._name, str(text))  # noqa: SLF001 - templates must not see these


def finalize(value: object) -> object:
    """Return what Jinja prints for a value: the token itself for a merge field."""
    return Markup(value._text) if isinstance(value, MergeToken) else value  # noqa: S704, SLF001 - our own token
