"""Which decisions: of a medium, of a group, and lists by filters with keyset pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.stored.decision import StoredDecision
from streams.analytics.queries.stored.keys import (
    KEY_COLUMNS,
    MAX_KEYS,
    DecisionKey,
    fill_page,
    read_keys,
    repeated_media_of,
    rows_of_keys,
)
from streams.domain.records.codec import EPOCH

FAR: Final = datetime(2199, 1, 1, tzinfo=UTC)
LAST_ID: Final = "ffffffff-ffff-ffff-ffff-ffffffffffff"
FIRST_ID: Final = "00000000-0000-0000-0000-000000000000"

#: A condition on the columns of `decisions_by_time`: the parameters of a `DecisionFilter`, each without effect while it
#: is empty.
FILTER: Final = """
    collection = {collection:String}
    AND decided_at >= {since:DateTime64(3, 'UTC')} AND decided_at < {until:DateTime64(3, 'UTC')}
    AND ({outcome:String} = '' OR outcome = {outcome:String})
    AND ({action:String} = '' OR action = {action:String})
    AND ({verdict:String} = '' OR verdict_status = {verdict:String})
    AND ({confidence:String} = '' OR match_confidence = {confidence:String})
    AND ({kind:String} = '' OR media_kind = {kind:String})
    AND ({media_id:String} = '' OR media_id = {media_id:String})
    AND ({content_id:String} = '' OR content_id = {content_id:String})
    AND ({owner:String} = '' OR owner = {owner:String})
    AND ({label:String} = '' OR has(labels, {label:String}))
"""
#: A condition on rows of `decisions_by_time`: neither deleted nor superseded.
STANDS: Final = """
    (submission_id, attempt) NOT IN
        (SELECT submission_id, attempt FROM deletions WHERE collection = {collection:String})
    AND (submission_id, attempt, revision) NOT IN
    (
        SELECT submission_id, attempt, arrayJoin(range(max(revision)))
        FROM revised_submissions
        WHERE collection = {collection:String}
        GROUP BY submission_id, attempt
    )
"""


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """Which decisions of one collection; an empty text does not filter. `owner` is that of the metadata."""

    collection: str
    since: datetime = EPOCH
    until: datetime = FAR
    outcome: str = ""
    action: str = ""
    verdict: str = ""
    confidence: str = ""
    kind: str = ""
    media_id: str = ""
    content_id: str = ""
    owner: str = ""
    label: str = ""

    def parameters(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Keyset:
    """The last row of a page: the next page begins after it."""

    decided_at: datetime
    decision_id: str


@dataclass(frozen=True, slots=True)
class ExportPage:
    """Some decisions of an export.

    Attributes:
        decisions: in order of time.
        last: the key after which the next page begins; None after the last page.
        repeated_media: media with decisions that came more than once; None on the first page.
    """

    decisions: list[StoredDecision]
    last: DecisionKey | None
    repeated_media: frozenset[str] | None


OF_MEDIUM: Final = f"""
    SELECT {KEY_COLUMNS} FROM decisions_by_medium
    WHERE collection = {{collection:String}} AND media_id = {{media_id:String}}
        AND decided_at <= {{before:DateTime64(3, 'UTC')}}
        AND (decided_at, revision, decision_id) < ({{before:DateTime64(3, 'UTC')}}, {{before_revision:UInt32}},
            {{before_id:UUID}})
    ORDER BY decided_at DESC, revision DESC, decision_id DESC
    LIMIT {{limit:UInt32}}
"""  # noqa: S608 - constants

PAGE: Final = f"""
    SELECT {KEY_COLUMNS} FROM decisions_by_time
    WHERE {FILTER} AND decided_at <= {{before:DateTime64(3, 'UTC')}}
        AND (decided_at, decision_id) < ({{before:DateTime64(3, 'UTC')}}, {{before_id:UUID}})
    ORDER BY decided_at DESC, decision_id DESC
    LIMIT {{limit:UInt32}}
"""  # noqa: S608

EXPORT: Final = f"""
    SELECT {KEY_COLUMNS} FROM decisions_by_time
    WHERE {FILTER} AND decided_at >= {{after:DateTime64(3, 'UTC')}}
        AND (decided_at, decision_id) > ({{after:DateTime64(3, 'UTC')}}, {{after_id:UUID}})
    ORDER BY decided_at, decision_id
    LIMIT {{limit:UInt32}}
"""  # noqa: S608

#: A submission in a group of its own matched the canonical content or a copy of it. The second part reads few rows; as
#: one condition the two would not be read in the order of the table's key.
OF_GROUP: Final = f"""
    SELECT {KEY_COLUMNS} FROM
    (
        SELECT {KEY_COLUMNS} FROM decisions_by_group
        WHERE collection = {{collection:String}} AND subject = {{group:String}}
            AND (is_member OR {{with_reviewed:Bool}}) {{unrevised}}
            AND decided_at >= {{after:DateTime64(3, 'UTC')}}
            AND (decided_at, decision_id) > ({{after:DateTime64(3, 'UTC')}}, {{after_id:UUID}})
        ORDER BY decided_at, decision_id
        LIMIT {{limit:UInt32}}
        UNION DISTINCT
        SELECT {KEY_COLUMNS} FROM decisions_by_group
        WHERE collection = {{collection:String}} AND {{with_reviewed:Bool}} AND NOT is_member {{unrevised}}
            AND subject IN
            (
                SELECT DISTINCT content_id FROM decisions_by_group
                WHERE collection = {{collection:String}} AND subject = {{group:String}} AND is_member
                    AND content_id != {{group:String}}
                LIMIT 1000
            )
            AND decided_at >= {{after:DateTime64(3, 'UTC')}}
            AND (decided_at, decision_id) > ({{after:DateTime64(3, 'UTC')}}, {{after_id:UUID}})
        ORDER BY decided_at, decision_id
        LIMIT {{limit:UInt32}}
    )
    ORDER BY decided_at, decision_id
    LIMIT {{limit:UInt32}}
