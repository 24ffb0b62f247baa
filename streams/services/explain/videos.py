"""Explains two videos, or a picture and a video: the moments that look the same, and the match that results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from streams.domain.match.videos.comparison import FramePair, VideoComparison, compare_videos, find_picture
from streams.domain.policy.policy import Policy
from streams.services.explain.explanation import Explanation, too_little_structure
from streams.services.media_files import MediaFile, VideoFile
from streams.services.wording import clock, percent

RELATION_SENTENCES = {
    "copy": "{submitted} would be called an altered copy of {known}.",
    "clip_of": "{submitted} would be called a clip of {known}.",
    "contains": "{submitted} would be said to contain {known}, and has something else too.",
    "overlaps": "{submitted} would be said to overlap with {known}: each has something that the other has not.",
}


@dataclass(frozen=True, slots=True)
class VideoExplanation(Explanation):
    """The result of submitting one medium when another is known, at least one of them a video.

    `comparison` is set for two videos. For a picture and a video, `frames` pairs the picture with the moments of the
    video, the nearest first.
    """

    comparison: VideoComparison | None
    frames: list[FramePair]

    @property
    def pairs(self) -> list[FramePair]:
        """The pairs of frames that were compared, whether of two videos or of a picture and a video."""
        return self.comparison.nearest if self.comparison else self.frames

    @property
    def shows_picture(self) -> bool:
        """Whether the picture is a frame of the video. Never true for two videos."""
        return bool(self.frames) and self.frames[0].matches

    def summary(self, known: str = "A", submitted: str = "B") -> str:
        if self.comparison is None:
            return self._picture_summary(known, submitted)
        match = self.match
        if match is not None and match.method == "exact":
            return f"{submitted} would be called an exact copy of {known}. {match.explanation}"
        if match is not None and match.confidence == "likely":
            why = "what they share moves too little to prove one recording"
            return f"{submitted} would go to review, beside {known}: {why}. {match.explanation}"
        if match is not None:
            sentence = RELATION_SENTENCES[match.relation].format(known=known, submitted=submitted)
            return f"{sentence} {match.explanation}"
        why = self._why_not_compared(known, submitted) or _too_little(self.comparison, known, submitted)
        return f"{submitted} would not be called a copy of {known}, nor a part. {why}"

    def evidence_as_json(self) -> dict[str, Any]:
        comparison = _comparison_as_json(self.comparison) if self.comparison else None
        return {"comparison": comparison, "frames": [_pair_as_json(pair) for pair in self.frames]}

    def _why_not_compared(self, known: str, submitted: str) -> str:
        """Why the policy compares no frames of the two media; empty if it compares them."""
        if not self.policy.near:
            return "The policy compares bytes alone, and these differ."
        if not self.policy.compares_views:
            return f"The policy compares by {self.policy.hash}; frames are compared by phash256 alone."
        return too_little_structure(self, known, submitted, "quality")

    def _picture_summary(self, known: str, submitted: str) -> str:
        is_video_known = isinstance(self.known, VideoFile)
        video, picture = (known, submitted) if is_video_known else (submitted, known)
        why = self._why_not_compared(known, submitted)
        if why or not self.frames:
            return f"{picture} does not appear in {video}. {why or 'They have no views that the policy compares.'}"
        nearest = self.frames[0]
        at = clock(nearest.known_at_s if is_video_known else nearest.at_s)
        distances = _distances_in_words(nearest)
        if not nearest.matches:
            return f"{picture} does not appear in {video}. Nearest is its frame at {at}: {distances}."
        told = "" if self.policy.appears_in else " Decisions do not say so, for the policy has no `appears_in: true`."
        return f"{picture} appears in {video} at {at}: {distances}.{told}"


def explain_videos(known: MediaFile, submitted: MediaFile, policy: Policy) -> VideoExplanation:
    if isinstance(known, VideoFile) and isinstance(submitted, VideoFile):
        names = known.name, submitted.name
        comparison = compare_videos(known.facts, submitted.facts, policy, media_ids=names)
        return VideoExplanation(known, submitted, policy, comparison.match, comparison, [])
    frames = find_picture(known.facts, submitted.facts, policy)
    return VideoExplanation(known, submitted, policy, None, None, frames)


def _too_little(comparison: VideoComparison, known: str, submitted: str) -> str:
    if not comparison.nearest:
        return "They have no frames that the policy compares."
    if not comparison.seen:
        nearest = min(comparison.nearest, key=lambda pair: (pair.confirm_bits, pair.near_bits))
        places = f"{clock(nearest.at_s)} of {submitted} and {clock(nearest.known_at_s)} of {known}"
        return (
            f"None of its {comparison.moments:,} moments looks like one of {known}. "
            f"Nearest are {places}: {_distances_in_words(nearest)}."
        )
    same_s = sum(part.to_s - part.from_s for part in comparison.parts)
    return (
        f"Too little is the same: {same_s:.1f} s, {percent(comparison.share)} of {submitted} and "
        f"{percent(comparison.known_share)} of {known}, by {comparison.voters:,} of {comparison.moments:,} moments."
    )


def _distances_in_words(pair: FramePair) -> str:
    """`4 of 64 bits differ, 10 may; 20 of 256 bits differ, 80 may`"""
    words = f"{pair.near_bits} of 64 bits differ, {pair.near_threshold_bits} may"
    return f"{words}; {pair.confirm_bits} of 256 bits differ, {pair.confirm_threshold_bits} may"


def _comparison_as_json(comparison: VideoComparison) -> dict[str, Any]:
    return {
        "moments": comparison.moments,
        "known_moments": comparison.known_moments,
        "seen": comparison.seen,
        "voters": comparison.voters,
        "share": comparison.share,
        "known_share": comparison.known_share,
        "parts": comparison.parts,
        "nearest": [_pair_as_json(pair) for pair in comparison.nearest],
    }


def _pair_as_json(pair: FramePair) -> dict[str, Any]:
    return {
        "at_s": pair.at_s,
        "known_at_s": pair.known_at_s,
        "view": pair.view,
        "known_view": pair.known_view,
        "transformation": pair.transformation,
        "near_bits": pair.near_bits,
        "near_threshold_bits": pair.near_threshold_bits,
        "confirm_bits": pair.confirm_bits,
        "confirm_threshold_bits": pair.confirm_threshold_bits,
        "matches": pair.matches,
        "votes": pair.votes,
    }
