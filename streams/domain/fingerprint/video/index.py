"""Reads a container's index through PyAV: where the frames are, as a plan.FrameIndex.

MP4, MOV and AVI list every frame with its offset and size. Matroska lists keyframes with the offset of their cluster;
the rest is estimated from the distances between keyframes and from a few keyframes that are read.
"""

from __future__ import annotations

from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.fingerprint.video.container import OpenContainer, ffmpeg_errors_as_bad_input, packets, seek_keyframe
from streams.domain.fingerprint.video.limits import VideoLimits
from streams.domain.fingerprint.video.plan import FrameIndex, sampling_instants
from streams.errors import BadInput, Reason

MIN_COVERED_SHARE: Final = 0.9
"""Share of the duration that an index must cover. The index of a fragmented file ends with the first fragment."""

CHUNK_HEADER_BYTES: Final = 8
"""Before each frame of an AVI, whose index gives the offset of the header."""

MIN_CUES: Final = 3
PROBED_KEYFRAMES: Final = 12
"""Keyframes that are read to estimate the size of keyframes."""


def read_index(video: OpenContainer, container_format: str, limits: VideoLimits) -> FrameIndex | None:
    """The index of a video with random access, or None if the index is missing or incomplete.

    Raises:
        BadInput: too_long, by the number of frames or the duration.
    """
    if not video.file.seekable():
        return None
    if container_format in ("matroska", "webm"):
        return _index_from_keyframes(video, limits)
    return _index_from_frames(video, container_format, limits)


def _index_rows(video: OpenContainer, limits: VideoLimits) -> NDArray[np.int64]:
    """The index as rows of offset, time, size and whether it is a keyframe."""
    _check_frame_count(len(video.stream.index_entries), limits)
    with ffmpeg_errors_as_bad_input(video.file):
        rows = ((entry.pos, entry.timestamp, entry.size, entry.is_keyframe) for entry in video.stream.index_entries)
        return np.fromiter(chain.from_iterable(rows), np.int64).reshape(-1, 4)


def _check_frame_count(count: int, limits: VideoLimits) -> None:
    limit = limits.max_index_entries
    if count > limit:
        raise BadInput(Reason.TOO_LONG, f"an index of {count:,} frames exceeds the limit of {limit:,}")


def _index_from_frames(video: OpenContainer, container_format: str, limits: VideoLimits) -> FrameIndex | None:
    rows = _index_rows(video, limits)
    keyframes = np.flatnonzero(rows[:, 3])
    if len(keyframes) == 0 or (rows[:, 2] <= 0).all():
        return None
    rows = rows[keyframes[0] :]
    return _checked_index(
        video,
        FrameIndex(
            at_ms=_elapsed_ms(video, rows[:, 1]),
            ticks=rows[:, 1],
            offset=rows[:, 0],
            size=rows[:, 2] + (CHUNK_HEADER_BYTES if container_format == "avi" else 0),
            keyframes=keyframes - keyframes[0],
            exact=container_format != "avi",
        ),
        limits,
    )


def _elapsed_ms(video: OpenContainer, ticks: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray((ticks - ticks[0]) * float(video.time_base * 1000), np.float64)


def _checked_index(video: OpenContainer, index: FrameIndex, limits: VideoLimits) -> FrameIndex | None:
    """The index, or None if it contradicts itself or covers too little of the duration."""
    if (np.diff(index.at_ms) < 0).any() or (index.size < 0).any() or (index.offset < 0).any():
        return None
    span_s = float(index.at_ms[-1]) / 1000
    if span_s > limits.max_duration_s:
        raise BadInput(Reason.TOO_LONG, f"{span_s:,.0f} s exceeds the limit of {limits.max_duration_s:,.0f} s")
    return None if span_s < MIN_COVERED_SHARE * (video.duration_s or 0) else index


def _index_from_keyframes(video: OpenContainer, limits: VideoLimits) -> FrameIndex | None:
    """An index with as many frames between two keyframes as the frame rate says, all of the same size."""
    cues = _keyframe_rows(video, limits)
    size_bytes = video.file.source.size_bytes
    if cues is None or size_bytes is None:
        return None
    offset, ticks = cues[:, 0], cues[:, 1]
    at_ms = _elapsed_ms(video, ticks)
    last_ms = float(video.duration_s or 0) * 1000
    per_ms = float(video.frame_rate) / 1000
    counts = np.maximum(1, np.rint(np.diff(at_ms, append=last_ms) * per_ms)).astype(np.int64)
    _check_frame_count(int(counts.sum()), limits)
    key_bytes = _mean_keyframe_bytes(video, at_ms, ticks, offset)
    spans = np.diff(offset, append=size_bytes)
    first_sizes = np.minimum(spans, key_bytes)
    other_sizes = (spans - first_sizes) // np.maximum(1, counts - 1)
    keyframes = np.concatenate(([0], np.cumsum(counts)[:-1]))
    group = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(len(group)) - keyframes[group]
    return _checked_index(
        video,
        FrameIndex(
            at_ms=at_ms[group] + within / per_ms,
            ticks=ticks[group],
            offset=offset[group] + np.where(within > 0, first_sizes[group] + (within - 1) * other_sizes[group], 0),
            size=np.where(within > 0, other_sizes[group], first_sizes[group]),
            keyframes=keyframes,
            exact=False,
        ),
        limits,
    )


def _keyframe_rows(video: OpenContainer, limits: VideoLimits) -> NDArray[np.int64] | None:
    """The rows of keyframes, as `_index_rows` gives them, or None if they do not cover the whole video."""
    if not seek_keyframe(video, 0, 0):  # FFmpeg reads the cues when it first seeks
        return None
    rows = _index_rows(video, limits)
    # Keyframes of one cluster have the same offset; the first stands for all of them.
    rows = rows[np.diff(rows[:, 0], prepend=-1) != 0]
    if len(rows) < MIN_CUES or (np.diff(rows[:, :2], axis=0) <= 0).any():
        return None
    last_ms = float(video.duration_s or 0) * 1000
    if not MIN_COVERED_SHARE * last_ms <= float(_elapsed_ms(video, rows[:, 1])[-1]) <= last_ms:
        return None
    # Without the last: seeking it, FFmpeg reads on to the end of the file to make sure that it is the last.
    return np.asarray(rows[:-1], np.int64)


def _mean_keyframe_bytes(
    video: OpenContainer, at_ms: NDArray[np.float64], ticks: NDArray[np.int64], offset: NDArray[np.int64]
) -> int:
    """Bytes read to get a keyframe, on average of a few."""
    groups = np.searchsorted(at_ms, sampling_instants(float(at_ms[-1])), side="right") - 1
    probed = sorted(list(dict.fromkeys(groups.tolist()))[: min(PROBED_KEYFRAMES, 1 + len(at_ms) // 4)])
    video.file.plan_reads([(int(offset[group]), 1) for group in probed], exact=False)
    bytes_before = video.file.asked_bytes
    for group in probed:
        seek_keyframe(video, int(ticks[group]), int(offset[group]))
        next(packets(video), None)
    return (video.file.asked_bytes - bytes_before) // len(probed) + 1