"""  # noqa: S608


#: Leaves out the first decisions that were revised: after a verdict on a large group, nearly all of its keys.
UNREVISED: Final = """
        AND (revision > 0 OR (submission_id, attempt) NOT IN
        (
            SELECT submission_id, attempt FROM revised_submissions
            WHERE collection = {collection:String} AND submission_id IN
            (
                SELECT submission_id FROM decisions_by_group
                WHERE collection = {collection:String} AND subject = {group:String}
            )
        ))
"""


def latest_decision(client: Client, collection: str, media_id: str) -> StoredDecision | None:
    """The latest decision about a medium; None if ClickHouse has none."""
    rows = medium_decisions(client, collection, media_id, limit=1)
    return rows[0] if rows else None


def medium_decisions(client: Client, collection: str, media_id: str, *, limit: int) -> tuple[StoredDecision, ...]:
    """All decisions about a medium, the latest first."""

    def next_keys(last: DecisionKey | None, count: int) -> Sequence[DecisionKey]:
        return medium_keys(client, collection, media_id, limit=count, before=last)

    return fill_page(client, collection, next_keys, limit, superseded=True)


def medium_keys(
    client: Client, collection: str, media_id: str, *, limit: int, before: DecisionKey | None = None
) -> tuple[DecisionKey, ...]:
    """The keys of the decisions about a medium, the latest first, also of repeated and deleted ones."""
    start = {"before": FAR, "before_revision": 0, "before_id": LAST_ID}
    if before is not None:
        start = {"before": before.at, "before_revision": before.revision, "before_id": before.decision_id}
    return read_keys(client, OF_MEDIUM, {"collection": collection, "media_id": media_id, "limit": limit, **start})


def decision_page(
    client: Client, chosen: DecisionFilter, *, before: Keyset | None, limit: int
) -> tuple[StoredDecision, ...]:
    """The current decisions of a filter, the latest first, beginning after a row."""
    return latest_first(client, PAGE, chosen.collection, chosen.parameters(), before, limit)


def latest_first(
    client: Client, sql: str, collection: str, parameters: Mapping[str, Any], before: Keyset | None, limit: int
) -> tuple[StoredDecision, ...]:
    """The current decisions of a query that selects KEY_COLUMNS in the order of `PAGE`, beginning after a row."""
    start = before or Keyset(FAR, LAST_ID)

    def next_keys(last: DecisionKey | None, count: int) -> Sequence[DecisionKey]:
        at, name = (start.decided_at, start.decision_id) if last is None else (last.at, last.decision_id)
        return read_keys(client, sql, {**parameters, "before": at, "before_id": name, "limit": count})

    return fill_page(client, collection, next_keys, limit)


def export_page(client: Client, chosen: DecisionFilter, *, after: ExportPage | None, limit: int) -> ExportPage:
    """The current decisions of a filter in order of time, beginning after a page.

    Args:
        client: connected.
        chosen: names the collection, and filters.
        after: the page before.
        limit: the most keys; a page may have fewer decisions, or none.
    """
    found: list[StoredDecision] = []
    last, remaining = after.last if after else None, limit
    repeated = after.repeated_media if after else None
    if after is not None and repeated is None:  # a second page: many may follow
        repeated = repeated_media_of(client, chosen.collection)
    while remaining > 0:
        wanted = min(remaining, MAX_KEYS)
        at, name = (EPOCH, FIRST_ID) if last is None else (last.at, last.decision_id)
        where = {"after": at, "after_id": name, "limit": wanted}
        keys = read_keys(client, EXPORT, {**chosen.parameters(), **where})
        found += rows_of_keys(client, chosen.collection, keys, repeated_media=repeated)
        if len(keys) < wanted:
            return ExportPage(found, None, repeated)
        last, remaining = keys[-1], remaining - wanted
    return ExportPage(found, last, repeated)


def decisions_of_group(
    client: Client, collection: str, group: str, *, after: Keyset | None, limit: int, with_reviewed: bool = True
) -> tuple[StoredDecision, ...]:
    """The current decisions about a group's contents, in order of arrival.

    Args:
        client: connected.
        collection: of the group.
        group: its canonical content.
        after: the last row of the page before.
        limit: the most rows.
        with_reviewed: also submissions that match a content of the group and are in groups of their own. Of groups
            with over 1,000 altered contents, those that match one of a thousand of them.
    """
    start = after or Keyset(EPOCH, FIRST_ID)
    names = {"collection": collection, "group": group, "with_reviewed": with_reviewed}

    def next_keys(last: DecisionKey | None, count: int) -> Sequence[DecisionKey]:
        at, name = (start.decided_at, start.decision_id) if last is None else (last.at, last.decision_id)
        sql = OF_GROUP.replace("{unrevised}", "" if last is None else UNREVISED)
        return read_keys(client, sql, {**names, "after": at, "after_id": name, "limit": count})

    return fill_page(client, collection, next_keys, limit)
