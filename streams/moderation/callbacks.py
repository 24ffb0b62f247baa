"""Signed addresses that moderators with late answers call back, and the answers as they come.

An address names a question and says until when it is served; the signature of both is what lets a caller in. The API
checks it and appends the answer to media.moderator.callbacks. Every worker reads that topic whole, and keeps what it
waits for.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Protocol

PATH: Final = "/v1/callbacks/"
#: An answer that comes later than its question waits is still taken: the question may be asked again by then.
GRACE_S: Final = 86_400.0
MAX_UNCLAIMED: Final = 10_000
MAX_UNCLAIMED_BYTES: Final = 64 << 20

_NAMESPACE: Final = uuid.UUID("a8d1c4b2-6a55-5a6e-8f0e-52b7f1d3c9e4")
_TAG_BYTES: Final = 16
_TOKEN_BYTES: Final = 16 + 8 + _TAG_BYTES


class CallbackRefused(Exception):
    """An address that nobody has signed, or that is served no more; the text says which."""


def callback_id(decision_id: str, moderator: str, version: str | None) -> uuid.UUID:
    """Names a question: the same whenever the same moderator is asked about the same decision again."""
    return uuid.uuid5(_NAMESPACE, "\0".join((decision_id, moderator, version or "")))


class CallbackSigner:
    """Makes and checks the last part of addresses.

    Args:
        secret: of the deployment; the API and the workers have the same.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def token(self, question: uuid.UUID, expires_s: float) -> str:
        """The token of a question, which ends at `expires_s` since the epoch."""
        named = question.bytes + int(expires_s).to_bytes(8)
        return base64.urlsafe_b64encode(named + self._tag(named)).rstrip(b"=").decode()

    def check(self, token: str, now_s: float) -> uuid.UUID:
        """The question of a token.

        Raises:
            CallbackRefused: the signature is wrong, or the time is over.
        """
        try:
            data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            data = b""
        named, tag = data[:-_TAG_BYTES], data[-_TAG_BYTES:]
        if len(data) != _TOKEN_BYTES or not hmac.compare_digest(tag, self._tag(named)):
            raise CallbackRefused("the address is not signed by this deployment")
        if int.from_bytes(named[16:]) < now_s:
            raise CallbackRefused("the time of the address is over")
        return uuid.UUID(bytes=named[:16])

    def _tag(self, named: bytes) -> bytes:
        return hmac.digest(self._secret, b"callback\0" + named, "sha256")[:_TAG_BYTES]


class CallbackReader(Protocol):
    """Brings the answers of the topic, each with its question, to `deliver`, on the event loop that begins it."""

    def begin(self, deliver: Callable[[uuid.UUID, bytes], None]) -> None: ...
    async def close(self) -> None: ...


class CallbackInbox:
    """The answers that have come, until somebody claims them. For one event loop.

    Answers that nobody waits for yet are kept, the latest MAX_UNCLAIMED and MAX_UNCLAIMED_BYTES: where an answer is
    gone, the question is asked again, or its job asked for.
    """

    def __init__(self) -> None:
        self._waiting: dict[uuid.UUID, list[asyncio.Future[bytes]]] = {}
        self._unclaimed: OrderedDict[uuid.UUID, bytes] = OrderedDict()
        self._unclaimed_bytes = 0

    def deliver(self, question: uuid.UUID, body: bytes) -> None:
        """An answer has come. The last one counts."""
        futures = [future for future in self._waiting.pop(question, ()) if not future.done()]
        for future in futures:
            future.set_result(body)
        if futures:
            return
        self._unclaimed_bytes += len(body) - len(self._unclaimed.pop(question, b""))
        self._unclaimed[question] = body
        while len(self._unclaimed) > MAX_UNCLAIMED or self._unclaimed_bytes > MAX_UNCLAIMED_BYTES:
            _, dropped = self._unclaimed.popitem(last=False)
            self._unclaimed_bytes -= len(dropped)

    async def wait(self, question: uuid.UUID, timeout_s: float) -> bytes | None:
        """The answer to a question; None if none comes in time."""
        body = self._unclaimed.pop(question, None)
        if body is not None:
            self._unclaimed_bytes -= len(body)
            return body
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(question, []).append(future)
        try:
            return await asyncio.wait_for(future, timeout_s)
        except TimeoutError:
            return None
        finally:
            left = [other for other in self._waiting.pop(question, ()) if other is not future]
            if left:
                self._waiting[question] = left


class Callbacks:
    """What plug-ins need to be called back.

    Args:
        base_url: of the API, as moderators reach it.
        signer: of the deployment.
        reader: brings answers; begun with the first question.
    """

    def __init__(self, base_url: str, signer: CallbackSigner, reader: CallbackReader) -> None:
        self._base_url = base_url.rstrip("/")
        self._signer = signer
        self._reader = reader
        self._inbox = CallbackInbox()
        self._is_begun = False

    def url(self, question: uuid.UUID, timeout_s: float) -> str:
        """The address at which the answer to a question is taken for `timeout_s`, and a day longer."""
        return f"{self._base_url}{PATH}{self._signer.token(question, time.time() + timeout_s + GRACE_S)}"

    async def wait(self, question: uuid.UUID, timeout_s: float) -> bytes | None:
        """The body of the answer to a question, as it came; None if none comes in time."""
        if not self._is_begun:
            self._is_begun = True
            self._reader.begin(self._inbox.deliver)
        return await self._inbox.wait(question, timeout_s)

    async def close(self) -> None:
        await self._reader.close()
