"""The videos of the demo: photos in motion, a clip of that video in another encoding, and an unrelated video."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

SIZE = (320, 180)
FPS = 12
SCENE_S = 3.0
SCENES = 4
CLIP_S = (4.0, 9.0)
"""Begin and end of the clip, in seconds of the first video."""


def write_videos(folder: Path, photos: Sequence[Image.Image]) -> tuple[Path, Path, Path]:
    """Write a video, a clip of that video and a video of other photos below `folder`.

    Args:
        folder: made if absent.
        photos: at least two. The first half is for the first video, the second half for the other.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    film, clip, other = folder / "film.mp4", folder / "film-clip.mp4", folder / "other.mp4"
    half = max(1, len(photos) // 2)
    pictures = list(_pictures(photos[:half]))
    _encode(film, pictures, crf=20)
    _encode(clip, pictures[round(CLIP_S[0] * FPS) : round(CLIP_S[1] * FPS)], crf=32)
    _encode(other, list(_pictures(photos[half:])), crf=20)
    return film, clip, other


def _pictures(photos: Sequence[Image.Image]) -> Iterator[Image.Image]:
    """The photos one after the other, with a camera that moves over them."""
    for scene in range(SCENES):
        photo = photos[scene % len(photos)]
        scale = 1.5 * max(SIZE[0] / photo.width, SIZE[1] / photo.height)
        large = photo.resize((round(photo.width * scale), round(photo.height * scale)), Image.Resampling.BILINEAR)
        room = large.width - SIZE[0], large.height - SIZE[1]
        count = round(SCENE_S * FPS)
        for number in range(count):
            progress = number / count if scene % 2 else 1 - number / count
            left, top = round(room[0] * progress), round(room[1] * (1 - progress))
            yield large.crop((left, top, left + SIZE[0], top + SIZE[1]))


def _encode(path: Path, pictures: Sequence[Image.Image], *, crf: int) -> None:
    """Writes an MP4 file, in MPEG-4 if FFmpeg has no H.264 encoder."""
    h264 = "libx264" in av.codecs_available
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264" if h264 else "mpeg4", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        # Both make the same bytes at every run: x264's vector code reads margins that nobody wrote.
        options: dict[str, object] = {"preset": "veryfast", "crf": str(crf), "x264-params": "cpu-independent=1"}
        stream.options = dict(options if h264 else {"qmin": "4", "qmax": "8"})
        stream.codec_context.thread_count = 1
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
