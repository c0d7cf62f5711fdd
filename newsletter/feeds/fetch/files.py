"""Feed documents and saved pages that lie below the project's folder feeds/."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

from newsletter.errors import FeedParseError, FetchError
from newsletter.feeds.fetch.limits import FetchLimits
from newsletter.feeds.types import Fetched, NotModified, SavedPage

_FOLDER = "feeds"
_PAGE_ENDINGS = {".txt", ".html", ".htm"}


def read_document(project: Path, path: str, etag: str | None, limits: FetchLimits) -> Fetched | NotModified:
    """Read a feed document from a file. etag: what an earlier reading gave, a hash of the content."""
    body = _read(_inside(project, path), path, path, limits)
    tag = f"sha256:{hashlib.sha256(body).hexdigest()}"
    return NotModified() if tag == etag else Fetched(body, path, etag=tag)


def read_folder(project: Path, path: str, limits: FetchLimits) -> tuple[SavedPage, ...]:
    """Read the saved pages of a folder, by name; hidden files and folders inside it are left alone."""
    folder = _inside(project, path)
    if not folder.is_dir():
        problem = "is a file; pages lie in a folder" if folder.exists() else "there is no such folder"
        raise _fault(path, problem, f'make the folder, or correct url for the feed of kind "pages": {folder}')
    try:
        files = sorted(
            file
            for file in folder.iterdir()
            if file.suffix.lower() in _PAGE_ENDINGS and not file.name.startswith(".") and file.is_file()
        )
    except OSError as fault:
        raise _fault(path, f"cannot be read: {fault.strerror}", "check who may read the folder") from fault
    if not files:
        raise FeedParseError(
            f"{path}: no saved page in this folder",
            feed_url=path,
            hint="save news pages there, as .txt, .html or .htm files",
        )
    return tuple(SavedPage(file.name, _read(file, path, f"{path}/{file.name}", limits)) for file in files)


def _inside(project: Path, path: str) -> Path:
    """Return the place of a path; by its text below feeds/; links are the owner's."""
    pure = PurePosixPath(path)
    if "\0" in path or ".." in pure.parts or pure.parts[:1] != (_FOLDER,):
        raise _fault(
            path,
            "is no path below feeds/",
            "put it into the project's folder feeds/ and write its path from the project: feeds/news.xml",
        )
    return project / pure


def _read(file: Path, feed_url: str, shown: str, limits: FetchLimits) -> bytes:
    try:
        if file.exists() and not file.is_file():
            cure = 'for a folder of saved pages say kind = "pages"' if file.is_dir() else "name a file"
            raise _fault(feed_url, "is not a file", cure, shown)
        with file.open("rb") as document:
            body = document.read(limits.max_bytes + 1)
    except FileNotFoundError:
        raise _fault(feed_url, "there is no such file", f"it should be at {file}", shown) from None
    except FetchError:
        raise
    except OSError as fault:
        raise _fault(feed_url, f"cannot be read: {fault.strerror}", "check who may read it", shown) from fault
    if len(body) > limits.max_bytes:
        raise _fault(feed_url, f"is larger than {limits.max_bytes:,} bytes", "is it the right file?", shown)
    return body


def _fault(feed_url: str, problem: str, cure: str, shown: str = "") -> FetchError:
    return FetchError(f"{shown or feed_url}: {problem}", feed_url=feed_url, hint=cure)
