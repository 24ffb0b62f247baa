"""How a match between videos is put: its fields, and the sentence for people. What is found is index.py."""

from __future__ import annotations

from streams.domain.hashes.transformation import describe_transformation, transformation_between
from streams.domain.hashes.views import VIEWS
from streams.domain.match.videos.judging import VideoHit
from streams.domain.match.videos.lines import AS_FAST
from streams.domain.policy.policy import Policy
from streams.domain.records import Match, Segment
from streams.domain.state.content import Content

METHOD = "frames"
MOST_SEGMENTS = 8
TOLD_SEGMENTS = 3
TOLD_SPEED = 10_000
"""Speeds that differ from 1 by so many millionths are told."""


def video_match(hit: VideoHit, known: Content, policy: Policy, own_group: tuple[str, str]) -> Match:
    """A submission that is a known video, a part of it, or has a part of it.

    Args:
        hit: what was found.
        known: the known video.
        policy: that of the submission.
        own_group: content and medium that the submission's own group is named by, if it is to be in its own.
    """
    own, other = VIEWS[hit.own_view], VIEWS[hit.view]
    transformation = transformation_between(hit.own_view, hit.own_turn, hit.view, hit.turn)
    group = (known.group_content_id, known.group_media_id) if hit.is_reused else own_group
    longest = sorted(sorted(hit.runs, key=lambda run: (run.from_ms - run.to_ms, run))[:MOST_SEGMENTS])
    segments = [
        Segment(
            run.from_ms / 1000, run.to_ms / 1000, run.known_from_ms / 1000, run.known_to_ms / 1000, run.speed / AS_FAST
        )
        for run in longest
    ]
    return Match(
        content_id=known.content_id,
        media_id=known.media_id,
        submission_id=known.submission_id,
        group_content_id=group[0],
        group_media_id=group[1],
        method=METHOD,
        similarity=round(1 - hit.confirm_bits / policy.hash_bits, 4),
        distance_bits=hit.confirm_bits,
        threshold_bits=policy.confirm_bits,
        candidate_distance_bits=hit.near_bits,
        candidate_threshold_bits=policy.radius_bits,
        transformation=transformation,
        view=own.name,
        known_view=other.name,
        explanation=_explanation(hit, segments, transformation),
        relation=hit.relation,
        segments=segments,
        share=hit.share,
        known_share=hit.known_share,
    )


def _explanation(hit: VideoHit, segments: list[Segment], transformation: str) -> str:
    """`00:12–00:45 is 01:02–01:35 of it, mirrored left to right: 33 of 40 s match.`"""
    parts = [
        f"{_clock(each.from_s)}–{_clock(each.to_s)} is {_clock(each.known_from_s)}–{_clock(each.known_to_s)}"
        for each in segments[:TOLD_SEGMENTS]
    ]
    if len(segments) > TOLD_SEGMENTS:
        parts.append(f"{len(segments) - TOLD_SEGMENTS} more parts are parts")
    speed = max(hit.runs, key=lambda run: (run.to_ms - run.from_ms, -run.from_ms)).speed
    how = [] if transformation == "none" else [describe_transformation(transformation)]
    how += [f"{speed / AS_FAST:.2f} times as fast"] if abs(speed - AS_FAST) >= TOLD_SPEED else []
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
