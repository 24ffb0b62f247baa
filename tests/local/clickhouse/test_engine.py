"""The embedded engine speaks ClickHouse's HTTP protocol to plain HTTP and to clickhouse-connect."""

from __future__ import annotations

import gzip
import http.client
import json
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import clickhouse_connect
import cramjam
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from streams.local.clickhouse.server import EmbeddedClickHouse
from tests.support.patience import PATIENCE_S


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def code(self) -> str | None:
        return self.headers["X-ClickHouse-Exception-Code"]

    @property
    def text(self) -> str:
        return self.body.decode()


def call(
    engine: EmbeddedClickHouse,
    body: bytes | str | None = None,
    *,
    method: str = "POST",
    path: str = "/",
    headers: dict[str, str] | None = None,
    parameters: dict[str, str] | None = None,
    **more: str,
) -> HttpAnswer:
    parameters = {**(parameters or {}), **more}
    connection = http.client.HTTPConnection(engine.host, engine.port, timeout=PATIENCE_S)
    sent = body.encode() if isinstance(body, str) else body
    connection.request(method, f"{path}?{urlencode(parameters)}" if parameters else path, sent, headers or {})
    response = connection.getresponse()
    answer = HttpAnswer(response.status, response.headers, response.read())
    connection.close()
    return answer


@pytest.fixture
def engine(embedded_clickhouse: EmbeddedClickHouse) -> EmbeddedClickHouse:
    return embedded_clickhouse


@pytest.fixture
def client(engine: EmbeddedClickHouse) -> Iterator[Client]:
    """A client of a new database with a table `t`."""
    client = clickhouse_connect.get_client(dsn=engine.url)
    database = f"t{uuid.uuid4().hex}"
    client.command(f"CREATE DATABASE {database}")
    client.database = database
    client.command(
        "CREATE TABLE t (id UInt64, text String, kind LowCardinality(String), at DateTime64(3, 'UTC'), "
        "hash FixedString(4), maybe Nullable(String), named Map(LowCardinality(String), String)) "
        "ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100"
    )
    yield client
    client.close()


def test_ping_and_an_empty_get_answer_ok(engine: EmbeddedClickHouse) -> None:
    assert call(engine, method="GET", path="/ping").text == "Ok.\n"
    assert call(engine, method="GET").text == "Ok.\n"


def test_a_query_is_in_the_url_in_the_body_or_in_both(engine: EmbeddedClickHouse) -> None:
    assert call(engine, method="GET", query="SELECT 1 + 1").text == "2\n"
    assert call(engine, "SELECT 1 + 1").text == "2\n"
    assert call(engine, "+ 1", query="SELECT 1").text == "2\n"


def test_formats_come_from_statement_parameter_or_header(engine: EmbeddedClickHouse) -> None:
    assert json.loads(call(engine, "SELECT 1 AS one", default_format="JSONEachRow").body) == {"one": 1}
    answer = call(engine, "SELECT 1 AS one FORMAT CSVWithNames", default_format="JSON")
    assert answer.text == '"one"\n1\n'
    assert answer.headers["X-ClickHouse-Format"] == "CSVWithNames"
    assert call(engine, "SELECT 1", headers={"X-ClickHouse-Format": "Values"}).text == "(1)"


def test_answers_carry_query_id_summary_and_timezone(engine: EmbeddedClickHouse) -> None:
    answer = call(engine, "SELECT * FROM numbers(5)", query_id="mine")
    assert answer.headers["X-ClickHouse-Query-Id"] == "mine"
    assert json.loads(answer.headers["X-ClickHouse-Summary"])["result_rows"] == "5"
    assert answer.headers["X-ClickHouse-Timezone"].endswith("UTC")


def test_settings_in_a_url_apply_to_that_query_only(engine: EmbeddedClickHouse) -> None:
    ask = "SELECT value FROM system.settings WHERE name = 'max_block_size'"
    before = call(engine, ask).text
    assert call(engine, ask, max_block_size="123").text == "123\n"
    assert call(engine, ask).text == before
    session = uuid.uuid4().hex
    call(engine, "SET max_block_size = 456", session_id=session)
    assert call(engine, ask, session_id=session, max_block_size="789").text == "789\n"
    assert call(engine, ask, session_id=session).text == "456\n"


