"""The README's picture of evidence: `python -m tests.bench.explain_picture FOLDER`.

Above two look-alikes, below a picture and an altered copy, as `mediasieve explain A B --picture …` draws them: without
the outlines and hashes, with fewer colours and pixels, to keep the file small. FOLDER has the pictures of garments.
"""

from __future__ import annotations

import os
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont, ImageOps

from streams.config.settings import load_settings
from streams.domain.policy.policy import DEFAULT_POLICY
from streams.drawing.common import MARGIN, PAPER, wrap
from streams.drawing.evidence import HEIGHT as EVIDENCE_HEIGHT
from streams.drawing.side_by_side import GRID, draw_pictures
from streams.services.explain.pictures import explain_pictures
from streams.services.media_files import read_picture

TARGET = Path(__file__).resolve().parent / "plots" / "explain-evidence.png"
WIDTH, COLOURS = 1100, 256
GARMENT, LOOK_ALIKE = "0486260d-*.jpg", "208e4ef2-*.jpg"
PADDING: Final = 24


def main() -> None:
    source = Path(sys.argv[1]).resolve()
    garment, look_alike = (next(source.glob(pattern)).read_bytes() for pattern in (GARMENT, LOOK_ALIKE))
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, data in (("shirt.jpg", garment), ("another.jpg", look_alike), ("altered.jpg", altered(garment))):
            Path(name).write_bytes(data)
        parts = [drawn("shirt.jpg", name) for name in ("another.jpg", "altered.jpg")]
        os.chdir(TARGET.parents[2])
    stacked = Image.new("RGB", (parts[0].width, sum(part.height for part in parts)), PAPER)
    stacked.paste(parts[0], (0, 0))
    stacked.paste(parts[1], (0, parts[0].height))
    small = stacked.resize((WIDTH, round(stacked.height * WIDTH / stacked.width)), Image.Resampling.LANCZOS)
    small.quantize(COLOURS, dither=Image.Dither.NONE).save(TARGET, "PNG", optimize=True)
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes")


def drawn(known: str, submitted: str) -> Image.Image:
    """The summary and the row of evidence of the drawing."""
    a, b = (read_picture(Path(name), load_settings(), DEFAULT_POLICY) for name in (known, submitted))
    explanation = explain_pictures(a, b, DEFAULT_POLICY)
    drawing = draw_pictures(explanation)
    top = drawing.height - (GRID + 130) - EVIDENCE_HEIGHT + 10
    lines = wrap(explanation.summary(), 30, drawing.width - 2 * MARGIN)
    header, evidence = (
        drawing.crop((0, 0, drawing.width, MARGIN + 64 + 42 * len(lines) + 16)),
        drawing.crop((0, top, drawing.width, top + EVIDENCE_HEIGHT + PADDING)),
    )
    part = Image.new("RGB", (drawing.width, header.height + evidence.height), PAPER)
    part.paste(header, (0, 0))
    part.paste(evidence, (0, header.height))
    return part


def altered(file: bytes) -> bytes:
    """Mirrored, with a label."""
    with Image.open(BytesIO(file)) as image:
        picture = ImageOps.mirror(image.convert("RGB"))
    pen, (width, height) = ImageDraw.Draw(picture), picture.size
    pen.rectangle((round(width * 0.5), round(height * 0.87), width, height), (255, 255, 255))
    font = ImageFont.load_default(height // 14)
    pen.text((width * 0.75, height * 0.935), "SALE -30 %", (200, 20, 60), font, anchor="mm")
    stream = BytesIO()
    picture.save(stream, "JPEG", quality=80)
    return stream.getvalue()


if __name__ == "__main__":
    main()
