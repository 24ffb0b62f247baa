"""The keys of the HTTP API: their hashes, roles and collections, from a YAML file that is read again when it changes.

The file holds no key, only the sha256 of each. A key has 256 random bits, so its hash needs no salt.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, Literal, get_args

import yaml

from streams.domain.records import COLLECTION_REGEX
from streams.errors import ConfigurationError

logger = logging.getLogger(__name__)

Role = Literal["read", "submit", "moderate", "admin"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

KEY_PREFIX: Final = "msk_"
MAX_KEY_CHARS: Final = 128
MAX_FILE_BYTES: Final = 1 << 20
LOOK_S: Final = 1.0
NAME_REGEX: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
SHA256_REGEX: Final = re.compile(r"[0-9a-f]{64}")
PATTERN_REGEX: Final = re.compile(r"[a-z0-9._*?-]{1,128}")
RATE_REGEX: Final = re.compile(r"[1-9]\d{0,8}/(?:second|minute|hour|day)")
FIELDS: Final = ("name", "sha256", "roles", "collections", "rate", "expires")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key as the file has it.

    Attributes:
        name: for logs and the audit; never secret.
        sha256: of the key, in hex.
        roles: the permissions of the key; `admin` may do everything.
        collections: names, or patterns with `*` and `?`.
        rate: requests in a time, such as `100/second`; None for the limit of the settings.
        expires: the first day on which it is refused.
    """

    name: str
    sha256: str
    roles: frozenset[Role]
    collections: tuple[str, ...]
    rate: str | None = None
    expires: date | None = None

    def may(self, role: Role) -> bool:
        return role in self.roles or "admin" in self.roles

    def reaches(self, collection: str) -> bool:
        return any(fnmatchcase(collection, pattern) for pattern in self.collections)


LOCAL_KEY: Final = ApiKey("local", "", frozenset({"admin"}), ("*",), rate="")
"""Who asks where there is no key file: then the API listens on this machine only."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A fresh key, which is shown once, and its entry for the file."""

    key: str
    entry: ApiKey

    def as_yaml(self) -> str:
        document = {
            "name": self.entry.name,
            "sha256": self.entry.sha256,
            "roles": sorted(self.entry.roles),
            "collections": list(self.entry.collections),
            **({"rate": self.entry.rate} if self.entry.rate else {}),
            **({"expires": self.entry.expires} if self.entry.expires else {}),
        }
        return str(yaml.safe_dump([document], sort_keys=False))


def make_key(
    name: str, roles: frozenset[Role], collections: tuple[str, ...], *, rate: str | None, expires: date | None
) -> NewKey:
    """A fresh key of 256 random bits.

    Raises:
        ConfigurationError: the name, a collection or the rate is not valid.
    """
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    entry = {
        "name": name,
        "sha256": hash_of(key),
        "roles": sorted(roles),
        "collections": list(collections),
        "rate": rate,
        "expires": expires,
    }
    return NewKey(key, _entry(entry, "the key"))


def hash_of(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def load_keys(path: Path) -> Mapping[str, ApiKey]:
    """The keys of a file, by their hash.

    Raises:
        ConfigurationError: the file is missing, is not valid YAML, or has a mistake, which is named.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise ConfigurationError(f"{path} is larger than {MAX_FILE_BYTES >> 10} KiB")
        document = yaml.safe_load(data)
    except OSError as error:
        raise ConfigurationError(f"the key file {path} cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigurationError(f"{path}: line {mark.line + 1 if mark else '?'} is not valid YAML") from error
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ConfigurationError(f"{path} must have one list called `keys`; `mediasieve keys new` writes an entry")
    keys = [_entry(entry, f"{path}: entry {number}") for number, entry in enumerate(entries, start=1)]
    for what, values in (("name", [key.name for key in keys]), ("sha256", [key.sha256 for key in keys])):
        if len(set(values)) < len(values):
            raise ConfigurationError(f"{path}: two entries have the same {what}")
    return {key.sha256: key for key in keys}


class LiveKeys:
    """The keys of a file in its last valid state; a thread looks at the file every second.

    Raises:
        ConfigurationError: the file cannot be used at the start.
    """

    def __init__(self, path: Path, look_s: float = LOOK_S) -> None:
        self._path = path
        self._look_s = look_s
        self._read = self._seen = _signature(path)
        self._keys = load_keys(path)
        self._ended = threading.Event()
        threading.Thread(target=self._watch, name="key file", daemon=True).start()

    def find(self, key: str) -> ApiKey | None:
        """The entry of a key that is valid today."""
        if not key.startswith(KEY_PREFIX) or len(key) > MAX_KEY_CHARS:
            return None
        return self.find_hash(hash_of(key))

    def find_hash(self, digest: str) -> ApiKey | None:
        """The entry of the key with this sha256, if the key is valid today."""
        found = self._keys.get(digest)
        if found is None or not hmac.compare_digest(found.sha256, digest):
            return None
        return None if found.expires and datetime.now(UTC).date() >= found.expires else found

    def close(self) -> None:
        self._ended.set()

    def look(self) -> None:
        """Read the file if it has changed since it was read, but not since the last look."""
        now, before = _signature(self._path), self._seen
        self._seen = now
        if now != before or now == self._read:
            return
        self._read = now
        try:
            self._keys = load_keys(self._path)
        except ConfigurationError as error:
            logger.error("%s; the previous keys stay in force", error)
        else:
            logger.info("key file %s: %d keys", self._path, len(self._keys))

    def _watch(self) -> None:
        while not self._ended.wait(self._look_s):
            self.look()


def _signature(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _entry(entry: Any, place: str) -> ApiKey:
    if not isinstance(entry, dict):
        raise ConfigurationError(f"{place} must be a mapping with {', '.join(FIELDS)}")
    unknown = [str(name) for name in entry if name not in FIELDS]
    if unknown:
        raise ConfigurationError(f"{place} has no {unknown[0]!r}; choose from {', '.join(FIELDS)}")
    name, digest, rate, expires = (entry.get(field) for field in ("name", "sha256", "rate", "expires"))
    if not isinstance(name, str) or not NAME_REGEX.fullmatch(name):
        raise ConfigurationError(f"{place}: `name` must be 1 to 64 letters, digits, '.', '_', '@' and '-'")
    if not isinstance(digest, str) or not SHA256_REGEX.fullmatch(digest):
        raise ConfigurationError(f"{place}: `sha256` must be 64 hex digits in lower case, in quotes")
    roles, collections = entry.get("roles"), entry.get("collections")
    if not isinstance(roles, list) or not roles or any(role not in ROLES for role in roles):
        raise ConfigurationError(f"{place}: `roles` must be a list of {', '.join(ROLES)}")
    if not isinstance(collections, list) or not collections or not all(map(_is_pattern, collections)):
        raise ConfigurationError(f"{place}: `collections` must be a list of names, or patterns with * and ?")
    if rate is not None and not (isinstance(rate, str) and RATE_REGEX.fullmatch(rate)):
        raise ConfigurationError(f"{place}: `rate` must look like 100/second, 6000/minute or 100000/day")
    if expires is not None and type(expires) is not date:
        raise ConfigurationError(f"{place}: `expires` must be a day such as 2027-01-31, without quotes")
    return ApiKey(name, digest, frozenset(roles), tuple(collections), rate, expires)


def _is_pattern(text: object) -> bool:
    return isinstance(text, str) and bool(COLLECTION_REGEX.fullmatch(text) or PATTERN_REGEX.fullmatch(text))
