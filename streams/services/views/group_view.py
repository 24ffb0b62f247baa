"""One group as people judge it: the canonical content and its copies, why each is there, and what differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.moderation.verdicts import ModerationAct, moderation_acts
from streams.analytics.queries.stored import Keyset, StoredDecision, decisions_of_group
from streams.analytics.queries.stored.contents import decisions_of_contents
from streams.domain.records import Match, Verdict

Role = Literal["canonical", "exact_copy", "near_copy", "for_review", "other"]

#: Facts that are shown where a member has others than the canonical content.
COMPARED_FACTS: Final = ("kind", "format", "size_bytes", "width", "height", "frames", "quality", "duration_s", "codec")
MAX_ACTS: Final = 100


@dataclass(frozen=True)
class Difference:
    """A fact that a member has otherwise than the canonical content."""

    fact: str
    canonical: str | float | None
    member: str | float | None


@dataclass(frozen=True)
class GroupMember:
    """One submission of a group.

    Attributes:
        role: `canonical` is a submission of the canonical content before any match, `for_review` is in a group of its
            own and matches a content of this one.
        media_id: as submitted.
        content_id: of its bytes.
        decided_at: when.
        action: what a consumer should do.
        why: why it is in this group, in words; empty for the canonical content.
        match: the match with its distances, confidence, score, and the map of where it differs.
        differs: facts that differ from those of the canonical content; all else is the same.
        verdict: in force on it, with whose it is.
        decision: all of its latest decision.
        thumbnails: URLs of small pictures, by size in pixels; filled by the API.
    """

    role: Role
    media_id: str
    content_id: str
    decided_at: str
    action: str
    why: str
    match: Match | None
    differs: Sequence[Difference]
    verdict: Verdict
    decision: StoredDecision
    thumbnails: dict[str, str] | None = None


@dataclass(frozen=True)
class GroupView:
    """A group: its canonical content, whose `canonical` is the latest decision, and a page of its members by arrival.

    `content_id` is the canonical content, whichever content of the group was asked for. `acts` are its moderation
    events, the latest first, on the first page only. `thumbnails` are URLs of its canonical content, by size in pixels.
    """

    collection: str
    content_id: str
    canonical: StoredDecision | None
    verdict: Verdict
    members: Sequence[GroupMember]
    acts: Sequence[ModerationAct]
    next_cursor: str | None = None
    thumbnails: dict[str, str] | None = None


def view_group(
    client: Client, collection: str, content_id: str, *, after: Keyset | None, limit: int
) -> GroupView | None:
    """The group of a content; None if ClickHouse knows no such content in this collection.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    # most ask for a group by its canonical content, which is among the members
    members = decisions_of_group(client, collection, content_id, after=after, limit=limit)
    asked = _latest_of(members, content_id) if after is None and len(members) < limit else None
    if asked is None:
        asked = decisions_of_contents(client, collection, [content_id]).get(content_id)
    if asked is None:
        return None
    canonical: StoredDecision | None = asked
    group = asked.group_content_id or content_id
    if group != content_id:
        members = decisions_of_group(client, collection, group, after=after, limit=limit)
        canonical = _latest_of(members, group) if after is None and len(members) < limit else None
        canonical = canonical or decisions_of_contents(client, collection, [group]).get(group)
    subjects = {group, *(decision.media_id for decision in members if decision.content_id == group)}
    acts = moderation_acts(client, collection, tuple(sorted(subjects)), limit=MAX_ACTS) if after is None else ()
    return GroupView(
        collection=collection,
        content_id=group,
        canonical=canonical,
        verdict=(canonical or asked).verdict,
        members=[_member(decision, group, canonical) for decision in members],
        acts=acts,
    )


def _latest_of(members: Sequence[StoredDecision], content_id: str) -> StoredDecision | None:
    """The latest decision about a content, of all members of its group in order of arrival."""
    return next((member for member in reversed(members) if member.content_id == content_id), None)


def differences(canonical: StoredDecision | None, member: StoredDecision) -> list[Difference]:
    """The facts in which a member is other than the canonical content."""
    one, other = _facts_of(canonical), _facts_of(member)
    return [
        Difference(name, one.get(name), other.get(name))
        for name in COMPARED_FACTS
        if one and other and one.get(name) != other.get(name)
    ]


def _member(decision: StoredDecision, group: str, canonical: StoredDecision | None) -> GroupMember:
    return GroupMember(
        role=_role(decision, group),
        media_id=decision.media_id,
        content_id=decision.content_id or "",
        decided_at=decision.decided_at,
        action=decision.action,
        why=decision.match.explanation if decision.match else "",
        match=decision.match,
        differs=differences(canonical, decision),
        verdict=decision.verdict,
        decision=decision,
    )


def _role(decision: StoredDecision, group: str) -> Role:
    if decision.group_content_id != group:
        return "for_review"
    if decision.outcome == "duplicate":
        return "exact_copy"
    if decision.content_id == group:
        return "canonical"
    return "near_copy" if decision.outcome == "near_duplicate" else "other"


def _facts_of(decision: StoredDecision | None) -> dict[str, Any]:
    if decision is None or decision.facts is None:
        return {}
    facts, video = decision.facts, decision.facts.video
    named: dict[str, Any] = {name: getattr(facts, name, None) for name in COMPARED_FACTS}
    return named | ({"duration_s": video.duration_s, "codec": video.codec} if video else {})
