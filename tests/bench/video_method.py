"""Checks the method against the videos and hashes of vPDQ that come with ThreatExchange, if they are present.

Fourteen files are cuts of three films, and there is one more: decisions have to agree with their names. The frames of a
fingerprint also have to be frames that vPDQ hashed: of all frames that vPDQ lists, the one whose PDQ is nearest to the
PDQ of our small grey picture is shown at the time that we report. The distance itself comes mostly from the size of the
picture: a frame scaled to 160 × 160 by other means has the same distance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image
from rich.console import Console

from streams.domain.fingerprint.image import pdq
from streams.domain.fingerprint.video.container import open_container
from streams.domain.fingerprint.video.decoder import SAMPLE_SIDE, FrameSample
from streams.domain.fingerprint.video.ffmpeg_input import FFmpegInput
from streams.domain.fingerprint.video.fingerprint import fingerprint_video
from streams.domain.fingerprint.video.limits import DEFAULT_VIDEO_LIMITS
from streams.domain.fingerprint.video.sampler import FrameSampler
from tests.bench.small_hashes import SHARED_DATA
from tests.bench.video_recall import FoundVideo, KnownVideos
from tests.bench.video_source import file_source
from tests.support.videos import decoded

FOLDER: Final = SHARED_DATA / "threatexchange"


@dataclass(frozen=True, slots=True)
class Frames:
    """Distances of a file's frames to those of vPDQ at the same instants.

    `mean_bits` and `most_bits` are the mean and the largest distance, `scaled_bits` the mean distance of the same
    frames decoded in full and scaled. `off_ms` is the median time between a frame and vPDQ's nearest frame.
    """

    count: int
    mean_bits: float
    most_bits: int
    scaled_bits: float
    off_ms: float


@dataclass(frozen=True, slots=True)
class Method:
    """The decision about each file, in order, and its frames."""

    decisions: dict[str, FoundVideo] = field(default_factory=dict)
    wrong: tuple[str, ...] = ()
    frames: dict[str, Frames] = field(default_factory=dict)


def film_of(path: Path) -> str:
    return path.stem.partition("-")[0]


def run() -> Method | None:
    """None if the files are missing."""
    paths = sorted((FOLDER / "videos").glob("*.mp4"), key=lambda path: ("orig" not in path.stem, path.stem))
    if not paths:
        return None
    known, decisions, wrong = KnownVideos(), dict[str, FoundVideo](), list[str]()
    for path in paths:
        with file_source(path) as source:
            facts = fingerprint_video(source)
        hit = known.add(path.stem, facts)
        first = not any(film_of(Path(each)) == film_of(path) for each in decisions)
        decisions[path.stem] = hit
        if first == bool(hit.known) or (hit.known and film_of(Path(hit.known)) != film_of(path)):
            wrong.append(path.stem)
    frames = dict(_frames(paths)) if find_spec("pdqhash") else {}
    return Method(decisions, tuple(wrong), frames)


def _frames(paths: list[Path]) -> Iterator[tuple[str, Frames]]:
    for path in paths:
        expected_file = FOLDER / "vpdq-expected" / f"{path.stem}.txt"
        if expected_file.exists():
            yield path.stem, _frames_of(path, list(_expected(expected_file)))


def _frames_of(path: Path, expected: list[tuple[float, int, int]]) -> Frames:
    times = np.array([at_ms for at_ms, _, _ in expected])
    bits, scaled_bits, off_ms = [], [], []
    plainly = {round(at_s * 1000): picture for at_s, picture in decoded(path, (SAMPLE_SIDE, SAMPLE_SIDE))}
    for sample in samples(path):
        at_ms, quality, code = expected[int(np.abs(times - sample.at_ms).argmin())]
        if abs(at_ms - sample.at_ms) > 2 or quality < pdq.RELIABLE_QUALITY:
            continue
        ours = _code(Image.fromarray(sample.grey))
        bits.append((ours ^ code).bit_count())
        scaled_bits.append((_code(plainly[sample.at_ms]) ^ code).bit_count())
        off_ms.append(abs(times[int(np.argmin([(ours ^ other).bit_count() for _, _, other in expected]))] - at_ms))
    return Frames(len(bits), float(np.mean(bits)), max(bits), float(np.mean(scaled_bits)), float(np.median(off_ms)))


def _code(picture: Image.Image) -> int:
    return int(pdq.pdq_hash(picture).hex, 16)


def _expected(path: Path) -> Iterator[tuple[float, int, int]]:
    """The time in ms, the quality and the hash of each frame."""
    for line in path.read_text().splitlines():
        _, quality, code, at_s = line.split(",")
        yield float(at_s) * 1000, int(quality), int(code, 16)


def samples(path: Path) -> Iterator[FrameSample]:
    """The frames that make up a fingerprint."""
    with file_source(path) as source:
        file = FFmpegInput(source, DEFAULT_VIDEO_LIMITS, lambda: False)
        with open_container(file, "mp4", DEFAULT_VIDEO_LIMITS) as video:
            yield from FrameSampler(
                video, "mp4", DEFAULT_VIDEO_LIMITS, lambda: 0.0, all_bytes_free=False, digest=None
            ).samples()


def show(found: Method, console: Console) -> None:
    for name, hit in found.decisions.items():
        said = f"{hit.relation} of {hit.known}" if hit.known else "new"
        console.print(f"{name}: {said}", style="red" if name in found.wrong else "", markup=False)
    for name, each in found.frames.items():
        console.print(
            f"{name}: PDQ of {each.count} frames {each.mean_bits:.1f} bits from vPDQ's on average, {each.most_bits} at "
            f"most, {each.scaled_bits:.1f} if decoded in full and scaled; nearest in time {each.off_ms:.0f} ms away"
        )
