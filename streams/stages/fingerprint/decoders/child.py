"""The life of one decoding process: read a job, decode, write the reply, until the worker closes the pipe."""

from __future__ import annotations

import contextlib
import faulthandler
import fcntl
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from streams.domain.fingerprint.image.fingerprint import ImageLimits, fingerprint_image
from streams.domain.fingerprint.model_view import ModelView
from streams.domain.fingerprint.sequence.fingerprint import fingerprint_sequence, has_several_pictures
from streams.domain.fingerprint.thumbnails.maker import ThumbnailMaker
from streams.domain.fingerprint.thumbnails.preview import thumbnail_of
from streams.domain.fingerprint.video.fingerprint import fingerprint_video
from streams.domain.fingerprint.video.limits import VideoLimits
from streams.domain.records import MediaFacts
from streams.stages.fingerprint.decoders.messages import (
    FACTS_REPLY,
    JOB_HEADER,
    REPLY_HEADER,
    DecodeRequest,
    error_reply,
    facts_reply,
    thumbnails_reply,
)

#: Pictures that take this much memory to decode are decoded one at a time, in all processes.
LARGE_DECODE_BYTES = 128 << 20
#: How often a process looks whether it has its turn.
TURN_INTERVAL_S = 0.05
#: The kernel ends a decoder before it ends the worker: 1000 is the most, the worker has 0.
OOM_SCORE = b"800"


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of all jobs of a worker."""

    image: ImageLimits
    video: VideoLimits


class Turns:
    """One process at a time decodes a large picture. A lock on a file, because it ends with the process that has it.

    Args:
        file: the descriptor of a file that all processes share.
        tell_waiting: called from time to time while the process waits, and once it has its turn.
    """

    def __init__(self, file: int, tell_waiting: Callable[[], None]) -> None:
        self._file = file
        self._tell_waiting = tell_waiting
        self._taken = False

    def await_turn(self, decode_bytes: int) -> None:
        """Wait for a turn to decode a picture, if it takes much memory."""
        if decode_bytes < LARGE_DECODE_BYTES or self._taken:
            return
        while not self._take():
            self._tell_waiting()
            time.sleep(TURN_INTERVAL_S)
        self._tell_waiting()

    def _take(self) -> bool:
        with contextlib.suppress(BlockingIOError, PermissionError):  # either says that another process has it
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._taken = True
        return self._taken

    def end_turn(self) -> None:
        if self._taken:
            fcntl.lockf(self._file, fcntl.LOCK_UN)
            self._taken = False


def serve(jobs: int, replies: int, limits: Limits, turns_file: int) -> None:
    """Decode until `jobs` ends. Both are file descriptors of pipes; `turns_file` is that of `Turns`."""
    turns = Turns(turns_file, lambda: _write(replies, b""))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for the worker alone, which then closes the pipe
    faulthandler.enable()
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_bytes(OOM_SCORE)
    while header := _read(jobs, JOB_HEADER.size):
        request_bytes, file_bytes = JOB_HEADER.unpack(header)
        request, file = _read(jobs, request_bytes), _read(jobs, file_bytes)
        if len(file) < file_bytes:
            return  # the worker has ended meanwhile
        asked = DecodeRequest.from_json(request)
        maker = ThumbnailMaker() if asked.thumbnails or asked.view is not None else None
        reply = _reply(asked, file, limits, turns, maker)
        if not asked.thumbnails:
            turns.end_turn()
        _write(replies, reply)
        if maker is not None and asked.thumbnails:  # the fingerprint does not wait for them
            thumbnails = thumbnails_reply(maker.make() if reply.startswith(FACTS_REPLY) else {})
            turns.end_turn()
            _write(replies, thumbnails)


def _reply(
    request: DecodeRequest, file: bytes, limits: Limits, turns: Turns, thumbnails: ThumbnailMaker | None
) -> bytes:
    try:
        if request.what == "preview":
            return thumbnails_reply({f"{request.side}.webp": thumbnail_of(file, request.side)})
        facts = _facts(request, file, limits, turns, thumbnails)
        view = ModelView(request.view) if request.view is not None else None
        if view is not None and thumbnails is not None:
            thumbnails.show(view)
        return facts_reply(facts, view)
    except Exception as error:
        return error_reply(error)


def _facts(
    request: DecodeRequest, file: bytes, limits: Limits, turns: Turns, thumbnails: ThumbnailMaker | None
) -> MediaFacts | None:
    content_id, level, extra_hashes = request.content_id, request.level, request.extra_hashes
    if request.what == "video":
        return fingerprint_video(file, limits.video, content_id=content_id, thumbnails=thumbnails)
    if request.what == "sequence":
        return fingerprint_sequence(
            file,
            limits.image,
            limits.video,
            content_id=content_id,
            level=level,
            extra_hashes=extra_hashes,
            thumbnails=thumbnails,
        )
    if has_several_pictures(file):
        return None
    return fingerprint_image(
        file,
        limits.image,
        content_id=content_id,
        level=level,
        extra_hashes=extra_hashes,
        before_decode=turns.await_turn,
        thumbnails=thumbnails,
    )


def _read(pipe: int, size_bytes: int) -> bytes:
    """Reads `size_bytes` bytes; fewer if the pipe ends before."""
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
