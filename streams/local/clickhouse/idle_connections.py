"""Connections that were set up for a SELECT and wait for the next one that wants the same.

To connect, choose a database and change settings takes a third of the time of a small question. A SELECT changes
nothing of its connection, so another SELECT with the same database and settings may follow it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, Final

MAX_IDLE: Final = 16
"""A few threads read at once, with one set of settings for every kind of answer."""


class IdleConnections:
    """Thread-safe. What nobody took for longest is closed first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: OrderedDict[int, tuple[Hashable, Any]] = OrderedDict()

    def take(self, wanted: Hashable) -> Any | None:
        """A connection that was put back as this; None if none waits."""
        with self._lock:
            for number, (found, connection) in reversed(self._idle.items()):
                if found == wanted:
                    del self._idle[number]
                    return connection
        return None

    def put(self, is_set_up: Hashable, connection: Any) -> None:
        """Keeps a connection as it is set up."""
        with self._lock:
            self._idle[id(connection)] = (is_set_up, connection)
            longest = self._idle.popitem(last=False)[1][1] if len(self._idle) > MAX_IDLE else None
        if longest is not None:
            longest.close()

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, OrderedDict()
        for _, connection in idle.values():
            connection.close()
