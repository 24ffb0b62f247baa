"""Lets commands find a running system: `mediasieve up` writes a note into its data directory, and commands read it.

The note holds addresses and names, never a secret. It is valid only while its writer holds the lock next to it.
system.py starts and stops a system.
"""

from __future__ import annotations

import fcntl
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import orjson

from streams.config.settings import Settings, load_settings
from streams.errors import ConfigurationError

NOTE, LOCK = "running.json", "running.lock"
#: The fields of the note that are settings, named as their variables in short.
NOTED_VARIABLES = (
    "broker",
    "clickhouse",
    "clickhouse_database",
    "topic_prefix",
    "group_prefix",
    "file_roots",
    "thumbnails",
)


@dataclass(frozen=True, slots=True)
class RunningSystem:
    """The note: everything that other terminals must know to use the system."""

    pid: int
    broker: str
    clickhouse: str
    clickhouse_database: str
    topic_prefix: str
    group_prefix: str
    broker_embedded: bool = False
    file_roots: tuple[str, ...] = ()
    workers: tuple[str, ...] = ()
    api: str = ""
    thumbnails: str = ""


class DataDir:
    """The data directory of a system. One process at a time may run a system in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: IO[bytes] | None = None

    def claim(self) -> None:
        """Lock the directory for this process, until `release` or the end of the process.

        Raises:
            ConfigurationError: another process has the lock, or the directory cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self.path / LOCK).open("ab")
        except OSError as error:
            raise ConfigurationError(
                f"the data directory {self.path} cannot be used: {error.strerror}. Choose another with --data-dir."
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            other = _read(self.path)
            who = f" (process {other.pid})" if other else ""
            raise ConfigurationError(
                f"another mediasieve{who} runs in {self.path}; stop it, or choose another directory with --data-dir."
            ) from error
        self._lock = lock

    def announce(self, running: RunningSystem) -> None:
        """Write the note atomically."""
        note = self.path / f"{NOTE}.new"
        note.write_bytes(orjson.dumps(asdict(running), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        note.replace(self.path / NOTE)

    def release(self) -> None:
        (self.path / NOTE).unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def find_running_system(data_dir: Path) -> RunningSystem | None:
    """The system that runs in a data directory now. A note that a crash left does not count."""
    try:
        with (data_dir / LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(data_dir)
    except OSError:
        return None
    return None


def load_command_settings(**overrides: object) -> Settings:
    """Settings for a command: its options first, then the environment, then the system that runs in the data directory.

    The running system counts only if neither options nor environment name a broker.

    Args:
        overrides: options by the short names of variables. None stands for an absent option.

    Raises:
        ConfigurationError: names the variable that is wrong.
    """
    settings = load_settings(**{name: value for name, value in overrides.items() if value is not None})
    if "broker" in settings.given:
        return settings
    running = find_running_system(settings.paths.data_dir)
    if running is None:
        return settings
    known = {name: getattr(running, name) for name in NOTED_VARIABLES if name not in settings.given}
    return settings.with_values(**known)


def _read(data_dir: Path) -> RunningSystem | None:
    try:
        document = orjson.loads((data_dir / NOTE).read_bytes())
        document["file_roots"], document["workers"] = tuple(document["file_roots"]), tuple(document["workers"])
        return RunningSystem(**document)
    except (OSError, orjson.JSONDecodeError, TypeError, KeyError):
        return None
