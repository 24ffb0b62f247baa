"""What a moderation event changes in the state: the verdicts of a group, and which contents are in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, cast

from streams.domain.moderation import groups
from streams.domain.moderation.inheritance import EVERY_STATUS, inherited_statuses, inherits
from streams.domain.moderation.standing import known_content, read_group
from streams.domain.moderation.waiting import keep_waiting
from streams.domain.policy.policy import DEFAULT_POLICY
from streams.domain.records import ModerationEvent
from streams.domain.records.verdict import GivenStatus
from streams.domain.state.content import Content
from streams.domain.state.groups import Group, GroupVerdict, Link
from streams.domain.state.keys import (
    DECISION_PREFIX,
    content_key,
    group_key,
    grouped_key,
    member_key,
    splits_key,
)
from streams.domain.state.members import Member, content_of_medium, leading_expires_ms
from streams.domain.state.splits import pack_splits, unpack_splits
from streams.domain.state.state import State
from streams.errors import BadInput, Reason

MAX_VERDICTS: Final = 256
"""Verdicts that one group remembers: the last of each source on each content."""

MAX_SPLITS: Final = 1024
"""Contents that one content is not the same as."""

JOINED: Final = b"\1"
"""The value of a content that joined a group."""


def apply_event(state: State, event: ModerationEvent, order: tuple[int, int], time_ms: int) -> list[str] | None:
    """Apply an event; returns the groups whose members' decisions may change, or None if the event waits for what is
    not known yet. Of deletions, this only says whether they wait: deletion.py applies them.

    Args:
        state: of the partition.
        event: what happened.
        order: `GroupVerdict.order` of a verdict.
        time_ms: of the Kafka record.

    Raises:
        BadInput: too_many_waiting, too_many_verdicts, too_many_merges, too_many_splits or bad_field.
    """
    if event.event == "deletion" and event.content_id is not None and event.media_id is not None:
        return []  # whoever names both has seen a decision, so there is nothing to wait for
    content_id = event.content_id
    if content_id is None:
        content_id = content_of_medium(state, event.collection, cast(str, event.media_id), time_ms)
        if event.event == "deletion" and content_id is not None:
            return []  # the medium was submitted, though its content may not be known: a probe's is not kept
    content = None if content_id is None else known_content(state, event.collection, content_id, time_ms)
    waits_for = event.subject if content is None else None
    other = None
    if event.other_content_id is not None:
        other = known_content(state, event.collection, event.other_content_id, time_ms)
        if content_id == event.other_content_id:
            raise BadInput(Reason.BAD_FIELD, "the medium has the content that 'other_content_id' names")
        if other is None and waits_for is None:
            waits_for = event.other_content_id
    if content is None or waits_for is not None:
        keep_waiting(state, event, cast(str, waits_for), order, time_ms)
        return None
    if event.event == "deletion":
        return []
    if other is not None:
        return _PAIR_CHANGES[event.event](state, event.collection, content, other, time_ms)
    roots = _withdraw(state, event, content)
    return _give(state, event, content, order, time_ms) if event.event == "verdict" else roots


def join(state: State, collection: str, group_content_id: str, content_id: str) -> None:
    """Write that a content joined the group of another."""
    state.put(grouped_key(collection, group_content_id, content_id), JOINED)


def statuses_of(state: State, collection: str, content: Content, time_ms: int) -> int:
    """The statuses that pass between a content and the canonical content of its group."""
    if content.content_id == content.group_content_id:
        return EVERY_STATUS
    value = state.get(member_key(collection, content.content_id, DECISION_PREFIX + content.decision_id))
    if (
        value is None or leading_expires_ms(value) < time_ms
    ):  # its first submission is forgotten, and with it the policy
        return inherited_statuses(content.drift_blocks, DEFAULT_POLICY)
    return Member.unpack(value).inherits


def _give(state: State, event: ModerationEvent, content: Content, order: tuple[int, int], time_ms: int) -> list[str]:
    root, group = read_group(state, event.collection, content.group_content_id)
    status = cast(GivenStatus, event.status)
    verdict = GroupVerdict(
        content.content_id,
        content.media_id,
        content.group_content_id,
        event.by.kind,
        event.by.name,
        event.by.version,
        status,
        tuple(event.labels),
        event.reason,
        event.at,
        order,
        event.scope == "group" and inherits(statuses_of(state, event.collection, content, time_ms), status),
    )
    if len(group.verdicts) >= MAX_VERDICTS:
        raise BadInput(
            Reason.TOO_MANY_VERDICTS, f"{len(group.verdicts)} sources have said something about this group already"
        )
    verdicts = (*group.verdicts, verdict)
    state.put(group_key(event.collection, root), replace(_named(group, content), verdicts=verdicts).pack())
    return [root]


def _named(group: Group, content: Content) -> Group:
    """The group with the medium of its canonical content, which may have expired and come again."""
    return group if group.founded else replace(group, media_id=content.group_media_id)


def _withdraw(state: State, event: ModerationEvent, content: Content) -> list[str]:
    root, group = read_group(state, event.collection, content.group_content_id)
    remaining = tuple(known for known in group.verdicts if not _is_by(known, event, content))
    if len(remaining) == len(group.verdicts):
        return []
    state.put(group_key(event.collection, root), replace(_named(group, content), verdicts=remaining).pack())
    return [root]


def _is_by(verdict: GroupVerdict, event: ModerationEvent, content: Content) -> bool:
    """The verdict was given by the event's source on this content. What a hash list says follows from its entries."""
    source = verdict.content_id, verdict.kind, verdict.name
    return verdict.entry is None and source == (content.content_id, event.by.kind, event.by.name)


