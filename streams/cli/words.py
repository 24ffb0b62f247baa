"""How outcomes, matches and failures are put to people. Programs read the fields of the decision instead."""

from __future__ import annotations

from typing import Any

from streams.domain.views import in_words
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
    """A view of `streams.domain.views`: `the whole`, `top left 80 %` (which stays on one line)."""
    if name in VIEW_WORDS:
        return VIEW_WORDS[name]
    words = name.split("_")
    return " ".join([*words[:-1], f"{words[-1]}\u00a0%"] if words[-1].isdigit() else words)


def match_in_words(match: dict[str, Any]) -> str:
    """`same bytes`, `97.7 %` of an otherwise encoded picture, or `97.7 %, mirrored left to right, then cropped`."""
    if match["method"] == "exact":
        return "same bytes"
    done = "" if match["transformation"] == "none" else f", {in_words(match['transformation'])}"
    return f"{percent(match['similarity'])}{done}"


def group_of(match: dict[str, Any]) -> tuple[str, str]:
    """Content id and media id of the first of the group; a decision from before there were groups names the match's."""
    return match.get("group_content_id") or match["content_id"], match.get("group_media_id") or match["media_id"]
