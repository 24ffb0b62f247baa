"""Whether the stretches that two videos share show the same movement: only then do their frames prove a copy.

Two recordings by one fixed camera, two podcasts over one still and two lectures in one hall match frame by frame, and
are different videos. Stretches with several scenes, of which none takes most of the time, move. And they are the same
recording if the scenes come at the same times: two shows with the same few cameras cut from one to the other at other
times. The slow twin is tests/reference/videos.py.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from streams.domain.hamming.intrinsics import bit_count
from streams.domain.hamming.jit import compiled
from streams.domain.match.videos.alignment.align import Alignment, MomentPairs, MomentTimes
from streams.domain.match.videos.alignment.time_mapping import Int64Array
from streams.domain.match.videos.frame_pairs import MomentHashes
from streams.domain.match.videos.orientation import upright_hashes

SCENE_BITS: Final = 64
"""Moments whose hash256 differ by more show different scenes. A pan or a zoom makes a new scene every second or two; a
person who talks does not."""

MIN_SCENES: Final = 3
MAX_SCENE_PERCENT: Final = 75
"""How many scenes it takes, and how much of the time one of them may have: a title and an end card make no recording
of what lies between them."""


MIN_SIMULTANEOUS: Final = (2, 3)
"""How much of the time in which both videos show something they must show the same, by one time mapping. Copies have
70 % and more, but for 3 % of them; shows with the same three or four cameras have 63 % at most, but for one of 56."""


def moves_in_time(
    own: MomentTimes, known: MomentTimes, pairs: MomentPairs, weights: Int64Array, alignment: Alignment
) -> bool:
    """Whether two videos show the same at the same times, as their best time mapping says.

    Args:
        own, known: moments of the submission and of the known video.
        pairs: moments that look the same.
        weights: of the submission's moments; those with 0 are too common to count.
        alignment: of the two videos.
    """
    own_ms = alignment.mapping.own_ms
    begins, ends = (np.array([own_ms(at) for at in times.tolist()]) for times in (known.from_ms, known.to_ms))
    shared_ms = np.minimum(own.to_ms[:, None], ends) - np.maximum(own.from_ms[:, None], begins)
    shared_ms = np.maximum(shared_ms, 0) * (weights > 0)[:, None]
    looks_same = np.zeros(shared_ms.shape, np.bool_)
    chosen = pairs.orientation == alignment.orientation
    looks_same[pairs.own[chosen], pairs.known[chosen]] = True
    share, of = MIN_SIMULTANEOUS
    return int(shared_ms[looks_same].sum()) * of >= int(shared_ms.sum()) * share


def shows_movement(own: MomentTimes, hashes: MomentHashes, voters: Int64Array) -> bool:
    """Whether these moments of a submission show movement.

    Args:
        own: the submission's moments.
        hashes: of the same moments.
        voters: numbers of the moments that match, in their order.
    """
    scenes_ms = _scenes(
        upright_hashes(hashes.hash256[voters], hashes.orientation[voters]), own.to_ms[voters] - own.from_ms[voters]
    )
    return len(scenes_ms) >= MIN_SCENES and int(scenes_ms.max()) * 100 <= MAX_SCENE_PERCENT * int(scenes_ms.sum())


@compiled()
def _scenes(hashes: Any, durations_ms: Any) -> Any:
    """How long each scene is shown. A moment belongs to the first scene that begins with a similar moment."""
    firsts, scenes_ms = np.empty(len(hashes), np.int64), np.zeros(len(hashes), np.int64)
    count = 0
    for moment in range(len(hashes)):
        scene = 0
        while scene < count:
            apart_bits = 0
            for word in range(4):
                apart_bits += bit_count(hashes[moment, word] ^ hashes[firsts[scene], word])
            if apart_bits <= SCENE_BITS:
                break
            scene += 1
        if scene == count:
            firsts[count] = moment
            count += 1
        scenes_ms[scene] += durations_ms[moment]
    return scenes_ms[:count]
