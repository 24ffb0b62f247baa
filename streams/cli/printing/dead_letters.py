"""Prints dead letters: groups, single letters, one letter whole, and what a replay did."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from streams.analytics.queries.dead_letters import LetterGroup, LetterRow
from streams.domain.records import format_timestamp
from streams.services.dead_letters.letters import ActResult, ShownLetter
from streams.services.text import counted, human_bytes, printable
from streams.services.wording import reason_in_words

if TYPE_CHECKING:
    from rich.table import Table

HEAD_BYTES: Final = 400
VERBS: Final = {"replay": "replayed", "drop": "dropped"}


def groups_table(groups: Sequence[LetterGroup]) -> Table:
    """Groups, the largest first."""
    from streams.cli.tables import cell, plain_table

    table = plain_table()
    for heading in (
        "reason",
        "stage",
        "from",
        "open",
        "replayed",
        "dropped",
        "first",
        "last",
        "last detail",
        "examples",
    ):
        table.add_column(heading, overflow="fold", justify="right" if heading in VERBS.values() else "left")
    for group in groups:
        table.add_row(
            cell(group.reason), cell(group.stage), cell(group.topic), f"{group.open:,}", f"{group.replayed:,}",
            f"{group.dropped:,}", f"{group.first_at:%m-%d %H:%M:%S}", f"{group.last_at:%m-%d %H:%M:%S}",
            cell(group.last_detail), cell(" ".join(group.examples)),
        )  # fmt: skip
    return table


def letters_table(letters: Sequence[LetterRow]) -> Table:
    """Single letters, the latest first."""
    from streams.cli.tables import cell, plain_table

    table = plain_table(texts=("letter", "at", "reason", "stage", "collection", "media id", "size", "status", "detail"))
    for letter in letters:
        status = letter.status if not letter.acted_by else f"{letter.status} by {letter.acted_by}"
        table.add_row(
            f"{letter.partition}/{letter.offset}", f"{letter.at:%Y-%m-%d %H:%M:%S}", cell(letter.reason),
            cell(letter.stage), cell(letter.collection), cell(letter.media_id), human_bytes(letter.size_bytes),
            cell(status), cell(letter.detail),
        )  # fmt: skip
    return table


def letter_report(found: ShownLetter) -> str:
    """All that people want to know of one letter, in lines."""
    letter, handled = found.letter, found.handled
    media_id, collection = letter.identity()
    done: str = "nothing" if handled is None else handled.act
    headers = ", ".join(f"{printable(name)}={_text_of(value)}" for name, value in letter.headers)
    if handled is not None and handled.replays:
        done += f", {counted(handled.replays, 'replay', 'replays')} in all"
    lines = [
        f"dead letter {letter.place.partition}/{letter.place.offset} of {letter.place.topic}",
        f"  reason:   {printable(letter.reason)}: {reason_in_words(letter.reason)}",
        f"  detail:   {printable(letter.detail)}",
        f"  stage:    {printable(letter.letter_id.stage)}, at {printable(letter.failed_at)}",
        f"  from:     {printable(letter.letter_id.text.rpartition('/')[0])}"
        + ("" if letter.has_origin else " (its place there is not known)"),
        f"  medium:   {printable(media_id or '(none)')} in collection {collection}",
        f"  done:     {done}",
        f"  key:      {_text_of(letter.key)}",
        f"  headers:  {headers or '(none)'}",
        f"  value:    {human_bytes(letter.size_bytes)}: {_text_of((letter.value or b'')[:HEAD_BYTES])}",
    ]
    return "\n".join(lines)


def letter_document(found: ShownLetter) -> dict[str, Any]:
    """One letter as a JSON object. A value that is not UTF-8 stands in base64, in a field of its own."""
    letter = found.letter
    media_id, collection = letter.identity()
    return {
        "partition": letter.place.partition,
        "offset": letter.place.offset,
        "reason": letter.reason,
        "detail": letter.detail,
        "stage": letter.letter_id.stage,
        "failed_at": letter.failed_at,
        "published_at": format_timestamp(letter.timestamp_ms),
        "topic": letter.letter_id.origin_topic,
        "origin_partition": letter.letter_id.origin_partition if letter.has_origin else None,
        "origin_offset": letter.letter_id.origin_offset if letter.has_origin else None,
        "media_id": media_id,
        "collection": collection,
        "status": "open" if found.handled is None else found.handled.act,
        "replays": 0 if found.handled is None else found.handled.replays,
        **_field("key", letter.key),
        "headers": [[name, (value or b"").decode(errors="backslashreplace")] for name, value in letter.headers],
        "size_bytes": letter.size_bytes,
        **_field("value", letter.value),
    }


def act_summary(result: ActResult, verb: str, *, dry_run: bool) -> str:
    """`replayed 120 dead letters, 3.1 MB; 4 were handled before; 2 refused`"""
    done = f"would {verb}" if dry_run else VERBS[verb]
    parts = [f"{done} {counted(result.done, 'dead letter', 'dead letters')}, {human_bytes(result.size_bytes)}"]
    if result.handled:
        parts.append(f"{result.handled:,} were handled before (--again takes them, too)")
    if result.refused:
        parts.append(f"{result.refused:,} not possible")
    return "; ".join(parts)


def _field(name: str, value: bytes | None) -> dict[str, str | None]:
    if value is None:
        return {name: None}
    try:
        return {name: value.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": b64encode(value).decode()}


def _text_of(value: bytes | None) -> str:
    return "(none)" if value is None else printable(value.decode(errors="backslashreplace"))
