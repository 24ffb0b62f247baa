"""The videos of one collection that others are looked up among, in memory; rebuilt from the state.

Finds which known video a submission is a copy or a part of; what follows from that is decide.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.hamming.index import NearIndex
from streams.domain.hashes.frames import FRAME_ENTRY
from streams.domain.hashes.selection import moment_starts, stored_frame_entries
from streams.domain.match.operations import FindAppearances, FoundAppearance, IndexOperation, MatchAndInsert, Refresh
from streams.domain.match.videos.alignment import Moments
from streams.domain.match.videos.appearances import nearest_appearances
from streams.domain.match.videos.arrays import Video, VideoArrays
from streams.domain.match.videos.judging import ORDER, VideoHit, judged, weights_of
from streams.domain.match.videos.kernel import FrameMatches, QueryFrames, look_at, look_at_turned, search_index
from streams.domain.match.videos.orientation import commonest, in_other_turns
from streams.domain.match.videos.pairs import FramePairs, Looks
from streams.domain.policy.policy import Policy
from streams.domain.state.content import Content
from streams.domain.state.frames import unpack_stored_frames

MOST_CANDIDATES = 16
"""So many known videos are aligned with a submission: the ones that most of its moments were seen in."""

MOST_MEMBERS = 8
"""So many members of a group keep their frames. A video that is uploaded altered again and again would else make every
look-up of it longer; whatever comes later still matches these, or the first."""

VIDEO_BYTES = 500
"""What a video takes beside its entries, about."""

COMPACT_ABOVE = 100_000
"""So many rows that are gone, or as many as are there, are worth making the arrays anew."""


@dataclass(frozen=True, slots=True)
class VideoMatchResult:
    """An answer to `MatchAndInsert`: the match, if there is one, and whether the video's frames are kept."""

    hit: VideoHit | None
    hashes_stored: bool


class View(NamedTuple):
    """What a submission sees of the known videos: its moments and their weights, and each pair's moment and slot.

    `near_bits` are the pairs' distances, `orientations` and `own_orientations` those of both frames; `asked` is what was looked up,
    `turned` the same moments in the turns that are not in it.
    """

    asked: QueryFrames
    turned: QueryFrames
    moments: Moments
    weights: NDArray[np.int64]
    own: NDArray[np.int64]
    slots: NDArray[np.int32]
    near_bits: NDArray[np.int64]
    orientations: NDArray[np.uint8]
    own_orientations: NDArray[np.uint8]


