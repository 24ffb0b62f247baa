"""Finds the known video that a submission is a copy or a part of, by comparing every frame with every other.

The slow twin of streams.domain.match.videos.index and of all that it calls. The twins share tables, constants and
wording, but no code.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from streams.domain.hashes.orientation import compose, inverse, orientation_between
from streams.domain.hashes.transformation import describe_transformation, transformation_between
from streams.domain.hashes.views import VIEWS
from streams.domain.match.operations import MAX_APPEARANCES
from streams.domain.match.videos import index, kernel
from streams.domain.match.videos.frame_pairs import MAX_PAIRS_PER_MOMENT
from streams.domain.match.videos.outcome import EXPLAINED_SEGMENTS, EXPLAINED_SPEED_PPM, MAX_SEGMENTS
from streams.domain.match.videos.relation import MAX_WHOLE_SHARE, MIN_VOTERS, MIN_WEIGHT
from streams.domain.match.videos.shared_captions import (
    ELSEWHERE_MS,
    MARGIN_BITS,
    MIN_EVIDENCE,
    MIN_EVIDENCE_SHARE,
    NO_EVIDENCE_BITS,
    SURE_BITS,
)
from tests.reference.alignment import Aligned, MomentPair, Segment, Timeline, VideoPair, length
from tests.reference.key_frames import KeyFrames, lower_median
from tests.reference.nearest import Contents, Entry, Known, compared, level_of


@dataclass(frozen=True)
class Frame:
    """One view of one moment."""

    entry: Entry
    quality: int
    from_ms: int
    to_ms: int


@dataclass(frozen=True)
class FramePair:
    """A frame of the submission and one of a known video. Moments are numbered within either video."""

    own_moment: int
    own: Frame
    known: Known
    known_moment: int
    frame: Frame
    hash64_distance_bits: int
    hash256_distance_bits: int

    @property
    def moments(self) -> MomentPair:
        return MomentPair(
            self.own_moment,
            self.known_moment,
            orientation_between(self.frame.entry.orientation & 7, self.own.entry.orientation & 7),
        )


@dataclass
class VideoMatch:
    known: Known
    relation: str
    aligned: Aligned
    share: float
    known_share: float
    duration_ms: int
    voters: list[FramePair]
    shown: FramePair
    hash64_distance_bits: int
    is_certain: bool
    score: int | None
    differs: float | None

    @property
    def is_reused(self) -> bool:
        return self.is_certain and self.relation in ("copy", "clip_of")

    @property
    def matched_ms(self) -> int:
        return length([segment.own for segment in self.aligned.segments])

    @property
    def known_ms(self) -> int:
        return length([segment.known for segment in self.aligned.segments])


def comparable_frames(facts: dict[str, Any], policy: dict[str, Any]) -> list[Frame]:
    """The frames of a video that the policy compares."""
    if not policy["near"] or policy["hash"] != "phash256" or facts["quality"] < policy["min_quality"]:
        return []
    data = bytes.fromhex(facts["hashes"].get("frames:1", ""))
    frames = []
    for at in range(0, len(data), 51):
        p = data[at : at + 51]
        entry = Entry(p[0], p[1], int.from_bytes(p[3:11]), int.from_bytes(p[11:43]))
        frames.append(Frame(entry, p[2], int.from_bytes(p[43:47]), int.from_bytes(p[47:51])))
    return [frame for frame in frames if frame.quality / 255 >= policy["min_quality"]]


def stored_frames(frames: list[Frame]) -> list[Frame]:
    return [frame for frame in frames if frame.entry.view in (0, 1, 2, 53) and frame.entry.orientation & 8]


def duration_of(facts: dict[str, Any], frames: list[Frame]) -> int:
    said = round(facts["video"]["duration_s"] * 1000) if facts["video"] else 0
    return max([1, said, *(frame.to_ms for frame in frames)])


def by_moment(frames: list[Frame]) -> list[list[Frame]]:
    return [[frame for frame in frames if frame.from_ms == at] for at in sorted({frame.from_ms for frame in frames})]


def timeline_of(frames: list[Frame], duration_ms: int) -> Timeline:
    return Timeline([(moment[0].from_ms, moment[0].to_ms) for moment in by_moment(frames)], duration_ms)


def match(
    contents: Contents,
    frames: list[Frame],
    duration_ms: int,
    policy: dict[str, Any],
    time_ms: int,
    own: str,
    key_frames: KeyFrames,
) -> VideoMatch | None:
    """The known video that comes first among those that a submission matches."""
    moments = by_moment(frames)
    known = [
        (each, by_moment(each.frames))
        for each in contents.known.values()
        if each.algorithm == "frames:1" and each.content_id != own and each.expires_ms >= time_ms
    ]
    pairs: list[FramePair] = []
    weights = []
    for number, moment in enumerate(moments):
        found = matching_pairs(known, moment, number, policy)
        groups = len({pair.known.group[0] for pair in found})
        if groups > kernel.MAX_GROUPS or len(found) > kernel.MAX_MATCHES:
            weights.append(0)
            continue
        weights.append(1000 // max(1, groups))
        pairs += found
    timeline = timeline_of(frames, duration_ms)
    best: list[VideoMatch] = []
    for members in (False, True):
        if any(each.is_reused for each in best):
            break
        for candidate in candidates(pairs, weights, members):
            if contents.apart(candidate):
                continue
            hash64_distance_bits = min(pair.hash64_distance_bits for pair in pairs if pair.known is candidate)
            orientations = Counter(pair.moments.orientation for pair in pairs if pair.known is candidate)
            orientation = min(orientations, key=lambda each: (-orientations[each], each))
            theirs = []
            for number, moment in enumerate(moments):
                if weights[number]:
                    theirs += confirmed(candidate, moment, orientation, number, policy)
            known_timeline = timeline_of(candidate.frames, candidate.duration_ms)
            theirs = drop_ambiguous(theirs, timeline, moments, known_timeline)
            matched = find_relation(
                candidate, timeline, moments, theirs, weights, hash64_distance_bits, policy, key_frames
            )
            best += [matched] if matched else []
    return min(best, key=rank, default=None)


def matching_pairs(
    known: list[tuple[Known, list[list[Frame]]]], moment: list[Frame], number: int, policy: dict[str, Any]
) -> list[FramePair]:
    """The pairs of a moment's frames with known frames that look the same."""
    level = level_of(policy)
    found = []
    for each, moments in known:
        for known_number, known_moment in enumerate(moments):
            for frame in known_moment:
                for mine in moment:
                    distances = compared(mine.entry, frame.entry, level, policy)
                    if distances:
                        found.append(FramePair(number, mine, each, known_number, frame, distances[1], distances[0]))
    return found


