"""The settings of a worker: its folders, how much it does at once, and what one medium may take."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from streams.config.parts.settings_part import CommaList, OptionalPath, SettingsPart


class PathSettings(SettingsPart):
    data_dir: Path = Field(Path(".mediasieve"), validation_alias="MEDIASIEVE_DATA_DIR")
    policy_file: OptionalPath = Field(None, validation_alias="MEDIASIEVE_POLICY_FILE")
    moderation_file: OptionalPath = Field(None, validation_alias="MEDIASIEVE_MODERATION_FILE")


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
