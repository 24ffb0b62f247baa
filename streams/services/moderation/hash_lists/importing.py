"""Imports a hash list: checks the whole file first, then publishes its entries and the event that makes them effective.

An import that is cut has no effect. The name of an import follows from its entries, so the same import again changes
nothing, and completes one that was cut.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import orjson

from streams.config.settings import Settings
from streams.domain.policy.policy import Policy
from streams.domain.records import (
    Label,
    ListEntry,
    ListEvent,
    Origin,
    VerdictSource,
    decode_list_event,
    format_timestamp,
)
from streams.domain.records.hash_list import (
    DEFAULT_QUARANTINE_AFTER,
    MAX_CHUNKS,
    MAX_ENTRIES_PER_EVENT,
    PerceptualStatus,
)
from streams.domain.records.verdict import GivenStatus
from streams.errors import BadInput, Reason
from streams.kafka.publisher import Record, publish_record, publish_records
from streams.kafka.topics import VERDICTS
from streams.services.moderation.hash_lists.formats import BadLine, FileFormat, read_entries
from streams.services.progress import Progress, TrackProgress, no_progress

SOURCE: Final = "/mediasieve/lists"
EVENT_TYPE: Final = "mediasieve.hash-list.v1"
MAX_CHUNK_BYTES: Final = 180 << 10
"""media.verdicts takes 256 KiB a record."""

MAX_TOLD_PROBLEMS: Final = 20


@dataclass(frozen=True, slots=True)
class ListSettings:
    """What a list says for all its entries; see `ListEvent`."""

    name: str
    version: str
    source: str | None = None
    status: GivenStatus | None = None
    labels: tuple[Label, ...] = ()
    reason: str | None = None
    negative: bool = False
    bits: dict[str, int] = field(default_factory=dict)
    perceptual: PerceptualStatus = "review"
    quarantine_after: int = DEFAULT_QUARANTINE_AFTER


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file without mistakes: how many entries of each algorithm it has, and a digest of them."""

    entries: int
    algorithms: dict[str, int]
    digest: str


@dataclass(frozen=True, slots=True)
class ImportedList:
    """A list whose entries and closing event are in media.verdicts. `without_hash` are algorithms that the policy of
    the collection does not compute, so that their entries match nothing.
    """

    event: ListEvent
    algorithms: dict[str, int]
    without_hash: tuple[str, ...]


def check_file(path: Path, file_format: FileFormat, algorithm: str | None = None) -> CheckedFile:
    """Read a whole file.

    Raises:
        BadInput: bad_field; names the first 20 wrong lines, or says that there are no entries.
        OSError: the file cannot be read.
    """
    if not path.is_file():  # it is read twice, and a pipe cannot be
        raise BadInput(Reason.BAD_FIELD, f"{path} is not a file; write the list into one")
    problems: list[BadLine] = []
    algorithms: dict[str, int] = {}
    digest, wrong = blake2b(digest_size=12), 0
    for found in read_entries(path, file_format, algorithm):
        if isinstance(found, BadLine):
            wrong += 1
            problems += [found] if len(problems) < MAX_TOLD_PROBLEMS else []
            continue
        algorithms[found.entry.algorithm] = algorithms.get(found.entry.algorithm, 0) + 1
        digest.update(orjson.dumps(found.entry))
    if problems:
        told = "\n".join(f"  line {line}: {problem}" for line, problem in problems)
        more = f"\n  and {wrong - len(problems)} more" if wrong > len(problems) else ""
        raise BadInput(Reason.BAD_FIELD, f"{path}: {wrong} lines are wrong, so nothing was imported:\n{told}{more}")
    if not algorithms:
        raise BadInput(Reason.BAD_FIELD, f"{path} has no entries; `mediasieve lists drop` ends a list")
    return CheckedFile(sum(algorithms.values()), algorithms, digest.hexdigest())


def import_list(
    settings: Settings,
    path: Path,
    file_format: FileFormat,
    collection: str,
    wanted: ListSettings,
    by: VerdictSource,
    *,
    policy: Policy,
    algorithm: str | None = None,
    track: TrackProgress = no_progress,
) -> ImportedList:
    """Import a file as a list of a collection, instead of the entries that the list had.

    Args:
        settings: name the broker.
        path: of the file.
        file_format: of the file.
        collection: in which the list is to hold.
        wanted: name, version and the rest.
        by: who imports it.
        policy: of the collection.
        algorithm: of hashes whose line names none.
        track: shows the progress.

    Raises:
        BadInput: the file or a setting is wrong, or the file changed while it was read. Nothing is effective then.
        BrokerError: the broker is away or refuses. Nothing is effective then.
        OSError: the file cannot be read.
    """
    closing = _closing_event(collection, wanted, by, "check", 0, 0)  # a wrong setting must not cost a long read
    with track("Checking", None):
        checked = check_file(path, file_format, algorithm)
    import_id, run = f"{checked.digest}", str(uuid.uuid4())
    counter = _Chunks(collection, closing.list_name, import_id, run)
    digest = blake2b(digest_size=12)
    with track("Publishing", checked.entries) as progress:
        entries = _entries(path, file_format, algorithm, digest, progress)
        publish_records(settings, VERDICTS, counter.records(entries))
    if digest.hexdigest() != checked.digest:
        raise BadInput(Reason.BAD_FIELD, f"{path} changed while it was read, so nothing was imported; import it again")
    closing = _closing_event(collection, wanted, by, import_id, counter.chunks, checked.entries)
    send_list_event(settings, closing, run)
    return ImportedList(closing, checked.algorithms, missing_hashes(policy, checked.algorithms))


