"""Every metric of a worker. The runtime counts a batch at a time; runtime/health.py serves the metrics."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

RECORDS = Counter(
    "mediasieve_records", "Records that are finished, by stage and topic", ["stage", "topic"], registry=REGISTRY
)
OUTPUTS = Counter("mediasieve_outputs", "Records produced, by stage and topic", ["stage", "topic"], registry=REGISTRY)
OUTCOMES = Counter("mediasieve_outcomes", "Decisions, by outcome", ["outcome"], registry=REGISTRY)
ERRORS = Counter("mediasieve_errors", "Inputs that failed, by stage and reason", ["stage", "reason"], registry=REGISTRY)
RETRIES = Counter("mediasieve_retries", "Retries after broken infrastructure, by stage", ["stage"], registry=REGISTRY)
BATCH_RECORDS = Histogram(
    "mediasieve_batch_records",
    "Records in a batch, by stage",
    ["stage"],
    buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 5000),
    registry=REGISTRY,
)
BATCH_SECONDS = Histogram(
    "mediasieve_batch_seconds",
    "From the start of a batch until all its outputs are acknowledged, by stage",
    ["stage"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)
IN_FLIGHT_RECORDS = Gauge(
    "mediasieve_in_flight_records", "Records delivered and not finished, by stage", ["stage"], registry=REGISTRY
)
IN_FLIGHT_BYTES = Gauge(
    "mediasieve_in_flight_bytes",
    "Bytes fetched ahead, delivered and not finished, or waiting to be sent, by stage",
    ["stage"],
    registry=REGISTRY,
)
IN_FLIGHT_MAX_BYTES = Gauge(
    "mediasieve_in_flight_max_bytes",
    "The share of the worker's budget of bytes, by stage",
    ["stage"],
    registry=REGISTRY,
)
SOURCE_BYTES = Gauge("mediasieve_source_bytes", "Bytes held of media fetched from elsewhere", registry=REGISTRY)
LAG = Gauge(
    "mediasieve_lag_records", "Records behind the high watermark", ["stage", "topic", "partition"], registry=REGISTRY
)
ASSIGNED = Gauge("mediasieve_assigned_partitions", "Partitions of this worker, by stage", ["stage"], registry=REGISTRY)
RESTORED = Gauge(
    "mediasieve_restored_records", "Changelog records restored since the start", ["stage"], registry=REGISTRY
)
CACHE_LOOKUPS = Counter(
    "mediasieve_fingerprint_cache", "Look-ups of known contents, hit or miss", ["result"], registry=REGISTRY
)
FETCH_SECONDS = Histogram(
    "mediasieve_fetch_seconds", "Time to get the bytes of a source", ["scheme"], registry=REGISTRY
)
DECODE_SECONDS = Histogram(
    "mediasieve_decode_seconds", "Time to decode and hash one medium", ["format"], registry=REGISTRY
)
DECODERS = Gauge("mediasieve_decoders", "Decoding processes that run", registry=REGISTRY)
DECODER_DEATHS = Counter(
    "mediasieve_decoder_deaths",
    "Decoding processes that ended over a file, by cause: crash or timeout",
    ["cause"],
    registry=REGISTRY,
)
VIDEOS = Counter(
    "mediasieve_videos",
    "Videos fingerprinted, by the way their bytes were read and the path through their container",
    ["way", "path"],
    registry=REGISTRY,
)
VIDEO_SIZE_BYTES = Counter("mediasieve_video_size_bytes", "Sizes of fingerprinted videos", ["way"], registry=REGISTRY)
VIDEO_READ_BYTES = Counter(
    "mediasieve_video_read_bytes", "Bytes read of fingerprinted videos", ["way"], registry=REGISTRY
)
INDEXED_CONTENTS = Gauge("mediasieve_near_contents", "Contents in the indexes of near duplicates", registry=REGISTRY)
INDEX_BYTES = Gauge("mediasieve_near_bytes", "Memory that the indexes take", registry=REGISTRY)
INDEX_REBUILD_SECONDS = Counter(
    "mediasieve_near_rebuild_seconds",
    "Time spent on rebuilding indexes after partitions were assigned",
    registry=REGISTRY,
)
POLICY_READS = Counter(
    "mediasieve_policy_reads",
    "Reads of a changed policy file: taken or refused",
    ["result"],
    registry=REGISTRY,
)
FETCHED_BYTES = Counter("mediasieve_fetched_bytes", "Bytes of sources read, by scheme", ["scheme"], registry=REGISTRY)
API_REQUESTS = Counter(
    "mediasieve_api_requests", "Requests to the HTTP API, by route, method and status", ["route", "method", "status"],
    registry=REGISTRY,
)  # fmt: skip
API_REQUEST_SECONDS = Histogram(
    "mediasieve_api_request_seconds",
    "From a request to the end of its answer, by route; without waiting for decisions and without streams",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)
API_REFUSED = Counter(
    "mediasieve_api_refused", "Requests that were refused, by the code of their problem", ["code"], registry=REGISTRY
)
API_QUERY_SECONDS = Histogram(
    "mediasieve_api_query_seconds",
    "Time of a question to ClickHouse, with its waiting",
    ["question"],
    registry=REGISTRY,
)
API_CACHE = Counter(
    "mediasieve_api_cache", "Answers by namespace: hit, miss, or joined a question that ran", ["namespace", "result"],
    registry=REGISTRY,
)  # fmt: skip
API_WAITERS = Gauge("mediasieve_api_waiters", "Requests that wait for a decision", registry=REGISTRY)
API_SUBSCRIBERS = Gauge("mediasieve_api_subscribers", "Open streams of decisions", registry=REGISTRY)
API_BODY_BYTES = Gauge("mediasieve_api_body_bytes", "Bytes of bodies that requests hold", registry=REGISTRY)
