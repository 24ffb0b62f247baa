"""Decisions as many users have them, and the dictionary that the state packs decisions with.

`python -m tests.support.typical_decisions FILE` trains a dictionary. The state reads what an earlier dictionary packed
only with that dictionary: a new one is a new file, beside the earlier ones.
"""

from __future__ import annotations

import random
import sys
import uuid
from pathlib import Path
from typing import Any, Final

import zstandard

from streams.domain.records import Decision, Match, MediaFacts, Origin
from streams.domain.records.decision import Outcome, Segment
from streams.domain.records.fingerprint import Failure, VideoFacts
from streams.domain.records.verdict import Inheritance, Label, Verdict
from streams.errors import Reason

DICTIONARY_BYTES: Final = 8 << 10
TRAINING_DECISIONS: Final = 8_000
TRAINING_SEED: Final = 1

ALTERATIONS: Final = {
    "none": "The same picture",
    "mirrored": "The same picture, mirrored left to right",
    "flipped": "The same picture, mirrored upside down",
    "rotated_90": "The same picture, turned by 90°",
    "cropped": "The same picture, cropped",
    "framed": "The same picture, with a border",
    "mirrored+cropped": "The same picture, mirrored left to right, then cropped",
}


def typical_decisions(count: int, seed: int) -> list[bytes]:
    """Decisions in JSON: new and known pictures, some videos and failures, with names of many forms."""
    chance = random.Random(seed)
    return [_decision(chance).to_json() for _ in range(count)]


def train_dictionary() -> bytes:
    """The dictionary of zstd for decisions; the same bytes from the same version of zstd."""
    samples: list[bytes | bytearray | memoryview[int]] = [*typical_decisions(TRAINING_DECISIONS, TRAINING_SEED)]
    return zstandard.train_dictionary(DICTIONARY_BYTES, samples).as_bytes()


def _hex(chance: random.Random, digits: int) -> str:
    return f"{chance.getrandbits(4 * digits):0{digits}x}"


def _uuid(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128)))


def _time(chance: random.Random) -> str:
    return (
        f"20{chance.randrange(24, 40)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}T"
        f"{chance.randrange(24):02}:{chance.randrange(60):02}:{chance.randrange(60):02}.{chance.randrange(1000):03}Z"
    )


def _medium(chance: random.Random) -> str:
    extension = chance.choice(("jpg", "png", "webp", "jpeg", "JPG", "mp4", "gif"))
    number = chance.randrange(10**9)
    return chance.choice(
        (
            _uuid(chance),
            f"{_hex(chance, 24)}.{extension}",
            f"photos/{chance.randrange(2020, 2040)}/{chance.randrange(1, 13):02}/{number}.{extension}",
            f"listing-{number}/photo-{number % 10}",
            f"user-{number}/IMG_{number % 10_000:04}.{extension}",
            f"s3://uploads/{number}/{_hex(chance, 8)}.{extension}",
            str(number),
        )
    )


def _metadata(chance: random.Random) -> dict[str, Any]:
    number = chance.randrange(10**6)
    return chance.choice(
        (
            {},
            {"owner": f"u-{number}"},
            {"user": str(number), "album": chance.choice(("summer", "winter", "default"))},
            {"uploader": f"user-{number}", "ip": f"10.{number % 256}.{number // 256 % 256}.7"},
            {"owner": str(number), "caption": chance.choice(("a red lamp", "Rome in May", "new shoes, size 42"))},
            {"tenant": f"t{number % 50}", "source": chance.choice(("web", "ios", "android", "api"))},
        )
    )


def _match(chance: random.Random, outcome: Outcome, content_id: str, *, is_video: bool, is_reused: bool) -> Match:
    known = content_id if outcome == "duplicate" else f"sha256:{_hex(chance, 64)}"
    medium, submission = _medium(chance), _submission(chance, _medium(chance))
    if outcome == "duplicate":
        return Match(known, medium, submission, known, medium, "exact", 1.0, 0, 0, "The same bytes.", "exact")
    bits, alteration = chance.randrange(90), chance.choice(tuple(ALTERATIONS))
    near = Match(
        *(known, medium, submission, known, medium, "frames" if is_video else "phash256", round(1 - bits / 256, 4)),
        *(bits, 92, f"{ALTERATIONS[alteration]}: {bits} of 256 bits differ, 92 may."),
        *("certain" if is_reused else "likely", chance.randrange(490, 1001), round(chance.random() / 4, 4)),
        candidate_distance_bits=chance.randrange(13),
        candidate_threshold_bits=12,
        transformation=alteration,
        view="full" if chance.random() < 0.7 else "centre80",
    )
    if is_video:
        to_s, known_from_s, known_to_s = (round(chance.random() * 60, 3) for _ in range(3))
        stretch = Segment(0.0, to_s, known_from_s, known_to_s, 1.0)
        near.__dict__.update(relation=chance.choice(("copy", "clip_of")), segments=[stretch], share=1.0, view="full")
        near.__dict__.update(known_share=round(chance.random(), 4))
    else:
        blocks = "=" if chance.random() < 0.5 else "=====x+."
        near.__dict__.update(map=["".join(chance.choices(blocks, k=8)) for _ in range(8)])
    return near


