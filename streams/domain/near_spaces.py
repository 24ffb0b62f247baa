"""The near contents of one partition: by collection and algorithm, so that only like is ever compared with like."""

from __future__ import annotations

from collections.abc import Iterable

from streams.domain.contents import (
    ALGORITHM_AT,
    ALGORITHM_CODES,
    ALGORITHMS,
    Content,
    check_layout,
    collection_of,
)
from streams.domain.frames import FRAMES_HASH
from streams.domain.near_contents import NearContents
from streams.domain.video_contents import VideoContents

LOADED_AT_ONCE = 20_000

OF_VIDEOS = ALGORITHM_CODES[FRAMES_HASH]

Space = tuple[str, str]


class NearSpaces:
    """What `decide` looks up near duplicates among; made from the state, and as fast gone as a dict."""

    def __init__(self) -> None:
        self._spaces: dict[Space, NearContents | VideoContents] = {}

    def __len__(self) -> int:
        """Contents in all spaces."""
        return sum(map(len, self._spaces.values()))

    @property
    def memory_bytes(self) -> int:
        return sum(space.memory_bytes for space in self._spaces.values())

    def of(self, collection: str, algorithm: str) -> NearContents | VideoContents:
        """The contents of a collection that were hashed by this algorithm and version."""
        space = self._spaces.get((collection, algorithm))
        if space is None:
            space = self._spaces[collection, algorithm] = _space(algorithm)
        return space

    def load(self, contents: Iterable[tuple[bytes, bytes]], frames: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Take in all contents of a state, and all frames of videos, as keys and values in the order of their keys.

        Raises:
            StateError: a content or frames of a layout that this version does not read.
        """
        videos: dict[bytes, bytes] = {}
        prefix, waiting = b"\0", dict[int, list[bytes]]()
        for key, value in contents:
            if not key.startswith(prefix):
                self._load(prefix, waiting)
                prefix = key[: key.index(b"\0") + 1]
                waiting = {algorithm: [] for algorithm in range(len(ALGORITHMS))}
            check_layout(value)
            algorithm = value[ALGORITHM_AT]
            if algorithm == OF_VIDEOS:
                videos[key[1:]] = value
            elif algorithm:
                waiting[algorithm].append(value)
                if len(waiting[algorithm]) == LOADED_AT_ONCE:
                    self._load(prefix, waiting)
        self._load(prefix, waiting)
        self._load_videos(videos, frames)
        for space in self._spaces.values():
            space.index()

    def _load(self, prefix: bytes, waiting: dict[int, list[bytes]]) -> None:
        """Take in what waits of the collection whose keys begin so, by the number of its algorithm."""
        for algorithm, values in waiting.items():
            if values:
                space = self.of(collection_of(prefix).decode(), ALGORITHMS[algorithm])
                assert isinstance(space, NearContents)
                space.load(values)
                values.clear()

    def _load_videos(self, videos: dict[bytes, bytes], frames: Iterable[tuple[bytes, bytes]]) -> None:
        """Frames without a content that has any were written before a kill, or their content has changed since."""
        for key, value in frames:
            content = videos.get(key[1:])
            if content is not None:
                space = self.of(collection_of(key).decode(), FRAMES_HASH)
                assert isinstance(space, VideoContents)
                space.load(Content.unpack(content), value)


def _space(algorithm: str) -> NearContents | VideoContents:
    return VideoContents() if algorithm == FRAMES_HASH else NearContents()
