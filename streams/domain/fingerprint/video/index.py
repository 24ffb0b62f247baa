"""What a container's index says about where frames are; read through PyAV, told as a video_plan.Index.

MP4, MOV and AVI name every frame with its place and size. Matroska names keyframes with the place of their cluster; the
rest is estimated, from the distances between them and from a few of them that are read.
"""

from __future__ import annotations

from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.fingerprint.video.container import OpenContainer, ffmpeg_errors_as_bad_input, packets, seek_keyframe
from streams.domain.fingerprint.video.limits import VideoLimits
from streams.domain.fingerprint.video.plan import Index, instants
from streams.errors import BadInput, Reason

LEAST_COVERED: Final = 0.9
"""Share of the duration that an index must reach; that of a file in fragments ends with the first of them."""

CHUNK_HEADER_BYTES: Final = 8
"""Before each frame of an AVI; its place is that of the header."""

LEAST_CUES: Final = 3
TRIED: Final = 12
"""Keyframes read to learn how large keyframes are."""


def read_index(video: OpenContainer, form: str, limits: VideoLimits) -> Index | None:
    """The index of a video that can be read in places, or None where it has none that is whole.

    Raises:
        BadInput: too_long, for its frames or its duration.
    """
    if not video.file.seekable():
        return None
    if form in ("matroska", "webm"):
        return _of_keyframes(video, limits)
    return _of_frames(video, form, limits)


def _entries(video: OpenContainer, limits: VideoLimits) -> NDArray[np.int64]:
    """Offset, time, size, keyframe; in the order of the index."""
    count = len(video.stream.index_entries)
    if count > limits.max_index_entries:
        raise BadInput(Reason.TOO_LONG, f"an index of {count:,} frames is more than {limits.max_index_entries:,}")
    with ffmpeg_errors_as_bad_input(video.file):
        told = ((each.pos, each.timestamp, each.size, each.is_keyframe) for each in video.stream.index_entries)
        return np.fromiter(chain.from_iterable(told), np.int64).reshape(-1, 4)


def _of_frames(video: OpenContainer, form: str, limits: VideoLimits) -> Index | None:
    entries = _entries(video, limits)
    keyframes = np.flatnonzero(entries[:, 3])
    if len(keyframes) == 0 or (entries[:, 2] <= 0).all():
        return None
    entries = entries[keyframes[0] :]
    return _checked(
        video,
        Index(
            at_ms=_ms(video, entries[:, 1]),
            ticks=entries[:, 1],
            offset=entries[:, 0],
            size=entries[:, 2] + (CHUNK_HEADER_BYTES if form == "avi" else 0),
            keyframes=keyframes - keyframes[0],
            exact=form != "avi",
        ),
        limits,
    )


def _ms(video: OpenContainer, ticks: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray((ticks - ticks[0]) * float(video.time_base * 1000), np.float64)


def _checked(video: OpenContainer, index: Index, limits: VideoLimits) -> Index | None:
    if (np.diff(index.at_ms) < 0).any() or (index.size < 0).any() or (index.offset < 0).any():
        return None
    span_s = float(index.at_ms[-1]) / 1000
    if span_s > limits.max_duration_s:
        raise BadInput(Reason.TOO_LONG, f"{span_s:,.0f} s are more than {limits.max_duration_s:,.0f} s")
    return None if span_s < LEAST_COVERED * (video.duration_s or 0) else index


def _of_keyframes(video: OpenContainer, limits: VideoLimits) -> Index | None:
    """An index with as many frames between two keyframes as the frame rate says, all of one size."""
    cues = _cues(video, limits)
    size_bytes = video.file.source.size_bytes
    if cues is None or size_bytes is None:
        return None
    offset, ticks = cues[:, 0], cues[:, 1]
    at_ms = _ms(video, ticks)
    last_ms = float(video.duration_s or 0) * 1000
    per_ms = float(video.frame_rate) / 1000
    counts = np.maximum(1, np.rint(np.diff(at_ms, append=last_ms) * per_ms)).astype(np.int64)
    if int(counts.sum()) > limits.max_index_entries:
        raise BadInput(Reason.TOO_LONG, f"an index of {int(counts.sum()):,} frames is too long")
    key_bytes = _size_of_keyframes(video, at_ms, ticks, offset)
    spans = np.diff(offset, append=size_bytes)
    first_sizes = np.minimum(spans, key_bytes)
    other_sizes = (spans - first_sizes) // np.maximum(1, counts - 1)
    keyframes = np.concatenate(([0], np.cumsum(counts)[:-1]))
    group = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(len(group)) - keyframes[group]
    return _checked(
        video,
        Index(
            at_ms=at_ms[group] + within / per_ms,
            ticks=ticks[group],
            offset=offset[group] + np.where(within > 0, first_sizes[group] + (within - 1) * other_sizes[group], 0),
            size=np.where(within > 0, other_sizes[group], first_sizes[group]),
            keyframes=keyframes,
            exact=False,
        ),
        limits,
    )


def _cues(video: OpenContainer, limits: VideoLimits) -> NDArray[np.int64] | None:
    """Offset and time of keyframes, as `_entries` has them, if they reach from the beginning to the end."""
    if not seek_keyframe(video, 0, 0):  # until then FFmpeg has not read the cues
        return None
    entries = _entries(video, limits)
    # Of keyframes in one cluster, whose place is the same, the first stands for all.
    entries = entries[np.diff(entries[:, 0], prepend=-1) != 0]
    if len(entries) < LEAST_CUES or (np.diff(entries[:, :2], axis=0) <= 0).any():
        return None
    last_ms = float(video.duration_s or 0) * 1000
    if not LEAST_COVERED * last_ms <= float(_ms(video, entries[:, 1])[-1]) <= last_ms:
        return None
    # Sought, FFmpeg reads on from the last one to the end of the file, to be sure that it is the last.
    return np.asarray(entries[:-1], np.int64)


def _size_of_keyframes(
    video: OpenContainer, at_ms: NDArray[np.float64], ticks: NDArray[np.int64], offset: NDArray[np.int64]
) -> int:
    """Bytes read to get one, on average of a few."""
    groups = np.searchsorted(at_ms, instants(float(at_ms[-1])), side="right") - 1
    tried = sorted(list(dict.fromkeys(groups.tolist()))[: min(TRIED, 1 + len(at_ms) // 4)])
    video.file.expect([(int(offset[group]), 1) for group in tried], exact=False)
    before = video.file.asked_bytes
    for group in tried:
        seek_keyframe(video, int(ticks[group]), int(offset[group]))
        next(packets(video), None)
    return (video.file.asked_bytes - before) // len(tried) + 1
