"""Any bytes of a video give facts, or BadInput with a fitting reason, and nothing else."""

from __future__ import annotations

import struct
import wave
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streams.domain.fingerprint.video.ffmpeg_input import BUFFER_BYTES
from streams.domain.fingerprint.video.fingerprint import fingerprint_video
from streams.domain.fingerprint.video.limits import VideoLimits
from streams.domain.fingerprint.video.source import BytesVideoSource
from streams.domain.hashes.frames import unpack_frames
from streams.domain.records import MediaFacts
from streams.errors import BadInput, Reason
from tests.support.films import cached_file, encode, film, slides

SIZE = (64, 48)
FTYP_BYTES = 0x20
LIMITS = VideoLimits(max_pixels=4_000_000, max_duration_s=600, max_decoded_frames=2000, max_index_entries=100_000)

SMALL: dict[str, tuple[str, dict[str, Any]]] = {
    "mp4": (".mp4", {"sound": True}),
    "mp4 fragments": (".mp4", {"container_options": {"movflags": "frag_keyframe+empty_moov"}}),
    "mov hevc": (".mov", {"codec": "hevc"}),
    "mkv": (".mkv", {"codec": "mpeg4"}),
    "webm": (".webm", {"codec": "vp9"}),
    "avi": (".avi", {"codec": "mpeg4"}),
    "flv": (".flv", {"codec": "flv1"}),
    "ts": (".ts", {}),
    "mpg": (".mpg", {"codec": "mpeg2"}),
}


class Far(BytesVideoSource):
    cheap_to_read = False


def small(name: str) -> bytes:
    suffix, coding = SMALL[name]
    return film(6, 2.0, size=SIZE, fps=25, suffix=suffix, gop=10, **coding).read_bytes()


def facts_or_reason(source: bytes | BytesVideoSource, limits: VideoLimits = LIMITS) -> MediaFacts | Reason:
    try:
        facts = fingerprint_video(source, limits)
    except BadInput as refused:
        assert refused.detail
        return refused.reason
    unpack_frames(facts.hashes["frames:1"])
    return facts


@pytest.mark.parametrize(
    "data",
    [b"", b"\0", b"Dear all, this is movie.mp4", b"#EXTM3U\n#EXTINF:1,\nhttp://localhost/a.ts\n", b"GIF89a\1\0\1\0"],
)
def test_bytes_that_are_not_a_video_are_not_media(data: bytes) -> None:
    assert facts_or_reason(data) is Reason.NOT_MEDIA


def test_a_container_of_sound_alone_has_no_video() -> None:
    import av

    target = BytesIO()
    with av.open(target, "w", format="mp4") as container:
        stream: Any = container.add_stream("aac", rate=48_000)
        stream.layout = "mono"
        for number in range(20):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.rate, frame.pts = 48_000, number * 1024
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert facts_or_reason(target.getvalue()) is Reason.NO_VIDEO


