"""What is refused of a video, and how much of one is read and decoded; numbers only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """What one video may take. Beyond these it is refused, not fingerprinted in part.

    `max_pixels` counts width times height of a frame, `max_decode_s` seconds of CPU time. `max_read_bytes` bounds what
    is asked of the source. `max_index_entries` counts the frames that an index may name, before memory is taken for
    them.
    """

    max_pixels: int = 36_000_000
    max_duration_s: float = 12 * 3600.0
    max_decoded_frames: int = 100_000
    max_decode_s: float = 60.0
    max_streams: int = 32
    max_index_entries: int = 2_000_000
    max_read_bytes: int = 4 << 30


DEFAULT_VIDEO_LIMITS = VideoLimits()
