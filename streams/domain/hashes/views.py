"""The views of a picture: which there are, which are compared at which level, and where they are indexed.

Tables only. How pixels become views and hashes is in domain/fingerprint, how a match is decided in domain/match.
Records and state hold the codes of views. A code never gets another meaning: a view that is removed leaves a gap.
"""

from __future__ import annotations

from itertools import product
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.hashes.levels import LEVEL_NUMBERS, LEVELS, Level
from streams.domain.hashes.orientation import UPRIGHT
from streams.domain.hashes.packing import CANONICAL, EXTRA_UPRIGHT, ORIENTATION_MASK

Box = tuple[float, float, float, float]

_FLAGS: Final = np.arange(256, dtype=np.uint8)


class View(NamedTuple):
    """What a view shows of the picture.

    Attributes:
        code: the `view` of its entries (`packing.ENTRY`).
        name: for people.
        whole: it shows all of the picture. Two whole views are compared within `radius_bits`; the others are derived,
            and a pair with a derived view is compared within `view_radius_bits`.
        box: left, top, right and bottom of the part that is shown, as shares of width and height.
        oval: everything outside the ellipse that fills the box is blanked out.
        tilt_degrees: clockwise rotation.
        aspect: width by height of the largest centred part, which is shown; 0 where `box` says which part is.
        own_thumbnail: the picture decides where the view lies, so evidence has a thumbnail of it. All other views lie
            in the thumbnail of the innermost picture (`FRAMED`, else `TRIMMED`, else `FULL`), at `box`.
        negated: dark and bright are exchanged.
        panel: it is one picture of several side by side, so only a part of the submission is the known picture.
        of_frames: only frames of videos have it; pictures are looked up among them.
    """

    code: int
    name: str
    whole: bool = False
    box: Box = (0.0, 0.0, 1.0, 1.0)
    oval: bool = False
    tilt_degrees: float = 0.0
    aspect: float = 0.0
    own_thumbnail: bool = False
    negated: bool = False
    panel: bool = False
    of_frames: bool = False


FULL, TRIMMED, FRAMED, INVERTED, DESKEWED, OTHER_GROUND, CUT_OUT, OBJECT = 0, 1, 2, 30, 31, 48, 49, 50
INNER_VIEWS = 3
"""FULL, TRIMMED and FRAMED, the codes below this, lie inside each other."""

TILTS_DEGREES = (4.0, 7.0, 10.0)
"""A turn by 1.5 degrees more or less is tolerated by the hash."""
MAX_PANELS = 6
CROPPED_TO = (80, 84, 89, 94)
"""Percent of width and height. State stores crops of known pictures to 80 %. A copy that was cropped to 85, 90 or 95 %
shows the same when it is cropped again to 94, 89 or 84 %. A step is as wide as the hash tolerates: 2 % an edge."""


def _tilts(first_code: int, *degrees: float) -> tuple[View, ...]:
    return tuple(
        View(first_code + 2 * number + side, f"round_{name}_{each:.0f}", oval=True, tilt_degrees=sign * each)
        for number, each in enumerate(degrees)
        for side, (name, sign) in enumerate((("left", -1), ("right", 1)))
    )


def _crops(first_code: int, percent: int) -> tuple[View, ...]:
    size = percent / 100
    rest = round(1 - size, 2)
    corners = {
        "centre": (rest / 2, rest / 2),
        "top_left": (0.0, 0.0),
        "top_right": (rest, 0.0),
        "bottom_left": (0.0, rest),
        "bottom_right": (rest, rest),
    }
    return tuple(
        View(first_code + number, f"{name}_{percent}", box=(left, top, left + size, top + size))
        for number, (name, (left, top)) in enumerate(corners.items())
    )


