"""Checks a file's structure before a decoder sees it: are its parts few enough, is it complete, how many frames it has.

Pillow walks segments, chunks and directories in Python while it holds the interpreter lock, and libjpeg goes
over all pixels once for each scan. A file of millions of tiny parts would stall the whole process, so such a file
is refused here, after a bounded number of steps. Pixels are not read.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from streams.domain.fingerprint.formats import ImageFormat
from streams.domain.fingerprint.image.codecs.heif import heif_structure
from streams.domain.fingerprint.image.codecs.jpeg import jpeg_structure
from streams.domain.fingerprint.image.codecs.jpeg2000 import jpeg2000_structure
from streams.domain.fingerprint.image.codecs.parts import FileStructure, too_many
from streams.errors import BadInput, Reason

MAX_PNG_CHUNKS = 65_536
MAX_GIF_BLOCKS_BEFORE_PICTURE = 16_384
MAX_GIF_COMMENT_BLOCKS = 1_024
MAX_GIF_BLOCKS = 1_000_000
MAX_TIFF_PAGES = 10_000
MAX_TIFF_ENTRIES = 4_096
MAX_TIFF_VALUES = 262_144
MAX_WEBP_CHUNKS = 65_536

_GIF_EXTENSION, _GIF_PICTURE, _GIF_END, _GIF_COMMENT = 0x21, 0x2C, 0x3B, 0xFE
_TIFF_BLOB_TYPES = frozenset((1, 2, 6, 7))


def file_structure(data: bytes, image_format: ImageFormat) -> FileStructure:
    """The structure of an image file.

    Raises:
        BadInput: corrupt_media, if the file has more parts of one kind than any real file.
    """
    read_structure = _READERS.get(image_format)
    return read_structure(data) if read_structure else FileStructure()


def _png_structure(data: bytes) -> FileStructure:
    """Frames are the fcTL chunks of an APNG, plus the default picture where it is not part of the animation."""
    position, chunks, frames = 8, 0, 0
    animated = separate_default = False
    while position + 12 <= len(data):
        chunks += 1
        if chunks > MAX_PNG_CHUNKS:
            raise too_many("PNG chunks", MAX_PNG_CHUNKS)
        length, name = struct.unpack_from(">I4s", data, position)
        position += 12 + length
        if name == b"IEND":
            return FileStructure(
                frames=frames + separate_default if animated and frames else 1,
                complete=position <= len(data),
                hides_first=separate_default and frames > 0,
            )
        if name == b"acTL":
            animated = True
        elif name == b"fcTL":
            frames += 1
        elif name == b"IDAT" and animated and not frames:
            separate_default = True
    return FileStructure(frames=max(1, frames), complete=False)


def _gif_structure(data: bytes) -> FileStructure:
    position = 13 + _colour_table_bytes(data, 10)
    frames = blocks = comments = 0
    size = len(data)
    while position < size and blocks <= MAX_GIF_BLOCKS:
        block = data[position]
        blocks += 1
        if block == _GIF_END:
            return FileStructure(frames=max(1, frames))
        comment = False
        if block == _GIF_PICTURE:
            frames += 1
            position += 11 + _colour_table_bytes(data, position + 9)
        elif block == _GIF_EXTENSION:
            comment = data[position + 1 : position + 2] == bytes((_GIF_COMMENT,))
            position += 2
        else:
            position += 1
        if block in (_GIF_PICTURE, _GIF_EXTENSION):
            while position < size and (length := data[position]) and blocks <= MAX_GIF_BLOCKS:
                position += length + 1
                blocks += 1
                comments += comment
            position += 1
        if not frames and (blocks > MAX_GIF_BLOCKS_BEFORE_PICTURE or comments > MAX_GIF_COMMENT_BLOCKS):
            raise too_many("GIF blocks before the first picture", MAX_GIF_BLOCKS_BEFORE_PICTURE)
    return FileStructure(frames=max(1, frames), complete=blocks > MAX_GIF_BLOCKS)


def _colour_table_bytes(data: bytes, flags_at: int) -> int:
    flags = data[flags_at] if flags_at < len(data) else 0
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _tiff_structure(data: bytes) -> FileStructure:
    """Frames are the pages: the chain of image file directories."""
    order = "<" if data[:2] == b"II" else ">"
    directories: set[int] = set()
    position = 4
    while position + 4 <= len(data) and len(directories) < MAX_TIFF_PAGES:
        (directory,) = struct.unpack_from(order + "I", data, position)
        if directory == 0 or directory in directories:
            return FileStructure(frames=max(1, len(directories)))
        if directory + 2 > len(data):
            break
        (entries,) = struct.unpack_from(order + "H", data, directory)
        if not directories:
            check_tiff_directory(data, order, directory + 2, entries)
        directories.add(directory)
        position = directory + 2 + 12 * entries
    return FileStructure(frames=max(1, len(directories)), complete=len(directories) == MAX_TIFF_PAGES)


def check_tiff_directory(data: bytes, order: str, first: int, entries: int) -> None:
    """Refuse a directory that would keep the decoder busy.

    Args:
        data: the file.
        order: `<` or `>`.
        first: where its first entry begins.
        entries: their number.

    Raises:
        BadInput: corrupt_media.
    """
    if entries > MAX_TIFF_ENTRIES:
        raise too_many("entries in a TIFF directory", MAX_TIFF_ENTRIES)
    values = 0
    for position in range(first, min(first + 12 * entries, len(data) - 8), 12):
        value_type, count = struct.unpack_from(order + "HI", data, position + 2)
        values += 0 if value_type in _TIFF_BLOB_TYPES else count
    if values > MAX_TIFF_VALUES:
        raise too_many("values in a TIFF directory", MAX_TIFF_VALUES)


def _webp_structure(data: bytes) -> FileStructure:
    """Frames are the ANMF chunks of an animation; None for a picture, whose only frame the decoder finds."""
    position, chunks, frames = 12, 0, 0
    while position + 8 <= len(data):
        chunks += 1
        if chunks > MAX_WEBP_CHUNKS:
            raise too_many("WebP chunks", MAX_WEBP_CHUNKS)
        name, length = struct.unpack_from("<4sI", data, position)
        frames += name == b"ANMF"
        position += 8 + length + length % 2
    return FileStructure(frames=frames or None, complete=position <= len(data) + 1)


def _bmp_structure(data: bytes) -> FileStructure:
    compression = int.from_bytes(data[30:34], "little") if data[14] >= 40 else 0
    if compression in (1, 2):
        raise BadInput(Reason.UNSUPPORTED_FORMAT, "run-length encoded BMP is not decoded; save it without compression")
    return FileStructure(frames=1)


_READERS: dict[ImageFormat, Callable[[bytes], FileStructure]] = {
    "jpeg": jpeg_structure,
    "png": _png_structure,
    "gif": _gif_structure,
    "webp": _webp_structure,
    "heif": heif_structure,
    "jpeg2000": jpeg2000_structure,
    "tiff": _tiff_structure,
    "bmp": _bmp_structure,
}
