"""Errors of the cheaper decoding do not accumulate from frame to frame: small pictures equal those of a full decode."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from streams.domain.fingerprint.video.container import open_container
from streams.domain.fingerprint.video.decoder import SAMPLE_SIDE
from streams.domain.fingerprint.video.ffmpeg_input import FFmpegInput
from streams.domain.fingerprint.video.limits import DEFAULT_VIDEO_LIMITS
from streams.domain.fingerprint.video.sampler import FrameSampler
from streams.domain.fingerprint.video.source import BytesVideoSource
from tests.support.films import Film, encode
from tests.support.videos import boxed, decoded

MOST_LEVELS = 1.5
"""Mean difference that a small picture may have. Without any loop filter, some differ by 6."""


def test_errors_do_not_accumulate_until_the_next_keyframe(tmp_path: Path) -> None:
    shown = map(partial(boxed, down=0.17), Film(5, 8.0).pictures((320, 180)))
    path = encode(tmp_path / "letterboxed.mp4", shown, gop=250, options={"crf": "34", "sc_threshold": "0"})
    plainly = {round(at_s * 1000): picture for at_s, picture in decoded(path)}
    file = FFmpegInput(BytesVideoSource(path.read_bytes()), DEFAULT_VIDEO_LIMITS, lambda: False)
    with open_container(file, "mp4", DEFAULT_VIDEO_LIMITS) as video:
        reading = FrameSampler(video, "mp4", DEFAULT_VIDEO_LIMITS, lambda: 0.0, all_bytes_free=True, digest=None)
        samples = list(reading.samples())
    assert len(samples) > 40
    for sample in samples:
        expected = np.asarray(plainly[sample.at_ms].convert("L").resize((SAMPLE_SIDE, SAMPLE_SIDE)), np.float32)
        assert np.abs(sample.grey.astype(np.float32) - expected).mean() < MOST_LEVELS
