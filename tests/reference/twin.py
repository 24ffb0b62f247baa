"""The plain single-threaded reference: reads media.fingerprints in partition order and decides with two dicts.

It shares nothing with streams.domain.matching but the name of a decision; slow and obvious on purpose.
"""

from __future__ import annotations

from typing import Any

import orjson

from streams.domain.routing import decision_id


class Twin:
    """Expected decisions, as JSON objects by decision_id."""

    def __init__(self) -> None:
        self.decisions: dict[str, dict[str, Any]] = {}
        self._first: dict[tuple[str, str], dict[str, Any]] = {}

    def read(self, value: bytes) -> None:
        """One value of media.fingerprints, in the order of its partition."""
        record = orjson.loads(value)
        identity = decision_id(record["collection"], record["submission_id"], record["attempt"], 0)
        if identity in self.decisions:
            return
        facts = record["facts"]
        decision = {
            "decision_id": identity,
            "revision": 0,
            "content_id": facts["content_id"] if facts else None,
            "kind": facts["kind"] if facts else record["kind"],
            "match": None,
            "verdict": {"status": "pending", "by": None, "reason": None, "at": None, "inherited_from": None},
            "versions": {"policy": record["policy"]["version"]},
        }
        for name in (
            *("collection", "media_id", "submission_id", "attempt", "facts", "failure"),
            *("metadata", "submitted_at", "fingerprinted_at"),
        ):
            decision[name] = record[name]
        if facts is None:
            decision |= {"outcome": "failed", "action": "inspect"}
        else:
            first = self._first.setdefault((record["collection"], facts["content_id"]), record)
            if first is record:
                decision |= {"outcome": "unique", "action": "process"}
            else:
                decision |= {"outcome": "duplicate", "action": "reuse"}
                decision["verdict"]["inherited_from"] = first["media_id"]
                decision["match"] = {
                    "content_id": facts["content_id"],
                    "media_id": first["media_id"],
                    "submission_id": first["submission_id"],
                    "method": "exact",
                    "distance_bits": 0,
                    "similarity": 1.0,
                    "transformation": "none",
                }
        self.decisions[identity] = decision
