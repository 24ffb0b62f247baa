"""A client of the HTTP API for Python: submit media and wait for decisions, look things up, search, give verdicts.

    with Client("http://127.0.0.1:8080") as client:
        decision = client.submit_and_wait(Path("photo.jpg").read_bytes(), media_id="photo-1").decision

`AsyncClient` has the same methods for asyncio. Both repeat requests that could not be served, and never twice what must
not be done twice: every submission has an idempotency key.
"""

from streams.client.asynchronous import AsyncClient
from streams.client.calls import SubmittedMedium
from streams.client.errors import ApiError, NotDecidedError
from streams.client.synchronous import Client

__all__ = ["ApiError", "AsyncClient", "Client", "NotDecidedError", "SubmittedMedium"]
