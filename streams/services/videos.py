"""Video files of this machine, read and fingerprinted here and now; nothing is sent anywhere.

They are read as a worker reads a file, so that the facts are those of a scan. Frames to look at: video_frames.py.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streams.cli.terminal import human_bytes, shown
from streams.config.settings import Settings
from streams.domain.fingerprint.formats import HEAD_BYTES, video_format_of
from streams.domain.policy.policy import Policy
from streams.domain.records import MediaFacts, VideoFacts
from streams.errors import BadInput, Reason
from streams.services.files import media_id_of
from streams.services.pictures import PictureFile, read_picture
from streams.services.wording import reason_in_words

if TYPE_CHECKING:
    from streams.sources.video.file_parts import LocalVideo

#: An argument that names a picture or video file; which, is found out by reading it.
MEDIA_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

PATHS = {
    "index": "by its index",
    "keyframes": "all of it, keyframes decoded",
    "everything": "all of it, every frame that others are made of decoded",
}


@dataclass(frozen=True, slots=True)
class VideoFile:
    """A file and what is in it; `name` is its path as text."""

    name: str
    path: Path
    facts: MediaFacts

    @property
    def video(self) -> VideoFacts:
        assert self.facts.video is not None
        return self.facts.video


def read_media_file(path: Path, settings: Settings, policy: Policy) -> PictureFile | VideoFile:
    """A file, fingerprinted as a worker would under this policy.

    Raises:
        click.ClickException: it is neither picture nor video, or breaks the limits of the settings; exit code 1.
        OSError: it cannot be read.
    """
    if not stat.S_ISREG(path.stat().st_mode):  # asked first: a pipe would be waited for
        return read_picture(path, settings, policy)
    with path.open("rb") as file:
        begins_as_video = video_format_of(file.read(HEAD_BYTES)) is not None
    return read_video(path, settings) if begins_as_video else read_picture(path, settings, policy)


def read_video(path: Path, settings: Settings) -> VideoFile:
    """As `read_media_file`, of what begins as videos do."""
    from streams.domain.fingerprint.video.fingerprint import fingerprint_video
    from streams.sources.media_kind import READ_WHOLE_MAX_BYTES
    from streams.stages.fingerprint.fingerprinter import video_limits

    name = media_id_of(path)
    limits, begun_at = video_limits(settings), time.monotonic()

    def expired() -> bool:
        return time.monotonic() - begun_at > settings.limits.video_decode_timeout_s

    try:
        size_bytes = path.stat().st_size
        if size_bytes > settings.source.max_video_bytes:
            raise BadInput(
                Reason.SOURCE_TOO_LARGE, f"{size_bytes:,} bytes are more than {settings.source.max_video_bytes:,}"
            )
        if size_bytes <= READ_WHOLE_MAX_BYTES:
            return VideoFile(name, path, fingerprint_video(path.read_bytes(), limits, is_expired=expired))
        with opened_file(path) as source:
            return VideoFile(name, path, fingerprint_video(source, limits, is_expired=expired))
    except BadInput as error:
        why = f"{reason_in_words(error.reason)} ({error.detail})"
        raise click.ClickException(shown(f"{name}: {why}")) from error


def described(video: VideoFile) -> tuple[str, ...]:
    """Format, size in pixels and bytes, duration, codec, frame rate and quality, each for people."""
    facts, about = video.facts, video.video
    turned = (f"turned by {about.rotation_degrees}°",) if about.rotation_degrees else ()
    return (
        facts.format,
        f"{facts.width:,} × {facts.height:,}",
        *turned,
        human_bytes(facts.size_bytes),
        f"{about.duration_s:,.1f} s",
        about.codec,
        f"{about.frame_rate:g} frames/s",
        f"quality {facts.quality:.2f}",
    )


def how_read(video: VideoFile) -> str:
    """`by its index: 1.2 of 8.1 MB read, 210 frames decoded`"""
    about = video.video
    read, size = human_bytes(min(about.read_bytes, video.facts.size_bytes)), human_bytes(video.facts.size_bytes)
    return f"{PATHS[about.path]}: {read} of {size} read, {about.decoded_frames:,} frames decoded"


@contextmanager
def opened_file(path: Path) -> Iterator[LocalVideo]:
    """The file as decoders read it."""
    from streams.sources.video.file_parts import LocalVideo

    source = LocalVideo(os.open(path, os.O_RDONLY), "file", cheap_to_read=False)
    try:
        yield source
    finally:
        source.end()
