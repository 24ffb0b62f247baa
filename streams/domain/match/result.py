"""What the decisions about a batch bring about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from streams.domain.moderation.effects import Effects, Fate, LogEvent, Refusal
from streams.domain.moderation.hash_lists.verdicts import ListHit
from streams.domain.moderation.steps import Continuation
from streams.domain.records import Outcome
from streams.domain.records.verdict import VerdictStatus


@dataclass(frozen=True, slots=True)
class MatchOutput:
    """A decision to be published.

    Attributes:
        decision_id: of the decision.
        media_id: of the submission.
        value: the decision's JSON.
        outcome: of a first decision that is made now, or `deleted`; else None.
        repeated: the decision was made before.
        inherited: of a first decision, the status of a verdict that it has from another medium; else None.
    """

    decision_id: str
    media_id: str
    value: bytes
    outcome: Outcome | None
    repeated: bool
    inherited: VerdictStatus | None = None


class MatchResult(NamedTuple):
    """What a batch brought about, in order.

    Attributes:
        decisions: of each submission its decision, and the revised decisions that follow from moderation events.
        continuations: records that bring further revised decisions.
        refusals: moderation events that cannot be applied.
        handled: kind and fate of every moderation event.
        log_events: events that go to the end of the log.
        list_hits: contents that hash lists came to say something about.
    """

    decisions: list[MatchOutput]
    continuations: list[Continuation]
    refusals: list[Refusal]
    handled: list[tuple[str, Fate]]
    log_events: list[LogEvent]
    list_hits: list[ListHit]

    def add(self, effects: Effects, routing_key: bytes) -> None:
        for decision_id, media_id, value, is_deleted in effects.revised:
            outcome: Outcome | None = "deleted" if is_deleted else None
            self.decisions.append(MatchOutput(decision_id, media_id, value, outcome, effects.repeated))
        self.continuations.extend(Continuation(each.step, routing_key) for each in effects.continuations)
        self.refusals.extend(effects.refusals)
        self.handled.extend(effects.handled)
        self.log_events.extend(event._replace(routing_key=routing_key) for event in effects.log_events)
