"""JPEG: walks its segments, and decodes the rows of a file that was cut off.

A sequential JPEG that was cut off shows its first rows, a progressive one shows all rows coarsely. The decoder itself
does not say how far it came: libjpeg suspends where the data ends, and fills the missing rows with grey once it reads
an end marker. So the end marker is held back until all data has been decoded. The rows that the marker still changes
are the missing ones. This works without `ImageFile.LOAD_TRUNCATED_IMAGES`, which belongs to the whole process.
"""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import JpegImagePlugin

from streams.domain.fingerprint.image.codecs.parts import FileStructure, too_many

if TYPE_CHECKING:
    from PIL._imaging import ImagingCore

MAX_JPEG_SEGMENTS = 4_096
MAX_JPEG_EXIF_SEGMENTS = 16
MAX_JPEG_SCANS = 100
MAX_JUNK_BYTES = 65_536

MARKER_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_SCAN, _END, _APP1 = 0xDA, 0xD9, 0xE1
_WITHOUT_LENGTH = frozenset((0x01, 0xD8, *range(0xD0, 0xD8)))
_FRAMES = frozenset((*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)))
_SEQUENTIAL = frozenset((0xC0, 0xC1))
_PROGRESSIVE = frozenset((0xC2, 0xC6, 0xCA, 0xCE))

SEVERAL_SCANS_PIXEL_BYTES = 8
"""libjpeg keeps all coefficients of a JPEG of several scans, whatever the scale, but only rows of one with one scan."""

END_MARKER = b"\xff\xd9"
PADDING = b"\xff\x00" * 16
"""Bits that no code begins with. libjpeg decodes the last block only if more bits than the block needs follow."""


class _Scans:
    """The scans of a JPEG, as far as they tell what a cut file shows.

    Attributes:
        coarse: a scan with the averages of luminance blocks is complete.
        detailed: a scan with details of luminance is complete.
        fine: the last bits of both are there, too.
        end: where the last complete scan ends; None before it does.
    """

    def __init__(self) -> None:
        self.count = 0
        self.components = 0
        self.luma = -1
        self.sequential = self.progressive = False
        self.coarse = self.detailed = False
        self._fine: set[bool] = set()
        self.end: int | None = None

    @property
    def fine(self) -> bool:
        return len(self._fine) == 2

    def frame(self, marker: int, body: bytes) -> None:
        """Reads the header of the frame."""
        self.sequential, self.progressive = marker in _SEQUENTIAL, marker in _PROGRESSIVE
        if len(body) >= 9:
            self.components, self.luma = body[7], body[8]

    def is_single(self, body: bytes) -> bool:
        """Whether the scan with this header is the only one that the decoder reads."""
        return self.count == 1 and not self.progressive and len(body) > 2 and body[2] == self.components

    def ended(self, body: bytes, end: int) -> None:
        """The scan with this header is complete."""
        self.end = end
        if len(body) < 3 or len(body) < 6 + 2 * body[2] or self.luma not in tuple(body[3 : 3 + 2 * body[2] : 2]):
            return
        first, last, bits = body[3 + 2 * body[2] : 6 + 2 * body[2]]
        self.coarse |= first == 0
        self.detailed |= last > 0
        if bits & 15 == 0:
            self._fine |= {first > 0, last > 0}


def jpeg_structure(data: bytes) -> FileStructure:
    """The structure of a JPEG: its segments up to the pixels, and the scans of a progressive one.

    Raises:
        BadInput: corrupt_media, if the file has more parts of one kind than any real file.
    """
    position, segments, exif_segments, junk = 2, 0, 0, 0
    scans = _Scans()
    while True:
        marker_at = data.find(b"\xff", position)
        if marker_at < 0:
            return _cut_off(data, scans)
        junk += marker_at - position
        position = marker_at + 1
        while position < len(data) and data[position] == 0xFF and junk <= MAX_JUNK_BYTES:
            junk += 1
            position += 1
        if junk > MAX_JUNK_BYTES:
            raise too_many("bytes of junk between JPEG segments", MAX_JUNK_BYTES)
        if position >= len(data):
            return _cut_off(data, scans)
        marker = data[position]
        position += 1
        segments += 1
        if segments > MAX_JPEG_SEGMENTS:
            raise too_many("JPEG segments", MAX_JPEG_SEGMENTS)
        if marker == _END:
            complete = scans.count > 0 and (not scans.progressive or scans.fine)
            passes = scans.coarse and scans.detailed
            return FileStructure(
                frames=1,
                complete=complete,
                pixels_end=len(data),
                whole_passes=passes,
                pixel_bytes=SEVERAL_SCANS_PIXEL_BYTES,
            )
        if marker in _WITHOUT_LENGTH or marker == 0:
            continue
        if marker == _APP1 and data.startswith(b"Exif", position + 2):
            exif_segments += 1
            if exif_segments > MAX_JPEG_EXIF_SEGMENTS:
                raise too_many("JPEG EXIF segments", MAX_JPEG_EXIF_SEGMENTS)
        if position + 2 > len(data):
            return _cut_off(data, scans)
        size = max(2, int.from_bytes(data[position : position + 2]))
        body = data[position : position + size] if marker in _FRAMES or marker == _SCAN else b""
        position += size
        if marker in _FRAMES:
            scans.frame(marker, body)
        elif marker == _SCAN:
            scans.count += 1
            found = MARKER_AFTER_SCAN.search(data, position)
            if scans.is_single(body):  # libjpeg reads no other, whatever follows
                return _single_scan(data, position, found.start() if found else None, scans)
            if scans.count > MAX_JPEG_SCANS:
                raise too_many("scans in a JPEG", MAX_JPEG_SCANS)
            if found is None:
                scans.end = len(data) if position <= len(data) else scans.end
                return _cut_off(data, scans)
            scans.ended(body, found.start())
            position = found.start()


