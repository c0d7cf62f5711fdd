"""A variant rendered: both templates filled, the CSS moved into style attributes, cut at merge fields."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, date, tzinfo
from pathlib import Path

import cssutils
from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment
from premailer import Premailer

from newsletter.errors import RenderError
from newsletter.feeds.types import Item
from newsletter.render import text as plain_text
from newsletter.render.content import EditionView, view_edition
from newsletter.render.faults import TEMPLATE_FAULTS, NamedUndefined, template_fault
from newsletter.render.merge import MergeFields, MergeMisuse, fallback, finalize
from newsletter.render.types import Masthead, RenderedVariant

# Keep #ffffff: some mail programs do not read #fff.
cssutils.ser.prefs.minimizeColorHash = False

#: How templates of an organisation name the ones that ship: {% extends "shipped/digest.html" %}.
SHIPPED_PREFIX = "shipped"
#: Fills the inbox's preview line, so that body text does not follow the preheader: figure space, joiner.
FILLER = "\u2007\u034f " * 40


class Templates:
    """The templates of an organisation, each compiled once.

    folders: the organisation's own first, the shipped ones last; a template, or a CSS file that one
    includes, is taken from the first folder that has it. member_fields: names of members' attributes that
    templates may use beside email, first_name and last_name.
    """

    def __init__(self, folders: Sequence[Path], member_fields: Collection[str] = ()) -> None:
        self._folders = tuple(folders)
        self._member_fields = frozenset(member_fields)
        shipped = {SHIPPED_PREFIX: FileSystemLoader(folders[-1])}
        self._environment = ImmutableSandboxedEnvironment(
            loader=ChoiceLoader([*map(FileSystemLoader, folders), PrefixLoader(shipped)]),
            autoescape=select_autoescape(["html"], default=False),
            undefined=NamedUndefined,
            finalize=finalize,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
        )
        self._environment.filters |= {
            "fallback": fallback,
            "wrap": plain_text.wrap,
            "bullet": plain_text.bullet,
            "heading": plain_text.heading,
            "quoted": plain_text.quoted,
            "link": plain_text.link,
            "rule": plain_text.rule,
            "story": plain_text.story,
        }

    def render(self, name: str, view: EditionView, merge: MergeFields) -> str:
        """Return one template filled, merge fields as tokens.

        Raises MissingField for a name that does not exist, RenderError for any other fault of a template.
        """
        context = {**_context(view), **merge.context()}
        try:
            return self._environment.get_template(name).render(context)
        except TEMPLATE_FAULTS as fault:
            raise self._fault(fault, name, context) from fault

    def merge_fields(self, nonce: str) -> MergeFields:
        """Return the merge fields of one rendering."""
        return MergeFields(nonce, self._member_fields)

    def _fault(self, fault: Exception, name: str, context: Mapping[str, object]) -> RenderError:
        names = {*context, *self._environment.globals}
        return template_fault(
            fault, template=name, folders=self._folders, environment=self._environment, names=names
        )


def render_variant(
    templates: Templates,
    name: str,
    masthead: Masthead,
    items: Sequence[Item],
    *,
    day: date,
    titles: Mapping[str, str],
    nonce: str,
    timezone: tzinfo = UTC,
) -> RenderedVariant:
    """Return a variant as approval freezes it: the same for the same input, whatever the nonce.

    name: of the templates, without ending. items: in the edition's order. day: the edition's date. titles:
    of the audiences that the newsletter serves, by slug, in its order. nonce: 16 hexadecimal digits that no
    text from outside can know. timezone: in which dates of items are read.
    """
    view = view_edition(masthead, items, day=day, titles=titles, timezone=timezone)
    merge = templates.merge_fields(nonce)
    html = inline(templates.render(f"{name}.html", view, merge))
    text = plain_text.tidy(templates.render(f"{name}.txt", view, merge))
    _refuse_as_address(html, merge, f"{name}.html")
    try:
        return RenderedVariant(view.subject, view.preheader, merge.cut(html), merge.cut(text))
    except MergeMisuse as fault:
        raise RenderError(str(fault), template=name) from None


def inline(html: str) -> str:
    """Return a page with its CSS in style attributes; blocks marked data-premailer="ignore" stay as they are.

    Nothing is ever fetched. html: begins with <!DOCTYPE html> in capitals, or the inliner drops it.
    """
    # Indentation is half of what a template's loops write, and Gmail counts it.
    compact = re.sub(r"\s*\n\s*", "\n", html).strip()
    inliner = Premailer(
        compact,
        strip_important=False,
        disable_validation=True,
        allow_network=False,
        disable_basic_attributes=["width", "height"],
        align_floating_images=False,
        cssutils_logging_level=logging.CRITICAL,
    )
    return str(inliner.transform(pretty_print=False)).strip() + "\n"


def _context(view: EditionView) -> dict[str, object]:
    left_to_right = view.dir == "ltr"
    return {
        **{field.name: getattr(view, field.name) for field in fields(view)},
        "items": view.items,
        "filler": FILLER,
        "start": "left" if left_to_right else "right",
        "end": "right" if left_to_right else "left",
    }


def _refuse_as_address(html: str, merge: MergeFields, template: str) -> None:
    """Raise RenderError where a member's own text would become an address or a style."""
    for name, token in merge.member_tokens():
        if re.search(rf'\b(?:href|src|action|background|style)="[^"]*{token}', html):
            raise RenderError(
                f"{name} stands in an address or a style, where a member's text must not",
                template=template,
                hint="print it as text; addresses are unsubscribe_url, preferences_url and web_url",
            )
