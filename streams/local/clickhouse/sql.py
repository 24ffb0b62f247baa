"""Just enough of ClickHouse's lexical structure to route a request; parsing is the engine's work."""

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
    """One statement as it came.

    `format` is what it names after FORMAT. `data` is set for an INSERT whose rows follow that clause; `text` then ends
    before it. `refused` tells why ClickHouse does not take the statement over HTTP.
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
    """Split a request into statement and rows; what it takes for SQL ends where rows begin."""
    tokens = _significant(query)
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
                named = None  # a column that is called format
        depth += (word == b"(") - (word == b")")
        if depth == 0 and previous == b"FORMAT" and before not in NAMES_FOLLOW and token[:1].isalpha():
            named = token.decode()
            if takes_rows:
                return Statement(query[:clause_start], first, named, _rows_after(query, end))
        if takes_rows and depth == 0 and word == b"VALUES":
            return Statement(query, first)  # the rows after it may be megabytes
        if depth == 0 and word in (b"SELECT", b"WITH"):
            takes_rows = False
        before, previous, clause_start = previous, word, start
    return Statement(query, first, named)


def may_touch_files(text: bytes) -> bool:
    """Whether `forbidden` must look at the statement: every way to name a file leaves one of these behind."""
    lower = text.lower()
    return b"file" in lower or b"\\" in text


def forbidden(formatted: bytes) -> str | None:
    """What reaches for files of this machine in a statement as ClickHouse itself formats it, else None.

    Formatted, there are no comments, one kind of string and one kind of quoted name: nothing can hide in them.
    """
    previous = b""
    for token, _, _ in _significant(formatted):
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
    """A quoted name of a database or table."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _rows_after(query: bytes, position: int) -> bytes:
    """As ClickHouse's ParserInsertQuery: blanks after the format's name, then one line end, are not data."""
    while query[position : position + 1] in (b" ", b"\t", b"\f"):
        position += 1
    if query[position : position + 1] == b"\r":
        position += 1
    if query[position : position + 1] == b"\n":
        position += 1
    return query[position:]


def _significant(query: bytes) -> Iterator[tuple[bytes, int, int]]:
    for match in TOKEN.finditer(query):
        if match.lastgroup != "skip":
            yield match.group(), match.start(), match.end()