@pytest.mark.parametrize(
    ("sql", "code", "status"),
    [
        ("SELEC 1", "62", 400),
        ("SELECT 1; SELECT 2", "62", 400),
        ("", "62", 400),
        ("SELECT nothing_of_that_name", "47", 404),
        ("SELECT * FROM system.nothing_of_that_name", "60", 404),
        ("SELECT * FROM nodb.t", "81", 404),
        ("SELECT throwIf(1)", "395", 500),
    ],
)
def test_errors_have_clickhouses_code_status_and_text(
    engine: EmbeddedClickHouse, sql: str, code: str, status: int
) -> None:
    answer = call(engine, sql)
    assert (answer.code, answer.status) == (code, status)
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "SELECT 1 INTO /* /* */ ' */ OUTFILE '/tmp/x' -- '",
        "INSERT INTO system.one FROM INFILE '/etc/passwd' FORMAT CSV",
        "SELECT * FROM file('/etc/passwd', LineAsString)",
        "INSERT INTO FUNCTION file('/tmp/x', CSV, 'a Int8') VALUES (1)",
        "SELECT file('/etc/passwd')",
        "SELECT `\\x66ile`('/etc/passwd')",
        "SELECT ‘'’, “file”('/etc/passwd'), ''",
        "SELECT $$'$$, file('/etc/passwd'), ''",
        "SELECT arrayMap(file, ['/etc/passwd'])",
        "SELECT * APPLY file FROM (SELECT '/etc/passwd')",
        "CREATE FUNCTION f AS x -> file(x)",
        "CREATE TABLE default.f (a Int8) ENGINE = File(CSV, '/tmp/x')",
        "CREATE TABLE default.f (a String DEFAULT file('/etc/passwd')) ENGINE = Memory",
        "SELECT * FROM url('http://127.0.0.1:1/', CSV, 'a Int8')",
        "SELECT * FROM remote('127.0.0.1:1', system.one)",
        "SELECT * FROM s3('http://127.0.0.1:1/bucket/key', CSV, 'a Int8')",
        "SYSTEM SHUTDOWN",
    ],
)
def test_statements_reach_neither_files_nor_network_nor_the_engine_itself(engine: EmbeddedClickHouse, sql: str) -> None:
    assert call(engine, sql).code == "497"


def test_rows_are_literals_and_are_never_evaluated(engine: EmbeddedClickHouse, client: Client) -> None:
    database = client.database or ""
    for insert in ("INSERT INTO t (text) VALUES", "INSERT INTO t (text) FORMAT Values"):
        assert call(engine, f"{insert} (file('/etc/passwd'))", database=database).status != 200
        raised = {"input_format_values_interpret_expressions": "1"}
        assert call(engine, f"{insert} (file('/etc/passwd'))", database=database, parameters=raised).status != 200
    assert call(engine, "INSERT INTO t (id, text) VALUES (1, 'a file'), (2, 'x')", database=database).status == 200
    assert call(engine, "SELECT count() FROM t WHERE text LIKE '%file%'", database=database).text == "1\n"
    assert client.query("SELECT count() FROM t").result_rows == [(2,)]


@pytest.mark.parametrize(
    ("parameters", "code"), [({"no_such_setting": "1"}, "115"), ({"a b": "1"}, "115"), ({"database": "nodb"}, "81")]
)
def test_wrong_parameters_are_errors(engine: EmbeddedClickHouse, parameters: dict[str, str], code: str) -> None:
    assert call(engine, "SELECT 1", parameters=parameters).code == code


def test_get_only_reads(engine: EmbeddedClickHouse) -> None:
    assert call(engine, method="GET", query="CREATE DATABASE by_get").code == "164"
    assert call(engine, method="GET", query="CREATE DATABASE by_get", session_id="get").code == "164"
    assert call(engine, "EXISTS DATABASE by_get").text == "0\n"


