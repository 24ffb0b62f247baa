"""Decides how a submission relates to a known video: as a copy, a clip, a compilation, an overlap, or not at all.

How two videos are aligned is in align.py, how a match is written into a decision in outcome.py. `own` is the
submission, `known` the known video. The slow twin is tests/reference/videos.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from streams.domain.hashes.levels import LEVEL_NUMBERS
from streams.domain.hashes.packing import ORIENTATION_MASK
from streams.domain.hashes.views import VIEW_PAIRS
from streams.domain.match.videos.alignment.align import AlignedSegment, Alignment, MomentPairs, MomentTimes, align
from streams.domain.match.videos.alignment.time_mapping import Int64Array
from streams.domain.match.videos.frame_pairs import FramePairs, MomentHashes
from streams.domain.match.videos.movement import moves_in_time, shows_movement
from streams.domain.match.videos.orientation import RELATIVE_ORIENTATION
from streams.domain.match.videos.shared_captions import FULL_EVIDENCE, evidence, is_enough_evidence
from streams.domain.match.videos.verification import NO_EVIDENCE, VerifiedFrames, VideoEvidence, verify_frames
from streams.domain.policy.policy import Policy
from streams.domain.records import Relation

MIN_VOTERS: Final = 3
"""How many moments have to vote, or all that one of the two videos has, not counting common ones."""

FULL_WEIGHT: Final = 1000
"""The weight of a moment that looks like one group. A moment that looks like more has this, divided by their number."""

MIN_WEIGHT: Final = 100
"""The least weight of all voting moments together."""

MAX_WHOLE_SHARE: Final = 0.9
"""A video that matches for this share (or the policy's `video_share`, if higher) counts as whole, however common."""

REUSE_RELATIONS: Final = ("copy", "clip_of")
"""Relations in which the submission shows nothing that the known video does not show."""


@dataclass(frozen=True, slots=True)
class VideoHit:
    """A known video, the submission's relation to it, and the frames that prove it.

    The views and orientations come from the pair of frames that shows the transformation best.
    `distance_bits` is the mean hash256 distance over the voting moments, `voters` their number.
    `is_certain` says that the matching frames show movement (movement.py), and that no key frame speaks against the
    match (verification.py). `score` and `differs` are those of the key frames, None where none were compared.
    `candidate_distance_bits` is the hash64 distance of the frames through which the known video was found.
    """

    content_id: str
    relation: Relation
    segments: tuple[AlignedSegment, ...]
    matched_ms: int
    known_matched_ms: int
    duration_ms: int
    share: float
    known_share: float
    known_view: int
    known_orientation: int
    own_view: int
    own_orientation: int
    candidate_distance_bits: int
    distance_bits: int
    voters: int
    is_certain: bool
    score: int | None
    differs: float | None

    @property
    def is_reused(self) -> bool:
        return self.is_certain and self.relation in REUSE_RELATIONS


def moment_weights(groups: Int64Array) -> Int64Array:
    """The weight of each moment, by how many groups it looks like (-1: too many to prove anything)."""
    return np.where(groups < 0, 0, FULL_WEIGHT // np.maximum(groups, 1))


def find_relation(
    content_id: str, own: MomentTimes, known: MomentTimes, hashes: MomentHashes, pairs: FramePairs,
    weights: Int64Array, candidate_distance_bits: int, policy: Policy, key_frames: VideoEvidence = NO_EVIDENCE,
) -> tuple[VideoHit | None, Alignment | None]:  # fmt: skip
    """Aligns a submission with one known video and decides how the two relate. `hashes` are the submission's.

    The hashes of the frames are evidence (shared_captions.py). Where they are not enough, key frames that show the same
    make up for it. Where they are, a match is less than certain only if all key frames that lie over each other show
    something else.

    Returns:
        The hit, None without a relation or enough evidence; and the alignment, None if too few moments have pairs.
    """
    possible_voters = min(int(np.count_nonzero(weights)), len(known.from_ms))
    needed = min(MIN_VOTERS, possible_voters)
    if len(np.unique(pairs.own_moment)) < max(needed, 1):
        return None, None
    orientations = RELATIVE_ORIENTATION[
        pairs.known_orientation & ORIENTATION_MASK, pairs.own_orientation & ORIENTATION_MASK
    ]
    moments = MomentPairs(pairs.own_moment, pairs.known_moment, orientations)
    alignment = align(own, known, moments, weights)
    voting = pairs.select(alignment.votes)
    voters = np.unique(voting.own_moment)
    relation = _relation(alignment, own, known, policy, needed, len(voters), int(weights[voters].sum()))
    if not relation:
        return None, alignment
    verified = verify_frames(content_id, key_frames, own, known, voting)
    is_proved = is_enough_evidence(evidence(voting), FULL_EVIDENCE * possible_voters)
    if not is_proved and not verified.confirms:
        return None, alignment
    is_certain = not verified.refuses if is_proved else verified.is_certain
    is_certain = is_certain and moves_in_time(own, known, moments, weights, alignment)
    hit = _hit(
        content_id, relation, alignment, own, known, voting, candidate_distance_bits, policy, verified,
        is_certain=is_certain and shows_movement(own, hashes, voters),
    )  # fmt: skip
    return hit, alignment


def _relation(
    alignment: Alignment, own: MomentTimes, known: MomentTimes, policy: Policy, needed: int, voters: int, weight: int
) -> Relation:
    """Empty where too few moments vote, or moments that are too common, or for too short a time.

    The more common the matching part, the more of a video has to match for a copy or a clip, and the more two videos
    have to share for an overlap: an intro and an end card make no copy.
    """
    shorter_s = min(own.duration_ms, known.duration_ms) / 1000
    matched_s = min(alignment.matched_ms, alignment.known_matched_ms) / 1000
    if voters < needed or weight < MIN_WEIGHT or matched_s < min(policy.video_min_s, policy.video_share * shorter_s):
        return ""
    rarity = weight / (FULL_WEIGHT * voters)
    whole = min(1 - (1 - policy.video_share) * rarity, max(MAX_WHOLE_SHARE, policy.video_share))
    share, known_share = shares(alignment, own, known)
    if share >= whole:
        return "copy" if known_share >= whole else "clip_of"
    if known_share >= whole:
        return "contains"
    return "overlaps" if max(share, known_share) * rarity >= policy.video_overlap else ""


def shares(alignment: Alignment, own: MomentTimes, known: MomentTimes) -> tuple[float, float]:
    """The share of either video that the segments cover."""
    return round(alignment.matched_ms / own.duration_ms, 4), round(alignment.known_matched_ms / known.duration_ms, 4)


def _hit(
    content_id: str, relation: Relation, alignment: Alignment, own: MomentTimes, known: MomentTimes, voting: FramePairs,
    candidate_distance_bits: int, policy: Policy, verified: VerifiedFrames, *, is_certain: bool,
) -> VideoHit:  # fmt: skip
    """Each moment counts with its pair of the plainest views, then the nearest. The most frequent views are shown."""
    rules = VIEW_PAIRS[LEVEL_NUMBERS[policy.views], voting.own_view, voting.known_view]
    by_moment = np.lexsort(
        (
            *(voting.known_orientation, voting.own_orientation, voting.known_moment),
            *(voting.hash64_distance_bits, voting.hash256_distance_bits),
            *(voting.known_view, voting.own_view, rules, voting.own_moment),
        )
    )
    firsts = by_moment[np.unique(voting.own_moment[by_moment], return_index=True)[1]]
    best = voting.select(firsts)
    views = list(zip(best.own_view.tolist(), best.known_view.tolist(), strict=True))
    shown = min(set(views), key=lambda pair: (-views.count(pair), pair))
    alike = [at for at, pair in enumerate(views) if pair == shown]
    nearest = min(
        alike, key=lambda at: (best.hash256_distance_bits[at], best.hash64_distance_bits[at], best.own_moment[at])
    )
    share, known_share = shares(alignment, own, known)
    return VideoHit(
        content_id,
        relation,
        alignment.segments,
        alignment.matched_ms,
        alignment.known_matched_ms,
        own.duration_ms,
        share,
        known_share,
        known_view=int(best.known_view[nearest]),
        known_orientation=int(best.known_orientation[nearest]),
        own_view=int(best.own_view[nearest]),
        own_orientation=int(best.own_orientation[nearest]),
        candidate_distance_bits=candidate_distance_bits,
        distance_bits=int(best.hash256_distance_bits.sum()) // len(views),
        voters=len(views),
        is_certain=is_certain,
        score=verified.score,
        differs=verified.differs,
    )
