"""Words for outcomes, matches and failures, for people. Programs read the fields of the decision instead."""

from __future__ import annotations

from streams.domain.hashes.transformation import describe_transformation
from streams.domain.hashes.views import MAX_PANELS
from streams.domain.match.images.wording import percent_of_picture
from streams.domain.records import Decision, Match
from streams.domain.records.verdict import Inheritance
from streams.errors import Reason

OUTCOME_WORDS: dict[str, str] = {
    "unique": "unique",
    "duplicate": "exact copy",
    "near_duplicate": "altered copy",
    "failed": "failed",
    "deleted": "deleted",
}
REASON_WORDS = {
    Reason.NOT_JSON: "the record is not valid JSON",
    Reason.MISSING_FIELD: "a field is missing",
    Reason.BAD_FIELD: "a field is wrong",
    Reason.UNKNOWN_KIND: "unknown kind of media",
    Reason.BAD_COLLECTION: "not a valid collection name",
    Reason.CONTENT_ID_NEEDED: "a medium is named where only a content id finds the partition",
    Reason.TOO_MANY_VERDICTS: "too many sources have said something about one group",
    Reason.TOO_MANY_WAITING: "too many events wait for unknown media",
    Reason.TOO_MANY_MERGES: "too many groups would become one",
    Reason.TOO_MANY_SPLITS: "split from too many contents",
    Reason.WAITED_TOO_LONG: "its content or medium never came",
    Reason.LIST_INCOMPLETE: "some entries of the list never came",
    Reason.UNKNOWN_LIST: "there is no such list",
    Reason.TOO_MANY_LISTS: "too many lists in one collection",
    Reason.MODERATOR_UNAVAILABLE: "the moderator gave no answer",
    Reason.MODERATOR_BAD_ANSWER: "the moderator's answer cannot be read",
    Reason.MODERATOR_REFUSED: "the moderator refused it",
    Reason.SUBMISSION_GONE: "its submission is no longer in Kafka",
    Reason.NO_SOURCE: "neither bytes nor a URL",
    Reason.UNSUPPORTED_SCHEME: "this kind of URL is not supported",
    Reason.BAD_URL: "not a URL",
    Reason.SOURCE_NOT_FOUND: "not found",
    Reason.SOURCE_FORBIDDEN: "reading it is not allowed",
    Reason.SOURCE_REFUSED_ADDRESS: "an address that must not be fetched from",
    Reason.SOURCE_UNREACHABLE: "its server cannot be reached",
    Reason.SOURCE_TIMEOUT: "fetching took too long",
    Reason.SOURCE_TOO_LARGE: "too large",
    Reason.SOURCE_REDIRECTS: "too many redirects",
    Reason.SOURCE_HTTP_STATUS: "its server refused",
    Reason.SOURCE_EMPTY: "empty",
    Reason.SOURCE_CHANGED: "it changed while it was read",
    Reason.SOURCE_BAD_RANGES: "its server sends other parts than were requested",
    Reason.NOT_MEDIA: "not an image or video",
    Reason.UNSUPPORTED_FORMAT: "a format that is not supported",
    Reason.UNSUPPORTED_KIND: "not the kind of media it should be",
    Reason.CORRUPT_MEDIA: "damaged",
    Reason.TRUNCATED_MEDIA: "cut off, its end is missing",
    Reason.TOO_MANY_PIXELS: "more pixels than allowed",
    Reason.TOO_LONG: "longer than allowed",
    Reason.NO_VIDEO: "nothing to see in it, only sound or text",
    Reason.DECODE_TIMEOUT: "decoding took too long",
    Reason.OUT_OF_MEMORY: "decoding needs too much memory",
    Reason.DECODER_CRASHED: "decoding crashed, twice",
    Reason.INTERNAL_ERROR: "an error of mediasieve itself, see the worker's log",
}
VIEW_WORDS = {
    "full": "the whole",
    "trimmed": "without its border",
    "framed": "what its frame holds",
    "round": "its oval",
    "round_left": "its oval, tilted left",
    "round_right": "its oval, tilted right",
    "deskewed": "turned upright",
    **{
        f"round_{side}_{degrees}": f"its oval, tilted {side} by {degrees}°"
        for side in ("left", "right")
        for degrees in (7, 10)
    },
    **{f"panel_{number}": f"picture {number} of the collage" for number in range(1, MAX_PANELS + 1)},
    "square": "its middle, square",
    "wide": "its middle, 16:9",
}

