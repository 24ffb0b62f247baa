"""ClickHouse's own engine (`chdb`) in this process: one statement in, one response out. No HTTP here.

chDB allows one data directory per process. Its connections are independent: every connection has its own settings and
current database, costs 0.6 ms, and answers within 2 ms while another runs a query of seconds (measured). So every
request gets a connection of its own, except in a session; those of SELECTs are used again.

By default, chDB lets statements read and write files, reach the network and start programs with the rights of this
process. Here the grants of the engine's user forbid that. No grant covers the function `file`, OUTFILE and INFILE, so
they are searched for in the statement as the engine formats it. For the same reason, rows after VALUES are literals.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from streams.errors import ConfigurationError
from streams.local.clickhouse.engine_error import EngineError, ErrorCode
from streams.local.clickhouse.idle_connections import IdleConnections
from streams.local.clickhouse.sql import Statement, find_file_access, may_touch_files, quote, quote_name

MAX_EXECUTION_TIME_S = 300
MAX_SESSION_TIMEOUT_S = 3600
MAX_FORMATTED_BYTES = 256 << 20
CONFIG = """<clickhouse>
  <users_config>{path}</users_config>
  <mark_cache_size>268435456</mark_cache_size>
  <profiles><default>
    <max_execution_time>{max_execution_time_s}</max_execution_time>
    <input_format_values_interpret_expressions>0</input_format_values_interpret_expressions>
    <constraints>
      <input_format_values_interpret_expressions><readonly/></input_format_values_interpret_expressions>
      <dialect><readonly/></dialect>
    </constraints>
  </default></profiles>
  <quotas><default></default></quotas>
  <users><default>
    <password></password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
    <grants><query>GRANT SELECT, INSERT, ALTER, CREATE, DROP, TRUNCATE, OPTIMIZE, SHOW, CHECK, UNDROP TABLE,
      KILL QUERY, SYSTEM MERGES, SYSTEM FLUSH LOGS, TABLE ENGINE, dictGet, INTROSPECTION ON *.*</query></grants>
  </default></users>
