"""What one fingerprinter may take, by the settings of the worker."""

from __future__ import annotations

from dataclasses import replace

from streams.config.settings import Settings
from streams.domain.fingerprint.video.limits import VideoLimits

#: Bulk work has this part of the cache and of the bytes that are fetched, and at most `BULK_RECORDS` at once.
BULK_PART, BULK_RECORDS = 4, 64


def for_bulk(settings: Settings) -> Settings:
    """The settings of a fingerprinter for work that may wait: a smaller part of what a worker may take."""
    runtime = settings.runtime
    return settings.with_values(
        in_flight_bytes=runtime.max_in_flight_bytes // BULK_PART,
        fetch_concurrency=min(runtime.fetch_concurrency, BULK_RECORDS),
        fingerprint_cache_entries=runtime.fingerprint_cache_entries // BULK_PART,
        video_threads=max(1, runtime.video_threads // 2),
    )


def video_limits(settings: Settings) -> VideoLimits:
    """The limits of videos, narrowed by the settings."""
    limits = VideoLimits()
    return replace(
        limits,
        max_pixels=min(limits.max_pixels, settings.limits.max_pixels),
        max_decode_s=min(limits.max_decode_s, settings.limits.video_decode_timeout_s),
    )
