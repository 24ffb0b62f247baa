"""Any bytes of an animation or a TIFF give facts, or BadInput with a fitting reason, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.domain.fingerprint.formats import SEQUENCE_FORMATS, image_format_of
from streams.domain.fingerprint.image.fingerprint import ImageLimits, fingerprint_image
from streams.domain.fingerprint.sequence.fingerprint import fingerprint_sequence, has_several_pictures
from streams.domain.fingerprint.video.limits import VideoLimits
from streams.domain.hashes.frames import MAX_MOMENTS, unpack_frames
from streams.domain.records import MediaFacts
from streams.errors import BadInput, Reason
from tests.support import animations
from tests.support.animations import COLOURS, Part, animated, apng, bare_tiff, gif
from tests.support.media import noise

# Pillow warns of odd files. Whether a process turns warnings into errors must not matter here.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

SIZE = (24, 20)
PICTURES = [noise(SIZE, seed) for seed in range(4)]
VALID = {
    "gif": animated(PICTURES),
    "apng": animated(PICTURES, "PNG"),
    "apng default": animated(PICTURES, "PNG", default_image=True),
    "webp": animated(PICTURES, "WEBP"),
    "avif": animated(PICTURES, "AVIF"),
    "tiff": animations.pages(PICTURES),
    "tiff lzw": animations.pages(PICTURES, compression="tiff_lzw"),
    "bare tiff": bare_tiff(5, (16, 16)),
}
PALETTE = np.random.default_rng(0).integers(0, 256, (COLOURS, 3), dtype=np.uint8)
IMAGE_LIMITS = ImageLimits(max_pixels=4_000_000)
VIDEO_LIMITS = VideoLimits(max_pixels=4_000_000)


def facts_or_reason(data: bytes) -> MediaFacts | Reason:
    try:
        several = has_several_pictures(data)
        facts = (
            fingerprint_sequence(data, IMAGE_LIMITS, VIDEO_LIMITS) if several else fingerprint_image(data, IMAGE_LIMITS)
        )
    except BadInput as refused:
        assert refused.detail
        return refused.reason
    if facts.kind == "video":
        assert len(np.unique(unpack_frames(facts.hashes["frames:1"])["from_ms"])) <= MAX_MOMENTS
    return facts


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("name", VALID)
@given(data=st.data())
def test_mutated_bytes_give_facts_or_a_reason(name: str, data: st.DataObject) -> None:
    changed = bytearray(VALID[name])
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(changed) - 1))
        match data.draw(st.sampled_from(["byte", "cut", "insert", "repeat", "header"])):
            case "byte":
                changed[at] = data.draw(st.integers(0, 255))
            case "cut":
                del changed[at : at + data.draw(st.integers(1, 64))]
            case "insert":
                changed[at:at] = data.draw(st.binary(min_size=1, max_size=32))
            case "repeat":
                changed[at:at] = changed[at : at + 200]
            case _:
                changed[min(at, 60) % len(changed)] = data.draw(st.sampled_from([0, 1, 127, 128, 255]))
        if not changed:
            changed = bytearray(b"\0")
    facts_or_reason(bytes(changed))


@pytest.mark.parametrize("name", VALID)
@pytest.mark.parametrize("share", [0.1, 0.4, 0.7, 0.95])
def test_a_file_cut_short_gives_facts_of_the_rest_or_a_reason(name: str, share: float) -> None:
    found = facts_or_reason(VALID[name][: int(share * len(VALID[name]))])
    if not isinstance(found, MediaFacts):
        assert found in (Reason.TRUNCATED_MEDIA, Reason.CORRUPT_MEDIA, Reason.NOT_MEDIA)


def test_collected_hostile_files_give_facts_or_a_reason(shared_data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    seen = 0
    for path in sorted(each for each in (shared_data / "hostile").rglob("*") if each.is_file()):
        data = path.read_bytes()
        try:
            is_candidate = image_format_of(data) in SEQUENCE_FORMATS
        except BadInput:
            continue
        if is_candidate:
            facts_or_reason(data)
            seen += 1
            try:
                fingerprint_sequence(data, IMAGE_LIMITS, VIDEO_LIMITS)
            except BadInput as refused:
                assert refused.detail
    assert seen > 40
    capfd.readouterr()  # libtiff writes to stderr by itself


def bombs() -> Iterator[tuple[str, bytes, Reason]]:
    dot = Part(np.ones((1, 1), np.uint8), 5, 5, delay=4)
    whole = Part(np.ones((9, 9), np.uint8), delay=4)
    yield "frames of a GIF", gif([dot], PALETTE, (100, 100), first=whole, repeats=100_000), Reason.TOO_LONG
    yield "pixels of a GIF", gif([dot], PALETTE, (2_000, 2_000), first=whole, repeats=700), Reason.TOO_LONG
    yield "canvas of a GIF", gif([dot], PALETTE, (65_535, 65_535), first=whole, repeats=2), Reason.TOO_MANY_PIXELS
    spot = Part(np.ones((1, 1, 4), np.uint8), 5, 5)
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 4), dtype=np.uint8)
    yield "frames of a PNG", apng([Part(pixels)] + [spot] * 25_000, (40, 40)), Reason.TOO_LONG
    yield "canvas of a PNG", apng([Part(pixels)] + [spot] * 5, (40_000, 40_000)), Reason.TOO_MANY_PIXELS
    yield "pages of a TIFF", bare_tiff(10_001, (8, 8)), Reason.TOO_LONG
    yield "canvas of a TIFF", bare_tiff_of_size(20_000), Reason.TOO_MANY_PIXELS


def bare_tiff_of_size(side: int) -> bytes:
    """Pages that claim to be large."""
    data = bytearray(bare_tiff(3, (16, 16)))
    for tag in (256, 257):
        entry = tag.to_bytes(2, "little") + (4).to_bytes(2, "little") + (1).to_bytes(4, "little")
        data = data.replace(entry + (16).to_bytes(4, "little"), entry + side.to_bytes(4, "little"))
    return bytes(data)


@pytest.mark.parametrize(("data", "reason"), [pytest.param(data, reason, id=name) for name, data, reason in bombs()])
def test_bombs_are_refused(data: bytes, reason: Reason) -> None:
    found = facts_or_reason(data)
    assert found is reason


def test_an_animation_within_the_limits_has_as_many_moments_as_a_video() -> None:
    pictures = [noise((16, 12), seed) for seed in range(900)]
    facts = facts_or_reason(animated(pictures, "WEBP", duration=200, method=0))
    assert isinstance(facts, MediaFacts)
    assert facts.video is not None
    assert facts.frames == facts.video.decoded_frames == 900
    assert len(np.unique(unpack_frames(facts.hashes["frames:1"])["from_ms"])) == MAX_MOMENTS


def test_durations_of_frames_cannot_fill_the_memory() -> None:
    data = gif([Part(np.full((9, 9), index, np.uint8), delay=65_535) for index in range(20)], PALETTE, (9, 9))
    facts = facts_or_reason(data)
    assert isinstance(facts, MediaFacts)
    assert facts.video is not None
    assert facts.video.duration_s == 20 * 60.0
