"""Settings: variables and defaults, precedence of sources, and errors that name the variable."""

from __future__ import annotations

import socket
from dataclasses import fields
from operator import attrgetter
from pathlib import Path

import pytest
from pydantic import SecretStr

from streams.config.settings import load_settings
from streams.errors import ConfigurationError


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in os.environ:
        if name.startswith("MEDIASIEVE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


VARIABLES = [
    ("MEDIASIEVE_PICTURE_MODEL", "picture_model.model", ""),
    ("MEDIASIEVE_PICTURE_MODEL_OUTPUT", "picture_model.output", ""),
    ("MEDIASIEVE_PICTURE_MODEL_SIDE", "picture_model.side", 224),
    ("MEDIASIEVE_PICTURE_MODEL_FIT", "picture_model.fit", "stretch"),
    ("MEDIASIEVE_PICTURE_MODEL_CHANNELS", "picture_model.channels", "rgb"),
    ("MEDIASIEVE_PICTURE_MODEL_SCALE", "picture_model.scale", 1 / 255),
    ("MEDIASIEVE_PICTURE_MODEL_MEAN", "picture_model.mean", (0.485, 0.456, 0.406)),
    ("MEDIASIEVE_PICTURE_MODEL_STD", "picture_model.std", (0.229, 0.224, 0.225)),
    ("MEDIASIEVE_PICTURE_MODEL_THREADS", "picture_model.threads", 1),
    ("MEDIASIEVE_PICTURE_MODEL_TIMEOUT_S", "picture_model.timeout_s", 10.0),
    ("MEDIASIEVE_MODERATION_FILE", "paths.moderation_file", None),
    ("MEDIASIEVE_THUMBNAILS", "thumbnails.store", ""),
    ("MEDIASIEVE_THUMBNAIL_URL_S", "thumbnails.url_valid_s", 43_200),
    ("MEDIASIEVE_THUMBNAIL_QUEUE_BYTES", "thumbnails.queue_bytes", 64 << 20),
    ("MEDIASIEVE_CACHE", "cache.address", SecretStr("")),
    ("MEDIASIEVE_CACHE_MEMORY_BYTES", "cache.memory_bytes", 64 << 20),
    ("MEDIASIEVE_CACHE_TIMEOUT_S", "cache.timeout_s", 0.1),
    ("MEDIASIEVE_CACHE_MEDIA_S", "cache.media_s", 3600.0),
    ("MEDIASIEVE_CACHE_SEARCH_S", "cache.search_s", 1800.0),
    ("MEDIASIEVE_CACHE_SEARCH_RECENT_S", "cache.search_recent_s", 15.0),
    ("MEDIASIEVE_CACHE_STATISTICS_S", "cache.statistics_s", 15.0),
    ("MEDIASIEVE_CACHE_GROUPS_S", "cache.groups_s", 5.0),
    ("MEDIASIEVE_API", "api.address", "127.0.0.1:8080"),
    ("MEDIASIEVE_API_KEYS", "api.key_file", None),
    ("MEDIASIEVE_API_RATE", "api.rate_limit", "6000/minute"),
    ("MEDIASIEVE_API_CORS", "api.cors_origins", ()),
    ("MEDIASIEVE_API_SECRET", "api.secret", SecretStr("")),
    ("MEDIASIEVE_CALLBACK_SECRET", "api.callback_secret", SecretStr("")),
    ("MEDIASIEVE_CALLBACK_URL", "api.callback_url", ""),
    ("MEDIASIEVE_API_UPLOAD_BYTES", "api.max_upload_bytes", 256 << 20),
    ("MEDIASIEVE_API_BODY_TIMEOUT_S", "api.body_timeout_s", 60.0),
    ("MEDIASIEVE_API_QUERY_THREADS", "api.query_threads", 8),
    ("MEDIASIEVE_API_WAITERS", "api.max_waiters", 10_000),
    ("MEDIASIEVE_API_SUBSCRIBERS", "api.max_subscribers", 256),
    ("MEDIASIEVE_DATA_DIR", "paths.data_dir", Path(".mediasieve")),
    ("MEDIASIEVE_POLICY_FILE", "paths.policy_file", None),
    ("MEDIASIEVE_BROKER", "kafka.bootstrap_servers", "127.0.0.1:9092"),
    ("MEDIASIEVE_BROKER_SECURITY", "kafka.security_protocol", "plaintext"),
    ("MEDIASIEVE_BROKER_SASL_MECHANISM", "kafka.sasl_mechanism", "PLAIN"),
    ("MEDIASIEVE_BROKER_USER", "kafka.username", ""),
    ("MEDIASIEVE_BROKER_PASSWORD", "kafka.password", SecretStr("")),
    ("MEDIASIEVE_BROKER_CA_FILE", "kafka.ca_file", None),
    ("MEDIASIEVE_BROKER_CERT_FILE", "kafka.cert_file", None),
    ("MEDIASIEVE_BROKER_KEY_FILE", "kafka.key_file", None),
    ("MEDIASIEVE_BROKER_KEY_PASSWORD", "kafka.key_password", SecretStr("")),
    ("MEDIASIEVE_TOPIC_PREFIX", "kafka.topic_prefix", ""),
    ("MEDIASIEVE_GROUP_PREFIX", "kafka.group_prefix", "mediasieve"),
    ("MEDIASIEVE_REPLICATION", "kafka.replication_factor", None),
    ("MEDIASIEVE_MIN_INSYNC_REPLICAS", "kafka.min_insync_replicas", None),
    ("MEDIASIEVE_SESSION_TIMEOUT_S", "kafka.session_timeout_s", 6.0),
    ("MEDIASIEVE_HEARTBEAT_S", "kafka.heartbeat_interval_s", 1.0),
    ("MEDIASIEVE_REBALANCE_TIMEOUT_S", "kafka.rebalance_timeout_s", 20.0),
    ("MEDIASIEVE_COMMIT_INTERVAL_S", "kafka.commit_interval_s", 0.5),
    ("MEDIASIEVE_LINGER_MS", "kafka.linger_ms", 2.0),
    ("MEDIASIEVE_CLICKHOUSE", "clickhouse.url", "http://127.0.0.1:8123"),
    ("MEDIASIEVE_CLICKHOUSE_USER", "clickhouse.username", "default"),
    ("MEDIASIEVE_CLICKHOUSE_PASSWORD", "clickhouse.password", SecretStr("")),
    ("MEDIASIEVE_CLICKHOUSE_DATABASE", "clickhouse.database", "mediasieve"),
    ("MEDIASIEVE_CLICKHOUSE_CA_FILE", "clickhouse.ca_file", None),
    ("MEDIASIEVE_CLICKHOUSE_CERT_FILE", "clickhouse.cert_file", None),
    ("MEDIASIEVE_CLICKHOUSE_KEY_FILE", "clickhouse.key_file", None),
    ("MEDIASIEVE_SINK_ROWS", "clickhouse.max_insert_rows", 5_000),
    ("MEDIASIEVE_SINK_BYTES", "clickhouse.max_insert_bytes", 8 << 20),
    ("MEDIASIEVE_SINK_AGE_S", "clickhouse.max_insert_age_s", 1.0),
    ("MEDIASIEVE_WORKER_ID", "runtime.worker_id", socket.gethostname()),
    ("MEDIASIEVE_HTTP", "runtime.http_address", "127.0.0.1:6066"),
    ("MEDIASIEVE_DRAIN_TIMEOUT_S", "runtime.drain_timeout_s", 3.0),
    ("MEDIASIEVE_WATCHDOG_S", "runtime.watchdog_timeout_s", 60.0),
    ("MEDIASIEVE_BATCH_RECORDS", "runtime.max_batch_records", 500),
    ("MEDIASIEVE_IN_FLIGHT_BYTES", "runtime.max_in_flight_bytes", 192 << 20),
    ("MEDIASIEVE_FETCH_CONCURRENCY", "runtime.fetch_concurrency", 512),
    ("MEDIASIEVE_DECODE_THREADS", "runtime.decode_threads", 2),
    ("MEDIASIEVE_BULK_WINDOW", "runtime.bulk_window", 48),
    ("MEDIASIEVE_VIDEO_THREADS", "runtime.video_threads", 4),
    ("MEDIASIEVE_DECODERS", "runtime.decoders", "processes"),
    ("MEDIASIEVE_ANSWER_DAYS", "runtime.answer_days", 38.0),
    ("MEDIASIEVE_FINGERPRINT_CACHE_ENTRIES", "runtime.fingerprint_cache_entries", 100_000),
    ("MEDIASIEVE_SOURCE_TIMEOUT_S", "source.timeout_s", 20.0),
    ("MEDIASIEVE_SOURCE_MAX_BYTES", "source.max_bytes", 64 << 20),
    ("MEDIASIEVE_SOURCE_MAX_REDIRECTS", "source.max_redirects", 5),
    ("MEDIASIEVE_SOURCE_ALLOW", "source.allow_list", ()),
    ("MEDIASIEVE_FILE_ROOTS", "source.file_roots", ()),
    ("MEDIASIEVE_VIDEO_TIMEOUT_S", "source.video_timeout_s", 300.0),
    ("MEDIASIEVE_VIDEO_MAX_BYTES", "source.max_video_bytes", 16 << 30),
    ("MEDIASIEVE_VIDEO_SPOOL_MAX_BYTES", "source.max_download_bytes", 1 << 30),
    ("MEDIASIEVE_MAX_PIXELS", "limits.max_pixels", 120_000_000),
    ("MEDIASIEVE_DECODE_TIMEOUT_S", "limits.decode_timeout_s", 20.0),
    ("MEDIASIEVE_VIDEO_DECODE_TIMEOUT_S", "limits.video_decode_timeout_s", 300.0),
]


@pytest.mark.parametrize(("variable", "place", "default"), VARIABLES)
def test_every_variable_has_its_default_in_its_part(variable: str, place: str, default: object) -> None:
    assert attrgetter(place)(load_settings()) == default


def test_all_variables_are_listed_here() -> None:
    settings = load_settings()
    found = {
        (field.validation_alias, f"{part.name}.{name}")
        for part in fields(settings)
        for name, field in type(getattr(settings, part.name)).model_fields.items()
    }
    assert found == {(variable, place) for variable, place, _ in VARIABLES}


def test_everything_has_a_default() -> None:
    settings = load_settings()

    assert settings.kafka.bootstrap_servers == "127.0.0.1:9092"
    assert settings.given == set()


def test_overrides_win_over_environment_over_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MEDIASIEVE_BROKER=file:1\nMEDIASIEVE_CLICKHOUSE=http://file:1\nOTHER=1\n")
    monkeypatch.setenv("MEDIASIEVE_CLICKHOUSE", "http://environment:1")

    settings = load_settings(worker_id="7")

    assert (settings.kafka.bootstrap_servers, settings.clickhouse.url, settings.runtime.worker_id) == (
        "file:1",
        "http://environment:1",
        "7",
    )
    assert load_settings(clickhouse="http://given:1").clickhouse.url == "http://given:1"


def test_an_empty_policy_file_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIASIEVE_POLICY_FILE", "")
    assert load_settings().paths.policy_file is None
    monkeypatch.setenv("MEDIASIEVE_POLICY_FILE", "policies.yaml")
    assert load_settings().paths.policy_file == Path("policies.yaml")


def test_secrets_may_be_files_and_are_not_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "MEDIASIEVE_BROKER_PASSWORD").write_text("hush")
    monkeypatch.setenv("MEDIASIEVE_SECRETS_DIR", str(secrets))

    settings = load_settings()

    assert settings.kafka.password.get_secret_value() == "hush"
    assert "hush" not in repr(settings)