def test_web_pages_and_foreign_hosts_are_refused(engine: EmbeddedClickHouse) -> None:
    assert call(engine, "SELECT 1", headers={"Host": "rebound.example"}).status == 403
    assert call(engine, "SELECT 1", headers={"Sec-Fetch-Site": "cross-site"}).status == 403
    assert call(engine, "SELECT 1", headers={"Host": f"localhost:{engine.port}"}).status == 200


def test_a_session_keeps_temporary_tables_and_runs_one_query_at_a_time(engine: EmbeddedClickHouse) -> None:
    session = uuid.uuid4().hex
    call(engine, "CREATE TEMPORARY TABLE mine (a Int8)", session_id=session)
    call(engine, "INSERT INTO mine FORMAT CSV\n7\n", session_id=session)
    assert call(engine, "SELECT * FROM mine", session_id=session).text == "7\n"
    assert call(engine, "SELECT * FROM mine").status != 200
    assert call(engine, "SELECT 1", session_id="unknown", session_check="1").code == "372"
    with ThreadPoolExecutor(4) as pool:
        sleepers = [pool.submit(call, engine, "SELECT sleep(1)", session_id=session) for _ in range(4)]
    codes = [sleeper.result().code for sleeper in sleepers]
    assert codes.count(None) >= 1
    assert codes.count("373") == 4 - codes.count(None) >= 1


def test_slow_queries_do_not_delay_others(engine: EmbeddedClickHouse) -> None:
    slow = [threading.Thread(target=call, args=(engine, "SELECT sleep(2)")) for _ in range(6)]
    for thread in slow:
        thread.start()
    time.sleep(0.2)
    assert call(engine, method="GET", path="/ping").status == 200
    database = f"t{uuid.uuid4().hex}"
    assert call(engine, f"CREATE DATABASE {database}").status == 200
    assert any(thread.is_alive() for thread in slow)  # four run at the same time, the other two wait
    for thread in slow:
        thread.join()


@pytest.mark.parametrize("compression", [False, "gzip", "lz4", "zstd"])
def test_clickhouse_connect_writes_and_reads_every_type_we_use(
    engine: EmbeddedClickHouse, client: Client, compression: Any
) -> None:
    at = datetime(2026, 1, 31, 9, 30, 0, 125_000, tzinfo=UTC)
    rows = [
        (number, f"é'\\\n\t\0{number}", "x", at, b"\0\xff\n'", None if number % 2 else "q", {"k": "v'"})
        for number in range(5000)
    ]
    with clickhouse_connect.get_client(
        dsn=engine.url, database=client.database, compress=compression, tz_mode="aware"
    ) as writer:
        summary = writer.insert("t", rows)
        assert summary.written_rows == 5000
        assert list(writer.query("SELECT * FROM t ORDER BY id").result_rows) == rows


def test_parameters_may_hold_any_characters(client: Client) -> None:
    hostile = "it's \\ \n \t \0 é ` \" {x:String} -- ; %41"
    assert client.query("SELECT {s:String}", parameters={"s": hostile}).result_rows == [(hostile,)]
    assert client.query("SELECT {a:Array(String)}", parameters={"a": [hostile]}).result_rows == [([hostile],)]
    assert client.query("SELECT {n:Nullable(Int8)}", parameters={"n": None}).result_rows == [(None,)]
    client.insert("t", [[1, hostile]], column_names=["id", "text"])
    found = client.query("SELECT id FROM t WHERE text = {s:String}", parameters={"s": hostile})
    assert found.result_rows == [(1,)]


def test_a_query_and_its_parameters_may_be_sent_as_a_form(engine: EmbeddedClickHouse) -> None:
    with clickhouse_connect.get_client(dsn=engine.url, form_encode_query_params=True) as client:
        found = client.query("SELECT length({s:String})", parameters={"s": "x" * 200_000})
        assert found.result_rows == [(200_000,)]


