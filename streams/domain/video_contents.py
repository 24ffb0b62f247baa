"""The videos of one collection that others are looked up among, in memory; rebuilt from the state.

Finds which known video a submission is a copy or a part of; what follows from that is matching.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.domain.contents import Content, unpack_frames_of
from streams.domain.frames import FRAME
from streams.domain.hashed import kept_frames, moment_starts
from streams.domain.near_index import NearIndex
from streams.domain.steps import Ask, Lookup, Shown, Sighting, Step
from streams.domain.video_judging import ORDER, FramePairs, VideoHit, judged, weights_of
from streams.domain.video_search import Among, Asked, Seen, look_through
from streams.domain.video_showing import nearest_shown
from streams.domain.video_voting import Moments

MOST_CANDIDATES = 16
"""So many known videos are aligned with a submission: the ones that most of its moments were seen in."""

MOST_MEMBERS = 8
"""So many members of a group keep their frames. A video that is uploaded altered again and again would else make every
look-up of it longer; whatever comes later still matches these, or the first."""

COMPACT_ABOVE = 100_000
"""So many rows that are gone, or as many as are there, are worth making the arrays anew."""


@dataclass(slots=True)
class Video:
    """A known video; its rows and its moments stand together from the first of each on."""

    content_id: str
    first_ms: int
    is_member: bool
    group: int
    duration_ms: int
    first_row: int = 0
    rows: int = 0
    first_moment: int = 0
    moments: int = 0


@dataclass(frozen=True, slots=True)
class Looked:
    """An answer to `Lookup`: the match, if there is one, and whether the video's frames are kept."""

    hit: VideoHit | None
    is_kept: bool


