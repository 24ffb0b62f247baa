"""The plain search for the known video that a submission is a copy or a part of: every frame with every other.

The slow twin of streams.domain.match.videos.index and what it calls; it shares tables, numbers and words, and no code.
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
from streams.domain.match.videos import index, judging, kernel, pairs
from streams.domain.match.videos.outcome import MOST_SEGMENTS, TOLD_SEGMENTS, TOLD_SPEED
from tests.reference.alignment import Aligned, Case, Film, Pair, Piece, length
from tests.reference.nearest import Contents, Entry, Known, compared, level_of


@dataclass(frozen=True)
class Frame:
    """One view of one moment."""

    entry: Entry
    quality: int
    from_ms: int
    to_ms: int


@dataclass(frozen=True)
class Sight:
    """A frame that looks like one of a known video; moments are numbered in each of the two."""

    own_moment: int
    own: Frame
    known: Known
    known_moment: int
    frame: Frame
    near_bits: int
    confirm_bits: int

    @property
    def pair(self) -> Pair:
        return Pair(
            self.own_moment, self.known_moment, orientation_between(self.frame.entry.turn & 7, self.own.entry.turn & 7)
        )


@dataclass
class Matched:
    known: Known
    relation: str
    aligned: Aligned
    share: float
    known_share: float
    duration_ms: int
    voters: list[Sight]
    shown: Sight
    near_bits: int

    @property
    def is_reused(self) -> bool:
        return self.relation in ("copy", "clip_of")

    @property
    def matched_ms(self) -> int:
        return length([piece.own for piece in self.aligned.pieces])

    @property
    def known_ms(self) -> int:
        return length([piece.known for piece in self.aligned.pieces])


def frames_of(facts: dict[str, Any], policy: dict[str, Any]) -> list[Frame]:
    """What of a video's hashes is compared."""
    if not policy["near"] or policy["hash"] != "phash256" or facts["quality"] < policy["min_quality"]:
        return []
    data = bytes.fromhex(facts["hashes"].get("frames:1", ""))
    frames = []
    for at in range(0, len(data), 51):
        p = data[at : at + 51]
        entry = Entry(p[0], p[1], int.from_bytes(p[3:11]), int.from_bytes(p[11:43]))
        frames.append(Frame(entry, p[2], int.from_bytes(p[43:47]), int.from_bytes(p[47:51])))
    return [frame for frame in frames if frame.quality / 255 >= policy["min_quality"]]


def kept_frames(frames: list[Frame]) -> list[Frame]:
    return [frame for frame in frames if frame.entry.view in (0, 1) and frame.entry.turn & 8]


def duration_of(facts: dict[str, Any], frames: list[Frame]) -> int:
    said = round(facts["video"]["duration_s"] * 1000) if facts["video"] else 0
    return max([1, said, *(frame.to_ms for frame in frames)])


def by_moment(frames: list[Frame]) -> list[list[Frame]]:
    return [[frame for frame in frames if frame.from_ms == at] for at in sorted({frame.from_ms for frame in frames})]


def film_of(frames: list[Frame], duration_ms: int) -> Film:
    return Film([(moment[0].from_ms, moment[0].to_ms) for moment in by_moment(frames)], duration_ms)