def missing_hashes(policy: Policy, algorithms: Iterable[str]) -> tuple[str, ...]:
    """The algorithms that a policy does not compute."""
    computed = {"sha256", "phash64", "phash256", *policy.also}
    return tuple(name for name in algorithms if name not in computed)


def send_list_event(settings: Settings, event: ListEvent, run: str) -> tuple[int, int]:
    """Publish an event about a list; returns its partition and offset.

    Raises:
        BrokerError: the broker is away or refuses.
    """
    headers = _headers(event.list_name, f"{run}/{event.event}", event.at)
    return publish_record(settings, VERDICTS, event_key(event), orjson.dumps(_without_empty(event)), headers)


def event_key(event: ListEvent) -> bytes:
    """All events of one list have one key, so they stay in order."""
    return f"{event.collection}/{event.list_name}".encode()


def checked_event(document: dict[str, Any]) -> ListEvent:
    """An event, checked with the function that the fingerprint stage decodes it with.

    Raises:
        BadInput: a field is wrong.
    """
    document = {"at": format_timestamp(round(datetime.now(UTC).timestamp() * 1000)), **document}
    value = orjson.dumps({name: entry for name, entry in document.items() if entry is not None})
    return decode_list_event(value=value, headers=(), origin=Origin(VERDICTS, 0, 0), timestamp_ms=0)


def _closing_event(
    collection: str, wanted: ListSettings, by: VerdictSource, import_id: str, chunks: int, entries: int
) -> ListEvent:
    return checked_event(
        {
            "event": "list_effective",
            "collection": collection,
            "list_name": wanted.name,
            "import_id": import_id,
            "chunks": chunks,
            "entry_count": entries,
            "version": wanted.version,
            "source": wanted.source,
            "status": wanted.status,
            "labels": list(wanted.labels),
            "reason": wanted.reason,
            "negative": wanted.negative,
            "bits": wanted.bits,
            "perceptual": wanted.perceptual,
            "quarantine_after": wanted.quarantine_after,
            "by": by,
        }
    )


class _Chunks:
    """Makes records of entries, and counts them."""

    def __init__(self, collection: str, list_name: str, import_id: str, run: str) -> None:
        self._key = f"{collection}/{list_name}".encode()
        self._head = {"event": "list_entries", "collection": collection, "list_name": list_name, "import_id": import_id}
        self._list_name = list_name
        self._run = run
        self.chunks = 0

    def records(self, entries: Iterable[ListEntry]) -> Iterator[Record]:
        chunk: list[orjson.Fragment] = []
        size = 0
        for entry in entries:
            packed = orjson.dumps(_without_empty(entry))
            if chunk and (len(chunk) == MAX_ENTRIES_PER_EVENT or size + len(packed) > MAX_CHUNK_BYTES):
                yield self._record(chunk)
                chunk, size = [], 0
            chunk.append(orjson.Fragment(packed))
            size += len(packed) + 1
        if chunk:
            yield self._record(chunk)

    def _record(self, chunk: list[orjson.Fragment]) -> Record:
        if self.chunks == MAX_CHUNKS:
            raise BadInput(Reason.BAD_FIELD, f"the list has more entries than {MAX_CHUNKS} events hold; divide it")
        value = orjson.dumps({**self._head, "chunk": self.chunks, "entries": chunk})
        at = format_timestamp(round(datetime.now(UTC).timestamp() * 1000))
        headers = _headers(self._list_name, f"{self._run}/{self.chunks}", at)
        self.chunks += 1
        return self._key, value, headers


def _entries(
    path: Path, file_format: FileFormat, algorithm: str | None, digest: Any, progress: Progress
) -> Iterator[ListEntry]:
    """The entries of a file that was checked. A change since then shows in the digest."""
    for found in read_entries(path, file_format, algorithm):
        if isinstance(found, BadLine):
            digest.update(b"wrong")
            return
        digest.update(orjson.dumps(found.entry))
        progress.advance()
        yield found.entry


def _headers(list_name: str, event_id: str, at: str) -> list[tuple[str, bytes]]:
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        ("ce_type", EVENT_TYPE.encode()),
        ("ce_source", SOURCE.encode()),
        ("ce_subject", list_name.encode()),
        ("ce_time", at.encode()),
        ("content-type", b"application/json"),
    ]


def _without_empty(value: ListEvent | ListEntry) -> dict[str, Any]:
    return {name: entry for name, entry in value.__dict__.items() if entry is not None}
