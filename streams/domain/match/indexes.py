"""The near contents of one partition: by collection and algorithm, so that only like is ever compared with like."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby, islice
from operator import itemgetter

import numpy as np

from streams.domain.hashes.algorithms import ALGORITHM_CODES, FRAMES_HASH, STORED_ALGORITHMS
from streams.domain.match.images.index import NearContents
from streams.domain.match.videos.index import VideoIndex
from streams.domain.state.content import ALGORITHM_AT, Content, check_layouts, collection_of

LOADED_AT_ONCE = 20_000

OF_VIDEOS = ALGORITHM_CODES[FRAMES_HASH]

Space = tuple[str, str]


class CollectionIndexes:
    """What `decide` looks up near duplicates among; made from the state, and as fast gone as a dict."""

    def __init__(self) -> None:
        self._spaces: dict[Space, NearContents | VideoIndex] = {}

    def __len__(self) -> int:
        """Contents in all spaces."""
        return sum(map(len, self._spaces.values()))

    @property
    def memory_bytes(self) -> int:
        return sum(space.memory_bytes for space in self._spaces.values())

    def of(self, collection: str, algorithm: str) -> NearContents | VideoIndex:
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
        left = iter(contents)
        while piece := list(islice(left, LOADED_AT_ONCE)):
            if collection_of(piece[0][0]) == collection_of(piece[-1][0]):
                self._load(piece, videos)
            else:
                for _, its in groupby(piece, lambda each: collection_of(each[0])):
                    self._load(list(its), videos)
        self._load_videos(videos, frames)
        for space in self._spaces.values():
            space.index()

    def _load(self, piece: Sequence[tuple[bytes, bytes]], videos: dict[bytes, bytes]) -> None:
        """Take in the pictures of one collection; its videos are put there for later."""
        collection = collection_of(piece[0][0]).decode()
        values = list(map(itemgetter(1), piece))
        data = np.frombuffer(b"".join(values), np.uint8)
        ends = np.cumsum(np.fromiter(map(len, values), np.int64, len(values)))
        starts = np.concatenate(([0], ends[:-1]))
        check_layouts(values, data, starts)
        algorithms = data[starts + ALGORITHM_AT]
        for algorithm in np.unique(algorithms[algorithms > 0]).tolist():
            chosen = np.flatnonzero(algorithms == algorithm)
            if algorithm == OF_VIDEOS:
                videos.update((piece[number][0][1:], values[number]) for number in chosen.tolist())
                continue
            space = self.of(collection, STORED_ALGORITHMS[algorithm])
            assert isinstance(space, NearContents)
            space.load(data, starts[chosen])

    def _load_videos(self, videos: dict[bytes, bytes], frames: Iterable[tuple[bytes, bytes]]) -> None:
        """Frames without a content that has any were written before a kill, or their content has changed since."""
        for key, value in frames:
            content = videos.get(key[1:])
            if content is not None:
                space = self.of(collection_of(key).decode(), FRAMES_HASH)
                assert isinstance(space, VideoIndex)
                space.load(Content.unpack(content), value)


def _space(algorithm: str) -> NearContents | VideoIndex:
    return VideoIndex() if algorithm == FRAMES_HASH else NearContents()
