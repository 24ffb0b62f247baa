"""Where decisions of moderated collections arrive: who is asked about which, and the verdict that follows.

Moderators of a collection are asked in order; the first that has something to say gives the verdict.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Protocol
from weakref import WeakValueDictionary

import orjson

from streams.config.live_policies import LivePolicies
from streams.config.settings import Settings
from streams.domain.moderation.asking import is_saved, is_stale, occasion_of
from streams.domain.records import Decision, ModerationEvent, RawRecord
from streams.domain.records.moderation import Scope
from streams.errors import BadInput
from streams.kafka.topics import BULK_SUBMISSIONS
from streams.moderation.callbacks import Callbacks
from streams.moderation.caller import Caller
from streams.moderation.inquiries import Inquiry
from streams.moderation.journal import Journal
from streams.moderation.moderation_file import ModerationFile, load_moderation_file
from streams.moderation.plugins import make_moderators
from streams.stages.moderate.callbacks import callbacks_of
from streams.stages.moderate.events import verdict_event
from streams.stages.moderate.sources import SubmittedMedia

logger = logging.getLogger(__name__)

Emit = Callable[[ModerationEvent], None]
#: Collection, submission id, attempt: the submission that a decision is about.
Identity = tuple[str, str, int]


class DecisionTask(Protocol):
    """The part of the runtime's `RecordTask` that this file needs."""

    record: RawRecord

    def dead_letter(self, error: Exception) -> BadInput: ...


@dataclass(slots=True, weakref_slot=True, eq=False)
class _Pending:
    """A decision that waits for a moderator; `is_moot` once a later one says that there is a verdict.

    The coroutine that asks holds it, so it is gone with that, whatever ends it.
    """

    revision: int
    is_moot: bool = False


class _Asked(NamedTuple):
    """The moderators that are asked, in order, and how far a verdict reaches."""

    callers: Sequence[Caller]
    scope: Scope


class ModerationDesk:
    """Takes decisions and asks. One a worker.

    Args:
        settings: `paths.moderation_file` names the moderators; without it, nobody is asked.

    Raises:
        ModerationFileError: the file cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        path = settings.paths.moderation_file
        self._file: ModerationFile | None = load_moderation_file(path) if path is not None else None
        self._callers: dict[str, Caller] = {}
        self._journal = Journal(
            settings.paths.data_dir / "state" / settings.runtime.worker_id / "moderate" / "answers.sqlite"
        )
        self._media = SubmittedMedia(settings)
        self._pending: WeakValueDictionary[Identity, _Pending] = WeakValueDictionary()
        self._policies: LivePolicies | None = None
        self._callbacks: Callbacks | None = None
        if self._file is not None:
            self._policies = LivePolicies(settings.paths.policy_file)
            self._callbacks = callbacks_of(settings)
            for name, moderator in make_moderators(self._file, settings.limits.max_pixels, self._callbacks).items():
                self._callers[name] = Caller(name, self._file.moderators[name], moderator, self._journal)

    def handle(self, task: DecisionTask, emit: Emit) -> Coroutine[Any, Any, None] | None:
        """Take one decision; returns work if a moderator must be asked."""
        try:
            decision, names = self._read(task.record)
        except BadInput as error:
            task.dead_letter(error)
            return None
        if decision is None:
            return None
        identity = (decision.collection, decision.submission_id, decision.attempt)
        waiting = self._pending.get(identity)
        if waiting is not None and decision.revision > waiting.revision:
            waiting.is_moot = decision.verdict.status != "pending" or decision.outcome == "deleted"
        if is_saved(decision):
            caller = self._callers.get(decision.verdict.by or "") or self._callers[names[0]]
            caller.costs.on_saved()
        asked = self._whom_to_ask(decision, names)
        if not asked.callers:
            return None
        pending = self._pending[identity] = _Pending(decision.revision)
        return self._moderate(task, decision, pending, asked, emit)

    def _read(self, record: RawRecord) -> tuple[Decision | None, Sequence[str]]:
        """The decision, and the moderators of its collection; None if nobody is asked in this collection."""
        if self._file is None or record.timestamp < self._file.not_before_ms:
            return None, ()
        try:
            collection = orjson.loads(record.value or b"")["collection"]
            names = self._file.of(collection)
        except (orjson.JSONDecodeError, LookupError, TypeError):
            names = ("",)  # decoding names the mistake
        return (Decision.from_json(record.value), names) if names else (None, ())

    def _whom_to_ask(self, decision: Decision, names: Sequence[str]) -> _Asked:
        """The moderators that are asked about a decision, often none."""
        assert self._policies is not None
        callers = [self._callers[name] for name in names]
        callers = [caller for caller in callers if decision.kind in caller.part.media]
        again = {caller.name for caller in callers if caller.part.on_new_version == "ask_again"}
        stale = is_stale(decision, again, lambda name: self._callers[name].part.version)
        if stale is not None:
            return _Asked([self._callers[stale]], "group")
        occasion = occasion_of(decision, self._policies.of(decision.collection).allowed_differs)
        asked = [caller for caller in callers if occasion in caller.part.about]
        # The changed part of a copy says nothing about the other copies of its group.
        return _Asked(asked, "content" if occasion == "changed" else "group")

    async def _moderate(
        self, task: DecisionTask, decision: Decision, pending: _Pending, asked: _Asked, emit: Emit
    ) -> None:
        try:
            for caller in asked.callers:
                if pending.is_moot:
                    return
                media = partial(self._media.open, decision, caller.moderator.sends, caller.part.max_bytes)
                given = await caller.ask(Inquiry(decision, media, lambda: pending.is_moot, is_bulk=_is_bulk(decision)))
                if given is not None and given.answer is not None:
                    emit(verdict_event(decision, given, given.answer, caller.name, caller.part, asked.scope))
                    return
        except BadInput as error:
            task.dead_letter(error)

    async def close(self) -> None:
        """End all calls and close all connections."""
        for caller in self._callers.values():
            await caller.close()
        if self._callbacks is not None:
            await self._callbacks.close()
        await self._media.close()
        await self._journal.close()
        if self._policies is not None:
            self._policies.close()


def _is_bulk(decision: Decision) -> bool:
    """Whether the submission came by the bulk lane. Live submissions are asked about first."""
    return decision.origin is not None and decision.origin.topic == BULK_SUBMISSIONS
