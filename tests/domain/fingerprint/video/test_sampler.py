"""How a video is read: within a share of its bytes, and alike from every source."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from streams.domain.fingerprint.video import sampler
from streams.domain.fingerprint.video.fingerprint import fingerprint_video
from streams.domain.fingerprint.video.limits import VideoLimits
from streams.domain.fingerprint.video.source import BytesVideoSource
from streams.domain.hashes.frames import unpack_frames
from streams.domain.hashes.packing import CANONICAL
from streams.domain.hashes.views import FULL
from streams.domain.records import MediaFacts, VideoFacts
from streams.errors import BadInput, Reason
from tests.support.films import film

SIZE = (192, 108)
FPS = 12


class Far(BytesVideoSource):
    """Bytes that cost something; remembers plans and reads."""

    cheap_to_read = False

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.planned: list[tuple[int, int]] = []
        self.reads: list[tuple[int, int]] = []

    def read(self, n: int, /) -> bytes:
        at = self.tell()
        data = super().read(n)
        self.reads.append((at, len(data)))
        return data

    def plan(self, extents: Sequence[tuple[int, int]], /) -> None:
        self.planned = list(extents)
        self.reads.clear()


class Trickling(Far):
    """Returns a few bytes at a time, as sockets do."""

    def read(self, n: int, /) -> bytes:
        return super().read(max(1, min(n, 777)))


class Onwards(Far):
    """Of unknown size, and without seeking."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.size_bytes = None

    def seek(self, offset: int, whence: int = 0, /) -> int:
        raise io.UnsupportedOperation("seek")


class Vanishing(Far):
    """Fails after a number of bytes."""

    def __init__(self, data: bytes, after: int, error: Exception) -> None:
        super().__init__(data)
        self._after = after
        self._error = error

    def read(self, n: int, /) -> bytes:
        if self.read_bytes >= self._after:
            raise self._error
        return super().read(n)


def long_film(suffix: str = ".mp4", **coding: Any) -> bytes:
    """A minute and a quarter, with a keyframe every few seconds."""
    options = {"crf": "18", "b": "0", "qmin": "2", "qmax": "3" if coding.get("codec") == "mpeg4" else "20"}
    path = film(5, 75.0, size=SIZE, fps=FPS, suffix=suffix, **{"gop": 48, "options": options, **coding})
    return path.read_bytes()


def read(source: BytesVideoSource) -> tuple[MediaFacts, VideoFacts]:
    facts = fingerprint_video(source)
    assert facts.video is not None
    return facts, facts.video


INDEXED: list[tuple[str, dict[str, Any]]] = [
    (".mp4", {"sound": True}),
    (".mp4", {"faststart": False}),
    (".mov", {}),
    (".mkv", {"sound": True}),
    (".webm", {"codec": "vp9"}),
    (".avi", {"codec": "mpeg4"}),
]


@pytest.mark.parametrize(("suffix", "coding"), INDEXED)
def test_at_most_two_fifths_are_read_of_a_longer_video_with_an_index(suffix: str, coding: dict[str, Any]) -> None:
    data = long_film(suffix, **coding)
    source = Far(data)
    facts, video = read(source)
    assert video.path == "index"
    assert video.covers == "parts"
    assert facts.content_id.startswith("sha256-parts:")
    assert video.read_bytes == source.read_bytes <= 0.4 * len(data)
    assert video.duration_s == pytest.approx(75, abs=0.3)
    starts = np.unique(unpack_frames(facts.hashes["frames:1"])["from_ms"])
    assert np.histogram(starts, bins=5, range=(0, 75_000))[0].min() >= 1


@pytest.mark.parametrize(("suffix", "coding"), [each for each in INDEXED if each[0] in (".mp4", ".mov")])
def test_all_reads_were_planned(suffix: str, coding: dict[str, Any]) -> None:
    source = Far(long_film(suffix, **coding))
    read(source)
    assert source.planned
    for at, length in source.reads:
        assert any(begin <= at and at + length <= begin + size for begin, size in source.planned)


@pytest.mark.parametrize(("suffix", "coding"), INDEXED)
def test_facts_do_not_depend_on_how_bytes_arrive(suffix: str, coding: dict[str, Any]) -> None:
    data = long_film(suffix, **coding)
    plain, trickled = read(Far(data))[0], read(Trickling(data))[0]
    assert trickled.content_id == plain.content_id
    assert trickled.hashes == plain.hashes


def test_different_videos_have_different_content_ids_of_parts() -> None:
    data = long_film()
    ids = {read(Far(each))[0].content_id for each in (data, long_film(".mov"), long_film(".mkv"), data + b"\0")}
    assert len(ids) == 4


def test_frames_sampled_sparsely_are_frames_of_the_whole() -> None:
    data = long_film()
    sparse, dense = (unpack_frames(facts.hashes["frames:1"]) for facts in (read(Far(data))[0], fingerprint_video(data)))
    of_whole = (dense["view"] == FULL) & (dense["orientation"] & CANONICAL > 0)
    canonical = sparse[(sparse["view"] == FULL) & (sparse["orientation"] & CANONICAL > 0)]
    near = [
        int(np.bitwise_count(dense[of_whole]["hash64"] ^ entry["hash64"])[_about(dense[of_whole], entry)].min())
        for entry in canonical
        if _about(dense[of_whole], entry).any()
    ]
    assert len(near) >= 0.95 * len(canonical)
    assert np.mean(np.array(near) <= 8) >= 0.95


