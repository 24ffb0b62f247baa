"""Hashes of mirrored and turned pictures, worked out from that of the picture, beside those computed from pixels."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from streams.domain.fingerprint.image.inspection import oriented_views
from streams.domain.hashes.reoriented import reoriented_hashes
from streams.domain.hashes.views import FULL


@pytest.mark.parametrize("seed", range(5))
def test_they_are_near_those_of_the_pixels(seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 255, (11, 14, 3), dtype=np.uint8)
    written = BytesIO()
    Image.fromarray(pixels).resize((420, 330), Image.Resampling.BICUBIC).save(written, "PNG")
    views = [view for view in oriented_views(written.getvalue()) if view.view == FULL]
    computed = reoriented_hashes(views[0].hash256.to_bytes(32))
    distances = [(int.from_bytes(computed[view.orientation]) ^ view.hash256).bit_count() for view in views]
    assert distances[0] == 0
    assert max(distances) <= 40  # a candidate may have 92; other pictures have about 128
    assert np.mean(distances) <= 20
