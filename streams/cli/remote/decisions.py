"""Decisions by way of the API: the newest ones, or all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

import orjson

from streams.cli.printing.decisions import decisions_table
from streams.cli.remote.connection import api_client
from streams.cli.terminal import data_stream, make_console, say
from streams.kafka.readers.decision_reader import DecisionRecord

PAGE: Final = 200
NEWEST_PRINTED: Final = 100


def print_decisions(
    url: str, collection: str | None, since_ms: int | None, limit: int | None, *, as_json: bool
) -> None:
    """The newest current decisions of a collection, in order of time; as JSON all of them, the newest first."""
    from streams.client.calls import read_decision

    since = datetime.fromtimestamp(since_ms / 1000, UTC).isoformat() if since_ms is not None else None
    with api_client(url, collection) as client:

        def pages() -> Iterator[dict[str, Any]]:
            cursor = None
            while True:
                page = client.decisions(since=since, limit=min(PAGE, limit or PAGE), cursor=cursor)
                yield from page["decisions"]
                cursor = page["next_cursor"]
                if cursor is None:
                    return

        if as_json:
            for document in islice(pages(), limit):
                data_stream().write(orjson.dumps(document) + b"\n")
            return
        newest = list(islice(pages(), limit or NEWEST_PRINTED))
    if not newest:
        say("There are no decisions yet. Submit something with `mediasieve publish --api URL`.")
        return
    records = [DecisionRecord(read_decision(each), each["decided_at"], orjson.dumps(each)) for each in newest]
    make_console(stderr=False).print(decisions_table(records[::-1]))
