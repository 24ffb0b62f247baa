"""Pictures that take as much memory as is allowed, and decoding processes that die."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.floods.conftest import ALLOWED_MB, JPEG, Flood, Record, media_ids, reasons
from tests.support.brokers import Namespace
from tests.support.media import encode, jpeg
from tests.support.processes import PeakMemory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

MAX_PIXELS = 40_000_000
#: What one such PNG takes at its peak, by decode.py: 8 bytes a pixel.
DECODE_MB = 8 * MAX_PIXELS / (1 << 20)


def test_pictures_at_the_pixel_limit(apache: Namespace, tmp_path: Path) -> None:
    """One is decoded at a time. Those a little larger are refused undecoded, and other partitions go on."""
    flood = Flood(apache, tmp_path, max_pixels=MAX_PIXELS)
    large, too_large = (
        encode(Image.new("RGBA", (width, 5_000), (200, 30, 40, 128)), "PNG", compress_level=1)
        for width in (8_000, 8_001)
    )
    picture = jpeg(size=(200, 150))
    at_limit = {b"limit-%d" % n for n in range(10)}
    beyond = {b"beyond-%d" % n for n in range(10)}
    others = {b"other-%d" % n for n in range(60)}

    def records() -> Iterator[Record]:
        for n in range(10):
            yield b"limit-%d" % n, large + b"%d" % n, n % 2, b"image/png"
            yield b"beyond-%d" % n, too_large + b"%d" % n, n % 2, b"image/png"
        for n in range(len(others)):
            yield b"other-%d" % n, picture + b"%d" % n, 2 + n % 6, JPEG

    with flood.worker() as worker, PeakMemory(worker.pid) as peak:
        flood.publish(records())
        answers = flood.answers(at_limit | beyond | others)
    assert peak.rss_mb - worker.ready_mb < ALLOWED_MB + DECODE_MB
    found = reasons(answers)
    assert {found[media_id] for media_id in at_limit | others} == {None}
    assert {found[media_id] for media_id in beyond} == {"too_many_pixels"}
    sent = media_ids(answers)
    assert min(map(sent.index, others)) < max(map(sent.index, at_limit))


def test_decoding_processes_that_are_killed_lose_nothing(flood: Flood) -> None:
    """Also the one that the others are forked from. A picture over which two of them died is answered, too."""
    picture = jpeg(size=(640, 480))
    pictures = {b"%d" % n for n in range(600)}
    done, killed = threading.Event(), list[int]()

    def kill(pid: int) -> None:
        rng = random.Random(1)
        while not done.wait(0.1):
            victims = [each for each in worker.decoders if each != pid]
            if victims:
                killed.append(rng.choice(victims))
                os.kill(killed[-1], signal.SIGKILL)

    with flood.worker() as worker:
        killer = threading.Thread(target=kill, args=(worker.pid,))
        flood.publish((b"%d" % n, picture + b"%d" % n, n % 8, JPEG) for n in range(len(pictures)))
        killer.start()
        try:
            found = reasons(flood.answers(pictures))
        finally:
            done.set()
            killer.join()
    assert killed
    assert set(found.values()) <= {None, "decoder_crashed"}
    assert list(found.values()).count("decoder_crashed") <= len(killed)
