"""The arrays in which known videos stand, as the kernel takes them; made and filled here, used elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.domain.hashes.frames import FRAME_ENTRY
from streams.domain.hashes.selection import moment_starts
from streams.domain.match.videos.alignment import Moments
from streams.domain.match.videos.kernel import FrameTable
from streams.domain.match.videos.pairs import Looks

_BY_SLOT = ("alive", "expires_ms", "group")
_BY_ROW = ("hash64", "hash256", "view_code", "orientation", "slot", "moment")
_BY_MOMENT = ("from_ms", "to_ms")


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


class VideoArrays:
    """Videos by slot, their kept entries by row, which is their key in the index, and their moments."""

    def __init__(self) -> None:
        self.videos: list[Video] = []
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

    def place(self, video: Video, expires_ms: int, entries: NDArray[np.void]) -> int:
        """Give a video its slot, which is returned, its rows and its moments."""
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

    def among(self) -> FrameTable:
        return FrameTable(self.hash64, self.hash256, self.slot, self.view_code, self.alive, self.expires_ms, self.group)

    def moments_of(self, video: Video) -> Moments:
        where = slice(video.first_moment, video.first_moment + video.moments)
        return Moments(self.from_ms[where], self.to_ms[where], video.duration_ms)

    def looks_of(self, video: Video) -> Looks:
        """Its moments, with the hash of the first row of each."""
        moments, rows = self.moments_of(video), self.rows_of(video)
        firsts = video.first_row + np.searchsorted(self.moment[rows], video.first_moment + np.arange(video.moments))
        return Looks(moments.from_ms, moments.to_ms, self.hash256[firsts], self.orientation[firsts])

    def rows_of(self, video: Video) -> slice:
        return slice(video.first_row, video.first_row + video.rows)

    def entries_of(self, video: Video) -> NDArray[np.void]:
        """Its rows as they were placed; quality is not kept."""
        rows = self.rows_of(video)
        entries = np.zeros(video.rows, FRAME_ENTRY)
        entries["hash64"], entries["hash256"] = self.hash64[rows], self.hash256[rows]
        entries["view"], entries["orientation"] = self.view_code[rows], self.orientation[rows]
        entries["from_ms"], entries["to_ms"] = self.from_ms[self.moment[rows]], self.to_ms[self.moment[rows]]
        return entries

    def _make_room(self, videos: int, rows: int, moments: int) -> None:
        for names, wanted in ((_BY_SLOT, videos), (_BY_ROW, rows), (_BY_MOMENT, moments)):
            for name in names:
                array = self.__dict__[name]
                if wanted > len(array):
                    longer = np.zeros((max(wanted, len(array) * 3 // 2, 64), *array.shape[1:]), array.dtype)
                    longer[: len(array)] = array
                    self.__dict__[name] = longer
