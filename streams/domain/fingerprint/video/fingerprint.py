"""A video to its facts: content id, hashes of its frames, size, duration. The other files of this folder do the steps.

Equal bytes give equal facts: the file alone decides which parts are read and decoded. So budgets are counted in bytes
and pixels, not in seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from streams.domain.fingerprint.formats import HEAD_BYTES, video_format_of
from streams.domain.fingerprint.image.fingerprint import compute_content_id
from streams.domain.fingerprint.thumbnails.maker import ThumbnailMaker
from streams.domain.fingerprint.video.container import OpenContainer, ffmpeg_errors_as_bad_input, open_container
from streams.domain.fingerprint.video.ffmpeg_input import FFmpegInput
from streams.domain.fingerprint.video.key_frames import key_frame_evidence
from streams.domain.fingerprint.video.limits import DEFAULT_VIDEO_LIMITS, VideoLimits
from streams.domain.fingerprint.video.moments import Moment, MomentCollector, frame_entries
from streams.domain.fingerprint.video.posters import choose_poster, choose_thumbnails_s
from streams.domain.fingerprint.video.sampler import SAMPLE_GAP_MS, FrameSampler
from streams.domain.fingerprint.video.source import BytesVideoSource, VideoSource
from streams.domain.hashes.algorithms import FRAMES_HASH
from streams.domain.hashes.frames import pack_frames
from streams.domain.records import MediaFacts, VideoFacts
from streams.errors import BadInput, Reason


def _never() -> bool:
    return False


def fingerprint_video(
    source: VideoSource | bytes,
    limits: VideoLimits = DEFAULT_VIDEO_LIMITS,
    *,
    content_id: str | None = None,
    is_expired: Callable[[], bool] = _never,
    clock: Callable[[], float] = time.thread_time,
    thumbnails: ThumbnailMaker | None = None,
) -> MediaFacts:
    """Fingerprint a video by its frames. Blocks on its source; thread-safe, and the heavy parts release the GIL.

    The hashes are those of pictures, of moments spread over the video (see `streams.domain.hashes.frames`). Of a video
    over a minute whose container has an index, less than 40 % of the bytes are asked for.

    Args:
        source: what to read, or the file itself.
        limits: a video beyond them is refused.
        content_id: of the whole file, if the caller has computed it already.
        is_expired: whether to give up; called at each read of the source and before each packet.
        clock: seconds of CPU time that this thread has used, for `limits.max_decode_s`.
        thumbnails: sees the sampled frames.

    Raises:
        BadInput: not_media, unsupported_format, no_video, too_long, too_many_pixels, source_too_large, truncated_media,
            corrupt_media, decode_timeout, out_of_memory.
        Exception: whatever the source raises, unchanged.
    """
    if isinstance(source, bytes):
        content_id = content_id or compute_content_id(source)
        source = BytesVideoSource(source)
    file = FFmpegInput(source, limits, is_expired)
    container_format = _container_format(file)
    began_s = clock()
    with open_container(file, container_format, limits) as video:
        sampler = FrameSampler(
            video,
            container_format,
            limits,
            lambda: clock() - began_s,
            all_bytes_free=content_id is not None and source.cheap_to_read,
            digest=None if content_id else _begin_digest(video),
            keeper=thumbnails.frames if thumbnails is not None else None,
        )
        collector = MomentCollector(SAMPLE_GAP_MS)
        for sample in sampler.samples():
            collector.add(sample)
        return _media_facts(sampler, collector.finish(), container_format, content_id)


def _container_format(file: FFmpegInput) -> str:
    with ffmpeg_errors_as_bad_input(file):
        head = file.peek(HEAD_BYTES)
    if not head:
        raise BadInput(Reason.NOT_MEDIA, "the file is empty")
    container_format = video_format_of(head)
    if container_format is None:
        raise BadInput(Reason.NOT_MEDIA, f"no known video format begins with {head[:8].hex(' ')}")
    return container_format


def _begin_digest(video: OpenContainer) -> Any:
    """The digest of the parts that will be read. It begins with the size and the codec's header of the whole."""
    digest = sha256(f"{video.file.source.size_bytes}:".encode())
    digest.update(video.stream.codec_context.extradata or b"")
    return digest


def _media_facts(
    sampler: FrameSampler, moments: list[Moment], container_format: str, content_id: str | None
) -> MediaFacts:
    video, decoder = sampler.video, sampler.decoder
    width, height = decoder.size
    if not width:
        raise BadInput(Reason.CORRUPT_MEDIA, "no frame of the video can be decoded")
    duration_ms = sampler.duration_ms
    poster = choose_poster(moments, duration_ms)
    size_bytes = video.file.source.size_bytes
    return MediaFacts(
        content_id=content_id or f"sha256-parts:{sampler.digest}",
        kind="video",
        format=container_format,
        size_bytes=video.file.asked_bytes if size_bytes is None else size_bytes,
        width=width,
        height=height,
        frames=max(0, video.stream.frames),
        quality=poster.quality if poster else 0.0,
        hashes={FRAMES_HASH: pack_frames(frame_entries(moments))},
        video=VideoFacts(
            duration_s=duration_ms / 1000,
            codec=video.codec,
            frame_rate=round(float(video.frame_rate), 3),
            rotation_degrees=decoder.rotation_degrees,
            covers="file" if content_id else "parts",
            path=sampler.path,
            read_bytes=video.file.source.read_bytes,
            decoded_frames=decoder.decoded_frames,
            poster_s=poster.from_ms / 1000 if poster else 0.0,
            thumbnails_s=choose_thumbnails_s(moments, duration_ms),
        ),
        evidence=key_frame_evidence(moments, decoder.size),
    )
