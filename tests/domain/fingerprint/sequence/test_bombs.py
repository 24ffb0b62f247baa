"""Small files of very many frames or pages cost a bounded amount of memory, and end."""

from __future__ import annotations

import multiprocessing
import resource
import struct
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from streams.domain.fingerprint.image.fingerprint import fingerprint_image
from streams.domain.fingerprint.sequence.fingerprint import fingerprint_sequence, has_several_pictures
from streams.errors import BadInput
from tests.support.animations import COLOURS, Part, animated, apng, bare_tiff, gif
from tests.support.media import noise

MAX_GROWTH_MIB = 160
"""Beside the file itself. A decoded picture of these files takes less than 1 MiB."""

FRAMES = 100_000


def gif_of_many_frames() -> bytes:
    palette = np.random.default_rng(0).integers(0, 256, (COLOURS, 3), dtype=np.uint8)
    dot, whole = Part(np.ones((1, 1), np.uint8), 5, 5, delay=4), Part(np.ones((9, 9), np.uint8), delay=4)
    return gif([dot], palette, (100, 100), first=whole, repeats=FRAMES)


def png_of_many_frames() -> bytes:
    spot = Part(np.ones((1, 1, 4), np.uint8), 5, 5)
    return apng([Part(np.ones((40, 40, 4), np.uint8))] + [spot] * FRAMES, (40, 40))


def webp_of_many_frames() -> bytes:
    data = animated([noise((24, 20), seed) for seed in range(2)], "WEBP")
    at = data.index(b"ANMF")
    length = int.from_bytes(data[at + 4 : at + 8], "little")
    frame = data[at : at + 8 + length + length % 2]
    data += frame * FRAMES
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


def tiff_of_many_pages() -> bytes:
    return bare_tiff(10_000)


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "gif": (gif_of_many_frames, "too_long"),
    "png": (png_of_many_frames, "corrupt_media"),
    "webp": (webp_of_many_frames, "corrupt_media"),
    "tiff": (tiff_of_many_pages, "10000 frames"),
}


def outcome_and_growth(name: str) -> tuple[str, float]:
    """What becomes of a bomb, and how many MiB this process grew at its peak."""
    fingerprint_image(animated([noise((64, 48))] * 2, "PNG"))  # what the first picture loads
    data = BOMBS[name][0]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        outcome = f"{fingerprint_sequence(data).frames} frames" if has_several_pictures(data) else "one picture"
    except BadInput as refused:
        outcome = refused.reason.value
    return outcome, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_in_little_memory(name: str) -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        outcome, growth_mib = pool.submit(outcome_and_growth, name).result()
    assert outcome == BOMBS[name][1]
    assert growth_mib < MAX_GROWTH_MIB
