"""Draws an explanation and saves the PNG."""

from __future__ import annotations

from pathlib import Path

from streams.services.explain.explanation import Explanation
from streams.services.explain.pictures import PictureExplanation


def save_drawing(explanation: Explanation, path: Path) -> None:
    """Draws two pictures side by side, or videos as timelines.

    Raises:
        DrawingError: a picture was fingerprinted and cannot be shown.
        OSError: the PNG cannot be written.
    """
    if isinstance(explanation, PictureExplanation):
        from streams.drawing.side_by_side import draw_pictures

        draw_pictures(explanation).save(path, "PNG")
        return
    from streams.drawing.timelines import draw_timelines
    from streams.services.explain.videos import VideoExplanation

    assert isinstance(explanation, VideoExplanation)
    draw_timelines(explanation).save(path, "PNG", optimize=True)
