"""What the test that kills workers publishes: submissions in both lanes, most of them copies, moderation events about
them, and hash lists of them. A function of the seed.
"""

from __future__ import annotations

import random
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import imagehash
import orjson
from PIL import Image, ImageOps

from streams.kafka.topics import BULK_SUBMISSIONS, SUBMISSIONS, VERDICTS
from tests.reference.deployment import Published
from tests.support.films import cached_file, film
from tests.support.media import encode, noise
from tests.support.videos import ALTERATIONS, decoded

EXACT_ONLY = "fast"
LIBRARY = "known"
"""A reference collection: most of its submissions are probes."""
CONTENTS = 120
FILMS = 3
ALTERED = ("h264_low", "mirrored", "letterboxed", "clip_50", "compilation", "faster_5")
SOURCES = (("person", "ann"), ("person", "bob"), ("list", "known"), ("model", "m1"), ("model", "m2"), ("rule", "size"))


def pictures(seed: int, folder: Path) -> list[tuple[bytes, Path]]:
    """Small pictures as bytes and as files: a third of them originals, the rest altered copies of the originals."""
    rng = random.Random(seed)
    found: list[tuple[bytes, Path]] = []
    for number in range(CONTENTS):
        picture = altered(noise((120, 90), seed % 1_000_000 * CONTENTS + number // 3), rng if number % 3 else None)
        data = encode(picture, rng.choice(["PNG", "JPEG"]))
        path = folder / f"{number}.img"
        path.write_bytes(data)
        found.append((data, path))
    rng.shuffle(found)
    return found


def films() -> list[tuple[bytes, Path]]:
    """Small films, altered copies and stills of them, as bytes and as files."""
    paths = []
    for number in range(FILMS):
        original = film(number, 8.0, size=(160, 90), fps=12)
        paths += [original, *(ALTERATIONS[name].apply(original) for name in ALTERED)]
        for at_s, still in decoded(original):
            if at_s >= 3:
                paths.append(cached_file(f"{original.stem}-still.png", still.save))
                break
    return [(path.read_bytes(), path) for path in paths]


def altered(picture: Image.Image, rng: random.Random | None) -> Image.Image:
    """The picture unchanged, or smaller, mirrored, turned, cropped or in a border."""
    if rng is None:
        return picture
    width, height = picture.size
    return rng.choice(
        (
            lambda: picture.resize((width // 2, height // 2)),
            lambda: ImageOps.mirror(picture),
            lambda: picture.transpose(Image.Transpose.ROTATE_90),
            lambda: ImageOps.crop(picture, width // 20),
            lambda: ImageOps.expand(picture, 12, fill="white"),
        )
    )()


def submissions(count: int, seed: int, folder: Path) -> list[Published]:
    """Copies, copies of copies, several collections, both lanes, files by reference, repeated and invalid records; and
    what is said about them."""
    rng = random.Random(seed)
    pool, shown = pictures(seed, folder), films()
    found: list[Published] = []
    for number in range(count):
        collection, dice = rng.choice(["shop", "shop", "wiki", "tiny", LIBRARY, EXACT_ONLY]), rng.random()
        if dice < 0.04:
            found.append(list_event(number, collection, [data for data, _ in pool], rng))
        elif dice < 0.18:
            found.append(moderation_event(number, collection, [data for data, _ in (*pool, *shown)], count, rng))
        elif dice < 0.22 and found:
            again = rng.choice(found)
            is_submission = again.topic != VERDICTS
            found.append(replace(again, topic=lane(rng)) if is_submission else again)
        else:
            which = pool[int(rng.random() ** 2 * CONTENTS)] if rng.random() < 0.85 else rng.choice(shown)
            found.append(submission(number, collection, which, count, rng))
    found[count // 4 : count // 4] = listed_media(seed)
    return found


def listed_media(seed: int) -> list[Published]:
    """A list of two hashes, and media with these hashes. No other event is about them: every run has such hits."""
    rng = random.Random(seed)
    exact, near = (noise((120, 90), seed % 1_000_000 * CONTENTS + CONTENTS // 2 + number) for number in range(2))
    media = [encode(exact, "PNG"), encode(near, "JPEG")]
    entries = [
        {"algorithm": "sha256", "hash": sha256(media[0]).hexdigest()},
        {"algorithm": "phash64", "hash": str(imagehash.phash(near)), "bits": 8},
    ]
    certain = {"list_name": "sure", "import_id": "import-0", "chunk": 0, "entries": entries, "chunks": 1}
    certain |= {"status": "blocked", "negative": False, "perceptual": "entry", "quarantine_after": 50}
    found = []
    for event in ("list_entries", "list_effective"):
        made = list_event(0, "shop", media, rng)
        body = orjson.dumps({**orjson.loads(made.value), **certain, "event": event})
        found.append(replace(made, key=b"shop/sure", value=body, headers=(("ce_id", event.encode()), made.headers[1])))
    for number, medium in enumerate(media):
        name = f"listed-{number}".encode()
        headers = (("ce_id", name), ("ce_source", b"test"), ("ce_subject", name), ("ce_collection", b"shop"))
        found.append(Published(name, medium, (*headers, ("content-type", b"image/png"))))
    return found


def lane(rng: random.Random) -> str:
    return BULK_SUBMISSIONS if rng.random() < 0.25 else SUBMISSIONS


def submission(number: int, collection: str, which: tuple[bytes, Path], count: int, rng: random.Random) -> Published:
    """A medium by its bytes or by reference, of a media id of its own or another's; or what is none."""
    (data, path), topic = which, lane(rng)
    media_id = f"m{rng.randrange(count)}" if rng.random() < 0.2 else f"m{number}"
    event = [("ce_id", f"{number}".encode()), ("ce_source", b"test"), ("ce_subject", media_id.encode())]
    event += [("ce_collection", collection.encode())]
    is_reference = collection == LIBRARY and rng.random() < 0.4
    event += [("ce_reference", b"true")] if is_reference else []
    key, by_bytes = media_id.encode(), (*event, ("content-type", b"image/png"))
    dice = rng.random()
    if dice < 0.70:
        return Published(key, data, by_bytes, topic=topic)
    if dice < 0.92:
        document = {"media_id": media_id, "collection": collection, "url": path.as_uri(), "reference": is_reference}
        body = orjson.dumps(document)
        return Published(key, body, tuple(event), topic=topic)
    if dice < 0.95:
        return Published(key, rng.randbytes(300), by_bytes, topic=topic)
    if dice < 0.98:
        body = orjson.dumps({"media_id": media_id, "collection": "Not A Name", "url": "https://example.com/x"})
        return Published(key, body, tuple(event), topic=topic)
    return Published(None, b"{ no json", (), answered=False, topic=topic)


def moderation_event(number: int, collection: str, known: list[bytes], count: int, rng: random.Random) -> Published:
    """What one of six says about a medium, a content or two contents of the run, which may come later or never."""
    one, other = (f"sha256:{sha256(data).hexdigest()}" for data in rng.sample(known, 2))
    kind, name = rng.choice(SOURCES)
    says = ["verdict", "verdict", "verdict", "verdict", "withdrawal", "deletion", "split", "merge", "undo"]
    event = rng.choice(says[:6] if collection == EXACT_ONLY else says)
    by_medium = rng.random() < (0.8 if event == "deletion" else 0.5)
    by_content = not by_medium or collection == EXACT_ONLY or (event == "deletion" and rng.random() < 0.3)
    subject = one if by_content else f"m{rng.randrange(count)}"
    document = {
        "event": event,
        "collection": collection,
        "content_id": one if by_content else None,
        "media_id": None if by_content and not by_medium else subject if by_medium else f"m{rng.randrange(count)}",
        "other_content_id": other,
        "by": {"kind": kind, "name": name, "version": rng.choice((None, "2"))},
        "status": rng.choice(("allowed", "review", "blocked")),
        "labels": [{"name": "weapon", "score": 0.5}] if rng.random() < 0.3 else [],
        "scope": rng.choice(("group", "group", "content")),
    }
    headers = (("ce_id", f"e{number}".encode()), ("ce_source", b"test"))
    return Published(subject.encode(), orjson.dumps(document), headers, answered=False, topic=VERDICTS)


def list_event(number: int, collection: str, known: list[bytes], rng: random.Random) -> Published:
    """Entries of a hash list, the event that makes them effective, the end of a list, or the release of an entry."""
    event = rng.choice((*("list_entries",) * 4, *("list_effective",) * 4, "list_drop", "list_release"))
    name = rng.choice(("bad", "bad", "never"))
    entries = [list_entry(rng.choice(known), rng) for _ in range(rng.randrange(2, 12))]
    document = {
        "event": event,
        "collection": collection,
        "list_name": name,
        "by": {"kind": "person", "name": "ann"},
        "import_id": f"import-{rng.randrange(2)}",
        "chunk": rng.choice((0, 0, 0, 1)),
        "entries": entries,
        "chunks": rng.choice((1, 1, 1, 2)),
        "version": rng.choice(("1", "2")),
        "status": rng.choice(("blocked", "allowed")),
        "negative": name == "never",
        "perceptual": rng.choice(("review", "entry")),
        "quarantine_after": rng.choice((1, 50)),
        "algorithm": entries[0]["algorithm"],
        "hash": entries[0]["hash"],
    }
    headers = (("ce_id", f"l{number}".encode()), ("ce_source", b"test"))
    key = f"{collection}/{name}".encode()
    return Published(key, orjson.dumps(document), headers, answered=False, topic=VERDICTS)


def list_entry(data: bytes, rng: random.Random) -> dict[str, Any]:
    """A hash of a picture of the run."""
    if rng.random() < 0.4:
        return {"algorithm": "sha256", "hash": sha256(data).hexdigest()}
    with Image.open(BytesIO(data)) as picture:
        return {"algorithm": "phash64", "hash": str(imagehash.phash(picture)), "bits": rng.choice((2, 8))}
