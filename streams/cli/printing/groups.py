"""The report of a scan: copies below their first, failures, totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from streams.domain.records import Decision
from streams.services.groups import PARTLY_NEW, GroupedDecisions, MediaGroup
from streams.services.text import counted, human_bytes, printable
from streams.services.wording import OUTCOME_WORDS, match_in_words, reason_in_words


def report_lines(grouped: GroupedDecisions) -> Iterator[str]:
    for group in grouped.groups:
        members = [*group.copies, *group.partial]
        yield f"{printable(group.first)}  ({_sizes(group)}{'' if group.is_new else ', known from before'})"
        yield from _two_columns((member.media_id, _how_copied(member, group)) for member in members)
        yield ""
    if grouped.appearances:
        yield "shown in videos:"
        yield from _two_columns(grouped.appearances)
        yield ""
    if grouped.failed:
        yield "could not be compared:"
        yield from _two_columns((d.media_id, reason_in_words(d.failure.reason)) for d in grouped.failed if d.failure)
        yield ""
    yield totals_in_words(grouped)


def totals_in_words(grouped: GroupedDecisions) -> str:
    """`12 files: 5 unique, 4 exact copies, 1 failed. The copies take 3.4 MB.`"""
    files = counted(grouped.outcomes.total(), "file", "files")
    saved = f" The copies take {human_bytes(grouped.copied_bytes)}." if grouped.copied_bytes else ""
    return f"{files}: {outcomes_in_words(grouped.outcomes)}.{saved}"


def outcomes_in_words(outcomes: Counter[str]) -> str:
    """`5 unique, 4 exact copies, 2 altered copies, 1 failed`, and videos that are partly new, if there are any."""
    parts = [f"{outcomes['unique']:,} unique", counted(outcomes["duplicate"], "exact copy", "exact copies")]
    if outcomes["near_duplicate"]:
        parts.append(counted(outcomes["near_duplicate"], "altered copy", "altered copies"))
    if outcomes[PARTLY_NEW]:
        parts.append(f"{outcomes[PARTLY_NEW]:,} partly new")
    return ", ".join([*parts, f"{outcomes['failed']:,} failed"])


def _two_columns(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    safe_rows = [(printable(media_id), printable(words)) for media_id, words in rows]
    width = max(len(media_id) for media_id, _ in safe_rows)
    yield from (f"    {media_id.ljust(width)}  {words}" for media_id, words in safe_rows)


def _sizes(group: MediaGroup) -> str:
    """`3 copies`, `2 copies, 1 with a part of it`"""
    copies = [counted(len(group.copies), "copy", "copies")] if group.copies else []
    partial = [counted(len(group.partial), "with a part of it", "with parts of it")] if group.partial else []
    return ", ".join(copies + partial)


def _how_copied(member: Decision, group: MediaGroup) -> str:
    """`exact copy`, `altered copy, 97.7 %, cropped`, `clip, …`; names the match unless that is the group's first."""
    match = member.match
    assert match is not None
    is_first = match.media_id == group.first
    review = " (review)" if member.action == "review" else ""
    if match.relation not in ("", "copy"):
        return f"{match_in_words(match, 'it' if is_first else match.media_id)}{review}"
    of = "" if is_first else f" of {match.media_id}"
    how = "" if match.method == "exact" else f", {match_in_words(match)}"
    return f"{OUTCOME_WORDS[member.outcome]}{of}{how}{review}"
