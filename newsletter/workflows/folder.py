"""A folder that is written again and again: what is unchanged stays, and what is not ours is not touched."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection
from pathlib import Path

from newsletter.errors import NewsletterError

#: Which files are ours, and the marks of what they were made from. A file server does not show it.
_NOTES = ".written.json"


class WrittenFolder:
    """Files that we write into a folder, each beside whatever else there is. Nothing is ever deleted.

    paths: all that will be written, relative, parted by slashes. Raises NewsletterError where one of them
    exists and is not ours; nothing is written then. written: paths of files whose content is new.
    """

    def __init__(self, folder: Path, paths: Collection[str]) -> None:
        self._folder = folder
        self._marks = self._read_notes()
        self.written: list[str] = []
        for path in paths:
            if path not in self._marks and (folder / path).exists():
                raise NewsletterError(
                    f"{folder / path} is there already, and was not written by this command",
                    hint="choose another folder with --out, or move that file away",
                )
        # Before the first of them exists, so that they are ours even if we do not come to the end.
        self._marks |= {path: "" for path in paths if path not in self._marks}
        self._save_notes()

    def write(self, path: str, mark: str, content: Callable[[], bytes]) -> None:
        """Bring a file up to date. mark: of what it is made from; content is asked for where that differs."""
        target = self._folder / path
        if self._marks[path] == mark and target.exists():
            return
        made = content()
        if not target.exists() or target.read_bytes() != made:
            _replace(target, made)
            self.written.append(path)
        self._marks[path] = mark

    def close(self) -> None:
        """Note what was written."""
        self._save_notes()

    def _read_notes(self) -> dict[str, str]:
        try:
            noted = json.loads((self._folder / _NOTES).read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError:
            noted = None
        if not isinstance(noted, dict):
            raise NewsletterError(
                f"{self._folder / _NOTES} cannot be read", hint="write to a new folder, with --out"
            )
        return {str(path): str(mark) for path, mark in noted.items()}

    def _save_notes(self) -> None:
        notes = json.dumps(dict(sorted(self._marks.items())), indent=0).encode()
        target = self._folder / _NOTES
        if not target.exists() or target.read_bytes() != notes:
            _replace(target, notes)


def _replace(target: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    beside.write_bytes(content)
    beside.replace(target)
