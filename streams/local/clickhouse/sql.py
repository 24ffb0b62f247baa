"""Splits a request into statement and rows, and tells reads from writes. The engine does the parsing.

Only ClickHouse's lexical structure is known here: comments, strings, names and brackets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

TOKEN: Final = re.compile(
    rb"""
    (?P<skip> --[^\n]* | \#[!\ ][^\n]* | /\*.*?(?:\*/|\Z) | \s+ )
  | '(?:[^'\\]|\\.|'')*'?
  | `(?:[^`\\]|\\.|``)*`?
  | "(?:[^"\\]|\\.|"")*"?
  | [A-Za-z_][A-Za-z0-9_]*
  | .
    """,
    re.VERBOSE | re.DOTALL,
)
READS: Final = frozenset({b"SELECT", b"WITH", b"SHOW", b"DESCRIBE", b"DESC", b"EXISTS", b"EXPLAIN", b"CHECK", b"("})
NAMES_FOLLOW: Final = frozenset({b"INTO", b"TABLE", b"."})


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, unchanged.

    `format` is the name after FORMAT. `data` are the rows of an INSERT that follow that clause; `text` then ends
    before the clause. `refused` is the reason why ClickHouse refuses the statement over HTTP.
    """

    text: bytes
    first_word: bytes = b""
    format: str | None = None
    data: bytes | None = None
    refused: str | None = None

    @property
    def is_read(self) -> bool:
        return self.first_word in READS


def read_statement(query: bytes) -> Statement:
    """Split a request into statement and rows. Rows are not read as SQL."""
    tokens = _tokens(query)
    first = next(tokens, (b"", 0, 0))[0].upper()
    takes_rows = first == b"INSERT"
    depth = 1 if first == b"(" else 0
    before, previous, clause_start = b"", first, 0
    named: str | None = None
    settled = False
    for token, start, end in tokens:
        word = token.upper()
        if previous == b";":
            return Statement(query, first, refused="Multi-statements are not allowed")
        if named and not settled:
            settled = word == b"SETTINGS"
            if not settled and word != b";":
                named = None  # it was a column with the name format
        depth += (word == b"(") - (word == b")")
        if depth == 0 and previous == b"FORMAT" and before not in NAMES_FOLLOW and token[:1].isalpha():
            named = token.decode()
            if takes_rows:
                return Statement(query[:clause_start], first, named, _rows_after(query, end))
        if takes_rows and depth == 0 and word == b"VALUES":
            return Statement(query, first)  # the rows that follow may be megabytes
        if depth == 0 and word in (b"SELECT", b"WITH"):
            takes_rows = False
        before, previous, clause_start = previous, word, start
    return Statement(query, first, named)


def may_touch_files(text: bytes) -> bool:
    """Whether `find_file_access` must check the statement: no access to files can be written without these bytes."""
    lower = text.lower()
    return b"file" in lower or b"\\" in text


def find_file_access(formatted: bytes) -> str | None:
    """The access to files of this machine in a statement that ClickHouse has formatted, for an error; None without any.

    A formatted statement has no comments, one kind of string and one kind of quoted name: nothing can hide in them.
    """
    previous = b""
    for token, _, _ in _tokens(formatted):
        if token in (b"file", b"`file`"):
            return "The function file"
        if (previous, token) in ((b"INTO", b"OUTFILE"), (b"FROM", b"INFILE")):
            return f"{previous.decode()} {token.decode()}"
        previous = token
    return None


def quote(text: str) -> str:
    """A string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def quote_name(name: str) -> str:
    """A database or table name, quoted."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _rows_after(query: bytes, position: int) -> bytes:
    """The data after a format's name: as in ParserInsertQuery of ClickHouse, without blanks and then one line end."""
    while query[position : position + 1] in (b" ", b"\t", b"\f"):
        position += 1
    if query[position : position + 1] == b"\r":
        position += 1
    if query[position : position + 1] == b"\n":
        position += 1
    return query[position:]


def _tokens(query: bytes) -> Iterator[tuple[bytes, int, int]]:
    for match in TOKEN.finditer(query):
        if match.lastgroup != "skip":
            yield match.group(), match.start(), match.end()
