"""The arrays that hold known videos in memory, in the form that the kernel takes. index.py searches them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.domain.hashes.frames import FRAME_ENTRY
from streams.domain.match.selection import moment_starts
from streams.domain.match.videos.alignment.align import MomentTimes
from streams.domain.match.videos.frame_pairs import FramePairs, MomentHashes
from streams.domain.match.videos.kernel import FrameMatches, FrameTable, QueryFrames

_BY_SLOT = ("alive", "expires_ms", "group")
_BY_ROW = ("hash64", "hash256", "view_code", "orientation", "slot", "moment")
_BY_MOMENT = ("from_ms", "to_ms")


@dataclass(slots=True)
class KnownVideo:
    """A known video. Its rows follow each other from `first_row` on, its moments from `first_moment` on."""

    content_id: str
    first_ms: int
    is_member: bool
    group: int
    duration_ms: int
    first_row: int = 0
    rows: int = 0
    first_moment: int = 0
    moments: int = 0


class VideoArrays:
    """Videos by slot, their stored entries by row (the entry's key in the index), and their moments."""

    def __init__(self) -> None:
        self.videos: list[KnownVideo] = []
        self.rows = self.moments = 0
        self.alive, self.expires_ms = np.zeros(0, np.uint8), np.zeros(0, np.int64)
        self.group = np.zeros(0, np.int32)
        self.hash64, self.hash256 = np.zeros(0, np.uint64), np.zeros((0, 4), np.uint64)
        self.slot, self.moment = np.zeros(0, np.int32), np.zeros(0, np.int32)
        self.view_code, self.orientation = np.zeros(0, np.uint8), np.zeros(0, np.uint8)
        self.from_ms, self.to_ms = np.zeros(0, np.int64), np.zeros(0, np.int64)

    @property
    def memory_bytes(self) -> int:
        return sum(self.__dict__[name].nbytes for name in (*_BY_SLOT, *_BY_ROW, *_BY_MOMENT))

    def append(self, video: KnownVideo, expires_ms: int, entries: NDArray[np.void]) -> int:
        """Adds a video with its rows and moments, and returns its slot."""
        starts = moment_starts(entries)
        counts = np.diff(starts)
        slot = len(self.videos)
        video.first_row, video.rows = self.rows, len(entries)
        video.first_moment, video.moments = self.moments, len(counts)
        rows = slice(self.rows, self.rows + video.rows)
        moments = slice(self.moments, self.moments + video.moments)
        self._make_room(slot + 1, rows.stop, moments.stop)
        self.alive[slot], self.expires_ms[slot], self.group[slot] = 1, expires_ms, video.group
        self.hash64[rows], self.hash256[rows] = entries["hash64"], entries["hash256"]
        self.view_code[rows], self.orientation[rows] = entries["view"], entries["orientation"]
        self.slot[rows] = slot
        self.moment[rows] = np.repeat(np.arange(moments.start, moments.stop), counts)
        self.from_ms[moments], self.to_ms[moments] = entries["from_ms"][starts[:-1]], entries["to_ms"][starts[:-1]]
        self.videos.append(video)
        self.rows, self.moments = rows.stop, moments.stop
        return slot

    def table(self) -> FrameTable:
        return FrameTable(self.hash64, self.hash256, self.slot, self.view_code, self.alive, self.expires_ms, self.group)

    def moment_times(self, video: KnownVideo) -> MomentTimes:
        moments = slice(video.first_moment, video.first_moment + video.moments)
        return MomentTimes(self.from_ms[moments], self.to_ms[moments], video.duration_ms)

    def moment_hashes(self, video: KnownVideo) -> MomentHashes:
        """The video's moments, each with the hash of its first row."""
        times, rows = self.moment_times(video), self._rows(video)
        firsts = video.first_row + np.searchsorted(self.moment[rows], video.first_moment + np.arange(video.moments))
        return MomentHashes(times.from_ms, times.to_ms, self.hash256[firsts], self.orientation[firsts])

    def frame_pairs(self, query: QueryFrames, matches: FrameMatches, video: KnownVideo) -> FramePairs:
        """The matches of one video as pairs, with moments numbered within either video."""
        return FramePairs(
            own_moment=np.searchsorted(query.starts, matches.entry, "right") - 1,
            known_moment=self.moment[matches.row].astype(np.int64) - video.first_moment,
            own_view=query.view_code[matches.entry].astype(np.int64),
            own_orientation=query.orientation[matches.entry].astype(np.int64),
            known_view=self.view_code[matches.row].astype(np.int64),
            known_orientation=self.orientation[matches.row].astype(np.int64),
            hash64_distance_bits=matches.hash64_distance_bits,
            hash256_distance_bits=matches.hash256_distance_bits,
        )

    def entries(self, video: KnownVideo) -> NDArray[np.void]:
        """The video's entries as they were added, without their quality, which is not stored."""
        rows = self._rows(video)
        entries = np.zeros(video.rows, FRAME_ENTRY)
        entries["hash64"], entries["hash256"] = self.hash64[rows], self.hash256[rows]
        entries["view"], entries["orientation"] = self.view_code[rows], self.orientation[rows]
        entries["from_ms"], entries["to_ms"] = self.from_ms[self.moment[rows]], self.to_ms[self.moment[rows]]
        return entries

    def _rows(self, video: KnownVideo) -> slice:
        return slice(video.first_row, video.first_row + video.rows)

    def _make_room(self, videos: int, rows: int, moments: int) -> None:
        for names, required in ((_BY_SLOT, videos), (_BY_ROW, rows), (_BY_MOMENT, moments)):
            for name in names:
                array = self.__dict__[name]
                if required > len(array):
                    longer = np.zeros((max(required, len(array) * 3 // 2, 64), *array.shape[1:]), array.dtype)
                    longer[: len(array)] = array
                    self.__dict__[name] = longer
