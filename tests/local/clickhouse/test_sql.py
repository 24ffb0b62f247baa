"""A request is split into statement and rows, and reads are distinguished from writes."""

from __future__ import annotations

import pytest

from streams.local.clickhouse.sql import Statement, quote, quote_name, read_statement


@pytest.mark.parametrize(
    ("query", "text", "format_name", "data"),
    [
        (b"INSERT INTO t FORMAT Native\n\x01\x02", b"INSERT INTO t ", "Native", b"\x01\x02"),
        (b"insert into t (a, `format`) format CSV 1,2", b"insert into t (a, `format`) ", "CSV", b"1,2"),
        (
            b"INSERT INTO t SETTINGS a='FORMAT x' FORMAT TSV\r\n\n",
            b"INSERT INTO t SETTINGS a='FORMAT x' ",
            "TSV",
            b"\n",
        ),
        (b"INSERT INTO format FORMAT CSV\n", b"INSERT INTO format ", "CSV", b""),
        (
            b"/* FORMAT a */ INSERT INTO t -- FORMAT b\nFORMAT CSV\n1;2",
            b"/* FORMAT a */ INSERT INTO t -- FORMAT b\n",
            "CSV",
            b"1;2",
        ),
    ],
)
def test_rows_follow_the_format_of_an_insert(query: bytes, text: bytes, format_name: str, data: bytes) -> None:
    assert read_statement(query) == Statement(text, b"INSERT", format_name, data)


@pytest.mark.parametrize(
    ("query", "format_name"),
    [
        (b"SELECT 1 FORMAT JSON", "JSON"),
        (b"SELECT 1 FORMAT JSON ;", "JSON"),
        (b"SELECT 1 FORMAT JSON SETTINGS max_threads = 1", "JSON"),
        (b"SELECT format FROM t", None),
        (b"SELECT 'FORMAT JSON'", None),
        (b"SELECT (SELECT 1 FORMAT JSON)", None),
        (b"INSERT INTO t SELECT 1 FORMAT JSON", "JSON"),
        (b"INSERT INTO t VALUES ('FORMAT JSON'); x", None),
    ],
)
def test_other_statements_stay_whole(query: bytes, format_name: str | None) -> None:
    statement = read_statement(query)
    assert (statement.text, statement.format, statement.data, statement.refused) == (query, format_name, None, None)


@pytest.mark.parametrize("query", [b"SELECT 1; SELECT 2", b";;", b"SELECT 1;/* */;"])
def test_several_statements_are_refused(query: bytes) -> None:
    assert read_statement(query).refused is not None


@pytest.mark.parametrize("query", [b"SELECT 1;", b"SELECT ';', `;`, \";\" -- ; x\n;  ", b"SELECT 'it''s; \\'; fine'"])
def test_one_statement_may_end_with_a_semicolon(query: bytes) -> None:
    assert read_statement(query).refused is None


@pytest.mark.parametrize(
    ("query", "reads"), [(b" select 1", True), (b"(SELECT 1)", True), (b"DROP TABLE t", False), (b"", False)]
)
def test_reads_are_distinguished_from_writes(query: bytes, reads: bool) -> None:
    assert read_statement(query).is_read is reads


def test_quoted_text_cannot_end_its_quotes() -> None:
    assert quote("a'b\\") == "'a\\'b\\\\'"
    assert quote_name("a`b\\") == "`a\\`b\\\\`"
