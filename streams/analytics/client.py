"""A clickhouse-connect client from the settings, and what its failures mean for whoever runs mediasieve.

One path for the embedded engine and for a server: ClickHouse's HTTP protocol. What is asked stands in the other files.
"""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import SplitResult, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError

from streams.config.settings import Settings
from streams.errors import ConfigurationError, SinkError

CONNECT_TIMEOUT_S = 5
ANSWER_TIMEOUT_S = 60
UNKNOWN_TABLE, UNKNOWN_DATABASE = 60, 81
#: What to do about ClickHouse's error codes.
ADVICE: Final = {
    UNKNOWN_TABLE: "Run: mediasieve clickhouse migrate",
    UNKNOWN_DATABASE: "Run: mediasieve clickhouse migrate",
    192: "Check MEDIASIEVE_CLICKHOUSE_USER and MEDIASIEVE_CLICKHOUSE_PASSWORD.",
    193: "Check MEDIASIEVE_CLICKHOUSE_USER and MEDIASIEVE_CLICKHOUSE_PASSWORD.",
    194: "Check MEDIASIEVE_CLICKHOUSE_USER and MEDIASIEVE_CLICKHOUSE_PASSWORD.",
    516: "Check MEDIASIEVE_CLICKHOUSE_USER and MEDIASIEVE_CLICKHOUSE_PASSWORD.",
    241: "ClickHouse is out of memory: give it more, or lower MEDIASIEVE_SINK_ROWS.",
    243: "ClickHouse's disk is full.",
    252: "ClickHouse has too many parts to merge: raise MEDIASIEVE_SINK_AGE_S and MEDIASIEVE_SINK_ROWS.",
    497: "Grant the user of MEDIASIEVE_CLICKHOUSE_USER what the message names.",
}

# What goes wrong is raised; the library would also write it to standard error.
logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)


class RefusedError(SinkError):
    """ClickHouse answered with an error; `code` is its own."""

    def __init__(self, message: str, code: int | None) -> None:
        super().__init__(message)
        self.code = code


def connect(settings: Settings, *, database: str | None = None) -> Client:
    """A client without a session, so that it may be used from several threads.

    Args:
        database: None for the one of the settings, empty for the server's default.

    Raises:
        ConfigurationError: MEDIASIEVE_CLICKHOUSE is no address of this kind.
        SinkError: ClickHouse does not answer or refuses; says what to do.
    """
    where = _address(settings)
    name = settings.clickhouse.database if database is None else database
    with translate_errors(settings):
        return clickhouse_connect.get_client(
            interface=where.scheme,
            host=where.hostname or "",
            port=where.port or (8443 if where.scheme == "https" else 8123),
            username=settings.clickhouse.username,
            password=settings.clickhouse.password.get_secret_value(),
            database=name or "default",
            compress=False if _is_loopback(where.hostname or "") else "lz4",
            connect_timeout=CONNECT_TIMEOUT_S,
            send_receive_timeout=ANSWER_TIMEOUT_S,
            client_name="mediasieve",
            autogenerate_session_id=False,
            tz_mode="aware",
            proxy_path=where.path.strip("/"),
        )


@contextmanager
def translate_errors(settings: Settings) -> Iterator[None]:
    """Turn what clickhouse-connect raises inside into SinkError."""
    try:
        yield
    except ClickHouseError as error:
        code = getattr(error, "code", None)
        if code is None and isinstance(error, OperationalError):
            raise SinkError(_away(settings, error)) from error
        said = _own_words(str(error))
        advice = ADVICE.get(code or 0, "")
        raise RefusedError(f"ClickHouse at {settings.clickhouse.url} refuses: {said} {advice}".strip(), code) from error
    except OSError as error:
        raise SinkError(_away(settings, error)) from error


def _own_words(message: str) -> str:
    """What ClickHouse itself said, without what the library puts around it."""
    found = re.search(r"Code: \d+\. DB::Exception: .*?(?= In scope | \(version |$)", " ".join(message.split()))
    return (found[0] if found else message)[:600]


def _away(settings: Settings, error: Exception) -> str:
    cause = error.__cause__ or error
    reason = getattr(cause, "reason", None) or cause
    said = " ".join(str(reason).split()).split(": ")[-1][:200]
    return (
        f"ClickHouse at {settings.clickhouse.url} does not answer ({said}). Start one with `mediasieve up`, "
        "or say where it is with MEDIASIEVE_CLICKHOUSE."
    )


def _address(settings: Settings) -> SplitResult:
    where = urlsplit(settings.clickhouse.url)
    if "@" in where.netloc:
        raise ConfigurationError(
            "MEDIASIEVE_CLICKHOUSE must not hold user and password; they go into MEDIASIEVE_CLICKHOUSE_USER and "
            "MEDIASIEVE_CLICKHOUSE_PASSWORD."
        )
    try:
        usable = where.scheme in ("http", "https") and bool(where.hostname) and where.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(
            f"MEDIASIEVE_CLICKHOUSE must look like http://127.0.0.1:8123 or https://host:8443, "
            f"not {settings.clickhouse.url!r}."
        )
    return where


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
