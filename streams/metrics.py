"""Every metric of a worker, by name; counted a batch at a time. Exposition is streams/api/health.py."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

RECORDS = Counter("mediasieve_records", "Records done, by stage and topic", ["stage", "topic"], registry=REGISTRY)
OUTPUTS = Counter("mediasieve_outputs", "Records produced, by stage and topic", ["stage", "topic"], registry=REGISTRY)
OUTCOMES = Counter("mediasieve_outcomes", "Decisions, by outcome", ["outcome"], registry=REGISTRY)
ERRORS = Counter("mediasieve_errors", "Inputs that failed, by stage and reason", ["stage", "reason"], registry=REGISTRY)
RETRIES = Counter(
    "mediasieve_retries", "Tries again after broken infrastructure, by stage", ["stage"], registry=REGISTRY
)
BATCH_RECORDS = Histogram(
    "mediasieve_batch_records",
    "Records in a batch, by stage",
    ["stage"],
    buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 5000),
    registry=REGISTRY,
)
BATCH_SECONDS = Histogram(
    "mediasieve_batch_seconds",
    "From taking a batch up to having everything it caused acknowledged, by stage",
    ["stage"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)
IN_FLIGHT_RECORDS = Gauge(
    "mediasieve_in_flight_records", "Delivered and not done, by stage", ["stage"], registry=REGISTRY
)
IN_FLIGHT_BYTES = Gauge("mediasieve_in_flight_bytes", "Delivered and not done, by stage", ["stage"], registry=REGISTRY)
LAG = Gauge("mediasieve_lag_records", "Behind the high watermark", ["stage", "topic", "partition"], registry=REGISTRY)
ASSIGNED = Gauge("mediasieve_assigned_partitions", "Partitions of this worker, by stage", ["stage"], registry=REGISTRY)
RESTORED = Gauge("mediasieve_restored_records", "Changelog records restored since start", ["stage"], registry=REGISTRY)
CACHE = Counter("mediasieve_fingerprint_cache", "Look-ups by content id, hit or miss", ["result"], registry=REGISTRY)
FETCH_SECONDS = Histogram("mediasieve_fetch_seconds", "Getting a source's bytes", ["scheme"], registry=REGISTRY)
DECODE_SECONDS = Histogram(
    "mediasieve_decode_seconds", "Decoding and hashing one medium", ["format"], registry=REGISTRY
)
VIDEOS = Counter(
    "mediasieve_videos",
    "Videos fingerprinted, by how their bytes were got and by the path through their container",
    ["way", "path"],
    registry=REGISTRY,
)
VIDEO_SIZE_BYTES = Counter("mediasieve_video_size_bytes", "Sizes of those videos", ["way"], registry=REGISTRY)
VIDEO_READ_BYTES = Counter("mediasieve_video_read_bytes", "What was read of them", ["way"], registry=REGISTRY)
INDEXED_CONTENTS = Gauge(
    "mediasieve_near_contents", "Contents that near duplicates are looked up among", registry=REGISTRY
)
INDEX_BYTES = Gauge("mediasieve_near_bytes", "Memory that they take", registry=REGISTRY)
INDEX_REBUILD_SECONDS = Counter(
    "mediasieve_near_rebuild_seconds", "Spent on making them findable after partitions came", registry=REGISTRY
)
POLICY_READS = Counter(
    "mediasieve_policy_reads",
    "Readings of a policy file that changed: taken or refused",
    ["result"],
    registry=REGISTRY,
)
FETCHED_BYTES = Counter("mediasieve_fetched_bytes", "Bytes of sources read, by scheme", ["scheme"], registry=REGISTRY)
