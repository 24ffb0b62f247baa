"""Views of a picture that are hashed beside the whole one: what there is, which are compared, how they are packed.

Tables and bytes only. How pixels become views and hashes is in fingerprint/; how a match is decided, in decide.py.
Codes stand in records and in state, so they are never given another meaning: a view that goes leaves a gap.
"""

from __future__ import annotations

from itertools import product
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.hashes.orientation import ORIENTATION_NAMES, UPRIGHT, inverse, orient_point, orientation_between
from streams.errors import BadInput, Reason

Level = Literal["plain", "standard", "deep"]
Box = tuple[float, float, float, float]

VIEWS_HASH: Final = "views:1"
"""The name under which `MediaFacts.hashes` has the packed entries."""

ENTRY: Final = np.dtype([("view", "u1"), ("orientation", "u1"), ("hash64", ">u8"), ("hash256", ">u8", 4)])
"""42 bytes: a view's code, its turn and flags, its hashes of 64 bits (looked up by) and of 256 (confirmed by)."""

ORIENTATION_MASK, CANONICAL, EXTRA_UPRIGHT = 7, 8, 16
"""Of ENTRY's `orientation`: the bits of the turn (`orientation`); the canonical form, which state keeps; a form that
is no alternate of it and there only because it is the upright one, which is asked of whole pictures alone."""

FLAGS: Final = np.arange(256, dtype=np.uint8)


class View(NamedTuple):
    """What a view shows of the picture.

    Attributes:
        code: of ENTRY's `view`.
        name: for people.
        whole: it shows all of the picture; compared within `radius_bits`. The others are derived: a pair with one of
            them is compared within `view_radius_bits`.
        box: left, top, right, bottom of the part that is shown, as shares.
        round: what lies outside of the ellipse that fills the box is blanked out.
        tilt_degrees: by which it is turned clockwise.
        aspect: width by height of the largest part of it, in its middle, that is shown; 0 where `box` says which.
    """

    code: int
    name: str
    whole: bool = False
    box: Box = (0.0, 0.0, 1.0, 1.0)
    oval: bool = False
    tilt_degrees: float = 0.0
    aspect: float = 0.0


FULL, TRIMMED, FRAMED = 0, 1, 2
TILT_DEGREES = 4.0
CROPPED_TO = (80, 84, 89, 94)
"""Percent of width and height. Known pictures keep crops to 80 %. A copy cropped to 85, 90 or 95 % shows, cropped
again to 94, 89 or 84 %, what they show; a step is as wide as the hash forgives (2 % on each edge)."""


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
    View(TRIMMED, "trimmed", whole=True),
    View(FRAMED, "framed", whole=True),
    View(3, "round", oval=True),
    View(4, "round_left", oval=True, tilt_degrees=-TILT_DEGREES),
    View(5, "round_right", oval=True, tilt_degrees=TILT_DEGREES),
    View(6, "square", aspect=1.0),
    View(7, "wide", aspect=16 / 9),
    View(8, "top_85", box=(0.0, 0.0, 1.0, 0.85)),
    View(9, "bottom_85", box=(0.0, 0.15, 1.0, 1.0)),
    *(view for number, percent in enumerate(CROPPED_TO) for view in _crops(10 + 5 * number, percent)),
)
"""By code."""

VIEW_CODES: Final = {view.name: view.code for view in VIEWS}
LEVELS: Final[tuple[Level, ...]] = ("plain", "standard", "deep")
LEVEL_NUMBERS: Final[dict[Level, int]] = {level: number for number, level in enumerate(LEVELS)}

NOT_COMPARED, AS_WHOLE, AS_DERIVED = 0, 1, 2

