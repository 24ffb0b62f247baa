"""The nearest contents in which a picture of the submission appears, for `Decision.appears_in`. Decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.domain.match.operations import MAX_APPEARANCES, FoundAppearance
from streams.domain.match.videos.kernel import FrameMatches


def nearest_appearances(
    slots: NDArray[Any], matches: FrameMatches, at_ms: NDArray[np.int64], identify: Callable[[int], tuple[int, str]]
) -> list[FoundAppearance]:
    """The MAX_APPEARANCES nearest contents, each through its nearest picture.

    Contents are ordered by distance, then by when they were first seen, then by content id. The pictures of one content
    are ordered by the distance of hash256, then of hash64, then by time.

    Args:
        slots: slot of the content of each match.
        matches: the frames that match.
        at_ms: when the picture of each match is shown.
        identify: returns when a slot's content was first seen, and its content id.
    """
    order = np.lexsort((at_ms, matches.hash64_distance_bits, matches.hash256_distance_bits, slots))
    firsts = order[np.unique(slots[order], return_index=True)[1]]
    found = sorted((int(matches.hash256_distance_bits[at]), identify(int(slots[at])), int(at_ms[at])) for at in firsts)
    return [
        FoundAppearance(content_id, shown_ms, distance_bits)
        for distance_bits, (_, content_id), shown_ms in found[:MAX_APPEARANCES]
    ]
