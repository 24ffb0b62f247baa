"""Every error of mediasieve, in one tree; nothing here knows where an error is raised.

MediasieveError
├── BadInput                 the input is at fault: `failed` decision and dead letter, with a stable reason
├── ConfigurationError       a setting, a policy or the installation is wrong: only a person can mend it; exit code 2
├── BrokenInfrastructure     mediasieve or its surroundings are at fault: retry or stop, never blame the input
│   ├── BrokerError          Kafka is away or refuses
│   ├── DeliveryFailed       Kafka did not take an output: the worker ends and commits nothing
│   ├── AnalyticsError       ClickHouse is away or refuses
│   │   └── SinkError        rows could not be written: the stage writes them again until they are stored
│   ├── ThumbnailStoreError  the store of thumbnails is away or refuses: only thumbnails wait or are left out
│   ├── StateError           a table cannot be written, or holds what this version cannot read
│   └── Overloaded           a bound of this process is reached: the caller asks again later
└── PartitionClosed          nothing is at fault: Kafka took the partition away, and its next owner does the work
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why an input failed. Stable: dashboards, alerts and replays select by it."""

    # the record
    NOT_JSON = "not_json"
    MISSING_FIELD = "missing_field"
    BAD_FIELD = "bad_field"
    UNKNOWN_KIND = "unknown_kind"
    BAD_COLLECTION = "bad_collection"
    # the moderation event
    CONTENT_ID_NEEDED = "content_id_needed"
    TOO_MANY_VERDICTS = "too_many_verdicts"
    TOO_MANY_WAITING = "too_many_waiting"
    TOO_MANY_MERGES = "too_many_merges"
    TOO_MANY_SPLITS = "too_many_splits"
    WAITED_TOO_LONG = "waited_too_long"
    # the hash list
    LIST_INCOMPLETE = "list_incomplete"
    UNKNOWN_LIST = "unknown_list"
    TOO_MANY_LISTS = "too_many_lists"
    # the moderator
    MODERATOR_UNAVAILABLE = "moderator_unavailable"
    MODERATOR_BAD_ANSWER = "moderator_bad_answer"
    MODERATOR_REFUSED = "moderator_refused"
    SUBMISSION_GONE = "submission_gone"
    # the source
    NO_SOURCE = "no_source"
    UNSUPPORTED_SCHEME = "unsupported_scheme"
    BAD_URL = "bad_url"
    SOURCE_NOT_FOUND = "source_not_found"
    SOURCE_FORBIDDEN = "source_forbidden"
    SOURCE_REFUSED_ADDRESS = "source_refused_address"
    SOURCE_UNREACHABLE = "source_unreachable"
    SOURCE_TIMEOUT = "source_timeout"
    SOURCE_TOO_LARGE = "source_too_large"
    SOURCE_REDIRECTS = "source_redirects"
    SOURCE_HTTP_STATUS = "source_http_status"
    SOURCE_EMPTY = "source_empty"
    SOURCE_CHANGED = "source_changed"
    SOURCE_BAD_RANGES = "source_bad_ranges"
    # the media
    NOT_MEDIA = "not_media"
    UNSUPPORTED_FORMAT = "unsupported_format"
    UNSUPPORTED_KIND = "unsupported_kind"
    CORRUPT_MEDIA = "corrupt_media"
    TRUNCATED_MEDIA = "truncated_media"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_LONG = "too_long"
    NO_VIDEO = "no_video"
    DECODE_TIMEOUT = "decode_timeout"
    OUT_OF_MEMORY = "out_of_memory"
    DECODER_CRASHED = "decoder_crashed"
    # neither: a fault of mediasieve that this input triggers
    INTERNAL_ERROR = "internal_error"


class MediasieveError(Exception):
    """The root of the tree."""


class BadInput(MediasieveError):
    """The input cannot be processed, now or later, by any worker with these limits.

    Args:
        reason: stable code.
        detail: one sentence for a person; may quote the input, never a secret.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class ConfigurationError(MediasieveError):
    """Settings, a policy, topics or the installation are wrong; the message says what to change."""


class BrokenInfrastructure(MediasieveError):
    """Something around the input is broken; the same input is processed again later."""


class BrokerError(BrokenInfrastructure):
    """Kafka is away or refuses."""


class DeliveryFailed(BrokenInfrastructure):
    """Kafka did not take an output in time; nothing that depends on the output may be committed."""


class AnalyticsError(BrokenInfrastructure):
    """ClickHouse is away or refuses; the message says what to do."""


class SinkError(AnalyticsError):
    """Rows could not be written; writing the same rows again does no harm."""


class ThumbnailStoreError(BrokenInfrastructure):
    """The store of thumbnails is away or refuses."""


class StateError(BrokenInfrastructure):
    """A table cannot be written, or its content was written by another version or is damaged."""


class Overloaded(BrokenInfrastructure):
    """A bound on memory, threads or waiters is reached; the same request succeeds later."""


class PartitionClosed(MediasieveError):
    """A table was used after its partition was taken away; the partition's next owner does the work again."""
