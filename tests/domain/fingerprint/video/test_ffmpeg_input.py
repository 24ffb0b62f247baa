"""Frame counts in the boxes of an MP4 are checked across consecutive reads, and not across a jump."""

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
def test_a_count_split_over_two_reads_is_found(cut: int) -> None:
    box = b"stsz" + bytes(8) + (1001).to_bytes(4, "big")
    file = file_of(BEGIN + box)
    file.read(len(BEGIN) + cut)
    file.read(100)
    with pytest.raises(BadInput) as caught:
        file.check()
    assert caught.value.reason is Reason.TOO_LONG


@pytest.mark.parametrize("offset, whence", [(0, io.SEEK_SET), (4, io.SEEK_SET), (-20, io.SEEK_CUR)])
def test_bytes_after_a_jump_do_not_continue_a_box(offset: int, whence: int) -> None:
    file = file_of(BEGIN + b"stsz" + bytes(16))
    file.read(len(BEGIN) + 4)
    file.seek(offset, whence)
    file.read(20)
    file.check()
    assert file.failed is None


def test_a_seek_to_the_current_position_is_not_a_jump() -> None:
    file = file_of(BEGIN + b"stsz" + bytes(8) + (1001).to_bytes(4, "big"))
    file.read(len(BEGIN) + 6)
    file.seek(0, io.SEEK_CUR)
    file.read(100)
    assert isinstance(file.failed, BadInput)
