"""What thumbnails are called: in the store, and in URLs. Both name the content, so equal bytes share thumbnails."""

from __future__ import annotations

import re
from typing import Final

from streams.domain.fingerprint.thumbnails.sizes import PREVIEW, SIZES, STRIP

FILES: Final = tuple(f"{name}.webp" for name in (*SIZES, STRIP))
"""The thumbnails of a content; `strip` exists only for videos."""

STORED: Final = (PREVIEW, *FILES)
"""All that the store may have of a content, in the order of deletion: without the preview no thumbnail is made."""

_CONTENT_ID: Final = re.compile(r"sha256(?:-parts)?:([0-9a-f]{64})")


def digest_of(content_id: str | None) -> str | None:
    """The digest in a content id, which names its thumbnails; None if it has none."""
    found = _CONTENT_ID.fullmatch(content_id or "")
    return found[1] if found else None


def object_name(digest: str, file: str) -> str:
    """Where a thumbnail is in the store: in one of 256 folders, so that no folder of a disk grows too large."""
    return f"{digest[:2]}/{digest}/{file}"
