"""Cursors of keyset pages: the last row of a page, signed, and bound to its list and filters.

A cursor that was made for another list, collection or filter, or that somebody made up, is refused.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from starlette.requests import Request

from streams.analytics.queries.stored import Keyset
from streams.api.answers import to_json
from streams.api.problems import Problem
from streams.domain.records.codec import EPOCH

TAG_BYTES: Final = 16


class CursorSigner:
    """Signs with the secret of the settings; without one, with a secret that ends with this process."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode() or secrets.token_bytes(32)

    def seal(self, scope: bytes, value: bytes) -> str:
        """The value with its signature, as a text for URLs and cookies."""
        return base64.urlsafe_b64encode(self._tag(scope, value) + value).rstrip(b"=").decode()

    def unseal(self, scope: bytes, text: str) -> bytes | None:
        """The value of a text; None if nobody here sealed it for this scope, and of an empty value."""
        try:
            data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        tag, value = data[:TAG_BYTES], data[TAG_BYTES:]
        return value if value and hmac.compare_digest(tag, self._tag(scope, value)) else None

    def _tag(self, scope: bytes, value: bytes) -> bytes:
        return hmac.digest(self._secret, len(scope).to_bytes(4) + scope + value, "sha256")[:TAG_BYTES]


class Cursors:
    """The cursors of one list with one filter.

    Args:
        signer: of the process.
        name: of the list.
        chosen: the filter.
    """

    def __init__(self, signer: CursorSigner, name: str, chosen: object) -> None:
        self._signer = signer
        self._scope = name.encode() + b"\0" + to_json(chosen)

    @classmethod
    def of(cls, request: Request, name: str, chosen: object) -> Cursors:
        return cls(request.app.state.cursor_signer, name, chosen)

    def encode(self, values: list[Any]) -> str:
        return self._signer.seal(self._scope, orjson.dumps(values))

    def decode(self, cursor: str) -> list[Any]:
        """The values of a cursor.

        Raises:
            Problem: bad_cursor.
        """
        value = self._signer.unseal(self._scope, cursor)
        if value is None:
            raise Problem(400, "bad_cursor", "Begin again without a cursor; keep the filters the same on every page.")
        values: list[Any] = orjson.loads(value)
        return values

    def encode_keyset(self, keyset: Keyset) -> str:
        return self.encode([(keyset.decided_at - EPOCH) // timedelta(milliseconds=1), keyset.decision_id])

    def decode_keyset(self, cursor: str | None) -> Keyset | None:
        if not cursor:
            return None
        at_ms, decision_id = self.decode(cursor)
        return Keyset(EPOCH + timedelta(milliseconds=at_ms), str(UUID(decision_id)))
