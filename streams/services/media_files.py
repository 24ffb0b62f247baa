"""Picture and video files of this machine, read and fingerprinted in this process. Nothing is sent anywhere.

A file is read as a worker reads it, so its facts are those of a scan. Frames to look at: `drawing.video_frames`.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from streams.config.settings import Settings
from streams.domain.fingerprint import ImageLimits, fingerprint_image
from streams.domain.fingerprint.formats import HEAD_BYTES, video_format_of
from streams.domain.match.selection import required_hashes
from streams.domain.policy.policy import Policy
from streams.domain.records import MediaFacts, VideoFacts
from streams.errors import BadInput, Reason
from streams.services.submit.files import media_id_of
from streams.services.text import human_bytes, printable
from streams.services.wording import reason_in_words

if TYPE_CHECKING:
    from streams.sources.video.local_video import LocalVideo

READ_PATH_WORDS = {
    "index": "by its index",
    "keyframes": "all of it, keyframes decoded",
    "everything": "all of it, every frame that others depend on decoded",
}


class MediaFileError(BadInput):
    """A file is neither a picture nor a video, or it breaks a limit. The message names the file."""

    def __init__(self, name: str, cause: BadInput) -> None:
        super().__init__(cause.reason, cause.detail)
        self.name = name

    def __str__(self) -> str:
        return printable(f"{self.name}: {reason_in_words(self.reason)} ({self.detail})")


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture with its bytes and its fingerprint. `name` is its path as text."""

    name: str
    data: bytes = field(repr=False)
    facts: MediaFacts

    def describe(self) -> tuple[str, ...]:
        """Format, size in pixels, size in bytes and quality, for people."""
        return (*_format_and_pixels(self.facts), human_bytes(self.facts.size_bytes), _quality(self.facts))


@dataclass(frozen=True, slots=True)
class VideoFile:
    """A video, an animation, or a TIFF of several pages, with its fingerprint. `name` is its path as text."""

    name: str
    path: Path
    facts: MediaFacts

    @property
    def video(self) -> VideoFacts:
        assert self.facts.video is not None
        return self.facts.video

    def describe(self) -> tuple[str, ...]:
        """Format, size in pixels, rotation, size in bytes, duration, codec, frame rate and quality, for people.

        Of a TIFF, the number of its pages in place of the duration.
        """
        video = self.video
        if self.facts.format == "tiff":
            pages = f"{self.facts.frames:,} pages"
            return (*_format_and_pixels(self.facts), human_bytes(self.facts.size_bytes), pages, _quality(self.facts))
        return (
            *_format_and_pixels(self.facts),
            *((f"turned by {video.rotation_degrees}°",) if video.rotation_degrees else ()),
            human_bytes(self.facts.size_bytes),
            f"{video.duration_s:,.1f} s",
            video.codec,
            f"{video.frame_rate:g} frames/s",
            _quality(self.facts),
        )

    def describe_reading(self) -> str:
        """`by its index: 1.2 of 8.1 MB read, 210 frames decoded`"""
        video, size_bytes = self.video, self.facts.size_bytes
        read = f"{human_bytes(min(video.read_bytes, size_bytes))} of {human_bytes(size_bytes)} read"
        return f"{READ_PATH_WORDS[video.path]}: {read}, {video.decoded_frames:,} frames decoded"


MediaFile = PictureFile | VideoFile


def read_media_file(path: Path, settings: Settings, policy: Policy) -> MediaFile:
    """Reads a picture or a video, and fingerprints it as a worker would under this policy.

    Raises:
        MediaFileError: the file is neither, or it breaks a limit of the settings.
        OSError: the file cannot be read.
    """
    if _is_regular(path):
        with path.open("rb") as file:
            starts_as_video = video_format_of(file.read(HEAD_BYTES)) is not None
        if starts_as_video:
            return read_video(path, settings)
    name = media_id_of(path)
    try:
        data = _read_bytes(path, settings.source.max_bytes)
        facts = _fingerprint_image_file(data, settings, policy)
    except BadInput as error:
        raise MediaFileError(name, error) from error
    return PictureFile(name, data, facts) if facts.kind == "image" else VideoFile(name, path, facts)


