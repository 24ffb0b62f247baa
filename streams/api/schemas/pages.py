"""Pages of lists. `next_cursor` is for the next request; it is null on the last page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams.analytics.queries.copy_groups import CopyGroup
from streams.analytics.queries.stored import StoredDecision
from streams.services.views.review_queue import QueuedGroup


@dataclass(frozen=True)
class DecisionPage:
    """Some decisions of a list."""

    decisions: Sequence[StoredDecision]
    next_cursor: str | None


@dataclass(frozen=True)
class GroupPage:
    """Some groups of a list."""

    groups: Sequence[CopyGroup]
    next_cursor: str | None


@dataclass(frozen=True)
class QueuePage:
    """Some groups of the queue."""

    groups: Sequence[QueuedGroup]
    next_cursor: str | None