def test_rows_may_have_any_format_and_compression(engine: EmbeddedClickHouse, client: Client) -> None:
    def line(number: int) -> bytes:
        return b'{"id": %d, "text": "a;b"}\n' % number

    database = client.database or ""
    insert = "INSERT INTO t FORMAT JSONEachRow"
    call(engine, f"{insert}\n".encode() + line(1), database=database)
    call(engine, line(2), query=insert, database=database)
    call(engine, "INSERT INTO t (id, text) VALUES (3, 'a;b')", database=database)
    for encoding, packed in {
        "gzip": gzip.compress(line(4)),
        "lz4": bytes(cramjam.lz4.compress(line(5))),
        "zstd": bytes(cramjam.zstd.compress(line(6))) + bytes(cramjam.zstd.compress(line(7))),
        "deflate": bytes(cramjam.zlib.compress(line(8))),
    }.items():
        answer = call(engine, packed, query=insert, headers={"Content-Encoding": encoding}, database=database)
        assert answer.status == 200, answer.text
    found = client.query("SELECT groupArray(id), groupUniqArray(text) FROM (SELECT * FROM t ORDER BY id)")
    assert found.result_rows == [([1, 2, 3, 4, 5, 6, 7, 8], ["a;b"])]


@pytest.mark.parametrize("encoding", ["gzip", "lz4", "zstd", "br", "nonsense"])
def test_a_body_that_does_not_match_its_encoding_is_an_error(engine: EmbeddedClickHouse, encoding: str) -> None:
    assert call(engine, b"SELECT 1", headers={"Content-Encoding": encoding}).code in ("48", "271")


def test_rows_of_the_wrong_type_are_an_error_and_none_is_stored(engine: EmbeddedClickHouse, client: Client) -> None:
    answer = call(engine, 'INSERT INTO t FORMAT JSONEachRow\n{"id": 1}\n{"id": "x"}\n', database=client.database or "")
    assert answer.status == 400
    assert call(engine, b"INSERT INTO t FORMAT Native\nrubbish", database=client.database or "").code is not None
    assert client.query("SELECT count() FROM t").result_rows == [(0,)]


def test_a_deduplication_token_makes_an_insert_count_once(client: Client) -> None:
    for token, number in (("a", 1), ("a", 2), ("b", 3)):
        client.insert("t", [[number]], column_names=["id"], settings={"insert_deduplication_token": token})
    assert client.query("SELECT id FROM t ORDER BY id").result_rows == [(1,), (3,)]


def test_clickhouse_connect_raises_the_error_of_the_engine(client: Client) -> None:
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
        client.query("SELECT * FROM no_such_table")
    assert client.ping()


def test_data_survive_a_restart_and_kill_9(own_clickhouse: EmbeddedClickHouse) -> None:
    call(own_clickhouse, "CREATE DATABASE d")
    call(own_clickhouse, "CREATE TABLE d.t (a UInt64) ENGINE = MergeTree ORDER BY a")
    call(own_clickhouse, "INSERT INTO d.t SELECT number FROM numbers(1000)")
    own_clickhouse.restart()
    assert call(own_clickhouse, "SELECT count() FROM d.t").text == "1000\n"
    call(own_clickhouse, "INSERT INTO d.t SELECT number FROM numbers(500)")
    own_clickhouse.kill()
    own_clickhouse.start()
    assert call(own_clickhouse, "SELECT count(), sum(a) FROM d.t").text == f"1500\t{999 * 500 + 499 * 250}\n"


def test_an_engine_with_a_password_refuses_clients_without_it(tmp_path: Path) -> None:
    with EmbeddedClickHouse(tmp_path, password="open sésame") as engine:
        assert call(engine, "SELECT 1").code == "516"
        assert call(engine, "SELECT 1", headers={"X-ClickHouse-Key": "wrong"}).code == "516"
        assert call(engine, "SELECT 1", password="open sésame").text == "1\n"
        with clickhouse_connect.get_client(host="127.0.0.1", port=engine.port, password="open sésame") as client:
            assert client.query("SELECT 1").result_rows == [(1,)]
        assert "sésame" not in engine.log.read_text()


def test_an_engine_serves_other_machines_only_with_a_password(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="needs a password"):
        EmbeddedClickHouse(tmp_path, host="0.0.0.0").start()


def test_a_directory_name_that_the_engine_would_misread_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="choose another"):
        EmbeddedClickHouse(tmp_path / "what?x=1").start()
