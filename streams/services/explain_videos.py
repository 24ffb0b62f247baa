"""What is said of two videos, or of a picture and a video, in a sentence or two; printing it is video_explain.py's."""

from __future__ import annotations

from dataclasses import dataclass

from streams.domain.match.videos.comparison import FramePair, VideoComparison, compare_videos, find_picture
from streams.domain.policy.policy import Policy
from streams.domain.records import Match, Outcome
from streams.services.pictures import PictureFile
from streams.services.videos import VideoFile
from streams.services.wording import clock, percent, view_in_words

Medium = PictureFile | VideoFile

CALLED = {
    "copy": "{submitted} would be called an altered copy of {known}.",
    "clip_of": "{submitted} would be called a clip of {known}.",
    "contains": "{submitted} would be said to contain {known}, and has something else too.",
    "overlaps": "{submitted} would be said to overlap with {known}: each has something that the other has not.",
}


@dataclass(frozen=True, slots=True)
class VideoExplanation:
    """What comes of submitting one medium when another is known, at least one of them a video.

    `comparison` is that of two videos; of a picture and a video, `frames` has the picture beside each moment, the
    nearest first.
    """

    known: Medium
    submitted: Medium
    policy: Policy
    comparison: VideoComparison | None
    frames: list[FramePair]

    @property
    def match(self) -> Match | None:
        return self.comparison.match if self.comparison else None

    @property
    def outcome(self) -> Outcome:
        if self.match is None:
            return "unique"
        return "duplicate" if self.match.method == "exact" else "near_duplicate"


def explain(known: Medium, submitted: Medium, policy: Policy) -> VideoExplanation:
    if isinstance(known, VideoFile) and isinstance(submitted, VideoFile):
        names = known.name, submitted.name
        found = compare_videos(known.facts, submitted.facts, policy, media_ids=names)
        return VideoExplanation(known, submitted, policy, found, [])
    return VideoExplanation(known, submitted, policy, None, find_picture(known.facts, submitted.facts, policy))


def verdict_of(explained: VideoExplanation, known: str = "A", submitted: str = "B") -> str:
    """What the submitted one would be called, and what decides it."""
    if explained.comparison is None:
        return _of_a_picture(explained, known, submitted)
    match = explained.match
    if match is not None and match.method == "exact":
        return f"{submitted} would be called an exact copy of {known}. {match.explanation}"
    if match is not None:
        return f"{CALLED[match.relation].format(known=known, submitted=submitted)} {match.explanation}"
    called = f"{submitted} would not be called a copy of {known}, nor a part."
    return f"{called} {nothing_to_compare(explained, known, submitted) or _too_little(explained, known, submitted)}"


def nothing_to_compare(explained: VideoExplanation, known: str, submitted: str) -> str:
    """Why the policy compares no frames of these two; empty where it does."""
    policy = explained.policy
    if not policy.near:
        return "The policy compares bytes alone, and these differ."
    if not policy.compares_views:
        return f"The policy compares by {policy.hash}; frames are compared by phash256 alone."
    for name, each in ((known, explained.known), (submitted, explained.submitted)):
        if each.facts.quality < policy.min_quality:
            quality = f"quality {each.facts.quality:.2f}, and the policy asks for {policy.min_quality:.2f}"
            return f"There is too little to see in {name} ({quality}), so that only equal bytes match."
    return ""


def _too_little(explained: VideoExplanation, known: str, submitted: str) -> str:
    found = explained.comparison
    assert found is not None
    if not found.nearest:
        return "They have no frames that the policy compares."
    if not found.seen:
        nearest = min(found.nearest, key=lambda each: (each.confirm_bits, each.near_bits))
        return (
            f"None of its {found.moments:,} moments looks like one of {known}. "
            f"Nearest are {_places(nearest, known, submitted)}: {distances(nearest)}."
        )
    same_s = sum(each.to_s - each.from_s for each in found.parts)
    return (
        f"Too little is the same: {same_s:.1f} s, {percent(found.share)} of {submitted} and "
        f"{percent(found.known_share)} of {known}, by {found.voters:,} of {found.moments:,} moments."
    )


def _places(pair: FramePair, known: str, submitted: str) -> str:
    return f"{clock(pair.at_s)} of {submitted} and {clock(pair.known_at_s)} of {known}"


def distances(pair: FramePair) -> str:
    """`4 of 64 bits differ, 10 may; 20 of 256 bits differ, 80 may`"""
    near = f"{pair.near_bits} of 64 bits differ, {pair.near_threshold_bits} may"
    return f"{near}; {pair.confirm_bits} of 256 bits differ, {pair.confirm_threshold_bits} may"


def _of_a_picture(explained: VideoExplanation, known: str, submitted: str) -> str:
    is_known = isinstance(explained.known, VideoFile)
    video, picture = (known, submitted) if is_known else (submitted, known)
    why = nothing_to_compare(explained, known, submitted)
    if why or not explained.frames:
        return f"{picture} does not appear in {video}. {why or 'They have no views that the policy compares.'}"
    nearest = explained.frames[0]
    at_s = nearest.known_at_s if is_known else nearest.at_s
    if not nearest.matches:
        return f"{picture} does not appear in {video}. Nearest is its frame at {clock(at_s)}: {distances(nearest)}."
    told = "" if explained.policy.appears_in else " Decisions do not say so, for the policy has no `appears_in: true`."
    return f"{picture} appears in {video} at {clock(at_s)}: {distances(nearest)}.{told}"


def view_pair(pair: FramePair) -> tuple[str, str]:
    """The views of the submission and of what is known, in words."""
    return view_in_words(pair.view), view_in_words(pair.known_view)
