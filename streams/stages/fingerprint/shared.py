"""The fingerprinter that the live and the bulk lane of one worker share: bulk work must know when live work waits."""

from __future__ import annotations

from streams.config.settings import Settings
from streams.stages.fingerprint.fingerprinter import Fingerprinter
from streams.thumbnails.writer import open_writer

_users: dict[int, list[Settings]] = {}
_fingerprinters: dict[int, Fingerprinter] = {}


def open_fingerprinter(settings: Settings) -> Fingerprinter:
    """The live fingerprinter of the worker with these settings (the same object). Call `close_fingerprinter` once."""
    _users.setdefault(id(settings), []).append(settings)
    if id(settings) not in _fingerprinters:
        _fingerprinters[id(settings)] = Fingerprinter(settings, thumbnails=open_writer(settings))
    return _fingerprinters[id(settings)]


async def close_fingerprinter(settings: Settings) -> None:
    """One user is done with it; the last one closes it."""
    users = _users[id(settings)]
    users.pop()
    if not users:
        del _users[id(settings)]
        await _fingerprinters.pop(id(settings)).close()
