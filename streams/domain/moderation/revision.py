"""The revised decision of a submission: the first decision with another verdict, group and action, or a deletion."""

from __future__ import annotations

from typing import Any

import orjson

from streams.domain.moderation.standing import PENDING, Standing, told_verdict
from streams.domain.records import Decision, decision_id, new_unchecked
from streams.domain.state.deletions import Tombstone


def first_group(decision: dict[str, Any]) -> str:
    """The group that a first decision put its content into."""
    match = decision["match"]
    group: str = match["group_content_id"] if match else decision["content_id"]
    return group


def revise(decision: dict[str, Any], standing: Standing, revision: int, *, is_joined: bool = True) -> tuple[str, bytes]:
    """Id and JSON of the revised decision.

    Args:
        decision: the first decision as a JSON object; changed by this.
        standing: of the content now.
        revision: of the revised decision, from 1 on.
        is_joined: the content is in the group that it joined, and is not the group's canonical content now.
    """
    content_id, group = decision["content_id"], standing.group_content_id
    identity = decision["collection"], decision["submission_id"], decision["attempt"]
    decision["decision_id"] = decision_id(*identity, revision)
    decision["supersedes"] = decision_id(*identity, revision - 1)
    decision["revision"] = revision
    if standing.verdict is not None:
        decision["action"] = "reuse"  # what is known of the content: there is nothing left to process or to look at
    elif group == content_id != first_group(decision):
        decision["action"] = "process"  # somebody took the content out of the group that it joined
    decision["group_content_id"], decision["group_media_id"] = group, standing.group_media_id
    if decision["match"]:
        decision["match"]["group_content_id"] = group
        decision["match"]["group_media_id"] = standing.group_media_id
    pending_from = standing.group_media_id if group != content_id or decision["outcome"] == "duplicate" else None
    decision["verdict"] = told_verdict(standing.verdict, decision["media_id"], pending_from)
    held_back = decision.pop("inheritance", None)
    if held_back is not None and (group == content_id if held_back["because"] == "review" else is_joined):
        decision["inheritance"] = held_back
    return decision["decision_id"], orjson.dumps(decision)


def deleted_decision(
    tombstone: Tombstone, collection: str, media_id: str, submission_id: str, attempt: int
) -> tuple[str, bytes]:
    """Id and JSON of the decision that says that a submission was deleted: a function of these names alone."""
    identity = decision_id(collection, submission_id, attempt, tombstone.revision)
    decision = new_unchecked(
        Decision,
        decision_id=identity,
        revision=tombstone.revision,
        outcome="deleted",
        action="forget",
        collection=collection,
        media_id=media_id,
        submission_id=submission_id,
        attempt=attempt,
        kind=tombstone.kind,
        content_id=tombstone.content_id,
        match=None,
        verdict=PENDING,
        failure=None,
        facts=None,
        metadata={},
        submitted_at=tombstone.submitted_at,
        fingerprinted_at=tombstone.submitted_at,
        versions={},
        appears_in=[],
        supersedes=decision_id(collection, submission_id, attempt, tombstone.revision - 1),
        group_content_id=None,
        group_media_id=None,
        origin=None,
    )
    return identity, decision.to_json()
