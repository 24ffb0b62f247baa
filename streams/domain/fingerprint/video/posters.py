"""Which moments of a video represent it: its poster and its thumbnails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from streams.domain.fingerprint.video.moments import Moment

MAX_THUMBNAILS: Final = 9
POSTER_AFTER_SHARE: Final = 0.05
"""Titles and fades fill this share of the duration. The poster is taken after it, if there is a moment."""


def choose_poster(moments: Sequence[Moment], duration_ms: int) -> Moment | None:
    """The moment of the highest quality; the first of equals."""
    later = [moment for moment in moments if moment.from_ms >= POSTER_AFTER_SHARE * duration_ms]
    return max(later or moments, key=lambda moment: moment.quality, default=None)


def choose_thumbnails_s(moments: Sequence[Moment], duration_ms: int) -> list[float]:
    """The beginnings of the moments nearest to the middles of MAX_THUMBNAILS equal parts of the video."""
    if not moments:
        return []
    middles = [(number + 0.5) * duration_ms / MAX_THUMBNAILS for number in range(MAX_THUMBNAILS)]
    starts = [moment.from_ms for moment in moments]
    nearest = {min(starts, key=lambda at: abs(at - middle)) for middle in middles}
    return [at / 1000 for at in sorted(nearest)]
