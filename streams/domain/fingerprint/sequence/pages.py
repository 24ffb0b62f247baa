"""The pages of a TIFF, shown one after the other.

Every page is opened by itself, through a header that points to it. Pillow's way to a page leads over the tags of all
pages before it, which takes minutes in a file that is made for this.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from io import BytesIO
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streams.domain.fingerprint.image.codecs.parts import FileStructure
from streams.domain.fingerprint.image.decode import PLUGINS, check_size, decoder_errors_as_bad_input
from streams.domain.fingerprint.image.file_structure import MAX_TIFF_PAGES, check_tiff_directory
from streams.domain.fingerprint.image.fingerprint import ImageLimits
from streams.domain.fingerprint.image.inner.borders import Pixels
from streams.domain.fingerprint.sequence.frames import MAX_TOTAL_PIXELS, SequenceFrame, small_colours, small_grey
from streams.domain.hashes.frames import MAX_MOMENTS
from streams.errors import BadInput, Reason

PAGE_MS: Final = 5_000
"""How long a page counts as shown. Matching bridges three seconds of anything, and places moments to within a second.
Pages are farther apart than that, so it counts what lies between two pages, and in which order they come."""

MAX_ALL_ENTRIES: Final = 1_000_000
"""Entries of all directories together. The directory of a scanned page has about twenty."""

HEADER_BYTES: Final = 8
NEW_SUBFILE_TYPE, WIDTH, HEIGHT = 254, 256, 257
REDUCED_OR_MASK: Final = 1 | 4
"""Bits of NewSubfileType: a smaller version of another picture in the file, or the mask of one. Neither is a page."""

SHORT: Final = 3
_ENTRY: Final = {
    order: np.dtype([("tag", f"{order}u2"), ("type", f"{order}u2"), ("count", f"{order}u4"), ("value", f"{order}u4")])
    for order in ("<", ">")
}


class TiffPage(NamedTuple):
    """A page: where its directory and the entries of that begin, their number, and its width times height."""

    directory: int
    entries: int
    pixels: int


class PageFile(BytesIO):
    """The file, read as if one page were its first. The bytes are shared with `data`, not copied."""

    def __init__(self, data: bytes, directory: int) -> None:
        super().__init__(data)
        self._header = data[:4] + struct.pack(_order(data) + "I", directory)

    def read(self, size: int | None = -1, /) -> bytes:
        at = self.tell()
        data = super().read(size)
        return self._header[at : at + len(data)] + data[HEADER_BYTES - at :] if at < HEADER_BYTES else data


def tiff_pages(data: bytes) -> list[TiffPage]:
    """The pages of a TIFF in order. Smaller versions and masks of pages are left out.

    Raises:
        BadInput: too_long (more than MAX_TIFF_PAGES), or corrupt_media (more entries than any real file has).
    """
    order = _order(data)
    pages, directories, all_entries = list[TiffPage](), set[int](), 0
    position = 4
    while position + 4 <= len(data):
        (directory,) = struct.unpack_from(order + "I", data, position)
        if directory == 0 or directory in directories or directory + 2 > len(data):
            break
        (entries,) = struct.unpack_from(order + "H", data, directory)
        position = directory + 2 + 12 * entries
        if position > len(data):
            break
        directories.add(directory)
        all_entries += entries
        if len(directories) > MAX_TIFF_PAGES:
            raise BadInput(Reason.TOO_LONG, f"a TIFF of more than {MAX_TIFF_PAGES:,} pages is not decoded")
        if all_entries > MAX_ALL_ENTRIES:
            raise BadInput(Reason.CORRUPT_MEDIA, f"more than {MAX_ALL_ENTRIES:,} entries in the directories of a TIFF")
        table = np.frombuffer(data, _ENTRY[order], entries, directory + 2)
        if not _value(table, NEW_SUBFILE_TYPE, order) & REDUCED_OR_MASK:
            pages.append(TiffPage(directory, entries, _value(table, WIDTH, order) * _value(table, HEIGHT, order)))
    return pages


def _order(data: bytes) -> str:
    return "<" if data[:2] == b"II" else ">"


def _value(table: NDArray[Any], tag: int, order: str) -> int:
    """The number that a tag has; 0 without the tag."""
    rows = np.flatnonzero(table["tag"] == tag)
    if not len(rows):
        return 0
    value = int(table["value"][rows[0]])
    if table["type"][rows[0]] != SHORT:
        return value
    return value & 0xFFFF if order == "<" else value >> 16


def page_step(pages: Sequence[TiffPage]) -> int:
    """One page of so many is decoded: a power of two, so that files of nearly equal length agree on it."""
    step = 1
    while len(pages) > MAX_MOMENTS * step or sum(page.pixels for page in pages[::step]) > MAX_TOTAL_PIXELS:
        step *= 2
        if step >= len(pages):
            raise BadInput(Reason.TOO_LONG, f"its pages exceed the limit of {MAX_TOTAL_PIXELS:,} pixels in a TIFF")
    return step


def page_frames(
    data: bytes, structure: FileStructure, pages: Sequence[TiffPage], limits: ImageLimits, check: Callable[[], None]
) -> Iterator[SequenceFrame]:
    """The pages of a TIFF as frames. Pages that are not sampled or cannot be decoded have no picture.

    Args:
        data: the file.
        structure: of the file.
        pages: as `tiff_pages` gives them.
        limits: of one page.
        check: called before each page that is decoded; raises to give up.

    Raises:
        BadInput: too_long (too many pixels in all pages), too_many_pixels (in one), out_of_memory; truncated_media or
            corrupt_media if the first page cannot be decoded.
    """
    step = page_step(pages)
    for number, page in enumerate(pages):
        size, grey, image = (0, 0), None, None
        if number % step == 0:
            check()
            try:
                image, grey = _decoded(data, structure, page, limits)
                size = image.size
            except BadInput as error:
                if number == 0 or error.reason not in (Reason.CORRUPT_MEDIA, Reason.TRUNCATED_MEDIA):
                    raise
        colours = partial(small_colours, image, None) if image is not None else None
        yield SequenceFrame(PAGE_MS * number, PAGE_MS, size, grey, colours)


def _decoded(data: bytes, structure: FileStructure, page: TiffPage, limits: ImageLimits) -> tuple[Image.Image, Pixels]:
    check_tiff_directory(data, _order(data), page.directory + 2, page.entries)
    with decoder_errors_as_bad_input("tiff", structure), PageFile(data, page.directory) as source:
        image = PLUGINS["tiff"](source)
        check_size(image, "tiff", structure, limits.max_pixels, limits.max_decode_bytes)
        image.load()  # turns the page upright as well
        return image, small_grey(image)
