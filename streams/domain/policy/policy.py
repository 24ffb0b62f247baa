"""A policy: the rules by which a collection's media are compared.

Every fingerprint record carries the policy that it is decided under. So a decision depends on that record and on the
records before it, and not on when a worker last read its policy file (config/policy_file.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import orjson

from streams.domain.hashes.algorithms import HASHES, VIEW_COMPARING_HASH, HashName, current_algorithm
from streams.domain.hashes.levels import Level
from streams.domain.policy.validation import BadRule, check_combination, check_ranges
from streams.errors import BadInput, Reason

DAY_MS: Final = 86_400_000
"""Times in records and in the state are in ms, rules of a policy in days."""


class Thresholds(NamedTuple):
    """Hamming distances up to which two hashes count as the same picture; see Policy."""

    radius_bits: int
    view_radius_bits: int = 0
    confirm_bits: int = 0


DEFAULT_THRESHOLDS: Final[Mapping[HashName, Thresholds]] = {
    "phash256": Thresholds(12, 7, 92), "phash64": Thresholds(8), "phash32": Thresholds(1), "phash16": Thresholds(0),
    "dhash256": Thresholds(10, 0, 64), "dhash64": Thresholds(6), "dhash32": Thresholds(1), "dhash16": Thresholds(0),
    "ahash256": Thresholds(8, 0, 8), "ahash64": Thresholds(0), "ahash32": Thresholds(0), "ahash16": Thresholds(0),
    "whash256": Thresholds(8, 0, 5), "whash64": Thresholds(0), "whash32": Thresholds(0), "whash16": Thresholds(0),
}  # fmt: skip
"""For a policy that names a hash and no thresholds: the widest thresholds that let no pair, or hardly any, of half a
million pairs of different photographs pass, less a margin. The radius is 0 where even equal hashes are too many: of a
million pairs of different pictures, 6 have equal hashes with whash64, 62 with ahash32, 240 with whash32, and 260 to
2,100 with 16 bits."""


INHERITED_DIFFERS: Final[Mapping[str, float]] = {"allowed_differs": 0.02, "review_differs": 0.05}
"""For a policy whose `reuse_differs` is not smaller."""


@dataclass(frozen=True)
class Policy:
    """The rules of one or more collections. `Policy.of` fills in the defaults that suit its hash.

    Attributes:
        name: a-z, 0-9, `_` and `-`; at most 64 characters.
        near: whether near duplicates are searched. If not, only equal bytes match, and the collection spreads over
            all partitions.
        hash: the hash that finds near duplicates. Candidates of a hash of 256 bits are found by the 64-bit hash of its
            family and then confirmed. A smaller hash is compared alone, and nothing confirms its candidates.
        views: the level: which views of a picture are stored and looked up. Levels above `plain` need `phash256`.
        radius_bits: Hamming distance within which candidates are found, between whole pictures.
        view_radius_bits: the same where either side is a derived view (a crop); at most `radius_bits`.
        confirm_bits: Hamming distance up to which 256 bits confirm a candidate; 0 for smaller hashes.
        min_quality: a picture of lower quality (0 to 1) has no hash worth comparing, and matches by equal bytes only.
        reuse_differs: a certain copy may differ from the known picture in this share of the picture (0 to 1) and still
            inherit its verdict. A copy that differs more goes to review, in a group of its own.
        max_differs: a picture that differs more than this is no copy.
        allowed_differs: a copy inherits the verdict `allowed` if it differs from the group's canonical content in at
            most this share; at most `reuse_differs`.
        review_differs: the same for the verdict `review`. `blocked` is inherited by every copy of a group.
        also: further hashes in fingerprints, which are not compared. They are sorted by name.
        retention_days: how long a content is remembered after it was last seen; None is for ever.
        video_share: a video counts as contained in another if this share of it (0.5 to 1) is found there: then it is a
            copy or a clip of the other, or contains it. Videos are compared by `phash256`; under a policy with another
            hash, they match by equal bytes only.
        video_overlap: two videos of which neither contains the other overlap from this share of either on; 1 leaves
            such pairs alone.
        video_min_s: the seconds that must be the same, in videos that last as long.
        appears_in: whether the decision about a picture lists the known videos that show it, and the decision about a
            video the known pictures that it shows. This changes no outcome.
        reference: only submissions that say `reference` are added to the collection. All others are probes: they are
            compared with it, get a decision, and leave the collection as it is.
        version: name and digest of the rules; computed. Policies of one version have equal rules.

    Raises:
        BadRule: a rule contradicts another, or lets pairs pass that have nothing in common.
    """

    name: str = "default"
    near: bool = True
    hash: HashName = "phash256"
    views: Level = "standard"
    radius_bits: int = 12
    view_radius_bits: int = 7
    confirm_bits: int = 92
    min_quality: float = 0.1
    reuse_differs: float = 0.05
    max_differs: float = 0.35
    allowed_differs: float = INHERITED_DIFFERS["allowed_differs"]
    review_differs: float = INHERITED_DIFFERS["review_differs"]
    also: tuple[str, ...] = ()
    retention_days: float | None = None
    video_share: float = 0.75
    video_overlap: float = 0.3
    video_min_s: float = 2.0
    appears_in: bool = False
    reference: bool = False
    version: str = field(init=False)

    def __post_init__(self) -> None:
        check_ranges(self)
        values = self.__dict__
        values["also"] = tuple(sorted(self.also))
        for name in FLOAT_RULES:
            values[name] = float(values[name])
        if self.retention_days is not None:
            values["retention_days"] = float(self.retention_days)
        check_combination(self)
        if not self.reference:  # versions and JSON of all other policies stay as they were before there was this rule
            values.pop("reference")
        values["version"] = f"{self.name}:{_digest(values)}"

    @property
    def hash_bits(self) -> int:
        return current_algorithm(self.hash).bits

    @property
    def compares_views(self) -> bool:
        """Near duplicates are found by the views of pictures and the frames of videos, not by one hash alone."""
        return self.near and self.hash == VIEW_COMPARING_HASH

    @classmethod
    def of(cls, **rules: Any) -> Policy:
        """A policy from some rules; the others get the defaults that suit its hash.

        Raises:
            BadRule: as the class does, or an unknown rule.
        """
        for name in rules:
            if name not in RULE_NAMES:
                raise BadRule(name, f"is not a rule; use one of {', '.join(RULE_NAMES)}")
        chosen = rules.get("hash", VIEW_COMPARING_HASH)
        suited = DEFAULT_THRESHOLDS[chosen] if chosen in HASHES else Thresholds(0)
        radius_bits = rules.get("radius_bits", suited.radius_bits)
        view_radius_bits = suited.view_radius_bits
        if isinstance(radius_bits, int):
            view_radius_bits = max(0, min(radius_bits, view_radius_bits))
        defaults: dict[str, Any] = {**suited._asdict(), "view_radius_bits": view_radius_bits}
        reuse_differs = rules.get("reuse_differs")
        if isinstance(reuse_differs, int | float):
            defaults |= {name: min(reuse_differs, differs) for name, differs in INHERITED_DIFFERS.items()}
        if chosen != VIEW_COMPARING_HASH or rules.get("near") is False:
            defaults["views"] = "plain"
        return cls(**{**defaults, **rules})

    @classmethod
    def from_json(cls, document: object) -> Policy:
        """The policy of a record, with its version verified.

        A record without a policy, of an early version of mediasieve, gets the default policy. Rules that are missing,
        since they came later, get their defaults. A rule that this version does not know is refused, since it could
        not be followed.

        Raises:
            BadInput: missing_field or bad_field.
        """
        if document is None:
            return DEFAULT_POLICY
        if not isinstance(document, dict):
            raise BadInput(Reason.BAD_FIELD, "field 'policy' must be an object")
        version = document.get("version")
        known = _VERIFIED.get(version) if isinstance(version, str) else None
        if known is not None and known[0] == document:
            return known[1]
        policy = _verified(document)
        if len(_VERIFIED) >= MAX_VERIFIED:
            _VERIFIED.clear()
        _VERIFIED[policy.version] = document, policy
        return policy


def _verified(document: dict[str, Any]) -> Policy:
    """The policy of a JSON object; its version stays as it is."""
    version = document.get("version")
    rules = {name: value for name, value in document.items() if name != "version"}
    if version is None:
        raise BadInput(Reason.MISSING_FIELD, "field 'version' of 'policy' is missing")
    try:
        policy = Policy.of(**rules)
    except BadRule as error:
        raise BadInput(Reason.BAD_FIELD, f"policy {version}: {error}") from error
    found = f"{policy.name}:{_digest({name: policy.__dict__[name] for name in rules})}"
    if found != version:
        raise BadInput(Reason.BAD_FIELD, f"policy {version} has other rules than its version says ({found})")
    policy.__dict__["version"] = version
    return policy


def _digest(values: Mapping[str, Any]) -> str:
    """12 hex digits of blake2b over the rules, without the name, as JSON with sorted keys."""
    rules = {name: value for name, value in values.items() if name not in ("name", "version")}
    return blake2b(orjson.dumps(rules, option=orjson.OPT_SORT_KEYS), digest_size=6).hexdigest()


RULE_NAMES: Final[tuple[str, ...]] = tuple(member.name for member in fields(Policy) if member.init)
"""In the order of the JSON."""

FLOAT_RULES: Final = (
    *("min_quality", "reuse_differs", "max_differs", "allowed_differs", "review_differs"),
    *("video_share", "video_overlap", "video_min_s"),
)

DEFAULT_POLICY: Final = Policy()
MAX_VERIFIED: Final = 1024
_VERIFIED: dict[str, tuple[dict[str, Any], Policy]] = {}
"""Verified objects by version: all records of a collection carry the same policy."""
