"""Counts of frames that a box of an MP4 claims are checked in what is read onwards, and not across a jump."""

from __future__ import annotations

import io

import pytest

from streams.domain.fingerprint.video.ffmpeg_input import FFmpegInput
from streams.domain.fingerprint.video.limits import VideoLimits
from streams.domain.fingerprint.video.source import BytesVideoSource
from streams.errors import BadInput, Reason

LIMITS = VideoLimits(max_index_entries=1000)
BEGIN = b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41"


def file_of(data: bytes) -> FFmpegInput:
    return FFmpegInput(BytesVideoSource(data), LIMITS, lambda: False)


@pytest.mark.parametrize("cut", range(1, 16))
def test_a_count_that_two_reads_share_is_seen(cut: int) -> None:
    box = b"stsz" + bytes(8) + (1001).to_bytes(4, "big")
    file = file_of(BEGIN + box)
    file.read(len(BEGIN) + cut)
    file.read(100)
    with pytest.raises(BadInput) as caught:
        file.check()
    assert caught.value.reason is Reason.TOO_LONG


@pytest.mark.parametrize("offset, whence", [(0, io.SEEK_SET), (4, io.SEEK_SET), (-20, io.SEEK_CUR)])
def test_what_is_read_after_a_jump_does_not_continue_a_box(offset: int, whence: int) -> None:
    file = file_of(BEGIN + b"stsz" + bytes(16))
    file.read(len(BEGIN) + 4)
    file.seek(offset, whence)
    file.read(20)
    file.check()
    assert file.failed is None


def test_staying_in_place_is_no_jump() -> None:
    file = file_of(BEGIN + b"stsz" + bytes(8) + (1001).to_bytes(4, "big"))
    file.read(len(BEGIN) + 6)
    file.seek(0, io.SEEK_CUR)
    file.read(100)
    assert isinstance(file.failed, BadInput)
