"""How outcomes, matches and failures are put to people. Programs read the fields of the decision instead."""

from __future__ import annotations

from typing import Any

from streams.domain.hashes.transformation import describe_transformation
from streams.errors import Reason

OUTCOME_STYLES = {"unique": "green", "duplicate": "yellow", "near_duplicate": "cyan", "failed": "red"}
OUTCOME_WORDS = {
    "unique": "unique",
    "duplicate": "exact copy",
    "near_duplicate": "altered copy",
    "failed": "failed",
}
REASON_WORDS = {
    Reason.NOT_JSON: "the record is no JSON",
    Reason.MISSING_FIELD: "a field is missing",
    Reason.BAD_FIELD: "a field is wrong",
    Reason.UNKNOWN_KIND: "unknown kind of media",
    Reason.BAD_COLLECTION: "not the form of a collection",
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
    Reason.SOURCE_BAD_RANGES: "its server sends other parts than it is asked for",
    Reason.NOT_MEDIA: "not an image or video",
    Reason.UNSUPPORTED_FORMAT: "a format that is not supported",
    Reason.UNSUPPORTED_KIND: "not the kind of media it should be",
    Reason.CORRUPT_MEDIA: "damaged",
    Reason.TRUNCATED_MEDIA: "cut off, its end is missing",
    Reason.NO_VIDEO: "no video in it, only sound or data",
    Reason.TOO_LONG: "longer than allowed",
    Reason.TOO_MANY_PIXELS: "more pixels than allowed",
    Reason.TOO_LONG: "longer than allowed",
    Reason.NO_VIDEO: "nothing to see in it, only sound or text",
    Reason.DECODE_TIMEOUT: "decoding took too long",
    Reason.OUT_OF_MEMORY: "decoding needs too much memory",
    Reason.INTERNAL_ERROR: "an error of mediasieve itself, see the worker's log",
}


def reason_in_words(reason: str) -> str:
    """A failure's reason for people; one of a later version is spelled out."""
    try:
        return REASON_WORDS[Reason(reason)]
    except (ValueError, KeyError):
        return reason.replace("_", " ")


def percent(similarity: float) -> str:
    """`97.7 %`; only a true 1 is shown as 100."""
    return "100 %" if similarity == 1 else f"{min(similarity * 100, 99.9):.1f} %"


ALL_OF_IT = 0.99
"""A video of which so much is the same is the same from its beginning to its end, for people."""

PARTS_TOLD = 3
"""As many as `Match.explanation` tells."""

VIEW_WORDS = {
    "full": "the whole",
    "trimmed": "without its border",
    "framed": "what its frame holds",
    "round": "its oval",
    "round_left": "its oval, tilted left",
    "round_right": "its oval, tilted right",
    "square": "its middle, square",
    "wide": "its middle, 16:9",
}


def view_in_words(name: str) -> str:
    """A view of `streams.domain.hashes.views`: `the whole`, `top left 80 %` (which stays on one line)."""
    if name in VIEW_WORDS:
        return VIEW_WORDS[name]
    words = name.split("_")
    return " ".join([*words[:-1], f"{words[-1]}\u00a0%"] if words[-1].isdigit() else words)


def match_in_words(match: dict[str, Any], of: str = "it") -> str:
    """`same bytes`, `97.7 %` of an otherwise encoded picture, or `97.7 %, mirrored left to right, then cropped`.

    Of videos also which part of which video it is; see `parts_in_words`.
    """
    if match["method"] == "exact":
        return "same bytes"
    done = "" if match["transformation"] == "none" else f", {describe_transformation(match['transformation'])}"
    parts = parts_in_words(match, of)
    if match.get("relation", "") in ("", "copy"):
        return f"{percent(match['similarity'])}{done}{f', {parts}' if parts else ''}"
    return f"{parts}{done}"


def parts_in_words(match: dict[str, Any], of: str = "it") -> str:
    """`clip, 00:00–00:18 is 00:12–00:30 of it`, `contains 00:12–00:30 of it at 01:02`; empty where all is the same."""
    relation, segments = match.get("relation", ""), match.get("segments") or []
    if not relation or (relation == "copy" and min(match["share"], match["known_share"]) >= ALL_OF_IT):
        return ""
    told, more = segments[:PARTS_TOLD], len(segments) - PARTS_TOLD
    rest = f" and {more} more part{'' if more == 1 else 's'}" if more > 0 else ""
    if relation == "contains":
        known = (
            f"{span(each['known_from_s'], each['known_to_s'])} of {of} at {clock(each['from_s'])}" for each in told
        )
        return f"contains {', '.join(known)}{rest}"
    own = (f"{span(each['from_s'], each['to_s'])} is {span(each['known_from_s'], each['known_to_s'])}" for each in told)
    name = {"clip_of": "clip, ", "overlaps": "overlaps, "}.get(relation, "")
    return f"{name}{', '.join(own)} of {of}{rest}"


def shown_in_words(decision: dict[str, Any]) -> list[str]:
    """Of a picture `shown in a.mp4 at 00:12`, of a video `shows a.jpg at 00:12`; where the policy asks for that."""
    return [
        f"{'shown in' if each['kind'] == 'video' else 'shows'} {each['media_id']} at {clock(each['at_s'])}"
        for each in decision.get("appears_in") or ()
    ]


def span(from_s: float, to_s: float) -> str:
    """`00:12–00:30`"""
    return f"{clock(from_s)}–{clock(to_s)}"


def clock(seconds: float) -> str:
    """`01:02`, or `1:01:02` from an hour on."""
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def group_of(match: dict[str, Any]) -> tuple[str, str]:
    """Content id and media id of the first of the group; a decision from before there were groups names the match's."""
    return match.get("group_content_id") or match["content_id"], match.get("group_media_id") or match["media_id"]
