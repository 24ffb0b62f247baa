"""Connections to ClickHouse, and advice for the errors it answers with.

The embedded engine and a ClickHouse server speak the same HTTP protocol, so one client serves both. Only commands,
stages and tests connect; everything below them takes a connected client. The questions are in queries/.
"""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import clickhouse_connect
from clickhouse_connect.driver import options
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError
from urllib3 import Timeout

from streams.config.settings import Settings
from streams.errors import AnalyticsError, ConfigurationError

CONNECT_TIMEOUT_S = 5
ANSWER_TIMEOUT_S = 60
MAX_MESSAGE_CHARS = 600
MAX_CAUSE_CHARS = 200
UNKNOWN_COLUMN, UNKNOWN_TABLE, UNKNOWN_DATABASE = 47, 60, 81
#: What to do about ClickHouse's error codes.
ADVICE: Final = {
    UNKNOWN_COLUMN: "Run: mediasieve clickhouse migrate",
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

# At its first insert, the library imports pandas and Arrow if they are installed, which takes a second and 70 MB. Rows
# here are lists: to the library, neither is installed.
for _unused in ("pd", "pd_time_test", "arrow", "pl"):
    setattr(options, _unused, None)

# The library logs the errors that it raises; they would be shown twice.
logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)


class RefusedError(AnalyticsError):
    """ClickHouse answered with an error; `code` is ClickHouse's own."""

    def __init__(self, message: str, code: int | None) -> None:
        super().__init__(message)
        self.code = code


def connect(settings: Settings, *, database: str | None = None) -> Client:
    """A connected client. It keeps no session, so several threads may share it.

    Use it in a `with` block, which closes it.

    Args:
        database: None for the database of the settings, empty for the server's default database.

    Raises:
        ConfigurationError: MEDIASIEVE_CLICKHOUSE is not an HTTP address, or a file of certificates is missing.
        AnalyticsError: ClickHouse does not answer or refuses; the message says what to do.
    """
    address = _parse_address(settings.clickhouse.url)
    name = settings.clickhouse.database if database is None else database
    with translate_errors(settings.clickhouse.url):
        client = clickhouse_connect.get_client(
            interface=address.scheme,
            host=address.hostname or "",
            port=address.port or (8443 if address.scheme == "https" else 8123),
            username=settings.clickhouse.username,
            password=settings.clickhouse.password.get_secret_value(),
            database=name or "default",
            compress=False if _is_loopback(address.hostname or "") else "lz4",
            connect_timeout=CONNECT_TIMEOUT_S,
            send_receive_timeout=ANSWER_TIMEOUT_S,
            client_name="mediasieve",
            autogenerate_session_id=False,
            tz_mode="aware",
            proxy_path=address.path.strip("/"),
            **_tls(settings, address),
        )
    client.uri = settings.clickhouse.url  # error messages name the address as the user wrote it
    return client


def _tls(settings: Settings, address: SplitResult) -> dict[str, Any]:
    """What the library wants to know for an https address."""
    named = {
        "ca_cert": ("MEDIASIEVE_CLICKHOUSE_CA_FILE", settings.clickhouse.ca_file),
        "client_cert": ("MEDIASIEVE_CLICKHOUSE_CERT_FILE", settings.clickhouse.cert_file),
        "client_cert_key": ("MEDIASIEVE_CLICKHOUSE_KEY_FILE", settings.clickhouse.key_file),
    }
    given = {name: (variable, path) for name, (variable, path) in named.items() if path is not None}
    for variable, path in given.values():
        if address.scheme != "https":
            raise ConfigurationError(f"{variable} needs an https address in MEDIASIEVE_CLICKHOUSE.")
        if not path.is_file():
            raise ConfigurationError(f"{variable}: there is no file {path}.")
    found: dict[str, Any] = {name: str(path) for name, (_, path) in given.items()}
    if "client_cert" in found:  # by itself it stands for the password; with one, the server wants both
        found["tls_mode"] = "strict" if settings.clickhouse.password.get_secret_value() else "mutual"
    return found


@contextmanager
def patient(client: Client, timeout_s: float) -> Iterator[None]:
    """Wait so long for every answer of a client, in place of ANSWER_TIMEOUT_S."""
    http: Any = client
    before = http.timeout
    http.timeout = Timeout(connect=CONNECT_TIMEOUT_S, read=timeout_s)
    try:
        yield
    finally:
        http.timeout = before


@contextmanager
def translate_errors(address: str) -> Iterator[None]:
    """Turn the errors of clickhouse-connect into AnalyticsError.

    Args:
        address: of the ClickHouse that is asked, for the message; `uri` of a connected client.

    Raises:
        AnalyticsError: ClickHouse does not answer.
        RefusedError: ClickHouse answered with an error.
    """
    try:
        yield
    except ClickHouseError as error:
        code = getattr(error, "code", None)
        if code is None and isinstance(error, OperationalError):
            raise AnalyticsError(_unreachable(address, error)) from error
        message = _server_message(str(error))
        advice = ADVICE.get(code or 0, "")
        raise RefusedError(f"ClickHouse at {address} refuses: {message} {advice}".strip(), code) from error
    except OSError as error:
        raise AnalyticsError(_unreachable(address, error)) from error


def _server_message(message: str) -> str:
    """ClickHouse's own message, without the text that the library adds before and after it."""
    found = re.search(r"Code: \d+\. DB::Exception: .*?(?= In scope | \(version |$)", " ".join(message.split()))
    return (found[0] if found else message)[:MAX_MESSAGE_CHARS]


def _unreachable(address: str, error: Exception) -> str:
    cause = error.__cause__ or error
    reason = getattr(cause, "reason", None) or cause
    words = " ".join(str(reason).split()).split(": ")[-1][:MAX_CAUSE_CHARS]
    return (
        f"ClickHouse at {address} does not answer ({words}). Start one with `mediasieve up`, "
        "or say where it is with MEDIASIEVE_CLICKHOUSE."
    )


def _parse_address(address: str) -> SplitResult:
    parsed = urlsplit(address)
    if "@" in parsed.netloc:
        raise ConfigurationError(
            "MEDIASIEVE_CLICKHOUSE must not hold user and password; they go into MEDIASIEVE_CLICKHOUSE_USER and "
            "MEDIASIEVE_CLICKHOUSE_PASSWORD."
        )
    try:
        valid = parsed.scheme in ("http", "https") and bool(parsed.hostname) and parsed.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ConfigurationError(
            f"MEDIASIEVE_CLICKHOUSE must look like http://127.0.0.1:8123 or https://host:8443, not {address!r}."
        )
    return parsed


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