def test_lists_are_comma_separated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIASIEVE_FILE_ROOTS", "/a, /b ,")
    monkeypatch.setenv("MEDIASIEVE_SOURCE_ALLOW", "10.0.0.0/8,media.internal")

    settings = load_settings()

    assert settings.source.file_roots == ("/a", "/b")
    assert settings.source.allow_list == ("10.0.0.0/8", "media.internal")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MEDIASIEVE_BATCH_RECORDS", "0"),
        ("MEDIASIEVE_SESSION_TIMEOUT_S", "soon"),
        ("MEDIASIEVE_BROKER_SECURITY", "rot13"),
        ("MEDIASIEVE_SOURCE_ALLOW", "10.0.0.0/33"),
        ("MEDIASIEVE_TOPIC_PREFIX", "two words"),
        ("MEDIASIEVE_REPLICATION", "0"),
    ],
)
def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match=name):
        load_settings()


def test_a_child_process_gets_the_same_settings_as_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(file_roots="/a, /b", broker_password="hush", data_dir="data").with_values(worker_id="7")

    variables = settings.environment("file_roots", "broker_password", "data_dir", "worker_id")

    assert variables["MEDIASIEVE_FILE_ROOTS"] == "/a,/b"
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings


@pytest.mark.parametrize("name", ["KAFKA", "RUNTIME", "SOURCE", "LIMITS", "URL", "MEDIASIEVE_KAFKA", "MEDIASIEVE_URL"])
def test_names_of_parts_and_fields_are_no_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    (tmp_path / ".env").write_text(f"{name}=unrelated\n")
    monkeypatch.setenv(name, "unrelated")

    assert load_settings().given == set()
