"""media.decisions → ask a moderator about new contents → media.verdicts. A moderator that is away delays only these."""

from __future__ import annotations

from functools import partial

from streams.config.settings import Settings
from streams.domain.records import ModerationEvent
from streams.kafka.cloudevents import VERDICT_TYPE, moderation_headers
from streams.kafka.topics import BULK_SUBMISSIONS, CALLBACKS, DEAD_LETTERS, DECISIONS, SUBMISSIONS, VERDICTS
from streams.runtime.runners.concurrent import RecordTask, Work
from streams.runtime.runners.patient import PatientStage
from streams.stages.moderate.desk import ModerationDesk


def moderate(task: RecordTask, desk: ModerationDesk) -> Work | None:
    """One decision in; a verdict out, if its content is new and a moderator of its collection has something to say."""

    def emit(event: ModerationEvent) -> None:
        task.emit(VERDICTS, event.subject.encode(), event.to_json(), moderation_headers(event, VERDICT_TYPE))

    return desk.handle(task, emit)


def stage(settings: Settings) -> PatientStage:
    desk = ModerationDesk(settings)
    return PatientStage(
        name="moderate",
        reads=(DECISIONS,),
        writes=(VERDICTS, DEAD_LETTERS),
        looks_up=(SUBMISSIONS, BULK_SUBMISSIONS, CALLBACKS),
        close=desk.close,
        handle=partial(moderate, desk=desk),
    )
