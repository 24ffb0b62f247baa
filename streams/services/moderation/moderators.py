"""Checks a moderation file, and asks a moderator about one medium: to try a mapping before anything runs."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streams.config.settings import Settings
from streams.domain.fingerprint.image.fingerprint import ImageLimits, fingerprint_image
from streams.domain.records import Decision, Verdict, decision_id, format_timestamp
from streams.errors import BadInput, ConfigurationError, Reason
from streams.moderation.answers import GivenVerdict
from streams.moderation.caller import Caller
from streams.moderation.inquiries import Inquiry, Medium
from streams.moderation.journal import Journal
from streams.moderation.moderation_file import ModerationFile, load_moderation_file
from streams.moderation.plugins import make_moderator, make_moderators


@dataclass(frozen=True, slots=True)
class Asked:
    """What the moderators of a collection said about a medium, in the order in which they were asked.

    `given` is None for a moderator that gave no answer, for the reason in `failure`. The last is the one that counts.
    """

    moderator: str
    given: GivenVerdict | None
    failure: BadInput | None = None


def check_moderators(path: Path, settings: Settings) -> ModerationFile:
    """The file, once all of its moderators could be made.

    Raises:
        ModerationFileError: names every mistake with its line.
    """
    file = load_moderation_file(path)
    make_moderators(file, settings.limits.max_pixels)
    return file


def ask_moderators(
    path: Path,
    settings: Settings,
    picture: Path,
    collection: str,
    *,
    url: str | None,
    metadata: Mapping[str, Any],
    timeout_s: float,
) -> list[Asked]:
    """Ask the moderators of a collection about a picture until one has something to say. Nothing is remembered.

    Args:
        url: where moderators that get URLs find the picture.
        metadata: as a submission would have it.
        timeout_s: for each moderator, its retries included.

    Raises:
        ModerationFileError: the file cannot be used.
        ConfigurationError: nobody is asked about this collection.
        BadInput: the picture cannot be fingerprinted.
    """
    file = load_moderation_file(path)
    names = file.of(collection)
    if not names:
        raise ConfigurationError(f"{path}: no moderator is asked about the collection {collection!r}")
    data = picture.read_bytes()
    decision = _decision(data, picture.name, collection, metadata, settings.limits.max_pixels)

    async def ask() -> list[Asked]:
        found: list[Asked] = []
        with tempfile.TemporaryDirectory() as folder:
            journal = Journal(Path(folder) / "answers.sqlite")
            for name in names:
                moderator = make_moderator(file, name, settings.limits.max_pixels)
                retry = file.moderators[name].retry.model_copy(update={"give_up_after_s": timeout_s})
                part = file.moderators[name].model_copy(update={"retry": retry})
                caller = Caller(name, part, moderator, journal)
                try:
                    medium = _medium(moderator.sends, url, data)
                    given = await caller.ask(Inquiry(decision, lambda medium=medium: _opened(medium)))  # type: ignore[misc]
                    found.append(Asked(name, given))
                except BadInput as error:
                    found.append(Asked(name, None, error))
                finally:
                    await caller.close()
                if found[-1].failure is not None or (found[-1].given and found[-1].given.answer is not None):
                    break
            await journal.close()
        return found

    return asyncio.run(ask())


@contextlib.asynccontextmanager
async def _opened(medium: Medium) -> AsyncIterator[Medium]:
    yield medium


def _medium(sends: str, url: str | None, data: bytes) -> Medium:
    if sends == "hashes":
        return Medium()
    if sends != "bytes" and url is not None:
        return Medium(url=url)
    if sends == "url":
        raise BadInput(Reason.NO_SOURCE, "the moderator gets URLs: say with --url where it finds the picture")
    return Medium(data=data)


def _decision(data: bytes, media_id: str, collection: str, metadata: Mapping[str, Any], max_pixels: int) -> Decision:
    """The decision that a new picture would get."""
    facts = fingerprint_image(data, ImageLimits(max_pixels=max_pixels))
    now = format_timestamp(time.time_ns() // 1_000_000)
    return Decision(
        decision_id=decision_id(collection, "ask", 0, 0),
        revision=0,
        outcome="unique",
        action="process",
        collection=collection,
        media_id=media_id,
        submission_id="ask",
        attempt=0,
        kind=facts.kind,
        content_id=facts.content_id,
        match=None,
        verdict=Verdict(),
        failure=None,
        facts=facts.published(),
        metadata=dict(metadata),
        submitted_at=now,
        fingerprinted_at=now,
        versions={},
    )
