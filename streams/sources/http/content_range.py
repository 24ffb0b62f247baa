"""Headers of range responses: which bytes a response has, and whether the resource is still the same. Pure.

Follows RFC 9110, sections 8.8 (validators), 13.1.5 (If-Range) and 14 (ranges).
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
#: HTTP dates have whole seconds, so two changes within a second have one date. A date this old is unambiguous.
MIN_SETTLED_AGE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class ContentRange:
    """The bytes of a response: `begin` up to but not including `end`. `total_bytes` is None if the server hides it."""

    begin: int
    end: int
    total_bytes: int | None


def parse_content_range(headers: Mapping[str, str], begin: int, end: int) -> ContentRange:
    """The bytes that a 206 response has. It may be shorter than requested, but must begin at `begin`.

    Args:
        headers: of the response.
        begin: the first requested byte.
        end: the byte after the last requested one.

    Raises:
        BadInput: source_bad_ranges for any other range.
    """
    if headers.get("Content-Type", "").strip().lower().startswith("multipart/byteranges"):
        raise BadInput(Reason.SOURCE_BAD_RANGES, "the server sends several ranges for a request of one")
    value = headers.get("Content-Range", "")
    found = _CONTENT_RANGE.fullmatch(value)
    if not found:
        raise BadInput(Reason.SOURCE_BAD_RANGES, f"Content-Range is not a range of bytes: '{value[:100]}'")
    first, last = int(found[1]), int(found[2])
    total = None if found[3] == "*" else int(found[3])
    if first != begin or not first <= last < end or (total is not None and last >= total):
        raise BadInput(Reason.SOURCE_BAD_RANGES, f"requested bytes {begin}-{end - 1}, the server sends '{value[:100]}'")
    return ContentRange(first, last + 1, total)


def size_of_unsatisfied(headers: Mapping[str, str]) -> int | None:
    """The size of the resource in bytes, if a 416 response states it."""
    found = _UNSATISFIED.fullmatch(headers.get("Content-Range", ""))
    return int(found[1]) if found else None


@dataclass(frozen=True, slots=True)
class ResourceVersion:
    """The headers that tell one version of a resource from another."""

    etag: str | None = None
    last_modified: str | None = None
    date: str | None = None

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> ResourceVersion:
        return cls(headers.get("ETag"), headers.get("Last-Modified"), headers.get("Date"))

    @property
    def strong_etag(self) -> str | None:
        return self.etag if self.etag and self.etag.startswith('"') else None

    @property
    def if_range(self) -> str | None:
        """The If-Range value that makes a range request fail after a change; None without a strong validator."""
        if self.etag:
            return self.strong_etag
        return self.last_modified if self._unchanged_for(timedelta(seconds=1)) else None

    def may_equal(self, later: ResourceVersion) -> bool:
        """Whether a later response may have the same version. Absent headers prove no change."""
        if self.etag and later.etag:
            return self.etag == later.etag
        return not (self.last_modified and later.last_modified) or self.last_modified == later.last_modified

    def identity(self, url: URL, size_bytes: int) -> str | None:
        """A key for exactly these bytes, if the server is honest; None if it guarantees nothing.

        By RFC 9110 only a strong entity tag names one sequence of bytes at one URL for all time. Most servers derive
        theirs from the time of change in seconds, so a tag of a change within the last minute is not trusted. Neither
        a URL alone nor an entity tag alone is a key.
        """
        if not self.strong_etag or (self.last_modified and not self._unchanged_for(MIN_SETTLED_AGE)):
            return None
        return f"http {size_bytes} {self.strong_etag} {url}"

    def _unchanged_for(self, min_age: timedelta) -> bool:
        changed, now = _parse_date(self.last_modified), _parse_date(self.date)
        return changed is not None and now is not None and now - changed >= min_age


def _parse_date(text: str | None) -> datetime | None:
    """An HTTP date; None for anything else, such as a date without a zone, which cannot be compared."""
    try:
        date = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, IndexError):
        return None
    return date if date.tzinfo else None