def confirmed(
    known: Known, moment: list[Frame], orientation: int, number: int, policy: dict[str, Any]
) -> list[FramePair]:
    """The nearest pairs if only hash256 counted.

    Includes the orientations that a moment's views lack, if the pair has this relative orientation.
    """
    wide = policy | {"radius_bits": 64, "view_radius_bits": 64}
    theirs = [(known, by_moment(known.frames))]
    found = matching_pairs(theirs, moment, number, wide)
    found += [
        pair
        for pair in matching_pairs(theirs, missing_orientations(moment), number, wide)
        if pair.moments.orientation == orientation
    ]

    def order(pair: FramePair) -> tuple[int, ...]:
        mine, theirs = pair.own.entry, pair.frame.entry
        forms = (mine.view, mine.orientation, theirs.view, theirs.orientation)
        return pair.hash256_distance_bits, pair.hash64_distance_bits, pair.known_moment, *forms

    return sorted(found, key=order)[:MAX_PAIRS_PER_MOMENT]


def missing_orientations(moment: list[Frame]) -> list[Frame]:
    """A moment's views in the orientations that they lack, made of their canonical ones."""
    found = []
    for view in {frame.entry.view for frame in moment}:
        forms = [frame for frame in moment if frame.entry.view == view]
        canonical = [frame for frame in forms if frame.entry.orientation & 8]
        for orientation in set(range(8)) - {frame.entry.orientation & 7 for frame in forms}:
            for frame in canonical[:1]:
                done = compose(orientation, inverse(frame.entry.orientation & 7))
                hashes = reoriented(frame.entry.hash64, 8, done), reoriented(frame.entry.hash256, 16, done)
                found.append(replace(frame, entry=Entry(view, orientation, *hashes)))
    return found