class VideoIndex:
    """Videos of one collection.

    A video costs a look-up for each entry that is asked (see `NearIndex`), and an alignment for each candidate, of
    some milliseconds. Memory is about 120 bytes a kept entry and 500 a video.
    """

    def __init__(self) -> None:
        self._index = NearIndex()
        self._arrays = VideoArrays()
        self._slots: dict[str, int] = {}
        self._groups: dict[str, int] = {}
        self._members: dict[int, list[int]] = {}
        self._gone = 0

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def memory_bytes(self) -> int:
        return self._index.memory_bytes + self._arrays.memory_bytes + VIDEO_BYTES * len(self._arrays.videos)

    def load(self, content: Content, frames: bytes) -> None:
        """Take in a video as the state holds it, with its frames (`pack_frames_of`); found only after `index`.

        Raises:
            StateError: the frames are of another layout.
        """
        duration_ms, packed = unpack_stored_frames(frames)
        group = self._group_number(content.group_content_id)
        video = Video(content.content_id, content.first_ms, content.is_member, group, duration_ms)
        self._place(video, content.expires_ms, np.frombuffer(packed, FRAME_ENTRY))

    def index(self) -> None:
        """Make all that was loaded findable; once, before anything is taken."""
        self._add_rows(0)

    def apply(self, steps: Sequence[IndexOperation]) -> list[VideoMatchResult | list[FoundAppearance] | None]:
        """Do all in order: each sees those before it.

        Of known videos that a submission matches, those come first that have all of it (`copy`, `clip_of`), of these
        and of the others a canonical content before a member of a group, then by relation (`video_judging.ORDER`), the
        most matched time of the submission, then of the known video, the one seen first, and the content id. Of
        canonical videos, and if none of them has all of the submission of members too, `MOST_CANDIDATES` are looked
        at: those with the highest weights of moments that look like one of theirs, then those seen first. Of these
        all frames count that the 256 bits confirm, also those that are too far apart to be looked up, and also in other
        forms if turned as most that were, if they tell something (`video_pairs.ELSEWHERE_MS`).
        """
        answers: list[VideoMatchResult | list[FoundAppearance] | None] = []
        for step in steps:
            answer: VideoMatchResult | list[FoundAppearance] | None = None
            if isinstance(step, MatchAndInsert):
                answer = self._look_up(step)
            elif isinstance(step, FindAppearances):
                answer = self._asked(step)
            elif (slot := self._slots.get(step.content_id)) is not None:
                if isinstance(step, Refresh):
                    self._arrays.expires_ms[slot] = step.expires_ms
                else:
                    self._drop(slot)
            answers.append(answer)
        return answers

    def _look_up(self, step: MatchAndInsert) -> VideoMatchResult:
        slot = self._slots.get(step.content_id)
        if slot is not None and step.replaces_expired:
            self._drop(slot)
            slot = None
        hit = self._match(step, -1 if slot is None else slot)
        if slot is not None:  # taken in before a kill, and only decided again
            return VideoMatchResult(hit, True)
        is_member = hit is not None and hit.is_reused
        if hit is not None and hit.is_reused:
            group = self._video(hit).group
            if self._members_known(group, step.time_ms) >= MOST_MEMBERS:
                return VideoMatchResult(hit, False)
        else:
            group = self._group_number(step.content_id)
        video = Video(step.content_id, step.time_ms, is_member, group, step.duration_ms)
        first_row = self._arrays.rows
        self._place(video, step.expires_ms, stored_frame_entries(np.frombuffer(step.entries, FRAME_ENTRY)))
        self._add_rows(first_row)
        return VideoMatchResult(hit, True)

    def _view(self, step: MatchAndInsert, own: int) -> View | None:
        """None where nothing is seen."""
        entries = np.frombuffer(step.entries, FRAME_ENTRY)
        starts = moment_starts(entries)
        asked = QueryFrames.from_entries(entries, starts)
        seen = search_index(self._index.bands, self._arrays.among(), asked, step.policy, step.time_ms, own)
        if not len(seen.row):
            return None
        times = entries[starts[:-1]]
        moments = Moments(times["from_ms"].astype(np.int64), times["to_ms"].astype(np.int64), step.duration_ms)
        numbers = np.searchsorted(starts, seen.entry, "right") - 1
        others = in_other_turns(entries)
        turned = QueryFrames.from_entries(
            others, np.searchsorted(others["from_ms"], np.append(times["from_ms"], 1 << 32))
        )
        return View(
            asked,
            turned,
            moments,
            weights_of(seen.groups),
            numbers,
            self._arrays.slot[seen.row],
            seen.near_bits,
            self._arrays.orientation[seen.row],
            asked.orientation[seen.entry],
        )

    def _compared(self, view: View, slot: int, policy: Policy) -> VideoHit | None:
        """A submission and a known video that it has seen a frame of."""
        arrays, of_video = self._arrays, view.slots == slot
        video, among = arrays.videos[slot], arrays.among()
        rows = np.arange(video.first_row, video.first_row + video.rows)
        orientation = commonest(view.orientations[of_video], view.own_orientations[of_video])
        seen = look_at(among, rows, view.asked, view.weights, policy)
        turned = look_at_turned(among, rows, arrays.orientation[rows], view.turned, view.weights, policy, orientation)
        pairs = self._pairs(view.asked, seen, video).and_also(self._pairs(view.turned, turned, video)).nearest()
        pairs = pairs.telling(_looks(view.moments, view.asked), arrays.looks_of(video))
        known, near_bits = arrays.moments_of(video), int(view.near_bits[of_video].min())
        return judged(video.content_id, view.moments, known, pairs, view.weights, near_bits, policy)[0]

    def _pairs(self, asked: QueryFrames, seen: FrameMatches, video: Video) -> FramePairs:
        arrays = self._arrays
        return FramePairs(
            own=np.searchsorted(asked.starts, seen.entry, "right") - 1,
            known=arrays.moment[seen.row].astype(np.int64) - video.first_moment,
            own_view=asked.view_code[seen.entry].astype(np.int64),
            own_orientation=asked.orientation[seen.entry].astype(np.int64),
            view=arrays.view_code[seen.row].astype(np.int64),
            orientation=arrays.orientation[seen.row].astype(np.int64),
            near_bits=seen.near_bits,
            confirm_bits=seen.confirm_bits,
        )

    def _match(self, step: MatchAndInsert, own: int) -> VideoHit | None:
        view = self._view(step, own)
        best: tuple[Any, VideoHit] | None = None
        for members in (False, True):
            if view is None or (best is not None and best[1].is_reused):
                break
            for slot in self._candidates(view, members):
                hit = self._compared(view, slot, step.policy)
                if hit is not None and (best is None or self._rank(hit) < best[0]):
                    best = self._rank(hit), hit
        return best[1] if best else None

    def _candidates(self, view: View, members: bool) -> list[int]:
        """Canonical videos or members that were seen, at most MOST_CANDIDATES; see `take`."""
        moments, videos = len(view.weights), self._arrays.videos
        once = np.unique(view.slots.astype(np.int64) * moments + view.own)
        totals = np.bincount(once // moments, view.weights[once % moments].astype(np.float64))
        chosen = [slot for slot in np.flatnonzero(totals).tolist() if videos[slot].is_member == members]
        chosen.sort(key=lambda slot: (-totals[slot], videos[slot].first_ms, videos[slot].content_id))
        return chosen[:MOST_CANDIDATES]

    def _video(self, hit: VideoHit) -> Video:
        return self._arrays.videos[self._slots[hit.content_id]]

    def _rank(self, hit: VideoHit) -> tuple[Any, ...]:
        video = self._video(hit)
        return (
            not hit.is_reused,
            video.is_member,
            ORDER.index(hit.relation),
            -hit.matched_ms,
            -hit.known_ms,
            video.first_ms,
            video.content_id,
        )

    def _asked(self, step: FindAppearances) -> list[FoundAppearance]:
        """Videos that show a picture, and when."""
        entries, arrays = np.frombuffer(step.entries, FRAME_ENTRY), self._arrays
        asked = QueryFrames.from_entries(entries, moment_starts(entries))
        seen = search_index(self._index.bands, arrays.among(), asked, step.policy, step.time_ms, -1, limited=False)
        at_ms = arrays.from_ms[arrays.moment[seen.row]]
        return nearest_appearances(arrays.slot[seen.row], seen, at_ms, self._named)

    def _named(self, slot: int) -> tuple[int, str]:
        """When a video was first seen, and its content id."""
        video = self._arrays.videos[slot]
        return video.first_ms, video.content_id

    def _group_number(self, content_id: str) -> int:
        return self._groups.setdefault(content_id, len(self._groups))

    def _members_known(self, group: int, time_ms: int) -> int:
        """Members of a group that keep their frames and are not forgotten by then."""
        expires_ms = self._arrays.expires_ms
        return sum(bool(expires_ms[slot] >= time_ms) for slot in self._members.get(group, ()))

    def _place(self, video: Video, expires_ms: int, entries: NDArray[np.void]) -> None:
        """Take a video in; its rows are for the caller to add to the index."""
        slot = self._slots[video.content_id] = self._arrays.place(video, expires_ms, entries)
        if video.is_member:
            self._members.setdefault(video.group, []).append(slot)

    def _add_rows(self, first: int) -> None:
        end = self._arrays.rows
        self._index.add_batch(self._arrays.hash64[first:end], np.arange(first, end, dtype=np.uint32))

    def _drop(self, slot: int) -> None:
        video = self._arrays.videos[slot]
        for row in range(video.first_row, video.first_row + video.rows):
            self._index.remove(int(self._arrays.hash64[row]), row)
        self._arrays.alive[slot] = 0
        del self._slots[video.content_id]
        if video.is_member:
            self._members[video.group].remove(slot)
        self._gone += video.rows
        if self._gone >= max(COMPACT_ABOVE, self._arrays.rows - self._gone):
            self._compact()

    def _compact(self) -> None:
        """Make the arrays anew without the videos that are gone."""
        fresh, old = VideoIndex(), self._arrays
        names = dict(zip(self._groups.values(), self._groups, strict=True))
        for slot in self._slots.values():
            video = replace(old.videos[slot], group=fresh._group_number(names[old.videos[slot].group]))
            fresh._place(video, int(old.expires_ms[slot]), old.entries_of(old.videos[slot]))
        fresh.index()
        self.__dict__.update(fresh.__dict__)


def _looks(moments: Moments, asked: QueryFrames) -> Looks:
    firsts = asked.starts[:-1]
    return Looks(moments.from_ms, moments.to_ms, asked.hash256[firsts], asked.orientation[firsts])
