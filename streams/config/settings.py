"""The settings of one process, by part. Sources: `MEDIASIEVE_*` variables, a `.env` file, a directory of secret files.

Thresholds and other rules about media are policy, not settings: `paths.policy_file` names the file with the policies.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator

from streams.config.picture_model import PictureModelSettings
from streams.config.settings_part import PREFIX, CommaList, SettingsPart
from streams.errors import ConfigurationError

MIN_SECRET_CHARS = 16


class PathSettings(SettingsPart):
    data_dir: Path = Field(Path(".mediasieve"), validation_alias="MEDIASIEVE_DATA_DIR")
    policy_file: Path | None = Field(None, validation_alias="MEDIASIEVE_POLICY_FILE")
    moderation_file: Path | None = Field(None, validation_alias="MEDIASIEVE_MODERATION_FILE")

    @field_validator("policy_file", "moderation_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value


class KafkaSettings(SettingsPart):
    """The broker, and how to sign in: with a password (sasl_…), or with the certificate `cert_file` and its key (ssl).

    `ca_file` holds the authorities of the broker's certificate; without one, those of the system are trusted.
    """

    bootstrap_servers: str = Field("127.0.0.1:9092", validation_alias="MEDIASIEVE_BROKER")
    security_protocol: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = Field(
        "plaintext", validation_alias="MEDIASIEVE_BROKER_SECURITY"
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "PLAIN", validation_alias="MEDIASIEVE_BROKER_SASL_MECHANISM"
    )
    username: str = Field("", validation_alias="MEDIASIEVE_BROKER_USER")
    password: SecretStr = Field(SecretStr(""), validation_alias="MEDIASIEVE_BROKER_PASSWORD")
    ca_file: Path | None = Field(None, validation_alias="MEDIASIEVE_BROKER_CA_FILE")
    cert_file: Path | None = Field(None, validation_alias="MEDIASIEVE_BROKER_CERT_FILE")
    key_file: Path | None = Field(None, validation_alias="MEDIASIEVE_BROKER_KEY_FILE")
    key_password: SecretStr = Field(SecretStr(""), validation_alias="MEDIASIEVE_BROKER_KEY_PASSWORD")
    topic_prefix: str = Field("", pattern=r"^[a-zA-Z0-9._-]{0,100}$", validation_alias="MEDIASIEVE_TOPIC_PREFIX")
    group_prefix: str = Field(
        "mediasieve", pattern=r"^[a-zA-Z0-9._-]{1,100}$", validation_alias="MEDIASIEVE_GROUP_PREFIX"
    )
    replication_factor: int | None = Field(None, ge=1, validation_alias="MEDIASIEVE_REPLICATION")
    min_insync_replicas: int | None = Field(None, ge=1, validation_alias="MEDIASIEVE_MIN_INSYNC_REPLICAS")
    session_timeout_s: float = Field(6.0, ge=1, validation_alias="MEDIASIEVE_SESSION_TIMEOUT_S")
    heartbeat_interval_s: float = Field(1.0, gt=0, validation_alias="MEDIASIEVE_HEARTBEAT_S")
    rebalance_timeout_s: float = Field(20.0, ge=1, validation_alias="MEDIASIEVE_REBALANCE_TIMEOUT_S")
    commit_interval_s: float = Field(0.5, gt=0, validation_alias="MEDIASIEVE_COMMIT_INTERVAL_S")
    linger_ms: float = Field(2.0, ge=0, validation_alias="MEDIASIEVE_LINGER_MS")

    @field_validator("ca_file", "cert_file", "key_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value


class ClickHouseSettings(SettingsPart):
    """One insert has at most `max_insert_rows` and `max_insert_bytes`, and waits at most `max_insert_age_s`.

    With an https address: `ca_file` holds the authorities of the server's certificate (else those of the system),
    `cert_file` and `key_file` the certificate that this client shows, if the server asks for one.
    """

    url: str = Field("http://127.0.0.1:8123", validation_alias="MEDIASIEVE_CLICKHOUSE")
    username: str = Field("default", validation_alias="MEDIASIEVE_CLICKHOUSE_USER")
    password: SecretStr = Field(SecretStr(""), validation_alias="MEDIASIEVE_CLICKHOUSE_PASSWORD")
    database: str = Field("mediasieve", validation_alias="MEDIASIEVE_CLICKHOUSE_DATABASE")
    ca_file: Path | None = Field(None, validation_alias="MEDIASIEVE_CLICKHOUSE_CA_FILE")
    cert_file: Path | None = Field(None, validation_alias="MEDIASIEVE_CLICKHOUSE_CERT_FILE")
    key_file: Path | None = Field(None, validation_alias="MEDIASIEVE_CLICKHOUSE_KEY_FILE")
    max_insert_rows: int = Field(5_000, ge=1, validation_alias="MEDIASIEVE_SINK_ROWS")
    max_insert_bytes: int = Field(8 << 20, ge=1024, validation_alias="MEDIASIEVE_SINK_BYTES")
    max_insert_age_s: float = Field(1.0, gt=0, validation_alias="MEDIASIEVE_SINK_AGE_S")

    @field_validator("ca_file", "cert_file", "key_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value


class RuntimeSettings(SettingsPart):
    """One worker: its name, its HTTP address, and how much it does at once."""

    worker_id: str = Field(default_factory=socket.gethostname, min_length=1, validation_alias="MEDIASIEVE_WORKER_ID")
    http_address: str = Field("127.0.0.1:6066", validation_alias="MEDIASIEVE_HTTP")
    drain_timeout_s: float = Field(3.0, ge=0, validation_alias="MEDIASIEVE_DRAIN_TIMEOUT_S")
    watchdog_timeout_s: float = Field(60.0, ge=5, validation_alias="MEDIASIEVE_WATCHDOG_S")
    max_batch_records: int = Field(500, ge=1, validation_alias="MEDIASIEVE_BATCH_RECORDS")
    max_in_flight_bytes: int = Field(192 << 20, ge=1 << 20, validation_alias="MEDIASIEVE_IN_FLIGHT_BYTES")
    fetch_concurrency: int = Field(512, ge=1, validation_alias="MEDIASIEVE_FETCH_CONCURRENCY")
    decoders: Literal["processes", "threads"] = Field("processes", validation_alias="MEDIASIEVE_DECODERS")
    decode_threads: int = Field(2, ge=1, validation_alias="MEDIASIEVE_DECODE_THREADS")
    bulk_window: int = Field(48, ge=1, validation_alias="MEDIASIEVE_BULK_WINDOW")
    video_threads: int = Field(4, ge=1, validation_alias="MEDIASIEVE_VIDEO_THREADS")
    answer_days: float = Field(38.0, gt=0, validation_alias="MEDIASIEVE_ANSWER_DAYS")
    fingerprint_cache_entries: int = Field(100_000, ge=0, validation_alias="MEDIASIEVE_FINGERPRINT_CACHE_ENTRIES")


class SourceSettings(SettingsPart):
    """From where media are fetched, and within which limits.

    Videos are read in parts where the source allows it. `max_download_bytes` bounds the videos that must be downloaded.
    """

    timeout_s: float = Field(20.0, gt=0, validation_alias="MEDIASIEVE_SOURCE_TIMEOUT_S")
    max_bytes: int = Field(64 << 20, ge=1024, validation_alias="MEDIASIEVE_SOURCE_MAX_BYTES")
    max_redirects: int = Field(5, ge=0, validation_alias="MEDIASIEVE_SOURCE_MAX_REDIRECTS")
    allow_list: CommaList = Field((), validation_alias="MEDIASIEVE_SOURCE_ALLOW")
    file_roots: CommaList = Field((), validation_alias="MEDIASIEVE_FILE_ROOTS")
    video_timeout_s: float = Field(300.0, gt=0, validation_alias="MEDIASIEVE_VIDEO_TIMEOUT_S")
    max_video_bytes: int = Field(16 << 30, ge=1024, validation_alias="MEDIASIEVE_VIDEO_MAX_BYTES")
    max_download_bytes: int = Field(1 << 30, ge=1024, validation_alias="MEDIASIEVE_VIDEO_SPOOL_MAX_BYTES")

    @field_validator("allow_list", "file_roots", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("allow_list")
    @classmethod
    def _networks_or_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if "/" in entry:
                ipaddress.ip_network(entry)
        return value


class LimitSettings(SettingsPart):
    """What decoding one medium may take."""

    max_pixels: int = Field(120_000_000, ge=1, validation_alias="MEDIASIEVE_MAX_PIXELS")
    decode_timeout_s: float = Field(20.0, gt=0, validation_alias="MEDIASIEVE_DECODE_TIMEOUT_S")
    video_decode_timeout_s: float = Field(300.0, gt=0, validation_alias="MEDIASIEVE_VIDEO_DECODE_TIMEOUT_S")


class ApiSettings(SettingsPart):
    """The HTTP API: where it listens, who may ask, and what one process holds at once.

    `address` is `host:port`. `rate_limit` is for keys without one of their own, such as `100/second`; empty for none.
    `secret` signs cursors; all processes that serve one address need the same. `callback_secret` signs the addresses
    at which moderators call back, and `callback_url` is the API as moderators reach it; the workers of the moderate
    stage need both.
    """

    address: str = Field("127.0.0.1:8080", validation_alias="MEDIASIEVE_API")
    key_file: Path | None = Field(None, validation_alias="MEDIASIEVE_API_KEYS")
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

    @field_validator("key_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("callback_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if value and len(value.get_secret_value()) < MIN_SECRET_CHARS:
            raise ValueError(f"needs {MIN_SECRET_CHARS} characters or more, such as those of `openssl rand -hex 32`")
        return value

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
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


_PARTS: dict[str, type[SettingsPart]] = {
    "paths": PathSettings,
    "kafka": KafkaSettings,
    "clickhouse": ClickHouseSettings,
    "runtime": RuntimeSettings,
    "source": SourceSettings,
    "limits": LimitSettings,
    "api": ApiSettings,
    "thumbnails": ThumbnailSettings,
    "cache": CacheSettings,
    "picture_model": PictureModelSettings,
}
#: Where the value of a variable is: the short name of the variable, to the part and its field.
_PLACES = {
    str(field.validation_alias).removeprefix(PREFIX).lower(): (part, name)
    for part, model in _PARTS.items()
    for name, field in model.model_fields.items()
}


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, by part. Methods take and give short names of variables: `broker` for `MEDIASIEVE_BROKER`."""

    paths: PathSettings
    kafka: KafkaSettings
    clickhouse: ClickHouseSettings
    runtime: RuntimeSettings
    source: SourceSettings
    limits: LimitSettings
    api: ApiSettings
    thumbnails: ThumbnailSettings
    cache: CacheSettings
    picture_model: PictureModelSettings

    @property
    def given(self) -> frozenset[str]:
        """The variables that have been set, even to their default."""
        fields_set = {part: getattr(self, part).model_fields_set for part in _PARTS}
        return frozenset(name for name, (part, field) in _PLACES.items() if field in fields_set[part])

    def with_values(self, **values: object) -> Settings:
        """A copy with other values for these variables. The values are not validated."""
        changes: dict[str, dict[str, object]] = {}
        for name, value in values.items():
            part, field = _PLACES[name]
            changes.setdefault(part, {})[field] = value
        return replace(self, **{part: getattr(self, part).model_copy(update=new) for part, new in changes.items()})

    def environment(self, *names: str) -> dict[str, str]:
        """These variables with their values, for a child process."""
        values = {name: getattr(getattr(self, _PLACES[name][0]), _PLACES[name][1]) for name in names}
        return {PREFIX + name.upper(): _as_text(value) for name, value in values.items()}


def _as_text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment, the `.env` file and the files in MEDIASIEVE_SECRETS_DIR, named as variables.

    Args:
        overrides: values by the short names of variables. They win over the environment, which wins over files.

    Raises:
        ConfigurationError: names the variable that is wrong.
    """
    values: dict[str, dict[str, Any]] = {part: {} for part in _PARTS}
    for name, value in overrides.items():
        values[_PLACES[name][0]][PREFIX + name.upper()] = value
    secrets = os.environ.get("MEDIASIEVE_SECRETS_DIR")
    try:
        parts: dict[str, Any] = {
            name: part(_secrets_dir=secrets, **values[name])  # type: ignore[call-arg]
            for name, part in _PARTS.items()
        }
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigurationError(f"{first['loc'][0]}: {first['msg']}") from error
    return Settings(**parts)
