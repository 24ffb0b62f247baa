"""The event that says that an entry of a hash list matched too much. Match writes it to the end of its own log."""

from __future__ import annotations

from typing import cast

from streams.domain.records import ListEvent, format_timestamp
from streams.domain.records.hash_list import ListAlgorithm
from streams.domain.state.hash_lists import EntryMatches
from streams.domain.state.keys import list_matches_key
from streams.domain.state.state import State


def quarantine_event(state: State, collection: str, list_name: str, entry: str, time_ms: int) -> ListEvent:
    """The event about an entry that is in quarantine.

    Args:
        state: of the partition.
        collection: of the list.
        list_name: of the entry.
        entry: algorithm and hash.
        time_ms: of the record that brought it about.
    """
    value = state.get(list_matches_key(collection, list_name, entry))
    cause = (EntryMatches.unpack(value).cause if value is not None else None) or ""
    algorithm, _, digest = entry.partition(":")
    return ListEvent(
        event_id=f"quarantine/{list_name}/{entry}#{cause}",
        event="list_quarantine",
        collection=collection,
        list_name=list_name,
        at=format_timestamp(time_ms),
        algorithm=cast(ListAlgorithm, algorithm),
        hash=digest,
    )
