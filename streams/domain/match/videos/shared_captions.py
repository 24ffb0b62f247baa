"""Tells videos apart that have only a caption or a logo in common.

Under one caption, frames of different films can be as near as frames of copies. Two rules keep such videos apart:
`drop_ambiguous` drops a pair of frames if one of them is nearly as near to a quite different frame, and
`is_enough_evidence` asks for more moments the farther apart their frames are. The slow twin is
tests/reference/videos.py.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from streams.domain.hamming.intrinsics import bit_count
from streams.domain.hamming.jit import compiled
from streams.domain.hashes.views import VIEW_CODES
from streams.domain.match.videos.alignment.time_mapping import Int64Array
from streams.domain.match.videos.frame_pairs import FramePairs, MomentHashes

MIDDLE: Final = VIEW_CODES["centre_60"]

SURE_BITS: Final = 32
"""Frames whose hash256 differ by at most this show the same. Beyond, they may have only a caption in common."""

MARGIN_BITS: Final = 8
ELSEWHERE_MS: Final = 3_000
"""A pair beyond SURE_BITS pins down a time offset only if both of its moments are farther, by MARGIN_BITS, from every
moment elsewhere: one that is more than ELSEWHERE_MS away from the partner and does not look like the partner.
Otherwise the two frames are alike for another reason than what is shown at that time."""

NO_EVIDENCE_BITS: Final = 80
FULL_EVIDENCE: Final = 1000
MIN_EVIDENCE: Final = 4 * FULL_EVIDENCE
MIN_EVIDENCE_SHARE: Final = (2, 3)
"""A moment whose vote is within SURE_BITS is full evidence. Evidence falls to none at NO_EVIDENCE_BITS, and of several
such moments that vote for one known moment only the nearest counts. A match needs MIN_EVIDENCE, or MIN_EVIDENCE_SHARE
of what the shorter video could have: films that have only a caption in common do have a few moments this far apart."""

_FARTHER_THAN_ANY: Final = 1 << 40


def drop_ambiguous(pairs: FramePairs, own: MomentHashes, known: MomentHashes) -> FramePairs:
    """Keeps pairs that pin down a time offset. A frame that also resembles distant frames is dropped: ELSEWHERE_MS.

    Middles of frames are judged among themselves, since they are alike more often than whole frames.
    """
    is_middle = pairs.known_view == MIDDLE
    whole, middle = (_drop_ambiguous(pairs.select(chosen), own, known) for chosen in (~is_middle, is_middle))
    return whole.append(middle)


def _drop_ambiguous(pairs: FramePairs, own: MomentHashes, known: MomentHashes) -> FramePairs:
    sure = pairs.hash256_distance_bits <= SURE_BITS
    if sure.all():
        return pairs
    elsewhere_bits = np.minimum(
        _nearest_elsewhere(pairs.own_moment, pairs.hash256_distance_bits, pairs.known_moment, known),
        _nearest_elsewhere(pairs.known_moment, pairs.hash256_distance_bits, pairs.own_moment, own),
    )
    return pairs.select(sure | (pairs.hash256_distance_bits + MARGIN_BITS <= elsewhere_bits))


def evidence(voting: FramePairs) -> int:
    """How much the voting pairs prove together, in thousandths of a moment; see MIN_EVIDENCE."""
    order = np.lexsort((voting.known_moment, voting.hash256_distance_bits, voting.own_moment))
    best = voting.select(order[np.unique(voting.own_moment[order], return_index=True)[1]])
    sure = best.hash256_distance_bits <= SURE_BITS
    unsure = best.select(~sure)
    nearest = np.lexsort((unsure.hash256_distance_bits, unsure.known_moment))
    firsts = nearest[np.unique(unsure.known_moment[nearest], return_index=True)[1]]
    missing_bits = np.maximum(NO_EVIDENCE_BITS - unsure.hash256_distance_bits[firsts], 0)
    partial = FULL_EVIDENCE * missing_bits // (NO_EVIDENCE_BITS - SURE_BITS)
    return FULL_EVIDENCE * int(sure.sum()) + int(partial.sum())


def is_enough_evidence(found: int, possible: int) -> bool:
    """Whether this much evidence makes a match; `possible` is the most that the shorter video could have."""
    share, of = MIN_EVIDENCE_SHARE
    return found >= min(MIN_EVIDENCE, share * possible // of)


def _nearest_elsewhere(
    moment: Int64Array, distance_bits: Int64Array, partner: Int64Array, partners: MomentHashes
) -> Int64Array:
    """The distance of each pair's `moment` to the nearest moment elsewhere in its partner's video."""
    order = np.argsort(moment, kind="stable")
    nearest_bits = np.empty(len(moment), np.int64)
    nearest_bits[order] = _nearest_rivals(moment[order], distance_bits[order], partner[order], *partners)
    return nearest_bits


@compiled()
def _nearest_rivals(
    moment: Any, distance_bits: Any, partner: Any, from_ms: Any, to_ms: Any, hash256: Any, orientation: Any
) -> Any:
    """Pairs are ordered by moment. Times and hashes are those of the partners' video."""
    nearest_bits = np.full(len(moment), _FARTHER_THAN_ANY, np.int64)
    begin = 0
    for end in range(1, len(moment) + 1):
        if end < len(moment) and moment[end] == moment[begin]:
            continue
        for at in range(begin, end):
            for rival in range(begin, end):
                this, that = partner[at], partner[rival]
                if (
                    distance_bits[rival] >= nearest_bits[at]
                    or max(from_ms[that] - to_ms[this], from_ms[this] - to_ms[that]) <= ELSEWHERE_MS
                ):
                    continue
                apart_bits = 0
                for word in range(4):
                    apart_bits += bit_count(hash256[this, word] ^ hash256[that, word])
                if apart_bits > SURE_BITS or orientation[this] != orientation[that]:
                    nearest_bits[at] = distance_bits[rival]
        begin = end
    return nearest_bits
