"""Compiles the kernels that deciding uses, by deciding about made-up media; needed once in every process."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from streams.domain.evidence.evidence import EDGE, Evidence, Thumbnail, pack_evidence
from streams.domain.evidence.judge import judge
from streams.domain.evidence.paper.cells import CELL_COLUMNS, CELL_ROWS
from streams.domain.evidence.paper.page import Page, pack_page
from streams.domain.evidence.paper.transform import FULL_INK
from streams.domain.evidence.thumbnail import SIDE, encode_thumbnail
from streams.domain.evidence.verify import MatchedViews
from streams.domain.evidence.words.words import Words, pack_words
from streams.domain.hashes.algorithms import FRAMES_HASH, VIEWS_HASH
from streams.domain.hashes.frames import FRAME_ENTRY, pack_frames
from streams.domain.hashes.packing import CANONICAL, ENTRY, pack_entries
from streams.domain.hashes.views import FULL
from streams.domain.match.batch import MatchInput
from streams.domain.match.decide import decide
from streams.domain.match.indexes import CollectionIndexes
from streams.domain.policy.policy import DAY_MS, Policy
from streams.domain.records import Fingerprint, MediaFacts, Origin, VideoFacts
from streams.domain.state.keys import CONTENT_PREFIX, FRAMES_PREFIX

MOMENTS = 4
POLICY = Policy.of(retention_days=1, appears_in=True)
FILM = VideoFacts(float(MOMENTS), "h264", 25.0, 0, "file", "everything", 1, 1, 0.0, [])


class _State(dict[bytes, bytes]):
    """A state in memory."""

    def load(self, keys: Iterable[bytes]) -> None:
        """All keys are in memory."""

    def put(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            self.pop(key, None)
        else:
            self[key] = value

    def scan_current(self, prefix: bytes, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        return iter(sorted((key, value) for key, value in self.items() if key.startswith(prefix) and key > after))

    def indexes(self) -> CollectionIndexes:
        indexes, entries = CollectionIndexes(), sorted(self.items())
        indexes.load(
            [entry for entry in entries if entry[0].startswith(CONTENT_PREFIX)],
            [entry for entry in entries if entry[0].startswith(FRAMES_PREFIX)],
        )
        return indexes


def warm_up() -> None:
    """Compile the kernels, or load them if an earlier process has compiled them. Partitions need not wait for it then.

    Takes half a minute on a machine that has never run this version, else half a second.
    """
    state = _State()
    indexes = state.indexes()
    for day in (0, 2):  # by day 2, all contents of day 0 have expired
        copies = [_match_input(2 * number + day, kind, day) for number in range(2) for kind in ("image", "video")]
        decide([*copies, *copies], state, indexes)
        indexes = state.indexes()
    ink = np.random.default_rng(0).integers(0, FULL_INK + 1, (SIDE // 2, SIDE // 2), np.uint8)
    places = np.ones((len(ink) // CELL_ROWS, len(ink) // CELL_COLUMNS), np.bool_)
    page = replace(
        _textured(), page=pack_page(Page((0, 0, EDGE, EDGE), ink)), words=pack_words(Words(False, places, ink))
    )
    assert page.words
    judge(page, page, [MatchedViews(FULL, 0, FULL, 0)], 0, 0)


def _match_input(number: int, kind: str, day: int) -> MatchInput:
    hashes = {VIEWS_HASH: pack_entries(_entries())}
    facts = MediaFacts(f"sha256:{number:064x}", "image", "png", 1, 1, 1, 1, 1.0, hashes, evidence=_evidence())
    if kind == "video":
        hashes = {FRAMES_HASH: pack_frames(_frames(40 if number % 4 else 0))}
        facts = MediaFacts(f"sha256:{number + 1:064x}", "video", "mp4", 1, 1, 1, 1, 1.0, hashes, FILM)
    submission = f"{kind}-{number}-{day}"
    fingerprint = Fingerprint(
        submission, 0, submission, "warm", "auto", "", "", Origin("", 0, 0), facts, None, policy=POLICY
    )
    return MatchInput.of(fingerprint, 1 + day * DAY_MS)


def _entries() -> np.ndarray:
    entries = np.zeros(1, ENTRY)
    entries["orientation"] = CANONICAL
    return entries


def _evidence() -> str:
    return b64encode(pack_evidence(_textured())).decode()


def _textured() -> Evidence:
    """Of a picture with texture, whose copy is verified to the end."""
    pixels = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE), np.uint8)
    whole = Thumbnail(FULL, (0, 0, EDGE, EDGE), encode_thumbnail(pixels))
    return Evidence(1, 1, (whole,))


def _frames(bits: int) -> np.ndarray:
    """The frames of a film (0 bits), or of a film whose frames differ from its frames by `bits`."""
    frames = np.zeros(MOMENTS, FRAME_ENTRY)
    frames["hash256"][:, 0] = (1 << bits) - 1
    frames["orientation"], frames["quality"] = CANONICAL, 255
    frames["hash64"] = np.arange(MOMENTS, dtype=np.uint64) * np.uint64(0x0F0F0F0F0F0F0F0F)
    frames["from_ms"], frames["to_ms"] = np.arange(MOMENTS) * 1000, np.arange(MOMENTS) * 1000 + 1000
    return frames


if __name__ == "__main__":
    warm_up()
