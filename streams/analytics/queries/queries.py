"""Questions that people ask of the rows, by name, for the command line and the demo; dashboards read the views.

Every value from outside is a query parameter of ClickHouse's own, never part of the SQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from streams.analytics.client import translate_errors
from streams.config.settings import Settings

OF_COLLECTION: Final = "({collection:String} = '' OR collection = {collection:String})"
#: Rows whose columns phash64 and phash256 hold hashes of this version, and of no other.
HASHED: Final = """
    arraySort(arrayFilter(name -> startsWith(name, 'phash64:') OR startsWith(name, 'phash256:'), hashes.keys))
        = [concat('phash256:', {version:String}), concat('phash64:', {version:String})]
"""


@dataclass(frozen=True, slots=True)
class Query:
    """One question; `parameters` are those it takes, with the values used unless others are given."""

    about: str
    sql: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


def ask(settings: Settings, client: Client, name: str, **parameters: Any) -> list[dict[str, Any]]:
    """Rows of a named query, columns by name; times are aware.

    Raises:
        KeyError: no query of that name.
        TypeError: a parameter that the query does not take.
        AnalyticsError: ClickHouse is away or refuses.
    """
    query = QUERIES[name]
    unknown = parameters.keys() - query.parameters.keys()
    if unknown:
        raise TypeError(f"the query {name} takes no {', '.join(sorted(unknown))}")
    with translate_errors(settings):
        result = client.query(query.sql, parameters={**query.parameters, **parameters})
    return [dict(zip(result.column_names, row, strict=True)) for row in result.result_rows]


QUERIES: Final[dict[str, Query]] = {
    "totals_by_outcome": Query(
        "How many submissions ended how, by their latest decision.",
        f"""
        SELECT outcome, count() AS decisions, uniqExact(media_id) AS media, sum(size_bytes) AS size_bytes
        FROM decisions_current
        WHERE {OF_COLLECTION}
        GROUP BY outcome
        ORDER BY indexOf(['unique', 'duplicate', 'near_duplicate', 'failed'], outcome)
        """,  # noqa: S608 - a constant
        {"collection": ""},
    ),
    "copy_groups": Query(
        "Contents that came more than once, the largest groups first, each with its media in order of arrival.",
        f"""
        SELECT
            collection,
            group_content_id AS content_id,
            count() AS submissions,
            countIf(outcome = 'duplicate') AS exact_copies,
            countIf(outcome = 'near_duplicate' AND is_copy) AS near_copies,
            sumIf(size_bytes, is_copy) AS copies_bytes,
            arrayMap(
                each -> each.4,
                arraySlice(
                    arraySort(groupArray((is_copy, decided_at, kafka_offset, media_id))),
                    1, {{members:UInt32}}
                )
            ) AS media_ids,
            arraySort(groupUniqArrayIf(match_transformation, outcome = 'near_duplicate' AND is_copy)) AS transformations
        FROM decisions_current
        WHERE outcome != 'failed' AND {OF_COLLECTION}
        GROUP BY collection, group_content_id
        HAVING exact_copies + near_copies > 0
        ORDER BY submissions DESC, copies_bytes DESC, content_id
        LIMIT {{limit:UInt32}}
        """,  # noqa: S608
        {"collection": "", "limit": 20, "members": 100},
    ),
    "near_duplicates_by_transformation": Query(
        "What is done to pictures before they come again, the most frequent first, and how near to the limit that is.",
        f"""
        SELECT
            transformation, method, submissions, groups, mean_similarity,
            p50_distance_bits, p90_distance_bits, max_distance_bits, threshold_bits, last_at, last_pair
        FROM near_duplicates_by_transformation
        WHERE {OF_COLLECTION}
        ORDER BY submissions DESC, transformation, method, collection
        """,  # noqa: S608
        {"collection": ""},
    ),
    "similar": Query(
        "Contents by the distance of their 256 bits to the nearest of some forms; the one of an id before its equals.",
        f"""
        WITH
            arrayMap(form -> toFixedString(unhex(form), 32), {{forms:Array(String)}}) AS forms,
            arrayMin(arrayMap(form -> bitHammingDistance(phash256, form), forms)) AS apart_bits,
            (decided_at, kafka_partition, kafka_offset) AS at
        SELECT
            content_id,
            toUInt16(min(apart_bits)) AS distance_bits,
            any(phash64) AS near_hash,
            lower(hex(any(phash256))) AS confirm_hash,
            argMin(outcome, at) AS first_outcome,
            argMin(group_content_id, at) AS group_content_id,
            argMin(multiIf(match_group_media_id != '', match_group_media_id,
                match_media_id != '', match_media_id, media_id), at) AS group_media_id,
            argMin(match_explanation, at) AS explanation,
            count() AS submissions,
            arraySlice(arrayDistinct(arrayMap(
                each -> each.2, arraySort(groupArray((at, media_id))))), 1, {{members:UInt32}}) AS media_ids,
            any(format) AS format, any(size_bytes) AS size_bytes, any(width) AS width, any(height) AS height
        FROM decisions_current
        WHERE collection = {{collection:String}} AND content_id IN
        (
            SELECT content_id
            FROM decisions
            WHERE collection = {{collection:String}} AND {HASHED} AND quality >= {{min_quality:Float32}}
            GROUP BY content_id
            ORDER BY min(apart_bits), content_id != {{content_id:String}}, content_id
            LIMIT {{limit:UInt32}}
        )
        GROUP BY content_id
        ORDER BY distance_bits, content_id != {{content_id:String}}, content_id
        """,  # noqa: S608
        {
            **{"collection": "default", "forms": [], "version": "1", "content_id": "", "min_quality": 0.0},
            **{"limit": 10, "members": 100},
        },
    ),
    "videos_with_frame": Query(
        "Videos by the distance of their nearest frame's 256 bits to the nearest of some forms, and when it is shown.",
        """
        WITH
            arrayMap(form -> toFixedString(unhex(form), 32), {forms:Array(String)}) AS forms,
            arrayMin(arrayMap(form -> bitHammingDistance(phash256, form), forms)) AS apart_bits
        SELECT
            content_id,
            argMin(media_id, published_at) AS first_media_id,
            toUInt16(min(apart_bits)) AS distance_bits,
            argMin(at_ms, (apart_bits, at_ms)) / 1000 AS at_s,
            lower(hex(argMin(phash256, (apart_bits, at_ms)))) AS confirm_hash,
            arraySort(groupUniqArrayIf(at_ms / 1000, apart_bits <= {confirm_bits:UInt16})) AS shown_at_s
        FROM video_frames
        WHERE collection = {collection:String} AND quality >= {min_quality:Float32}
        GROUP BY content_id
        HAVING distance_bits <= {most_bits:UInt16}
        ORDER BY distance_bits, content_id
        LIMIT {limit:UInt32}
        """,
        {
            **{"collection": "default", "forms": [], "min_quality": 0.0, "confirm_bits": 80, "most_bits": 256},
            "limit": 10,
        },
    ),
    "savings": Query(
        "How much work and storage the copies among the submissions would have been.",
        f"""
        SELECT
            count() AS submissions,
            countIf(is_copy) AS copies,
            sum(size_bytes) AS submitted_bytes,
            sumIf(size_bytes, is_copy) AS saved_bytes
        FROM decisions_current
        WHERE outcome != 'failed' AND {OF_COLLECTION}
        """,  # noqa: S608
        {"collection": ""},
    ),
    "latency_by_hop": Query(
        "Milliseconds from hop to hop over the last hours of decisions.",
        f"""
        SELECT
            step.1 AS hop,
            count() AS decisions,
            quantile(0.5)(step.2) AS p50_ms,
            quantile(0.9)(step.2) AS p90_ms,
            quantile(0.99)(step.2) AS p99_ms,
            max(step.2) AS max_ms
        FROM decisions_once
        ARRAY JOIN
            [
                ('fetch_and_decode', toUnixTimestamp64Milli(fingerprinted_at) - toUnixTimestamp64Milli(submitted_at)),
                ('match', toUnixTimestamp64Milli(decided_at) - toUnixTimestamp64Milli(fingerprinted_at)),
                ('record', toUnixTimestamp64Milli(ingested_at) - toUnixTimestamp64Milli(decided_at)),
                ('submission_to_decision', toUnixTimestamp64Milli(decided_at) - toUnixTimestamp64Milli(submitted_at))
            ] AS step
        WHERE revision = 0 AND {OF_COLLECTION}
            AND decided_at > (SELECT max(decided_at) FROM decisions) - toIntervalHour({{hours:UInt32}})
        GROUP BY hop
        ORDER BY indexOf(['fetch_and_decode', 'match', 'record', 'submission_to_decision'], hop)
        """,  # noqa: S608
        {"collection": "", "hours": 24},
    ),
    "failures_by_reason": Query(
        "Why submissions failed, with the latest example of each reason.",
        f"""
        SELECT
            reason,
            sum(submissions) AS submissions,
            max(failures.last_at) AS last_at,
            argMax(last_media_id, failures.last_at) AS last_media_id,
            argMax(last_detail, failures.last_at) AS last_detail
        FROM failures_by_reason AS failures
        WHERE {OF_COLLECTION}
        GROUP BY reason
        ORDER BY submissions DESC, reason
        """,  # noqa: S608
        {"collection": ""},
    ),
    "dead_letters_by_reason": Query(
        "What could not be processed, and who gave up.",
        "SELECT stage, reason, records, last_at, last_detail FROM deadletters_by_reason ORDER BY records DESC, reason",
    ),
    "recent_decisions": Query(
        "The latest decisions, newest first.",
        f"""
        SELECT
            decided_at, collection, media_id, outcome, action, content_id, match_media_id, match_group_media_id,
            match_method, match_distance_bits, match_threshold_bits, match_similarity, match_transformation,
            match_explanation, verdict_status, failure_reason, failure_detail
        FROM decisions_once
        WHERE {OF_COLLECTION} AND ({{outcome:String}} = '' OR outcome = {{outcome:String}})
        ORDER BY decided_at DESC, kafka_partition, kafka_offset DESC
        LIMIT {{limit:UInt32}}
        """,  # noqa: S608
        {"collection": "", "outcome": "", "limit": 20},
    ),
    "media_history": Query(
        "Every decision about one medium, oldest first.",
        f"""
        SELECT
            decided_at, decision_id, revision, attempt, submission_id, outcome, action, content_id, match_media_id,
            match_group_media_id, match_method, match_distance_bits, match_transformation, verdict_status, verdict_by,
            failure_reason, failure_detail
        FROM decisions_once
        WHERE media_id = {{media_id:String}} AND {OF_COLLECTION}
        ORDER BY decided_at, revision
        """,  # noqa: S608
        {"media_id": "", "collection": ""},
    ),
    "rows": Query(
        "How many records of each kind there are, each counted once.",
        """
        SELECT
            (SELECT count() FROM decisions_once) AS decisions,
            (SELECT count() FROM fingerprints_once) AS fingerprints,
            (SELECT count() FROM deadletters_once) AS deadletters
        """,
    ),
}
