"""Addresses for callbacks: who can make one, for how long it is served, and what waits for the answers."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from streams.config.settings import load_settings
from streams.errors import ConfigurationError
from streams.moderation import callbacks
from streams.moderation.callbacks import CallbackInbox, CallbackRefused, CallbackSigner, callback_id
from tests.moderation.conftest import MakeCaller
from tests.support.moderators import MAPPING

SECRET = "0123456789abcdef0123456789abcdef"
QUESTION = callback_id("b7e2c9b4-0000-4000-8000-000000000000", "safety", "1")


def test_a_token_names_its_question_until_its_time_is_over() -> None:
    signer = CallbackSigner(SECRET)
    token = signer.token(QUESTION, 1_000)
    assert signer.check(token, 1_000) == QUESTION
    with pytest.raises(CallbackRefused, match="the time of the address is over"):
        signer.check(token, 1_001)


def test_nobody_without_the_secret_makes_or_changes_a_token() -> None:
    signer = CallbackSigner(SECRET)
    token = signer.token(QUESTION, 1_000)
    forged = [CallbackSigner("another" * 4).token(QUESTION, 1_000), "", "a", "ä", token[:-2], token + "AA", "A" * 54]
    forged += [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(len(token) - 1)]
    for each in forged:
        with pytest.raises(CallbackRefused, match="not signed"):
            signer.check(each, 0)


def test_a_question_is_named_by_the_decision_the_moderator_and_its_version() -> None:
    names = {callback_id(*each) for each in (("a", "b", "1"), ("a", "b", "2"), ("a", "c", "1"), ("d", "b", "1"))}
    assert len(names) == 4
    assert callback_id("a", "b", None) == callback_id("a", "b", None)


async def test_an_answer_reaches_whoever_waits_and_whoever_comes_later() -> None:
    inbox = CallbackInbox()
    waiting = [asyncio.create_task(inbox.wait(QUESTION, 10)) for _ in range(2)]
    await asyncio.sleep(0)
    inbox.deliver(QUESTION, b"1")
    assert await asyncio.gather(*waiting) == [b"1", b"1"]
    inbox.deliver(QUESTION, b"2")
    inbox.deliver(QUESTION, b"3")
    assert await inbox.wait(QUESTION, 10) == b"3"
    assert await inbox.wait(QUESTION, 0.01) is None


async def test_answers_that_nobody_claims_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "MAX_UNCLAIMED", 3)
    monkeypatch.setattr(callbacks, "MAX_UNCLAIMED_BYTES", 10)
    inbox, questions = CallbackInbox(), [uuid.uuid4() for _ in range(5)]
    for question in questions:
        inbox.deliver(question, b"1234")
    kept = [await inbox.wait(question, 0.01) for question in questions]
    assert kept == [None, None, None, b"1234", b"1234"]


def test_a_mapping_with_callbacks_says_what_it_needs(make_caller: MakeCaller) -> None:
    from streams.moderation.moderation_file import ModerationFileError

    response = {"status": "decision", "statuses": {"bad": "blocked"}}
    asks = {"json": {"id": "${content_id}", "notify": "${callback_url}"}}
    with pytest.raises(ModerationFileError, match="MEDIASIEVE_CALLBACK_SECRET"):
        make_caller(mapping={"request": asks, "response": response, "callback": {}})
    with pytest.raises(ModerationFileError, match=r"must have .*callback_url"):
        make_caller(mapping={"request": {"json": {}}, "response": response, "callback": {}})
    with pytest.raises(ModerationFileError, match=r"there is no .*callback_url"):
        make_caller(mapping={**MAPPING, "request": asks})


def test_a_secret_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="needs 16 characters or more"):
        load_settings(callback_secret="short")
