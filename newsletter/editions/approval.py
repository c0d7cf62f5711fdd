"""What an approval stands for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import astuple

from newsletter.render.types import MessageHeaders


def edition_hash(variants: Mapping[str, str], headers: MessageHeaders) -> str:
    """Return SHA-256 in hex over everything that members will see.

    variants: name of the variant -> hash of its rendered content. Merge values are no part of it.
    """
    content = json.dumps([sorted(variants.items()), astuple(headers)], ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()
