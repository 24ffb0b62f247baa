"""Merging groups, and taking them apart again.

A content stays in the group that it joined. To merge two groups is to link them: of all groups that links hold
together, the one whose canonical content came first is the root, and has the verdicts of all. To take a link away is to
part them again, each with the verdicts that name its own contents.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from streams.domain.moderation.standing import NO_GROUP, known_content, read_group, stored_group
from streams.domain.state.content import Content
from streams.domain.state.groups import Group, GroupVerdict, Link
from streams.domain.state.keys import group_key
from streams.domain.state.state import State
from streams.errors import BadInput, Reason

MAX_MERGED_GROUPS: Final = 256


def merge(state: State, collection: str, content: Content, other: Content, time_ms: int) -> list[str]:
    """Put the groups of two contents together; returns the root, or nothing if they are one group already.

    Raises:
        BadInput: too_many_merges.
    """
    home, other_home = content.group_content_id, other.group_content_id
    root, group = read_group(state, collection, home)
    other_root, other_group = read_group(state, collection, other_home)
    if root == other_root:
        return []
    founded = {
        **(group.founded or _founded(state, collection, content, time_ms)),
        **(other_group.founded or _founded(state, collection, other, time_ms)),
    }
    if len(founded) > MAX_MERGED_GROUPS:
        raise BadInput(Reason.TOO_MANY_MERGES, f"more than {MAX_MERGED_GROUPS} groups would become one")
    link = Link(content.content_id, other.content_id, home, other_home)
    verdicts = (*group.verdicts, *other_group.verdicts)
    return _write(state, collection, founded, (*group.links, *other_group.links, link), verdicts)


def part(state: State, collection: str, root: str, group: Group, links: Iterable[Link]) -> list[str]:
    """Take links away; returns the roots of the groups that remain."""
    gone = set(links)
    return _write(
        state, collection, group.founded, tuple(link for link in group.links if link not in gone), group.verdicts
    )


def _founded(state: State, collection: str, member: Content, time_ms: int) -> dict[str, tuple[int, str]]:
    """Time and medium of the canonical content of a group that was never merged."""
    canonical = known_content(state, collection, member.group_content_id, time_ms)
    first_ms = canonical.first_ms if canonical is not None else member.first_ms
    return {member.group_content_id: (first_ms, member.group_media_id)}


def _write(
    state: State,
    collection: str,
    founded: dict[str, tuple[int, str]],
    links: tuple[Link, ...],
    verdicts: tuple[GroupVerdict, ...],
) -> list[str]:
    """Write the groups that these links hold together; returns their roots, and all that were written are read again
    by `read_group`.
    """
    roots = []
    for names in _held_together(founded, links):
        root = min(names, key=lambda name: (founded[name], name))
        for name in sorted(names):
            key = group_key(collection, name)
            before = stored_group(state, collection, name)
            if name != root:
                state.put(key, replace(NO_GROUP, root=root, chunks=before.chunks).pack())
                continue
            own = tuple(verdict for verdict in verdicts if verdict.home in names)
            state.put(
                key,
                Group(
                    media_id=founded[name][1],
                    chunks=before.chunks,
                    verdicts=own,
                    links=tuple(link for link in links if link.group in names),
                    founded={name: founded[name] for name in sorted(names)} if len(names) > 1 else {},
                ).pack(),
            )
        roots.append(root)
    return roots


def _held_together(names: Iterable[str], links: Iterable[Link]) -> list[set[str]]:
    sets = {name: {name} for name in names}
    for link in links:
        one, other = sets[link.group], sets[link.other_group]
        if one is not other:
            one |= other
            sets.update(dict.fromkeys(other, one))
    return list({id(found): found for found in sets.values()}.values())
