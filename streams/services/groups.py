"""Groups decisions as people read them: every content once, with its copies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from streams.domain.records import Decision, Match
from streams.services.wording import appearances_in_words

COPY_OUTCOMES: Final = ("duplicate", "near_duplicate")
PARTIAL_RELATIONS: Final = ("contains", "overlaps")
"""Relations of a video that shares a part with another and has new material too. It has a group of its own."""

CONFIDENCES_IN_DOUBT: Final = ("likely", "unverified")

PARTLY_NEW: Final = "partly_new"
"""Counted in place of the outcome of such a video."""

FOR_REVIEW: Final = "for_review"
"""Counted in place of the outcome of a medium that a person must look at. It has a group of its own."""


@dataclass(frozen=True, slots=True)
class MediaGroup:
    """Media that are copies of each other.

    `first` is the media id of the earliest; `is_new` says that it is among the grouped decisions. `partial` are videos
    that share a part with a medium of the group, and have new material too. `for_review` are media that may be copies
    of one of the group, and pictures that show it and something else too.
    """

    first: str
    is_new: bool
    copies: list[Decision] = field(default_factory=list)
    partial: list[Decision] = field(default_factory=list)
    for_review: list[Decision] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class GroupedDecisions:
    """`appearances` pairs a media id with words for what the medium shows, or is shown in."""

    groups: list[MediaGroup]
    appearances: list[tuple[str, str]]
    failed: list[Decision]
    outcomes: Counter[str]
    copied_bytes: int


def group_decisions(decisions: Iterable[Decision]) -> GroupedDecisions:
    """Puts copies, also copies of copies, into the group of the first; the largest groups come first."""
    decisions = sorted(decisions, key=lambda decision: decision.media_id)
    groups: dict[str, MediaGroup] = {}
    for decision in decisions:
        if decision.content_id is not None and (decision.outcome == "unique" or _has_own_group(decision)):
            groups[decision.content_id] = MediaGroup(decision.media_id, is_new=True)
    copied_bytes = 0
    group_of_content: dict[str | None, str] = {}
    for decision in decisions:
        match = decision.match
        if match is not None and decision.outcome in COPY_OUTCOMES and not _has_own_group(decision):
            content_id, media_id = group_of(match)
            groups.setdefault(content_id, MediaGroup(media_id, is_new=False)).copies.append(decision)
            group_of_content[decision.content_id] = content_id
            copied_bytes += decision.facts.size_bytes if decision.facts else 0
    for decision in decisions:
        if decision.match is not None and _has_own_group(decision):
            known = decision.match.content_id
            known_group = MediaGroup(decision.match.media_id, is_new=False)
            group = groups.setdefault(group_of_content.get(known, known), known_group)
            (group.partial if _is_partly_new(decision) else group.for_review).append(decision)
    return GroupedDecisions(
        groups=sorted(
            (group for group in groups.values() if group.copies or group.partial or group.for_review),
            key=lambda group: (-len(group.copies), -len(group.partial), -len(group.for_review), group.first),
        ),
        appearances=[(decision.media_id, words) for decision in decisions for words in appearances_in_words(decision)],
        failed=[decision for decision in decisions if decision.outcome == "failed"],
        outcomes=Counter(_counted_as(decision) for decision in decisions),
        copied_bytes=copied_bytes,
    )


def group_of(match: Match) -> tuple[str, str]:
    """Content id and media id of the group's first. A decision older than groups has none: then those of the match."""
    return match.group_content_id or match.content_id, match.group_media_id or match.media_id


def _counted_as(decision: Decision) -> str:
    if _is_partly_new(decision):
        return PARTLY_NEW
    return FOR_REVIEW if _has_own_group(decision) else decision.outcome


def _has_own_group(decision: Decision) -> bool:
    """A near duplicate that joins no group: a person must look at it, or it has new material."""
    return _is_partly_new(decision) or (
        decision.outcome == "near_duplicate" and decision.match is not None and decision.action == "review"
    )


def _is_partly_new(decision: Decision) -> bool:
    return (
        decision.outcome == "near_duplicate"
        and decision.match is not None
        and decision.match.relation in PARTIAL_RELATIONS
        and decision.match.confidence not in CONFIDENCES_IN_DOUBT
    )
