"""Every rule of the checks stands in the documentation, under its level, and nothing else does."""

from __future__ import annotations

import ast
import re

LEVELS = {"Errors": "error", "Warnings": "warning"}
#: Errors that are warnings in a lighter case, as their line says.
BOTH = {"link-words", "size", "subject", "style-size", "lost-characters"}


def rules_in_code(root):
    """Yield rule and level of each finding that is made; a level that is worked out counts as an error."""
    # What `newsletter check` finds are findings of another kind.
    for path in (it for it in (root / "newsletter").rglob("*.py") if it.name != "examine.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", "") == "Finding"
                and len(node.args) > 1
            ):
                rules = {it.value for it in ast.walk(node.args[0]) if isinstance(it, ast.Constant)}
                level = node.args[1].value if isinstance(node.args[1], ast.Constant) else "error"
                yield from ((rule, level) for rule in rules if level in LEVELS.values())


def test_rules_and_their_documentation_agree(project_root):
    text = (project_root / "docs" / "checks.md").read_text("utf-8")
    documented = set()
    for title, part in re.findall(r"## (\w+)\n(.*?)(?=\n## |\Z)", text, re.DOTALL):
        for cell in re.findall(r"^\| (`.*?) \|", part, re.MULTILINE):
            documented |= {(rule, LEVELS[title]) for rule in re.findall(r"`([a-z-]+)`", cell)}
    found = {(rule, level) for rule, level in rules_in_code(project_root) if rule != "List-Unsubscribe"}
    assert found - {(rule, "warning") for rule in BOTH} == documented
