"""The limits of a video; numbers only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """What one video may cost. A video beyond a limit is refused, not fingerprinted in part.

    Attributes:
        max_pixels: width times height of a frame.
        max_duration_s: of the whole video.
        max_decoded_frames: frames that the decoder may give.
        max_decode_s: seconds of CPU time.
        max_streams: streams of the container.
        max_index_entries: frames that an index may name; checked before memory is allocated for them.
        max_read_bytes: bytes that may be asked of the source.
    """

    max_pixels: int = 36_000_000
    max_duration_s: float = 12 * 3600.0
    max_decoded_frames: int = 100_000
    max_decode_s: float = 60.0
    max_streams: int = 32
    max_index_entries: int = 2_000_000
    max_read_bytes: int = 4 << 30


DEFAULT_VIDEO_LIMITS = VideoLimits()