def _single_scan(data: bytes, start: int, end: int | None, scans: _Scans) -> FileStructure:
    complete = end is not None and data.find(END_MARKER, end) >= 0
    if not scans.sequential:  # arithmetic coding, which libjpeg decodes only with all data
        return FileStructure(frames=1, complete=complete, pixels_end=len(data), pixel_bytes=SEVERAL_SCANS_PIXEL_BYTES)
    pixels_end = _end_of_data(data) if end is None else end
    return FileStructure(frames=1, complete=complete, pixels_end=max(start, pixels_end), row_by_row=True)


def _cut_off(data: bytes, scans: _Scans) -> FileStructure:
    """A file that was cut off in a scan or between two: what follows the last scan is left out."""
    passes = scans.coarse and scans.detailed and scans.end is not None
    return FileStructure(
        frames=1,
        complete=False,
        pixels_end=min(_end_of_data(data), scans.end or len(data)),
        whole_passes=passes,
        pixel_bytes=SEVERAL_SCANS_PIXEL_BYTES,
    )


def _end_of_data(data: bytes) -> int:
    """Where a file that was cut off ends: an interrupted download may be filled up with zeros."""
    return len(data.rstrip(b"\0")) if data.endswith(b"\0") else len(data)


class PartialJpeg(JpegImagePlugin.JpegImageFile):
    """A JPEG whose rows are decoded until its data ends.

    Raises OSError from `load`, as Pillow does, for a file that was cut off before its pixels showed anything.
    """

    def __init__(self, source: BytesIO, structure: FileStructure) -> None:
        super().__init__(source)
        self._structure = structure
        self._steps = [END_MARKER, PADDING] if structure.row_by_row else [END_MARKER] * structure.whole_passes
        self._before_end: ImagingCore | None = None

    def load_read(self, read_bytes: int) -> bytes:
        """The next bytes for the decoder: the data of the pixels, then padding, then an end marker."""
        assert self.fp is not None and self._structure.pixels_end is not None
        left = self._structure.pixels_end - self.fp.tell()
        if data := self.fp.read(min(read_bytes, left)) if left > 0 else b"":
            return data
        if not self._steps:
            return b""
        step = self._steps.pop()
        if step is END_MARKER and self._structure.row_by_row and self._last_row_is_empty():
            self._before_end = self.im.copy()
        return step

    def _last_row_is_empty(self) -> bool:
        """Rows come from top to bottom, into memory that is zero. A black last row is only looked at more closely."""
        width, height = self.im.size
        row = self.im.crop((0, height - 1, width, height))
        return (row.getband(0) if self.mode == "YCbCr" else row).getbbox() is None

    @property
    def has_luma(self) -> bool:
        """Whether the file holds luminance and two colours, as nearly all do, by the rules of libjpeg."""
        if self.mode != "RGB":
            return False
        if "jfif" in self.info:
            return True
        if "adobe" in self.info:
            return self.info.get("adobe_transform") != 0
        return tuple(layer[0] for layer in self.layer) != (82, 71, 66)  # the letters R, G and B

    @property
    def is_whole(self) -> bool:
        """Whether the loaded picture has its last row, and this row is not black: surely no row is missing."""
        return self._before_end is None and not self._last_row_is_empty()

    def complete_rows(self) -> int:
        """How many rows of the loaded picture are in the file; the rows below them show nothing of it."""
        if self._before_end is None:
            return self.height
        changed = self.im.chop_difference(self._before_end).getbbox()
        return changed[1] if changed else self.height
