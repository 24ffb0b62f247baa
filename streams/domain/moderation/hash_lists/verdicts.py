"""Writes what hash lists say about a content to the content's group, where copies inherit it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

from streams.domain.moderation.hash_lists.judge import Listing, ListVerdict
from streams.domain.moderation.inheritance import inherits
from streams.domain.moderation.precedence import precedence
from streams.domain.moderation.standing import read_group
from streams.domain.records import ModerationEvent, VerdictSource
from streams.domain.state.content import Content
from streams.domain.state.groups import GroupVerdict
from streams.domain.state.hash_lists import Listed
from streams.domain.state.keys import group_key, listed_key
from streams.domain.state.state import State
from streams.errors import BadInput, Reason

MAX_VERDICTS: Final = 256
"""Verdicts that one group remembers: see corrections.py."""


class ListHit(NamedTuple):
    """A content that a list has come to say something about, for counting."""

    collection: str
    list_name: str
    confidence: str


class Given(NamedTuple):
    """What changed.

    Attributes:
        root: the group that has other verdicts now; None if it has the same.
        reaches_others: other contents of the group may inherit what it has now and did not have before.
        refused: verdicts that the group has no room for.
        hits: what lists say that they did not say before.
    """

    root: str | None = None
    reaches_others: bool = False
    refused: tuple[tuple[ModerationEvent, BadInput], ...] = ()
    hits: tuple[ListHit, ...] = ()


NOTHING_LISTED: Final = Listed()


def give(
    state: State, collection: str, content: Content, listing: Listing, statuses: int, decision_id: str = ""
) -> Given:
    """Make a content's verdicts by lists those of a listing.

    Args:
        state: of the partition.
        collection: of the content.
        content: that was judged.
        listing: the judgement.
        statuses: that the content inherits from its group, and its group from it.
        decision_id: of the content's first submission, where that is what brings the listing.
    """
    root, group = read_group(state, collection, content.group_content_id)
    before = [each for each in group.verdicts if each.entry is not None and each.content_id == content.content_id]
    others = tuple(each for each in group.verdicts if each not in before)
    after: list[GroupVerdict] = []
    refused: list[tuple[ModerationEvent, BadInput]] = []
    for verdict in listing.verdicts:
        said = _said(verdict, content, statuses)
        same = [each for each in before if _says(each) == _says(said)]
        if not same and len(others) + len(after) >= MAX_VERDICTS:
            refused.append(_refusal(verdict, collection, content))
            continue
        after.append(same[0] if same else said)
    reaches_others = any(_reaches_others(each, others) for each in after if each not in before)
    listed = _note_listed(state, collection, content, listing, decision_id if reaches_others else "")
    if after == before:
        is_repeated = bool(decision_id) and listed.decision_id == decision_id  # a kill came before the decision
        return Given(root if is_repeated else None, is_repeated, tuple(refused))
    named = group if group.founded else replace(group, media_id=content.group_media_id)
    state.put(group_key(collection, root), replace(named, verdicts=(*others, *after)).pack())
    hits = tuple(
        ListHit(collection, each.name, each.entry.confidence)
        for each in after
        if each not in before and each.entry is not None
    )
    return Given(root, reaches_others, tuple(refused), hits)


def _reaches_others(verdict: GroupVerdict, others: tuple[GroupVerdict, ...]) -> bool:
    """Whether the verdict counts for any other content: a stronger one of the same status reaches all that it does."""
    return verdict.for_group and not any(
        other.for_group and other.status == verdict.status and precedence(other, "") > precedence(verdict, "")
        for other in others
    )


def _note_listed(state: State, collection: str, content: Content, listing: Listing, decision_id: str) -> Listed:
    """Written before the group, so that whoever finds the group changed knows what has to follow."""
    key = listed_key(collection, content.content_id)
    value = state.get(key)
    if value is None and not decision_id and not listing.counted and not listing.verdicts:
        return NOTHING_LISTED  # which is most contents
    before = NOTHING_LISTED if value is None else Listed.unpack(value)
    entries = tuple(dict.fromkeys((*before.entries, *listing.counted)))
    lists = tuple(verdict.source.name for verdict in listing.verdicts)
    listed = Listed(lists, entries, decision_id or before.decision_id)
    if listed != NOTHING_LISTED:
        state.put(key, listed.pack())
    elif value is not None:
        state.put(key, None)
    return listed


def _said(verdict: ListVerdict, content: Content, statuses: int) -> GroupVerdict:
    is_canonical = content.content_id == content.group_content_id
    return GroupVerdict(
        content.content_id,
        content.media_id,
        content.group_content_id,
        "list",
        verdict.source.name,
        verdict.source.version,
        verdict.status,
        verdict.labels,
        verdict.reason,
        verdict.source.at,
        verdict.source.order,
        is_canonical or inherits(statuses, verdict.status),
        verdict.entry,
    )


def _says(verdict: GroupVerdict) -> tuple[object, ...]:
    """What people read of a verdict. The same list, imported again, changes nothing."""
    return verdict.name, verdict.version, verdict.status, verdict.labels, verdict.reason, verdict.entry


def _refusal(verdict: ListVerdict, collection: str, content: Content) -> tuple[ModerationEvent, BadInput]:
    event = ModerationEvent(
        event_id=f"{verdict.source.name}/{verdict.source.import_id}#{content.content_id}",
        event="verdict",
        collection=collection,
        by=VerdictSource("list", verdict.source.name, verdict.source.version),
        at=verdict.source.at,
        content_id=content.content_id,
        status=verdict.status,
        labels=list(verdict.labels),
        reason=verdict.reason,
    )
    detail = f"{MAX_VERDICTS} sources have said something about this group already"
    return event, BadInput(Reason.TOO_MANY_VERDICTS, detail)
