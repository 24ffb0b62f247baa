"""One call of a plug-in: whatever it does, there is an answer for every question or a reason why there is none."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import NamedTuple

from streams.errors import BadInput, Reason
from streams.moderation.moderator import ItemAnswer, Moderator, ModeratorFailure, Question

logger = logging.getLogger(__name__)


class CallAnswers(NamedTuple):
    """The answers of a call, and how long it took. `failure` is the moderator's as a whole: no answer is usable."""

    items: Sequence[ItemAnswer]
    seconds: float
    failure: ModeratorFailure | None


async def call_plugin(
    name: str, moderator: Moderator, questions: Sequence[Question], key: int, timeout_s: float
) -> CallAnswers:
    """Ask `moderator`, which the file calls `name`, for `timeout_s` seconds or as long as it says that it may take."""
    begun_at = time.monotonic()
    limit_s = max(timeout_s, moderator.max_s or 0.0)
    failure, answers = None, list[ItemAnswer]()
    try:
        async with asyncio.timeout(limit_s):
            answers = await _checked(moderator, questions, key)
    except TimeoutError:
        failure = ModeratorFailure(Reason.MODERATOR_UNAVAILABLE, f"no answer within {limit_s:g} s")
    except ModeratorFailure as error:
        failure = error
    except Exception as error:
        logger.exception("the plug-in of moderator %s failed", name)
        failure = ModeratorFailure(Reason.MODERATOR_BAD_ANSWER, f"the plug-in failed: {error!r}")
    items: Sequence[ItemAnswer] = answers if failure is None else [failure] * len(questions)
    return CallAnswers(items, time.monotonic() - begun_at, failure)


async def _checked(moderator: Moderator, questions: Sequence[Question], key: int) -> list[ItemAnswer]:
    """What the plug-in answers, if it can be an answer. Raises what the plug-in raises."""
    answers: list[ItemAnswer]
    try:
        answers = list(await moderator.ask(questions, key))
    except BadInput as refusal:
        answers = [refusal] * len(questions)
    if len(answers) != len(questions):
        raise ModeratorFailure(Reason.MODERATOR_BAD_ANSWER, f"{len(answers)} answers to {len(questions)} questions")
    first = answers[0]
    if isinstance(first, ModeratorFailure) and all(_is_nonsense(answer) for answer in answers):
        raise first
    return answers


def _is_nonsense(answer: ItemAnswer) -> bool:
    return isinstance(answer, ModeratorFailure) and answer.reason == Reason.MODERATOR_BAD_ANSWER
