"""Submits known pictures again whose fingerprint is of an earlier version, so that the match stage stores evidence.

A picture is submitted under the media id of its first submission, with a submission id that follows from its content.
The match stage knows the bytes: it answers that they are a duplicate, stores their evidence, and changes no group. A
second run makes the same submission ids, which are answered with the decisions of the first run.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final, cast

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.outdated import OutdatedContent, count_outdated_contents, outdated_contents
from streams.config.settings import Settings
from streams.domain.evidence.evidence import VERSION
from streams.domain.hashes.algorithms import VIEW_COMPARING_HASH, current_algorithm
from streams.domain.policy.collections import CollectionPolicies
from streams.domain.records import Kind, Submission
from streams.errors import BadInput
from streams.kafka.publisher import Publisher, Receipt, SubmissionRecord
from streams.kafka.readers.submission_reader import SubmissionReader
from streams.services.progress import Progress
from streams.services.submit.pace import Pace
from streams.services.submit.records import Envelope, record_from_bytes, record_from_url

SOURCE: Final = "/mediasieve/rehash"
"""The CloudEvents source of the submissions, and the beginning of their ids."""

URL_SCHEMES: Final = ("http:", "https:", "file:")

_NAMESPACE: Final = uuid.UUID("6f1ab0de-52c5-5f0e-8a40-3f2f9f5f4c7e")


@dataclass(slots=True)
class RehashResult:
    """What became of the contents that were looked at.

    Attributes:
        by_url: published with the URL that a submission or the media id names.
        by_bytes: published with the bytes that Kafka still has.
        gone: submitted as bytes, or with a URL that nobody kept, and no longer in Kafka.
        expired: the policy has forgotten them by now; submitting them would make them known again.
        failed: Kafka or the rules for submissions refused them.
        errors: why.
    """

    by_url: int = 0
    by_bytes: int = 0
    gone: int = 0
    expired: int = 0
    failed: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def published(self) -> int:
        return self.by_url + self.by_bytes


def count_contents(client: Client, collection: str = "", limit: int | None = None) -> int:
    """How many contents `rehash` would look at."""
    count = count_outdated_contents(client, collection)
    return count if limit is None else min(count, limit)


def rehash(
    settings: Settings,
    client: Client,
    policies: CollectionPolicies,
    progress: Progress,
    *,
    collection: str = "",
    limit: int | None = None,
    per_second: float,
    dry_run: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> RehashResult:
    """Submit contents again that an earlier version fingerprinted.

    Args:
        client: of ClickHouse, which knows the contents.
        policies: of collections; they say how long contents are remembered.
        collection: empty for all.
        limit: of contents.
        per_second: submissions a second at most.
        dry_run: publish nothing, and count what would be published.
        sleep: waits.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
        BrokerError: the broker is away, or has no such topic.
    """
    result = RehashResult()

    def on_receipt(receipt: Receipt) -> None:
        if receipt.error is not None:
            result.failed += 1
            result.errors.append(f"{receipt.record.media_id}: {receipt.error}")
        elif receipt.record.by_reference:
            result.by_url += 1
        else:
            result.by_bytes += 1

    publisher = None if dry_run else Publisher(settings, on_receipt)
    with SubmissionReader(settings) as reader:
        pace = Pace(per_second, sleep)
        for content in islice(outdated_contents(client, collection), limit):
            record = _record(content, policies, reader, result)
            if record is not None and publisher is not None:
                pace.wait()
                publisher.send(record)
            elif record is not None:
                on_receipt(Receipt(record, None, None, None))
            progress.advance()
    if publisher is not None:
        publisher.finish()
    return result


def _record(
    content: OutdatedContent, policies: CollectionPolicies, reader: SubmissionReader, result: RehashResult
) -> SubmissionRecord | None:
    """The record that submits a content again; None, and counted, if there is none."""
    days = policies.of(content.collection).retention_days
    if days is not None and content.last_seen_at < datetime.now(UTC) - timedelta(days=days):
        result.expired += 1
        return None
    envelope = Envelope(
        content.collection, cast(Kind, content.kind), 0, {"rehash": content.content_id}, SOURCE,
        event_id=event_id(content.collection, content.content_id),
    )  # fmt: skip
    try:
        for media_id, topic, partition, offset in content.submissions:
            submission = reader.read(topic, partition, offset)
            # A topic that was deleted and created again has other records at the same offsets.
            if submission is None or (submission.media_id, submission.collection) != (media_id, content.collection):
                continue
            if submission.url is not None:
                return record_from_url(submission.url, envelope, media_id=content.media_id)
            return _from_bytes(submission, content, envelope)
        for url in _urls(content):
            return record_from_url(url, envelope, media_id=content.media_id)
    except BadInput as error:
        result.failed += 1
        result.errors.append(f"{content.media_id}: {error.detail}")
        return None
    result.gone += 1
    return None


def _from_bytes(submission: Submission, content: OutdatedContent, envelope: Envelope) -> SubmissionRecord:
    assert submission.body is not None
    content_type = submission.content_type or "application/octet-stream"
    return record_from_bytes(submission.body, content.media_id, content_type, envelope)


def _urls(content: OutdatedContent) -> Iterator[str]:
    """Media ids that are URLs, as those of `mediasieve publish --url` are."""
    for media_id in (content.media_id, *(media_id for media_id, *_ in content.submissions)):
        if media_id.lower().startswith(URL_SCHEMES):
            yield media_id


def event_id(collection: str, content_id: str) -> str:
    """The CloudEvents id of a content's submission: the same in every run of one version."""
    versions = f"{VERSION}\0{current_algorithm(VIEW_COMPARING_HASH).key}"
    return str(uuid.uuid5(_NAMESPACE, f"{collection}\0{content_id}\0{versions}"))
