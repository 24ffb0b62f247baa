"""The medium of a decision, read again: its submission from Kafka, its bytes from where they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from streams.config.settings import Settings
from streams.domain.fingerprint.image.fingerprint import compute_content_id
from streams.domain.records import Decision, Submission
from streams.domain.records.ids import is_partial
from streams.errors import BadInput, Reason
from streams.kafka.readers.submission_reader import SubmissionReader
from streams.moderation.inquiries import Medium
from streams.moderation.moderator import Sent
from streams.sources.fetch import SourceFetcher
from streams.sources.video.open_video import OpenVideo

WEB_SCHEMES = ("http:", "https:")


class SubmittedMedia:
    """Opens what moderators are sent. Connections are made when they are first needed; call `close` at the end."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="submissions")
        self._reader: SubmissionReader | None = None
        self._fetcher: SourceFetcher | None = None

    @asynccontextmanager
    async def open(self, decision: Decision, sends: Sent, max_bytes: int) -> AsyncIterator[Medium]:
        """The medium, or the part of a medium that is sent, for as long as the block lasts.

        Raises:
            BadInput: submission_gone, no_source, source_changed, or another source_ reason.
            BrokerError: Kafka does not answer.
        """
        if sends == "hashes":
            yield Medium()
            return
        submission = await asyncio.get_running_loop().run_in_executor(self._thread, self._read, decision)
        url = submission.url if submission.url and submission.url.lower().startswith(WEB_SCHEMES) else None
        if sends in ("url", "url_or_bytes") and url is not None:
            yield Medium(url=url)
            return
        if sends == "url":
            raise BadInput(Reason.NO_SOURCE, "the moderator gets URLs, and the medium was not submitted with one")
        self._fetcher = self._fetcher or SourceFetcher(self._settings)
        async with self._fetcher.open(submission) as medium:
            yield Medium(data=await _checked(medium, decision, max_bytes))

    def _read(self, decision: Decision) -> Submission:
        """The submission. Runs on the reader's thread."""
        submission = None
        if decision.origin is not None:
            if self._reader is None:
                self._reader = SubmissionReader(self._settings)
            origin = decision.origin
            submission = self._reader.read(origin.topic, origin.partition, origin.offset)
        # A topic that was deleted and created again has other records at the same offsets.
        if submission is None or (submission.media_id, submission.collection) != (
            decision.media_id,
            decision.collection,
        ):
            raise BadInput(
                Reason.SUBMISSION_GONE, "Kafka no longer has the submission that the decision is about; submit it again"
            )
        return submission

    async def close(self) -> None:
        if self._reader is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._reader.close)
        self._thread.shutdown(wait=False, cancel_futures=True)
        if self._fetcher is not None:
            await self._fetcher.close()


async def _checked(medium: bytes | OpenVideo, decision: Decision, max_bytes: int) -> bytes:
    """The bytes, if they are those that the decision is about: else a verdict would be about something else."""
    if isinstance(medium, OpenVideo):
        raise BadInput(Reason.SOURCE_TOO_LARGE, "a video of this size is not sent whole: send its URL")
    if len(medium) > max_bytes:
        raise BadInput(Reason.SOURCE_TOO_LARGE, f"{len(medium):,} bytes are more than max_bytes, {max_bytes:,}")
    assert decision.content_id is not None
    if not is_partial(decision.content_id):
        content_id = await asyncio.to_thread(compute_content_id, medium)
        if content_id != decision.content_id:
            raise BadInput(Reason.SOURCE_CHANGED, "the source has other bytes than it had when it was decided about")
    return medium
