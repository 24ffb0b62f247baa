"""Policy is data: the rules by which a collection's media are compared, and which collection has which.

A policy travels in every fingerprint record, so that what is decided depends on that record and on what came
before it, and not on when a worker last read its policy file. Reading that file is streams/policies.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from hashlib import blake2b
from typing import Any, Final, Literal, NamedTuple, get_args

import orjson

from streams.errors import BadInput, Reason

Level = Literal["plain", "standard", "deep"]
HashName = Literal[
    "phash256", "phash64", "phash32", "phash16",
    "dhash256", "dhash64", "dhash32", "dhash16",
    "ahash256", "ahash64", "ahash32", "ahash16",
    "whash256", "whash64", "whash32", "whash16",
]  # fmt: skip
FurtherHash = HashName | Literal["pdq256"]

LEVELS: Final[tuple[Level, ...]] = get_args(Level)
HASHES: Final[tuple[HashName, ...]] = get_args(HashName)
EXTRA_HASHES: Final[tuple[str, ...]] = (*HASHES, "pdq256")
NAME_FORM = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
MAX_RETENTION_DAYS = 36_500
MAX_VIDEO_MIN_S = 3_600
#: Videos of which less is the same have no more in common than any two with one maker's intro.
MIN_VIDEO_SHARE, MIN_VIDEO_OVERLAP = 0.5, 0.1
MAX_SHOWN_CHARS = 60


class Thresholds(NamedTuple):
    """Hamming distances up to which two hashes are of the same picture; see Policy."""

    radius_bits: int
    view_radius_bits: int = 0
    confirm_bits: int = 0


#: What a policy that names a hash and no thresholds compares by: the widest of which none or hardly any of half a
#: million pairs of different photographs passed, less a margin. It is 0 where even equal hashes are too many: among a
#: million different pairs 6 with whash64, 62 with ahash32, 240 with whash32, and 260 to 2,100 with 16 bits.
DEFAULT_THRESHOLDS: Final[Mapping[HashName, Thresholds]] = {
    "phash256": Thresholds(10, 7, 80), "phash64": Thresholds(8), "phash32": Thresholds(1), "phash16": Thresholds(0),
    "dhash256": Thresholds(10, 0, 64), "dhash64": Thresholds(6), "dhash32": Thresholds(1), "dhash16": Thresholds(0),
    "ahash256": Thresholds(8, 0, 8), "ahash64": Thresholds(0), "ahash32": Thresholds(0), "ahash16": Thresholds(0),
    "whash256": Thresholds(8, 0, 5), "whash64": Thresholds(0), "whash32": Thresholds(0), "whash16": Thresholds(0),
}  # fmt: skip

#: The widest radius by the bits of the hash: beyond, more than one in a thousand pairs of coin-toss hashes would
#: pass. A hash of 256 bits confirms its candidates, so these may be found in a wider radius.
MAX_RADIUS_BITS: Final[Mapping[int, int]] = {256: 24, 64: 19, 32: 6, 16: 1}
#: Two standard deviations below what coin-toss hashes of 256 bits have between them (128).
MAX_CONFIRM_BITS = 111


class BadRule(ValueError):
    """A rule that cannot be; `rule` is its name, which begins the message too."""

    def __init__(self, rule: str, problem: str) -> None:
        super().__init__(f"{rule} {problem}")
        self.rule = rule


def _bits(name: str) -> int:
    return int(name.lstrip("abcdefghijklmnopqrstuvwxyz"))


def _digest(values: Mapping[str, Any]) -> str:
    """12 hex digits of blake2b over the rules as JSON with sorted keys; the name is no rule."""
    rules = {name: value for name, value in values.items() if name not in ("name", "version")}
    return blake2b(orjson.dumps(rules, option=orjson.OPT_SORT_KEYS), digest_size=6).hexdigest()


def _check_forms(policy: Policy) -> None:
    """That each rule is of the type and within the range that it has by itself."""
    if not isinstance(policy.name, str) or not NAME_FORM.fullmatch(policy.name):
        raise BadRule(
            "name", f"is {_shown(policy.name)}; 1 to 64 of a-z, 0-9, '_' and '-', beginning with a letter or digit"
        )
    if not isinstance(policy.near, bool):
        raise BadRule("near", f"is {_shown(policy.near)}; true or false")
    _check_choice("hash", policy.hash, HASHES)
    _check_choice("views", policy.views, LEVELS)
    _check_number("min_quality", policy.min_quality, 0, 1)
    if not isinstance(policy.also, (tuple, list)):
        raise BadRule("also", f"is {_shown(policy.also)}; a list of hashes")
    for each in policy.also:
        _check_choice("also", each, EXTRA_HASHES)
    if len(set(policy.also)) < len(policy.also):
        raise BadRule("also", f"names a hash twice: {', '.join(policy.also)}")
    if policy.retention_days is not None:
        _check_number("retention_days", policy.retention_days, 0, MAX_RETENTION_DAYS)
        if policy.retention_days == 0:
            raise BadRule("retention_days", "is 0, and nothing would ever be a copy; leave it out to remember for ever")
    _check_number("video_share", policy.video_share, MIN_VIDEO_SHARE, 1)
    _check_number("video_overlap", policy.video_overlap, MIN_VIDEO_OVERLAP, 1)
    _check_number("video_min_s", policy.video_min_s, 0, MAX_VIDEO_MIN_S)
    if not isinstance(policy.appears_in, bool):
        raise BadRule("appears_in", f"is {_shown(policy.appears_in)}; true or false")


def _check_thresholds(policy: Policy) -> None:
    """That the thresholds fit the hash and one another."""
    bits = policy.hash_bits
    _check_whole("radius_bits", policy.radius_bits, MAX_RADIUS_BITS[bits], f"with {policy.hash}")
    _check_whole("view_radius_bits", policy.view_radius_bits, policy.radius_bits, "which is radius_bits")
    if bits == 256:
        _check_whole("confirm_bits", policy.confirm_bits, MAX_CONFIRM_BITS, "of 256")
    elif policy.confirm_bits != 0:
        raise BadRule("confirm_bits", f"is {_shown(policy.confirm_bits)}; nothing confirms {policy.hash}: leave it out")
    if policy.views != "plain" and policy.hash != "phash256":
        raise BadRule("views", f"is {policy.views}; other views than plain need hash: phash256, not {policy.hash}")
    if policy.appears_in and not (policy.near and policy.hash == "phash256"):
        raise BadRule("appears_in", "is true; it needs near: true and hash: phash256, which frames are found by")


def _shown(value: object) -> str:
    """A value as it goes into a message: whoever wrote it may have written a lot."""
    text = repr(value)
    return text if len(text) <= MAX_SHOWN_CHARS else f"{text[:MAX_SHOWN_CHARS]}…"


def _check_choice(rule: str, value: object, choices: Sequence[str]) -> None:
    if value not in choices:
        raise BadRule(rule, f"is {_shown(value)}; one of {', '.join(choices)}")


def _check_number(rule: str, value: object, lowest: float, highest: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not lowest <= value <= highest:
        raise BadRule(rule, f"is {_shown(value)}; a number from {lowest} to {highest}")


def _check_whole(rule: str, value: object, highest: int, why: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= highest:
        raise BadRule(rule, f"is {_shown(value)}; a whole number from 0 to {highest} ({why})")


@dataclass(frozen=True)
class Policy:
    """Rules of one or more collections; `Policy.of` fills in what suits the hash that it names.

    Attributes:
        name: a-z, 0-9, `_` and `-`; at most 64 characters.
        near: whether near duplicates are looked for. If not, only equal bytes match, and the collection
            spreads over all partitions.
        hash: by which hash near duplicates are found. One of 256 bits has its candidates looked up by the 64-bit
            hash of its family and then confirmed; a smaller one is compared as it is, and nothing confirms.
        views: which views of a picture are stored and looked up; others than `plain` need `phash256`.
        radius_bits: candidates lie within this Hamming distance, between whole pictures.
        view_radius_bits: the same where either side is a derived view (a crop); at most `radius_bits`.
        confirm_bits: Hamming distance up to which 256 bits confirm a candidate; 0 for smaller hashes.
        min_quality: a picture of less quality (0 to 1) has no hash worth comparing, and matches exactly only.
        also: further hashes that fingerprints carry beside; in alphabetical order, whatever order was given.
        retention_days: how long a content is remembered after it was last seen; None is for ever.
        video_share: of a video so much (0.5 to 1) is to be found in another for it to count as all of it: then it is
            a copy or a clip of the other, or contains it. Videos are compared by `phash256`, and under a policy with
            another hash match by equal bytes only.
        video_overlap: two videos of which neither is all in the other overlap from this share of either on; 1 leaves
            such pairs alone.
        video_min_s: how many seconds have to be the same, of videos that last so long.
        appears_in: whether decisions say of which known videos a picture is a frame, and of a video which known
            pictures are frames of it. That decides nothing.
        version: name and digest of all the rules; computed. Policies of one version have equal rules.

    Raises:
        BadRule: a rule that contradicts another, or lets pairs through that have nothing in common.
    """

    name: str = "default"
    near: bool = True
    hash: HashName = "phash256"
    views: Level = "standard"
    radius_bits: int = 10
    view_radius_bits: int = 7
    confirm_bits: int = 80
    min_quality: float = 0.1
    also: tuple[str, ...] = ()
    retention_days: float | None = None
    video_share: float = 0.75
    video_overlap: float = 0.3
    video_min_s: float = 2.0
    appears_in: bool = False
    version: str = field(init=False)

    def __post_init__(self) -> None:
        _check_forms(self)
        values = self.__dict__
        values["also"] = tuple(sorted(self.also))
        for name in ("min_quality", "video_share", "video_overlap", "video_min_s"):
            values[name] = float(values[name])
        if self.retention_days is not None:
            values["retention_days"] = float(self.retention_days)
        _check_thresholds(self)
        values["version"] = f"{self.name}:{_digest(values)}"

    @property
    def hash_bits(self) -> int:
        return _bits(self.hash)

    @classmethod
    def of(cls, **rules: Any) -> Policy:
        """A policy from the rules that somebody cares about; the others become what suits its hash.

        Raises:
            BadRule: as the class does, or a name that is no rule.
        """
        for name in rules:
            if name not in RULE_NAMES:
                raise BadRule(name, f"is no rule; there are {', '.join(RULE_NAMES)}")
        chosen = rules.get("hash", "phash256")
        suited = DEFAULT_THRESHOLDS[chosen] if chosen in HASHES else Thresholds(0)
        radius_bits = rules.get("radius_bits", suited.radius_bits)
        view_radius_bits = suited.view_radius_bits
        if isinstance(radius_bits, int):
            view_radius_bits = max(0, min(radius_bits, view_radius_bits))
        defaults: dict[str, Any] = {**suited._asdict(), "view_radius_bits": view_radius_bits}
        if chosen != "phash256" or rules.get("near") is False:
            defaults["views"] = "plain"
        return cls(**{**defaults, **rules})

    @classmethod
    def from_json(cls, document: object) -> Policy:
        """The policy that stands in a record, with its version verified.

        A record without one is of a version of mediasieve that had none, and gets the default policy. Rules that
        its version did not have yet get their defaults; a rule that this version does not know is refused,
        because nobody here could follow it.

        Raises:
            BadInput: missing_field or bad_field.
        """
        if document is None:
            return DEFAULT_POLICY
        if not isinstance(document, dict):
            raise BadInput(Reason.BAD_FIELD, "field 'policy' must be an object")
        version = document.get("version")
        known = _SEEN.get(version) if isinstance(version, str) else None
        if known is not None and known[0] == document:
            return known[1]
        policy = _verified(document)
        if len(_SEEN) >= MOST_SEEN:
            _SEEN.clear()
        _SEEN[policy.version] = document, policy
        return policy


def _verified(document: dict[str, Any]) -> Policy:
    """The policy of one JSON object, whose version is kept as it is."""
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


#: The rules' names, in the order in which they stand in JSON.
RULE_NAMES: Final[tuple[str, ...]] = tuple(each.name for each in fields(Policy) if each.init)
DEFAULT_POLICY: Final = Policy()
#: Objects that were verified, by version: all records of a collection carry the same one.
_SEEN: dict[str, tuple[dict[str, Any], Policy]] = {}
MOST_SEEN = 1024


class CollectionPolicies:
    """The policy of every collection.

    Args:
        default: of every collection that nothing else names.
        collections: names of collections, or patterns with `*`, `?` and `[…]`, with their policies. A name wins
            over every pattern, an earlier pattern over a later one.
    """

    def __init__(self, default: Policy = DEFAULT_POLICY, collections: Sequence[tuple[str, Policy]] = ()) -> None:
        self.default = default
        self.collections = tuple(collections)
        self._names = {name: policy for name, policy in collections if not is_pattern(name)}
        self._patterns = [(name, policy) for name, policy in collections if is_pattern(name)]
        self._found: dict[str, Policy] = {}

    def of(self, collection: str) -> Policy:
        found = self._found.get(collection)
        if found is None:
            if len(self._found) >= MOST_SEEN:
                self._found.clear()
            found = self._found[collection] = self.look_up(collection)
        return found

    @property
    def asked_for(self) -> frozenset[str]:
        """Collections that `of` was asked for; the last thousand or so."""
        return frozenset(self._found)

    def look_up(self, collection: str) -> Policy:
        """As `of`, without remembering the answer."""
        if collection in self._names:
            return self._names[collection]
        return next((policy for form, policy in self._patterns if fnmatchcase(collection, form)), self.default)


def is_pattern(name: str) -> bool:
    return not set(name).isdisjoint("*?[")
