"""Routes the records of media.verdicts: moderation events, and events about hash lists."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from streams.config.live_policies import LivePolicies
from streams.config.settings import Settings
from streams.kafka.partitions import TopicPartitions
from streams.kafka.topics import FINGERPRINTS
from streams.stages.fingerprint.list_events import Emit, is_list_event, route_list_event
from streams.stages.fingerprint.moderation_events import route_event
from streams.stages.fingerprint.submissions import SubmissionTask


class VerdictRouter:
    """Checks a record of media.verdicts and emits it to media.fingerprints."""

    def __init__(self, settings: Settings, policies: LivePolicies) -> None:
        self._policies = policies
        self._partitions = TopicPartitions(settings, FINGERPRINTS)

    def __call__(self, task: SubmissionTask, emit: Emit) -> Coroutine[Any, Any, None] | None:
        """Returns None if the record was emitted, or refused, at once; else a coroutine that emits it."""
        if is_list_event(task.record):
            return route_list_event(task, self._policies, emit, self._partitions.keys)
        return route_event(task, self._policies, emit)
