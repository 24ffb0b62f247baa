"""Views of a picture that are hashed beside the whole one: what there is, which are compared, how they are packed.

Tables and bytes only. How pixels become views and hashes is in fingerprint/; how a match is decided, in matching.py.
Codes stand in records and in state, so they are never given another meaning: a view that goes leaves a gap.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.turns import NAMES, between
from streams.errors import BadInput, Reason

Level = Literal["plain", "standard", "deep"]
Box = tuple[float, float, float, float]

VIEWS_HASH: Final = "views:1"
"""The name under which `MediaFacts.hashes` has the packed entries."""

ENTRY: Final = np.dtype([("view", "u1"), ("turn", "u1"), ("near", ">u8"), ("confirm", ">u8", 4)])
"""42 bytes: a view's code, its turn and flags, its hashes of 64 bits (looked up by) and of 256 (confirmed by)."""

TURN, KEPT, UPRIGHT_TOO = 7, 8, 16
"""Of ENTRY's `turn`: the bits of the turn (streams.domain.turns); a form that state keeps; a form that is there
only because it is the upright one, which is asked of whole pictures alone."""


class View(NamedTuple):
    """`box` is left, top, right, bottom of the part that it shows, of the picture or of what is left of it trimmed.

    `whole` views show all of the picture and are compared within `radius_bits`; the others are derived, and a pair
    with one of them is compared within `view_radius_bits`. `tilted` is 1 for a picture turned clockwise by a few
    degrees, -1 for one turned the other way, its corners filled.
    """

    code: int
    name: str
    box: Box = (0.0, 0.0, 1.0, 1.0)
    whole: bool = False
    tilted: int = 0


FULL, TRIMMED, FRAMED = 0, 1, 2

VIEWS: Final[tuple[View, ...]] = (
    View(FULL, "full", whole=True),
    View(TRIMMED, "trimmed", whole=True),
    View(FRAMED, "framed", whole=True),
    View(3, "centre_95", (0.025, 0.025, 0.975, 0.975)),
    View(4, "centre_90", (0.05, 0.05, 0.95, 0.95)),
    View(5, "centre_80", (0.1, 0.1, 0.9, 0.9)),
    View(6, "top_left_90", (0.0, 0.0, 0.9, 0.9)),
    View(7, "top_right_90", (0.1, 0.0, 1.0, 0.9)),
    View(8, "bottom_left_90", (0.0, 0.1, 0.9, 1.0)),
    View(9, "bottom_right_90", (0.1, 0.1, 1.0, 1.0)),
    View(10, "top_left_80", (0.0, 0.0, 0.8, 0.8)),
    View(11, "top_right_80", (0.2, 0.0, 1.0, 0.8)),
    View(12, "bottom_left_80", (0.0, 0.2, 0.8, 1.0)),
    View(13, "bottom_right_80", (0.2, 0.2, 1.0, 1.0)),
    View(14, "top_85", (0.0, 0.0, 1.0, 0.85)),
    View(15, "bottom_85", (0.0, 0.15, 1.0, 1.0)),
    View(16, "tilted_left", tilted=-1),
    View(17, "tilted_right", tilted=1),
)
"""By code."""

CODES: Final = {view.name: view.code for view in VIEWS}
LEVELS: Final[tuple[Level, ...]] = ("plain", "standard", "deep")
LEVEL_NUMBERS: Final[dict[Level, int]] = {level: number for number, level in enumerate(LEVELS)}

NOT_COMPARED, AS_WHOLE, AS_DERIVED = 0, 1, 2

_WHOLE = ("full", "trimmed", "framed")
_CORNERS_90 = ("top_left_90", "top_right_90", "bottom_left_90", "bottom_right_90")
_CORNERS_80 = ("top_left_80", "top_right_80", "bottom_left_80", "bottom_right_80")
_CROPS = ("centre_95", "centre_90", "centre_80", *_CORNERS_90)
_CUT = ("top_85", "bottom_85", "tilted_left", "tilted_right")
_COMPARED: dict[Level, tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]] = {
    "plain": ((("full",), ("full",)),),
    "standard": ((_WHOLE, _WHOLE), (_WHOLE, _CROPS), ((*_CUT, "centre_90"), _WHOLE)),
    "deep": (
        (_WHOLE, _WHOLE),
        (_WHOLE, (*_CROPS, *_CORNERS_80)),
        ((*_CUT, *_CROPS, *_CORNERS_80), _WHOLE),
        (("centre_90", "top_85", "bottom_85"), (*_CROPS, *_CORNERS_80)),
    ),
}
"""For each level: which views of a submission are compared with which views of known contents."""


def _pairs() -> NDArray[np.uint8]:
    table = np.zeros((len(LEVELS), len(VIEWS), len(VIEWS)), np.uint8)
    for level, groups in _COMPARED.items():
        for queried, stored in groups:
            for one in queried:
                for other in stored:
                    both = VIEWS[CODES[one]].whole and VIEWS[CODES[other]].whole
                    table[LEVEL_NUMBERS[level], CODES[one], CODES[other]] = AS_WHOLE if both else AS_DERIVED
    table.setflags(write=False)
    return table


