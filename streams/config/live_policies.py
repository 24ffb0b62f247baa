"""The policies in force, which follow the policy file while a worker runs. Reading the file is streams/policies.py."""

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
MOST_NAMED = 20
#: What tells one state of the file from another, as os.stat gives it; None for a file that is not there.
Signature = tuple[int, ...] | None


class LivePolicies:
    """The policies of a file as it is now, or was when it last could be used.

    A thread looks at the file once in `look_s` and reads it when it has changed and then stayed the same for one
    look, so that a file which is being written is not read half. A file that cannot be used changes nothing: what
    is wrong is logged once and counted, and the policies before stay in force. New ones replace them all at once.

    Raises:
        PolicyFileError: the file cannot be used to begin with.
    """

    def __init__(self, path: Path | None, look_s: float = LOOK_S) -> None:
        self._path = path
        self._read = self._seen = _signature(path)
        self._policies = load_policies(path)
        self._ended = threading.Event()
        self._look_s = look_s
        if path is not None:
            logger.info("policy file %s: %s", path, _versions(self._policies))
            threading.Thread(target=self._watch, name="policy file", daemon=True).start()

    def of(self, collection: str) -> Policy:
        return self._policies.of(collection)

    def close(self) -> None:
        """Look no more."""
        self._ended.set()

    def _watch(self) -> None:
        while not self._ended.wait(self._look_s):
            try:
                self.look()
            except Exception:  # a fault of ours must not end the watch
                logger.exception("looking at the policy file %s failed", self._path)

    def look(self) -> None:
        """Read the file if it has changed since it was read, and not since the last look."""
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
            logger.error("%s; the policies before stay in force: %s", error, _versions(self._policies))
            return
        moved = moved_between(self._policies, found)
        self._policies = found
        metrics.POLICY_READS.labels("taken").inc()
        logger.info("policy file %s has changed: %s", self._path, _versions(found))
        if moved:
            logger.warning(
                "%s moved into or out of near matching, and with that to other partitions: "
                "copies of what was known there until now are not recognised",
                ", ".join(moved[:MOST_NAMED]) + (f" and {len(moved) - MOST_NAMED} more" if moved[MOST_NAMED:] else ""),
            )


def moved_between(old: CollectionPolicies, new: CollectionPolicies) -> list[str]:
    """Names and patterns, and collections that were asked for, whose media are decided in another partition now."""
    forms = {form for policies in (old, new) for form, _ in policies.collections}
    moved = sorted(form for form in forms | old.recent_collections if old.look_up(form).near != new.look_up(form).near)
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
