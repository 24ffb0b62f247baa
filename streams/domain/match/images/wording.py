"""Sentences about two pictures: what a copy has that the known picture has not, or why it is no copy.

Pure text from the fields of a match. Words for outcomes and failures are in services/wording.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from streams.domain.hashes.transformation import describe_transformation

SAME, OTHER, BEYOND, NOTHING = "=", "x", "+", "."
"""Blocks of `Match.map`: the same, something else, beyond the known picture, nothing to see."""

MAX_REGIONS: Final = 3
"""So many regions that differ are named; of more, only the largest."""

SMALL_BLOCKS, LARGE_BLOCKS = 2, 13
"""A region of at most so many blocks is small; from so many on it is large."""

MIN_STRIP_WIDTH, MAX_STRIP_HEIGHT = 5, 2
"""In blocks: a region of this shape is a strip, such as a caption."""

_SIDES: Final = ("at the top", "at the bottom", "on the left", "on the right")
_PLACES: Final = (
    ("in the top left", "at the top", "in the top right"),
    ("on the left", "in the middle", "on the right"),
    ("in the bottom left", "at the bottom", "in the bottom right"),
)

_BESIDE: Final = [(down, across) for down in (-1, 0, 1) for across in (-1, 0, 1)] + [(0, -2), (0, 2)]

Block = tuple[int, int]
"""Row and column in the map."""


class _Region(NamedTuple):
    """Blocks that touch each other and differ."""

    blocks: list[Block]
    height: int
    width: int
    place: str

    @property
    def in_words(self) -> str:
        if self.width >= MIN_STRIP_WIDTH and self.height <= MAX_STRIP_HEIGHT:
            return f"a strip {self.place}"
        size = len(self.blocks)
        sized = "a small part" if size <= SMALL_BLOCKS else "a large part" if size >= LARGE_BLOCKS else "a part"
        return f"{sized} {self.place}"


def match_in_sentence(
    transformation: str,
    confidence: str,
    rows: Sequence[str] = (),
    differs: float | None = None,
    *,
    score: int | None = None,
    needed_score: int = 0,
    bits: str = "",
) -> str:
    """What a match is, for people: `The same picture, cropped, but a small part in the top left differs (2 % of it).`

    Args:
        transformation: code of how the known picture became the copy; see `streams.domain.hashes.transformation`.
        confidence: of the match; empty for a match that hashes alone decided.
        rows: `Match.map`; empty without evidence.
        differs: `Match.differs`.
        score: `Match.score`; named where it is below `needed_score`.
        needed_score: from which on the evidence is certain.
        bits: the distance of the hashes in words; named where they alone speak.
    """
    if confidence == "exact":
        return "The same bytes."
    added, other = _added_in_words(rows), _other_in_words(rows)
    change = _without_vague_parts(transformation, is_added=bool(added), is_other=bool(other))
    changed = "" if change == "none" else f", {describe_transformation(change)}"
    share = f" ({percent_of_picture(differs)} of it)" if differs else ""
    what = f"{changed}{added and f', with {added}'}{other and f', but {other}'}{share}"
    of_bits = f": {bits}" if bits else ""
    match confidence:
        case "certain":
            return f"The same picture{what}."
        case "likely":
            doubt = "there is too little to see to be sure, or colours or words are others"
            if score is not None and score < needed_score:
                doubt = f"the detail agrees less than in a copy (score {score}, {needed_score} needed)"
            elif added or other:
                doubt = "a person should look"
            return f"Perhaps the same picture{what}: {doubt}."
        case "unverified":
            return (
                f"Perhaps the same picture{what}{of_bits}. "
                "Only their hashes were compared, since there is no evidence of one of the two."
            )
    return f"The same picture{what}{of_bits}."


def refusal_in_words(score: int, needed_score: int, differs: float = 0.0, *, max_differs: float = 1.0) -> str:
    """Why two pictures with near hashes are no copies: `the same outline, the detail differs (score 212, 490 needed)`.

    Args:
        score: of their evidence.
        needed_score: from which on the evidence is certain.
        differs: the share of the submitted picture that is not the known one.
        max_differs: of the policy.
    """
    needed = f"(score {score}, {needed_score} needed)"
    if score == 0:
        return f"alike at a glance, but they cannot be laid on each other {needed}"
    if score < needed_score:
        return f"the same outline, the detail differs {needed}"
    if differs > max_differs:
        share, most = percent_of_picture(differs), percent_of_picture(max_differs)
        return f"only a part is the same, and {share} of the picture differs ({most} may)"
    return f"the same shapes, with too little to see in them or with something else (score {score})"


def percent_of_picture(share: float) -> str:
    """`6 %`; less than 1 is rounded up, so that 0 % means nothing."""
    percent = round(100 * share)
    return f"{max(percent, 1) if share > 0 else 0} %"


def _without_vague_parts(transformation: str, *, is_added: bool, is_other: bool) -> str:
    """The transformation without the parts that the map says better."""
    vague = {"retouched"} if is_other else set()
    if is_added:
        vague |= {"extended"}
    return "+".join(part for part in transformation.split("+") if part not in vague) or "none"


def _added_in_words(rows: Sequence[str]) -> str:
    """What lies beyond the known picture: `a strip added at the bottom, such as a caption`; empty if nothing does."""
    if not _blocks(rows, BEYOND):
        return ""
    sides = _added_sides(rows)
    match len(sides):
        case 0:
            return f"{_regions(_blocks(rows, BEYOND))[0].in_words} added"
        case 4:
            return "other surroundings"
        case 1 if sides[0] in _SIDES[:2]:
            return f"a strip added {sides[0]}, such as a caption"
    return f"something added {_joined(sides)}"


def _other_in_words(rows: Sequence[str]) -> str:
    """The differences from the known picture: `a part on the left differs`; empty if all is."""
    other = _blocks(rows, OTHER)
    if not other:
        return ""
    if len(other) > len(_blocks(rows, SAME)):
        return "most of it differs"
    regions = _regions(other)
    if len(regions) > MAX_REGIONS:
        return f"several parts differ, the largest {regions[0].place}"
    if len(regions) > 1:
        return f"{_joined([region.in_words for region in regions])} differ"
    strip = regions[0].in_words.startswith("a strip")
    return f"{regions[0].in_words} differs{', such as a caption' if strip else ''}"


def _added_sides(rows: Sequence[str]) -> list[str]:
    """The sides at which nothing is of the known picture, and something can be seen."""
    columns = ["".join(column) for column in zip(*rows, strict=True)]
    outermost = (rows[0], rows[-1], columns[0], columns[-1])
    is_added = [BEYOND in line and SAME not in line and OTHER not in line for line in outermost]
    return [side for side, added in zip(_SIDES, is_added, strict=True) if added]


def _regions(blocks: Iterable[Block]) -> list[_Region]:
    """Blocks that touch each other, also at corners, in one region; the largest region first.

    In a row, a gap of one block parts nothing: letters of a caption may leave a block as it was.
    """
    left, regions = set(blocks), []
    while left:
        waiting = [min(left)]
        left.discard(waiting[0])
        found: list[Block] = []
        while waiting:
            row, column = waiting.pop()
            found.append((row, column))
            beside = {(row + down, column + across) for down, across in _BESIDE} & left
            left -= beside
            waiting += beside
        regions.append(_region(sorted(found)))
    return sorted(regions, key=lambda region: (-len(region.blocks), region.blocks))


def _region(blocks: list[Block]) -> _Region:
    rows, columns = [row for row, _ in blocks], [column for _, column in blocks]
    height, width = max(rows) - min(rows) + 1, max(columns) - min(columns) + 1
    across = 1 if width >= MIN_STRIP_WIDTH else _third(columns)
    down = 1 if height >= MIN_STRIP_WIDTH else _third(rows)
    return _Region(blocks, height, width, _PLACES[down][across])


def _third(places: Sequence[int]) -> int:
    """In which third of the 8 rows or columns their middle lies."""
    twice_middle = min(places) + max(places)
    return 0 if twice_middle < 5 else 2 if twice_middle > 9 else 1


def _blocks(rows: Sequence[str], state: str) -> list[Block]:
    return [(down, across) for down, row in enumerate(rows) for across, found in enumerate(row) if found == state]


def _joined(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`"""
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)
