"""The match stage compiles all kernels before it gets partitions."""

from __future__ import annotations

import os
import subprocess
import sys

WARM_UP_THEN_DECIDE = """
import random
from streams.domain.hamming import build, insert, search
from streams.domain.match.images import kernel as image_kernel, slot_table
from streams.domain.match.videos import kernel as video_kernel, shared_captions
from streams.domain.match.videos.alignment import time_mapping
from streams.stages.match.warm_up import warm_up
from tests.support.partition import Partition
from streams.domain.match.batch import MatchInput
from tests.support.picture_streams import submission
from tests.support.video_streams import stream

def compiled():
    rooms = (build, insert, search, image_kernel, slot_table, video_kernel, shared_captions, time_mapping)
    kernels = {id(each): each for room in rooms for each in vars(room).values() if hasattr(each, "signatures")}
    return sum(len(each.signatures) for each in kernels.values())

warm_up()
before = compiled()
rng, partition, outcomes = random.Random(7), Partition(), set()
for part in range(3):
    pictures = [MatchInput.of(submission(100 * part + n, rng, 0), 100_000_000 * part + n) for n in range(100)]
    for batch in (pictures, stream(part, 60)):
        outcomes |= {(answer.outcome, b"segments" in answer.value) for answer in partition.decide(batch)}
    partition = Partition(sorted(partition.items()))
print(before > 0, compiled() - before, ("near_duplicate", True) in outcomes)
"""


def test_deciding_compiles_nothing_after_the_warm_up() -> None:
    command = [sys.executable, "-c", WARM_UP_THEN_DECIDE]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    assert answer.stdout.split() == ["True", "0", "True"]
