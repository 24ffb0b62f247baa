"""Drops a hash list, and releases an entry that matched too much."""

from __future__ import annotations

import uuid

from streams.config.settings import Settings
from streams.domain.records import ListEvent, VerdictSource
from streams.services.moderation.hash_lists.formats import entries_of
from streams.services.moderation.hash_lists.importing import checked_event, send_list_event


def drop_list(
    settings: Settings, collection: str, list_name: str, by: VerdictSource, reason: str | None = None
) -> ListEvent:
    """Drop a list of a collection. The verdicts of the list are taken back.

    Raises:
        BadInput: a field is wrong.
        BrokerError: the broker is away or refuses.
    """
    document = {"event": "list_drop", "collection": collection, "list_name": list_name, "by": by, "reason": reason}
    return _send(settings, checked_event(document))


def release_entry(
    settings: Settings, collection: str, list_name: str, entry: str, by: VerdictSource, reason: str | None = None
) -> ListEvent:
    """Let an entry in quarantine act again, however much it matches.

    Args:
        settings: name the broker.
        collection: of the list.
        list_name: of the entry.
        entry: algorithm and hash: `pdq256:…`.
        by: who releases it.
        reason: for people.

    Raises:
        BadInput: a field is wrong.
        BrokerError: the broker is away or refuses.
    """
    algorithm, _, value = entry.partition(":")
    named = entries_of({"algorithm": algorithm, "hash": value})[0]
    document = {
        **{"event": "list_release", "collection": collection, "list_name": list_name, "by": by, "reason": reason},
        **{"algorithm": named.algorithm, "hash": named.hash},
    }
    return _send(settings, checked_event(document))


def _send(settings: Settings, event: ListEvent) -> ListEvent:
    send_list_event(settings, event, str(uuid.uuid4()))
    return event
