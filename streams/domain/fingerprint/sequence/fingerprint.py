"""An animation or a TIFF of several pages to its facts, which are those of a video.

As with videos, equal bytes give equal facts: the file alone decides which frames are decoded.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
from PIL import Image

from streams.domain.fingerprint.formats import SEQUENCE_FORMATS, ImageFormat, image_format_of
from streams.domain.fingerprint.image.file_structure import file_structure
from streams.domain.fingerprint.image.fingerprint import (
    DEFAULT_IMAGE_LIMITS,
    ImageLimits,
    compute_content_id,
    fingerprint_image,
)
from streams.domain.fingerprint.image.inner.borders import Pixels
from streams.domain.fingerprint.sequence.animation import animation_frames
from streams.domain.fingerprint.sequence.frames import SequenceFrame
from streams.domain.fingerprint.sequence.pages import TiffPage, page_frames, page_step, tiff_pages
from streams.domain.fingerprint.thumbnails.frames import FrameKeeper
from streams.domain.fingerprint.thumbnails.maker import ThumbnailMaker
from streams.domain.fingerprint.video.decoder import FrameSample
from streams.domain.fingerprint.video.key_frames import key_frame_evidence
from streams.domain.fingerprint.video.limits import DEFAULT_VIDEO_LIMITS, VideoLimits
from streams.domain.fingerprint.video.moments import MomentCollector, frame_entries
from streams.domain.fingerprint.video.posters import choose_poster, choose_thumbnails_s
from streams.domain.fingerprint.video.sampler import SAMPLE_GAP_MS
from streams.domain.hashes.algorithms import FRAMES_HASH
from streams.domain.hashes.frames import pack_frames
from streams.domain.hashes.levels import Level
from streams.domain.records import MediaFacts, VideoFacts
from streams.errors import BadInput, Reason

STILL_LEVELS: Final = 12
"""Frames that differ by no more than this in any pixel of their small pictures look the same: coding noise."""

CODECS: Final[dict[ImageFormat, str]] = {"gif": "gif", "png": "apng", "webp": "webp", "avif": "av1", "tiff": "tiff"}
"""The codec in the facts, by FFmpeg's name, of the formats that can hold more than one picture."""


def _never() -> bool:
    return False


def has_several_pictures(data: bytes) -> bool:
    """Whether a file is an animation or has several pages, by its structure alone. Then `fingerprint_sequence` is due.

    Raises:
        BadInput: as `fingerprint_sequence`, if the structure alone shows it.
    """
    image_format = image_format_of(data)
    if image_format not in SEQUENCE_FORMATS:
        return False
    if image_format == "tiff":
        return len(tiff_pages(data)) > 1
    if image_format == "avif":
        return data.startswith(b"ftypavis", 4)
    return (file_structure(data, image_format).frames or 1) > 1


def fingerprint_sequence(
    data: bytes,
    limits: ImageLimits = DEFAULT_IMAGE_LIMITS,
    video_limits: VideoLimits = DEFAULT_VIDEO_LIMITS,
    *,
    content_id: str | None = None,
    level: Level = "standard",
    extra_hashes: Sequence[str] = (),
    is_expired: Callable[[], bool] = _never,
    clock: Callable[[], float] = time.thread_time,
    thumbnails: ThumbnailMaker | None = None,
) -> MediaFacts:
    """Fingerprint an animation or a TIFF of several pages as a short video, by all that it shows.

    The facts are those of a picture if there is nothing else to see: if only one picture can be decoded, or if all look
    the same.

    Args:
        data: the file, for which `has_several_pictures` is true.
        limits: of a page, and of a picture.
        video_limits: of an animation; of a TIFF the CPU time alone.
        content_id: `compute_content_id(data)`, if the caller has computed it already.
        level: which views of a picture are hashed.
        extra_hashes: further hashes of a picture. Sequences have none, as videos have none.
        is_expired: whether to give up; called before each frame.
        clock: seconds of CPU time that this thread has used, for `video_limits.max_decode_s`.
        thumbnails: sees the sampled frames, or gets the one picture.

    Raises:
        BadInput: not_media, unsupported_format, too_many_pixels, too_long, decode_timeout, truncated_media,
            corrupt_media or out_of_memory; no other error, whatever the bytes.
        BadHash, ConfigurationError: as `fingerprint_image`.
    """
    content_id = content_id or compute_content_id(data)
    image_format = image_format_of(data)
    structure = file_structure(data, image_format)
    began_s = clock()

    def check() -> None:
        if is_expired():
            raise BadInput(Reason.DECODE_TIMEOUT, "decoding took longer than allowed")
        if clock() - began_s > video_limits.max_decode_s:
            raise BadInput(
                Reason.DECODE_TIMEOUT, f"decoding takes more than {video_limits.max_decode_s:g} s of CPU time"
            )

    pages = tiff_pages(data) if image_format == "tiff" else []
    if pages:
        frames = page_frames(data, structure, pages, limits, check)
    else:
        frames = animation_frames(data, image_format, structure, video_limits, check)
    sequence = _Sequence(is_paged=bool(pages), keeper=thumbnails.frames if thumbnails is not None else None)
    for frame in frames:
        sequence.add(frame)
        if not pages and sequence.duration_ms > video_limits.max_duration_s * 1000:
            raise BadInput(Reason.TOO_LONG, f"it lasts longer than {video_limits.max_duration_s:,.0f} s")
    if sequence.is_still and not structure.hides_first:
        return fingerprint_image(
            data, limits, content_id=content_id, level=level, extra_hashes=extra_hashes, thumbnails=thumbnails
        )
    return _media_facts(sequence, data, content_id, image_format, pages)