def _submission(chance: random.Random, medium: str) -> str:
    number = chance.randrange(10**9)
    return chance.choice((medium, _uuid(chance), f"uploads#{number}", f"media.submissions/{number % 8}/{number}"))


def _verdict(chance: random.Random, content_id: str, inherited_from: str | None) -> Verdict:
    if chance.random() < 0.6:
        return Verdict(inherited_from=inherited_from)
    by, kind = chance.choice((("ann", "person"), ("nsfw-model", "model"), ("known-bad", "list")))
    status = chance.choice(("allowed", "allowed", "review", "blocked"))
    labels = [Label(chance.choice(("nudity", "weapon", "spam")), None, round(chance.random(), 3))]
    return Verdict(
        *(status, by, chance.choice((None, "spam", "nothing against it")), _time(chance), inherited_from, kind),  # type: ignore[arg-type]
        *(chance.choice((None, "3", "2026-01")), labels if status == "blocked" else [], content_id),
    )


def _facts(chance: random.Random, content_id: str, *, is_video: bool) -> MediaFacts:
    sides = chance.choice(((1920, 1080), (640, 480), (chance.randrange(100, 5000), chance.randrange(100, 5000))))
    size_bytes, quality = chance.randrange(10_000, 9_000_000), round(chance.random(), 4)
    if not is_video:
        hashes = {"phash64:1": _hex(chance, 16), "phash256:1": _hex(chance, 64)}
        form = chance.choice(("jpeg", "jpeg", "png", "webp", "gif", "heic"))
        made = MediaFacts(content_id, "image", form, size_bytes, *sides, 1, quality, hashes)
    else:
        video = VideoFacts(
            *(round(chance.random() * 100, 3), "h264", chance.choice((25.0, 29.97, 30.0)), 0, "file", "index"),
            *(chance.randrange(10**7), chance.randrange(100), round(chance.random() * 10, 3)),
            [round(chance.random() * 100, 3) for _ in range(5)],
        )
        made = MediaFacts(content_id, "video", "mp4", size_bytes, *sides, chance.randrange(9000), quality, {}, video)
    return made.published()


def _decision(chance: random.Random) -> Decision:
    outcome = chance.choices(("unique", "duplicate", "near_duplicate", "failed"), (50, 33, 14, 3))[0]
    medium, content_id, is_video = _medium(chance), f"sha256:{_hex(chance, 64)}", chance.random() < 0.06
    collection, is_reused = chance.choice(("default", "shop", "album", "chat", "listings")), chance.random() < 0.8
    match = None
    if outcome in ("duplicate", "near_duplicate"):
        is_reused = is_reused or outcome == "duplicate"
        match = _match(chance, outcome, content_id, is_video=is_video, is_reused=is_reused)  # type: ignore[arg-type]
    group = (match.group_content_id, match.group_media_id) if match and is_reused else (content_id, medium)
    kind = chance.choice(("auto", "video" if is_video else "image"))
    action = {"unique": "process", "failed": "inspect"}.get(outcome, "reuse" if is_reused else "review")
    revision = int(chance.random() < 0.05)
    is_failed = outcome == "failed"
    decision = Decision(
        *(_uuid(chance), revision, outcome, action, collection, medium, _submission(chance, medium), 0, kind),  # type: ignore[arg-type]
        *(None if is_failed else content_id, match),
        verdict=_verdict(chance, group[0], match.group_media_id if match and is_reused else None),
        failure=Failure(chance.choice(tuple(Reason)), "the file ends at byte 4711") if is_failed else None,
        facts=None if is_failed else _facts(chance, content_id, is_video=is_video),
        metadata=_metadata(chance),
        submitted_at=_time(chance),
        fingerprinted_at=_time(chance),
        versions={"policy": f"{chance.choice(('default', collection))}:{_hex(chance, 12)}"},
        supersedes=_uuid(chance) if revision else None,
        group_content_id=None if is_failed else group[0],
        group_media_id=None if is_failed else group[1],
        origin=Origin("media.submissions", chance.randrange(32), chance.randrange(10**8)),
        inheritance=None if is_reused or match is None else Inheritance([], "review"),
    )
    for name in ("job_id", "inheritance", "probe"):
        if not getattr(decision, name):
            decision.__dict__.pop(name, None)
    return decision


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(train_dictionary())
