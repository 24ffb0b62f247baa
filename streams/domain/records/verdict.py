"""What a moderator says about a content, as decisions carry it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, get_args

#: Why a copy does not inherit every verdict of its group.
HeldBack = Literal["changed", "clip", "review"]
VerdictStatus = Literal["pending", "allowed", "review", "blocked"]
GivenStatus = Literal["allowed", "review", "blocked"]
SourceKind = Literal["person", "list", "model", "rule"]

GIVEN_STATUSES: Final[tuple[GivenStatus, ...]] = get_args(GivenStatus)
SOURCE_KINDS: Final[tuple[SourceKind, ...]] = get_args(SourceKind)
"""The strongest first: a person overrules a list, a list a model, a model a rule."""


@dataclass(frozen=True)
class Label:
    """One finding of a moderator: its name, the name of the label above it, and how sure the moderator is (0 to 1)."""

    name: str
    parent: str | None = None
    score: float | None = None


@dataclass(frozen=True)
class MatchedEntry:
    """The entry of a hash list that a content matched.

    Attributes:
        hash: algorithm and lower-case hex: `sha256:…`, `pdq256:…`.
        distance_bits: between the entry and the content's hash; 0 for equal bytes.
        threshold_bits: what the distance may be.
        confidence: `exact` (equal bytes), or `unverified` (the hashes are near, and nothing else speaks for it).
    """

    hash: str
    distance_bits: int
    threshold_bits: int
    confidence: Literal["exact", "unverified"]


@dataclass(frozen=True)
class Verdict:
    """A moderator's verdict about a content; `pending` until there is one.

    Attributes:
        status: what is to happen to the medium.
        by: who says so: the name of a person, list, model or rule.
        reason: for people.
        at: when it was said, in RFC 3339.
        inherited_from: the medium whose verdict this is; None if that is the submitted medium itself. While a verdict
            is pending, the medium whose verdict will be inherited.
        kind: of `by`.
        version: of the model, list or rule.
        labels: what was found.
        content_id: the content that the verdict names.
        entry: of a hash list, the entry that the content matched.
    """

    status: VerdictStatus = "pending"
    by: str | None = None
    reason: str | None = None
    at: str | None = None
    inherited_from: str | None = None
    kind: SourceKind | None = None
    version: str | None = None
    labels: list[Label] = field(default_factory=list)
    content_id: str | None = None
    entry: MatchedEntry | None = None


@dataclass(frozen=True)
class Inheritance:
    """Which verdicts a copy inherits, where these are not all: so a copy of a moderated medium may stay `pending`.

    Attributes:
        statuses: verdicts with these pass from the group to the copy. Others hold for it only if they name its content.
        because: `changed`: too much of the picture may differ from the group's canonical content. `clip`: a part of a
            video, or a copy of a part, is another matter than the whole. `review`: the match is not sure, so the
            content is in a group of its own until a person says that it is the same.
        drift: the share of the picture that may differ from the canonical content, which adds up over copies of
            copies; None unless `because` is `changed`.
    """

    statuses: list[GivenStatus]
    because: HeldBack
    drift: float | None = None