_WHOLE = ("full", "trimmed", "framed")
_KEPT_CROPS = tuple(view.name for view in _crops(0, CROPPED_TO[0]))
_CROPS = tuple(view.name for percent in CROPPED_TO for view in _crops(0, percent))
_BARS = ("top_85", "bottom_85")
_COMPARED: dict[Level, tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]] = {
    "plain": ((("full",), ("full",)),),
    "standard": (
        (_WHOLE, (*_WHOLE, *_KEPT_CROPS, "square")),
        (_CROPS, (*_WHOLE, *_KEPT_CROPS)),
        ((*_BARS, "square"), _WHOLE),
        (("round_left", "round_right"), ("round",)),
    ),
    "deep": (
        (_WHOLE, (*_WHOLE, *_KEPT_CROPS, "square", "wide")),
        (_CROPS, (*_WHOLE, *_KEPT_CROPS)),
        ((*_BARS, "square", "wide"), _WHOLE),
        (("round", "round_left", "round_right"), ("round",)),
    ),
}
"""For each level: which views of a submission are compared with which views of known contents."""


GROUP_WHOLE, GROUP_CROPS, GROUP_OVAL, GROUP_ASPECT = 1, 2, 4, 8
"""Known views that are looked up together, one bit each: most look-ups are of crops, and need not pass by what is
never compared with them."""


def _among(view: View) -> int:
    if view.whole:
        return GROUP_WHOLE
    return GROUP_OVAL if view.oval else GROUP_ASPECT if view.aspect else GROUP_CROPS


SEARCH_GROUPS: Final[NDArray[np.uint8]] = np.array([_among(view) for view in VIEWS], np.uint8)
"""Of each view, by its code: among which it is looked up."""

_UPRIGHT_TOO: Final[tuple[Level, ...]] = ("deep",)
"""Where whole pictures are kept and looked up in their upright form beside the canonical one. It finds one copy in
thirty more of those with a face or a text on them; what `standard` compares instead finds more, for less. `plain`, with
it, would find one copy in a hundred more, for twice the memory and time."""


def _pairs() -> NDArray[np.uint8]:
    table = np.zeros((len(LEVELS), len(VIEWS), len(VIEWS)), np.uint8)
    for level, groups in _COMPARED.items():
        for queried, stored in groups:
            for one in queried:
                for other in stored:
                    both = VIEWS[VIEW_CODES[one]].whole and VIEWS[VIEW_CODES[other]].whole
                    table[LEVEL_NUMBERS[level], VIEW_CODES[one], VIEW_CODES[other]] = AS_WHOLE if both else AS_DERIVED
    table.setflags(write=False)
    return table


VIEW_PAIRS: Final[NDArray[np.uint8]] = _pairs()
"""Level × view of the submission × view of the known content: NOT_COMPARED, AS_WHOLE (radius_bits) or AS_DERIVED
(view_radius_bits)."""


def _stored() -> NDArray[np.uint8]:
    table = np.zeros((len(LEVELS), 256, 256), np.uint8)
    canonical, upright = FLAGS & CANONICAL != 0, FLAGS & ORIENTATION_MASK == UPRIGHT
    for level, view in product(LEVELS, VIEWS):
        if VIEW_PAIRS[LEVEL_NUMBERS[level], :, view.code].any():
            kept = canonical | upright if view.whole and level in _UPRIGHT_TOO else canonical
            table[LEVEL_NUMBERS[level], view.code, kept] = SEARCH_GROUPS[view.code]
    table.setflags(write=False)
    return table


def _asked() -> NDArray[np.uint8]:
    table = np.zeros((len(LEVELS), 256, 256), np.uint8)
    beside = FLAGS & EXTRA_UPRIGHT != 0
    for level, view in product(LEVELS, VIEWS):
        compared = VIEW_PAIRS[LEVEL_NUMBERS[level], view.code] > 0
        among = int(np.bitwise_or.reduce(SEARCH_GROUPS[compared], initial=0))
        among_beside = among & GROUP_WHOLE if level in _UPRIGHT_TOO else 0
        table[LEVEL_NUMBERS[level], view.code] = np.where(beside, among_beside, among)
    table.setflags(write=False)
    return table


STORED_GROUPS: Final[NDArray[np.uint8]] = _stored()
"""Level × view × turn with flags: 0 where state does not keep an entry, else AMONG of its view. An unknown view is not
kept."""

QUERY_GROUPS: Final[NDArray[np.uint8]] = _asked()
"""Level × view × turn with flags: among which of the stored an entry is looked up, AMONG or'ed; 0 for none. An unknown
view is not looked up."""


