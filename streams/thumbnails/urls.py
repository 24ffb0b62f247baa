"""URLs of thumbnails: signed, and valid for a while, so that a browser needs no API key to show them."""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Callable
from typing import Final

from streams.domain.fingerprint.thumbnails.sizes import SIZES
from streams.thumbnails.names import digest_of

SIGNATURE_BYTES: Final = 18
_PURPOSE: Final = b"thumbnails\0"


class ThumbnailUrls:
    """Makes and checks URLs. One signature is for all thumbnails of a content.

    Args:
        secret: of the API; all its processes need the same.
        valid_s: for how long a URL is valid at the least. It is the same for so long that browsers can keep what it
            leads to, and is valid for at most twice as long.
        clock: seconds since 1970.
    """

    def __init__(self, secret: bytes, valid_s: int, clock: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._valid_s = valid_s
        self._clock = clock

    def of(self, content_id: str | None) -> dict[str, str] | None:
        """The URLs of a content's thumbnails, by the largest side in pixels; None if its bytes are unknown."""
        digest = digest_of(content_id)
        if digest is None:
            return None
        query = self._query(digest)
        return {str(size): f"/thumbnails/{digest}/{size}.webp?{query}" for size in SIZES}

    def left_s(self, digest: str, expires: int, signature: str) -> int:
        """For how many seconds a URL is still valid; 0 if it has expired, or is none that `of` has made."""
        expected = self._signature(digest, expires)
        if not hmac.compare_digest(signature.encode(), expected.encode()):
            return 0
        return max(0, expires - int(self._clock()))

    def _query(self, digest: str) -> str:
        expires = (int(self._clock()) // self._valid_s + 2) * self._valid_s
        return f"expires={expires}&signature={self._signature(digest, expires)}"

    def _signature(self, digest: str, expires: int) -> str:
        tag = hmac.digest(self._secret, _PURPOSE + f"{digest}/{expires}".encode(), "sha256")[:SIGNATURE_BYTES]
        return base64.urlsafe_b64encode(tag).decode()
