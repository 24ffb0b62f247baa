"""Writes the match between two videos: its fields, and the sentence for people. Finding it is index.py's."""

from __future__ import annotations

from streams.domain.hashes.transformation import describe_transformation, transformation_between
from streams.domain.hashes.views import VIEWS
from streams.domain.match.videos.alignment.align import AlignedSegment
from streams.domain.match.videos.alignment.time_mapping import NORMAL_SPEED_PPM
from streams.domain.match.videos.relation import VideoHit
from streams.domain.policy.policy import Policy
from streams.domain.records import Match, Segment
from streams.domain.state.content import Content

METHOD = "frames"
MAX_SEGMENTS = 8
EXPLAINED_SEGMENTS = 3
EXPLAINED_SPEED_PPM = 10_000
"""The explanation names a speed that differs from 1 by at least this."""


def video_match(hit: VideoHit, known: Content, policy: Policy, group: tuple[str, str]) -> Match:
    """The match of a submission that is a known video, is a part of it, or contains a part of it.

    Args:
        hit: how the submission relates to the known video.
        known: the known video.
        policy: the submission's policy.
        group: content id and media id that name the submission's group.
    """
    own, other = VIEWS[hit.own_view], VIEWS[hit.known_view]
    transformation = transformation_between(hit.own_view, hit.own_orientation, hit.known_view, hit.known_orientation)
    longest_first = sorted(hit.segments, key=lambda segment: (segment.from_ms - segment.to_ms, segment))
    segments = [record_segment(segment) for segment in sorted(longest_first[:MAX_SEGMENTS])]
    return Match(
        content_id=known.content_id,
        media_id=known.media_id,
        submission_id=known.submission_id,
        group_content_id=group[0],
        group_media_id=group[1],
        method=METHOD,
        similarity=round(1 - hit.distance_bits / policy.hash_bits, 4),
        distance_bits=hit.distance_bits,
        threshold_bits=policy.confirm_bits,
        candidate_distance_bits=hit.candidate_distance_bits,
        candidate_threshold_bits=policy.radius_bits,
        transformation=transformation,
        view=own.name,
        known_view=other.name,
        explanation=_explanation(hit, segments, transformation),
        confidence="certain" if hit.is_certain else "likely",
        score=hit.score,
        differs=hit.differs,
        relation=hit.relation,
        segments=segments,
        share=hit.share,
        known_share=hit.known_share,
    )


def record_segment(segment: AlignedSegment) -> Segment:
    """The segment as records have it: in seconds, with a speed of 1 for equally fast."""
    return Segment(
        segment.from_ms / 1000,
        segment.to_ms / 1000,
        segment.known_from_ms / 1000,
        segment.known_to_ms / 1000,
        segment.speed_ppm / NORMAL_SPEED_PPM,
    )


def _explanation(hit: VideoHit, segments: list[Segment], transformation: str) -> str:
    """`00:12–00:45 is 01:02–01:35 of it, mirrored left to right: 33 of 40 s match.`"""
    parts = [
        f"{_clock(each.from_s)}–{_clock(each.to_s)} is {_clock(each.known_from_s)}–{_clock(each.known_to_s)}"
        for each in segments[:EXPLAINED_SEGMENTS]
    ]
    if len(segments) > EXPLAINED_SEGMENTS:
        parts.append(f"{len(segments) - EXPLAINED_SEGMENTS} more parts are parts")
    longest = max(hit.segments, key=lambda segment: (segment.to_ms - segment.from_ms, -segment.from_ms))
    how = [] if transformation == "none" else [describe_transformation(transformation)]
    if abs(longest.speed_ppm - NORMAL_SPEED_PPM) >= EXPLAINED_SPEED_PPM:
        how.append(f"{longest.speed_ppm / NORMAL_SPEED_PPM:.2f} times as fast")
    matched = f"{_seconds(hit.matched_ms)} of {_seconds(hit.duration_ms)} s match"
    return f"{', '.join([', '.join(parts) + ' of it', *how])}: {matched}."


def _clock(seconds: float) -> str:
    """`01:02`, or `1:01:02` from an hour on."""
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def _seconds(ms: int) -> str:
    """Whole seconds, and tenths below ten."""
    return f"{ms / 1000:.1f}" if ms < 9_950 else f"{(ms + 500) // 1000}"
