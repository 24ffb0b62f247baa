"""Dead letters by their status: groups of one reason, and single letters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import select
from streams.domain.records.codec import EPOCH
from streams.domain.records.dead_letter import LetterFilter

LetterStatus = Literal["open", "replayed", "dropped"]

MAX_EXAMPLES: Final = 3
FAR_PAST, FAR_FUTURE = datetime(1900, 1, 1, tzinfo=UTC), datetime(2299, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LetterGroup:
    """Dead letters of one stage, topic and reason. `examples` are `partition/offset` of the latest."""

    reason: str
    stage: str
    topic: str
    letters: int
    open: int
    replayed: int
    dropped: int
    size_bytes: int
    first_at: datetime
    last_at: datetime
    last_detail: str
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LetterRow:
    """One dead letter; `partition` and `offset` say where it stands."""

    partition: int
    offset: int
    reason: str
    stage: str
    topic: str
    origin_partition: int
    origin_offset: int
    collection: str
    media_id: str
    job_id: str
    detail: str
    size_bytes: int
    at: datetime
    status: LetterStatus
    replays: int
    acted_by: str
    note: str


_CONDITIONS: Final = """
    (empty({reasons:Array(String)}) OR reason IN {reasons:Array(String)})
        AND (empty({stages:Array(String)}) OR stage IN {stages:Array(String)})
        AND (empty({topics:Array(String)}) OR origin_topic IN {topics:Array(String)})
        AND (empty({collections:Array(String)}) OR collection IN {collections:Array(String)})
        AND (empty({places:Array(String)})
             OR concat(toString(kafka_partition), '/', toString(kafka_offset)) IN {places:Array(String)})
        AND published_at >= {since:DateTime64(3)} AND published_at < {until:DateTime64(3)}
        AND ({status:String} = '' OR status = {status:String})
"""

GROUPS: Final = f"""
    SELECT
        reason,
        stage,
        origin_topic AS topic,
        count() AS letters,
        countIf(status = 'open') AS open,
        countIf(status = 'replayed') AS replayed,
        countIf(status = 'dropped') AS dropped,
        sum(value_size_bytes) AS size_bytes,
        min(published_at) AS first_at,
        max(published_at) AS last_at,
        argMax(detail, published_at) AS last_detail,
        arrayMap(
            place -> concat(toString(place.2), '/', toString(place.3)),
            groupArraySorted({MAX_EXAMPLES})((-toUnixTimestamp64Milli(published_at), kafka_partition, kafka_offset))
        ) AS examples
    FROM deadletters_handled
    WHERE {_CONDITIONS}
    GROUP BY reason, stage, topic
    ORDER BY letters DESC, reason, stage, topic
"""  # noqa: S608 - a constant

LETTERS: Final = f"""
    SELECT
        kafka_partition AS partition, kafka_offset AS offset, reason, stage, origin_topic AS topic, origin_partition,
        origin_offset, collection, media_id, job_id, detail, value_size_bytes AS size_bytes, published_at AS at, status,
        replays, acted_by, note
    FROM deadletters_handled
    WHERE {_CONDITIONS}
    ORDER BY at DESC, partition, offset DESC
    LIMIT {{limit:UInt32}}
"""  # noqa: S608


def letter_groups(client: Client, wanted: LetterFilter, status: str = "") -> tuple[LetterGroup, ...]:
    """Dead letters by reason, stage and topic, the most frequent first; `status` is empty for any.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    return select(client, LetterGroup, GROUPS, _parameters(wanted, status))


def letter_rows(client: Client, wanted: LetterFilter, status: str = "", *, limit: int) -> tuple[LetterRow, ...]:
    """Single dead letters, the latest first.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    return select(client, LetterRow, LETTERS, _parameters(wanted, status) | {"limit": limit})


def _parameters(wanted: LetterFilter, status: str) -> dict[str, Any]:
    return {
        "reasons": list(wanted.reasons),
        "stages": list(wanted.stages),
        "topics": list(wanted.topics),
        "collections": list(wanted.collections),
        "places": [f"{partition}/{offset}" for partition, offset in wanted.places],
        "since": _time(wanted.since_ms, FAR_PAST),
        "until": _time(wanted.until_ms, FAR_FUTURE),
        "status": status,
    }


def _time(epoch_ms: int | None, default: datetime) -> datetime:
    """A time that ClickHouse can hold: earlier and later ones become the first and the last of them."""
    if epoch_ms is None:
        return default
    return min(max(EPOCH + timedelta(milliseconds=epoch_ms), FAR_PAST), FAR_FUTURE)
