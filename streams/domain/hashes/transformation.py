"""How a known picture was transformed into its copy, inferred from the two entries that match."""

from __future__ import annotations

from typing import Final

from streams.domain.hashes.orientation import ORIENTATION_NAMES, inverse, orient_point, orientation_between
from streams.domain.hashes.packing import ORIENTATION_MASK
from streams.domain.hashes.views import DESKEWED, FRAMED, GROUNDS, OBJECT, PANELS, TRIMMED, VIEWS, View

_SURROUNDS: Final[dict[tuple[int, int], tuple[str, ...]]] = {
    **{(TRIMMED, view.code): ("border_added",) for view in VIEWS},
    **{(view.code, TRIMMED): ("border_removed",) for view in VIEWS},
    **{(FRAMED, view.code): ("frame_added",) for view in VIEWS},
    **{(view.code, FRAMED): ("frame_removed",) for view in VIEWS},
    **{pair: ("tilted",) for view in VIEWS for pair in ((DESKEWED, view.code), (view.code, DESKEWED))},
    **{(OBJECT, view.code): ("extended",) for view in VIEWS},
    **{(view.code, OBJECT): ("cropped",) for view in VIEWS},
    (OBJECT, OBJECT): ("shifted",),
    **{
        pair: ("ground_changed",)
        for view in VIEWS
        for ground in GROUNDS
        for pair in ((ground, view.code), (view.code, ground))
    },
    **{(ground, ground): () for ground in GROUNDS},
    **{(panel, view.code): ("in_collage",) for view in VIEWS for panel in PANELS},
    (TRIMMED, TRIMMED): ("border_changed",),
    (FRAMED, FRAMED): ("frame_changed",),
}
"""By the codes of the copy's view and of the known picture's view."""

CUT_SHARE = 0.03
"""Share of width or height. Outlines that differ by less count as the same."""


def transformation_between(query_view: int, query_orientation: int, stored_view: int, stored_orientation: int) -> str:
    """The transformation that made the copy from the known picture, if the views of two entries show the same.

    Args:
        query_view: code of the copy's view.
        query_orientation: its orientation; may have flags.
        stored_view: code of the known picture's view.
        stored_orientation: its orientation; may have flags.

    Returns:
        `none`, or some of these, joined by `+` in the order in which they were done: mirrored, flipped, turned_90
        (clockwise), turned_180, turned_270; border_added, border_removed, border_changed, frame_added, frame_removed,
        frame_changed; cropped, extended, shifted (cropped on one side, extended on the other), retouched (parts are
        the same and in their place, the rest is not), tilted, inverted, in_collage, ground_changed.
    """
    turned = ORIENTATION_NAMES[orientation_between(stored_orientation, query_orientation)]
    parts = () if turned == "none" else (turned,)
    surround = _SURROUNDS.get((query_view, stored_view), ())
    query, stored = VIEWS[query_view], VIEWS[stored_view]
    if query.negated != stored.negated:
        return "+".join((*parts, "inverted", *surround))
    if not (query.whole and stored.whole):
        surround += (_cut(query, query_orientation & ORIENTATION_MASK, stored, stored_orientation & ORIENTATION_MASK),)
    return "+".join(parts + surround) or "none"


def _cut(query: View, query_orientation: int, stored: View, stored_orientation: int) -> str:
    """How the outlines of the copy and of the known picture differ, given that these two views show the same."""
    if query.tilt_degrees != stored.tilt_degrees:
        return "tilted"
    if query.aspect or stored.aspect:
        return "retouched" if query.aspect == stored.aspect else "extended" if stored.whole else "cropped"
    (left, top), (right, bottom) = sorted(
        _in_known((across, down), query, query_orientation, stored, stored_orientation)
        for across, down in ((0.0, 0.0), (1.0, 1.0))
    )
    top, bottom = min(top, bottom), max(top, bottom)
    inward, outward = max(left, top, 1 - right, 1 - bottom), max(-left, -top, right - 1, bottom - 1)
    if inward > CUT_SHARE:
        return "shifted" if outward > CUT_SHARE else "cropped"
    return "extended" if outward > CUT_SHARE else "retouched"


def _in_known(
    point: tuple[float, float], query: View, query_orientation: int, stored: View, stored_orientation: int
) -> tuple[float, float]:
    """Where a point of the copy lies in the known picture, both in shares of width and height."""
    left, top, right, bottom = query.box
    in_view = orient_point(((point[0] - left) / (right - left), (point[1] - top) / (bottom - top)), query_orientation)
    across, down = orient_point(in_view, inverse(stored_orientation))
    left, top, right, bottom = stored.box
    return left + across * (right - left), top + down * (bottom - top)


TRANSFORMATION_WORDS: Final[dict[str, str]] = {
    "none": "as it is",
    "mirrored": "mirrored left to right",
    "flipped": "turned upside down as in a mirror",
    "turned_90": "turned clockwise by 90°",
    "turned_180": "turned by 180°",
    "turned_270": "turned anticlockwise by 90°",
    "border_added": "set in a border",
    "border_removed": "rid of its border",
    "border_changed": "given another border",
    "frame_added": "set in a frame or screenshot",
    "frame_removed": "taken out of its frame",
    "frame_changed": "set in another frame",
    "cropped": "cropped",
    "extended": "extended beyond its edges",
    "shifted": "cut out otherwise",
    "retouched": "changed in places",
    "tilted": "tilted by a few degrees",
    "inverted": "with dark and bright exchanged",
    "in_collage": "set beside other pictures",
    "ground_changed": "set on another ground",
}


def describe_transformation(code: str) -> str:
    """A transformation in words: `mirrored left to right, then cropped`. Unknown codes stay as they are."""
    return ", then ".join(TRANSFORMATION_WORDS.get(part, part) for part in code.split("+"))
