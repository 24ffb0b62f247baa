"""Applies an event about a hash list to the state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple, cast

from streams.domain.moderation.hash_lists import walk
from streams.domain.moderation.hash_lists.judge import entry_matches
from streams.domain.moderation.hash_lists.lists import MAX_LISTS, HashLists
from streams.domain.moderation.hash_lists.walk import Judged
from streams.domain.moderation.standing import known_content
from streams.domain.records import ListEvent
from streams.domain.state.content import Content
from streams.domain.state.hash_lists import EntryMatches, ListInForce, PendingImport, pack_chunk
from streams.domain.state.keys import import_key, list_chunk_key, list_key, list_matches_key
from streams.domain.state.state import State
from streams.errors import BadInput, Reason

IMPORT_DAYS: Final = 7
"""How long an import may take, and how long the entries of one that was cut are kept."""

DAY_MS: Final = 86_400_000


class ListChange(NamedTuple):
    """What an event about a list brings about: the contents judged at once, and the first chunk of a walk."""

    judged: Judged
    first_chunk: int | None = None


def store_entries(state: State, event: ListEvent, time_ms: int) -> None:
    """Store some entries of an import. They have no effect yet.

    Raises:
        BadInput: bad_field, if the import is in force with other entries.
    """
    collection, name, import_id = event.collection, event.list_name, cast(str, event.import_id)
    key, packed = list_chunk_key(collection, name, import_id, event.chunk), pack_chunk(event.entries)
    in_force = _in_force(state, collection, name)
    if in_force is not None and in_force.import_id == import_id and state.get(key) != packed:
        raise BadInput(
            Reason.BAD_FIELD, f"field 'import_id': {import_id!r} is in force with other entries; name every import anew"
        )
    pending = _pending(state, collection, name, import_id, time_ms)
    state.put(key, packed)
    state.put(
        import_key(collection, name, import_id),
        PendingImport(time_ms + IMPORT_DAYS * DAY_MS, pending.chunks | 1 << event.chunk).pack(),
    )


def apply_list_event(
    state: State, lists: HashLists, event: ListEvent, order: tuple[int, int], time_ms: int
) -> ListChange:
    """Apply an event that is not `list_entries`.

    Args:
        state: of the partition.
        lists: of the partition, as before the event.
        event: what happened.
        order: place of the event in the log.
        time_ms: of the Kafka record.

    Raises:
        BadInput: list_incomplete, too_many_lists or unknown_list.
    """
    collection, in_force = event.collection, _in_force(state, event.collection, event.list_name)
    if event.event == "list_effective":
        _put_in_force(state, event, in_force, order, time_ms)
        return ListChange(Judged(), walk.begin(state, collection))
    if in_force is None and event.event == "list_quarantine":
        return ListChange(Judged())
    if in_force is None:
        raise BadInput(Reason.UNKNOWN_LIST, f"collection {collection!r} has no list {event.list_name!r}")
    if event.event == "list_drop":
        state.put(list_key(collection, event.list_name), None)
        return ListChange(Judged(), walk.begin(state, collection))
    entry = f"{event.algorithm}:{event.hash}"
    matches = entry_matches(state, collection, in_force, entry)
    if event.event == "list_release":
        released = EntryMatches(in_force.since, is_released=True)
        state.put(list_matches_key(collection, event.list_name, entry), released.pack())
        return ListChange(Judged(), walk.begin(state, collection))
    contents = _known(state, collection, matches.content_ids if matches.is_quarantined else (), time_ms)
    return ListChange(
        walk.judge_again(state, collection, lists.of(collection, state), contents, event.event_id, time_ms)
    )


def _put_in_force(
    state: State, event: ListEvent, before: ListInForce | None, order: tuple[int, int], time_ms: int
) -> None:
    collection, name, import_id = event.collection, event.list_name, cast(str, event.import_id)
    is_known = before is not None and before.import_id == import_id and before.chunks == event.chunks
    pending = _pending(state, collection, name, import_id, time_ms)
    missing = ((1 << event.chunks) - 1) & ~pending.chunks
    if missing and not is_known:
        number = (missing & -missing).bit_length() - 1
        raise BadInput(
            Reason.LIST_INCOMPLETE,
            f"entries of the list {name!r} are missing, the first in chunk {number} of {event.chunks}; import it again",
        )
    if before is None and _count(state, collection) >= MAX_LISTS:
        raise BadInput(Reason.TOO_MANY_LISTS, f"collection {collection!r} has {MAX_LISTS} lists already")
    state.put(
        list_key(collection, name),
        ListInForce(
            name=name,
            import_id=import_id,
            chunks=event.chunks,
            version=cast(str, event.version),
            status=event.status,
            labels=tuple(event.labels),
            reason=event.reason,
            negative=event.negative,
            bits=dict(event.bits),
            perceptual=event.perceptual,
            quarantine_after=event.quarantine_after,
            at=event.at,
            order=order,
            since=order[0] if before is None else before.since,
        ).pack(),
    )
    if state.get(import_key(collection, name, import_id)) is not None:
        state.put(import_key(collection, name, import_id), None)


def _in_force(state: State, collection: str, name: str) -> ListInForce | None:
    value = state.get(list_key(collection, name))
    return None if value is None else ListInForce.unpack(value)


def _pending(state: State, collection: str, name: str, import_id: str, time_ms: int) -> PendingImport:
    value = state.get(import_key(collection, name, import_id))
    pending = PendingImport(0) if value is None else PendingImport.unpack(value)
    return pending if pending.expires_ms >= time_ms else PendingImport(0)


def _count(state: State, collection: str) -> int:
    prefix = list_key(collection, "")
    return sum(1 for _ in state.scan_current(prefix, prefix))


def _known(state: State, collection: str, content_ids: tuple[str, ...], time_ms: int) -> Iterator[Content]:
    for content_id in content_ids:
        content = known_content(state, collection, content_id, time_ms)
        if content is not None:
            yield content