@lru_cache(maxsize=1 << 16)
def reoriented(code: int, side: int, orientation: int) -> int:
    """The hash that a picture would have, nearly, in another orientation."""
    made = 0
    for down in range(side):
        for across in range(side):
            row, column = (across, down) if orientation & 4 else (down, across)
            bit = code >> (side * side - 1 - (side * row + column)) & 1
            bit ^= (orientation & 1 and across % 2) ^ (orientation >> 1 & 1 and down % 2)
            made = made << 1 | bit
    return made


def candidates(pairs: list[FramePair], weights: list[int], members: bool) -> list[Known]:
    moments: dict[str, set[int]] = {}
    known = {pair.known.content_id: pair.known for pair in pairs if pair.known.is_member == members}
    for pair in pairs:
        moments.setdefault(pair.known.content_id, set()).add(pair.own_moment)

    def order(each: Known) -> tuple[int, int, str]:
        return -sum(weights[number] for number in moments[each.content_id]), each.first_ms, each.content_id

    return sorted(known.values(), key=order)[: index.MAX_CANDIDATES]


def find_relation(
    known: Known,
    timeline: Timeline,
    moments: list[list[Frame]],
    pairs: list[FramePair],
    weights: list[int],
    hash64_distance_bits: int,
    policy: dict[str, Any],
    key_frames: KeyFrames,
) -> VideoMatch | None:
    theirs = timeline_of(known.frames, known.duration_ms)
    needed = min(MIN_VOTERS, sum(weight > 0 for weight in weights), len(theirs.moments))
    if len({pair.own_moment for pair in pairs}) < needed:
        return None
    aligned = VideoPair(timeline, theirs, weights).align({pair.moments for pair in pairs})
    voting = [pair for pair in pairs if pair.moments in aligned.pairs]
    voters = sorted({pair.own_moment for pair in voting})
    weight = sum(weights[number] for number in voters)
    own_ms, known_ms = (length([getattr(segment, name) for segment in aligned.segments]) for name in ("own", "known"))
    shorter_s = min(timeline.duration_ms, theirs.duration_ms) / 1000
    if len(voters) < needed or weight < MIN_WEIGHT:
        return None
    if min(own_ms, known_ms) / 1000 < min(policy["video_min_s"], policy["video_share"] * shorter_s):
        return None
    share, known_share = round(own_ms / timeline.duration_ms, 4), round(known_ms / theirs.duration_ms, 4)
    name = relation_of(share, known_share, weight / (1000 * len(voters)), policy)
    if not name:
        return None
    judged = key_frames.judge_against(known, voting)
    agreeing = [each for each in judged if each.confidence]
    certain = [each for each in judged if each.confidence == "certain"]
    is_proved = is_enough(voting, min(sum(weight > 0 for weight in weights), len(theirs.moments)))
    if not is_proved and (not judged or 2 * len(agreeing) < len(judged)):
        return None
    is_certain = not judged or len(agreeing) > 0 if is_proved else 2 * len(certain) >= len(judged)
    level = level_of(policy)
    best = []
    for number in voters:
        mine = [pair for pair in voting if pair.own_moment == number]
        best.append(min(mine, key=lambda pair: view_rank(pair, level)))
    views = Counter((pair.own.entry.view, pair.frame.entry.view) for pair in best)
    shown_views = min(views, key=lambda pair: (-views[pair], pair))
    shown = min(
        (pair for pair in best if (pair.own.entry.view, pair.frame.entry.view) == shown_views),
        key=lambda pair: (pair.hash256_distance_bits, pair.hash64_distance_bits, pair.own_moment),
    )
    is_certain = is_certain and moves_in_time(timeline, theirs, {pair.moments for pair in pairs}, weights, aligned)
    is_certain = is_certain and shows_movement([moments[number][0] for number in voters])
    return VideoMatch(
        known,
        name,
        aligned,
        share,
        known_share,
        timeline.duration_ms,
        best,
        shown,
        hash64_distance_bits,
        is_certain,
        lower_median([each.score for each in judged]),
        lower_median([each.differs for each in judged]),
    )


