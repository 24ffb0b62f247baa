"""The indexes of one partition, one for each collection and algorithm: only comparable hashes are compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby, islice
from operator import itemgetter
from typing import Final

import numpy as np

from streams.domain.hashes.algorithms import ALGORITHM_NUMBERS, FRAMES_HASH, STORED_ALGORITHMS
from streams.domain.match.images.index import ImageIndex
from streams.domain.match.videos.index import VideoIndex
from streams.domain.moderation.collections import ModeratedCollections
from streams.domain.state.content import ALGORITHM_AT, Content, check_layouts
from streams.domain.state.keys import collection_of

CONTENTS_PER_CHUNK = 20_000
VIDEO_ALGORITHM = ALGORITHM_NUMBERS[FRAMES_HASH]

KeyValue = tuple[bytes, bytes]


class CollectionIndexes:
    """The indexes that `decide` looks near duplicates up in, and which collections are moderated.

    They are built from the state, and dropped at no cost.
    """

    def __init__(self) -> None:
        self._indexes: dict[tuple[str, str], ImageIndex | VideoIndex] = {}
        self.moderated: Final = ModeratedCollections()

    def __len__(self) -> int:
        """Contents in all indexes."""
        return sum(map(len, self._indexes.values()))

    @property
    def memory_bytes(self) -> int:
        return sum(index.memory_bytes for index in self._indexes.values())

    def of(self, collection: str, algorithm: str) -> ImageIndex | VideoIndex:
        """The index of a collection's contents that this algorithm hashed; empty if there was none."""
        index = self._indexes.get((collection, algorithm))
        if index is None:
            index = self._indexes[collection, algorithm] = VideoIndex() if algorithm == FRAMES_HASH else ImageIndex()
        return index

    def load(self, contents: Iterable[KeyValue], frames: Iterable[KeyValue] = ()) -> None:
        """Load all contents of a state and all frames of its videos, as keys and values in the order of their keys.

        Raises:
            StateError: a content or frames have a layout that this version does not read.
        """
        videos: dict[bytes, bytes] = {}
        remaining = iter(contents)
        while chunk := list(islice(remaining, CONTENTS_PER_CHUNK)):
            if collection_of(chunk[0][0]) == collection_of(chunk[-1][0]):
                self._load_chunk(chunk, videos)
            else:
                for _, of_collection in groupby(chunk, lambda entry: collection_of(entry[0])):
                    self._load_chunk(list(of_collection), videos)
        self._load_videos(videos, frames)
        for index in self._indexes.values():
            index.index()

    def _load_chunk(self, chunk: Sequence[KeyValue], videos: dict[bytes, bytes]) -> None:
        """Load the pictures of one collection; put its videos into `videos` until their frames are read."""
        collection = collection_of(chunk[0][0]).decode()
        values = list(map(itemgetter(1), chunk))
        data = np.frombuffer(b"".join(values), np.uint8)
        ends = np.cumsum(np.fromiter(map(len, values), np.int64, len(values)))
        starts = np.concatenate(([0], ends[:-1]))
        check_layouts(values, data, starts)
        algorithms = data[starts + ALGORITHM_AT]
        for algorithm in np.unique(algorithms[algorithms > 0]).tolist():
            positions = np.flatnonzero(algorithms == algorithm)
            if algorithm == VIDEO_ALGORITHM:
                videos.update((chunk[at][0][1:], values[at]) for at in positions.tolist())
                continue
            index = self.of(collection, STORED_ALGORITHMS[algorithm])
            assert isinstance(index, ImageIndex)
            index.load(data, starts[positions])

    def _load_videos(self, videos: dict[bytes, bytes], frames: Iterable[KeyValue]) -> None:
        """Skip frames whose content is not a video with frames: see state/frames.py."""
        for key, value in frames:
            content = videos.get(key[1:])
            if content is not None:
                index = self.of(collection_of(key).decode(), FRAMES_HASH)
                assert isinstance(index, VideoIndex)
                index.load(Content.unpack(content), value)
