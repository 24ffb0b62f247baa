"""Of all contents that show a picture of a submission, the nearest: for `Decision.appears_in`; decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.domain.match.operations import MAX_APPEARANCES, FoundAppearance
from streams.domain.match.videos.kernel import FrameMatches


def nearest_appearances(
    slots: NDArray[Any], seen: FrameMatches, at_ms: NDArray[np.int64], named: Callable[[int], tuple[int, str]]
) -> list[FoundAppearance]:
    """The MOST_SHOWN nearest contents, each through its nearest picture.

    Contents are in the order of their distance, then the one seen first, then by content id; pictures of one content in
    that of the confirming hash's distance, then the near hash's, then of their time.

    Args:
        slots: of the content of each pair.
        seen: the pairs.
        at_ms: when the picture of each pair is shown.
        named: when a slot's content was first seen, and its id.
    """
    order = np.lexsort((at_ms, seen.near_bits, seen.confirm_bits, slots))
    firsts = order[np.unique(slots[order], return_index=True)[1]]
    found = [(int(seen.confirm_bits[at]), named(int(slots[at])), int(at_ms[at])) for at in firsts]
    return [
        FoundAppearance(content_id, time_ms, bits) for bits, (_, content_id), time_ms in sorted(found)[:MAX_APPEARANCES]
    ]
