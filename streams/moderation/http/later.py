"""Services that answer later: a job is begun once and asked for until it is done, or the service calls back."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import orjson

from streams.errors import BadInput, Reason
from streams.moderation.callbacks import Callbacks
from streams.moderation.http.client import ModeratorClient, Request
from streams.moderation.http.mapping import MappingPart
from streams.moderation.http.reading import find, read_answer
from streams.moderation.http.template import fill
from streams.moderation.moderator import ItemAnswer, ModeratorFailure, Question
from streams.moderation.verdict_rules import VerdictRules

JOB_REGEX: Final = re.compile(r"[A-Za-z0-9_.:~-]{1,256}")
CALLED_BACK: Final = "callback"
"""The note of a question that was asked and has no job."""


class LateAnswers:
    """Waits for the answers to questions that were asked.

    Args:
        client: sends requests.
        mapping: has a `job`, a `callback` or both.
        rules: from labels to a status.
        callbacks: brings what the service calls back with; None only without a `callback`.
    """

    def __init__(
        self, client: ModeratorClient, mapping: MappingPart, rules: VerdictRules | None, callbacks: Callbacks | None
    ) -> None:
        self._client, self._mapping, self._rules, self._callbacks = client, mapping, rules, callbacks
        self.timeout_s = max(part.timeout_s for part in (mapping.job, mapping.callback) if part is not None)

    def further(self, question_id: uuid.UUID) -> dict[str, str]:
        """The placeholders that a question has beside the usual ones."""
        if self._callbacks is None or self._mapping.callback is None:
            return {}
        return {"callback_url": self._callbacks.url(question_id, self.timeout_s)}

    def note_of(self, response: Any) -> str:
        """What must be kept of the response to a question, so that the next process can go on.

        Raises:
            ModeratorFailure: the response has no id of a job.
        """
        job = self._mapping.job
        return CALLED_BACK if job is None else _job_id(find(response, job.id))

    async def wait(
        self, question: Question, question_id: uuid.UUID, note: str, headers: Mapping[str, str]
    ) -> ItemAnswer:
        """The answer to a question that was asked.

        Raises:
            ModeratorFailure: the service does not answer, or does not know the job any more.
        """
        ends_at = time.monotonic() + self.timeout_s
        try:
            if self._mapping.callback is None:
                answer = await self._ask_for(note, headers)
            else:
                answer = None
            while answer is None and (left_s := ends_at - time.monotonic()) > 0:
                answer = await self._next(question_id, note, headers, left_s)
        except BadInput as refusal:  # the job is unknown by now: the next attempt begins another
            await question.keep_note("")
            raise ModeratorFailure(Reason.MODERATOR_UNAVAILABLE, refusal.detail) from refusal
        if answer is None:
            what = "the job is not done" if self._mapping.job is not None else "it has not called back"
            answer = ModeratorFailure(Reason.MODERATOR_UNAVAILABLE, f"{what} after {self.timeout_s:g} s")
        if isinstance(answer, ModeratorFailure):
            await question.keep_note("")
        return answer

    async def _next(
        self, question_id: uuid.UUID, note: str, headers: Mapping[str, str], left_s: float
    ) -> ItemAnswer | None:
        """Wait for the callback until it is time to ask for the job, and ask for it; None if there is no answer."""
        job = self._mapping.job
        pause_s = min(job.every_s, left_s) if job is not None else left_s
        if self._callbacks is None or self._mapping.callback is None:
            await asyncio.sleep(pause_s)
        else:
            body = await self._callbacks.wait(question_id, pause_s)
            if body is not None:
                return self._read(body)
        return await self._ask_for(note, headers) if job is not None else None

    async def _ask_for(self, job_id: str, headers: Mapping[str, str]) -> ItemAnswer | None:
        """Ask how a job stands; None while it is not done."""
        job = self._mapping.job
        assert job is not None
        url = fill(job.url, lambda _: quote(job_id, safe=""))
        response = await self._client.send(Request("GET", url, headers))
        state = str(find(response, job.state))
        if state in job.failed:
            return ModeratorFailure(Reason.MODERATOR_UNAVAILABLE, f"the job ended as {state!r}")
        return read_answer(response, self._mapping.response, self._rules) if state in job.done else None

    def _read(self, body: bytes) -> ItemAnswer:
        """The answer that a callback brings."""
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            return ModeratorFailure(Reason.MODERATOR_BAD_ANSWER, "what it called back with is not JSON")
        return read_answer(document, self._mapping.response, self._rules)


def _job_id(value: Any) -> str:
    """The id of a job, as it may stand in a URL."""
    text = str(value)
    if value is None or not JOB_REGEX.fullmatch(text):
        raise ModeratorFailure(Reason.MODERATOR_BAD_ANSWER, f"the id of the job is {text[:100]!r}")
    return text
