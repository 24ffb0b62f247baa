"""Random streams of pictures for the match stage: altered copies, repeats, failures, several policies."""

from __future__ import annotations

import random
from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from streams.domain.evidence.evidence import EDGE, Evidence, Thumbnail, pack_evidence
from streams.domain.evidence.thumbnail import encode_thumbnail
from streams.domain.hashes.packing import CANONICAL, ENTRY, EXTRA_UPRIGHT, pack_entries
from streams.domain.hashes.views import FULL, views_of_level
from streams.domain.match.batch import MatchInput
from streams.domain.match.result import MatchOutput
from streams.domain.policy.policy import Policy
from streams.domain.records import Failure, Fingerprint, MediaFacts, Origin
from streams.errors import Reason
from tests.support.partition import Partition

POLICIES = (
    Policy.of(),
    Policy.of(name="plain", views="plain"),
    Policy.of(name="deep", views="deep", confirm_bits=90),
    Policy.of(name="short", retention_days=3),
    Policy.of(name="week", retention_days=7, views="plain"),
    Policy.of(name="small", hash="dhash64", radius_bits=8),
    Policy.of(name="pairs", hash="ahash256", radius_bits=8, confirm_bits=60),
    Policy.of(name="exact", near=False),
)
DAY_MS = 86_400_000


def flipped(value: int, bits: int, width: int, rng: random.Random) -> int:
    for bit in rng.sample(range(width), bits):
        value ^= 1 << bit
    return value


def picture(base: int, rng: random.Random) -> dict[str, str]:
    """Hashes of an altered picture: those of some views are some bits away from the base's hashes."""
    truth = random.Random(base)
    entries = np.zeros(0, ENTRY)
    forms = [(truth.getrandbits(64), truth.getrandbits(256)) for _ in range(3)]
    for view in views_of_level("deep"):
        hash64, hash256 = forms[view.code % 3]
        if rng.random() < 0.5 and view.code:
            continue
        for number in range(rng.choice((1, 1, 2, 3))):
            orientation = rng.randrange(8) | (CANONICAL if number == 0 else rng.choice((0, EXTRA_UPRIGHT)))
            altered64 = flipped(hash64, rng.choice((0, 2, 7, 8, 10, 11, 14)), 64, rng)
            altered256 = flipped(hash256, rng.choice((0, 30, 80, 81, 95)), 256, rng)
            packed = bytes((view.code, orientation)) + altered64.to_bytes(8) + altered256.to_bytes(32)
            entries = np.concatenate((entries, np.frombuffer(packed, ENTRY)))
    small = flipped(truth.getrandbits(64), rng.choice((0, 2, 8, 9)), 64, rng)
    large = flipped(truth.getrandbits(256), rng.choice((0, 40, 60, 61)), 256, rng)
    return {
        "phash64:1": f"{small:016x}",
        "dhash64:1": f"{small:016x}",
        "ahash64:1": f"{small:016x}",
        "ahash256:1": f"{large:064x}",
        "views:1": pack_entries(entries),
    }


@cache
def evidence(base: int, variant: int) -> str:
    """The evidence of an altered picture. The picture is the same when it is mirrored or turned, as its hashes are."""
    rng = np.random.default_rng(base)
    quarter = Image.fromarray(rng.integers(0, 256, (16, 16), np.uint8)).resize((32, 32), Image.Resampling.BICUBIC)
    pixels = np.asarray(quarter).astype(np.int64)
    pixels = (pixels + pixels.T) // 2
    pixels = np.hstack((pixels, pixels[:, ::-1]))
    pixels = np.vstack((pixels, pixels[::-1]))
    if variant == 0:
        return ""
    if variant == 1:  # too plain to tell
        pixels = np.full_like(pixels, 200)
    elif variant >= 4:  # noise, then more and more that was painted over
        pixels = pixels + np.random.default_rng(variant).integers(-4, 5, pixels.shape)
        painted = 8 * (variant - 4)
        pixels[: 2 * painted, :painted] = np.random.default_rng(variant).integers(0, 256, (2 * painted, painted))
    packed = encode_thumbnail(pixels.clip(0, 255).astype(np.uint8))
    whole = Thumbnail(FULL, (0, 0, EDGE, EDGE), packed)
    return b64encode(pack_evidence(Evidence(400, 300, (whole,)))).decode()


