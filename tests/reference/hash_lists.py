"""The slow twin of hash lists: every content against every entry, with lists and dicts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

DAY_MS = 86_400_000
BITS = {"md5": 128, "sha256": 256, "phash64": 64, "phash256": 256, "pdq256": 256}
DEFAULT_BITS = {"phash64": 4, "phash256": 32, "pdq256": 24}
EXACT, NEAR = ("sha256", "md5"), ("pdq256", "phash256", "phash64")


@dataclass
class HashLists:
    """Of one collection."""

    lists: dict[str, dict[str, Any]] = field(default_factory=dict)
    entries: dict[tuple[str, str, int], list[dict[str, Any]]] = field(default_factory=dict)
    pending: dict[tuple[str, str], tuple[int, set[int]]] = field(default_factory=dict)
    matches: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    hashes: dict[str, dict[str, str]] = field(default_factory=dict)
    said: list[tuple[list[dict[str, Any]], list[Any]]] = field(default_factory=list)
    noted: dict[str, tuple[list[str], list[Any]]] = field(default_factory=dict)
    reached: set[str] = field(default_factory=set)
    walk: dict[str, Any] = field(default_factory=lambda: {"chunk": 0, "after": "", "under_way": False})

    def apply(self, event: dict[str, Any], offset: int, time_ms: int) -> str | None:
        """Apply an event but for what follows from it; returns the reason if it is refused."""
        name, import_id = event["list_name"], event["import_id"]
        known = self.lists.get(name)
        if event["event"] == "list_entries":
            key = name, import_id, event["chunk"]
            if known is not None and known["import_id"] == import_id and self.entries.get(key) != event["entries"]:
                return "bad_field"
            self.entries[key] = event["entries"]
            expires_ms, chunks = self.pending.get((name, import_id), (0, set()))
            chunks = chunks if expires_ms >= time_ms else set()
            self.pending[name, import_id] = time_ms + 7 * DAY_MS, {*chunks, event["chunk"]}
            return None
        if event["event"] == "list_effective":
            expires_ms, chunks = self.pending.get((name, import_id), (0, set()))
            is_same = known is not None and (known["import_id"], known["chunks"]) == (import_id, event["chunks"])
            complete = expires_ms >= time_ms and set(range(event["chunks"])) <= chunks
            if event["chunks"] and not complete and not is_same:
                return "list_incomplete"
            since = offset if known is None else known["since"]
            self.lists[name] = {**event, "order": (offset, 0), "since": since}
            self.pending.pop((name, import_id), None)
        elif known is None:
            return None if event["event"] == "list_quarantine" else "unknown_list"
        elif event["event"] == "list_drop":
            del self.lists[name]
        elif event["event"] == "list_release":
            entry = f"{event['algorithm']}:{event['hash']}"
            released = {"since": known["since"], "contents": [], "cause": None, "released": True}
            self.matches[name, entry] = released
        if event["event"] != "list_quarantine":
            self.walk = {"chunk": self.walk["chunk"] + 1, "after": "", "under_way": True}
        return None

    def hits(self, hashes: dict[str, str], *, negative_only: bool = False) -> dict[str, list[tuple[Any, ...]]]:
        """By list: nearness, share, rank, row, distance, threshold and entry of what matches, the surest first."""
        found = {}
        for name in sorted(self.lists):
            if negative_only and not self.lists[name]["negative"]:
                continue
            here, row, hits = self.lists[name], 0, []
            for chunk in range(here["chunks"]):
                for entry in self.entries[name, here["import_id"], chunk]:
                    hit = self._hit(here, row, entry, hashes)
                    hits += [] if hit is None else [hit]
                    row += 1
            if hits:
                found[name] = sorted(hits, key=lambda hit: hit[:4])[:16]
        return found

    def _hit(
        self, here: dict[str, Any], row: int, entry: dict[str, Any], hashes: dict[str, str]
    ) -> tuple[Any, ...] | None:
        algorithm = entry["algorithm"]
        if algorithm not in hashes:
            return None
        if algorithm in EXACT:
            equal = hashes[algorithm] == entry["hash"]
            return (False, 0, EXACT.index(algorithm), row, 0, 0, entry) if equal else None
        bits = entry["bits"] if entry["bits"] is not None else here["bits"].get(algorithm, DEFAULT_BITS[algorithm])
        distance = (int(hashes[algorithm], 16) ^ int(entry["hash"], 16)).bit_count()
        if distance > bits or not telling(algorithm, entry["hash"]):
            return None
        return True, distance * 256 // BITS[algorithm], NEAR.index(algorithm), row, distance, bits, entry

    def is_negative(self, hashes: dict[str, str]) -> bool:
        return bool(self.hits(hashes, negative_only=True))

    def judge(self, content_id: str, hashes: dict[str, str], cause: str) -> tuple[list[dict[str, Any]], list[Any]]:
        """What the lists say about a content, and the entries that count it."""
        hits, verdicts, counted = self.hits(hashes), [], []
        negative = self.is_negative(hashes)
        for name in sorted(hits):
            here = self.lists[name]
            for is_near, _, _, _, distance, bits, entry in [] if here["negative"] else hits[name]:
                status = entry["status"] or here["status"]
                if is_near and here["perceptual"] == "review":
                    status = None if status == "allowed" else "review"
                if status is None or (is_near and negative):
                    continue
                written = f"{entry['algorithm']}:{entry['hash']}"
                if is_near:
                    acts, counts = self._count(here, written, content_id, cause)
                    counted += [[name, written]] if counts else []
                    if not acts:
                        continue
                labels, reason = entry["labels"], entry["reason"]
                verdicts.append(
                    {
                        "by": {"kind": "list", "name": name, "version": here["version"]},
                        "status": status,
                        "labels": here["labels"] if labels is None else labels,
                        "reason": here["reason"] if reason is None else reason,
                        "at": here["at"],
                        "entry": {
                            "hash": written,
                            "distance_bits": distance,
                            "threshold_bits": bits,
                            "confidence": "unverified" if is_near else "exact",
                        },
                        "order": here["order"],
                    }
                )
                break
        return verdicts, counted

    def _count(self, here: dict[str, Any], entry: str, content_id: str, cause: str) -> tuple[bool, bool]:
        key = here["list_name"], entry
        empty = {"since": here["since"], "contents": [], "cause": None, "released": False}
        matches = self.matches.get(key, empty)
        if matches["since"] != here["since"]:
            matches = empty
        self.matches[key] = matches
        if matches["released"] or matches["cause"]:
            return matches["released"], matches["released"] or matches["cause"] == cause
        if content_id not in matches["contents"] and len(matches["contents"]) >= here["quarantine_after"]:
            matches["cause"] = cause
            return False, True
        if content_id not in matches["contents"]:
            matches["contents"].append(content_id)
        return True, True

    def quarantined(self, event: dict[str, Any]) -> list[str]:
        """The contents that an entry in quarantine had matched."""
        here = self.lists.get(event["list_name"], {"since": None})
        matches = self.matches.get((event["list_name"], f"{event['algorithm']}:{event['hash']}"))
        if matches is None or matches["since"] != here["since"] or not matches["cause"]:
            return []
        contents: list[str] = matches["contents"]
        return contents


def listable(facts: dict[str, Any], policy: dict[str, Any]) -> dict[str, str]:
    """The hashes of a submission that entries are compared with."""
    found = {}
    if facts["content_id"].startswith("sha256:"):
        found["sha256"] = facts["content_id"].removeprefix("sha256:")
    for name in BITS:
        value = facts["hashes"].get(name if name == "md5" else f"{name}:1")
        if name == "md5" and value:
            found[name] = value
        elif value and facts["quality"] >= policy["min_quality"] and telling(name, value):
            pdq_quality = int(facts["hashes"].get("pdq_quality:1", "100"))
            found |= {name: value} if name != "pdq256" or pdq_quality >= 50 else {}
    return found


def telling(algorithm: str, value: str) -> bool:
    return 1 / 8 < int(value, 16).bit_count() / BITS[algorithm] < 7 / 8