def _about(entries: NDArray[np.void], entry: Any) -> NDArray[np.bool_]:
    late_ms = 300
    at_ms = int(entry["from_ms"])
    return np.logical_and(entries["from_ms"] <= at_ms + late_ms, at_ms <= entries["to_ms"] + late_ms)


@pytest.mark.parametrize(("suffix", "coding"), [(".ts", {}), (".flv", {})])
def test_a_video_without_an_index_is_read_completely_and_decoded_in_part(suffix: str, coding: dict[str, Any]) -> None:
    data = long_film(suffix, **coding)
    facts, video = read(Far(data))
    assert video.path == "keyframes"
    assert video.read_bytes >= len(data)
    starts = np.unique(unpack_frames(facts.hashes["frames:1"])["from_ms"])
    assert np.histogram(starts, bins=5, range=(0, 75_000))[0].min() >= 2


def test_fewer_frames_are_decoded_of_a_video_without_an_index_if_they_are_large(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sampler, "MAX_CHOSEN_PIXELS", 200 * SIZE[0] * SIZE[1])
    facts, video = read(Far(long_film(".ts")))
    assert video.path == "keyframes"
    assert 20 <= video.decoded_frames <= 200
    starts = np.unique(unpack_frames(facts.hashes["frames:1"])["from_ms"])
    assert np.histogram(starts, bins=5, range=(0, 75_000))[0].min() >= 2


def test_a_source_without_seeking_is_read_from_beginning_to_end() -> None:
    facts, video = read(Onwards(long_film(".ts")))
    assert video.path == "keyframes"
    assert facts.size_bytes > 0
    faststart = read(Onwards(long_film()))[1]
    assert faststart.path == "keyframes"


def test_large_frames_are_not_all_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    data = film(5, 20.0, size=SIZE, fps=FPS, gop=24).read_bytes()
    everything = fingerprint_video(data)
    monkeypatch.setattr(sampler, "MAX_WHOLE_PIXELS", 1_000_000)
    monkeypatch.setattr(sampler, "MAX_CHOSEN_PIXELS", 2_000_000)
    facts = fingerprint_video(data)
    assert everything.video is not None
    assert facts.video is not None
    assert facts.video.path == "index"
    assert facts.video.decoded_frames <= 2_000_000 / (SIZE[0] * SIZE[1])
    assert facts.video.decoded_frames < everything.video.decoded_frames
    assert facts.content_id == everything.content_id


class Gone(Exception):
    pass


@pytest.mark.parametrize("error", [BadInput(Reason.SOURCE_UNREACHABLE, "it is gone"), Gone("a fault of the source")])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.25])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_errors_of_the_source_are_raised_unchanged(suffix: str, share: float, error: Exception) -> None:
    data = long_film(suffix)
    with pytest.raises(type(error)) as raised:
        fingerprint_video(Vanishing(data, int(share * len(data)), error))
    assert raised.value is error


def counting_down(calls: int) -> Callable[[], bool]:
    left = iter(range(calls))
    return lambda: next(left, None) is None


@pytest.mark.parametrize("calls", [0, 3, 30])
def test_fingerprinting_ends_when_the_time_is_up(calls: int) -> None:
    with pytest.raises(BadInput) as refused:
        fingerprint_video(long_film(), is_expired=counting_down(calls))
    assert refused.value.reason is Reason.DECODE_TIMEOUT


def test_cpu_time_is_limited_by_the_given_clock() -> None:
    ticking = iter(range(10_000))
    with pytest.raises(BadInput) as refused:
        fingerprint_video(long_film(), VideoLimits(max_decode_s=20), clock=lambda: float(next(ticking)))
    assert refused.value.reason is Reason.DECODE_TIMEOUT


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (VideoLimits(max_pixels=SIZE[0] * SIZE[1] - 1), Reason.TOO_MANY_PIXELS),
        (VideoLimits(max_duration_s=70), Reason.TOO_LONG),
        (VideoLimits(max_decoded_frames=20), Reason.TOO_LONG),
        (VideoLimits(max_index_entries=500), Reason.TOO_LONG),
        (VideoLimits(max_read_bytes=100_000), Reason.SOURCE_TOO_LARGE),
    ],
)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_video_beyond_a_limit_is_refused(limits: VideoLimits, reason: Reason, suffix: str) -> None:
    with pytest.raises(BadInput) as refused:
        fingerprint_video(Far(long_film(suffix)), limits)
    assert refused.value.reason is reason


def test_a_given_content_id_is_kept() -> None:
    facts, video = read(Far(long_film()))
    given = fingerprint_video(Far(long_film()), content_id="sha256:abc")
    assert given.content_id == "sha256:abc"
    assert given.video is not None
    assert given.video.covers == "file"
    assert given.hashes == facts.hashes
    assert video.covers == "parts"


def test_a_file_gives_the_facts_of_its_bytes(tmp_path: Path) -> None:
    """Any object with the methods of a source can be read."""

    class File(BytesVideoSource):
        cheap_to_read = False

        def __init__(self, path: Path) -> None:
            super().__init__(b"")
            self._file = path.open("rb")
            self.size_bytes = path.stat().st_size

    path = tmp_path / "a.mp4"
    path.write_bytes(long_film())
    source = File(path)
    assert read(source)[0] == read(Far(long_film()))[0]
    source._file.close()
