"""Whether a moderator is to be asked about the content of a decision. Pure.

A content is asked about once: with the one decision that says that it is new. Copies have its verdict, or will have it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Literal

from streams.domain.records import Decision

#: unique: the first of a content that is like no other. review: a match that a person should look at, in a group of its
#: own. changed: a copy that inherits not every verdict of its group, since too much was changed, or a clip of a video.
Occasion = Literal["unique", "review", "changed"]


def occasion_of(decision: Decision, allowed_differs: float) -> Occasion | None:
    """On what occasion a decision brings a content that nobody has said anything about; None if it brings none.

    A verdict that was taken back is no occasion: whoever takes it back wants none. A split is: the content was a copy.
    A probe of a reference collection is none: nothing would be kept of the verdict.

    Args:
        allowed_differs: of the collection's policy: how much may be changed in a copy that inherits `allowed`.
    """
    if decision.content_id is None or decision.verdict.status != "pending" or decision.probe:
        return None
    if decision.revision > 0:
        is_split = decision.action == "process" and decision.outcome != "unique"
        return "unique" if is_split else None
    if decision.outcome == "unique":
        return "unique"
    if decision.outcome != "near_duplicate" or decision.match is None:
        return None
    if decision.action == "review" or decision.match.group_content_id == decision.content_id:
        return "review"
    if decision.inheritance is not None:
        return None if "allowed" in decision.inheritance.statuses else "changed"
    differs = decision.match.differs  # of a decision of an earlier version, which does not say what it inherits
    is_changed = decision.match.relation == "clip_of" or (differs is not None and differs > allowed_differs)
    return "changed" if is_changed else None


def is_stale(decision: Decision, moderators: Collection[str], version_of: Callable[[str], str | None]) -> str | None:
    """The moderator whose verdict on this very content is of another version than it has now; None if there is none.

    A verdict that was inherited from another content is not looked at: that content is asked about when it comes again.

    Args:
        moderators: that are asked again for a new version.
        version_of: the version that a moderator has now; None if its verdicts never become stale.
    """
    verdict = decision.verdict
    if verdict.by is None or verdict.by not in moderators or verdict.content_id != decision.content_id:
        return None
    version = version_of(verdict.by)
    return verdict.by if version is not None and version != verdict.version else None


def is_saved(decision: Decision) -> bool:
    """Whether a decision spares a call: a copy that has, or will have, the verdict of another."""
    return decision.revision == 0 and decision.action == "reuse" and decision.outcome in ("duplicate", "near_duplicate")
