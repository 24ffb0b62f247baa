"""The slow twin of match/videos/verification.py: what the key frames of two aligned videos say, by the judge's word."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streams.domain.evidence.evidence import Evidence, unpack_evidence
from streams.domain.evidence.judge import Judgement
from streams.domain.evidence.verify import MatchedViews
from tests.reference.copies import Judge
from tests.reference.nearest import Known

if TYPE_CHECKING:
    from tests.reference.videos import FramePair


@dataclass(frozen=True)
class KeyFrames:
    """The key frames of a submission by their times, and the judge who compares frames."""

    frames: dict[int, Evidence]
    judge: Judge

    def judge_against(self, known: Known, voting: list[FramePair]) -> list[Judgement]:
        """The words of the judge about key frames that vote for each other."""
        theirs = key_frames_of(known.evidence)
        by_moments: dict[tuple[int, int], list[FramePair]] = {}
        for pair in voting:
            if pair.own.from_ms in self.frames and pair.frame.from_ms in theirs:
                by_moments.setdefault((pair.own_moment, pair.known_moment), []).append(pair)
        for pairs in by_moments.values():
            pairs.sort(key=nearness)
        nearest = sorted(by_moments, key=lambda moments: (nearness(by_moments[moments][0])[:2], moments))
        return [self._judged(by_moments[moments], theirs) for moments in nearest[:8]]

    def _judged(self, pairs: list[FramePair], theirs: dict[int, Evidence]) -> Judgement:
        matched = [
            MatchedViews(
                pair.frame.entry.view, pair.frame.entry.orientation, pair.own.entry.view, pair.own.entry.orientation
            )
            for pair in pairs[:16]
        ]
        first = pairs[0]
        evidence = theirs[first.frame.from_ms], self.frames[first.own.from_ms]
        return self.judge(*evidence, matched, first.hash64_distance_bits, first.hash256_distance_bits)


def nearness(pair: FramePair) -> tuple[int, ...]:
    mine, theirs = pair.own.entry, pair.frame.entry
    distances = pair.hash256_distance_bits, pair.hash64_distance_bits
    return (*distances, mine.view, theirs.view, mine.orientation, theirs.orientation)


def key_frames_of(evidence: str) -> dict[int, Evidence]:
    """The key frames in a record's evidence, by their times."""
    data, found = b64decode(evidence), {}
    rest = data[2:] if data[:2] == b"K\x01" else b""
    while rest:
        end = 6 + int.from_bytes(rest[4:6])
        frame = unpack_evidence(rest[6:end])
        assert frame is not None
        found[int.from_bytes(rest[:4])] = frame
        rest = rest[end:]
    return found


def lower_median(values: list[Any]) -> Any:
    return sorted(values)[(len(values) - 1) // 2] if values else None
