"""A template's fault as the line that its author needs: file, line, what, and the likely name."""

from __future__ import annotations

import difflib
import re
import traceback
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import cast

from jinja2 import (
    Environment,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
)
from jinja2.exceptions import TemplateRuntimeError
from jinja2.utils import missing

from newsletter.errors import MissingField, RenderError

#: What a template can make go wrong while it is rendered.
TEMPLATE_FAULTS = (
    TemplateError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    AssertionError,
    RecursionError,
    OSError,
)


#: What templates call the things that they read from.
_OWNERS = {"_Member": "member", "ItemView": "item", "SectionView": "section", "Words": "words"}


class _UnknownName(UndefinedError):
    """A name that does not exist; remembers which, and where it was looked for."""

    def __init__(self, message: str | None, *, name: str | None, obj: object) -> None:
        super().__init__(message)
        self.name = name
        self.obj = obj


class NamedUndefined(StrictUndefined):
    """StrictUndefined whose error knows the name."""

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: object = missing,
        name: str | None = None,
        exc: type[TemplateRuntimeError] = UndefinedError,
    ) -> None:
        if exc is UndefinedError:  # what is unsafe is another fault
            exc = cast("type[TemplateRuntimeError]", partial(_UnknownName, name=name, obj=obj))
        super().__init__(hint, obj, name, exc)


def template_fault(
    fault: Exception,
    *,
    template: str,
    folders: Sequence[Path],
    environment: Environment,
    names: Collection[str],
) -> RenderError:
    """Return our error for what rendering a template raised.

    template: the one that was asked for; names: what is known at its top level.
    """
    place, line = _place(fault, folders) or (template, None)
    if isinstance(fault, _UnknownName):
        return _missing_field(fault, place, line, names)
    if isinstance(fault, TemplateNotFound):
        found = likely(str(fault.name), environment.list_templates())
        return RenderError(f"there is no template {fault.name!r}", template=place, line=line, hint=found)
    if isinstance(fault, TemplateSyntaxError):
        quoted = re.search(r"named '(\w+)'", fault.message or "")
        near = likely(quoted[1], {**environment.filters, **environment.tests}) if quoted else ""
        hint = str(getattr(fault, "hint", near))
        return RenderError(_sentence(fault.message or "syntax"), template=place, line=line, hint=hint)
    if isinstance(fault, RecursionError):
        return RenderError("the template includes or calls itself without end", template=place, line=line)
    return RenderError(_sentence(str(fault) or type(fault).__name__), template=place, line=line)


def _missing_field(fault: _UnknownName, place: str, line: int | None, names: Collection[str]) -> MissingField:
    top = fault.obj is missing
    known = names if top else _attributes(fault.obj)
    hint = likely(str(fault.name), known) or f"known are {', '.join(sorted(known))}"
    kind = type(fault.obj).__name__
    owner = _OWNERS.get(kind, kind)
    what = f"{fault.name!r}" if top else f"{fault.name!r} of {owner}"
    return MissingField(f"nothing is called {what}", template=place, line=line, hint=hint)


def _attributes(obj: object) -> list[str]:
    names = obj if isinstance(obj, Mapping) else dir(obj)
    return [str(name) for name in names if not str(name).startswith("_")]


def likely(name: str, known: Collection[str]) -> str:
    """Return "did you mean …?", or "" where nothing known is near."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]!r}?" if near else ""


def _place(fault: Exception, folders: Sequence[Path]) -> tuple[str, int | None] | None:
    """Return the innermost template file and line that a fault came through."""
    if isinstance(fault, TemplateSyntaxError) and fault.filename:
        return _short(fault.filename, folders), fault.lineno
    # Jinja rewrites tracebacks, so that frames of a template name its file and line.
    for frame in reversed(traceback.extract_tb(fault.__traceback__)):
        if any(Path(frame.filename).is_relative_to(folder) for folder in folders):
            return _short(frame.filename, folders), frame.lineno
    return None


def _short(filename: str, folders: Sequence[Path]) -> str:
    """Return the file's name as its author knows it: "templates/digest.html"."""
    path = Path(filename)
    folder = next((folder for folder in folders if path.is_relative_to(folder)), None)
    return str(folder.name / path.relative_to(folder)) if folder else filename


def _sentence(text: str) -> str:
    return " ".join(text.split()).rstrip(".")
