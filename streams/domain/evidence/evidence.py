"""The evidence of a picture as bytes: its thumbnails, where it has finer detail; of some colours, pixels, ink, words.

Layout: the version, width and height, then sections of a tag, a length and that many bytes. A reader skips sections
that it does not know, and takes evidence of another version for none.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.details.detail import DETAIL_BYTES
from streams.domain.evidence.paper.page import Page, is_page, unpack_page
from streams.domain.evidence.parts import PARTS
from streams.domain.evidence.prepared import PreparedEvidence, prepare
from streams.domain.evidence.thumbnail import EDGE as EDGE
from streams.domain.evidence.thumbnail import THUMBNAIL_BYTES, decode_thumbnail
from streams.domain.evidence.words.words import Words, is_words, unpack_words
from streams.domain.hashes.views import FULL, PANELS
from streams.errors import BadInput, Reason

VERSION: Final = 1
_HEADER: Final = struct.Struct(">BII")
_SECTION: Final = struct.Struct(">BH")
_THUMBNAIL: Final = struct.Struct(">B4H")

THUMBNAIL, PAGE, CHROMA, PIXELS, OTHER_PAGE, DETAIL, WORDS = (ord(tag) for tag in "TPCXGDW")
"""The tags of sections."""

_PAGES: Final = (PAGE, OTHER_PAGE)

CHROMA_SIDE: Final = PARTS
CHROMA_BYTES: Final = 2 * CHROMA_SIDE * CHROMA_SIDE
PIXELS_BYTES: Final = 16
_LENGTHS: Final = {CHROMA: CHROMA_BYTES, PIXELS: PIXELS_BYTES, DETAIL: DETAIL_BYTES}
_PLAIN_SECTIONS: Final = {
    _SECTION.pack(tag, length): _SECTION.size + length
    for tag, length in {THUMBNAIL: _THUMBNAIL.size + THUMBNAIL_BYTES, **_LENGTHS}.items()
}
"""The sizes of sections of one length, by their beginning."""


@dataclass(frozen=True)
class Thumbnail:
    """One part of a picture.

    Attributes:
        view: the code of a view that has its own thumbnail, or FULL.
        box: left, top, right, bottom in the whole picture, 0 to EDGE.
        packed: as `encode_thumbnail` makes it.
    """

    view: int
    box: tuple[int, int, int, int]
    packed: bytes

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        return decode_thumbnail(self.packed)


@dataclass(frozen=True)
class Evidence:
    """What proves a match.

    Attributes:
        width, height: of the upright picture, in pixels.
        thumbnails: the whole picture first, the innermost last.
        page: the ink of paper, as `pack_page` makes it; empty for all other pictures.
        chroma: Cb and Cr, a byte each, of CHROMA_SIDE × CHROMA_SIDE parts of the whole picture, row by row; empty for
            a large picture that has structure everywhere, for shape alone tells that one.
        pixels: a digest of the upright picture's size and pixels; empty where a picture has structure everywhere, and
            for JPEG, which is not decoded in full.
        other_page: as `page`, of a transparent picture on its other ground.
        detail: where the whole picture has detail that is finer than its thumbnail, as `measure_detail` has it; empty
            for frames of videos, and in evidence of before there was any.
        words: as `pack_words` makes them, of a picture on uneven ground; empty where there are none, for frames of
            videos, and in evidence of before there were any.
    """

    width: int
    height: int
    thumbnails: tuple[Thumbnail, ...]
    page: bytes = b""
    chroma: bytes = b""
    pixels: bytes = b""
    other_page: bytes = b""
    detail: bytes = b""
    words: bytes = b""

    @cached_property
    def prepared(self) -> PreparedEvidence:
        """The thumbnails as the compiled code takes them; what it computes stays there."""
        shown = [(each.view, *each.box) for each in self.thumbnails]
        return prepare(self.width, self.height, shown, b"".join([each.packed for each in self.thumbnails]))

    def thumbnail_of(self, view: int) -> Thumbnail:
        """The thumbnail of a view that has its own; the whole picture for all other views."""
        return next((each for each in self.thumbnails if each.view == view), self.thumbnails[0])

    @cached_property
    def ink(self) -> Page | None:
        """The page of a picture that is paper."""
        return unpack_page(self.page)

    @cached_property
    def ink_on_other_ground(self) -> Page | None:
        """The page of a transparent picture that is paper on its other ground."""
        return unpack_page(self.other_page)

    @cached_property
    def shown_words(self) -> Words | None:
        """The words on a picture with uneven ground."""
        return unpack_words(self.words)


def pack_evidence(evidence: Evidence) -> bytes:
    """Evidence as bytes."""
    parts = [_HEADER.pack(VERSION, evidence.width, evidence.height)]
    for thumbnail in evidence.thumbnails:
        body = _THUMBNAIL.pack(thumbnail.view, *thumbnail.box) + thumbnail.packed
        parts += [_SECTION.pack(THUMBNAIL, len(body)), body]
    others = (
        (DETAIL, evidence.detail),
        (PAGE, evidence.page),
        (CHROMA, evidence.chroma),
        (PIXELS, evidence.pixels),
        (OTHER_PAGE, evidence.other_page),
        (WORDS, evidence.words),
    )
    for tag, body in others:
        if body:
            parts += [_SECTION.pack(tag, len(body)), body]
    return b"".join(parts)


def is_evidence(packed: bytes) -> bool:
    """Whether bytes are evidence of this version. What photos have, all but ink, is not unpacked.

    Raises:
        BadInput: as `unpack_evidence`.
    """
    at, size = _HEADER.size, len(packed)
    plain = size > at + _SECTION.size and packed[0] == VERSION and packed[at + _SECTION.size] == FULL
    plain = plain and packed[at] == THUMBNAIL
    while plain and at < size:
        section_bytes = _PLAIN_SECTIONS.get(packed[at : at + _SECTION.size], 0)
        plain = section_bytes > 0
        at += section_bytes
    if plain and at == size and any(packed[1:5]) and any(packed[5:9]):
        return True
    return unpack_evidence(packed) is not None


def unpack_evidence(packed: bytes) -> Evidence | None:
    """Evidence from its bytes; None if there is none, or it is of another version.

    Raises:
        BadInput: bad_field, if the bytes are not evidence.
    """
    if not packed or packed[0] != VERSION:
        return None
    try:
        _, width, height = _HEADER.unpack_from(packed)
        thumbnails, others = [], dict.fromkeys((PAGE, CHROMA, PIXELS, OTHER_PAGE, DETAIL, WORDS), b"")
        for tag, body in _sections(packed):
            if tag in others:
                others[tag] = body
            elif tag == THUMBNAIL:
                view, *box = _THUMBNAIL.unpack_from(body)
                thumbnails.append(Thumbnail(view, (box[0], box[1], box[2], box[3]), body[_THUMBNAIL.size :]))
    except struct.error as error:
        raise BadInput(Reason.BAD_FIELD, f"field 'evidence' ends too early: {error}") from error
    whole = bool(thumbnails) and thumbnails[0].view == FULL and width > 0 and height > 0
    if not whole or any(len(each.packed) != THUMBNAIL_BYTES for each in thumbnails):
        raise BadInput(Reason.BAD_FIELD, "field 'evidence' must have whole thumbnails, the whole picture's first")
    if any(len(others[tag]) not in (0, length) for tag, length in _LENGTHS.items()):
        raise BadInput(Reason.BAD_FIELD, "field 'evidence' has colours, pixels or detail of another length")
    pages = {tag: page if is_page(page) else b"" for tag, page in others.items() if tag in _PAGES}
    words = others[WORDS] if is_words(others[WORDS]) else b""
    told = pages[PAGE], others[CHROMA], others[PIXELS], pages[OTHER_PAGE], others[DETAIL], words
    return Evidence(width, height, tuple(thumbnails), *told)


def stored_evidence(packed: bytes) -> bytes:
    """Evidence as state stores it: without the panels of a collage, which are looked up and not found."""
    kept = [packed[: _HEADER.size]]
    for tag, body in _sections(packed):
        if tag != THUMBNAIL or body[0] not in PANELS:
            kept += [_SECTION.pack(tag, len(body)), body]
    return b"".join(kept)


def _sections(packed: bytes) -> Iterator[tuple[int, bytes]]:
    at = _HEADER.size
    while at < len(packed):
        tag, length = _SECTION.unpack_from(packed, at)
        at += _SECTION.size
        body = packed[at : at + length]
        if len(body) < length:
            raise struct.error(f"a section of {length} bytes has {len(body)}")
        yield tag, body
        at += length
