"""Init: a new project folder that works at once, with sample feeds and a relay that only writes files."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from newsletter.config import CONFIG_NAME, shipped_folder
from newsletter.errors import NewsletterError

#: The configuration comes last: a folder that has it is whole.
_PARTS = ("templates", "feeds", CONFIG_NAME)


def make_project(folder: Path) -> None:
    """Write configuration, templates and sample feeds into a folder, which is made where it is missing.

    Raises NewsletterError, and writes nothing, when one of them is there already.
    """
    for part in reversed(_PARTS):
        if (folder / part).exists():
            raise NewsletterError(
                f"{folder / part} is there already", hint="name another folder: newsletter init DIR"
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for part in _PARTS:
            source = shipped_folder() / part
            if source.is_dir():
                shutil.copytree(source, folder / part)
            else:
                shutil.copyfile(source, folder / part)
    except OSError as fault:
        _take_back(folder)
        raise NewsletterError(f"{folder} cannot be made: {fault.strerror or fault}") from None


def _take_back(folder: Path) -> None:
    for part in _PARTS:
        shutil.rmtree(folder / part, ignore_errors=True)
        with suppress(OSError):
            (folder / part).unlink(missing_ok=True)
