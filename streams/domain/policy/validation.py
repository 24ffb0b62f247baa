"""What a policy's rules may be: the form and range of every rule, and whether they fit together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from streams.domain.hashes.algorithms import EXTRA_HASHES, HASHES, VIEW_COMPARING_HASH
from streams.domain.hashes.levels import LEVELS

if TYPE_CHECKING:
    from streams.domain.policy.policy import Policy

NAME_REGEX = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
MAX_RETENTION_DAYS: Final = 36_500
MAX_VIDEO_MIN_S: Final = 3_600

MIN_VIDEO_SHARE, MIN_VIDEO_OVERLAP = 0.5, 0.1
"""Videos that share less have no more in common than any two videos with the same maker's intro."""

MAX_RADIUS_BITS: Final[Mapping[int, int]] = {256: 24, 64: 19, 32: 6, 16: 1}
"""The widest radius, by the bits of the hash. Beyond it, more than one in a thousand pairs of coin-toss hashes would
pass. Candidates of a hash of 256 bits are confirmed, so they may be found in a wider radius."""

MAX_CONFIRM_BITS: Final = 111
"""Two standard deviations below the mean distance of coin-toss hashes of 256 bits (128)."""

MAX_SHOWN_CHARS: Final = 60


class BadRule(ValueError):
    """A rule that cannot be. `rule` is its name, with which the message begins."""

    def __init__(self, rule: str, problem: str) -> None:
        super().__init__(f"{rule} {problem}")
        self.rule = rule


def check_ranges(policy: Policy) -> None:
    """Every rule by itself has its type and is within its range.

    Raises:
        BadRule: one does not.
    """
    if not isinstance(policy.name, str) or not NAME_REGEX.fullmatch(policy.name):
        raise BadRule(
            "name", f"is {_shown(policy.name)}; 1 to 64 of a-z, 0-9, '_' and '-', beginning with a letter or digit"
        )
    _check_bool("near", policy.near)
    _check_choice("hash", policy.hash, HASHES)
    _check_choice("views", policy.views, LEVELS)
    _check_number("min_quality", policy.min_quality, 0, 1)
    _check_number("max_differs", policy.max_differs, 0, 1)
    _check_number("reuse_differs", policy.reuse_differs, 0, policy.max_differs)
    _check_number("allowed_differs", policy.allowed_differs, 0, policy.reuse_differs)
    _check_number("review_differs", policy.review_differs, 0, policy.reuse_differs)
    if not isinstance(policy.also, (tuple, list)):
        raise BadRule("also", f"is {_shown(policy.also)}; a list of hashes")
    for name in policy.also:
        _check_choice("also", name, EXTRA_HASHES)
    if len(set(policy.also)) < len(policy.also):
        raise BadRule("also", f"names a hash twice: {', '.join(policy.also)}")
    if policy.retention_days is not None:
        _check_number("retention_days", policy.retention_days, 0, MAX_RETENTION_DAYS)
        if policy.retention_days == 0:
            raise BadRule("retention_days", "is 0, and nothing would ever be a copy; leave it out to remember for ever")
    _check_number("video_share", policy.video_share, MIN_VIDEO_SHARE, 1)
    _check_number("video_overlap", policy.video_overlap, MIN_VIDEO_OVERLAP, 1)
    _check_number("video_min_s", policy.video_min_s, 0, MAX_VIDEO_MIN_S)
    _check_bool("appears_in", policy.appears_in)
    _check_bool("reference", policy.reference)


def check_combination(policy: Policy) -> None:
    """The thresholds and views fit the hash, and each other.

    Raises:
        BadRule: they do not.
    """
    bits = policy.hash_bits
    _check_whole("radius_bits", policy.radius_bits, MAX_RADIUS_BITS[bits], f"with {policy.hash}")
    _check_whole("view_radius_bits", policy.view_radius_bits, policy.radius_bits, "which is radius_bits")
    if bits == 256:
        _check_whole("confirm_bits", policy.confirm_bits, MAX_CONFIRM_BITS, "of 256")
    elif policy.confirm_bits != 0:
        raise BadRule("confirm_bits", f"is {_shown(policy.confirm_bits)}; nothing confirms {policy.hash}: leave it out")
    if policy.views != "plain" and policy.hash != VIEW_COMPARING_HASH:
        raise BadRule(
            "views", f"is {policy.views}; other views than plain need hash: {VIEW_COMPARING_HASH}, not {policy.hash}"
        )
    if policy.appears_in and not policy.compares_views:
        raise BadRule(
            "appears_in", f"is true; it needs near: true and hash: {VIEW_COMPARING_HASH}, which frames are found by"
        )


def _shown(value: object) -> str:
    """A value as it goes into a message; it may be long."""
    text = repr(value)
    return text if len(text) <= MAX_SHOWN_CHARS else f"{text[:MAX_SHOWN_CHARS]}…"


def _check_bool(rule: str, value: object) -> None:
    if not isinstance(value, bool):
        raise BadRule(rule, f"is {_shown(value)}; true or false")


def _check_choice(rule: str, value: object, choices: Sequence[str]) -> None:
    if value not in choices:
        raise BadRule(rule, f"is {_shown(value)}; one of {', '.join(choices)}")


def _check_number(rule: str, value: object, lowest: float, highest: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not lowest <= value <= highest:
        raise BadRule(rule, f"is {_shown(value)}; a number from {lowest} to {highest}")


def _check_whole(rule: str, value: object, highest: int, why: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= highest:
        raise BadRule(rule, f"is {_shown(value)}; a whole number from 0 to {highest} ({why})")
