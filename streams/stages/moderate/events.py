"""The verdict that follows from an answer: the same event whenever the same decision is answered again."""

from __future__ import annotations

import uuid
from typing import Final

from streams.domain.records import Decision, ModerationEvent, VerdictSource
from streams.domain.records.moderation import ModeratorCall, Scope
from streams.moderation.answers import GivenVerdict
from streams.moderation.moderation_file import ModeratorPart
from streams.moderation.moderator import ModeratorAnswer

SOURCE: Final = "/mediasieve/moderate"
"""The CloudEvents source of the events."""

_NAMESPACE: Final = uuid.UUID("0b0f6a7e-6a3c-5d0e-9d8f-4a6f1c6f7c10")


def verdict_event(
    decision: Decision, given: GivenVerdict, answer: ModeratorAnswer, moderator: str, part: ModeratorPart, scope: Scope
) -> ModerationEvent:
    """The event; its id is a function of the decision, the moderator and the moderator's version in the file."""
    identity = uuid.uuid5(_NAMESPACE, "\0".join((decision.decision_id, moderator, part.version or "")))
    return ModerationEvent(
        event_id=f"{SOURCE}#{identity}",
        event="verdict",
        collection=decision.collection,
        by=VerdictSource(part.kind, moderator, part.version or answer.version),
        at=given.at,
        content_id=decision.content_id,
        status=answer.status,
        labels=list(answer.labels),
        reason=answer.reason,
        scope=scope,
        call=ModeratorCall(given.call_ms, given.attempts, part.price.amount, part.price.currency),
    )