def moves_in_time(own: Timeline, known: Timeline, pairs: set[MomentPair], weights: list[int], aligned: Aligned) -> bool:
    """Whether two thirds of the time in which both videos show something look the same."""
    same_ms = shared_ms = 0
    for number, (begin, end) in enumerate(own.moments):
        for known_number, times in enumerate(known.moments):
            known_begin, known_end = (aligned.mapping.own_ms(at) for at in times)
            together_ms = max(0, min(end, known_end) - max(begin, known_begin))
            if weights[number]:
                shared_ms += together_ms
                same_ms += together_ms * (MomentPair(number, known_number, aligned.orientation) in pairs)
    return 3 * same_ms >= 2 * shared_ms


def shows_movement(frames: list[Frame]) -> bool:
    """Whether the first frames of the voting moments show three scenes or more, none of them for most of the time."""
    scenes: list[tuple[int, int]] = []
    for frame in frames:
        upright = reoriented(frame.entry.hash256, 16, inverse(frame.entry.orientation & 7))
        like = [at for at, (first, _) in enumerate(scenes) if (first ^ upright).bit_count() <= 64]
        if like:
            first, shown_ms = scenes[like[0]]
            scenes[like[0]] = first, shown_ms + frame.to_ms - frame.from_ms
        else:
            scenes.append((upright, frame.to_ms - frame.from_ms))
    durations = [shown_ms for _, shown_ms in scenes]
    return len(scenes) >= 3 and 4 * max(durations) <= 3 * sum(durations)


def drop_ambiguous(
    pairs: list[FramePair], timeline: Timeline, frames: list[list[Frame]], theirs: Timeline
) -> list[FramePair]:
    """Drops pairs of which one moment looks nearly as much like a moment elsewhere. `frames` are the submission's."""

    def is_elsewhere(timeline: Timeline, moments: list[list[Frame]], one: int, other: int) -> bool:
        (begin, end), (other_begin, other_end) = timeline.moments[one], timeline.moments[other]
        mine, its = moments[one][0].entry, moments[other][0].entry
        alike = mine.orientation == its.orientation and (mine.hash256 ^ its.hash256).bit_count() <= SURE_BITS
        return max(other_begin - end, begin - other_end) > ELSEWHERE_MS and not alike

    def is_unambiguous(pair: FramePair, known: list[list[Frame]]) -> bool:
        own_moment, known_moment = pair.own_moment, pair.known_moment
        rivals = [
            rival.hash256_distance_bits
            for rival in pairs
            if (rival.frame.entry.view == 53) == (pair.frame.entry.view == 53)
            if (rival.own_moment == own_moment and is_elsewhere(theirs, known, rival.known_moment, known_moment))
            or (rival.known_moment == known_moment and is_elsewhere(timeline, frames, rival.own_moment, own_moment))
        ]
        return all(pair.hash256_distance_bits + MARGIN_BITS <= bits for bits in rivals)

    known = by_moment(pairs[0].known.frames) if pairs else []
    return [pair for pair in pairs if pair.hash256_distance_bits <= SURE_BITS or is_unambiguous(pair, known)]