def match(
    contents: Contents, frames: list[Frame], duration_ms: int, policy: dict[str, Any], time_ms: int, own: str
) -> Matched | None:
    """The known video that comes first among those that a submission matches."""
    moments = by_moment(frames)
    known = [
        (each, by_moment(each.frames))
        for each in contents.known.values()
        if each.algorithm == "frames:1" and each.content_id != own and each.expires_ms >= time_ms
    ]
    sights: list[Sight] = []
    weights = []
    for number, moment in enumerate(moments):
        found = sights_of(known, moment, number, policy)
        groups = len({sight.known.group for sight in found})
        if groups > kernel.MOST_GROUPS or len(found) > kernel.MOST_PAIRS:
            weights.append(0)
            continue
        weights.append(1000 // max(1, groups))
        sights += found
    film = film_of(frames, duration_ms)
    best: list[Matched] = []
    for members in (False, True):
        if any(each.is_reused for each in best):
            break
        for candidate in candidates(sights, weights, members):
            near_bits = min(sight.near_bits for sight in sights if sight.known is candidate)
            turns = Counter(sight.pair.turn for sight in sights if sight.known is candidate)
            turn = min(turns, key=lambda each: (-turns[each], each))
            theirs = []
            for number, moment in enumerate(moments):
                if weights[number]:
                    theirs += confirmed(candidate, moment, turn, number, policy)
            known_film = film_of(candidate.frames, candidate.duration_ms)
            theirs = telling(theirs, film, moments, known_film)
            judged = judge(candidate, film, theirs, weights, near_bits, policy)
            best += [judged] if judged else []
    return min(best, key=rank, default=None)


def sights_of(
    known: list[tuple[Known, list[list[Frame]]]], moment: list[Frame], number: int, policy: dict[str, Any]
) -> list[Sight]:
    """All frames that look like one of a moment's."""
    level = level_of(policy)
    found = []
    for each, moments in known:
        for known_number, known_moment in enumerate(moments):
            for frame in known_moment:
                for mine in moment:
                    distances = compared(mine.entry, frame.entry, level, policy)
                    if distances:
                        found.append(Sight(number, mine, each, known_number, frame, distances[1], distances[0]))
    return found


def confirmed(known: Known, moment: list[Frame], turn: int, number: int, policy: dict[str, Any]) -> list[Sight]:
    """The nearest frames that would look like one of a moment's if only the confirming hash counted.

    Of a moment's views also the forms that it has not, where they say that this turn was done.
    """
    wide = policy | {"radius_bits": 64, "view_radius_bits": 64}
    theirs = [(known, by_moment(known.frames))]
    found = sights_of(theirs, moment, number, wide)
    found += [sight for sight in sights_of(theirs, further(moment), number, wide) if sight.pair.turn == turn]

    def order(sight: Sight) -> tuple[int, ...]:
        mine, theirs = sight.own.entry, sight.frame.entry
        forms = (mine.view, mine.turn, theirs.view, theirs.turn)
        return sight.confirm_bits, sight.near_bits, sight.known_moment, *forms

    return sorted(found, key=order)[: pairs.NEAREST]


def further(moment: list[Frame]) -> list[Frame]:
    """The views of a moment, of their canonical forms, in all turns in which they are not there."""
    found = []
    for view in {frame.entry.view for frame in moment}:
        forms = [frame for frame in moment if frame.entry.view == view]
        canonical = [frame for frame in forms if frame.entry.turn & 8]
        for turn in set(range(8)) - {frame.entry.turn & 7 for frame in forms}:
            for frame in canonical[:1]:
                done = compose(turn, inverse(frame.entry.turn & 7))
                hashes = turned(frame.entry.near, 8, done), turned(frame.entry.confirm, 16, done)
                found.append(replace(frame, entry=Entry(view, turn, *hashes)))
    return found


@lru_cache(maxsize=1 << 16)
def turned(code: int, side: int, turn: int) -> int:
    """A hash of a picture as it would be, about, if a turn were done to the picture."""
    made = 0
    for down in range(side):
        for across in range(side):
            row, column = (across, down) if turn & 4 else (down, across)
            bit = code >> (side * side - 1 - (side * row + column)) & 1
            bit ^= (turn & 1 and across % 2) ^ (turn >> 1 & 1 and down % 2)
            made = made << 1 | bit
    return made


def candidates(sights: list[Sight], weights: list[int], members: bool) -> list[Known]:
    moments: dict[str, set[int]] = {}
    known = {sight.known.content_id: sight.known for sight in sights if sight.known.is_member == members}
    for sight in sights:
        moments.setdefault(sight.known.content_id, set()).add(sight.own_moment)

    def order(each: Known) -> tuple[int, int, str]:
        return -sum(weights[number] for number in moments[each.content_id]), each.first_ms, each.content_id

    return sorted(known.values(), key=order)[: index.MOST_CANDIDATES]


def judge(
    known: Known, film: Film, sights: list[Sight], weights: list[int], near_bits: int, policy: dict[str, Any]
) -> Matched | None:
    theirs = film_of(known.frames, known.duration_ms)
    needed = min(judging.MOMENTS_NEEDED, sum(weight > 0 for weight in weights), len(theirs.moments))
    if len({sight.own_moment for sight in sights}) < needed:
        return None
    aligned = Case(film, theirs, weights).align({sight.pair for sight in sights})
    on_line = [sight for sight in sights if sight.pair in aligned.pairs]
    voters = sorted({sight.own_moment for sight in on_line})
    weight = sum(weights[number] for number in voters)
    own_ms, known_ms = (length([getattr(piece, name) for piece in aligned.pieces]) for name in ("own", "known"))
    shorter_s = min(film.duration_ms, theirs.duration_ms) / 1000
    if len(voters) < needed or weight < judging.LEAST_WEIGHT:
        return None
    if min(own_ms, known_ms) / 1000 < min(policy["video_min_s"], policy["video_share"] * shorter_s):
        return None
    share, known_share = round(own_ms / film.duration_ms, 4), round(known_ms / theirs.duration_ms, 4)
    relation = relation_of(share, known_share, weight / (1000 * len(voters)), policy)
    if not relation:
        return None
    if not is_enough(on_line, min(sum(weight > 0 for weight in weights), len(theirs.moments))):
        return None
    level = level_of(policy)
    best = []
    for number in voters:
        mine = [sight for sight in on_line if sight.own_moment == number]
        best.append(min(mine, key=lambda sight: plainness(sight, level)))
    views = Counter((sight.own.entry.view, sight.frame.entry.view) for sight in best)
    shown_views = min(views, key=lambda pair: (-views[pair], pair))
    shown = min(
        (sight for sight in best if (sight.own.entry.view, sight.frame.entry.view) == shown_views),
        key=lambda sight: (sight.confirm_bits, sight.near_bits, sight.own_moment),
    )
    return Matched(known, relation, aligned, share, known_share, film.duration_ms, best, shown, near_bits)


def telling(sights: list[Sight], film: Film, frames: list[list[Frame]], theirs: Film) -> list[Sight]:
    """Without those of which a moment looks nearly as much like quite another one; `frames` are the submission's."""

    def is_another(film: Film, moments: list[list[Frame]], one: int, other: int) -> bool:
        (begin, end), (other_begin, other_end) = film.moments[one], film.moments[other]
        mine, its = moments[one][0].entry, moments[other][0].entry
        alike = mine.turn == its.turn and (mine.confirm ^ its.confirm).bit_count() <= pairs.SURE_BITS
        return max(other_begin - end, begin - other_end) > pairs.ELSEWHERE_MS and not alike

    def tells(sight: Sight, known: list[list[Frame]]) -> bool:
        own_moment, known_moment = sight.own_moment, sight.known_moment
        rivals = [
            rival.confirm_bits
            for rival in sights
            if (rival.own_moment == own_moment and is_another(theirs, known, rival.known_moment, known_moment))
            or (rival.known_moment == known_moment and is_another(film, frames, rival.own_moment, own_moment))
        ]
        return all(sight.confirm_bits + pairs.NEARER_BITS <= bits for bits in rivals)

    known = by_moment(sights[0].known.frames) if sights else []
    return [sight for sight in sights if sight.confirm_bits <= pairs.SURE_BITS or tells(sight, known)]


def is_enough(on_line: list[Sight], possible: int) -> bool:
    """Whether the frames that vote are near enough, all in all; `possible` is how many moments might."""
    best: dict[int, Sight] = {}
    for sight in sorted(on_line, key=lambda sight: (sight.confirm_bits, sight.known_moment)):
        best.setdefault(sight.own_moment, sight)
    evidence = 0
    unsure: dict[int, int] = {}
    for sight in best.values():
        if sight.confirm_bits <= pairs.SURE_BITS:
            evidence += 1000
        else:
            unsure[sight.known_moment] = min(sight.confirm_bits, unsure.get(sight.known_moment, 256))
    span = judging.UNSURE_BITS - pairs.SURE_BITS
    evidence += sum(1000 * max(0, judging.UNSURE_BITS - bits) // span for bits in unsure.values())
    share, of = judging.LEAST_OF_POSSIBLE
    return evidence >= min(judging.LEAST_EVIDENCE, share * 1000 * possible // of)


def plainness(sight: Sight, level: int) -> tuple[Any, ...]:
    mine, theirs = sight.own.entry, sight.frame.entry
    derived = not (VIEWS[mine.view].whole and VIEWS[theirs.view].whole)
    distances = (sight.confirm_bits, sight.near_bits)
    return (derived, mine.view, theirs.view, *distances, sight.known_moment, mine.turn, theirs.turn)


def relation_of(share: float, known_share: float, rarity: float, policy: dict[str, Any]) -> str:
    whole = min(1 - (1 - policy["video_share"]) * rarity, max(judging.COMMON_SHARE, policy["video_share"]))
    if share >= whole and known_share >= whole:
        return "copy"
    if share >= whole:
        return "clip_of"
    if known_share >= whole:
        return "contains"
    return "overlaps" if max(share, known_share) * rarity >= policy["video_overlap"] else ""


def rank(each: Matched) -> tuple[Any, ...]:
    order = ("copy", "clip_of", "contains", "overlaps").index(each.relation)
    known = each.known
    return (
        (not each.is_reused, known.is_member, order, -each.matched_ms, -each.known_ms),
        (known.first_ms, known.content_id),
    )


def is_kept(contents: Contents, found: Matched | None, time_ms: int, own: str) -> bool:
    """Whether a new video's frames are kept: of a group, only those of so many members."""
    if found is None or not found.is_reused:
        return True
    members = [
        each
        for each in contents.known.values()
        if each.is_member and each.group == found.known.group and each.expires_ms >= time_ms and each.content_id != own
    ]
    return sum(each.algorithm == "frames:1" for each in members) < index.MOST_MEMBERS


def shown_in(contents: Contents, entries: list[Entry], policy: dict[str, Any], time_ms: int) -> list[dict[str, Any]]:
    """Which known videos show a picture."""
    found = []
    for known in contents.known.values():
        pairs = [
            (*distances, frame.from_ms)
            for frame in (known.frames if known.algorithm == "frames:1" else [])
            for mine in entries
            if (distances := compared(mine, frame.entry, level_of(policy), policy))
        ]
        found += nearest_of(known, pairs, time_ms)
    return named(found, "video")


def pictures_in(contents: Contents, frames: list[Frame], policy: dict[str, Any], time_ms: int) -> list[dict[str, Any]]:
    """Which known pictures a video shows, whole."""
    found = []
    for known in contents.known.values():
        pairs = [
            (*distances, frame.from_ms)
            for entry in (known.entries if known.algorithm == "views:1" else [])
            for frame in frames
            if VIEWS[entry.view].whole and (distances := compared(frame.entry, entry, level_of(policy), policy))
        ]
        found += nearest_of(known, pairs, time_ms)
    return named(found, "image")


def nearest_of(known: Known, pairs: list[tuple[int, int, int]], time_ms: int) -> list[tuple[int, int, str, int, Known]]:
    if not pairs or known.expires_ms < time_ms:
        return []
    confirm_bits, _, at_ms = min(pairs)
    return [(confirm_bits, known.first_ms, known.content_id, at_ms, known)]


def named(found: list[tuple[int, int, str, int, Known]], kind: str) -> list[dict[str, Any]]:
    return [
        {"content_id": name, "media_id": known.media_id, "kind": kind, "at_s": at_ms / 1000, "distance_bits": bits}
        for bits, _, name, at_ms, known in sorted(found, key=lambda each: each[:3])[:MAX_APPEARANCES]
    ]


def in_record(found: Matched, policy: dict[str, Any], own: tuple[str, str]) -> dict[str, Any]:
    """The match of a decision, but for whose it is."""
    mine, theirs = found.shown.own.entry, found.shown.frame.entry
    change = transformation_between(mine.view, mine.turn, theirs.view, theirs.turn)
    confirm_bits = sum(sight.confirm_bits for sight in found.voters) // len(found.voters)
    by_length = sorted(found.aligned.pieces, key=lambda piece: (piece.own[0] - piece.own[1], *flat(piece)))
    pieces = sorted(by_length[:MOST_SEGMENTS], key=flat)
    return {
        "group_content_id": found.known.group[0] if found.is_reused else own[0],
        "group_media_id": found.known.group[1] if found.is_reused else own[1],
        "method": "frames",
        "similarity": round(1 - confirm_bits / 256, 4),
        "distance_bits": confirm_bits,
        "threshold_bits": policy["confirm_bits"],
        "explanation": explained(found, pieces, change),
        "candidate_distance_bits": found.near_bits,
        "candidate_threshold_bits": policy["radius_bits"],
        "transformation": change,
        "view": VIEWS[mine.view].name,
        "known_view": VIEWS[theirs.view].name,
        "relation": found.relation,
        "segments": [
            {
                "from_s": piece.own[0] / 1000,
                "to_s": piece.own[1] / 1000,
                "known_from_s": piece.known[0] / 1000,
                "known_to_s": piece.known[1] / 1000,
                "speed": piece.speed / 1_000_000,
            }
            for piece in pieces
        ],
        "share": found.share,
        "known_share": found.known_share,
    }


def flat(piece: Piece) -> tuple[int, ...]:
    return (*piece.own, *piece.known, piece.speed)


def explained(found: Matched, pieces: list[Piece], change: str) -> str:
    text = ""
    for number, piece in enumerate(pieces[:TOLD_SEGMENTS]):
        text += ", " if number else ""
        text += f"{clock(piece.own[0])}–{clock(piece.own[1])} is {clock(piece.known[0])}–{clock(piece.known[1])}"
    if len(pieces) > TOLD_SEGMENTS:
        text += f", {len(pieces) - TOLD_SEGMENTS} more parts are parts"
    text += " of it"
    if change != "none":
        text += ", " + describe_transformation(change)
    speed = min(found.aligned.pieces, key=lambda piece: (piece.own[0] - piece.own[1], piece.own[0])).speed
    if abs(speed - 1_000_000) >= TOLD_SPEED:
        text += f", {speed / 1_000_000:.2f} times as fast"
    return f"{text}: {seconds(found.matched_ms)} of {seconds(found.duration_ms)} s match."


def clock(ms: int) -> str:
    second = int(ms / 1000 + 0.5)
    if second < 3600:
        return f"{second // 60:02}:{second % 60:02}"
    return f"{second // 3600}:{second % 3600 // 60:02}:{second % 60:02}"


def seconds(ms: int) -> str:
    return f"{ms / 1000:.1f}" if ms < 9950 else str((ms + 500) // 1000)
