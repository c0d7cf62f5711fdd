"""In which characters a member file is written, decided over the whole of it, and signs of a wrong guess."""

from __future__ import annotations

import re
from typing import BinaryIO, Literal

Encoding = Literal["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]

_PIECE_BYTES = 65_536

# Longest first: the mark of UTF-32 begins with that of UTF-16.
_MARKS: tuple[tuple[bytes, Encoding], ...] = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)

#: What UTF-8 looks like when it is read as cp1252: "Ã©", "â€™".
_UTF8_AS_CP1252 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")

#: What names look like when text of DOS ("Jos‚"), a Mac ("MŸller") or central Europe ("£ukasz") is read as
#: cp1252. Letters, dashes and quotes of cp1252 are left out, except for capitals within a word.
_NOT_IN_A_NAME = re.compile(
    r"[\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u2039\u203a\u2022\u02dc\u2122"
    r"\u00a1-\u00a9\u00ab\u00ac\u00ae-\u00b3\u00b5\u00b6\u00b8\u00b9\u00bb-\u00bf\u00d7\u00f7]"
    r"|(?<=[a-z])[\u0160\u0152\u017d\u0178\u2018]|(?<=[A-Z])[\u0160\u0152\u017d\u0178\u2018](?=[a-z])"
    r"|(?<=[a-z])[\u201c\u201d\u2013\u2014](?=[a-z])"
)

REPLACEMENT = "\ufffd"


def decide_encoding(file: BinaryIO) -> Encoding:
    """Return the one encoding of a member file, which is read from where it stands to its end.

    A byte order mark decides, then UTF-16's way of writing the first letter, then whether more of the lines
    that are not plain ASCII are UTF-8 than are not; what is not UTF-8 counts as cp1252. Lines that do not fit
    what is decided are found when they are read: see `encoding_doubt`.
    """
    head = file.read(4)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if head[:1] == b"\0" != head[1:2]:
        return "utf-16-be"
    if head[1:2] == b"\0" != head[:1]:
        return "utf-16-le"
    return _decide_by_lines(head, file)


def _decide_by_lines(head: bytes, file: BinaryIO) -> Encoding:
    utf8 = other = 0
    line = head + file.readline(_PIECE_BYTES)
    while line:
        if not line.isascii():
            if _is_utf8(line):
                utf8 += 1
            else:
                other += 1
        line = file.readline(_PIECE_BYTES)
    return "cp1252" if other and other >= utf8 else "utf-8"


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def encoding_doubt(encoding: Encoding, text: str, names: str) -> str | None:
    """Say why a row was probably not written in the encoding it was read in; None when all is well.

    text: the cells of the row; names: those of them in which no symbol is to be expected.
    """
    if REPLACEMENT in text:
        word = encoding.removesuffix("-sig").upper().replace("CP", "cp")
        return f"holds characters that cannot be read as {word}; save the file as CSV UTF-8"
    if encoding != "cp1252" or not _reads_oddly(text, names):
        return None
    return "is in another encoding than the rest of the file, or than cp1252; save the file as CSV UTF-8"


def _reads_oddly(text: str, names: str) -> bool:
    return bool(_UTF8_AS_CP1252.search(text.encode("cp1252", "replace")) or _NOT_IN_A_NAME.search(names))