def facts_of(content: int) -> MediaFacts:
    """Equal bytes have equal facts."""
    digest, of_content = sha256(b"%d" % content).hexdigest(), random.Random(content)
    quality, base = of_content.choice((0.05, 0.5, 0.9, 0.9)), of_content.randrange(4)
    hashes = picture(base, of_content)
    shown = evidence(base if of_content.random() < 0.9 else 4, of_content.randrange(9))
    truth = random.Random(-base - 1).getrandbits(256)
    hashes["pdq256:1"] = f"{flipped(truth, of_content.choice((0, 10, 20, 30)), 256, of_content):064x}"
    hashes["pdq_quality:1"] = of_content.choice(("100", "100", "40"))
    if content % 3:
        hashes["md5"] = digest[:32]
    return MediaFacts(f"sha256:{digest}", "image", "png", 9, 4, 3, 1, quality, hashes, evidence=shown)


def submission(offset: int, rng: random.Random, seed: int) -> Fingerprint:
    """One of a few submissions, contents and bases, so that all kinds of repetition occur."""
    number, content = rng.randrange(40), 25 * seed + rng.randrange(25)
    facts = None
    if rng.random() < 0.95:
        facts = facts_of(content)
    return Fingerprint(
        submission_id=f"s#{number}",
        attempt=rng.choice((0, 0, 0, 1)),
        media_id=f"m{number}",
        collection=rng.choice(("shop", "album") if seed % 2 else ("shop",)),
        kind="auto",
        submitted_at="2026-01-01T00:00:00.000Z",
        fingerprinted_at="2026-01-01T00:00:01.000Z",
        origin=Origin("media.submissions", 0, offset),
        facts=facts,
        failure=None if facts else Failure(Reason.NOT_MEDIA, "text"),
        policy=rng.choice(POLICIES if rng.random() < 0.3 else POLICIES[:1]),
    )


def stream(seed: int, length: int, max_gap_ms: int = DAY_MS) -> list[MatchInput]:
    """Records as Kafka delivers them: up to `max_gap_ms` apart, and sometimes out of order."""
    rng = random.Random(seed)
    time_ms, inputs = 0, []
    for offset in range(length):
        time_ms += rng.choice((1, 1_000, max_gap_ms // 3, max_gap_ms, -max_gap_ms // 5))
        record = submission(offset, rng, seed)
        inputs.append(MatchInput.of(Fingerprint.from_json(record.to_json()), time_ms))
    return inputs


def values(answers: Iterable[MatchOutput]) -> list[bytes]:
    return [answer.value for answer in answers]


def batches(inputs: list[MatchInput], rng: random.Random) -> Iterator[list[MatchInput]]:
    while inputs:
        size = rng.choice((1, 2, 5, 20))
        yield inputs[:size]
        inputs = inputs[size:]


def check_crash(inputs: list[MatchInput], rng: random.Random, data: st.DataObject) -> None:
    """A worker is killed after `killed_at` records, `committed` of which are committed.

    The changelog has some of the writes in between. Then either the same worker continues with its local state, or
    another worker with the state of the changelog. The uncommitted records span less time than any retention: an
    expired decision cannot be repeated.
    """
    killed_at = data.draw(st.integers(0, len(inputs)))
    committed = data.draw(st.integers(0, killed_at))
    truth = Partition()
    expected = values(truth.decide(inputs))
    local = Partition()
    for batch in batches(inputs[:committed], rng):
        local.decide(batch)
    durable = len(local.log)
    for batch in batches(inputs[committed:killed_at], rng):
        local.decide(batch)
    in_changelog = local.log[: data.draw(st.integers(durable, len(local.log)))]
    for changes in (local.log, in_changelog):
        successor = Partition(changes)
        again = [answer for batch in batches(inputs[committed:], rng) for answer in successor.decide(batch)]
        assert values(again) == expected[committed:]
        assert dict([*in_changelog, *successor.log]) == dict(truth.log)
