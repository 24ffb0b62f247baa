"""Statistics by way of the API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from streams.cli.remote.connection import api_client, read_as
from streams.services.views.collection_statistics import CollectionStatistics
from streams.services.views.system_health import StageLag

if TYPE_CHECKING:
    from streams.client import Client


async def remote_figures(
    url: str, collection: str | None, interval_s: float | None
) -> AsyncIterator[tuple[CollectionStatistics, Sequence[StageLag]]]:
    """The figures once, or every `interval_s` seconds for ever. The lag is empty unless the key is an admin's."""
    with api_client(url, collection) as client:
        while True:
            found = await asyncio.to_thread(client.statistics)
            yield read_as(CollectionStatistics, found), await asyncio.to_thread(_lag, client)
            if interval_s is None:
                return
            await asyncio.sleep(interval_s)


def _lag(client: Client) -> Sequence[StageLag]:
    from streams.client import ApiError
    from streams.client.calls import Call

    try:
        health = client.call(Call("GET", "/health"))
    except ApiError as error:
        if error.status not in (401, 403, 503):
            raise
        return ()
    return read_as(tuple[StageLag, ...], health["lag"])
