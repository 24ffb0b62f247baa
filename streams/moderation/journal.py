"""Answers that were paid for, kept on disk: a worker that is killed before its offsets are committed asks nobody twice.

One SQLite file a worker. The file only saves calls: without it, another worker asks again, and the verdict is the
same event. A write survives the end of the process, not necessarily that of the machine.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

KEEP_S: Final = 8 * 86_400
"""A day longer than media.submissions keeps what could be asked about again."""

SWEEP_S: Final = 3600.0
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS answers (
    moderator TEXT NOT NULL, version TEXT NOT NULL, collection TEXT NOT NULL, content_id TEXT NOT NULL,
    note TEXT, answer TEXT, at_s INTEGER NOT NULL,
    PRIMARY KEY (moderator, version, collection, content_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS answers_by_age ON answers (at_s);
CREATE TABLE IF NOT EXISTS used (
    moderator TEXT NOT NULL, day TEXT NOT NULL, key INTEGER NOT NULL, contents INTEGER NOT NULL,
    PRIMARY KEY (moderator, day, key)
) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


class Subject(NamedTuple):
    """A question: the moderator, its version, the collection and the content."""

    moderator: str
    version: str
    collection: str
    content_id: str


class Remembered(NamedTuple):
    """The note of a plug-in, and the answer as JSON; None while there is none."""

    note: str | None
    answer: str | None


class Journal:
    """The answers of one worker. All work is done on one thread.

    A damaged file is set aside and a new one begun, since the file only saves calls.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._database: sqlite3.Connection | None = None
        self._swept_at = float("-inf")

    async def look_up(self, subject: Subject) -> Remembered | None:
        """The entry of a question that was asked before."""
        return await self._run(lambda database: self._look_up(database, subject))

    async def keep_note(self, subject: Subject, note: str) -> None:
        """Keeps the note of a plug-in."""
        await self._run(lambda database: _upsert(database, subject, "note", note))

    async def keep_answer(self, subject: Subject, answer: str) -> None:
        """Keeps an answer, as JSON."""
        await self._run(lambda database: _upsert(database, subject, "answer", answer))

    async def count(self, moderator: str, day: str, key: int, contents: int) -> None:
        """Counts the calls made with an API key on a day."""
        await self._run(
            lambda database: database.execute(
                "INSERT INTO used VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET contents = contents + excluded.contents",
                (moderator, day, key, contents),
            )
        )

    async def used(self, moderator: str, day: str) -> dict[int, int]:
        """The number of calls on a day, by API key."""
        query = "SELECT key, contents FROM used WHERE moderator = ? AND day = ?"
        return await self._run(lambda database: dict(database.execute(query, (moderator, day)).fetchall()))

    async def close(self) -> None:
        if self._database is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._database.close)
        self._thread.shutdown(wait=False)

    async def _run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: work(self._open()))

    def _look_up(self, database: sqlite3.Connection, subject: Subject) -> Remembered | None:
        now = time.time()
        if now - self._swept_at > SWEEP_S:
            self._swept_at = now
            database.execute("DELETE FROM answers WHERE at_s < ?", (int(now - KEEP_S),))
            database.execute("DELETE FROM used WHERE day < date('now', '-2 days')")
        row = database.execute(
            "SELECT note, answer FROM answers "
            "WHERE moderator = ? AND version = ? AND collection = ? AND content_id = ? AND at_s >= ?",
            (*subject, int(now - KEEP_S)),
        ).fetchone()
        return None if row is None else Remembered(*row)

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._database = _connect(self._path)
            except sqlite3.DatabaseError as error:
                aside = self._path.with_suffix(".damaged")
                logger.warning("%s cannot be read (%s); it is set aside as %s", self._path, error, aside)
                self._path.replace(aside)
                self._database = _connect(self._path)
        return self._database


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = OFF")  # the system has the write once the statement returns
    database.executescript(_SCHEMA)
    return database


def _upsert(database: sqlite3.Connection, subject: Subject, column: str, value: str) -> None:
    assert column in ("note", "answer")
    database.execute(
        f"INSERT INTO answers (moderator, version, collection, content_id, {column}, at_s) "  # noqa: S608
        f"VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET {column} = excluded.{column}, at_s = excluded.at_s",
        (*subject, value, int(time.time())),
    )
