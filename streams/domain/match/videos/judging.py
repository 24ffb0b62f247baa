"""What two aligned videos are to each other under a policy, and of several known videos which is the match.

How they are aligned is alignment.py; how a match is put in a record, outcome.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from streams.domain.hashes.levels import LEVEL_NUMBERS
from streams.domain.hashes.packing import ORIENTATION_MASK
from streams.domain.hashes.views import VIEW_PAIRS
from streams.domain.match.videos.alignment import Alignment, Moments, Pairs, Run, align
from streams.domain.match.videos.lines import Numbers
from streams.domain.match.videos.orientation import BETWEEN
from streams.domain.match.videos.pairs import SURE_BITS, FramePairs
from streams.domain.policy.policy import Policy
from streams.domain.records import Relation

MOMENTS_NEEDED: Final = 3
"""So many moments have to vote, or all that one of the two has, without those that are common."""

FULL_WEIGHT: Final = 1000
"""Of a moment that looks like one group; that of more is divided by their number."""

LEAST_WEIGHT: Final = 100
"""Of all moments that vote."""

UNSURE_BITS: Final = 80
LEAST_EVIDENCE: Final = 4 * FULL_WEIGHT
LEAST_OF_POSSIBLE: Final = (2, 3)
"""A moment that votes for one within SURE_BITS is full evidence, which falls to none at UNSURE_BITS; of those farther
apart that vote for one known moment the nearest counts. So much is needed, or of what the shorter of the two could have
this share: films that have nothing but a caption in common do have a few moments that are as far apart as these."""

COMMON_SHARE: Final = 0.9
"""The most that a video has to be matched for it to count as all of it, however many others have what is matched."""

REUSED: Final = ("copy", "clip_of")
"""Relations in which the submission has nothing that the known video has not."""

ORDER: Final = ("copy", "clip_of", "contains", "overlaps")


@dataclass(frozen=True, slots=True)
class VideoHit:
    """A known video, what the submission is to it, and which frames say so.

    `own_view`, `own_turn`, `view` and `turn` are those of the frames that show best what was done; `confirm_bits` is
    the mean distance over the moments that voted, of which there are `voters`, and `near_bits` that of the frames
    through which the known video was found.
    """

    content_id: str
    relation: Relation
    runs: tuple[Run, ...]
    matched_ms: int
    known_ms: int
    duration_ms: int
    share: float
    known_share: float
    view: int
    turn: int
    own_view: int
    own_turn: int
    near_bits: int
    confirm_bits: int
    voters: int

    @property
    def is_reused(self) -> bool:
        return self.relation in REUSED


def weights_of(groups: Numbers) -> Numbers:
    """The weight of each moment, by how many groups it was seen in (-1: too many to say anything)."""
    return np.where(groups < 0, 0, FULL_WEIGHT // np.maximum(groups, 1))


def judged(
    content_id: str, own: Moments, known: Moments, pairs: FramePairs, weights: Numbers, near_bits: int, policy: Policy
) -> tuple[VideoHit | None, Alignment | None]:
    """What a submission is to one known video; None if nothing, or too little to tell. And how they were aligned.

    `near_bits` is how far the frames are apart through which the known video was found.
    """
    needed = min(MOMENTS_NEEDED, int(np.count_nonzero(weights)), len(known.from_ms))
    if len(np.unique(pairs.own)) < max(needed, 1):
        return None, None
    turns = BETWEEN[pairs.turn & ORIENTATION_MASK, pairs.own_turn & ORIENTATION_MASK]
    aligned = align(own, known, Pairs(pairs.own, pairs.known, turns), weights)
    voting = pairs.of(aligned.votes)
    voters = np.unique(voting.own)
    relation = _relation(aligned, own, known, policy, needed, len(voters), int(weights[voters].sum()))
    possible = FULL_WEIGHT * min(int(np.count_nonzero(weights)), len(known.from_ms))
    if not relation or not _is_enough(_evidence(voting), possible):
        return None, aligned
    return _hit(content_id, relation, aligned, own, known, voting, near_bits, policy), aligned


def _evidence(voting: FramePairs) -> int:
    """How much the pairs that vote say together; see LEAST_EVIDENCE."""
    order = np.lexsort((voting.known, voting.confirm_bits, voting.own))
    best = voting.of(order[np.unique(voting.own[order], return_index=True)[1]])
    sure = best.confirm_bits <= SURE_BITS
    unsure = best.of(~sure)
    nearest = np.lexsort((unsure.confirm_bits, unsure.known))
    bits = unsure.confirm_bits[nearest[np.unique(unsure.known[nearest], return_index=True)[1]]]
    each = FULL_WEIGHT * np.maximum(UNSURE_BITS - bits, 0) // (UNSURE_BITS - SURE_BITS)
    return FULL_WEIGHT * int(sure.sum()) + int(each.sum())


def _is_enough(evidence: int, possible: int) -> bool:
    share, of = LEAST_OF_POSSIBLE
    return evidence >= min(LEAST_EVIDENCE, share * possible // of)


def _relation(
    aligned: Alignment, own: Moments, known: Moments, policy: Policy, needed: int, voters: int, weight: int
) -> Relation:
    """Empty where too few moments vote, or too common ones, or too little time is the same.

    The commoner what is the same, the less of a video may be missing in another that has all of it, and the more two
    have to share that overlap: an intro and an end card make no copy.
    """
    shorter_s = min(own.duration_ms, known.duration_ms) / 1000
    matched_s = min(aligned.matched_ms, aligned.known_ms) / 1000
    if voters < needed or weight < LEAST_WEIGHT or matched_s < min(policy.video_min_s, policy.video_share * shorter_s):
        return ""
    rarity = weight / (FULL_WEIGHT * voters)
    whole = min(1 - (1 - policy.video_share) * rarity, max(COMMON_SHARE, policy.video_share))
    share, known_share = shares(aligned, own, known)
    if share >= whole:
        return "copy" if known_share >= whole else "clip_of"
    if known_share >= whole:
        return "contains"
    return "overlaps" if max(share, known_share) * rarity >= policy.video_overlap else ""


def shares(aligned: Alignment, own: Moments, known: Moments) -> tuple[float, float]:
    """How much of either is the same."""
    return round(aligned.matched_ms / own.duration_ms, 4), round(aligned.known_ms / known.duration_ms, 4)


def _hit(
    content_id: str, relation: Relation, aligned: Alignment, own: Moments, known: Moments, voting: FramePairs,
    near_bits: int, policy: Policy,
) -> VideoHit:  # fmt: skip
    """Of each moment the pair with the plainest views counts, then the nearest; of all the views that most have."""
    rules = VIEW_PAIRS[LEVEL_NUMBERS[policy.views], voting.own_view, voting.view]
    by_moment = np.lexsort(
        (
            *(voting.turn, voting.own_turn, voting.known, voting.near_bits, voting.confirm_bits),
            *(voting.view, voting.own_view, rules, voting.own),
        )
    )
    firsts = by_moment[np.unique(voting.own[by_moment], return_index=True)[1]]
    best = voting.of(firsts)
    views = list(zip(best.own_view.tolist(), best.view.tolist(), strict=True))
    shown = min(set(views), key=lambda pair: (-views.count(pair), pair))
    alike = [at for at, pair in enumerate(views) if pair == shown]
    nearest = min(alike, key=lambda at: (best.confirm_bits[at], best.near_bits[at], best.own[at]))
    share, known_share = shares(aligned, own, known)
    return VideoHit(
        content_id,
        relation,
        aligned.runs,
        aligned.matched_ms,
        aligned.known_ms,
        own.duration_ms,
        share,
        known_share,
        view=int(best.view[nearest]),
        turn=int(best.turn[nearest]),
        own_view=int(best.own_view[nearest]),
        own_turn=int(best.own_turn[nearest]),
        near_bits=near_bits,
        confirm_bits=int(best.confirm_bits.sum()) // len(views),
        voters=len(views),
    )
