"""The life of one decoding process: read a job, decode, write the reply, until the worker closes the pipe."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from streams.domain.fingerprint.image.fingerprint import ImageLimits, fingerprint_image
from streams.domain.fingerprint.sequence.fingerprint import fingerprint_sequence, has_several_pictures
from streams.domain.fingerprint.video.fingerprint import fingerprint_video
from streams.domain.fingerprint.video.limits import VideoLimits
from streams.domain.records import MediaFacts
from streams.stages.fingerprint.decoders.messages import (
    JOB_HEADER,
    REPLY_HEADER,
    DecodeRequest,
    error_reply,
    facts_reply,
)

#: The kernel ends a decoder before it ends the worker: 1000 is the most, the worker has 0.
OOM_SCORE = b"800"


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of all jobs of a worker."""

    image: ImageLimits
    video: VideoLimits


def serve(jobs: int, replies: int, limits: Limits) -> None:
    """Decode until `jobs` ends. Both are file descriptors of pipes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for the worker alone, which then closes the pipe
    faulthandler.enable()
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_bytes(OOM_SCORE)
    while header := _read(jobs, JOB_HEADER.size):
        request_bytes, file_bytes = JOB_HEADER.unpack(header)
        request, file = _read(jobs, request_bytes), _read(jobs, file_bytes)
        if len(file) < file_bytes:
            return  # the worker has ended meanwhile
        _write(replies, _reply(DecodeRequest.from_json(request), file, limits))


def _reply(request: DecodeRequest, file: bytes, limits: Limits) -> bytes:
    try:
        return facts_reply(_facts(request, file, limits))
    except Exception as error:
        return error_reply(error)


def _facts(request: DecodeRequest, file: bytes, limits: Limits) -> MediaFacts | None:
    content_id, level, extra_hashes = request.content_id, request.level, request.extra_hashes
    if request.what == "video":
        return fingerprint_video(file, limits.video, content_id=content_id)
    if request.what == "sequence":
        return fingerprint_sequence(
            file, limits.image, limits.video, content_id=content_id, level=level, extra_hashes=extra_hashes
        )
    if has_several_pictures(file):
        return None
    return fingerprint_image(file, limits.image, content_id=content_id, level=level, extra_hashes=extra_hashes)


def _read(pipe: int, size_bytes: int) -> bytes:
    """So many bytes; fewer if the pipe ends before."""
    data = os.read(pipe, size_bytes)
    if len(data) == size_bytes or not data:
        return data
    whole = bytearray(data)
    while len(whole) < size_bytes and (data := os.read(pipe, min(size_bytes - len(whole), 1 << 20))):
        whole += data
    return bytes(whole)


def _write(pipe: int, reply: bytes) -> None:
    data = memoryview(REPLY_HEADER.pack(len(reply)) + reply)
    while data:
        data = data[os.write(pipe, data) :]
