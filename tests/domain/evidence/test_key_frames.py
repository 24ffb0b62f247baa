"""Key frames survive packing; bytes that are not key frames are refused, whatever they are."""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest

from streams.domain.evidence.evidence import Evidence, Thumbnail, pack_evidence
from streams.domain.evidence.key_frames import MAX_KEY_FRAMES, KeyFrame, pack_key_frames, unpack_key_frames
from streams.domain.evidence.thumbnail import EDGE, THUMBNAIL_BYTES, encode_thumbnail
from streams.domain.hashes.views import FRAMED, FULL
from streams.errors import BadInput


def evidence(seed: int, thumbnails: int = 1) -> Evidence:
    pixels = np.random.default_rng(seed).integers(0, 256, (64, 64), np.uint8)
    packed = encode_thumbnail(pixels)
    inner = [Thumbnail(FRAMED, (0, 20_000, EDGE, 40_000), packed)] * (thumbnails - 1)
    return Evidence(640, 360, (Thumbnail(FULL, (0, 0, EDGE, EDGE), packed), *inner))


def frames(count: int) -> list[KeyFrame]:
    return [KeyFrame(1_000 * number, evidence(number, 1 + number % 2)) for number in range(count)]


def test_key_frames_survive_packing() -> None:
    assert unpack_key_frames(pack_key_frames(frames(MAX_KEY_FRAMES))) == tuple(frames(MAX_KEY_FRAMES))
    assert pack_key_frames([]) == b""
    assert unpack_key_frames(b"") == ()


def test_a_video_takes_little_more_than_its_thumbnails() -> None:
    plain = [KeyFrame(number, evidence(number)) for number in range(MAX_KEY_FRAMES)]
    assert len(pack_key_frames(plain)) <= MAX_KEY_FRAMES * (THUMBNAIL_BYTES + 30)


def test_another_version_and_a_pictures_evidence_are_no_key_frames() -> None:
    assert unpack_key_frames(b"K\x02" + pack_key_frames(frames(2))[2:]) == ()
    assert unpack_key_frames(pack_evidence(evidence(0))) == ()


@pytest.mark.parametrize(
    "packed",
    [
        pack_key_frames(frames(MAX_KEY_FRAMES + 1)),
        pack_key_frames([*frames(1), *frames(1)]),
        pack_key_frames([KeyFrame(0, evidence(0, 4))]),
        b"K\x01" + struct.pack(">IH", 0, 60_000),
        b"K\x01" + struct.pack(">IH", 0, 3) + b"\x01ab",
        pack_key_frames(frames(1))[:-1],
    ],
    ids=["too many", "not in order", "too many thumbnails", "no bytes", "no evidence", "cut off"],
)
def test_bytes_that_are_not_key_frames_are_refused(packed: bytes) -> None:
    with pytest.raises(BadInput, match="evidence"):
        unpack_key_frames(packed)


def test_damaged_key_frames_are_read_or_refused() -> None:
    whole, rng = pack_key_frames(frames(3)), random.Random(1)
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(rng.randrange(1, 4)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        try:
            assert len(unpack_key_frames(bytes(damaged[: rng.randrange(len(damaged) + 1)]))) <= MAX_KEY_FRAMES
        except BadInput:
            continue
