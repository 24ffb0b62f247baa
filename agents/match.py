"""media.fingerprints → decide → media.decisions, with the table `contents` and, made of it, what is nearly alike."""

from __future__ import annotations

import logging
import time
from collections import Counter

from streams import metrics
from streams.cloudevents import DECISION_TYPE, event_headers
from streams.domain.contents import CONTENT_PREFIX, OLD_CONTENT_PREFIX, from_old_layout
from streams.domain.matching import Incoming, decide
from streams.domain.near_spaces import NearSpaces
from streams.domain.records import Fingerprint
from streams.errors import BadInput
from streams.runtime.stage import KeyedStage
from streams.runtime.view import KeyedBatch
from streams.settings import Settings
from streams.topics import DECISIONS, FINGERPRINTS

logger = logging.getLogger(__name__)

MEASURE_EVERY_S = 5.0


class Matcher:
    """Decides batches; keeps in memory, of each partition it has, what near duplicates are looked up among."""

    def __init__(self) -> None:
        self._spaces: dict[int, NearSpaces] = {}
        self._measure_at = 0.0

    def match(self, batch: KeyedBatch) -> None:
        """Decide one batch in order; a record that is no fingerprint has nobody to answer, only a dead letter."""
        incoming = []
        for record in batch.records:
            try:
                incoming.append(Incoming.of(Fingerprint.from_json(record.value), record.timestamp))
            except BadInput as error:
                batch.dead_letter(record, error)
        now, outcomes = batch.now(), Counter[str]()
        spaces = self._spaces.get(batch.partition)
        if spaces is None:
            spaces = self._open(batch)
        for answer in decide(incoming, batch, spaces):
            headers = event_headers(answer.decision_id, DECISION_TYPE, answer.media_id, now)
            batch.emit(DECISIONS, answer.media_id.encode(), answer.value, headers)
            outcomes[answer.outcome or "repeated"] += 1
        for outcome, count in outcomes.items():
            metrics.OUTCOMES.labels(outcome).inc(count)
        if time.monotonic() >= self._measure_at:
            self._measure()

    def _open(self, batch: KeyedBatch) -> NearSpaces:
        """Make a partition's spaces from its state, which is brought to this version's layout before."""
        begun_at = time.perf_counter()
        spaces = NearSpaces()
        spaces.load(batch.scan(CONTENT_PREFIX))
        for key, value in batch.scan(OLD_CONTENT_PREFIX):
            new_key, content = from_old_layout(key, value)
            batch.put(new_key, content.pack())
            batch.put(key, None)
        took_s = time.perf_counter() - begun_at
        metrics.NEAR_REBUILD_SECONDS.inc(took_s)
        if len(spaces):
            logger.info("partition %d: %d contents to compare with, in %.2f s", batch.partition, len(spaces), took_s)
        self._spaces[batch.partition] = spaces
        return spaces

    def forget(self) -> None:
        """Others may change the state from now on."""
        self._spaces.clear()
        self._measure()

    def _measure(self) -> None:
        metrics.NEAR_CONTENTS.set(sum(map(len, self._spaces.values())))
        metrics.NEAR_BYTES.set(sum(spaces.memory_bytes for spaces in self._spaces.values()))
        self._measure_at = time.monotonic() + MEASURE_EVERY_S


def stage(settings: Settings) -> KeyedStage:
    matcher = Matcher()
    return KeyedStage(
        name="match", reads=(FINGERPRINTS,), table="contents", process=matcher.match, forget=matcher.forget
    )
