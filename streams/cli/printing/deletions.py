"""Prints what a deletion takes away."""

from __future__ import annotations

from collections.abc import Sequence

from streams.services.moderation.deletions import DeletionPlan
from streams.services.moderation.verdicts import PublishedEvent
from streams.services.text import counted, printable


def plan_in_words(plan: DeletionPlan, subject: str) -> str:
    """The media and contents that a deletion would reach, by the rows of ClickHouse."""
    where = f"{printable(subject)} in the collection {plan.collection}"
    if not plan.is_counted:
        return f"ClickHouse does not answer, so nothing is known about {where}. The match stage deletes what it has."
    if not plan.media:
        return (
            f"ClickHouse knows no submission of {where}. A deletion waits seven days for what was submitted before it."
        )
    media, contents = {each.media_id for each in plan.media}, {each.content_id for each in plan.media}
    parts = (
        counted(plan.submissions, "submission", "submissions"),
        counted(len(media), "medium", "media"),
        counted(len(contents), "content", "contents"),
    )
    return f"This deletes {parts[0]} of {parts[1]} with {parts[2]}: {where}. It cannot be taken back."


def result_in_words(published: Sequence[PublishedEvent], *, is_awaited: bool) -> str:
    """The published deletions, and whether they are done."""
    events = counted(len(published), "deletion", "deletions")
    if not is_awaited:
        return f"Published: {events}."
    missing = sum(each.effect is None for each in published)
    if not missing:
        return f"Deleted ({events}). Rows in ClickHouse follow."
    return (
        f"No decision says in time that {missing} of {events} took effect. All are published; the match stage may have "
        "forgotten the submissions, or waits for one that was submitted before. Rows in ClickHouse go either way."
    )
