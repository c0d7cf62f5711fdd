"""A variant rendered: both templates filled, the CSS moved into style attributes, cut at merge fields."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, date, tzinfo
from pathlib import Path
from typing import ClassVar

import cssutils
from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader, nodes, select_autoescape
from premailer import Premailer

from newsletter.errors import MissingField, RenderError
from newsletter.feeds.types import Item
from newsletter.render import text as plain_text
from newsletter.render.checks.styles import nested_at_rules
from newsletter.render.content import view_edition
from newsletter.render.environment import Environment
from newsletter.render.faults import TEMPLATE_FAULTS, NamedUndefined, likely, template_fault
from newsletter.render.lines import break_lines
from newsletter.render.names import declared, unknown
from newsletter.render.tokens import MergeFields, MergeMisuse, fallback, finalize
from newsletter.render.types import Masthead, RenderedVariant, Segments
from newsletter.render.views import EditionView

# Keep #ffffff: some mail programs do not read #fff.
cssutils.ser.prefs.minimizeColorHash = False

#: How templates of an organisation name the ones that ship: {% extends "shipped/digest.html" %}.
SHIPPED_PREFIX = "shipped"
#: Fills the inbox's preview line, so that body text does not follow the preheader: figure space, joiner.
FILLER = "\u2007\u034f " * 40

#: How many stylesheets are remembered.
_STYLESHEETS = 16

#: What a mail program would read as something other than text.
_NO_TEXT = re.compile(
    r'\b(?:href|src|action|background|style|on\w+)="[^"]*"|<(style|script)\b.*?</\1>',
    re.DOTALL | re.IGNORECASE,
)

#: The names that templates know beside merge fields.
_CONTEXT = {field.name for field in fields(EditionView)} | {"items", "filler", "start", "end"}
_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)


class Inliner(Premailer):  # type: ignore[misc]  # premailer has no types
    """premailer that reads a stylesheet once: the variants of an edition share theirs."""

    _read: ClassVar[dict[tuple[str, int], object]] = {}

    def _parse_style_rules(self, css_body: str, ruleset_index: int) -> object:
        key = (css_body, ruleset_index)
        if key not in self._read:
            if len(self._read) >= _STYLESHEETS:
                self._read.clear()
            self._read[key] = super()._parse_style_rules(css_body, ruleset_index)
        return self._read[key]


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
        self._environment = Environment(
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
            raise self._fault(fault, name, context)  # noqa: B904 - its own text says the cause's already

    def unknown_names(self) -> Iterator[MissingField]:
        """Yield names that stand in a template of the organisation and that nobody gives, file by file."""
        trees = {name: tree for name in self._environment.list_templates() if (tree := self._tree(name))}
        own = [name for name in trees if (self._folders[0] / name).is_file()]
        known = {*_CONTEXT, *MergeFields("0" * 16).context(), *self._environment.globals}
        known |= {name for tree in trees.values() for name in declared(tree)}
        for name in own:
            for line, missing, near in unknown(trees[name], known):
                place = str(Path(self._folders[0].name) / name)
                hint = likely(missing, near) or f"known are {', '.join(sorted(near))}"
                yield MissingField(f"nothing is called {missing!r}", template=place, line=line, hint=hint)

    def _tree(self, name: str) -> nodes.Template | None:
        """Return a template as Jinja reads it; None for what it cannot read, as rendering will say."""
        if not name.endswith((".html", ".txt", ".css")):
            return None
        try:
            source, _, _ = self._environment.loader.get_source(self._environment, name)  # type: ignore[union-attr]
            return self._environment.parse(source)
        except TEMPLATE_FAULTS:
            return None

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
    picture_hosts: Collection[str] = (),
) -> RenderedVariant:
    """Return a variant as approval freezes it: the same for the same input, whatever the nonce.

    name: of the templates, without ending. items: in the edition's order. day: the edition's date. titles:
    of the audiences that the newsletter serves, by slug, in its order. nonce: 16 hexadecimal digits that no
    text from outside can know. timezone: in which dates of items are read. picture_hosts: whose pictures may
    be shown.
    """
    view = view_edition(
        masthead, items, day=day, titles=titles, timezone=timezone, picture_hosts=picture_hosts
    )
    merge = templates.merge_fields(nonce)
    page, plain = f"{name}.html", f"{name}.txt"
    html = inline(templates.render(page, view, merge), page)
    _refuse_members_text(html, merge, page)
    text = plain_text.tidy(templates.render(plain, view, merge))
    return RenderedVariant(view.subject, view.preheader, _cut(html, merge, page), _cut(text, merge, plain))


def inline(html: str, template: str = "") -> str:
    """Return a page with its CSS in style attributes; blocks marked data-premailer="ignore" stay as they are.

    Long lines are broken at spaces, and nothing is ever fetched. html: begins with <!DOCTYPE html> in
    capitals, or the inliner drops it. Raises RenderError, which names the template, for what is no page.
    """
    # Indentation is half of what a template's loops write, and Gmail counts it.
    compact = re.sub(r"\s*\n\s*", "\n", html).strip()
    inliner = Inliner(
        compact,
        strip_important=False,
        disable_validation=True,
        allow_network=False,
        disable_basic_attributes=["width", "height"],
        align_floating_images=False,
        cssutils_logging_level=logging.CRITICAL,
    )
    try:
        return break_lines(str(inliner.transform(pretty_print=False)).strip()) + "\n"
    except (AttributeError, LookupError, ValueError):  # the inliner found no tree, no body, or no end
        if nested := next((found for css in _STYLE.findall(html) for found in nested_at_rules(css)), None):
            raise RenderError(nested.message, template=template, hint=nested.cure) from None
        raise RenderError(  # noqa: B904 - the cause's text would say nothing to the template's author
            "what it gives is no HTML page",
            template=template,
            hint="a page begins with <!DOCTYPE html> and has a <body>",
        )


def _context(view: EditionView) -> dict[str, object]:
    left_to_right = view.dir == "ltr"
    return {
        **{field.name: getattr(view, field.name) for field in fields(view)},
        "items": view.items,
        "filler": FILLER,
        "start": "left" if left_to_right else "right",
        "end": "right" if left_to_right else "left",
    }


def _refuse_members_text(html: str, merge: MergeFields, template: str) -> None:
    """Raise RenderError where a member's own text would become an address, a style or a script."""
    for place in _NO_TEXT.finditer(html):
        for name, token in merge.member_tokens():
            if token in place[0]:
                raise RenderError(
                    f"{name} stands in an address, a style or a script, where a member's text must not",
                    template=template,
                    hint="print it as text; addresses are unsubscribe_url, preferences_url and web_url",
                )


def _cut(text: str, merge: MergeFields, template: str) -> Segments:
    try:
        return merge.cut(text)
    except MergeMisuse as fault:
        raise RenderError(str(fault), template=template) from None
