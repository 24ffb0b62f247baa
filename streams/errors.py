"""Every error of mediasieve, in one tree; nothing here knows where an error is raised.

MediasieveError
├── BadInput                 the input is at fault: `failed` decision and dead letter, with a stable reason
└── BrokenInfrastructure     we or our surroundings are at fault: stop, retry, never blame the input
    ├── ConfigurationError   wrong settings: one clear line, exit code 2
    ├── BrokerError          Kafka is away or refuses
    ├── DeliveryFailed       an output could not be handed to Kafka; the worker ends, nothing is committed
    ├── SinkError            ClickHouse is away or refuses
    └── StateError           a table and its changelog do not fit together
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
    # neither: a fault of mediasieve that this input brings out
    INTERNAL_ERROR = "internal_error"


class MediasieveError(Exception):
    """Root of the tree."""


class BadInput(MediasieveError):
    """The input cannot be processed, now or later, by anyone with these limits.

    Args:
        reason: stable code.
        detail: one sentence for a human; may quote the input, never a secret.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class BrokenInfrastructure(MediasieveError):
    """Something around us is broken; the same input is tried again."""


class ConfigurationError(BrokenInfrastructure):
    """Settings, policy or topics are wrong; the message says what to do."""


class BrokerError(BrokenInfrastructure):
    pass


class DeliveryFailed(BrokenInfrastructure):
    pass


class SinkError(BrokenInfrastructure):
    pass


class StateError(BrokenInfrastructure):
    pass
