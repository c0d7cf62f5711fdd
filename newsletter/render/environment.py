"""Jinja as our templates get it: sandboxed, and loud about what a template says where nobody sees it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from newsletter.render.faults import likely


class UnseenText(TemplateSyntaxError):
    """What a template that extends another writes in vain. hint: the cure."""

    def __init__(self, message: str, hint: str, line: int, name: str | None, filename: str | None) -> None:
        super().__init__(message, line, name, filename)
        self.hint = hint


class Environment(ImmutableSandboxedEnvironment):
    """Jinja, which by itself drops a block that the extended template lacks, and all between blocks."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - Jinja's
        super().__init__(**options)
        #: What each template extends, by its file, from when it was compiled.
        self._above: dict[str | None, str | None] = {}

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        above = self._above[filename] = _extended(source)
        if above is not None:
            for line, message, hint in _unseen(source, above, self._blocks(above)):
                raise UnseenText(message, hint, line, name, filename)
        return super()._generate(source, name, filename, defer_init)

    def _blocks(self, name: str) -> frozenset[str]:
        """Return the blocks of a template and of those that it extends."""
        template = self.get_template(name)
        own, above = frozenset(template.blocks), self._above.get(template.filename)
        return own if above is None else own | self._blocks(above)


def _unseen(tree: nodes.Template, above: str, known: Collection[str]) -> Iterator[tuple[int, str, str]]:
    """Yield line, fault and cure of what is lost. known: the blocks of the template above."""
    if any(it.name == "self" for it in tree.find_all(nodes.Name)):  # which prints a block by itself
        return
    for node in tree.body:
        if isinstance(node, nodes.Block) and node.name not in known:
            hint = likely(node.name, known) or f"its blocks are {', '.join(sorted(known))}"
            yield node.lineno, f"{above} has no block {node.name!r}, so nobody would see this one", hint
        elif isinstance(node, nodes.Output) and (line := _written(node)):
            cure = "put it into a block: {% block greeting %}…{% endblock %}"
            yield line, "this stands outside of every block, where nobody would see it", cure


def _extended(tree: nodes.Template) -> str | None:
    """Return the name of the template that this one extends, as far as it is written down."""
    for node in tree.body:
        if isinstance(node, nodes.Extends) and isinstance(node.template, nodes.Const):
            return str(node.template.value)
    return None


def _written(output: nodes.Output) -> int | None:
    """Return the line of the first thing that is printed, spaces apart."""
    for node in output.nodes:
        if not isinstance(node, nodes.TemplateData):
            return node.lineno
        if text := node.data.lstrip():
            return node.lineno + node.data[: len(node.data) - len(text)].count("\n")
    return None