</clickhouse>
"""
SETTING_NAME_REGEX: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: First words of statements that change nothing of their connection.
REPEATABLE: Final = frozenset({b"SELECT", b"WITH"})


@dataclass(frozen=True, slots=True)
class EngineRequest:
    """A statement to run; `settings` and `parameters` hold texts as in a URL, the latter without `param_`."""

    statement: Statement
    default_format: str = "TabSeparated"
    database: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    readonly: bool = False
    session_id: str = ""
    session_timeout_s: float = 60.0
    session_check: bool = False


@dataclass(frozen=True, slots=True)
class EngineResponse:
    """The result of a statement; `body` is encoded in `format`, and both are empty for an INSERT."""

    body: bytes
    format: str
    result_rows: int
    read_rows: int
    written_rows: int
    elapsed_ns: int


@dataclass(slots=True)
class _Session:
    connection: Any
    expires_at: float
    lock: threading.Lock = field(default_factory=threading.Lock)


class Engine:
    """The engine on `data_dir`; `run` may be called from several threads at once.

    Raises:
        ConfigurationError: chdb is not installed, or another process uses the directory.
    """

    def __init__(self, data_dir: Path) -> None:
        try:
            from chdb.state.sqlitelike import Connection
        except ImportError as error:
            raise ConfigurationError(
                "The embedded ClickHouse engine is not installed. Install it with: pip install "
                "'mediasieve[embedded]', or name a ClickHouse server in MEDIASIEVE_CLICKHOUSE."
            ) from error
        data_dir = data_dir.resolve()
        if re.search(r"[?&=%#]", str(data_dir)):
            raise ConfigurationError(f"The data directory {data_dir} has one of ? & = % # in its name; choose another.")
        data_dir.mkdir(parents=True, exist_ok=True)
        config = data_dir / "engine.xml"
        config.write_text(CONFIG.format(path=config, max_execution_time_s=MAX_EXECUTION_TIME_S))
        self._connection_class = Connection
        self._address = f"{data_dir / 'store'}?config-file={config}"
        self._sessions: dict[str, _Session] = {}
        self._sessions_lock = threading.Lock()
        self._keeper_lock = threading.Lock()
        self._idle = IdleConnections()
        try:
            self._keeper = self._connect()  # the engine lives as long as a connection to it
            self._keeper.query(f"SET max_query_size = {MAX_FORMATTED_BYTES}")
            version, timezone = self._keeper.query("SELECT version(), timezone()", "TSV").bytes().decode().split()
        except RuntimeError as error:
            raise ConfigurationError(f"The ClickHouse engine does not open {data_dir}: {error}") from error
        self.version: str = version
        self.timezone: str = timezone

    def run(self, request: EngineRequest) -> EngineResponse:
        """Run one statement.

        Raises:
            EngineError: ClickHouse refuses the statement, or the statement fails.
        """
        if request.statement.refused:
            raise EngineError.of(ErrorCode.SYNTAX_ERROR, f"{request.statement.refused}.")
        self._check_files(request.statement)
        if request.session_id:
            return self._run_in_session(request)
        if request.statement.first_word in REPEATABLE:
            return self._run_select(request)
        connection = self._connect()
        try:
            return self._run_on(connection, request)
        finally:
            connection.close()

    def close_expired_sessions(self) -> None:
        """Close the sessions that were not used within their timeout. Call it every few seconds."""
        with self._sessions_lock:
            for session_id, session in list(self._sessions.items()):
                if session.expires_at < time.monotonic() and session.lock.acquire(blocking=False):
                    del self._sessions[session_id]
                    session.connection.close()

    def close(self) -> None:
        with self._sessions_lock:
            for session in self._sessions.values():
                session.connection.close()
            self._sessions.clear()
        self._idle.close()
        self._keeper.close()

    def _check_files(self, statement: Statement) -> None:
        text = statement.text
        if not may_touch_files(text):
            return
        if statement.data is not None:
            text += b" FORMAT " + (statement.format or "").encode()
        try:
            with self._keeper_lock:
                formatted = self._keeper.query(
                    f"SELECT formatQuerySingleLine(unhex('{text.hex()}'))", "RawBLOB"
                ).bytes()
        except RuntimeError as error:  # not a valid statement
            raise EngineError.from_chdb(error) from error
        found = find_file_access(formatted)
        if found is not None:
            raise EngineError.of(ErrorCode.ACCESS_DENIED, f"{found} is not allowed in the embedded engine.")

    def _connect(self) -> Any:
        return self._connection_class(self._address)

    def _run_select(self, request: EngineRequest) -> EngineResponse:
        """Parameters go with the statement, so the connection has nothing of it afterwards."""
        parameters, request = request.parameters, replace(request, parameters={})
        set_up = (request.database, frozenset(request.settings.items()), request.readonly)
        waiting = self._idle.take(set_up)
        connection = self._connect() if waiting is None else waiting
        try:
            response = self._run_on(connection, request, parameters, is_set_up=waiting is not None)
        except EngineError:
            connection.close()
            raise
        self._idle.put(set_up, connection)
        return response

    def _run_in_session(self, request: EngineRequest) -> EngineResponse:
        if request.readonly and not request.statement.is_read:
            raise EngineError.of(ErrorCode.READONLY, "Cannot execute query in readonly mode: use POST.")
        with self._sessions_lock:
            session = self._sessions.get(request.session_id)
            if session is None:
                if request.session_check:
                    raise EngineError.of(ErrorCode.SESSION_NOT_FOUND, "Session not found.")
                session = self._sessions[request.session_id] = _Session(self._connect(), 0.0)
            if not session.lock.acquire(blocking=False):
                raise EngineError.of(ErrorCode.SESSION_IS_LOCKED, "Session is locked by a concurrent client.")
        try:
            restore = _restoring_statements(session.connection, request.settings)
            try:
                return self._run_on(session.connection, request)
            finally:
                for statement in restore:
                    session.connection.query(statement)
        finally:
            session.expires_at = time.monotonic() + min(request.session_timeout_s, MAX_SESSION_TIMEOUT_S)
            session.lock.release()

    @staticmethod
    def _run_on(
        connection: Any,
        request: EngineRequest,
        parameters: Mapping[str, str] | None = None,
        *,
        is_set_up: bool = False,
    ) -> EngineResponse:
        """Run a statement, with parameters beside those of the request."""
        statement = request.statement
        started_ns = time.monotonic_ns()
        try:
            if not is_set_up:
                _prepare(connection, request)
            for name in parameters or {}:
                _check_name(f"param_{name}")
            if statement.data is not None:
                with connection.send_insert(statement.text.decode(), statement.format) as rows:
                    rows.append(statement.data)
                    written = rows.finish().rows_written
                return EngineResponse(b"", "", 0, 0, written, time.monotonic_ns() - started_ns)
            result = connection.query(statement.text, request.default_format, params=parameters)
        except UnicodeDecodeError as error:
            raise EngineError.of(ErrorCode.SYNTAX_ERROR, "The INSERT statement is not UTF-8.") from error
        except RuntimeError as error:
            raise EngineError.from_chdb(error) from error
        return EngineResponse(
            body=result.bytes() or b"",
            format=statement.format or request.default_format,
            result_rows=result.rows_read(),
            read_rows=result.storage_rows_read(),
            written_rows=result.rows_written(),
            elapsed_ns=time.monotonic_ns() - started_ns,
        )


def _prepare(connection: Any, request: EngineRequest) -> None:
    if request.database:
        connection.query(f"USE {quote_name(request.database)}")
    changes = dict(request.settings)
    changes.update((f"param_{name}", value) for name, value in request.parameters.items())
    if request.readonly and not request.session_id:
        changes["readonly"] = "2"
    for name in changes:
        _check_name(name)
    if changes:  # in one statement: every statement costs as much as a small question
        connection.query("SET " + ", ".join(f"{name} = {quote(value)}" for name, value in changes.items()))


def _check_name(setting: str) -> None:
    if not SETTING_NAME_REGEX.fullmatch(setting):
        raise EngineError.of(ErrorCode.UNKNOWN_SETTING, f"Unknown setting {quote(setting)}.")


def _restoring_statements(connection: Any, settings: Mapping[str, str]) -> list[str]:
    """Statements that restore a session's settings: the settings of a request apply to that request only."""
    names = ", ".join(quote(name) for name in settings if SETTING_NAME_REGEX.fullmatch(name))
    if not names:
        return []
    query = f"SELECT name, changed, hex(value) FROM system.settings WHERE name IN ({names})"  # noqa: S608 - quoted
    rows = (connection.query(query, "TSV").bytes() or b"").decode().splitlines()
    restore = []
    for name, changed, value in (row.split("\t") for row in rows):
        old = quote(bytes.fromhex(value).decode()) if changed == "1" else "DEFAULT"
        restore.append(f"SET {name} = {old}")
    return restore