VIEWS: Final[tuple[View, ...]] = (
    View(FULL, "full", whole=True),
    View(TRIMMED, "trimmed", whole=True, own_thumbnail=True),
    View(FRAMED, "framed", whole=True, own_thumbnail=True),
    View(3, "round", oval=True),
    View(4, "round_left", oval=True, tilt_degrees=-TILTS_DEGREES[0]),
    View(5, "round_right", oval=True, tilt_degrees=TILTS_DEGREES[0]),
    View(6, "square", aspect=1.0),
    View(7, "wide", aspect=16 / 9),
    View(8, "top_85", box=(0.0, 0.0, 1.0, 0.85)),
    View(9, "bottom_85", box=(0.0, 0.15, 1.0, 1.0)),
    *(view for number, percent in enumerate(CROPPED_TO) for view in _crops(10 + 5 * number, percent)),
    View(INVERTED, "inverted", negated=True),
    View(DESKEWED, "deskewed", whole=True, own_thumbnail=True),
    *_tilts(32, *TILTS_DEGREES[1:]),
    View(36, "left_75", box=(0.0, 0.0, 0.75, 1.0)),
    View(37, "right_75", box=(0.25, 0.0, 1.0, 1.0)),
    View(38, "top_80", box=(0.0, 0.0, 1.0, 0.8)),
    View(39, "bottom_80", box=(0.0, 0.2, 1.0, 1.0)),
    View(40, "centre_70", box=(0.15, 0.15, 0.85, 0.85)),
    View(41, "centre_50", box=(0.25, 0.25, 0.75, 0.75)),
    *(
        View(42 + number, f"panel_{number + 1}", whole=True, own_thumbnail=True, panel=True)
        for number in range(MAX_PANELS)
    ),
    View(OTHER_GROUND, "other_ground", whole=True, own_thumbnail=True),
    View(CUT_OUT, "cut_out", whole=True, own_thumbnail=True),
    View(OBJECT, "object", whole=True, own_thumbnail=True),
    View(51, "top_left_50", box=(0.0, 0.0, 0.5, 0.5)),
    View(52, "bottom_right_50", box=(0.5, 0.5, 1.0, 1.0)),
    View(53, "centre_60", box=(0.2, 0.2, 0.8, 0.8), of_frames=True),
)
"""By code. `other_ground` is a transparent picture on black instead of white, or the other way round; `cut_out` is the
object on a plain ground that is not white, on white or on black; `object` is what stands on a plain ground, without
most of the ground. The ground belongs to the picture: all parts are of the whole."""

GROUNDS: Final = (OTHER_GROUND, CUT_OUT)
"""Codes."""

PANELS: Final = tuple(view.code for view in VIEWS if view.panel)
"""Codes."""

VIEW_CODES: Final = {view.name: view.code for view in VIEWS}

NOT_COMPARED, AS_WHOLE, AS_DERIVED = 0, 1, 2

_WHOLE = ("full", "trimmed", "framed", "deskewed", "object")
_GROUNDS = ("other_ground", "cut_out")
_STORED_CROPS = tuple(view.name for view in _crops(0, CROPPED_TO[0]))
_CROPS = tuple(view.name for percent in CROPPED_TO for view in _crops(0, percent))
_BARS = ("top_85", "bottom_85")
_SIDES = ("left_75", "right_75", "top_80", "bottom_80")
_STORED_PARTS = ("square", "wide", *_SIDES, "centre_50")
_QUARTERS = ("top_left_50", "bottom_right_50")
_QUERIED_AS_WHOLE = ("inverted", *(view.name for view in VIEWS if view.panel))
_FRAME_MIDDLES = (("centre_60", "centre_70"), ("centre_60",))
"""Of frames alone. Captions and logos lie around the middle of 60 %, and a copy that was cropped to 86 % (by 7 % on
every side) shows the same when it is cropped again to 70 %."""
_TILTED = tuple(view.name for view in VIEWS if view.tilt_degrees)
_COMPARED: dict[Level, tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]] = {
    "plain": ((("full",), ("full",)),),
    "standard": (
        (_WHOLE, (*_WHOLE, *_GROUNDS, *_STORED_CROPS, *_STORED_PARTS)),
        (_GROUNDS, (*_WHOLE, *_GROUNDS)),
        (_QUERIED_AS_WHOLE, _WHOLE),
        ((*_CROPS, *_SIDES, "centre_70"), (*_WHOLE, *_STORED_CROPS)),
        (("centre_70", "centre_84"), ("centre_50",)),
        ((*_BARS, "square", "wide", "centre_50"), _WHOLE),
        (_TILTED, ("round",)),
        *(((quarter,), (quarter,)) for quarter in _QUARTERS),
        _FRAME_MIDDLES,
    ),
    "deep": (
        (_WHOLE, (*_WHOLE, *_GROUNDS, *_STORED_CROPS, *_STORED_PARTS)),
        (_GROUNDS, (*_WHOLE, *_GROUNDS)),
        (_QUERIED_AS_WHOLE, _WHOLE),
        ((*_CROPS, *_SIDES, "centre_70"), (*_WHOLE, *_STORED_CROPS)),
        (("centre_70", "centre_84", *_SIDES), (*_SIDES, "centre_50")),
        ((*_BARS, "square", "wide", "centre_50"), _WHOLE),
        (("square", "wide"), ("square", "wide")),
        (("round", *_TILTED), ("round",)),
        *(((quarter,), (quarter,)) for quarter in _QUARTERS),
        _FRAME_MIDDLES,
    ),
}
"""By level: which views of a submission are compared with which views of known contents."""

GROUP_WHOLE, GROUP_CROPS, GROUP_OVAL, GROUP_ASPECT, GROUP_QUARTERS = 1, 2, 4, 8, 16
FRAME_GROUPS = GROUP_WHOLE | GROUP_CROPS
"""The search groups, one bit each: whole views, crops of the middle and of corners, ovals, the parts that mostly whole
pictures are looked up among (views of another aspect ratio, sides, small middles), and quarters, which are looked up
among themselves: a sticker or an emoji leaves one as it is. Every group has its own index. A look-up searches only the
groups it can match, so the many look-ups of crops pass by neither ovals nor parts. Frames of videos are in FRAME_GROUPS
alone, and have one index."""


