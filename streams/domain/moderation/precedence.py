"""Which of several verdicts counts: one total order.

A person overrules a list, a list a model, a model a rule. Where only a near hash speaks for an entry of a hash list,
all other lists overrule it. Among sources of one kind, what came later counts; the order is that of the log, not that
of the times that events claim. A withdrawal uncovers the verdict below.
"""

from __future__ import annotations

from collections.abc import Iterable

from streams.domain.records.verdict import SOURCE_KINDS
from streams.domain.state.groups import GroupVerdict


def precedence(verdict: GroupVerdict, content_id: str) -> tuple[int, bool, tuple[int, int], bool, str]:
    """The higher counts for a content. What one list says of several contents of a group has one place in the log."""
    is_verified = verdict.entry is None or verdict.entry.confidence == "exact"
    is_own = verdict.content_id == content_id
    return -SOURCE_KINDS.index(verdict.kind), is_verified, verdict.order, is_own, verdict.content_id


def strongest(verdicts: Iterable[GroupVerdict], content_id: str = "") -> GroupVerdict | None:
    """The verdict that counts for a content."""
    return max(verdicts, key=lambda verdict: precedence(verdict, content_id), default=None)
