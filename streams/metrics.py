"""Every metric of a worker. The runtime counts a batch at a time; runtime/health.py serves the metrics."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, ProcessCollector
from prometheus_client.core import HistogramMetricFamily

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)


class BatchHistogram:
    """A histogram that takes a batch of values at once; `Histogram` takes one, for 2 µs each.

    Args:
        bounds: upper bounds of the buckets, in the unit of the name, ascending.
    """

    def __init__(self, name: str, about: str, bounds: Sequence[float], registry: CollectorRegistry) -> None:
        self._name, self._about = name, about
        self._bounds = np.array(bounds, dtype=np.float64)
        self._counts: NDArray[np.int64] = np.zeros(len(bounds) + 1, dtype=np.int64)
        self._sum = 0.0
        self._lock = threading.Lock()
        registry.register(self)

    def observe_all(self, values: NDArray[np.float64]) -> None:
        counts = np.bincount(np.searchsorted(self._bounds, values), minlength=len(self._counts))
        with self._lock:
            self._counts += counts
            self._sum += float(values.sum())

    def collect(self) -> Iterable[Metric]:
        """For the registry."""
        with self._lock:
            counts, total = self._counts.tolist(), self._sum
        names = [*(str(float(bound)) for bound in self._bounds), "+Inf"]
        buckets = list(zip(names, (float(count) for count in accumulate(counts)), strict=True))
        yield HistogramMetricFamily(self._name, self._about, buckets=buckets, sum_value=total)


def begin_at_zero(counter: Counter, *labels: tuple[str, ...]) -> None:
    """Export series before anything has moved them.

    Prometheus sees no increase in a series that begins at 1, and a panel without series says that there are no data.
    """
    for values in labels:
        counter.labels(*values)


RECORDS = Counter(
    "mediasieve_records", "Records that are finished, by stage and topic", ["stage", "topic"], registry=REGISTRY
)
OUTPUTS = Counter("mediasieve_outputs", "Records produced, by stage and topic", ["stage", "topic"], registry=REGISTRY)
OUTCOMES = Counter("mediasieve_outcomes", "Decisions, by outcome", ["outcome"], registry=REGISTRY)
MODERATION_EVENTS = Counter(
    "mediasieve_moderation_events",
    "Moderation events that match has read, by kind and what became of them",
    ["event", "result"],
    registry=REGISTRY,
)
MODERATION_WAITING = Gauge(
    "mediasieve_moderation_waiting", "Contents and media that moderation events wait for", registry=REGISTRY
)
INHERITED_VERDICTS = Counter(
    "mediasieve_inherited_verdicts",
    "First decisions with the verdict of another medium, by status: no moderator was called for them",
    ["status"],
    registry=REGISTRY,
)
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
BULK_OUTSTANDING = Gauge(
    "mediasieve_bulk_outstanding_records",
    "Bulk submissions that were taken and that the match stage has not decided",
    registry=REGISTRY,
)
BULK_WAITS = Counter(
    "mediasieve_bulk_waits_seconds",
    "Time that bulk submissions waited, by what for: live, match or pace",
    ["cause"],
    registry=REGISTRY,
)
CACHE_LOOKUPS = Counter(
    "mediasieve_fingerprint_cache", "Look-ups of known contents, hit or miss", ["result"], registry=REGISTRY
)
THUMBNAILS = Counter(
    "mediasieve_thumbnails", "Contents by what became of their thumbnails: written, left_out, deleted or made",
    ["result"],
    registry=REGISTRY,
)  # fmt: skip
THUMBNAIL_SECONDS = Histogram(
    "mediasieve_thumbnail_seconds", "Time to write the thumbnails of a medium to their store", registry=REGISTRY
)
THUMBNAIL_BYTES = Gauge("mediasieve_thumbnail_bytes", "Bytes of thumbnails that wait to be written", registry=REGISTRY)
EMBEDDINGS = Counter(
    "mediasieve_embeddings",
    "Media by what became of their embedding: made, nothing_seen, failed or timeout",
    ["result"],
    registry=REGISTRY,
)
EMBEDDING_SECONDS = Histogram(
    "mediasieve_embedding_seconds", "Time until the picture model has answered for a medium", registry=REGISTRY
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
LIST_ENTRIES = Gauge(
    "mediasieve_list_entries", "Entries of hash lists that contents are compared with", registry=REGISTRY
)
LIST_BYTES = Gauge("mediasieve_list_bytes", "Memory that the entries of hash lists take", registry=REGISTRY)
LIST_HITS = Counter(
    "mediasieve_list_hits",
    "Contents that hash lists have come to say something about, by equal bytes (exact) or near hashes (unverified)",
    ["collection", "list", "confidence"],
    registry=REGISTRY,
)
QUARANTINED_ENTRIES = Counter(
    "mediasieve_list_quarantined",
    "Entries of hash lists that matched too many contents and act no more",
    ["collection", "list"],
    registry=REGISTRY,
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
    "mediasieve_api_cache",
    "Answers by namespace: hit (in memory), shared_hit, miss, early (made anew before its time is over), or joined",
    ["namespace", "result"],
    registry=REGISTRY,
)
API_SHARED_CACHE_TROUBLE = Counter(
    "mediasieve_api_shared_cache_trouble",
    "Calls to the shared cache that failed, were refused as no entries, or skipped because it is away or busy",
    ["result"],
    registry=REGISTRY,
)
API_WAITERS = Gauge("mediasieve_api_waiters", "Requests that wait for a decision", registry=REGISTRY)
API_SUBSCRIBERS = Gauge("mediasieve_api_subscribers", "Open streams of decisions", registry=REGISTRY)
API_BODY_BYTES = Gauge("mediasieve_api_body_bytes", "Bytes of bodies that requests hold", registry=REGISTRY)
DECISION_SECONDS = BatchHistogram(
    "mediasieve_decision_seconds",
    "From the time of a submission to its first decision in Kafka; counted when its row is stored",
    (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600),
    REGISTRY,
)
UNDECIDED = Gauge(
    "mediasieve_undecided_submissions",
    "Fingerprints of the last hour, older than 5 minutes, that no decision is about; told by the API",
    ["window"],
    registry=REGISTRY,
)
RECENT_JOBS = Gauge(
    "mediasieve_recent_jobs",
    "Jobs that began in the last day: done within 5 minutes (in_time), or not (late); told by the API",
    ["speed"],
    registry=REGISTRY,
)
ROWS = Counter("mediasieve_rows", "Rows stored in ClickHouse, by table", ["table"], registry=REGISTRY)
INSERT_SECONDS = Histogram(
    "mediasieve_insert_seconds",
    "Time of one insert into ClickHouse, by table",
    ["table"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)
MODERATOR_CALLS = Counter(
    "mediasieve_moderator_calls",
    "Contents that a moderator was asked about, by result: answered, abstained, failed or refused",
    ["moderator", "result"],
    registry=REGISTRY,
)
MODERATOR_FAILURES = Counter(
    "mediasieve_moderator_failures",
    "Calls without a usable answer, by reason; they are made again",
    ["moderator", "reason"],
    registry=REGISTRY,
)
MODERATOR_CALLS_SAVED = Counter(
    "mediasieve_moderator_calls_saved",
    "Copies that a moderator was not asked about, since they have the verdict of another",
    ["moderator"],
    registry=REGISTRY,
)
MODERATOR_COST = Counter(
    "mediasieve_moderator_cost",
    "Money for calls, at the price of the moderation file",
    ["moderator", "currency"],
    registry=REGISTRY,
)
MODERATOR_COST_SAVED = Counter(
    "mediasieve_moderator_cost_saved",
    "Money that copies saved, at the price of the moderation file",
    ["moderator", "currency"],
    registry=REGISTRY,
)
MODERATOR_VERDICTS = Counter(
    "mediasieve_moderator_verdicts", "Verdicts that moderators gave", ["moderator", "status"], registry=REGISTRY
)
MODERATOR_SECONDS = Histogram(
    "mediasieve_moderator_seconds",
    "Time of one call",
    ["moderator"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
    registry=REGISTRY,
)
MODERATOR_WAITING = Gauge(
    "mediasieve_moderator_waiting", "Contents that wait for a moderator's answer", ["moderator"], registry=REGISTRY
)
MODERATOR_BREAKER = Gauge(
    "mediasieve_moderator_breaker_open", "1 while a failing moderator is left alone", ["moderator"], registry=REGISTRY
)
MODERATOR_LABELS_CUT = Counter(
    "mediasieve_moderator_labels_cut", "Labels beyond what a verdict may have", ["moderator"], registry=REGISTRY
)