def _search_group(view: View) -> int:
    if view.whole:
        return GROUP_WHOLE
    if view.name in _QUARTERS:
        return GROUP_QUARTERS
    return GROUP_OVAL if view.oval else GROUP_ASPECT if view.name in _STORED_PARTS else GROUP_CROPS


SEARCH_GROUPS: Final[NDArray[np.uint8]] = np.array([_search_group(view) for view in VIEWS], np.uint8)
"""The group each view is indexed in, by its code."""

_EXTRA_UPRIGHT_LEVELS: Final[tuple[Level, ...]] = ("deep",)
"""Levels at which whole pictures are stored and looked up in the upright orientation, too. That finds one in thirty
more of the copies with a face or a text on them. The further views of `standard` find more, for less. At `plain`, it
would find one copy in a hundred more, for twice the memory and time."""


def _view_pairs() -> NDArray[np.uint8]:
    table = np.zeros((len(LEVELS), len(VIEWS), len(VIEWS)), np.uint8)
    for level, comparisons in _COMPARED.items():
        for query_names, stored_names in comparisons:
            for query, stored in product(query_names, stored_names):
                query_code, stored_code = VIEW_CODES[query], VIEW_CODES[stored]
                both_whole = VIEWS[query_code].whole and VIEWS[stored_code].whole
                table[LEVEL_NUMBERS[level], query_code, stored_code] = AS_WHOLE if both_whole else AS_DERIVED
    table.setflags(write=False)
    return table


VIEW_PAIRS: Final[NDArray[np.uint8]] = _view_pairs()
"""Level × view of the submission × view of the known content: NOT_COMPARED, AS_WHOLE (radius_bits) or AS_DERIVED
(view_radius_bits)."""


def _stored_groups() -> NDArray[np.uint8]:
    table = np.zeros((len(LEVELS), 256, 256), np.uint8)
    canonical, upright = _FLAGS & CANONICAL != 0, _FLAGS & ORIENTATION_MASK == UPRIGHT
    for level, view in product(LEVELS, VIEWS):
        if VIEW_PAIRS[LEVEL_NUMBERS[level], :, view.code].any():
            stored = canonical | upright if view.whole and level in _EXTRA_UPRIGHT_LEVELS else canonical
            table[LEVEL_NUMBERS[level], view.code, stored] = SEARCH_GROUPS[view.code]
    table.setflags(write=False)
    return table


def _query_groups() -> NDArray[np.uint8]:
    table = np.zeros((len(LEVELS), 256, 256), np.uint8)
    is_extra = _FLAGS & EXTRA_UPRIGHT != 0
    for level, view in product(LEVELS, VIEWS):
        compared = VIEW_PAIRS[LEVEL_NUMBERS[level], view.code] > 0
        groups = int(np.bitwise_or.reduce(SEARCH_GROUPS[compared], initial=0))
        groups_of_extra = groups & GROUP_WHOLE if level in _EXTRA_UPRIGHT_LEVELS else 0
        table[LEVEL_NUMBERS[level], view.code] = np.where(is_extra, groups_of_extra, groups)
    table.setflags(write=False)
    return table


STORED_GROUPS: Final[NDArray[np.uint8]] = _stored_groups()
"""Level × view × orientation with flags: the search group that an entry is stored in, 0 if it is not stored. Unknown
views are not stored."""

QUERY_GROUPS: Final[NDArray[np.uint8]] = _query_groups()
"""Level × view × orientation with flags: the search groups in which an entry is looked up, or'ed; 0 for none. Unknown
views are not looked up."""


def stored_groups(entries: NDArray[np.void], level: Level) -> NDArray[np.uint8]:
    """STORED_GROUPS of entries."""
    groups: NDArray[np.uint8] = STORED_GROUPS[LEVEL_NUMBERS[level], entries["view"], entries["orientation"]]
    return groups


def query_groups(entries: NDArray[np.void], level: Level) -> NDArray[np.uint8]:
    """QUERY_GROUPS of entries."""
    groups: NDArray[np.uint8] = QUERY_GROUPS[LEVEL_NUMBERS[level], entries["view"], entries["orientation"]]
    return groups


def views_of_level(level: Level) -> tuple[View, ...]:
    """The views in a picture's fingerprint of this level: all that are stored or looked up."""
    table = VIEW_PAIRS[LEVEL_NUMBERS[level]]
    used = table.any(axis=0) | table.any(axis=1)
    return tuple(view for view in VIEWS if used[view.code] and not view.of_frames)
