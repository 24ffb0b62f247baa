"""What the metrics say of fingerprinted submissions."""

from __future__ import annotations

from functools import cache

from prometheus_client import Counter, Histogram

from streams import metrics
from streams.domain.records import MediaFacts, Submission
from streams.sources.video.open_video import OpenVideo


def _scheme(submission: Submission) -> str:
    return submission.url.partition(":")[0].lower() if submission.url else "inline"


@cache
def _lookups(cached: bool) -> Counter:
    return metrics.CACHE_LOOKUPS.labels("hit" if cached else "miss")


@cache
def _fetches(scheme: str) -> tuple[Histogram, Counter]:
    """The metrics of seconds and bytes. Finding a metric by its labels takes longer than counting."""
    return metrics.FETCH_SECONDS.labels(scheme), metrics.FETCHED_BYTES.labels(scheme)


def count_fingerprint(
    submission: Submission,
    found: bytes | OpenVideo,
    facts: MediaFacts,
    cached: bool,
    fetch_s: float = 0.0,
    decode_s: float = 0.0,
) -> None:
    """Counts one submission: what was found at its source, and the seconds that fetching and decoding took."""
    scheme = _scheme(submission)
    read_bytes = found.fetched_bytes if isinstance(found, OpenVideo) else len(found)
    _lookups(cached).inc()
    seconds, fetched_bytes = _fetches(scheme)
    seconds.observe(fetch_s)
    fetched_bytes.inc(read_bytes)
    if not cached:
        metrics.DECODE_SECONDS.labels(facts.format).observe(decode_s)
    if facts.video is not None:
        way = found.way if isinstance(found, OpenVideo) else "whole"
        metrics.VIDEOS.labels(way, "cache" if cached else facts.video.path).inc()
        metrics.VIDEO_SIZE_BYTES.labels(way).inc(facts.size_bytes)
        metrics.VIDEO_READ_BYTES.labels(way).inc(read_bytes)
