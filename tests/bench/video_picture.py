"""The README's picture of two timelines: `python -m tests.bench.video_picture`.

The videos come from the demo. The drawing is that of `mediasieve explain film.mp4 film-clip.mp4 --picture …`, with
fewer colours and pixels, to keep the file small.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from PIL import Image

from streams.config.settings import load_settings
from streams.domain.policy.policy import DEFAULT_POLICY
from streams.drawing.timelines import draw_timelines
from streams.local.demo_samples import CLIP, VIDEO, write_samples
from streams.services.explain.videos import explain_videos
from streams.services.media_files import read_video

TARGET = Path(__file__).resolve().parent / "plots" / "explain-video.png"
WIDTH, COLOURS = 1200, 192


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        samples = [sample.path for sample in write_samples(Path(folder)) if sample.alteration in (VIDEO, CLIP)][:2]
        os.chdir(samples[0].parent)
        film, clip = (read_video(Path(path.name), load_settings()) for path in samples)
        drawing = draw_timelines(explain_videos(film, clip, DEFAULT_POLICY))
        os.chdir(TARGET.parents[2])
    small = drawing.resize((WIDTH, round(drawing.height * WIDTH / drawing.width)), Image.Resampling.LANCZOS)
    TARGET.parent.mkdir(exist_ok=True)
    small.quantize(COLOURS, dither=Image.Dither.NONE).save(TARGET, "PNG", optimize=True)
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
