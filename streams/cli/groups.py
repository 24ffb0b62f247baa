"""Decisions as people want to read them: each content once, and below it what is a copy of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from streams.cli.console import human_bytes, shown
from streams.cli.decision_reader import Decision
from streams.cli.words import OUTCOME_WORDS, group_of, match_in_words, reason_in_words

COPIES = ("duplicate", "near_duplicate")


@dataclass(slots=True)
class Group:
    """Media that are taken for one. `first` is a media id that came before all `copies`; maybe long before, not now."""

    first: str
    is_new: bool
    copies: list[Decision] = field(default_factory=list)


@dataclass(slots=True)
class Grouped:
    groups: list[Group]
    failed: list[Decision]
    outcomes: Counter[str]
    copied_bytes: int


def group(decisions: Iterable[Decision]) -> Grouped:
    """Put copies, also those of copies, with the first of their group; the largest groups first."""
    decisions = list(decisions)
    groups: dict[str, Group] = {}
    for decision in decisions:
        if decision["outcome"] == "unique":
            groups[decision["content_id"]] = Group(decision["media_id"], is_new=True)
    copied_bytes = 0
    for decision in decisions:
        if decision["outcome"] in COPIES:
            content_id, media_id = group_of(decision["match"])
            groups.setdefault(content_id, Group(media_id, is_new=False)).copies.append(decision)
            copied_bytes += decision["facts"]["size_bytes"]
    for each in groups.values():
        each.copies.sort(key=lambda decision: str(decision["media_id"]))
    with_copies = [each for each in groups.values() if each.copies]
    return Grouped(
        groups=sorted(with_copies, key=lambda each: (-len(each.copies), each.first)),
        failed=sorted((d for d in decisions if d["outcome"] == "failed"), key=lambda d: str(d["media_id"])),
        outcomes=Counter(decision["outcome"] for decision in decisions),
        copied_bytes=copied_bytes,
    )


def lines_of(grouped: Grouped) -> Iterator[str]:
    """The report: groups, failures, totals."""
    for each in grouped.groups:
        count = len(each.copies)
        known = "" if each.is_new else ", known from before"
        yield f"{shown(each.first)}  ({count} {'copy' if count == 1 else 'copies'}{known})"
        width = max(len(shown(copy["media_id"])) for copy in each.copies)
        for copy in each.copies:
            yield f"    {shown(copy['media_id']).ljust(width)}  {shown(_what(copy, each))}"
        yield ""
    if grouped.failed:
        yield "could not be compared:"
        width = max(len(shown(decision["media_id"])) for decision in grouped.failed)
        for decision in grouped.failed:
            reason = reason_in_words(decision["failure"]["reason"])
            yield f"    {shown(decision['media_id']).ljust(width)}  {reason}"
        yield ""
    yield totals_of(grouped)


def _what(copy: Decision, group: Group) -> str:
    """`exact copy`, `altered copy, 97.7 %, cropped`; of what, unless it is the first of the group."""
    match = copy["match"]
    of = "" if match["media_id"] == group.first else f" of {match['media_id']}"
    how = "" if match["method"] == "exact" else f", {match_in_words(match)}"
    return f"{OUTCOME_WORDS[copy['outcome']]}{of}{how}"


def totals_of(grouped: Grouped) -> str:
    """`12 files: 5 unique, 4 exact copies, 1 failed. The copies take 3.4 MB.`"""
    files = _many(grouped.outcomes.total(), "file", "files")
    saved = f" The copies take {human_bytes(grouped.copied_bytes)}." if grouped.copied_bytes else ""
    return f"{files}: {outcomes_in_words(grouped.outcomes)}.{saved}"


def outcomes_in_words(outcomes: Counter[str]) -> str:
    """`5 unique, 4 exact copies, 2 altered copies, 1 failed`"""
    parts = [f"{outcomes['unique']:,} unique", _many(outcomes["duplicate"], "exact copy", "exact copies")]
    if outcomes["near_duplicate"]:
        parts.append(_many(outcomes["near_duplicate"], "altered copy", "altered copies"))
    return ", ".join([*parts, f"{outcomes['failed']:,} failed"])


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"
