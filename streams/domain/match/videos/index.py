"""The videos of one collection, in memory, in which submissions are looked up. Rebuilt from the state.

Finds which known video a submission is a copy or a part of. What follows from that is decide.py's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.hamming.index import NearIndex
from streams.domain.hashes.frames import FRAME_ENTRY
from streams.domain.match.operations import FindAppearances, FoundAppearance, IndexOperation, MatchAndInsert, Refresh
from streams.domain.match.ranking import RELATION_ORDER, VideoRank
from streams.domain.match.selection import moment_starts, stored_frame_entries
from streams.domain.match.videos.alignment.align import MomentTimes
from streams.domain.match.videos.appearances import nearest_appearances
from streams.domain.match.videos.arrays import KnownVideo, VideoArrays
from streams.domain.match.videos.frame_pairs import MomentHashes
from streams.domain.match.videos.kernel import (
    QueryFrames,
    compare_frames,
    compare_reoriented_frames,
    search_index,
)
from streams.domain.match.videos.orientation import missing_orientations, most_frequent_orientation
from streams.domain.match.videos.relation import VideoHit, find_relation, moment_weights
from streams.domain.match.videos.shared_captions import drop_ambiguous
from streams.domain.match.videos.verification import VideoEvidence
from streams.domain.state.content import Content
from streams.domain.state.frames import unpack_stored_frames

MAX_CANDIDATES = 16
"""A submission is aligned with at most this many known videos: those that most of its moments look like."""

MAX_STORED_MEMBERS = 8
"""At most this many members of a group have their frames stored. Otherwise, a video that is uploaded again and again,
each time altered, would make its look-ups longer and longer. Later copies still match these members or the canonical
content."""

BYTES_PER_VIDEO = 500
"""What a video takes besides its entries, roughly."""

COMPACT_ABOVE_ROWS = 100_000
"""The arrays are rebuilt once this many rows are removed, and at least as many as are left."""


@dataclass(frozen=True, slots=True)
class VideoMatchResult:
    """The result of `MatchAndInsert`: the known video that matches, if any, and whether the frames were stored."""

    hit: VideoHit | None
    hashes_stored: bool


class VideoLookup(NamedTuple):
    """A submission's moments with their weights, and the known frames that they look like.

    `query` was looked up, `reoriented` has the same moments in the orientations that `query` lacks. The last five
    attributes have a row for each match: own moment, slot of the known video, distance, and both orientations.
    """

    query: QueryFrames
    reoriented: QueryFrames
    times: MomentTimes
    weights: NDArray[np.int64]
    own_moments: NDArray[np.int64]
    slots: NDArray[np.int32]
    hash64_distances_bits: NDArray[np.int64]
    known_orientations: NDArray[np.uint8]
    own_orientations: NDArray[np.uint8]


class VideoIndex:
    """Videos of one collection.

    Matching a video costs a look-up for each of its queried entries (see `NearIndex`), and an alignment of some
    milliseconds for each candidate. Memory is about 120 bytes for each stored entry and 500 for each video.
    """

    def __init__(self) -> None:
        self._index = NearIndex()
        self._arrays = VideoArrays()
        self._slots: dict[str, int] = {}
        self._groups: dict[str, int] = {}
        self._members: dict[int, list[int]] = {}
        self._removed_rows = 0

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def memory_bytes(self) -> int:
        return self._index.memory_bytes + self._arrays.memory_bytes + BYTES_PER_VIDEO * len(self._arrays.videos)

    def load(self, content: Content, frames: bytes) -> None:
        """Loads a video from the state, with its frames (`pack_stored_frames`). Look-ups find it only after `index`.

        Raises:
            StateError: the frames have a layout that this version does not read.
        """
        duration_ms, packed = unpack_stored_frames(frames)
        group = self._group_number(content.group_content_id)
        video = KnownVideo(content.content_id, content.first_ms, content.is_member, group, duration_ms)
        self._append(video, content.expires_ms, np.frombuffer(packed, FRAME_ENTRY))

    def index(self) -> None:
        """Indexes all that was loaded. Called once, before the first operation."""
        self._index_rows_from(0)

    def apply(self, operations: Sequence[IndexOperation]) -> list[VideoMatchResult | list[FoundAppearance] | None]:
        """Applies the operations in order. The result is the same as applying them one at a time.

        If a submission matches several known videos, the one with the lowest `ranking.VideoRank` is the hit.

        Candidates are canonical videos, and also members if no canonical video has all of the submission: at most
        MAX_CANDIDATES of either, those with the highest weights of moments that look like one of theirs, then those
        first seen; without those that are apart from the submission. All frames of a candidate count that hash256
        confirms, also those too far apart for the index, and those in the relative orientation of most matches, unless
        they are ambiguous (`shared_captions.py`).
        """
        results: list[VideoMatchResult | list[FoundAppearance] | None] = []
        for operation in operations:
            result: VideoMatchResult | list[FoundAppearance] | None = None
            if isinstance(operation, MatchAndInsert):
                result = self._match_and_insert(operation)
            elif isinstance(operation, FindAppearances):
                result = self._find_appearances(operation)
            elif (slot := self._slots.get(operation.content_id)) is not None:
                if isinstance(operation, Refresh):
                    self._arrays.expires_ms[slot] = operation.expires_ms
                else:
                    self._remove(slot)
            results.append(result)
        return results

    def leave_group(self, content_id: str) -> None:
        """Makes a video, if it is known, the canonical one of a group of its own, as a split does."""
        slot = self._slots.get(content_id)
        if slot is None:
            return
        video = self._arrays.videos[slot]
        if video.is_member:
            self._members[video.group].remove(slot)
        video.is_member, video.group = False, self._group_number(content_id)
        self._arrays.group[slot] = video.group

    def _match_and_insert(self, submission: MatchAndInsert) -> VideoMatchResult:
        slot = self._slots.get(submission.content_id)
        if slot is not None and submission.replaces_expired:
            self._remove(slot)
            slot = None
        hit = self._match(submission, -1 if slot is None else slot)
        if slot is not None:  # inserted before the worker was killed, now only decided again
            return VideoMatchResult(hit, True)
        is_member = hit is not None and hit.is_reused
        if hit is not None and hit.is_reused:
            group = self._known_video(hit).group
            if self._count_members(group, submission.time_ms) >= MAX_STORED_MEMBERS:
                return VideoMatchResult(hit, False)
        else:
            group = self._group_number(submission.content_id)
        video = KnownVideo(submission.content_id, submission.time_ms, is_member, group, submission.duration_ms)
        first_row = self._arrays.rows
        self._append(video, submission.expires_ms, stored_frame_entries(np.frombuffer(submission.entries, FRAME_ENTRY)))
        self._index_rows_from(first_row)
        return VideoMatchResult(hit, True)

    def _match(self, submission: MatchAndInsert, own_slot: int) -> VideoHit | None:
        lookup = self._look_up(submission, own_slot)
        best: tuple[VideoRank, VideoHit] | None = None
        for members in (False, True):
            if lookup is None or (best is not None and best[1].is_reused):
                break
            for slot in self._candidates(lookup, members):
                if submission.is_apart(self._arrays.videos[slot].content_id):
                    continue
                hit = self._compare(lookup, slot, submission)
                if hit is not None and (best is None or self._rank(hit) < best[0]):
                    best = self._rank(hit), hit
        return best[1] if best else None

    def _look_up(self, submission: MatchAndInsert, own_slot: int) -> VideoLookup | None:
        """None if no known frame looks like one of the submission."""
        entries = np.frombuffer(submission.entries, FRAME_ENTRY)
        starts = moment_starts(entries)
        query = QueryFrames.from_entries(entries, starts)
        table = self._arrays.table()
        matches = search_index(self._index.bands, table, query, submission.policy, submission.time_ms, own_slot)
        if not len(matches.row):
            return None
        firsts = entries[starts[:-1]]
        from_ms, to_ms = firsts["from_ms"].astype(np.int64), firsts["to_ms"].astype(np.int64)
        missing = missing_orientations(entries)
        missing_starts = np.searchsorted(missing["from_ms"], np.append(firsts["from_ms"], 1 << 32))
        return VideoLookup(
            query,
            QueryFrames.from_entries(missing, missing_starts),
            MomentTimes(from_ms, to_ms, submission.duration_ms),
            moment_weights(matches.groups),
            np.searchsorted(starts, matches.entry, "right") - 1,
            self._arrays.slot[matches.row],
            matches.hash64_distance_bits,
            self._arrays.orientation[matches.row],
            query.orientation[matches.entry],
        )

    def _candidates(self, lookup: VideoLookup, members: bool) -> list[int]:
        """Slots of at most MAX_CANDIDATES canonical videos, or members, that the submission looks like; see `apply`."""
        moments, videos = len(lookup.weights), self._arrays.videos
        once = np.unique(lookup.slots.astype(np.int64) * moments + lookup.own_moments)
        totals = np.bincount(once // moments, lookup.weights[once % moments].astype(np.float64))
        chosen = [slot for slot in np.flatnonzero(totals).tolist() if videos[slot].is_member == members]
        chosen.sort(key=lambda slot: (-totals[slot], videos[slot].first_ms, videos[slot].content_id))
        return chosen[:MAX_CANDIDATES]

    def _compare(self, lookup: VideoLookup, slot: int, submission: MatchAndInsert) -> VideoHit | None:
        """Compares a submission with a candidate, frame by frame."""
        arrays, of_video, policy = self._arrays, lookup.slots == slot, submission.policy
        video, table, weights = arrays.videos[slot], arrays.table(), lookup.weights
        rows = np.arange(video.first_row, video.first_row + video.rows)
        orientation = most_frequent_orientation(lookup.known_orientations[of_video], lookup.own_orientations[of_video])
        matches = compare_frames(table, rows, lookup.query, weights, policy)
        reoriented = compare_reoriented_frames(
            table, rows, arrays.orientation[rows], lookup.reoriented, weights, policy, orientation
        )
        pairs = arrays.frame_pairs(lookup.query, matches, video)
        pairs = pairs.append(arrays.frame_pairs(lookup.reoriented, reoriented, video))
        own, known = _moment_hashes(lookup.times, lookup.query), arrays.moment_hashes(video)
        pairs = drop_ambiguous(pairs.nearest(), own, known)
        known_times, distance_bits = arrays.moment_times(video), int(lookup.hash64_distances_bits[of_video].min())
        evidence = VideoEvidence(submission.evidence, submission.known_evidence)
        return find_relation(
            video.content_id, lookup.times, known_times, own, pairs, weights, distance_bits, policy, evidence
        )[0]

    def _known_video(self, hit: VideoHit) -> KnownVideo:
        return self._arrays.videos[self._slots[hit.content_id]]

    def _rank(self, hit: VideoHit) -> VideoRank:
        video = self._known_video(hit)
        return VideoRank(
            is_reviewed=not hit.is_reused,
            is_member=video.is_member,
            relation=RELATION_ORDER.index(hit.relation),
            minus_matched_ms=-hit.matched_ms,
            minus_known_matched_ms=-hit.known_matched_ms,
            first_ms=video.first_ms,
            content_id=video.content_id,
        )

    def _find_appearances(self, picture: FindAppearances) -> list[FoundAppearance]:
        """The videos that show a picture, and when they show it."""
        entries, arrays = np.frombuffer(picture.entries, FRAME_ENTRY), self._arrays
        query = QueryFrames.from_entries(entries, moment_starts(entries))
        matches = search_index(
            self._index.bands, arrays.table(), query, picture.policy, picture.time_ms, -1, skip_common=False
        )
        at_ms = arrays.from_ms[arrays.moment[matches.row]]
        return nearest_appearances(arrays.slot[matches.row], matches, at_ms, self._identify)

    def _identify(self, slot: int) -> tuple[int, str]:
        """When a video was first seen, and its content id."""
        video = self._arrays.videos[slot]
        return video.first_ms, video.content_id

    def _group_number(self, content_id: str) -> int:
        return self._groups.setdefault(content_id, len(self._groups))

    def _count_members(self, group: int, time_ms: int) -> int:
        """How many members of a group have stored frames and have not expired by then."""
        expires_ms = self._arrays.expires_ms
        return sum(bool(expires_ms[slot] >= time_ms) for slot in self._members.get(group, ()))

    def _append(self, video: KnownVideo, expires_ms: int, entries: NDArray[np.void]) -> None:
        """Adds a video to the arrays, not to the index."""
        slot = self._slots[video.content_id] = self._arrays.append(video, expires_ms, entries)
        if video.is_member:
            self._members.setdefault(video.group, []).append(slot)

    def _index_rows_from(self, first: int) -> None:
        end = self._arrays.rows
        self._index.add_batch(self._arrays.hash64[first:end], np.arange(first, end, dtype=np.uint32))

    def _remove(self, slot: int) -> None:
        video = self._arrays.videos[slot]
        for row in range(video.first_row, video.first_row + video.rows):
            self._index.remove(int(self._arrays.hash64[row]), row)
        self._arrays.alive[slot] = 0
        del self._slots[video.content_id]
        if video.is_member:
            self._members[video.group].remove(slot)
        self._removed_rows += video.rows
        if self._removed_rows >= max(COMPACT_ABOVE_ROWS, self._arrays.rows - self._removed_rows):
            self._compact()

    def _compact(self) -> None:
        """Rebuilds the arrays and the index without the removed videos."""
        fresh, old = VideoIndex(), self._arrays
        names = dict(zip(self._groups.values(), self._groups, strict=True))
        for slot in self._slots.values():
            video = replace(old.videos[slot], group=fresh._group_number(names[old.videos[slot].group]))
            fresh._append(video, int(old.expires_ms[slot]), old.entries(old.videos[slot]))
        fresh.index()
        self.__dict__.update(fresh.__dict__)


def _moment_hashes(times: MomentTimes, query: QueryFrames) -> MomentHashes:
    firsts = query.starts[:-1]
    return MomentHashes(times.from_ms, times.to_ms, query.hash256[firsts], query.orientation[firsts])
