"""Two videos held against each other: what is the same, moment by moment, and what it comes to.

As matching decides it if only one of them were known, for people who ask why. Pictures are compared in comparing.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from streams.domain.contents import FOR_EVER_MS, Content
from streams.domain.deciding import exact_match
from streams.domain.hashed import duration_ms, hashed
from streams.domain.policy import Policy
from streams.domain.records import Match, MediaFacts
from streams.domain.steps import Lookup
from streams.domain.turns import NAMES, between
from streams.domain.video_contents import Compared, VideoContents
from streams.domain.video_deciding import video_match
from streams.domain.video_voting import Run
from streams.domain.views import VIEWS


@dataclass(frozen=True, slots=True)
class MomentPair:
    """A moment of the submission that looks like one of the known video, through one view of each.

    Times are when either begins to be shown, in ms from the first frame. `turn` is what was done to the known moment.
    `votes` says that the pair lies on one of the lines that the two videos are aligned by.
    """

    at_ms: int
    known_at_ms: int
    view: str
    known_view: str
    turn: str
    near_bits: int
    confirm_bits: int
    votes: bool


@dataclass(frozen=True, slots=True)
class VideoComparison:
    """What two videos have in common.

    `match` is what a decision would have, None if it would have none; `runs` are all parts that are the same, those
    that are too little for a match as well, and `pairs` what they rest on, in the order of the submission.
    """

    match: Match | None
    duration_ms: int
    known_duration_ms: int
    runs: tuple[Run, ...]
    pairs: tuple[MomentPair, ...]


def compare_videos(known: MediaFacts, submitted: MediaFacts, policy: Policy, *, media_id: str) -> VideoComparison:
    """Decide what a submission is to the only known video, medium `media_id`.

    Raises:
        BadInput: bad_field, if the frames of either are none.
    """
    content = Content(known.content_id, media_id, "", known.content_id, media_id, 0, 0, b"")
    own_algorithm, own_entries = hashed(submitted, policy)
    known_algorithm, known_entries = hashed(known, policy)
    lasts_ms, known_lasts_ms = duration_ms(submitted, own_entries), duration_ms(known, known_entries)
    exact = exact_match(content) if known.content_id == submitted.content_id else None
    nothing = VideoComparison(exact, lasts_ms, known_lasts_ms, (), ())
    if not own_algorithm or own_algorithm != known_algorithm:
        return nothing
    contents = VideoContents()
    contents.take([Lookup(known.content_id, 0, FOR_EVER_MS, policy, known_entries, duration_ms=known_lasts_ms)])
    step = Lookup(submitted.content_id, 0, FOR_EVER_MS, policy, own_entries, duration_ms=lasts_ms)
    found = contents.compared(step)
    if found is None:
        return nothing
    own_group = submitted.content_id, ""
    match = exact or (video_match(found.hit, content, policy, own_group) if found.hit is not None else None)
    runs = found.alignment.runs if found.alignment is not None else ()
    return VideoComparison(match, lasts_ms, known_lasts_ms, runs, _pairs(found))


def _pairs(compared: Compared) -> tuple[MomentPair, ...]:
    pairs, alignment = compared.pairs, compared.alignment
    from_ms, known_from_ms = compared.own.from_ms.tolist(), compared.known.from_ms.tolist()
    votes = alignment.votes.tolist() if alignment is not None else [False] * len(pairs.own)
    found = [
        MomentPair(
            from_ms[own],
            known_from_ms[known],
            VIEWS[own_view].name,
            VIEWS[view].name,
            NAMES[between(turn, own_turn)],
            near_bits,
            confirm_bits,
            vote,
        )
        for own, known, own_view, own_turn, view, turn, near_bits, confirm_bits, vote in zip(
            *(column.tolist() for column in pairs), votes, strict=True
        )
    ]
    return tuple(sorted(found, key=lambda pair: (pair.at_ms, pair.known_at_ms, pair.confirm_bits, repr(pair))))
