"""The errors of the embedded engine, and those that are found before a statement reaches it."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Final

CHDB_ERROR_REGEX: Final = re.compile(r"Code: (\d+)\. DB::.*", re.DOTALL)
UNKNOWN_EXCEPTION = 1002


class ErrorCode(IntEnum):
    """ClickHouse's names and codes of the errors that are found here instead of in the engine."""

    NOT_IMPLEMENTED = 48
    SYNTAX_ERROR = 62
    UNKNOWN_SETTING = 115
    QUERY_IS_TOO_LARGE = 161
    READONLY = 164
    TOO_MANY_SIMULTANEOUS_QUERIES = 202
    CANNOT_DECOMPRESS = 271
    SESSION_NOT_FOUND = 372
    SESSION_IS_LOCKED = 373
    ACCESS_DENIED = 497
    AUTHENTICATION_FAILED = 516


class EngineError(Exception):
    """An error of ClickHouse about a statement; `code` is ClickHouse's error code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code

    @classmethod
    def of(cls, code: ErrorCode, sentence: str) -> EngineError:
        return cls(code, f"Code: {code}. DB::Exception: {sentence} ({code.name})")

    @classmethod
    def from_chdb(cls, error: Exception) -> EngineError:
        found = CHDB_ERROR_REGEX.search(str(error))
        if found is None:
            return cls(UNKNOWN_EXCEPTION, f"Code: {UNKNOWN_EXCEPTION}. DB::Exception: {error}")
        return cls(int(found[1]), found[0])
