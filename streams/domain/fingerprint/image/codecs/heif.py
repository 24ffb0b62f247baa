"""HEIF and HEIC: checks sizes before libheif allocates memory, and hands the primary picture to pillow-heif.

pillow-heif is optional (extra `heif`). libheif checks what it decodes against the sizes that the file declares, but has
no limit of ours: the canvas of a grid is allocated first. So the sizes of pictures (`ispe`) and of canvases (`grid`)
are read here. ISO/IEC 23008-12 describes the file, 14496-12 its boxes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from io import BytesIO
from typing import NamedTuple, cast

from PIL import ImageFile

from streams.domain.fingerprint.image.codecs.parts import FileStructure, IsoBox, iso_boxes, too_many
from streams.errors import BadInput, Reason

MAX_ITEMS = 4_096

REFUSED_ITEMS = {b"iovl": "overlays", b"unci": "uncompressed pictures", b"mski": "masks", b"j2k1": "JPEG 2000"}
"""Items that no camera writes. Overlays may draw one picture a thousand times; the decoders of the others are young."""

_FULL_BOX_BYTES = 4
_NEEDED = frozenset((b"ftyp", b"meta", b"mdat"))
_ONCE = frozenset((b"iinf", b"iloc", b"idat", b"iprp", b"pitm"))
_IN_FILE, _IN_IDAT = 0, 1


class _Item(NamedTuple):
    """Where the first part of an item's data is: in the file, or in the `idat` box."""

    method: int
    offset: int
    size_bytes: int


def heif_structure(data: bytes) -> FileStructure:
    """The structure of a HEIF file. Its one frame is the primary picture; sequences are not looked into.

    Raises:
        BadInput: truncated_media; corrupt_media, if the boxes are wrong or countless; unsupported_format, if an item is
            not decoded.
    """
    try:
        return _structure(data)
    except (struct.error, IndexError) as error:
        raise BadInput(Reason.CORRUPT_MEDIA, f"heif: {error}") from error


def _structure(data: bytes) -> FileStructure:
    largest = (0, 0)
    complete = True
    metas = 0
    for box in iso_boxes(data, 0, len(data)):
        complete = complete and (box.end <= len(data) or box.name not in _NEEDED)
        if box.name == b"meta" and complete:
            metas += 1
            largest = _largest_in_meta(data, box)
    if metas > 1:
        raise BadInput(Reason.CORRUPT_MEDIA, "heif: two boxes meta")
    if not complete:  # libheif would leave out the tiles that are missing
        raise BadInput(Reason.TRUNCATED_MEDIA, "heif: the file ends before its last box does")
    return FileStructure(frames=1, largest=largest)


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]


def _largest_in_meta(data: bytes, meta: IsoBox) -> tuple[int, int]:
    """The largest size of a picture or canvas that the box declares."""
    boxes = _single_boxes(data, meta)
    sizes = [(0, 0), *_declared_sizes(data, boxes)]
    types = _item_types(data, boxes[b"iinf"]) if b"iinf" in boxes else {}
    for item_type in types.values():
        if item_type in REFUSED_ITEMS:
            raise BadInput(Reason.UNSUPPORTED_FORMAT, f"heif: {REFUSED_ITEMS[item_type]} are not decoded; save it anew")
    locations = _item_locations(data, boxes[b"iloc"]) if b"iloc" in boxes else {}
    idat = boxes[b"idat"].start if b"idat" in boxes else 0
    for item, item_type in types.items():
        if item_type == b"grid" and item in locations:
            sizes.append(_canvas_size(data, locations[item], idat))
    return max(sizes, key=_area)


def _single_boxes(data: bytes, meta: IsoBox) -> dict[bytes, IsoBox]:
    """The boxes of a `meta` box by name. libheif and this file must not read different ones of two."""
    boxes: dict[bytes, IsoBox] = {}
    for box in iso_boxes(data, meta.start + _FULL_BOX_BYTES, meta.end):
        if boxes.setdefault(box.name, box) is not box and box.name in _ONCE:
            raise BadInput(Reason.CORRUPT_MEDIA, f"heif: two boxes {box.name.decode()}")
    return boxes


