"""A video that is open for reading parts: what all ways have in common. Each way has its own file."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal

from streams.errors import BadInput, Reason

Way = Literal["ranges", "download", "file"]


class OpenVideo(ABC):
    """A `VideoSource`: read on one decode thread, while the event loop may end it at any time.

    Attributes:
        way: how its bytes are got.
        size_bytes: of the whole.
        identity: names its very bytes, so that facts about them may be remembered; None where nothing vouches for it.
        content: its content id, where all of it has been read on the way.
        read_bytes: what was asked for so far.
        cheap_to_read: whether reading all of it costs next to nothing.
        failure: why it could not be read, once that is so; what was made of it is worth nothing then.
    """

    way: Way
    cheap_to_read: bool

    def __init__(self, size_bytes: int, identity: str | None, content: str | None = None) -> None:
        self.size_bytes: int | None = size_bytes
        self.identity = identity or content
        self.content = content
        self.read_bytes = 0
        self.failure: BadInput | None = None
        self._size = size_bytes
        self._position = 0

    @abstractmethod
    def read(self, n: int, /) -> bytes:
        """Up to n bytes from where it stands, at least one; none at the end.

        Raises:
            BadInput: one of the source_ reasons; the same again from then on.
        """

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """As `io.IOBase.seek`; the new position, which may lie behind the end."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("a position before the beginning")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def plan(self, extents: Sequence[tuple[int, int]], /) -> None:
        """A hint: these (offset, length) will be read next, in this order. It is nothing where reading is quick."""
        return

    @property
    def waited_s(self) -> float:
        """How long the reader has waited for the source, this moment included."""
        return 0.0

    @property
    def fetched_bytes(self) -> int:
        """What has come in so far, read or not."""
        return self.read_bytes

    @abstractmethod
    def end(self) -> None:
        """Called on the loop's thread: give all back; a `read` under way, and all later ones, raise at once."""

    def check(self) -> None:
        """Whether all that was read is of one and the same state of the source, and nothing failed.

        Raises:
            BadInput: one of the source_ reasons.
        """
        if self.failure is not None:
            raise self.failure


def given_up() -> BadInput:
    """What a reader gets whose work nobody waits for any more."""
    return BadInput(Reason.SOURCE_UNREACHABLE, "reading was given up")
