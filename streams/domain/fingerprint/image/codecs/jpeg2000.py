"""JPEG 2000: finds out by the headers how much memory OpenJPEG will take. Pixels are not read.

A file of a few bytes may declare millions of tiles, precincts and code blocks, for which OpenJPEG allocates structures
before it reads any pixels. ITU-T T.800 describes the markers.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from streams.domain.fingerprint.image.codecs.parts import FileStructure, iso_boxes, too_many
from streams.errors import BadInput, Reason

MAX_MARKERS = 65_536
MAX_STYLES = 4_096
MAX_COMPONENTS = 4
MAX_RESOLUTIONS = 33

PIXEL_BYTES = 40
"""Peak memory for each pixel of four components, measured and rounded up, with code blocks of 64 × 64."""

BLOCK_BYTES, TILE_BYTES, PRECINCT_BYTES = 330, 12_000, 1_000
"""Measured: a code block of one component. Estimated from OpenJPEG's structures, and rounded up: a tile, and a precinct
of one component."""

_CODESTREAM = b"\xff\x4f\xff\x51"
_SIZE, _CODING, _COMPONENT_CODING, _TILE_PART, _DATA, _END = 0x51, 0x52, 0x53, 0x90, 0x93, 0xD9


@dataclass
class _Needs:
    """What the headers declare, at its most expensive.

    Attributes:
        resolutions: of a component.
        layers: of quality.
        blocks: code blocks for each pixel of a component.
        precincts: of every resolution: how often it is halved, and the bits of a precinct's width and height.
    """

    resolutions: int = 0
    layers: int = 0
    blocks: float = 0.0
    precincts: list[tuple[int, int, int]] = field(default_factory=list)

    def style(self, has_precincts: bool, body: bytes) -> None:
        """Reads the parameters that a COD and a COC marker have in common: levels, code block, precincts."""
        resolutions = body[0] + 1
        if len(self.precincts) > MAX_STYLES:
            raise too_many("JPEG 2000 coding styles", MAX_STYLES)
        if resolutions > MAX_RESOLUTIONS:
            raise BadInput(Reason.CORRUPT_MEDIA, f"jpeg2000: {resolutions} resolutions")
        width, height = (body[1] & 15) + 2, (body[2] & 15) + 2
        blocks = 0.0
        for number in range(resolutions):
            precinct = body[5 + number] if has_precincts else 0xFF
            x, y, halved = precinct & 15, precinct >> 4, resolutions - 1 - number
            blocks += 0.25**halved / (1 << min(width, max(0, x - 1)) + min(height, max(0, y - 1)))
            self.precincts.append((halved, x, y))
        self.blocks = max(self.blocks, blocks)
        self.resolutions = max(self.resolutions, resolutions)


def jpeg2000_structure(data: bytes) -> FileStructure:
    """The structure of a JPEG 2000 file, bare codestream or in boxes.

    Raises:
        BadInput: corrupt_media, if the headers are wrong or countless.
    """
    try:
        return _structure(data, _codestream_start(data))
    except (struct.error, IndexError) as error:
        raise BadInput(Reason.TRUNCATED_MEDIA, "jpeg2000: the file ends in its headers") from error


def _codestream_start(data: bytes) -> int:
    if data.startswith(_CODESTREAM):
        return 0
    for box in iso_boxes(data, 0, len(data)):
        if box.name == b"jp2h":
            sum(1 for _ in iso_boxes(data, box.start, min(box.end, len(data))))  # Pillow walks them, too
        if box.name == b"jp2c":
            return box.start
    raise BadInput(Reason.TRUNCATED_MEDIA, "jpeg2000: the file has no picture")


def _structure(data: bytes, start: int) -> FileStructure:
    if data[start : start + 4] != _CODESTREAM:
        raise BadInput(Reason.CORRUPT_MEDIA, "jpeg2000: the codestream does not begin with its size")
    right, bottom, left, top, tile_width, tile_height, tile_left, tile_top, components = struct.unpack_from(
        ">8IH", data, start + 8
    )
    if not (left < right and top < bottom and tile_width and tile_height and tile_left <= left and tile_top <= top):
        raise BadInput(Reason.CORRUPT_MEDIA, "jpeg2000: the sizes contradict each other")
    if not 1 <= components <= MAX_COMPONENTS:
        raise BadInput(
            Reason.UNSUPPORTED_FORMAT, f"jpeg2000: {components} components; 1 to {MAX_COMPONENTS} are decoded"
        )
    size = right - left, bottom - top
    tiles = -(-(right - tile_left) // tile_width) * -(-(bottom - tile_top) // tile_height)
    needs = _Needs()
    complete = _read_markers(data, start + 2, components, needs)
    return FileStructure(
        frames=1,
        complete=complete,
        largest=size,
        pixel_bytes=PIXEL_BYTES + round(MAX_COMPONENTS * BLOCK_BYTES * needs.blocks),
        extra_bytes=tiles * TILE_BYTES + _precinct_bytes(size, (tile_width, tile_height), components, needs),
    )


def _read_markers(data: bytes, position: int, components: int, needs: _Needs) -> bool:
    """Reads the coding styles of the main header and of all tile parts. Whether the file is complete."""
    tile_part = tile_part_size = 0
    for _ in range(MAX_MARKERS):
        prefix, marker = data[position], data[position + 1]
        if prefix != 0xFF:
            raise BadInput(Reason.CORRUPT_MEDIA, "jpeg2000: no marker where one must be")
        if marker == _END:
            return True
        if marker == _DATA:
            if tile_part_size == 0:  # the last one: up to the end of the file
                return data.rstrip(b"\0").endswith(b"\xff\xd9")
            position = tile_part + tile_part_size
            if position + 2 > len(data):
                return False
            continue
        (length,) = struct.unpack_from(">H", data, position + 2)
        body = data[position + 4 : position + 2 + length]
        if marker == _TILE_PART:
            tile_part = position
            _, tile_part_size = struct.unpack_from(">HI", body)
            if 0 < tile_part_size < 14:
                raise BadInput(Reason.CORRUPT_MEDIA, f"jpeg2000: a tile part of {tile_part_size} bytes")
        elif marker == _CODING:
            needs.layers = max(needs.layers, int.from_bytes(body[2:4]))
            needs.style(bool(body[0] & 1), body[5:])
        elif marker == _COMPONENT_CODING:
            needs.style(bool(body[1] & 1), body[2:])
        position += 2 + max(2, length)
    raise too_many("JPEG 2000 markers", MAX_MARKERS)


def _precinct_bytes(size: tuple[int, int], tile: tuple[int, int], components: int, needs: _Needs) -> int:
    """Memory for the precincts of all resolutions of one tile, and for the flags that OpenJPEG keeps for each layer."""
    width, height = min(size[0], tile[0]), min(size[1], tile[1])
    most = max(
        ((width >> halved + x) + 2) * ((height >> halved + y) + 2) for halved, x, y in [*needs.precincts, (0, 15, 15)]
    )
    flags = 2 * (needs.layers + 1) * components * max(1, needs.resolutions) * most
    return flags + components * most * PRECINCT_BYTES
