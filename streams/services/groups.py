"""Decisions as people want to read them: each content once, and below it what is a copy of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from streams.cli.terminal import human_bytes, shown
from streams.kafka.decision_reader import Decision
from streams.services.wording import OUTCOME_WORDS, group_of, match_in_words, reason_in_words, shown_in_words

COPIES = ("duplicate", "near_duplicate")
PARTLY = ("contains", "overlaps")
"""Relations of a video that has a part of another and new material too: it is in a group of its own."""

PARTLY_NEW = "partly_new"
"""What is counted as such, in place of its outcome."""


@dataclass(slots=True)
class Group:
    """Media that are taken for one. `first` is a media id that came before all `copies`; maybe long before, not now.

    `parts` are videos that have a part of one of these, and something else too.
    """

    first: str
    is_new: bool
    copies: list[Decision] = field(default_factory=list)
    parts: list[Decision] = field(default_factory=list)


@dataclass(slots=True)
class Grouped:
    """`shown` says in words what each of some media shows, or is shown in."""

    groups: list[Group]
    shown: list[tuple[str, str]]
    failed: list[Decision]
    outcomes: Counter[str]
    copied_bytes: int


def group(decisions: Iterable[Decision]) -> Grouped:
    """Put copies, also those of copies, with the first of their group; the largest groups first."""
    decisions = sorted(decisions, key=lambda decision: str(decision["media_id"]))
    groups: dict[str, Group] = {}
    for decision in decisions:
        if decision["outcome"] == "unique" or _is_partly_new(decision):
            groups[decision["content_id"]] = Group(decision["media_id"], is_new=True)
    copied_bytes = 0
    of_content: dict[str, str] = {}
    for decision in decisions:
        if decision["outcome"] in COPIES and not _is_partly_new(decision):
            content_id, media_id = group_of(decision["match"])
            groups.setdefault(content_id, Group(media_id, is_new=False)).copies.append(decision)
            of_content[decision["content_id"]] = content_id
            copied_bytes += decision["facts"]["size_bytes"]
    for decision in filter(_is_partly_new, decisions):
        known = decision["match"]["content_id"]
        found = Group(decision["match"]["media_id"], is_new=False)
        groups.setdefault(of_content.get(known, known), found).parts.append(decision)
    return Grouped(
        groups=sorted(
            (each for each in groups.values() if each.copies or each.parts),
            key=lambda each: (-len(each.copies), -len(each.parts), each.first),
        ),
        shown=[(decision["media_id"], said) for decision in decisions for said in shown_in_words(decision)],
        failed=[decision for decision in decisions if decision["outcome"] == "failed"],
        outcomes=Counter(PARTLY_NEW if _is_partly_new(decision) else decision["outcome"] for decision in decisions),
        copied_bytes=copied_bytes,
    )


def _is_partly_new(decision: Decision) -> bool:
    return bool(decision["outcome"] == "near_duplicate" and decision["match"].get("relation") in PARTLY)


def lines_of(grouped: Grouped) -> Iterator[str]:
    """The report: groups, failures, totals."""
    for each in grouped.groups:
        members = [*each.copies, *each.parts]
        yield f"{shown(each.first)}  ({_how_many(each)}{'' if each.is_new else ', known from before'})"
        yield from _below((member["media_id"], _what(member, each)) for member in members)
        yield ""
    if grouped.shown:
        yield "shown in videos:"
        yield from _below(grouped.shown)
        yield ""
    if grouped.failed:
        yield "could not be compared:"
        yield from _below((d["media_id"], reason_in_words(d["failure"]["reason"])) for d in grouped.failed)
        yield ""
    yield totals_of(grouped)


def _below(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Indented lines of two columns."""
    safe = [(shown(media_id), shown(what)) for media_id, what in rows]
    width = max(len(media_id) for media_id, _ in safe)
    yield from (f"    {media_id.ljust(width)}  {what}" for media_id, what in safe)


def _how_many(group: Group) -> str:
    """`3 copies`, `2 copies, 1 with a part of it`"""
    copies = [_many(len(group.copies), "copy", "copies")] if group.copies else []
    parts = [_many(len(group.parts), "with a part of it", "with parts of it")] if group.parts else []
    return ", ".join(copies + parts)


def _what(member: Decision, group: Group) -> str:
    """`exact copy`, `altered copy, 97.7 %, cropped`, `clip, …`; of what, unless it is the first of the group."""
    match = member["match"]
    is_first = match["media_id"] == group.first
    review = " (review)" if member["action"] == "review" else ""
    if match.get("relation", "") not in ("", "copy"):
        return f"{match_in_words(match, 'it' if is_first else match['media_id'])}{review}"
    of = "" if is_first else f" of {match['media_id']}"
    how = "" if match["method"] == "exact" else f", {match_in_words(match)}"
    return f"{OUTCOME_WORDS[member['outcome']]}{of}{how}{review}"


def totals_of(grouped: Grouped) -> str:
    """`12 files: 5 unique, 4 exact copies, 1 failed. The copies take 3.4 MB.`"""
    files = _many(grouped.outcomes.total(), "file", "files")
    saved = f" The copies take {human_bytes(grouped.copied_bytes)}." if grouped.copied_bytes else ""
    return f"{files}: {outcomes_in_words(grouped.outcomes)}.{saved}"


def outcomes_in_words(outcomes: Counter[str]) -> str:
    """`5 unique, 4 exact copies, 2 altered copies, 1 failed`; also what `group` counts as partly new, if anything."""
    parts = [f"{outcomes['unique']:,} unique", _many(outcomes["duplicate"], "exact copy", "exact copies")]
    if outcomes["near_duplicate"]:
        parts.append(_many(outcomes["near_duplicate"], "altered copy", "altered copies"))
    if outcomes[PARTLY_NEW]:
        parts.append(f"{outcomes[PARTLY_NEW]:,} partly new")
    return ", ".join([*parts, f"{outcomes['failed']:,} failed"])


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"