MIN_WHOLE_SHARE = 0.99
"""A video that shares at least this much with another is shown as the same from beginning to end."""

MAX_SEGMENTS_TOLD = 3
"""As many segments as `Match.explanation` tells."""


def reason_in_words(reason: str) -> str:
    """The reason of a failure; an unknown one, of a later version, is spelled out."""
    try:
        return REASON_WORDS[Reason(reason)]
    except (ValueError, KeyError):
        return reason.replace("_", " ")


def percent(similarity: float) -> str:
    """`97.7 %`; only exactly 1 is shown as 100."""
    return "100 %" if similarity == 1 else f"{min(similarity * 100, 99.9):.1f} %"


def view_in_words(name: str) -> str:
    """A view of `streams.domain.hashes.views`: `the whole`, `top left 80 %` (with a space that never breaks a line)."""
    if name in VIEW_WORDS:
        return VIEW_WORDS[name]
    words = name.split("_")
    return " ".join([*words[:-1], f"{words[-1]}\u00a0%"] if words[-1].isdigit() else words)


def match_in_words(match: Match, of: str = "it") -> str:
    """`same bytes`, `97.7 %` for a re-encoded picture, or `97.7 %, mirrored left to right, then cropped`.

    `97.7 %, 12 % of it differs` for a picture that also shows something else, `perhaps: 91.0 %` for one that may be a
    copy. A match of videos also names the segments that are the same; see `segments_in_words`.
    """
    if match.method == "exact":
        return "same bytes"
    altered = "" if match.transformation == "none" else f", {describe_transformation(match.transformation)}"
    if match.differs:
        altered += f", {percent_of_picture(match.differs)} of it differs"
    perhaps = "perhaps: " if match.confidence in ("likely", "unverified") else ""
    segments = segments_in_words(match, of)
    if match.relation in ("", "copy"):
        return f"{perhaps}{percent(match.similarity)}{altered}{f', {segments}' if segments else ''}"
    return f"{perhaps}{segments}{altered}"


def segments_in_words(match: Match, of: str = "it") -> str:
    """`clip, 00:00–00:18 is 00:12–00:30 of it`, `contains 00:12–00:30 of it at 01:02`; empty if all is the same."""
    if not match.relation or (match.relation == "copy" and min(match.share, match.known_share) >= MIN_WHOLE_SHARE):
        return ""
    told, more = match.segments[:MAX_SEGMENTS_TOLD], len(match.segments) - MAX_SEGMENTS_TOLD
    rest = f" and {more} more part{'' if more == 1 else 's'}" if more > 0 else ""
    if not match.segments:
        return f"{match.relation} {of}"
    if match.relation == "contains":
        known = (f"{span(part.known_from_s, part.known_to_s)} of {of} at {clock(part.from_s)}" for part in told)
        return f"contains {', '.join(known)}{rest}"
    pairs = (f"{span(part.from_s, part.to_s)} is {span(part.known_from_s, part.known_to_s)}" for part in told)
    name = {"clip_of": "clip, ", "overlaps": "overlaps, "}.get(match.relation, "")
    return f"{name}{', '.join(pairs)} of {of}{rest}"


def appearances_in_words(decision: Decision) -> list[str]:
    """`shown in a.mp4 at 00:12` for a picture, `shows a.jpg at 00:12` for a video, where the policy asks for it."""
    return [
        f"{'shown in' if found.kind == 'video' else 'shows'} {found.media_id} at {clock(found.at_s)}"
        for found in decision.appears_in
    ]


def span(from_s: float, to_s: float) -> str:
    """`00:12–00:30`"""
    return f"{clock(from_s)}–{clock(to_s)}"


def clock(seconds: float) -> str:
    """`01:02`, or `1:01:02` from an hour on."""
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def inheritance_in_words(inheritance: Inheritance) -> str:
    """Which verdicts of its group a copy does not inherit, and why."""
    match inheritance.because:
        case "review":
            return "inherits no verdict before a person has looked at the match"
        case "clip":
            return "inherits no verdict: a part of a video is another matter than the whole"
    what = f"only {' and '.join(inheritance.statuses)}" if inheritance.statuses else "no verdict"
    share = percent_of_picture(inheritance.drift or 0.0)
    return f"inherits {what}: {share} of the picture may differ from the first of its group"