class _Sequence:
    """Takes the frames of a sequence in order.

    Attributes:
        frames: number of frames so far.
        decoded_frames: number of those that were decoded.
        duration_ms: of all of them.
        size: width and height of the first.
        is_still: all pictures look the same. No page is left out of that.
        collector: has the moments.
    """

    def __init__(self, *, is_paged: bool, keeper: FrameKeeper | None = None) -> None:
        self.frames = self.decoded_frames = 0
        self.duration_ms = 0.0
        self.size = (0, 0)
        self.is_still = True
        self.collector = MomentCollector(SAMPLE_GAP_MS)
        self._is_paged = is_paged
        self._keeper = keeper
        self._first: Pixels | None = None

    def add(self, frame: SequenceFrame) -> None:
        self.size = self.size if self.frames else frame.size
        self.frames += 1
        self.duration_ms = frame.at_ms + frame.shown_ms
        self.decoded_frames += frame.size != (0, 0)
        if frame.grey is None:
            self.is_still = self.is_still and not self._is_paged  # a page that was not seen may be any page
            return
        if self._keeper is not None and frame.colours is not None:
            self._keeper.see(round(frame.at_ms), frame.grey, frame.colours)
        if self._first is None:
            self._first = frame.grey
        grey = _of_shape(frame.grey, self._first)
        self.is_still = self.is_still and _look_the_same(grey, self._first)
        for sample in self._samples(frame, grey):
            self.collector.add(sample)

    def _samples(self, frame: SequenceFrame, grey: Pixels) -> Iterator[FrameSample]:
        """A frame is sampled when it comes, and again before it goes, so that its moment lasts as long.

        A page is sampled once and is a moment of its own, however much it resembles the page before.
        """
        begin_ms, end_ms = round(frame.at_ms), round(self.duration_ms) - SAMPLE_GAP_MS
        yield FrameSample(begin_ms, grey, joined=not self._is_paged)
        if end_ms > begin_ms and not self._is_paged:
            yield FrameSample(end_ms, grey, joined=True)


def _of_shape(grey: Pixels, first: Pixels) -> Pixels:
    """Pages of a TIFF may differ in size; the frames of a video do not."""
    if grey.shape == first.shape:
        return grey
    height, width = first.shape
    return np.asarray(Image.fromarray(grey).resize((width, height), Image.Resampling.BOX))


def _look_the_same(one: Pixels, other: Pixels) -> bool:
    return bool(np.abs(one.astype(np.int16) - other).max() <= STILL_LEVELS)


def _media_facts(
    sequence: _Sequence, data: bytes, content_id: str, image_format: ImageFormat, pages: Sequence[TiffPage]
) -> MediaFacts:
    moments = sequence.collector.finish()
    duration_ms = round(sequence.duration_ms)
    poster = choose_poster(moments, duration_ms)
    return MediaFacts(
        content_id=content_id,
        kind="video",
        format=image_format,
        size_bytes=len(data),
        width=sequence.size[0],
        height=sequence.size[1],
        frames=sequence.frames,
        quality=poster.quality if poster else 0.0,
        hashes={FRAMES_HASH: pack_frames(frame_entries(moments))},
        video=VideoFacts(
            duration_s=duration_ms / 1000,
            codec=CODECS[image_format],
            frame_rate=round(1000 * sequence.frames / duration_ms, 3),
            rotation_degrees=0,
            covers="file",
            path="index" if pages and page_step(pages) > 1 else "everything",
            read_bytes=len(data),
            decoded_frames=sequence.decoded_frames,
            poster_s=poster.from_ms / 1000 if poster else 0.0,
            thumbnails_s=choose_thumbnails_s(moments, duration_ms),
        ),
        evidence=key_frame_evidence(moments, sequence.size),
    )
