"""Settings of one process: from `MEDIASIEVE_*` variables, a `.env` file or a directory of secret files.

Thresholds and other rules about media are policy, not settings: `policy_file` names the file that has them.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from streams.errors import ConfigurationError

CommaList = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """Every field is a variable: `broker` is `MEDIASIEVE_BROKER`. Lists are comma-separated."""

    model_config = SettingsConfigDict(env_prefix="MEDIASIEVE_", env_file=".env", extra="ignore", frozen=True)

    # where things are
    data_dir: Path = Path(".mediasieve")
    broker: str = "127.0.0.1:9092"
    clickhouse: str = "http://127.0.0.1:8123"
    clickhouse_user: str = "default"
    clickhouse_password: SecretStr = SecretStr("")
    clickhouse_database: str = "mediasieve"
    http: str = "127.0.0.1:6066"

    # Kafka
    broker_security: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = "plaintext"
    broker_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    broker_user: str = ""
    broker_password: SecretStr = SecretStr("")
    broker_ca_file: Path | None = None
    topic_prefix: str = Field(default="", pattern=r"^[a-zA-Z0-9._-]{0,100}$")
    group_prefix: str = Field(default="mediasieve", pattern=r"^[a-zA-Z0-9._-]{1,100}$")
    replication: int | None = Field(default=None, ge=1)
    min_insync_replicas: int | None = Field(default=None, ge=1)

    # one worker
    worker_id: str = Field(default_factory=socket.gethostname, min_length=1)
    session_timeout_s: float = Field(default=6.0, ge=1)
    heartbeat_s: float = Field(default=1.0, gt=0)
    rebalance_timeout_s: float = Field(default=20.0, ge=1)
    commit_interval_s: float = Field(default=0.5, gt=0)
    drain_timeout_s: float = Field(default=3.0, ge=0)
    watchdog_s: float = Field(default=60.0, ge=5)
    batch_records: int = Field(default=500, ge=1)
    linger_ms: float = Field(default=2.0, ge=0)
    fetch_concurrency: int = Field(default=512, ge=1)
    decode_threads: int = Field(default=2, ge=1)
    video_threads: int = Field(default=4, ge=1)
    in_flight_bytes: int = Field(default=256 << 20, ge=1 << 20)
    fingerprint_cache_entries: int = Field(default=100_000, ge=0)

    # media
    policy_file: Path | None = None
    source_timeout_s: float = Field(default=20.0, gt=0)
    source_max_bytes: int = Field(default=64 << 20, ge=1024)
    source_max_redirects: int = Field(default=5, ge=0)
    source_allow: CommaList = ()
    file_roots: CommaList = ()
    max_pixels: int = Field(default=120_000_000, ge=1)
    decode_timeout_s: float = Field(default=20.0, gt=0)

    # videos, of which only parts are read where their source allows it
    video_max_bytes: int = Field(default=16 << 30, ge=1024)
    video_spool_max_bytes: int = Field(default=1 << 30, ge=1024)
    video_timeout_s: float = Field(default=300.0, gt=0)
    video_decode_timeout_s: float = Field(default=300.0, gt=0)

    # rows
    sink_rows: int = Field(default=5_000, ge=1)
    sink_bytes: int = Field(default=8 << 20, ge=1024)
    sink_age_s: float = Field(default=1.0, gt=0)

    @field_validator("source_allow", "file_roots", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("policy_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("source_allow")
    @classmethod
    def _networks_or_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if "/" in entry:
                ipaddress.ip_network(entry)
        return value


def load_settings(**overrides: object) -> Settings:
    """Settings from the surroundings, `overrides` first; files named as fields under MEDIASIEVE_SECRETS_DIR count.

    Raises:
        ConfigurationError: names the variable that is wrong.
    """
    secrets = os.environ.get("MEDIASIEVE_SECRETS_DIR")
    try:
        return Settings(_secrets_dir=secrets, **overrides)  # type: ignore[call-arg, arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"][:1]).upper()
        raise ConfigurationError(f"MEDIASIEVE_{name}: {first['msg']}") from error
