"""Where the templates, sample feeds and the sample configuration that ship with the program are."""

from __future__ import annotations

from pathlib import Path


def shipped_folder() -> Path:
    """Return the folder that holds newsletter.toml, templates/ and feeds/ as shipped.

    In an installed package that is newsletter/data; in a checkout it is the checkout's own top folder.
    """
    package = Path(__file__).resolve().parent.parent
    installed = package / "data"
    return installed if installed.is_dir() else package.parent
