"""What hash lists say about the submissions of a batch."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from streams.domain.match.batch import PendingDecision
from streams.domain.moderation.collections import ModeratedCollections
from streams.domain.moderation.effects import LogEvent, Refusal
from streams.domain.moderation.hash_lists.judge import NOT_LISTED, Cause, Listing, is_known_negative, judge
from streams.domain.moderation.hash_lists.listable import Listable, unpack_listable
from streams.domain.moderation.hash_lists.lists import HitsByList, ListsOfCollection, find_hits
from streams.domain.moderation.hash_lists.quarantine import quarantine_event
from streams.domain.moderation.hash_lists.verdicts import ListHit, give
from streams.domain.moderation.standing import read_group
from streams.domain.records import routing_key
from streams.domain.state.content import Content
from streams.domain.state.hash_lists import EntryMatches, Listed
from streams.domain.state.keys import group_key, list_matches_key, listed_key
from streams.domain.state.state import State


class BatchListing:
    """Looks the new contents of a batch up in hash lists, all at once for as long as no list changes.

    `log_events` and `refused` follow from the submissions that were judged; `hits` are to be counted.
    """

    def __init__(self, batch: Sequence[PendingDecision], state: State, moderated: ModeratedCollections) -> None:
        self._batch = batch
        self._state = state
        self._moderated = moderated
        self._hits: dict[int, HitsByList] = {}
        self._looked_up: dict[str, ListsOfCollection] = {}
        self.log_events: list[LogEvent] = []
        self.refused: list[Refusal] = []
        self.hits: list[ListHit] = []
        self._changed_groups: dict[int, str] = {}

    def lists_of(self, collection: str) -> ListsOfCollection:
        """The lists of a collection now."""
        found = self._moderated.lists.of(collection, self._state)
        if self._looked_up.get(collection, ()) is found:
            return found
        self._looked_up[collection] = found
        asked = [each for each in self._batch if each.is_new and each.fingerprint.collection == collection]
        hashes = [each.listable for each in asked]
        hits = find_hits(found, hashes) if found else [{} for _ in asked]
        self._hits.update(zip(map(id, asked), hits, strict=True))
        return found

    def judge(self, pending: PendingDecision) -> Listing:
        """What the lists say about a submission with a new content."""
        collection = pending.fingerprint.collection
        lists = self.lists_of(collection)
        hits = self._hits.get(id(pending), {}) if lists else {}
        if not hits:
            return NOT_LISTED
        assert pending.fingerprint.facts is not None
        cause = Cause(pending.fingerprint.facts.content_id, _cause(pending))
        return judge(self._state, collection, lists, hits, pending.listable, cause)

    def is_negative(self, pending: PendingDecision) -> bool:
        """Whether a submission is on a negative list."""
        return self._has_negative(pending.fingerprint.collection, pending.listable)

    def is_known_negative(self, collection: str, known: Content) -> bool:
        """Whether a known content is on a negative list."""
        return self._has_negative(collection, unpack_listable(known.listable, known.content_id))

    def _has_negative(self, collection: str, hashes: Listable) -> bool:
        lists = self.lists_of(collection)
        return bool(lists) and is_known_negative(self._state, collection, lists, hashes)

    def give(self, pending: PendingDecision, content: Content, listing: Listing, statuses: int) -> None:
        """Write what the lists say about a new content."""
        collection = pending.fingerprint.collection
        if collection not in self._moderated.lists.with_lists:
            return
        given = give(self._state, collection, content, listing, statuses, pending.decision_id)
        if given.root is not None:
            key = group_key(collection, given.root)
            self._moderated.note(key, self._state.get(key))
            if given.reaches_others:
                self._changed_groups[id(pending)] = given.root
        self.refused += [Refusal(*each) for each in given.refused]
        self.hits += given.hits
        for name, entry in listing.quarantined:
            self._note_quarantined(pending, name, entry)

    def put_again(self, pending: PendingDecision, content_id: str, groups: Collection[str]) -> None:
        """Write again what the lists said about a content when this submission brought it.

        Args:
            pending: the submission, which was decided before.
            content_id: of the submission; it may have been deleted since.
            groups: that the content joined then, and is in now.
        """
        collection = pending.fingerprint.collection
        if collection not in self._moderated.lists.with_lists:
            return
        roots = [read_group(self._state, collection, each)[0] for each in groups]
        keys = [group_key(collection, each) for each in (*groups, *roots)]
        value = self._state.get(listed_key(collection, content_id))
        listed = Listed() if value is None else Listed.unpack(value)
        if listed.decision_id == pending.decision_id:
            self._changed_groups[id(pending)] = roots[-1]
        for name, entry in listed.entries:
            keys.append(list_matches_key(collection, name, entry))
            matches = self._state.get(keys[-1])
            if matches is not None and EntryMatches.unpack(matches).cause == _cause(pending):
                self._note_quarantined(pending, name, entry)
        for key in (*dict.fromkeys(keys), listed_key(collection, content_id)):
            existing = self._state.get(key)
            if existing is not None:
                self._state.put(key, existing)

    def changed_group(self, pending: PendingDecision) -> str | None:
        """The group whose other members a submission's listing reaches."""
        return self._changed_groups.get(id(pending))

    def _note_quarantined(self, pending: PendingDecision, name: str, entry: str) -> None:
        event = quarantine_event(self._state, pending.fingerprint.collection, name, entry, pending.time_ms)
        self.log_events.append(LogEvent(event, routing_key(pending.fingerprint)))


def _cause(pending: PendingDecision) -> str:
    return f"decision/{pending.decision_id}"
