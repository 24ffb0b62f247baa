"""What the hash lists of a collection say about a content.

Equal bytes (md5, sha256) have the verdict of the entry. Near hashes are no proof: there is no picture to compare with.
So they mean `review`, unless the list says that its verdicts hold; an `allowed` entry means nothing then. An entry that
matches too many contents goes into quarantine. A content on a negative list is matched with nothing by near hashes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from streams.domain.moderation.hash_lists.index import Hit
from streams.domain.moderation.hash_lists.listable import Listable
from streams.domain.moderation.hash_lists.lists import HitsByList, ListsOfCollection, LoadedList, find_hits
from streams.domain.records import Label, MatchedEntry
from streams.domain.records.hash_list import ALGORITHM_BITS, LIST_ALGORITHMS
from streams.domain.records.verdict import GivenStatus
from streams.domain.state.hash_lists import EntryMatches, ListInForce, Says, chunk_rows, chunk_says
from streams.domain.state.keys import list_chunk_key, list_matches_key
from streams.domain.state.state import State
from streams.errors import StateError


class ListVerdict(NamedTuple):
    """What one list says about a content."""

    source: ListInForce
    status: GivenStatus
    labels: tuple[Label, ...]
    reason: str | None
    entry: MatchedEntry


class Listing(NamedTuple):
    """What all lists say about a content.

    Attributes:
        verdicts: one a list at most.
        is_negative: the content is on a negative list.
        counted: list and entry of all near hashes whose number of contents the content changed, or was counted in.
        quarantined: those of them that the content put into quarantine.
    """

    verdicts: tuple[ListVerdict, ...] = ()
    is_negative: bool = False
    counted: tuple[tuple[str, str], ...] = ()
    quarantined: tuple[tuple[str, str], ...] = ()


class Cause(NamedTuple):
    """A content that is judged, and what names the record that brings this about: a repeat has the same."""

    content_id: str
    name: str


NOT_LISTED = Listing()


def judge(
    state: State, collection: str, lists: ListsOfCollection, hits: HitsByList, hashes: Listable, cause: Cause
) -> Listing:
    """What the lists say about a content; counts the content for entries whose near hashes it matches.

    Args:
        state: of the partition; changed for entries that match by near hashes.
        collection: of the content.
        lists: of the collection.
        hits: of the content.
        hashes: of the content.
        cause: names the content.
    """
    if not hits:
        return NOT_LISTED
    negative = is_negative(state, collection, lists, hits, hashes)
    verdicts: list[ListVerdict] = []
    counted: list[tuple[str, str]] = []
    quarantined: list[tuple[str, str]] = []
    for known in lists:
        in_force = known.in_force
        if in_force.negative:
            continue
        for hit in hits.get(in_force.name, ()):
            verdict = _verdict(state, collection, known, hit, hashes)
            if verdict is None or (hit.is_near and negative):
                continue
            if not hit.is_near:
                verdicts.append(verdict)
                break
            matches, acts = _counted(state, collection, in_force, verdict.entry.hash, cause)
            if acts or matches.cause == cause.name:
                counted.append((in_force.name, verdict.entry.hash))
            if acts:
                verdicts.append(verdict)
                break
            if matches.cause == cause.name:
                quarantined.append((in_force.name, verdict.entry.hash))
    return Listing(tuple(verdicts), negative, tuple(counted), tuple(quarantined))


def is_negative(state: State, collection: str, lists: ListsOfCollection, hits: HitsByList, hashes: Listable) -> bool:
    """Whether a content with these hits is on a negative list."""
    return any(
        hit.is_near or _row(state, collection, known, hit, hashes) is not None
        for known in lists
        if known.in_force.negative
        for hit in hits.get(known.in_force.name, ())
    )


def is_known_negative(state: State, collection: str, lists: ListsOfCollection, hashes: Listable) -> bool:
    """Whether a known content is on a negative list."""
    negative = tuple(known for known in lists if known.in_force.negative)
    return bool(negative) and is_negative(state, collection, negative, find_hits(negative, [dict(hashes)])[0], hashes)


def entry_matches(state: State, collection: str, in_force: ListInForce, entry: str) -> EntryMatches:
    """What an entry of a list has matched by near hashes."""
    value = state.get(list_matches_key(collection, in_force.name, entry))
    found = EntryMatches(in_force.since) if value is None else EntryMatches.unpack(value)
    return found if found.since == in_force.since else EntryMatches(in_force.since)


def _counted(
    state: State, collection: str, in_force: ListInForce, entry: str, cause: Cause
) -> tuple[EntryMatches, bool]:
    """What an entry has matched, with this content, and whether its match acts."""
    matches = entry_matches(state, collection, in_force, entry)
    if matches.is_released or matches.is_quarantined:
        return matches, matches.is_released
    if cause.content_id in matches.content_ids:
        return matches, True
    if len(matches.content_ids) >= in_force.quarantine_after:
        matches = replace(matches, cause=cause.name)
    else:
        matches = replace(matches, content_ids=(*matches.content_ids, cause.content_id))
    state.put(list_matches_key(collection, in_force.name, entry), matches.pack())
    return matches, not matches.is_quarantined


def _verdict(state: State, collection: str, known: LoadedList, hit: Hit, hashes: Listable) -> ListVerdict | None:
    """What a hit says; None if the bytes are not equal after all, or if it means nothing."""
    row = _row(state, collection, known, hit, hashes)
    if row is None:
        return None
    (algorithm, digest, says), in_force = row, known.in_force
    status = says.status or in_force.status
    assert status is not None
    if hit.is_near and in_force.perceptual == "review":
        if status == "allowed":
            return None
        status = "review"
    return ListVerdict(
        in_force,
        status,
        in_force.labels if says.labels is None else says.labels,
        in_force.reason if says.reason is None else says.reason,
        MatchedEntry(
            f"{algorithm}:{digest.hex()}",
            hit.distance_bits,
            hit.threshold_bits,
            "unverified" if hit.is_near else "exact",
        ),
    )


def _row(
    state: State, collection: str, known: LoadedList, hit: Hit, hashes: Listable
) -> tuple[str, bytes, Says] | None:
    """Algorithm, hash, and what is said, of the entry of a hit; None if its bytes are not equal after all."""
    chunk, number = known.entries.place(hit.row)
    value = state.get(list_chunk_key(collection, known.in_force.name, known.in_force.import_id, chunk))
    if value is None:
        raise StateError(f"the state lacks entries of the list {known.in_force.name!r}, which is in force")
    row = chunk_rows(value)[number]
    algorithm = LIST_ALGORITHMS[row["algorithm"]]
    digest = row["digest"].tobytes()[: ALGORITHM_BITS[algorithm] // 8]
    if not hit.is_near and digest != hashes[algorithm]:
        return None
    return algorithm, digest, chunk_says(value, int(row["says"]))
