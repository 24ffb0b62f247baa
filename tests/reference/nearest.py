"""The slow twin of `ImageIndex`: compares every entry with every other, in Python integers.

It shares the tables of views with streams.domain.match.images, and no code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from streams.domain.evidence.verify import MatchedViews
from streams.domain.hashes.levels import LEVEL_NUMBERS
from streams.domain.hashes.views import QUERY_GROUPS, SEARCH_GROUPS, STORED_GROUPS, VIEW_PAIRS, VIEWS

DAY_MS = 86_400_000
FOR_EVER_MS = 2**62


@dataclass(frozen=True)
class Entry:
    view: int
    orientation: int
    hash64: int
    hash256: int


@dataclass
class Known:
    """A known content: its first submission, group, stored entries, evidence, and its drift in 64ths."""

    content_id: str
    media_id: str
    submission_id: str
    group: tuple[str, str]
    first_ms: int
    expires_ms: int
    algorithm: str
    entries: list[Entry]
    is_member: bool
    frames: list[Any] = field(default_factory=list)
    duration_ms: int = 0
    evidence: str = ""
    drift: int = 0


@dataclass(frozen=True)
class Pair:
    """An entry of the submission and an entry of a known content that are near."""

    own: Entry
    entry: Entry
    near_bits: int
    confirm_bits: int
    number: int

    @property
    def is_part(self) -> bool:
        return not (VIEWS[self.own.view].whole and VIEWS[self.entry.view].whole)

    @property
    def rank(self) -> tuple[Any, ...]:
        distances = self.confirm_bits, self.near_bits
        return *distances, self.is_part, self.number, self.entry.view, self.entry.orientation

    @property
    def views(self) -> MatchedViews:
        return MatchedViews(self.entry.view, self.entry.orientation, self.own.view, self.own.orientation)


@dataclass
class Contents:
    """The known contents of one collection, by content id. `apart` are those that a submission must not match."""

    known: dict[str, Known] = field(default_factory=dict)
    apart: Callable[[Known], bool] = lambda known: False

    def candidates(
        self, algorithm: str, entries: list[Entry], policy: dict[str, Any], time_ms: int, own: str
    ) -> list[tuple[Known, list[Pair]]]:
        """The 16 nearest contents, each with its 64 nearest pairs, the nearest first."""
        found = []
        for known in self.known.values():
            if known.algorithm != algorithm or known.content_id == own or known.expires_ms < time_ms:
                continue
            pairs = sorted(pairs_of(entries, known.entries, policy), key=lambda pair: pair.rank)
            if pairs:
                rank = *pairs[0].rank[:2], known.first_ms, digest_words(known.content_id)
                found.append((rank, known, pairs[:64]))
        found.sort(key=lambda each: each[0])
        return [(known, pairs) for _, known, pairs in found[:16] if not self.apart(known)]


def pairs_of(entries: list[Entry], stored_entries: list[Entry], policy: dict[str, Any]) -> Iterator[Pair]:
    level = level_of(policy)
    for number, mine in enumerate(entries):
        for theirs in stored_entries:
            distances = compared(mine, theirs, level, policy)
            if distances is not None:
                confirm_bits, near_bits = distances
                yield Pair(mine, theirs, near_bits, confirm_bits, number)


def level_of(policy: dict[str, Any]) -> int:
    return LEVEL_NUMBERS[policy["views"]]


def retention_ms(policy: dict[str, Any]) -> int:
    return FOR_EVER_MS if policy["retention_days"] is None else int(policy["retention_days"] * DAY_MS)


def digest_words(content_id: str) -> list[int]:
    """The digest as four little-endian words; content ids are compared by them."""
    digest = bytes.fromhex(content_id.removeprefix("sha256:"))
    return [int.from_bytes(digest[at : at + 8], "little") for at in range(0, 32, 8)]


def compared(mine: Entry, theirs: Entry, level: int, policy: dict[str, Any]) -> tuple[int, int] | None:
    """Distances of the 256-bit and the 64-bit hashes; None if the entries do not match."""
    rule = VIEW_PAIRS[level, mine.view, theirs.view]
    if rule == 0 or not QUERY_GROUPS[level, mine.view, mine.orientation] & SEARCH_GROUPS[theirs.view]:
        return None
    near_bits = (mine.hash64 ^ theirs.hash64).bit_count()
    confirm_bits = (mine.hash256 ^ theirs.hash256).bit_count()
    both_whole = VIEWS[mine.view].whole and VIEWS[theirs.view].whole
    if near_bits > (policy["radius_bits"] if both_whole else policy["view_radius_bits"]):
        return None
    if confirm_bits > policy["confirm_bits"]:
        return None
    return confirm_bits, near_bits


def entries_of(facts: dict[str, Any], policy: dict[str, Any]) -> tuple[str, list[Entry]]:
    """The algorithm and the entries that the policy compares."""
    hashes, name = facts["hashes"], policy["hash"]
    if not policy["near"] or facts["quality"] < policy["min_quality"]:
        return "", []
    if name == "phash256":
        data = bytes.fromhex(hashes.get("views:1", ""))
        parts = [data[at : at + 42] for at in range(0, len(data), 42)]
        entries = [Entry(p[0], p[1], int.from_bytes(p[2:10]), int.from_bytes(p[10:])) for p in parts]
        return ("views:1" if entries else ""), entries
    family = name.rstrip("0123456789")
    near = hashes.get(f"{family}64:1" if name.endswith("256") else f"{name}:1")
    confirm = hashes.get(f"{name}:1") if name.endswith("256") else "0"
    if near is None or confirm is None:
        return "", []
    bits = int(name.lstrip("abcdefghijklmnopqrstuvwxyz"))
    if not bits / 8 < int(hashes[f"{name}:1"], 16).bit_count() < bits * 7 / 8:
        return "", []
    return f"{name}:1", [Entry(0, 8, int(near, 16), int(confirm, 16))]


def stored(entries: list[Entry], policy: dict[str, Any]) -> list[Entry]:
    return [each for each in entries if STORED_GROUPS[LEVEL_NUMBERS[policy["views"]], each.view, each.orientation]]