def test_sound_without_a_container_is_not_media() -> None:
    target = BytesIO()
    with wave.open(target, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", "not compressed"))
        file.writeframes(bytes(8000))
    assert facts_or_reason(target.getvalue()) is Reason.NOT_MEDIA


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_a_file_cut_short_gives_facts_of_the_rest_or_is_truncated(name: str, share: float) -> None:
    data = small(name)
    for source in (data[: int(share * len(data))], Far(data[: int(share * len(data))])):
        found = facts_or_reason(source)
        if isinstance(found, MediaFacts):
            assert found.video is not None
            assert found.video.decoded_frames > 0
        else:
            assert found in (Reason.TRUNCATED_MEDIA, Reason.CORRUPT_MEDIA, Reason.NO_VIDEO)


def test_an_mp4_that_ends_before_its_index_is_truncated() -> None:
    data = film(6, 2.0, size=SIZE, fps=25, gop=10, faststart=False).read_bytes()
    assert isinstance(facts_or_reason(data), MediaFacts)
    for share in (0.2, 0.5, 0.8):
        assert facts_or_reason(data[: int(share * len(data))]) is Reason.TRUNCATED_MEDIA


@pytest.mark.parametrize("name", SMALL)
def test_a_valid_head_followed_by_zeros_is_refused_or_empty(name: str) -> None:
    data = small(name)
    found = facts_or_reason(data[:1024] + bytes(len(data)))
    assert isinstance(found, MediaFacts) or found in (
        Reason.TRUNCATED_MEDIA,
        Reason.CORRUPT_MEDIA,
        Reason.NO_VIDEO,
        Reason.UNSUPPORTED_FORMAT,
    )


ALLOWED = {
    Reason.NOT_MEDIA,
    Reason.TRUNCATED_MEDIA,
    Reason.CORRUPT_MEDIA,
    Reason.NO_VIDEO,
    Reason.TOO_LONG,
    Reason.TOO_MANY_PIXELS,
    Reason.UNSUPPORTED_FORMAT,
    Reason.OUT_OF_MEMORY,
}


@pytest.mark.parametrize("name", SMALL)
def test_changed_bytes_give_facts_or_a_reason(name: str) -> None:
    """Seeded. Most changes are at both ends, where the structure is."""
    data = small(name)
    rng = np.random.default_rng(len(name))
    for _ in range(30):
        mutant = bytearray(data)
        for _ in range(int(rng.integers(1, 12))):
            end = min(len(mutant), int(rng.choice([200, 1200, len(mutant)])))
            place = int(rng.integers(0, end)) if rng.uniform() < 0.6 else len(mutant) - 1 - int(rng.integers(0, end))
            kind = rng.integers(3)
            if kind == 0:
                mutant[place] = int(rng.integers(256))
            elif kind == 1:
                mutant[place : place + 4] = struct.pack(">I", int(rng.choice([0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 65536])))
            else:
                del mutant[place : place + int(rng.integers(1, 64))]
        source = bytes(mutant) if rng.uniform() < 0.5 else Far(bytes(mutant))
        found = facts_or_reason(source)
        assert isinstance(found, MediaFacts) or found in ALLOWED


@pytest.mark.parametrize("count", [0x0FFFFFFF, 200_000])
def test_an_index_of_missing_frames_is_refused_before_memory_is_allocated(count: int) -> None:
    data = bytearray(small("mp4"))
    place = data.index(b"stsz")
    data[place + 8 : place + 16] = struct.pack(">II", 1, count)
    assert facts_or_reason(bytes(data)) is Reason.TOO_LONG
    fragments = bytearray(small("mp4 fragments"))
    place = fragments.index(b"trun")
    fragments[place + 4 : place + 12] = struct.pack(">II", 0, count)
    assert facts_or_reason(bytes(fragments)) is Reason.TOO_LONG


def test_a_frame_count_is_found_wherever_reads_are_split() -> None:
    data = bytearray(small("mp4"))
    place = data.index(b"stsz")
    data[place + 8 : place + 16] = struct.pack(">II", 1, 0x0FFFFFFF)
    for early in range(0, 24, 3):
        length = BUFFER_BYTES - place - early
        fill = struct.pack(">I4s", length, b"free") + bytes(length - 8)
        assert facts_or_reason(bytes(data[:FTYP_BYTES]) + fill + bytes(data[FTYP_BYTES:])) is Reason.TOO_LONG


def test_too_large_frames_are_refused_by_the_container() -> None:
    found = facts_or_reason(small("mp4"), VideoLimits(max_pixels=SIZE[0] * SIZE[1] - 1))
    assert found is Reason.TOO_MANY_PIXELS


def test_a_long_duration_is_refused() -> None:
    path = cached_file(
        "long.mkv", lambda target: encode(target, slides([(9, 9, 9)], SIZE, 80.0), fps=0.1, codec="mpeg4")
    )
    assert facts_or_reason(path.read_bytes()) is Reason.TOO_LONG


@pytest.mark.parametrize("folder", ["decord", "torchcodec", "hostile", "threatexchange/videos", "augly/video"])
def test_real_and_broken_files_give_facts_or_a_reason(shared_data: Path, folder: str) -> None:
    paths = sorted(path for path in (shared_data / folder).rglob("*") if path.is_file())
    assert paths
    videos = {".mp4", ".mkv", ".mov"}
    for path in paths:
        data = path.read_bytes()
        found = facts_or_reason(data, VideoLimits())
        if path.suffix in videos:
            assert isinstance(found, MediaFacts), path
        else:
            assert found in ALLOWED, path
