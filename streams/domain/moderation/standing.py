"""Group and verdict of a content now: what a decision about it says."""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

import orjson

from streams.domain.moderation.inheritance import EVERY_STATUS, inherits
from streams.domain.moderation.precedence import strongest
from streams.domain.records import Verdict, new_unchecked
from streams.domain.state.content import Content, content_expires_ms
from streams.domain.state.groups import Group, GroupVerdict
from streams.domain.state.keys import content_key, group_key
from streams.domain.state.members import FIRST
from streams.domain.state.state import State

NO_GROUP = Group()


class Standing(NamedTuple):
    """The group of a content, and what is said about the content.

    Attributes:
        group_content_id: of the group that the content is in now.
        group_media_id: of that group's canonical content.
        verdict: the strongest that holds for the content; None while there is none.
    """

    group_content_id: str
    group_media_id: str
    verdict: GroupVerdict | None = None

    @classmethod
    def of(cls, content: Content) -> Standing:
        """Of a content that nobody has said anything about."""
        return cls(content.group_content_id, content.group_media_id)


def stored_group(state: State, collection: str, group_content_id: str) -> Group:
    """What the state holds about a group, also of one that was merged into another."""
    value = state.get(group_key(collection, group_content_id))
    return NO_GROUP if value is None else Group.unpack(value)


def read_group(state: State, collection: str, group_content_id: str) -> tuple[str, Group]:
    """The group that has the verdicts of a content's group: the root, where groups were merged."""
    group = stored_group(state, collection, group_content_id)
    if group.root is None:
        return group_content_id, group
    return group.root, stored_group(state, collection, group.root)


def standing_of(state: State, collection: str, content: Content, statuses: int) -> Standing:
    """The standing of a content that inherits these statuses from others of its group."""
    root, group = read_group(state, collection, content.group_content_id)
    media_id = content.group_media_id
    if root != content.group_content_id:
        media_id = group.media_id
    if content.content_id == content.group_content_id:
        statuses = EVERY_STATUS
    return Standing(root, media_id, verdict_on(group, content.content_id, statuses))


def verdict_on(group: Group, content_id: str, statuses: int) -> GroupVerdict | None:
    """The verdict that holds for a content of the group."""
    holding = (
        verdict
        for verdict in group.verdicts
        if verdict.content_id == content_id or (verdict.for_group and inherits(statuses, verdict.status))
    )
    return strongest(holding, content_id)


def known_content(state: State, collection: str, content_id: str, time_ms: int) -> Content | None:
    """A content that has not expired at `time_ms`: whether it was removed since must not matter."""
    value = state.get(content_key(collection, content_id))
    return Content.unpack(value) if value is not None and content_expires_ms(value) >= time_ms else None


def told_verdict(verdict: GroupVerdict | None, media_id: str, pending_from: str | None) -> Verdict:
    """The verdict as a decision about a medium tells it.

    `pending_from` is the medium whose verdict will be inherited; None for the first of its group.
    """
    if verdict is None:
        return Verdict(inherited_from=pending_from) if pending_from else PENDING
    return new_unchecked(
        Verdict,
        status=verdict.status,
        by=verdict.name,
        reason=verdict.reason,
        at=verdict.at,
        inherited_from=None if verdict.media_id == media_id else verdict.media_id,
        kind=verdict.kind,
        version=verdict.version,
        labels=list(verdict.labels),
        content_id=verdict.content_id,
        entry=verdict.entry,
    )


PENDING = Verdict()


def signature(verdict: GroupVerdict | None, group_content_id: str, first_group: str) -> bytes:
    """8 bytes that change with what decisions about a content say; `first_group` is what the first decision says."""
    if verdict is None and group_content_id == first_group:
        return FIRST
    return blake2b(orjson.dumps([group_content_id, verdict]), digest_size=8).digest()
