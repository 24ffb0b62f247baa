"""The CPU time of deciding about a video while many are known: `python -m tests.bench.video_matching`.

Hashes are random, so that two videos have a frame in common only if one is cut from the other. A share of the known
videos begins with the same intro. CPU time is that of the process, for decisions alone: no Kafka, no RocksDB.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

import numpy as np
import orjson
from numpy.typing import NDArray

from streams.domain.hashes.algorithms import FRAMES_HASH
from streams.domain.hashes.frames import FRAME_ENTRY, pack_frames
from streams.domain.hashes.packing import CANONICAL
from streams.domain.hashes.views import VIEW_CODES
from streams.domain.match.batch import MatchInput
from streams.domain.policy.policy import DEFAULT_POLICY
from streams.domain.records import Fingerprint, MediaFacts, Origin, VideoFacts
from streams.domain.state.content import FOR_EVER_MS, Content
from streams.domain.state.frames import pack_stored_frames
from streams.domain.state.keys import content_key, frames_key
from tests.support.partition import Partition

COLLECTION = "films"
APART_MS = 600
INTRO_MOMENTS = 8
STORED_VIEWS = 2
MIDDLE_DIFFERS = 0x9E3779B97F4A7C15
"""What the bits of a middle differ by from those of the whole frame."""


class Archive:
    """Videos by number, each with `moments` moments. The share `intros` begins with the intro."""

    def __init__(self, moments: int, intros: float) -> None:
        self.moments = moments
        self._intros = intros
        self._intro = self._random_frames(np.random.default_rng(0), INTRO_MOMENTS)

    def _random_frames(self, random: np.random.Generator, moments: int) -> NDArray[np.void]:
        frames = np.zeros(moments, FRAME_ENTRY)
        frames["hash64"] = random.integers(0, 2**64, moments, np.uint64)
        frames["hash256"] = random.integers(0, 2**64, (moments, 4), np.uint64)
        frames["orientation"], frames["quality"] = CANONICAL, 200
        return frames

    def frames(self, number: int) -> NDArray[np.void]:
        """The whole view and the middle of each moment, in their canonical orientations."""
        random = np.random.default_rng(number + 1)
        frames = self._random_frames(random, self.moments)
        if random.random() < self._intros:
            frames[:INTRO_MOMENTS] = self._intro
        frames["from_ms"] = np.arange(self.moments) * APART_MS
        frames["to_ms"] = frames["from_ms"] + APART_MS // 2
        frames = np.repeat(frames, STORED_VIEWS)
        frames["view"][1::STORED_VIEWS] = VIEW_CODES["centre_60"]
        for column in ("hash64", "hash256"):
            frames[column][1::STORED_VIEWS] ^= np.uint64(MIDDLE_DIFFERS)
        return frames

    def stored(self, number: int) -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
        """The content and the frames of a video, as the state stores them."""
        own, medium = content_id(number), f"films/{number:09d}.mp4"
        content = Content(own, medium, medium, own, medium, number, FOR_EVER_MS, bytes(16), FRAMES_HASH)
        frames = pack_stored_frames(self.moments * APART_MS, self.frames(number).tobytes())
        return (content_key(COLLECTION, own), content.pack()), (frames_key(COLLECTION, own), frames)

    def submission(self, number: int, name: str, *, part: slice = slice(None), noise_bits: int = 2) -> bytes:
        """A part of a video, encoded again: for each moment the views that are stored, an alternate, and the others."""
        random = np.random.default_rng([number, len(name)])
        rows = slice(*(at and at * STORED_VIEWS for at in (part.start, part.stop)))
        whole = self.frames(number)[rows]
        whole["from_ms"] -= whole["from_ms"][0]
        whole["to_ms"] = whole["from_ms"] + APART_MS // 2
        duration_ms = int(whole["from_ms"][-1]) + APART_MS
        for _ in range(noise_bits):
            whole["hash64"] ^= np.uint64(1) << random.integers(0, 64, len(whole), np.uint64)
            whole["hash256"] ^= np.uint64(1) << random.integers(0, 64, (len(whole), 4), np.uint64)
        others = [(0, 1), *((VIEW_CODES[name], CANONICAL) for name in ("top_85", "bottom_85", "centre_70"))]
        moments = len(whole) // STORED_VIEWS
        entries = np.repeat(whole.reshape(moments, STORED_VIEWS), (1, 1 + len(others)), axis=1)
        for place, (view, orientation) in enumerate(others, STORED_VIEWS):
            random_frames = self._random_frames(random, moments)
            for column in ("hash64", "hash256"):
                entries[column][:, place] = random_frames[column]
            entries["view"][:, place], entries["orientation"][:, place] = view, orientation
        entries = entries.reshape(-1)
        facts = MediaFacts(
            content_id=f"sha256:{sha256(name.encode()).hexdigest()}",
            kind="video",
            format="mp4",
            size_bytes=9_000_000,
            width=1280,
            height=720,
            frames=duration_ms // 40,
            quality=0.9,
            hashes={FRAMES_HASH: pack_frames(entries)},
            video=VideoFacts(duration_ms / 1000, "h264", 25.0, 0, "file", "index", 3_000_000, 100, 0.0, [0.0]),
        )
        record = Fingerprint(
            name, 0, name, COLLECTION, "video", "2026-01-31T09:30:00.125Z", "2026-01-31T09:30:00.250Z",
            Origin("media.submissions", 0, 0), facts, None, policy=DEFAULT_POLICY,
        )  # fmt: skip
        return record.to_json()


def content_id(number: int) -> str:
    return f"sha256:{sha256(b'%d' % number).hexdigest()}"


def decide(partition: Partition, records: Sequence[bytes]) -> tuple[float, Counter[str]]:
    """CPU seconds, and how many decisions have each relation or outcome."""
    started = time.process_time()
    answers = partition.decide([MatchInput.of(Fingerprint.from_json(record), FOR_EVER_MS) for record in records])
    spent = time.process_time() - started
    found = [orjson.loads(answer.value) for answer in answers]
    return spent, Counter((each["match"] or {}).get("relation") or each["outcome"] for each in found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=10_000)
    parser.add_argument("--moments", type=int, default=100)
    parser.add_argument("--intros", type=float, default=0.1, help="share of the videos that begin with the same intro")
    parser.add_argument("--asked", type=int, default=50)
    given = parser.parse_args()
    archive = Archive(given.moments, given.intros)
    state = [entry for number in range(given.videos) for entry in archive.stored(number)]
    started = time.process_time()
    partition = Partition(state)
    rebuilt_s, memory_mb = time.process_time() - started, partition.indexes.memory_bytes / 2**20
    print(
        f"{given.videos:,} videos of {given.moments} moments: rebuilt in {rebuilt_s:.1f} s of CPU, {memory_mb:.0f} MB"
    )
    third = slice(given.moments // 3, 2 * given.moments // 3)
    step = max(1, given.videos // given.asked)
    numbers = range(0, given.videos, step)
    workloads = {
        "warm": [
            archive.submission(number, f"warm {number}") for number in (-1 % given.videos, given.videos + 900_000)
        ],
        "new videos": [archive.submission(given.videos + n, f"new {n}") for n in range(given.asked)],
        "copies, encoded again": [archive.submission(number, f"copy {number}", noise_bits=3) for number in numbers],
        "clips of a third": [archive.submission(number, f"clip {number}", part=third) for number in numbers],
    }
    workloads["the same bytes again"] = workloads["new videos"]
    for name, records in workloads.items():
        renamed = [
            orjson.dumps(orjson.loads(record) | {"submission_id": f"{name} {n}"}) for n, record in enumerate(records)
        ]
        spent, outcomes = decide(partition, renamed)
        print(f"{name:24} {1000 * spent / len(records):8.2f} ms of CPU a video  {dict(outcomes)}")


if __name__ == "__main__":
    main()
