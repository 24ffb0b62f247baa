"""The interface of moderators: what they are asked, what they answer, and how they fail.

A plug-in does nothing but ask. Batches, limits, retries, the circuit breaker, counting and remembering answers are the
caller's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from streams.domain.records import Decision, Label
from streams.domain.records.verdict import GivenStatus
from streams.errors import BadInput, BrokenInfrastructure, Reason
from streams.moderation.callbacks import Callbacks

#: The part of a medium that goes to a moderator. With `hashes`, neither its bytes nor its URL leave the worker.
Sent = Literal["url", "bytes", "url_or_bytes", "hashes"]


async def _forget(note: str) -> None:
    return


@dataclass(frozen=True, slots=True)
class Question:
    """One content that a moderator is asked about.

    Attributes:
        decision: about the submission that brought the content: ids, facts, hashes, metadata.
        url: of the medium, if the moderator gets URLs and the submission has one.
        data: the bytes of the medium, if the moderator gets bytes.
        note: what the plug-in kept for this content when it was asked before, such as the id of a job.
        keep_note: keeps a note that outlives the worker's process.
    """

    decision: Decision
    url: str | None = None
    data: bytes | None = field(default=None, repr=False)
    note: str | None = None
    keep_note: Callable[[str], Awaitable[None]] = _forget

    @property
    def content_id(self) -> str:
        assert self.decision.content_id is not None
        return self.decision.content_id


@dataclass(frozen=True, slots=True)
class ModeratorAnswer:
    """What a moderator says about a content. Labels are not bounded yet; `version` overrides the configured one."""

    status: GivenStatus
    labels: Sequence[Label] = ()
    reason: str | None = None
    version: str | None = None


class ModeratorFailure(BrokenInfrastructure):
    """The moderator, not the medium, is at fault: the call is made again.

    Args:
        reason: `moderator_unavailable` (no answer, or an error) or `moderator_bad_answer`.
        detail: for people; never a secret.
        retry_after_s: how long the moderator wants to be left alone.
    """

    def __init__(self, reason: Reason, detail: str, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.retry_after_s = retry_after_s


#: An answer; None if the moderator has nothing to say, so that the next one is asked; or why there is none.
ItemAnswer = ModeratorAnswer | None | ModeratorFailure | BadInput


class Moderator(ABC):
    """A plug-in. One instance a worker, used from one event loop; `ask` runs several times at once.

    Attributes:
        sends: what `Question` must bring.
        batch_size: the most questions in one call.
        keys: how many API keys there are; limits hold for each.
        is_free: a repeated call costs nothing, so answers are not remembered.
        max_s: the longest that `ask` may take, where that is more than `timeout_s` of the file.
    """

    sends: Sent = "hashes"
    batch_size: int = 1
    keys: int = 1
    is_free: bool = False
    max_s: float | None = None

    @abstractmethod
    async def ask(self, questions: Sequence[Question], key: int) -> Sequence[ItemAnswer]:
        """Ask about at most `batch_size` contents at once; an answer for every question, in their order.

        Args:
            key: which API key to use, counted from 0.

        Raises:
            ModeratorFailure: no question has a usable answer.
        """

    async def close(self) -> None:
        """Release what the plug-in needs."""
        return


@dataclass(frozen=True, slots=True)
class PluginContext:
    """What a plug-in is made from.

    Attributes:
        name: of the moderator in the moderation file.
        options: the mapping `options` of the moderator, as it stands in the file.
        sends: what the file says under `send`; None if it says nothing.
        folder: of the moderation file, against which relative paths count.
        batch_size: the most questions in one call, as the file says.
        timeout_s: of one request.
        max_pixels: larger pictures must not be decoded.
        version: of the moderator, as the file says.
        callbacks: for moderators that call back; None where the deployment takes no callbacks.
    """

    name: str
    options: dict[str, Any]
    sends: Sent | None
    folder: Path
    batch_size: int
    timeout_s: float
    max_pixels: int
    version: str | None = None
    callbacks: Callbacks | None = None


class BadOption(Exception):
    """An option of a plug-in is wrong.

    Args:
        path: of the option below `options`: names and numbers; begins with `..` for a setting next to `options`.
        problem: the mistake, and how to mend it.
    """

    def __init__(self, path: Sequence[str | int], problem: str) -> None:
        super().__init__(problem)
        self.path = tuple(path)
        self.problem = problem


#: Makes a moderator; raises BadOption.
PluginFactory = Callable[[PluginContext], Moderator]
