"""Which of several verdicts counts: one total order.

A person overrules a list, a list a model, a model a rule. Where only a near hash speaks for an entry of a hash list,
all other lists overrule it. Among sources of one kind, what came later counts; the order is that of the log, not that
of the times that events claim. A withdrawal uncovers what was below.
"""

from __future__ import annotations

from collections.abc import Iterable

from streams.domain.records.verdict import SOURCE_KINDS
from streams.domain.state.groups import GroupVerdict


def precedence(verdict: GroupVerdict) -> tuple[int, bool, tuple[int, int]]:
    """The higher counts."""
    is_verified = verdict.entry is None or verdict.entry.confidence == "exact"
    return -SOURCE_KINDS.index(verdict.kind), is_verified, verdict.order


def strongest(verdicts: Iterable[GroupVerdict]) -> GroupVerdict | None:
    return max(verdicts, key=precedence, default=None)