class VideoContents:
    """Videos of one collection.

    A video costs a look-up for each entry that is asked (see `NearIndex`), and an alignment for each candidate, of
    some milliseconds. Memory is about 120 bytes a kept entry and 500 a video.
    """

    def __init__(self) -> None:
        self._index = NearIndex()
        self._videos: list[Video] = []
        self._slots: dict[str, int] = {}
        self._groups: dict[str, int] = {}
        self._members: dict[int, list[int]] = {}
        self._alive, self._expires_ms = np.zeros(0, np.uint8), np.zeros(0, np.int64)
        self._group, self._first_moment = np.zeros(0, np.int32), np.zeros(0, np.int64)
        self._near, self._confirm = np.zeros(0, np.uint64), np.zeros((0, 4), np.uint64)
        self._slot, self._moment = np.zeros(0, np.int32), np.zeros(0, np.int32)
        self._view, self._turn = np.zeros(0, np.uint8), np.zeros(0, np.uint8)
        self._from_ms, self._to_ms = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self._rows = self._moments = self._gone = 0

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def memory_bytes(self) -> int:
        arrays = (each for each in self.__dict__.values() if isinstance(each, np.ndarray))
        return self._index.memory_bytes + sum(each.nbytes for each in arrays) + 500 * len(self._videos)

    def load(self, content: Content, frames: bytes) -> None:
        """Take in a video as the state holds it, with its frames (`pack_frames_of`); found only after `index`.

        Raises:
            StateError: the frames are of another layout.
        """
        duration_ms, packed = unpack_frames_of(frames)
        group = self._group_number(content.group_content_id)
        video = Video(content.content_id, content.first_ms, content.is_member, group, duration_ms)
        self._place(video, content.expires_ms, np.frombuffer(packed, FRAME))

    def index(self) -> None:
        """Make all that was loaded findable; once, before anything is taken."""
        self._index.add_batch(self._near[: self._rows], np.arange(self._rows, dtype=np.uint32))

    def take(self, steps: Sequence[Step]) -> list[Looked | list[Shown] | None]:
        """Do all in order: each sees those before it.

        Of known videos that a submission matches, those come first that have all of it (`copy`, `clip_of`), of these
        and of the others a canonical content before a member of a group, then by relation (`video_judging.ORDER`), the
        most matched time of the submission, then of the known video, the one seen first, and the content id. Of
        canonical videos, and if none of them has all of the submission of members too, `MOST_CANDIDATES` are looked
        at: those with the highest weights of moments that look like one of theirs, then those seen first.
        """
        answers: list[Looked | list[Shown] | None] = []
        for step in steps:
            answer: Looked | list[Shown] | None = None
            if isinstance(step, Lookup):
                answer = self._look_up(step)
            elif isinstance(step, Ask):
                answer = self._asked(step)
            elif (slot := self._slots.get(step.content_id)) is not None:
                if isinstance(step, Sighting):
                    self._expires_ms[slot] = step.expires_ms
                else:
                    self._drop(slot)
            answers.append(answer)
        return answers

    def _look_up(self, step: Lookup) -> Looked:
        slot = self._slots.get(step.content_id)
        if slot is not None and step.again:
            self._drop(slot)
            slot = None
        entries = np.frombuffer(step.entries, FRAME)
        hit = self._match(step, entries, -1 if slot is None else slot)
        if slot is not None:  # taken in before a kill, and only decided again
            return Looked(hit, True)
        is_member = hit is not None and hit.is_reused
        if hit is not None and hit.is_reused:
            group = self._videos[self._slots[hit.content_id]].group
            if self._members_known(group, step.time_ms) >= MOST_MEMBERS:
                return Looked(hit, False)
        else:
            group = self._group_number(step.content_id)
        video = Video(step.content_id, step.time_ms, is_member, group, step.duration_ms)
        first_row = self._rows
        self._place(video, step.expires_ms, kept_frames(entries))
        self._index.add_batch(self._near[first_row : self._rows], np.arange(first_row, self._rows, dtype=np.uint32))
        return Looked(hit, True)

    def _match(self, step: Lookup, entries: NDArray[np.void], own: int) -> VideoHit | None:
        starts = moment_starts(entries)
        asked = Asked.of(entries, starts)
        seen = look_through(self._index.bands, self._among(), asked, step.policy, step.time_ms, own)
        if not len(seen.row):
            return None
        moments = Moments(
            entries["from_ms"][starts[:-1]].astype(np.int64),
            entries["to_ms"][starts[:-1]].astype(np.int64),
            step.duration_ms,
        )
        weights = weights_of(seen.groups)
        pairs, slots = self._pairs(asked, seen), self._slot[seen.row]
        best: tuple[Any, VideoHit] | None = None
        for members in (False, True):
            if best is not None and best[1].is_reused:
                break
            for slot in self._candidates(slots, pairs.own, weights, members):
                video = self._videos[slot]
                chosen = np.flatnonzero(slots == slot)
                hit, _ = judged(
                    video.content_id, moments, self._moments_of(video), pairs.of(chosen), weights, step.policy
                )
                if hit is not None and (best is None or self._rank(hit) < best[0]):
                    best = self._rank(hit), hit
        return best[1] if best else None

    def _pairs(self, asked: Asked, seen: Seen) -> FramePairs:
        """What was seen, by moments; those of a known video are counted from its first."""
        return FramePairs(
            own=np.searchsorted(asked.starts, seen.entry, "right") - 1,
            known=self._moment[seen.row] - self._first_moment[self._slot[seen.row]],
            own_view=asked.view_code[seen.entry].astype(np.int64),
            own_turn=asked.turn[seen.entry].astype(np.int64),
            view=self._view[seen.row].astype(np.int64),
            turn=self._turn[seen.row].astype(np.int64),
            near_bits=seen.near_bits,
            confirm_bits=seen.confirm_bits,
        )

    def _candidates(
        self, slots: NDArray[np.int32], own: NDArray[np.int64], weights: NDArray[np.int64], members: bool
    ) -> list[int]:
        """Canonical videos or members that were seen, at most MOST_CANDIDATES; see `take`."""
        moments = len(weights)
        once = np.unique(slots.astype(np.int64) * moments + own)
        totals = np.bincount(once // moments, weights[once % moments].astype(np.float64))
        chosen = [slot for slot in np.flatnonzero(totals).tolist() if self._videos[slot].is_member == members]
        chosen.sort(key=lambda slot: (-totals[slot], self._videos[slot].first_ms, self._videos[slot].content_id))
        return chosen[:MOST_CANDIDATES]

    def _rank(self, hit: VideoHit) -> tuple[Any, ...]:
        video = self._videos[self._slots[hit.content_id]]
        return (
            not hit.is_reused,
            video.is_member,
            ORDER.index(hit.relation),
            -hit.matched_ms,
            -hit.known_ms,
            video.first_ms,
            video.content_id,
        )

    def _asked(self, step: Ask) -> list[Shown]:
        """Videos that show a picture, and when."""
        entries = np.frombuffer(step.entries, FRAME)
        asked = Asked.of(entries, moment_starts(entries))
        seen = look_through(self._index.bands, self._among(), asked, step.policy, step.time_ms, -1, limited=False)
        at_ms = self._from_ms[self._moment[seen.row]]
        return nearest_shown(
            self._slot[seen.row],
            seen,
            at_ms,
            lambda slot: (self._videos[slot].first_ms, self._videos[slot].content_id),
        )

    def _among(self) -> Among:
        return Among(self._confirm, self._slot, self._view, self._alive, self._expires_ms, self._group)

    def _moments_of(self, video: Video) -> Moments:
        where = slice(video.first_moment, video.first_moment + video.moments)
        return Moments(self._from_ms[where], self._to_ms[where], video.duration_ms)

    def _group_number(self, content_id: str) -> int:
        return self._groups.setdefault(content_id, len(self._groups))

    def _members_known(self, group: int, time_ms: int) -> int:
        """Members of a group that keep their frames and are not forgotten by then."""
        return sum(bool(self._expires_ms[slot] >= time_ms) for slot in self._members.get(group, ()))

    def _place(self, video: Video, expires_ms: int, entries: NDArray[np.void]) -> None:
        """Give a video its slot, rows and moments; the rows are for the caller to add to the index."""
        starts = moment_starts(entries)
        counts = np.diff(starts)
        slot = len(self._videos)
        video.first_row, video.rows = self._rows, len(entries)
        video.first_moment, video.moments = self._moments, len(counts)
        self._make_room(1, video.rows, video.moments)
        self._alive[slot], self._expires_ms[slot] = 1, expires_ms
        self._group[slot], self._first_moment[slot] = video.group, video.first_moment
        rows = slice(self._rows, self._rows + video.rows)
        self._near[rows], self._confirm[rows] = entries["near"], entries["confirm"]
        self._view[rows], self._turn[rows] = entries["view"], entries["turn"]
        self._slot[rows] = slot
        self._moment[rows] = np.repeat(np.arange(self._moments, self._moments + video.moments), counts)
        moments = slice(self._moments, self._moments + video.moments)
        self._from_ms[moments], self._to_ms[moments] = entries["from_ms"][starts[:-1]], entries["to_ms"][starts[:-1]]
        self._videos.append(video)
        self._slots[video.content_id] = slot
        if video.is_member:
            self._members.setdefault(video.group, []).append(slot)
        self._rows, self._moments = rows.stop, moments.stop

    def _make_room(self, videos: int, rows: int, moments: int) -> None:
        for names, wanted in (
            (("_alive", "_expires_ms", "_group", "_first_moment"), len(self._videos) + videos),
            (("_near", "_confirm", "_view", "_turn", "_slot", "_moment"), self._rows + rows),
            (("_from_ms", "_to_ms"), self._moments + moments),
        ):
            for name in names:
                array = self.__dict__[name]
                if wanted > len(array):
                    longer = np.zeros((max(wanted, len(array) * 3 // 2, 64), *array.shape[1:]), array.dtype)
                    longer[: len(array)] = array
                    self.__dict__[name] = longer

    def _drop(self, slot: int) -> None:
        video = self._videos[slot]
        for row in range(video.first_row, video.first_row + video.rows):
            self._index.remove(int(self._near[row]), row)
        self._alive[slot] = 0
        del self._slots[video.content_id]
        if video.is_member:
            self._members[video.group].remove(slot)
        self._gone += video.rows
        if self._gone >= max(COMPACT_ABOVE, self._rows - self._gone):
            self._compact()

    def _compact(self) -> None:
        """Make the arrays anew without the videos that are gone."""
        fresh = VideoContents()
        names = dict(zip(self._groups.values(), self._groups, strict=True))
        for slot in self._slots.values():
            old = self._videos[slot]
            group = fresh._group_number(names[old.group])
            video = Video(old.content_id, old.first_ms, old.is_member, group, old.duration_ms)
            fresh._place(video, int(self._expires_ms[slot]), self._frames_of(old))
        fresh.index()
        self.__dict__.update(fresh.__dict__)

    def _frames_of(self, video: Video) -> NDArray[np.void]:
        """Its rows as they came; quality is not kept."""
        rows = slice(video.first_row, video.first_row + video.rows)
        entries = np.zeros(video.rows, FRAME)
        entries["near"], entries["confirm"] = self._near[rows], self._confirm[rows]
        entries["view"], entries["turn"] = self._view[rows], self._turn[rows]
        entries["from_ms"], entries["to_ms"] = self._from_ms[self._moment[rows]], self._to_ms[self._moment[rows]]
        return entries
