"""How large thumbnails are, and what they are called."""

from __future__ import annotations

from typing import Final

SIZES: Final = (150, 300, 600)
"""The longer side of a thumbnail in pixels, unless the picture is smaller."""

MAX_FILE_BYTES: Final = 4 << 20

PREVIEW: Final = "preview.jpg"
"""The picture in the largest size, as JPEG: thumbnails in WebP are made of it when somebody first asks for them."""

STRIP: Final = "strip"
"""Frames of a video side by side."""

STRIP_FRAMES: Final = 9
STRIP_SIDE: Final = 150
"""The longer side of one of the frames in a strip."""
