"""What HTTP says about parts of a resource: which part an answer has, and whether it is still the same resource. Pure.

After RFC 9110, sections 8.8 (validators), 13.1.5 (If-Range) and 14 (ranges).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from yarl import URL

from streams.errors import BadInput, Reason

_CONTENT_RANGE = re.compile(r"\s*bytes\s+(\d{1,18})-(\d{1,18})/(\d{1,18}|\*)\s*", re.IGNORECASE | re.ASCII)
_UNSATISFIED = re.compile(r"\s*bytes\s+\*/(\d{1,18})\s*", re.IGNORECASE | re.ASCII)
#: A date says no more than the second: what changed twice in one has the same. This long after, it is settled.
SETTLED = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Part:
    """Which bytes an answer has: from `begin` to before `end`, of `total_bytes`, or None where the server keeps it."""

    begin: int
    end: int
    total_bytes: int | None


def part_of(headers: Mapping[str, str], begin: int, end: int) -> Part:
    """What a 206 answer to a request for `begin` to before `end` has; it may be less, from the beginning.

    Raises:
        BadInput: source_bad_ranges, where it has anything else.
    """
    if headers.get("Content-Type", "").strip().lower().startswith("multipart/byteranges"):
        raise BadInput(Reason.SOURCE_BAD_RANGES, "asked for one range, the server sends several")
    said = headers.get("Content-Range", "")
    found = _CONTENT_RANGE.fullmatch(said)
    if not found:
        raise BadInput(Reason.SOURCE_BAD_RANGES, f"Content-Range is no range of bytes: '{said[:100]}'")
    first, last = int(found[1]), int(found[2])
    total = None if found[3] == "*" else int(found[3])
    if first != begin or not first <= last < end or (total is not None and last >= total):
        raise BadInput(Reason.SOURCE_BAD_RANGES, f"asked for bytes {begin}-{end - 1}, the server sends '{said[:100]}'")
    return Part(first, last + 1, total)


def total_of_unsatisfied(headers: Mapping[str, str]) -> int | None:
    """The size that a 416 answer tells, if it does."""
    found = _UNSATISFIED.fullmatch(headers.get("Content-Range", ""))
    return int(found[1]) if found else None


@dataclass(frozen=True, slots=True)
class Version:
    """What a server says by which one state of a resource can be told from another."""

    etag: str | None = None
    last_modified: str | None = None
    date: str | None = None

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Version:
        return cls(headers.get("ETag"), headers.get("Last-Modified"), headers.get("Date"))

    @property
    def strong_etag(self) -> str | None:
        return self.etag if self.etag and self.etag.startswith('"') else None

    @property
    def if_range(self) -> str | None:
        """What makes a request for a part fail once the resource has changed; None where nothing is good enough."""
        if self.etag:
            return self.strong_etag
        return self.last_modified if self._unchanged_for(timedelta(seconds=1)) else None

    def agrees_with(self, later: Version) -> bool:
        """Whether a later answer may be of the same state; one that leaves out what it was, may."""
        if self.etag and later.etag:
            return self.etag == later.etag
        return not (self.last_modified and later.last_modified) or self.last_modified == later.last_modified

    def identity(self, url: URL, size_bytes: int) -> str | None:
        """A name for these very bytes, as far as the server is honest; None where it does not vouch for them.

        By RFC 9110 a strong entity tag names one sequence of bytes at one URL, for all time; nothing less does. Most
        servers make theirs of the time of change, in seconds, so one made within the last minute is not relied on.
        A URL alone is no identity, nor is an entity tag without it.
        """
        if not self.strong_etag or (self.last_modified and not self._unchanged_for(SETTLED)):
            return None
        return f"http {size_bytes} {self.strong_etag} {url}"

    def _unchanged_for(self, least: timedelta) -> bool:
        changed, now = _moment(self.last_modified), _moment(self.date)
        return changed is not None and now is not None and now - changed >= least


def _moment(text: str | None) -> datetime | None:
    """A date of HTTP, or None; one without a zone would not compare with others."""
    try:
        moment = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, IndexError):
        return None
    return moment if moment.tzinfo else None
