"""Commands in a sentence, made so that they can be run from elsewhere."""

from __future__ import annotations

import re
import shlex

#: Those that work in no project folder stay as they are.
_COMMAND = re.compile(
    r"\bnewsletter (?=(?:audience|bounce|check|edition|feed|item|member|run|schedule|serve|why)\b)"
)


def in_folder(hint: str, folder: str) -> str:
    """Return a hint whose commands name the project folder."""
    return _COMMAND.sub(lambda found: f"{found[0]}-C {shlex.quote(folder)} ", hint)
