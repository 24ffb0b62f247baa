"""The policies in force: they follow the policy file while a worker runs. policy_file.py reads the file."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from streams import metrics
from streams.config.policy_file import PolicyFileError, load_policies
from streams.domain.policy.collections import CollectionPolicies
from streams.domain.policy.policy import Policy

logger = logging.getLogger(__name__)

LOOK_S = 1.0
MAX_NAMED = 20
#: Distinguishes one state of the file from another, by os.stat; None without a file.
Signature = tuple[int, ...] | None


class LivePolicies:
    """The policies of a file in its last valid state.

    A thread looks at the file every `look_s` seconds. It reads a changed file once it has stayed the same for one look,
    so a file that is being written is not read half. New policies replace the previous ones all at once. If the file
    cannot be used, the mistake is logged once and counted, and the previous policies stay in force.

    Raises:
        PolicyFileError: the file cannot be used at the start.
    """

    def __init__(self, path: Path | None, look_s: float = LOOK_S) -> None:
        self._path = path
        self._read = self._seen = _signature(path)
        self._policies = load_policies(path)
        self._ended = threading.Event()
        self._look_s = look_s
        metrics.begin_at_zero(metrics.POLICY_READS, ("taken",), ("refused",))
        if path is not None:
            logger.info("policy file %s: %s", path, _versions(self._policies))
            threading.Thread(target=self._watch, name="policy file", daemon=True).start()

    def of(self, collection: str) -> Policy:
        return self._policies.of(collection)

    def close(self) -> None:
        """Stop looking."""
        self._ended.set()

    def _watch(self) -> None:
        while not self._ended.wait(self._look_s):
            try:
                self.look()
            except Exception:  # a bug here must not end the thread
                logger.exception("looking at the policy file %s failed", self._path)

    def look(self) -> None:
        """Read the file if it has changed since it was read, but not since the last look."""
        now, before = _signature(self._path), self._seen
        self._seen = now
        if now == before and now != self._read:
            self._read = now
            self._read_again()

    def _read_again(self) -> None:
        try:
            found = load_policies(self._path)
        except PolicyFileError as error:
            metrics.POLICY_READS.labels("refused").inc()
            logger.error("%s; the previous policies stay in force: %s", error, _versions(self._policies))
            return
        moved = moved_between(self._policies, found)
        self._policies = found
        metrics.POLICY_READS.labels("taken").inc()
        logger.info("policy file %s has changed: %s", self._path, _versions(found))
        if moved:
            logger.warning(
                "%s moved into or out of near matching, and so to other partitions: "
                "copies of contents that are known already will not be recognised",
                ", ".join(moved[:MAX_NAMED]) + (f" and {len(moved) - MAX_NAMED} more" if moved[MAX_NAMED:] else ""),
            )


def moved_between(old: CollectionPolicies, new: CollectionPolicies) -> list[str]:
    """Names, patterns and recent collections whose media are now decided in another partition."""
    names = {name for policies in (old, new) for name, _ in policies.collections} | old.recent_collections
    moved = sorted(name for name in names if old.look_up(name).near != new.look_up(name).near)
    return ["every other collection", *moved] if old.default.near != new.default.near else moved


def _versions(policies: CollectionPolicies) -> str:
    named = {policy.version: None for _, policy in policies.collections}
    return ", ".join(dict.fromkeys([policies.default.version, *named]))


def _signature(path: Path | None) -> Signature:
    try:
        found = path.stat() if path is not None else None
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns) if found is not None else None
