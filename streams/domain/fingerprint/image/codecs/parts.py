"""What the parts of a file say about it before a decoder sees it, in any format."""

from __future__ import annotations

from dataclasses import dataclass

from streams.errors import BadInput, Reason


@dataclass(frozen=True, slots=True)
class FileStructure:
    """What the parts of a file say about it.

    Attributes:
        frames: the pictures that were counted; None where the decoder counts them.
        complete: False if the file ends before its last part does.
        pixels_end: where the pixels of a JPEG end; None in other formats.
        row_by_row: the JPEG is decoded row by row; if not, the decoder keeps all of it before it shows the first row.
        whole_passes: the picture is cut off, but the parts that are complete show all of it coarsely.
    """

    frames: int | None = None
    complete: bool = True
    pixels_end: int | None = None
    row_by_row: bool = False
    whole_passes: bool = False


def too_many(parts: str, limit: int) -> BadInput:
    """The error for a file that has more parts of a kind than any real file."""
    return BadInput(Reason.CORRUPT_MEDIA, f"more than {limit:,} {parts}")
