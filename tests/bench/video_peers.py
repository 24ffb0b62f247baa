"""What people use for videos today: imagehash of every frame, and the method of videohash.

videohash 3.0.1 itself cannot run here: it needs an ffmpeg program, yt-dlp, and a Pillow before 10 (it uses
`Image.ANTIALIAS`). The functions below follow its source: it takes one frame a second, of 144 × 144 pixels without
black borders, makes a collage of them, and combines its wavelet hash with the dominant colours of 64 parts of the film.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, sqrt
from pathlib import Path
from typing import Final, NamedTuple

import av
import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

PHASH_BITS: Final = 8
LEAST_SHARE: Final = 0.8
"""vPDQ takes two videos for the same if this share of the frames of one is among the frames of the other."""

COLLAGE_BITS: Final = 10
"""videohash calls two videos similar if at most 15 % of their 64 bits differ."""

COLLAGE_WIDTH: Final = 1024
FRAME_SIDE: Final = 144
BLACK: Final = 24
CROP_AT_S: Final = (2, 5, 10, 20, 40, 100, 300, 600, 1200, 2400, 7200, 14400)
LANCZOS: Final = Image.Resampling.LANCZOS

Codes = NDArray[np.uint64]


class PeerHashes(NamedTuple):
    """A video as the peers hash it: one hash for every frame, and one for the whole."""

    frames: Codes
    collage: int


def pictures(path: Path, stop_s: float = float("inf")) -> Iterator[tuple[float, Image.Image]]:
    """Every frame that PyAV returns before `stop_s`, decoded by as many threads as FFmpeg chooses."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        first: float | None = None
        for frame in container.decode(stream):
            at_s = frame.time or 0.0
            first = at_s if first is None else first
            if at_s - first >= stop_s:
                return
            yield at_s - first, frame.to_image()  # type: ignore[no-untyped-call]


def phash(picture: Image.Image) -> np.uint64:
    return np.uint64(int.from_bytes(np.packbits(imagehash.phash(picture).hash).tobytes(), "big"))


def every_frame(path: Path, stop_s: float = float("inf")) -> Codes:
    """`imagehash.phash` of every frame."""
    return np.array([phash(picture) for _, picture in pictures(path, stop_s)], np.uint64)


def as_videohash(path: Path, stop_s: float = float("inf")) -> int:
    """The 64 bits of videohash. Decodes everything, as its ffmpeg does."""
    return _collage_hash(list(_one_a_second(pictures(path, stop_s))))


def both_hashes(path: Path) -> PeerHashes:
    """The hashes of both peers, in one pass."""
    codes: list[np.uint64] = []

    def seen() -> Iterator[tuple[float, Image.Image]]:
        for at_s, picture in pictures(path):
            codes.append(phash(picture))
            yield at_s, picture

    seconds = list(_one_a_second(seen()))
    return PeerHashes(np.array(codes, np.uint64), _collage_hash(seconds))


def found_by_share(query: Codes, known: Codes) -> bool:
    """Whether enough frames of either video are among those of the other."""
    in_known, in_query = np.zeros(len(query), np.bool_), np.zeros(len(known), np.bool_)
    for begin in range(0, len(query), 256):
        near = np.bitwise_count(query[begin : begin + 256, None] ^ known) <= PHASH_BITS
        in_known[begin : begin + 256] = near.any(axis=1)
        in_query |= near.any(axis=0)
    return max(float(in_known.mean()), float(in_query.mean())) >= LEAST_SHARE


def found_by_collage(query: int, known: int) -> bool:
    return (query ^ known).bit_count() <= COLLAGE_BITS


def _one_a_second(shown: Iterator[tuple[float, Image.Image]]) -> Iterator[Image.Image]:
    due_s = 0
    for at_s, picture in shown:
        if at_s >= due_s:
            due_s += 1
            yield picture


def _collage_hash(seconds: Sequence[Image.Image]) -> int:
    if not seconds:
        return 0
    box = _box(seconds)
    frames = [each.resize((FRAME_SIDE, FRAME_SIDE), Image.Resampling.BICUBIC, box=box) for each in seconds]
    wavelet = np.asarray(imagehash.whash(_collage(frames)).hash).ravel()
    bits = wavelet ^ np.array(_dominates(frames))
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def _box(seconds: Sequence[Image.Image]) -> tuple[int, int, int, int]:
    """The box inside black borders that most of some frames have (ffmpeg's cropdetect)."""
    found = [_crop(np.asarray(seconds[at].convert("L"))) for at in CROP_AT_S if at < len(seconds)]
    return max(found, key=found.count) if found else (0, 0, *seconds[0].size)


def _crop(grey: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(grey.mean(axis=1) > BLACK), np.flatnonzero(grey.mean(axis=0) > BLACK)
    if not len(rows) or not len(columns):
        return 0, 0, grey.shape[1], grey.shape[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _collage(frames: Sequence[Image.Image]) -> Image.Image:
    across = max(1, round(sqrt(len(frames))))
    side = ceil(COLLAGE_WIDTH / across)
    collage = Image.new("RGB", (COLLAGE_WIDTH, side * ceil(len(frames) / across)))
    for number, frame in enumerate(frames):
        shown = frame.resize((side, side), LANCZOS) if side < FRAME_SIDE else frame
        collage.paste(shown, (number % across * side, number // across * side))
    return collage


def _dominates(frames: Sequence[Image.Image]) -> list[bool]:
    """Whether the expected colour (red, green, blue, none) dominates, for 64 parts of the frames laid in a row."""
    row = Image.new("RGB", (FRAME_SIDE * len(frames), FRAME_SIDE))
    for number, frame in enumerate(frames):
        row.paste(frame, (number * FRAME_SIDE, 0))
    wide, high = row.width / 8, row.height / 8
    parts = [(x * wide, y * high, (x + 1) * wide, (y + 1) * high) for x in range(8) for y in range(8)]
    return [
        _dominant_colour(np.asarray(row.resize((16, 16), LANCZOS, box=part), np.int16)) == number // 16
        for number, part in enumerate(parts)
    ]


def _dominant_colour(pixels: NDArray[np.int16]) -> int:
    """0 to 2 for a colour, 3 if most pixels have none, else -1."""
    flat = pixels.reshape(-1, 3)
    strongest = flat.argmax(axis=1)
    alone = (flat == flat.max(axis=1, keepdims=True)).sum(axis=1) == 1
    counts = [int((alone & (strongest == colour)).sum()) for colour in range(3)]
    if int((~alone).sum()) > max(counts):
        return 3
    margin = len(flat) // 10
    return next(
        (each for each in range(3) if all(counts[each] - margin > c for c in counts[:each] + counts[each + 1 :])), -1
    )
