"""The fingerprint stage compiles all kernels before it gets partitions, since one decode has no time for it."""

from __future__ import annotations

import os
import subprocess
import sys

WARM_UP_THEN_FINGERPRINT = """
import sys
from streams.stages.fingerprint.warm_up import warm_up
from tests.support.films import film
from tests.support.media import PHOTOS, encode, jpeg, photo
from streams.domain import fingerprint_image, fingerprint_video

def compiled():
    rooms = [room for name, room in sys.modules.items() if name.startswith("streams.domain.")]
    kernels = {id(each): each for room in rooms for each in vars(room).values() if hasattr(each, "signatures")}
    stats = [each.stats for each in kernels.values()]
    return sum(sum((*each.cache_misses.values(), *each.cache_hits.values())) for each in stats), len(kernels)

warm_up()
before = compiled()
for name in PHOTOS:
    for level in ("plain", "standard", "deep"):
        fingerprint_image(jpeg(name), level=level)
        fingerprint_image(encode(photo(name, (90, 300)), "PNG"), level=level)
fingerprint_video(film(3, 6.0, size=(240, 136)).read_bytes())
print(before[1] > 20, compiled()[0] - before[0])
"""


def test_fingerprinting_compiles_nothing_after_the_warm_up() -> None:
    """Nor does it load what another process compiled: on a new machine, none has."""
    command = [sys.executable, "-c", WARM_UP_THEN_FINGERPRINT]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    assert answer.stdout.split() == ["True", "0"]