def is_enough(voting: list[FramePair], possible: int) -> bool:
    """Whether the voting frames are near enough as a whole. `possible` is how many moments could vote."""
    best: dict[int, FramePair] = {}
    for pair in sorted(voting, key=lambda pair: (pair.hash256_distance_bits, pair.known_moment)):
        best.setdefault(pair.own_moment, pair)
    evidence = 0
    unsure: dict[int, int] = {}
    for pair in best.values():
        if pair.hash256_distance_bits <= SURE_BITS:
            evidence += 1000
        else:
            unsure[pair.known_moment] = min(pair.hash256_distance_bits, unsure.get(pair.known_moment, 256))
    span = NO_EVIDENCE_BITS - SURE_BITS
    evidence += sum(1000 * max(0, NO_EVIDENCE_BITS - bits) // span for bits in unsure.values())
    share, of = MIN_EVIDENCE_SHARE
    return evidence >= min(MIN_EVIDENCE, share * 1000 * possible // of)


def view_rank(pair: FramePair, level: int) -> tuple[Any, ...]:
    mine, theirs = pair.own.entry, pair.frame.entry
    derived = not (VIEWS[mine.view].whole and VIEWS[theirs.view].whole)
    distances = (pair.hash256_distance_bits, pair.hash64_distance_bits)
    return (derived, mine.view, theirs.view, *distances, pair.known_moment, mine.orientation, theirs.orientation)


def relation_of(share: float, known_share: float, rarity: float, policy: dict[str, Any]) -> str:
    whole = min(1 - (1 - policy["video_share"]) * rarity, max(MAX_WHOLE_SHARE, policy["video_share"]))
    if share >= whole and known_share >= whole:
        return "copy"
    if share >= whole:
        return "clip_of"
    if known_share >= whole:
        return "contains"
    return "overlaps" if max(share, known_share) * rarity >= policy["video_overlap"] else ""


def rank(each: VideoMatch) -> tuple[Any, ...]:
    order = ("copy", "clip_of", "contains", "overlaps").index(each.relation)
    known = each.known
    return (
        (not each.is_reused, known.is_member, order, -each.matched_ms, -each.known_ms),
        (known.first_ms, known.content_id),
    )


def stores_frames(contents: Contents, found: VideoMatch | None, time_ms: int, own: str) -> bool:
    """Whether a new video's frames are stored: a group stores the frames of a limited number of members."""
    if found is None or not found.is_reused:
        return True
    members = [
        each
        for each in contents.known.values()
        if each.is_member
        and each.group[0] == found.known.group[0]
        and each.expires_ms >= time_ms
        and each.content_id != own
    ]
    return sum(each.algorithm == "frames:1" for each in members) < index.MAX_STORED_MEMBERS


def videos_showing(
    contents: Contents, entries: list[Entry], policy: dict[str, Any], time_ms: int
) -> list[dict[str, Any]]:
    """The known videos that show a picture."""
    found = []
    for known in contents.known.values():
        pairs = [
            (*distances, frame.from_ms)
            for frame in (known.frames if known.algorithm == "frames:1" else [])
            for mine in entries
            if (distances := compared(mine, frame.entry, level_of(policy), policy))
        ]
        found += nearest_of(known, pairs, time_ms)
    return appearances(found, "video")


def pictures_in(contents: Contents, frames: list[Frame], policy: dict[str, Any], time_ms: int) -> list[dict[str, Any]]:
    """The known pictures that a video shows whole."""
    found = []
    for known in contents.known.values():
        pairs = [
            (*distances, frame.from_ms)
            for entry in (known.entries if known.algorithm == "views:1" else [])
            for frame in frames
            if VIEWS[entry.view].whole and (distances := compared(frame.entry, entry, level_of(policy), policy))
        ]
        found += nearest_of(known, pairs, time_ms)
    return appearances(found, "image")


def nearest_of(known: Known, pairs: list[tuple[int, int, int]], time_ms: int) -> list[tuple[int, int, str, int, Known]]:
    if not pairs or known.expires_ms < time_ms:
        return []
    distance_bits, _, at_ms = min(pairs)
    return [(distance_bits, known.first_ms, known.content_id, at_ms, known)]


def appearances(found: list[tuple[int, int, str, int, Known]], kind: str) -> list[dict[str, Any]]:
    return [
        {"content_id": name, "media_id": known.media_id, "kind": kind, "at_s": at_ms / 1000, "distance_bits": bits}
        for bits, _, name, at_ms, known in sorted(found, key=lambda each: each[:3])[:MAX_APPEARANCES]
    ]


def match_fields(found: VideoMatch, policy: dict[str, Any], own: tuple[str, str]) -> dict[str, Any]:
    """A decision's match, without the fields that name the known content."""
    mine, theirs = found.shown.own.entry, found.shown.frame.entry
    change = transformation_between(mine.view, mine.orientation, theirs.view, theirs.orientation)
    distance_bits = sum(pair.hash256_distance_bits for pair in found.voters) // len(found.voters)
    by_length = sorted(found.aligned.segments, key=lambda segment: (segment.own[0] - segment.own[1], *flat(segment)))
    segments = sorted(by_length[:MAX_SEGMENTS], key=flat)
    return {
        "group_content_id": found.known.group[0] if found.is_reused else own[0],
        "group_media_id": found.known.group[1] if found.is_reused else own[1],
        "method": "frames",
        "similarity": round(1 - distance_bits / 256, 4),
        "distance_bits": distance_bits,
        "threshold_bits": policy["confirm_bits"],
        "explanation": explanation(found, segments, change),
        "confidence": "certain" if found.is_certain else "likely",
        "score": found.score,
        "differs": found.differs,
        "map": [],
        "candidate_distance_bits": found.hash64_distance_bits,
        "candidate_threshold_bits": policy["radius_bits"],
        "transformation": change,
        "view": VIEWS[mine.view].name,
        "known_view": VIEWS[theirs.view].name,
        "relation": found.relation,
        "segments": [
            {
                "from_s": segment.own[0] / 1000,
                "to_s": segment.own[1] / 1000,
                "known_from_s": segment.known[0] / 1000,
                "known_to_s": segment.known[1] / 1000,
                "speed": segment.speed_ppm / 1_000_000,
            }
            for segment in segments
        ],
        "share": found.share,
        "known_share": found.known_share,
    }


def flat(segment: Segment) -> tuple[int, ...]:
    return (*segment.own, *segment.known, segment.speed_ppm)


def explanation(found: VideoMatch, segments: list[Segment], change: str) -> str:
    text = ""
    for number, segment in enumerate(segments[:EXPLAINED_SEGMENTS]):
        text += ", " if number else ""
        text += (
            f"{clock(segment.own[0])}–{clock(segment.own[1])} is {clock(segment.known[0])}–{clock(segment.known[1])}"
        )
    if len(segments) > EXPLAINED_SEGMENTS:
        text += f", {len(segments) - EXPLAINED_SEGMENTS} more parts are parts"
    text += " of it"
    if change != "none":
        text += ", " + describe_transformation(change)
    speed = min(found.aligned.segments, key=lambda segment: (segment.own[0] - segment.own[1], segment.own[0])).speed_ppm
    if abs(speed - 1_000_000) >= EXPLAINED_SPEED_PPM:
        text += f", {speed / 1_000_000:.2f} times as fast"
    return f"{text}: {seconds(found.matched_ms)} of {seconds(found.duration_ms)} s match."


def clock(ms: int) -> str:
    second = int(ms / 1000 + 0.5)
    if second < 3600:
        return f"{second // 60:02}:{second % 60:02}"
    return f"{second // 3600}:{second % 3600 // 60:02}:{second % 60:02}"


def seconds(ms: int) -> str:
    return f"{ms / 1000:.1f}" if ms < 9950 else str((ms + 500) // 1000)
