"""What the parts of a file say about it before a decoder sees it, in any format."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from streams.errors import BadInput, Reason

MAX_BOXES = 65_536


@dataclass(frozen=True, slots=True)
class FileStructure:
    """What the parts of a file say about it.

    Attributes:
        frames: the pictures that were counted; None where the decoder counts them.
        complete: False if the file ends before its last part does.
        hides_first: the first picture is for programs that show no animations, and is not part of the animation.
        pixels_end: where the pixels of a JPEG end; None in other formats.
        row_by_row: the JPEG is decoded row by row; if not, the decoder keeps all of it before it shows the first row.
        largest: width and height of the largest picture that the file declares, where the decoder cannot be asked.
        pixel_bytes: peak memory of the decoder for each pixel; 0 if it is the same for all files of the format.
        extra_bytes: its memory that does not depend on the pixels.
        whole_passes: the picture is cut off, but the parts that are complete show all of it coarsely.
    """

    frames: int | None = None
    complete: bool = True
    hides_first: bool = False
    pixels_end: int | None = None
    row_by_row: bool = False
    whole_passes: bool = False
    largest: tuple[int, int] = (0, 0)
    pixel_bytes: int = 0
    extra_bytes: int = 0


def too_many(parts: str, limit: int) -> BadInput:
    """The error for a file that has more parts of a kind than any real file."""
    return BadInput(Reason.CORRUPT_MEDIA, f"more than {limit:,} {parts}")


class IsoBox(NamedTuple):
    """A box of an ISO base media file: its name, and where its body begins and ends."""

    name: bytes
    start: int
    end: int


def iso_boxes(data: bytes, start: int, end: int) -> Iterator[IsoBox]:
    """The boxes in a part of a file; the last one may end after it.

    Raises:
        BadInput: corrupt_media, if a box is smaller than its header, or if there are more than MAX_BOXES.
        struct.error: the file ends in the header of a box.
    """
    count = 0
    while start + 8 <= end:
        size, name = struct.unpack_from(">I4s", data, start)
        header = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start + 8)
            header = 16
        elif size == 0:
            size = end - start
        if size < header:
            raise BadInput(Reason.CORRUPT_MEDIA, f"a box of {size} bytes")
        count += 1
        if count > MAX_BOXES:
            raise too_many("boxes", MAX_BOXES)
        yield IsoBox(name, start + header, start + size)
        start += size
