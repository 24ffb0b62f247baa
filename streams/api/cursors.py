"""Cursors of keyset pages: the last row of a page, signed, and bound to its list and filters.

A cursor that was made for another list, collection or filter, or that somebody made up, is refused.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from starlette.requests import Request

from streams.analytics.queries.stored import Keyset
from streams.api.answers import to_json
from streams.api.problems import Problem

TAG_BYTES: Final = 16
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class CursorSigner:
    """Signs with the secret of the settings; without one, with a secret that ends with this process."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode() or secrets.token_bytes(32)

    def tag(self, scope: bytes, value: bytes) -> bytes:
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
        value = orjson.dumps(values)
        return base64.urlsafe_b64encode(self._signer.tag(self._scope, value) + value).rstrip(b"=").decode()

    def decode(self, cursor: str) -> list[Any]:
        """The values of a cursor.

        Raises:
            Problem: bad_cursor.
        """
        try:
            data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            data = b""
        tag, value = data[:TAG_BYTES], data[TAG_BYTES:]
        if not value or not hmac.compare_digest(tag, self._signer.tag(self._scope, value)):
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