PAIRS: Final[NDArray[np.uint8]] = _pairs()
"""Level × view of the submission × view of the known content: NOT_COMPARED, AS_WHOLE (radius_bits) or AS_DERIVED
(view_radius_bits)."""


def _stored() -> NDArray[np.uint8]:
    table = np.zeros((len(LEVELS), 256, 256), np.uint8)
    kept = np.arange(256) & KEPT != 0
    for view in VIEWS:
        compared = PAIRS[:, :, view.code].any(axis=1)
        table[:, view.code, kept] = np.where(compared, AS_WHOLE if view.whole else AS_DERIVED, 0)[:, None]
    table.setflags(write=False)
    return table


def _asked() -> NDArray[np.uint8]:
    table = np.zeros((len(LEVELS), 256, 256), np.uint8)
    whole = np.array([view.whole for view in VIEWS])
    forms = np.arange(256) & UPRIGHT_TOO == 0
    for view in VIEWS:
        among_whole = PAIRS[:, view.code, whole].any(axis=1)
        among_derived = PAIRS[:, view.code, ~whole].any(axis=1)
        table[:, view.code, :] |= np.where(among_whole, AS_WHOLE, 0).astype(np.uint8)[:, None]
        table[:, view.code, forms] |= np.where(among_derived, AS_DERIVED, 0).astype(np.uint8)[:, None]
    table.setflags(write=False)
    return table


STORED: Final[NDArray[np.uint8]] = _stored()
"""Level × view × turn with flags: 0 where state does not keep an entry, AS_WHOLE or AS_DERIVED where it does, which
says whether it stands among whole pictures or among derived views. An unknown view is not kept."""

ASKED: Final[NDArray[np.uint8]] = _asked()
"""Level × view × turn with flags: 0 where an entry is not looked up, else AS_WHOLE and AS_DERIVED or'ed: among which
of the stored it is. An unknown view is not looked up."""


def stored_in(entries: NDArray[np.void], level: Level) -> NDArray[np.uint8]:
    """STORED of each entry."""
    kept: NDArray[np.uint8] = STORED[LEVEL_NUMBERS[level], entries["view"], entries["turn"]]
    return kept


def asked_in(entries: NDArray[np.void], level: Level) -> NDArray[np.uint8]:
    """ASKED of each entry."""
    asked: NDArray[np.uint8] = ASKED[LEVEL_NUMBERS[level], entries["view"], entries["turn"]]
    return asked


def made_at(level: Level) -> tuple[View, ...]:
    """The views that a fingerprint of this level has: all that are stored or looked up."""
    table = PAIRS[LEVEL_NUMBERS[level]]
    used = table.any(axis=0) | table.any(axis=1)
    return tuple(view for view in VIEWS if used[view.code])


def pack(entries: NDArray[np.void]) -> str:
    """Entries as the lower-case hex that stands in a record."""
    return entries.astype(ENTRY, copy=False).tobytes().hex()


def unpack(packed: str) -> NDArray[np.void]:
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


_WHOLE_CODES: dict[tuple[int, int], str] = {
    (FULL, FULL): "",
    (TRIMMED, FULL): "border_added",
    (FULL, TRIMMED): "border_removed",
    (TRIMMED, TRIMMED): "border_changed",
    (FRAMED, FULL): "frame_added",
    (FULL, FRAMED): "frame_removed",
    (FRAMED, TRIMMED): "frame_added",
    (TRIMMED, FRAMED): "frame_removed",
    (FRAMED, FRAMED): "frame_changed",
}


def undone(query_view: int, query_turn: int, stored_view: int, stored_turn: int) -> str:
    """What was done to the known picture to make the copy, as found by these entries; undoing it, they match.

    Returns:
        `none`, or one or more of these with `+` between them, in the order in which they were done: mirrored,
        flipped, turned_90 (clockwise), turned_180, turned_270; border_added, border_removed, border_changed,
        frame_added, frame_removed, frame_changed; cropped, extended, edges_changed, tilted.
    """
    turned = NAMES[between(stored_turn, query_turn)]
    parts = [] if turned == "none" else [turned]
    if changed := _change(query_view, stored_view):
        parts.append(changed)
    return "+".join(parts) or "none"


def _change(query_view: int, stored_view: int) -> str:
    if (query_view, stored_view) in _WHOLE_CODES:
        return _WHOLE_CODES[query_view, stored_view]
    query, stored = VIEWS[query_view], VIEWS[stored_view]
    if query.tilted or stored.tilted:
        return "tilted"
    if query.whole:
        return "cropped"
    return "extended" if stored.whole else "edges_changed"


WORDS: Final[dict[str, str]] = {
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
    "extended": "extended or written on at its edges",
    "edges_changed": "changed at its edges",
    "tilted": "tilted by a few degrees",
}


def in_words(code: str) -> str:
    """What `undone` says, for a moderator: `mirrored left to right, then cropped`. What it does not know stays."""
    return ", then ".join(WORDS.get(part, part) for part in code.split("+"))
