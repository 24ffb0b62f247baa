"""What `mediasieve rehash` prints at its end."""

from __future__ import annotations

from streams.services.rehash import RehashResult


def rehash_summary(result: RehashResult, total: int, *, dry_run: bool) -> str:
    """`120 contents are of an earlier version; published 110 (100 by URL, 10 as bytes); 10 cannot be had again …`"""
    if not total:
        return "All known pictures have evidence of this version."
    published = "would publish" if dry_run else "published"
    parts = [
        f"{total:,} contents are of an earlier version",
        f"{published} {result.published:,} ({result.by_url:,} by URL, {result.by_bytes:,} as bytes)",
    ]
    if result.gone:
        parts.append(
            f"{result.gone:,} cannot be had again: no URL is known, and Kafka no longer has their bytes; "
            "submit their files again"
        )
    if result.expired:
        parts.append(f"{result.expired:,} are forgotten by their policy")
    if result.failed:
        parts.append(f"{result.failed:,} failed")
    return "; ".join(parts) + "."