def stored_groups(entries: NDArray[np.void], level: Level) -> NDArray[np.uint8]:
    """STORED of each entry."""
    kept: NDArray[np.uint8] = STORED_GROUPS[LEVEL_NUMBERS[level], entries["view"], entries["orientation"]]
    return kept


def query_groups(entries: NDArray[np.void], level: Level) -> NDArray[np.uint8]:
    """ASKED of each entry."""
    asked: NDArray[np.uint8] = QUERY_GROUPS[LEVEL_NUMBERS[level], entries["view"], entries["orientation"]]
    return asked


def views_of_level(level: Level) -> tuple[View, ...]:
    """The views that a fingerprint of this level has: all that are stored or looked up."""
    table = VIEW_PAIRS[LEVEL_NUMBERS[level]]
    used = table.any(axis=0) | table.any(axis=1)
    return tuple(view for view in VIEWS if used[view.code])


def pack_entries(entries: NDArray[np.void]) -> str:
    """Entries as the lower-case hex that stands in a record."""
    return entries.astype(ENTRY, copy=False).tobytes().hex()


def unpack_entries(packed: str) -> NDArray[np.void]:
    """The entries of a record, read-only; canonical form of each view first.

    Raises:
        BadInput: bad_field, if it is no hex of whole entries.
    """
    try:
        data = bytes.fromhex(packed)
    except ValueError as error:
        raise BadInput(Reason.BAD_FIELD, f"field 'hashes': {VIEWS_HASH} must be hexadecimal digits") from error
    if len(data) % ENTRY.itemsize:
        raise BadInput(
            Reason.BAD_FIELD, f"field 'hashes': {VIEWS_HASH} must be whole entries of {2 * ENTRY.itemsize} digits"
        )
    return np.frombuffer(data, ENTRY)


_SURROUNDS: Final[dict[tuple[int, int], tuple[str, ...]]] = {
    **{(TRIMMED, view.code): ("border_added",) for view in VIEWS},
    **{(view.code, TRIMMED): ("border_removed",) for view in VIEWS},
    **{(FRAMED, view.code): ("frame_added",) for view in VIEWS},
    **{(view.code, FRAMED): ("frame_removed",) for view in VIEWS},
    (TRIMMED, TRIMMED): ("border_changed",),
    (FRAMED, FRAMED): ("frame_changed",),
}
"""By the views of the copy and of the known picture."""

CUT_SHARE = 0.03
"""Of width or height; outlines that differ by less are the same."""


def transformation_between(query_view: int, query_orientation: int, stored_view: int, stored_orientation: int) -> str:
    """What was done to the known picture to make the copy, as found by these entries; undoing it, they match.

    Returns:
        `none`, or one or more of these with `+` between them, in the order in which they were done: mirrored,
        flipped, turned_90 (clockwise), turned_180, turned_270; border_added, border_removed, border_changed,
        frame_added, frame_removed, frame_changed; cropped, extended, shifted (cropped on one side, extended on the
        other), retouched (parts are the same, and where they should be; what is beside them is not), tilted.
    """
    turned = ORIENTATION_NAMES[orientation_between(stored_orientation, query_orientation)]
    parts = () if turned == "none" else (turned,)
    surround = _SURROUNDS.get((query_view, stored_view), ())
    query, stored = VIEWS[query_view], VIEWS[stored_view]
    if not (query.whole and stored.whole):
        surround += (_cut(query, query_orientation & ORIENTATION_MASK, stored, stored_orientation & ORIENTATION_MASK),)
    return "+".join(parts + surround) or "none"


def _cut(query: View, query_orientation: int, stored: View, stored_orientation: int) -> str:
    """How the outline of the copy lies to that of the known picture, of which these two views show the same."""
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
    """Where a point of the copy lies in the known picture; both in shares of width and height."""
    left, top, right, bottom = query.box
    form = orient_point(((point[0] - left) / (right - left), (point[1] - top) / (bottom - top)), query_orientation)
    across, down = orient_point(form, inverse(stored_orientation))
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
}


def describe_transformation(code: str) -> str:
    """A `transformation_between` for people: `mirrored left to right, then cropped`. Unknown words stay."""
    return ", then ".join(TRANSFORMATION_WORDS.get(part, part) for part in code.split("+"))