def _split(state: State, collection: str, content: Content, other: Content, time_ms: int) -> list[str]:
    """The two are never matched again, neither with each other nor through others of their groups."""
    splits = {
        one.content_id: unpack_splits(state.get(splits_key(collection, one.content_id))) | {two.content_id}
        for one, two in ((content, other), (other, content))
    }
    for content_id, others in splits.items():
        if len(others) > MAX_SPLITS:
            raise BadInput(Reason.TOO_MANY_SPLITS, f"{content_id} is split from {MAX_SPLITS} contents already")
    for content_id, others in splits.items():
        state.put(splits_key(collection, content_id), pack_splits(others))
    root, group = read_group(state, collection, content.group_content_id)
    if read_group(state, collection, other.group_content_id)[0] != root:
        return []
    if content.group_content_id != other.group_content_id:
        home = content.group_content_id
        return groups.part(state, collection, root, group, [link for link in group.links if home in _ends(link)])
    leaver = other if content.content_id == content.group_content_id else content
    own = leaver.content_id
    founded = _leave(state, collection, leaver, root, group)
    if founded != root:
        return [root, founded]
    group = read_group(state, collection, root)[1]  # a group of this name was merged with the group that it left
    return groups.part(state, collection, root, group, [link for link in group.links if own in _ends(link)])


def _ends(link: Link) -> tuple[str, str]:
    return link.group, link.other_group


def _leave(state: State, collection: str, leaver: Content, root: str, group: Group) -> str:
    """A content leaves its group, takes along the verdicts that name it, and founds a group of its own.

    There may be a group of this name from before the content was deleted and came again, with members and verdicts of
    then. The answer is the root of the content's group now.
    """
    own = leaver.content_id
    key = content_key(collection, own)
    alone = replace(leaver, group_content_id=own, group_media_id=leaver.media_id, is_member=False, drift_blocks=0)
    state.put(key, alone.pack())
    state.put(grouped_key(collection, leaver.group_content_id, own), None)
    taken = tuple(replace(each, home=own, for_group=True) for each in group.verdicts if each.content_id == own)
    left = tuple(each for each in group.verdicts if each.content_id != own)
    state.put(group_key(collection, root), replace(_named(group, leaver), verdicts=left).pack())
    founded, before = read_group(state, collection, own)
    sources = {_source(each) for each in taken}
    verdicts = (*(each for each in before.verdicts if _source(each) not in sources), *taken)
    state.put(group_key(collection, founded), replace(_named(before, alone), verdicts=verdicts).pack())
    return founded


def _source(verdict: GroupVerdict) -> tuple[str, str, str, bool]:
    return verdict.content_id, verdict.kind, verdict.name, verdict.entry is None


def _merge(state: State, collection: str, content: Content, other: Content, time_ms: int) -> list[str]:
    roots = groups.merge(state, collection, content, other, time_ms)
    _unsplit(state, collection, content, other)
    return roots


def _undo(state: State, collection: str, content: Content, other: Content, time_ms: int) -> list[str]:
    """Takes back a split, after which the two are in one group again, or else a merge."""
    if _unsplit(state, collection, content, other):
        return groups.merge(state, collection, content, other, time_ms)
    root, group = read_group(state, collection, content.group_content_id)
    pair = {content.content_id, other.content_id}
    links = [link for link in group.links if {link.content_id, link.other_content_id} == pair]
    return groups.part(state, collection, root, group, links) if links else []


def _unsplit(state: State, collection: str, content: Content, other: Content) -> bool:
    was_split = False
    for one, two in ((content, other), (other, content)):
        key = splits_key(collection, one.content_id)
        splits = unpack_splits(state.get(key))
        if two.content_id in splits:
            was_split = True
            state.put(key, pack_splits(splits - {two.content_id}) or None)
    return was_split


_PAIR_CHANGES: Final[dict[str, Callable[[State, str, Content, Content, int], list[str]]]] = {
    "split": _split,
    "merge": _merge,
    "undo": _undo,
}
