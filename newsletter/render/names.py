"""Names in a template that nobody gives, also where this week's items never lead it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields

from jinja2 import nodes

from newsletter.render.views import ItemView, SectionView
from newsletter.render.words import Words

#: What Jinja gives by itself.
_GIVEN = {"loop", "self", "super", "caller", "varargs", "kwargs"}
#: What the templates' own names for these stand for.
_SHAPES: Mapping[str, type] = {"item": ItemView, "section": SectionView, "words": Words}


def declared(tree: nodes.Template) -> set[str]:
    """Return the names that a template makes: of loops, macros, imports and {% set %}."""
    names = {node.name for node in tree.find_all(nodes.Name) if node.ctx != "load"}
    names |= {node.name for node in tree.find_all(nodes.Macro)}
    names |= {node.target for node in tree.find_all(nodes.Import)}
    imported = (it for node in tree.find_all(nodes.FromImport) for it in node.names)
    return names | {it if isinstance(it, str) else it[1] for it in imported}


def unknown(tree: nodes.Template, known: Collection[str]) -> Iterator[tuple[int, str, Collection[str]]]:
    """Yield line and name of what is not known, and the names that are, in order of reading.

    known: names of the context, and those that the templates declare.
    """
    found: list[tuple[int, str, Collection[str]]] = [
        (name.lineno, name.name, known)
        for name in tree.find_all(nodes.Name)
        if name.ctx == "load" and name.name not in known and name.name not in _GIVEN
    ]
    for node in tree.find_all(nodes.Getattr):
        shape = _SHAPES.get(node.node.name) if isinstance(node.node, nodes.Name) else None
        if shape and node.attr not in (names := _attributes(shape)):
            found.append((node.lineno, node.attr, names))
    yield from sorted(found, key=lambda it: it[0])


def _attributes(shape: type) -> frozenset[str]:
    public = {name for name in dir(shape) if not name.startswith("_")}
    return frozenset({field.name for field in fields(shape)} | public)