def read_picture(path: Path, settings: Settings, policy: Policy) -> PictureFile:
    """Reads the first picture of an image file and fingerprints it. Raises as `read_media_file`."""
    name = media_id_of(path)
    try:
        data = _read_bytes(path, settings.source.max_bytes)
        limits, hashes = _image_limits(settings), required_hashes(policy)
        facts = fingerprint_image(data, limits, level=hashes.level, extra_hashes=hashes.extra_hashes)
    except BadInput as error:
        raise MediaFileError(name, error) from error
    return PictureFile(name, data, facts)


def _fingerprint_image_file(data: bytes, settings: Settings, policy: Policy) -> MediaFacts:
    """The facts of a picture, or of an animation or a TIFF of several pages: those of a video."""
    from streams.domain.fingerprint.sequence.fingerprint import fingerprint_sequence, has_several_pictures
    from streams.stages.fingerprint.limits import video_limits

    limits, hashes = _image_limits(settings), required_hashes(policy)
    if not has_several_pictures(data):
        return fingerprint_image(data, limits, level=hashes.level, extra_hashes=hashes.extra_hashes)
    return fingerprint_sequence(
        data,
        limits,
        video_limits(settings),
        level=hashes.level,
        extra_hashes=hashes.extra_hashes,
        is_expired=_deadline(settings),
    )


def _image_limits(settings: Settings) -> ImageLimits:
    return ImageLimits(max_pixels=settings.limits.max_pixels)


def _deadline(settings: Settings) -> Callable[[], bool]:
    """Whether a decode that begins now has taken too long."""
    ends_at = time.monotonic() + settings.limits.video_decode_timeout_s
    return lambda: time.monotonic() > ends_at


def read_video(path: Path, settings: Settings) -> VideoFile:
    """Reads a file that starts as a video does, and fingerprints it. Raises as `read_media_file`."""
    from streams.domain.fingerprint.video.fingerprint import fingerprint_video
    from streams.sources.media_kind import READ_WHOLE_MAX_BYTES
    from streams.stages.fingerprint.limits import video_limits

    name = media_id_of(path)
    limits, is_expired = video_limits(settings), _deadline(settings)
    try:
        size_bytes = path.stat().st_size
        _check_size(size_bytes, settings.source.max_video_bytes)
        if size_bytes <= READ_WHOLE_MAX_BYTES:
            return VideoFile(name, path, fingerprint_video(path.read_bytes(), limits, is_expired=is_expired))
        with open_parts(path) as parts:
            return VideoFile(name, path, fingerprint_video(parts, limits, is_expired=is_expired))
    except BadInput as error:
        raise MediaFileError(name, error) from error


@contextmanager
def open_parts(path: Path) -> Iterator[LocalVideo]:
    """Opens a video file for a decoder."""
    from streams.sources.video.local_video import LocalVideo

    parts = LocalVideo(os.open(path, os.O_RDONLY), "file", cheap_to_read=False)
    try:
        yield parts
    finally:
        parts.close()


def _is_regular(path: Path) -> bool:
    """Asked before a file is opened: opening a pipe waits for its writer."""
    return stat.S_ISREG(path.stat().st_mode)


def _read_bytes(path: Path, max_bytes: int) -> bytes:
    if not _is_regular(path):
        raise BadInput(Reason.NOT_MEDIA, "it is not a regular file")
    _check_size(path.stat().st_size, max_bytes)
    return path.read_bytes()


def _check_size(size_bytes: int, max_bytes: int) -> None:
    if size_bytes > max_bytes:
        raise BadInput(Reason.SOURCE_TOO_LARGE, f"{size_bytes:,} bytes are more than {max_bytes:,}")


def _format_and_pixels(facts: MediaFacts) -> tuple[str, str]:
    return facts.format, f"{facts.width:,} × {facts.height:,}"


def _quality(facts: MediaFacts) -> str:
    return f"quality {facts.quality:.2f}"