def _declared_sizes(data: bytes, boxes: dict[bytes, IsoBox]) -> Iterator[tuple[int, int]]:
    if b"iprp" in boxes:
        for container in iso_boxes(data, *boxes[b"iprp"][1:]):
            if container.name == b"ipco":
                for box in iso_boxes(data, *container[1:]):
                    if box.name == b"ispe":
                        yield struct.unpack_from(">II", data, box.start + _FULL_BOX_BYTES)


def _item_types(data: bytes, iinf: IsoBox) -> dict[int, bytes]:
    types: dict[int, bytes] = {}
    entries = iinf.start + _FULL_BOX_BYTES + (2 if data[iinf.start] == 0 else 4)
    for box in iso_boxes(data, entries, iinf.end):
        version = data[box.start] if box.name == b"infe" else 0
        if version == 2:
            item, item_type = struct.unpack_from(">H2x4s", data, box.start + _FULL_BOX_BYTES)
        elif version == 3:
            item, item_type = struct.unpack_from(">I2x4s", data, box.start + _FULL_BOX_BYTES)
        else:
            continue
        types[item] = item_type
        if len(types) > MAX_ITEMS:
            raise too_many("HEIF items", MAX_ITEMS)
    return types


def _item_locations(data: bytes, iloc: IsoBox) -> dict[int, _Item]:
    version = data[iloc.start]
    sizes = data[iloc.start + 4], data[iloc.start + 5]
    offset_size, length_size, base_size = sizes[0] >> 4, sizes[0] & 15, sizes[1] >> 4
    index_size = sizes[1] & 15 if version else 0
    wide = 4 if version == 2 else 2
    position = iloc.start + 6

    def read(size: int) -> int:
        nonlocal position
        position += size
        if position > iloc.end:
            raise IndexError("the iloc box ends early")
        return int.from_bytes(data[position - size : position])

    locations: dict[int, _Item] = {}
    count = read(wide)
    if count > MAX_ITEMS:
        raise too_many("HEIF items", MAX_ITEMS)
    for _ in range(count):
        item = read(wide)
        method = read(2) & 15 if version else _IN_FILE
        read(2)  # data reference
        base = read(base_size)
        for extent in range(read(2)):
            read(index_size)
            offset = read(offset_size)
            if extent == 0:
                locations[item] = _Item(method, base + offset, read(length_size))
            else:
                read(length_size)
    return locations


def _canvas_size(data: bytes, grid: _Item, idat: int) -> tuple[int, int]:
    """The size of a grid: version, flags, rows, columns, then width and height in 16 or 32 bits."""
    start = grid.offset + (idat if grid.method == _IN_IDAT else 0)
    wide = data[start + 1] & 1
    if grid.method not in (_IN_FILE, _IN_IDAT) or 0 < grid.size_bytes < (12 if wide else 8):
        raise BadInput(Reason.CORRUPT_MEDIA, "heif: the header of a grid is in pieces")
    width, height = struct.unpack_from(">II" if wide else ">HH", data, start + 4)
    return width, height


@cache
def _plugin() -> type[ImageFile.ImageFile] | None:
    try:
        return cast("type[ImageFile.ImageFile]", import_module("pillow_heif").HeifImageFile)
    except ImportError:
        return None


def open_heif(source: BytesIO) -> ImageFile.ImageFile:
    """The primary picture of a HEIF file, not yet decoded. libheif turns it upright.

    Raises:
        BadInput: unsupported_format, if pillow-heif is not installed.
    """
    plugin = _plugin()
    if plugin is None:
        detail = "HEIF and HEIC are decoded where pillow-heif is installed: pip install 'mediasieve[heif]'"
        raise BadInput(Reason.UNSUPPORTED_FORMAT, detail)
    return plugin(source)
