"""The settings of the HTTP API, its thumbnails and its caches."""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator

from streams.config.parts.settings_part import CommaList, OptionalPath, SettingsPart

MIN_SECRET_CHARS = 16


class ApiSettings(SettingsPart):
    """The HTTP API: where it listens, who may ask, and what one process holds at once.

    `address` is `host:port`. `rate_limit` is for keys without one of their own, such as `100/second`; empty for none.
    `secret` signs cursors; all processes that serve one address need the same. `callback_secret` signs the addresses
    at which moderators call back, and `callback_url` is the API as moderators reach it; the workers of the moderate
    stage need both.
    """

    address: str = Field("127.0.0.1:8080", validation_alias="MEDIASIEVE_API")
    key_file: OptionalPath = Field(None, validation_alias="MEDIASIEVE_API_KEYS")
    rate_limit: str = Field("6000/minute", validation_alias="MEDIASIEVE_API_RATE")
    cors_origins: CommaList = Field((), validation_alias="MEDIASIEVE_API_CORS")
    secret: SecretStr = Field(SecretStr(""), validation_alias="MEDIASIEVE_API_SECRET")
    callback_secret: SecretStr = Field(SecretStr(""), validation_alias="MEDIASIEVE_CALLBACK_SECRET")
    callback_url: str = Field("", validation_alias="MEDIASIEVE_CALLBACK_URL")
    max_upload_bytes: int = Field(256 << 20, ge=21 << 20, validation_alias="MEDIASIEVE_API_UPLOAD_BYTES")
    body_timeout_s: float = Field(60.0, gt=0, validation_alias="MEDIASIEVE_API_BODY_TIMEOUT_S")
    query_threads: int = Field(8, ge=1, le=64, validation_alias="MEDIASIEVE_API_QUERY_THREADS")
    max_waiters: int = Field(10_000, ge=1, validation_alias="MEDIASIEVE_API_WAITERS")
    max_subscribers: int = Field(256, ge=1, validation_alias="MEDIASIEVE_API_SUBSCRIBERS")

    @field_validator("callback_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if value and len(value.get_secret_value()) < MIN_SECRET_CHARS:
            raise ValueError(f"needs {MIN_SECRET_CHARS} characters or more, such as those of `openssl rand -hex 32`")
        return value


class ThumbnailSettings(SettingsPart):
    """Where thumbnails are kept; without a store none are made.

    `store` is `file:///folder` or `s3://bucket/prefix`, with the credentials of AWS's own variables. A URL that the API
    gives is valid for `url_valid_s` at the least. What waits to be written has at most `queue_bytes`.
    """

    store: str = Field("", pattern=r"^((file://|s3://[^/]).+)?$", validation_alias="MEDIASIEVE_THUMBNAILS")
    url_valid_s: int = Field(43_200, ge=60, le=30 * 86_400, validation_alias="MEDIASIEVE_THUMBNAIL_URL_S")
    queue_bytes: int = Field(64 << 20, ge=1 << 20, validation_alias="MEDIASIEVE_THUMBNAIL_QUEUE_BYTES")


class CacheSettings(SettingsPart):
    """How long the API keeps answers, in seconds; 0 keeps none of that kind. `address` is a Redis or Valkey that all
    processes share, such as `redis://:password@host:6379/0`; without it each keeps its own, up to `memory_bytes`.

    A call to the shared store takes `timeout_s` at most. Search answers may miss what came in the last
    `search_recent_s`; whatever they tell of is as it is decided now.
    """

    address: SecretStr = Field(SecretStr(""), validation_alias="MEDIASIEVE_CACHE")
    memory_bytes: int = Field(64 << 20, ge=1 << 20, validation_alias="MEDIASIEVE_CACHE_MEMORY_BYTES")
    timeout_s: float = Field(0.1, gt=0, le=5, validation_alias="MEDIASIEVE_CACHE_TIMEOUT_S")
    media_s: float = Field(3600.0, ge=0, validation_alias="MEDIASIEVE_CACHE_MEDIA_S")
    search_s: float = Field(1800.0, ge=0, validation_alias="MEDIASIEVE_CACHE_SEARCH_S")
    search_recent_s: float = Field(15.0, ge=0, validation_alias="MEDIASIEVE_CACHE_SEARCH_RECENT_S")
    statistics_s: float = Field(15.0, ge=0, validation_alias="MEDIASIEVE_CACHE_STATISTICS_S")
    groups_s: float = Field(5.0, ge=0, validation_alias="MEDIASIEVE_CACHE_GROUPS_S")

    @field_validator("address")
    @classmethod
    def _known_scheme(cls, value: SecretStr) -> SecretStr:
        scheme, found, _ = value.get_secret_value().partition("://")
        if scheme and not (found and scheme in ("redis", "rediss", "unix", "valkey", "valkeys")):
            raise ValueError("give redis://host:6379/0, rediss://… for TLS, or unix:///path")
        return value
