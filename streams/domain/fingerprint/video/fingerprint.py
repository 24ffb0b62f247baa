"""A video to its facts: content id, hashes of its frames, size, duration. The steps live in the files beside it.

Equal bytes give equal facts: what is read and decoded depends on the file and on nothing else, so budgets are counted
in bytes and pixels and not in seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from streams.domain.fingerprint.formats import HEAD_BYTES, video_format_of
from streams.domain.fingerprint.image.fingerprint import compute_content_id
from streams.domain.fingerprint.video.container import OpenContainer, ffmpeg_errors_as_bad_input, open_container
from streams.domain.fingerprint.video.limits import DEFAULT_VIDEO_LIMITS, VideoLimits
from streams.domain.fingerprint.video.moments import Gathering, Moment, pack_moments
from streams.domain.fingerprint.video.sampler import GAP_MS, FrameSampler
from streams.domain.fingerprint.video.source import BytesSource, VideoSource
from streams.domain.fingerprint.video.source_file import FFmpegInput
from streams.domain.hashes.algorithms import FRAMES_HASH
from streams.domain.hashes.frames import pack_frames
from streams.domain.records import MediaFacts, VideoFacts
from streams.errors import BadInput, Reason

THUMBNAILS = 9
POSTER_AFTER = 0.05
"""Share of the duration in which titles and fades stand; a poster is from behind it where there is one."""


def _never() -> bool:
    return False


def fingerprint_video(
    source: VideoSource | bytes,
    limits: VideoLimits = DEFAULT_VIDEO_LIMITS,
    *,
    content: str | None = None,
    deadline: Callable[[], bool] = _never,
    clock: Callable[[], float] = time.thread_time,
) -> MediaFacts:
    """Fingerprint a video by its frames. Blocks on its source; thread-safe, and the heavy parts release the GIL.

    Hashes are those of the image path, of moments spread over the video (see `streams.domain.hashes.frames`). Of a
    video over a minute whose container has an index, less than 40 % of the bytes are asked for.

    Args:
        source: what to read, or the file itself.
        limits: what is refused.
        content: the content id of the whole file, where the caller has computed it already.
        deadline: says whether it is time to give up; asked at each read of the source and before each packet.
        clock: seconds of CPU time that this thread has used, for `limits.max_decode_s`.

    Raises:
        BadInput: not_media, unsupported_format, no_video, too_long, too_many_pixels, source_too_large, truncated_media,
            corrupt_media, decode_timeout, out_of_memory.
        Exception: what the source raises, as it is.
    """
    if isinstance(source, bytes):
        content = content or compute_content_id(source)
        source = BytesSource(source)
    file = FFmpegInput(source, limits, deadline)
    form = _form(file)
    began_s = clock()
    with open_container(file, form, limits) as video:
        whole = content is not None and source.cheap_to_read
        digest = None if content else _digest(video)
        reading = FrameSampler(video, form, limits, lambda: clock() - began_s, whole=whole, digest=digest)
        gathered = Gathering(GAP_MS)
        for sample in reading.samples():
            gathered.add(sample)
        return _facts(reading, gathered.finish(), form, content)


def _form(file: FFmpegInput) -> str:
    with ffmpeg_errors_as_bad_input(file):
        head = file.peek(HEAD_BYTES)
    if not head:
        raise BadInput(Reason.NOT_MEDIA, "there are no bytes")
    form = video_format_of(head)
    if form is None:
        raise BadInput(Reason.NOT_MEDIA, f"no known video format begins {head[:8].hex(' ')}")
    return form


def _digest(video: OpenContainer) -> Any:
    """Of the parts that are read: begun with what they are parts of."""
    begun = sha256(f"{video.file.source.size_bytes}:".encode())
    begun.update(video.stream.codec_context.extradata or b"")
    return begun


def _facts(reading: FrameSampler, moments: list[Moment], form: str, content: str | None) -> MediaFacts:
    video, decoder = reading.video, reading.decoder
    width, height = decoder.size
    if not width:
        raise BadInput(Reason.CORRUPT_MEDIA, "no frame of the video can be decoded")
    duration_ms = reading.duration_ms
    poster = _poster(moments, duration_ms)
    size_bytes = video.file.source.size_bytes
    return MediaFacts(
        content_id=content or f"sha256-parts:{reading.digest}",
        kind="video",
        format=form,
        size_bytes=video.file.asked_bytes if size_bytes is None else size_bytes,
        width=width,
        height=height,
        frames=max(0, video.stream.frames),
        quality=poster.quality if poster else 0.0,
        hashes={FRAMES_HASH: pack_frames(pack_moments(moments))},
        video=VideoFacts(
            duration_s=duration_ms / 1000,
            codec=video.codec,
            frame_rate=round(float(video.frame_rate), 3),
            rotation_degrees=decoder.rotation_degrees,
            covers="file" if content else "parts",
            path=reading.path,
            read_bytes=video.file.source.read_bytes,
            decoded_frames=decoder.frames,
            poster_s=poster.from_ms / 1000 if poster else 0.0,
            thumbnails_s=_thumbnails_s(moments, duration_ms),
        ),
    )


def _poster(moments: list[Moment], duration_ms: int) -> Moment | None:
    """The moment that says most, the first of equals."""
    later = [each for each in moments if each.from_ms >= POSTER_AFTER * duration_ms]
    return max(later or moments, key=lambda each: each.quality, default=None)


def _thumbnails_s(moments: list[Moment], duration_ms: int) -> list[float]:
    """The beginnings of moments, each the nearest to the middle of one of so many equal parts of the video."""
    wanted = [(number + 0.5) * duration_ms / THUMBNAILS for number in range(THUMBNAILS)]
    nearest = {min((each.from_ms for each in moments), key=lambda at: abs(at - middle)) for middle in wanted if moments}
    return [at / 1000 for at in sorted(nearest)]
