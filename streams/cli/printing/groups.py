"""The report of a scan: copies below their first, failures, totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from streams.domain.records import Decision
from streams.services.groups import FOR_REVIEW, PARTLY_NEW, GroupedDecisions, MediaGroup
from streams.services.text import counted, human_bytes, printable
from streams.services.wording import OUTCOME_WORDS, match_in_words, reason_in_words


def report_lines(grouped: GroupedDecisions, *, likely: bool = False) -> Iterator[str]:
    """The report, line by line. `likely` also lists media for review, below the medium that they may copy."""
    for group in grouped.groups:
        members = [*group.copies, *group.partial, *(group.for_review if likely else ())]
        if not members:
            continue
        sizes = _sizes(group, likely=likely)
        yield f"{printable(group.first)}  ({sizes}{'' if group.is_new else ', known from before'})"
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
    hint = " --likely lists what is for review." if grouped.outcomes[FOR_REVIEW] and not likely else ""
    yield f"{totals_in_words(grouped)}{hint}"


def totals_in_words(grouped: GroupedDecisions) -> str:
    """`12 files: 5 unique, 4 exact copies, 1 failed. The copies take 3.4 MB.`"""
    files = counted(grouped.outcomes.total(), "file", "files")
    saved = f" The copies take {human_bytes(grouped.copied_bytes)}." if grouped.copied_bytes else ""
    return f"{files}: {outcomes_in_words(grouped.outcomes)}.{saved}"


def outcomes_in_words(outcomes: Counter[str]) -> str:
    """`5 unique, 4 exact copies, 2 altered copies, 1 failed`, then partly new ones and those for review, if any."""
    parts = [f"{outcomes['unique']:,} unique", counted(outcomes["duplicate"], "exact copy", "exact copies")]
    if outcomes["near_duplicate"]:
        parts.append(counted(outcomes["near_duplicate"], "altered copy", "altered copies"))
    if outcomes[PARTLY_NEW]:
        parts.append(f"{outcomes[PARTLY_NEW]:,} partly new")
    if outcomes[FOR_REVIEW]:
        parts.append(f"{outcomes[FOR_REVIEW]:,} for review")
    return ", ".join([*parts, f"{outcomes['failed']:,} failed"])


def _two_columns(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    safe_rows = [(printable(media_id), printable(words)) for media_id, words in rows]
    width = max(len(media_id) for media_id, _ in safe_rows)
    yield from (f"    {media_id.ljust(width)}  {words}" for media_id, words in safe_rows)


def _sizes(group: MediaGroup, *, likely: bool) -> str:
    """`3 copies`, `2 copies, 1 with a part of it`, `1 copy, 2 for review`"""
    copies = [counted(len(group.copies), "copy", "copies")] if group.copies else []
    partial = [counted(len(group.partial), "with a part of it", "with parts of it")] if group.partial else []
    review = [f"{len(group.for_review):,} for review"] if group.for_review and likely else []
    return ", ".join(copies + partial + review)


def _how_copied(member: Decision, group: MediaGroup) -> str:
    """`exact copy`, `altered copy, 97.7 %, cropped`, `clip, …`; names the match unless that is the group's first.

    A picture for review has the sentence that says why.
    """
    match = member.match
    assert match is not None
    is_first = match.media_id == group.first
    review = " (review)" if member.action == "review" else ""
    if match.relation not in ("", "copy"):
        return f"{match_in_words(match, 'it' if is_first else match.media_id)}{review}"
    if member.action == "review":
        return f"for review{'' if is_first else f', beside {match.media_id}'}: {match.explanation}"
    of = "" if is_first else f" of {match.media_id}"
    how = "" if match.method == "exact" else f", {match_in_words(match)}"
    return f"{OUTCOME_WORDS[member.outcome]}{of}{how}"
