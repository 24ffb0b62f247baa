"""Which known media are most like a picture, a video or a hash, whether close enough for a copy or not.

ClickHouse is asked: it has the hash256 of every whole picture and of every stored frame. Crops of a picture, and the
parts that two videos share, are found by the match stage only, whose state has every view. Nothing is submitted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from clickhouse_connect.driver.client import Client
from numpy.typing import NDArray

from streams.analytics.queries.similar_contents import ContentRow, similar_contents
from streams.analytics.queries.similar_frames import VideoWithMoment, videos_with_moments, videos_with_picture
from streams.domain.fingerprint import ImageLimits
from streams.domain.fingerprint.image.fingerprint import DEFAULT_IMAGE_LIMITS
from streams.domain.fingerprint.image.inspection import OrientedView, oriented_views
from streams.domain.hashes.algorithms import current_algorithm
from streams.domain.hashes.frames import FRAME_ENTRY
from streams.domain.hashes.transformation import transformation_between
from streams.domain.hashes.views import FULL
from streams.domain.match.selection import comparable_entries, moment_starts
from streams.domain.policy.policy import Policy
from streams.domain.records import MediaFacts

HASH_BITS = 256
MAX_QUERY_MOMENTS = 24
"""Moments of a video that are looked up, spread over its duration."""

MAX_VIDEOS_PER_MOMENT = 100
"""Videos that are found for one moment: an intro is in many."""

SearchRemark = Literal["", "too_little_structure", "no_comparable_picture", "other_hash", "none_near_enough"]
"""Why a search found no copy. `other_hash`: the policy compares by another hash than the one searched by."""


@dataclass(frozen=True, slots=True)
class SimilarContent:
    """A known content, with the distance of its whole picture.

    The distances are to the nearest orientation and view of the picture that is searched for; `transformation` is how
    the content was altered to get that view. `distance_bits` is between hashes of 256 bits, `near_distance_bits`
    between those of 64. `within_thresholds` says whether the policy takes the content for a candidate by these hashes;
    None if the policy compares by another hash. ClickHouse has no evidence, so only a decision or `mediasieve explain`
    says whether a candidate is a copy. `first_outcome`, `group_*` and `explanation` are those of the content's first
    decision, and `first_is_copy` is false if that was for review.
    """

    content_id: str
    distance_bits: int
    near_distance_bits: int
    similarity: float
    transformation: str
    within_thresholds: bool | None
    first_outcome: str
    first_is_copy: bool
    group_content_id: str
    group_media_id: str
    explanation: str
    submissions: int
    media_ids: tuple[str, ...]
    format: str
    width: int
    height: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class SimilarVideo:
    """A known video that shows the picture, or has frames of the video, that is searched for.

    `frames_alike` of the `frames_asked` are within the policy's `confirm_bits`, the nearest at `distance_bits`.
    `places` are pairs of seconds: in the medium that is searched for (0 for a picture), and in this video.
    `thumbnails` are URLs in answers of the API, by size in pixels.
    """

    content_id: str
    media_id: str
    distance_bits: int
    frames_alike: int
    frames_asked: int
    same_bytes: bool
    kind: str = "video"
    places: tuple[tuple[float, float], ...] = ()
    thumbnails: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class PictureSearchResult:
    """Contents and videos, the nearest first."""

    contents: tuple[SimilarContent, ...]
    videos: tuple[SimilarVideo, ...]
    remark: SearchRemark


def search_by_picture(
    client: Client,
    data: bytes,
    facts: MediaFacts,
    policy: Policy,
    *,
    collection: str,
    limit: int,
    image_limits: ImageLimits = DEFAULT_IMAGE_LIMITS,
) -> PictureSearchResult:
    """Contents most like a picture, and videos that show it; none if the picture has too little structure.

    The picture is compared in all eight orientations, with its border and without.

    Args:
        data: the bytes of the picture.
        facts: its fingerprint under the policy.
        limit: the most contents, and the most videos.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
        BadInput: as `fingerprint_image`.
    """
    views = oriented_views(data, image_limits)
    contents = _similar_contents(client, views, policy, collection, limit, facts.content_id)
    videos = _videos_with_picture(client, views, policy, collection, limit)
    return PictureSearchResult(contents, videos, _remark(contents, facts, policy))


def search_by_hash(
    client: Client, hash64: int, hash256: int, policy: Policy, *, collection: str, limit: int
) -> PictureSearchResult:
    """As `search_by_picture`, by the hashes of one upright picture; mirrored and turned copies are not found.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    views = [OrientedView(FULL, 0, hash64, hash256)]
    contents = _similar_contents(client, views, policy, collection, limit)
    videos = _videos_with_picture(client, views, policy, collection, limit)
    return PictureSearchResult(contents, videos, _remark(contents, None, policy))


def search_by_video(
    client: Client, facts: MediaFacts, policy: Policy, *, collection: str, limit: int
) -> tuple[SimilarVideo, ...]:
    """Videos that have frames of a video: the same bytes first, then those with the most of its frames.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
        BadInput: bad_field, if the frames of the facts are damaged.
    """
    entries = np.frombuffer(comparable_entries(facts, policy).entries, FRAME_ENTRY)
    moments = list(_query_moments(entries))
    if not moments:
        return ()
    rows = videos_with_moments(
        client,
        [hashes for _, hashes in moments],
        collection=collection,
        min_quality=policy.min_quality,
        max_distance_bits=policy.confirm_bits,
        limit_per_moment=MAX_VIDEOS_PER_MOMENT,
    )
    by_content: dict[str, list[VideoWithMoment]] = {}
    for row in rows:
        by_content.setdefault(row.content_id, []).append(row)
    times_s = [at_s for at_s, _ in moments]
    videos = [_similar_video(found, times_s, facts.content_id) for found in by_content.values()]
    videos.sort(key=lambda video: (not video.same_bytes, -video.frames_alike, video.distance_bits, video.content_id))
    return tuple(videos[:limit])


def _similar_contents(
    client: Client,
    views: Sequence[OrientedView],
    policy: Policy,
    collection: str,
    limit: int,
    content_id: str = "",
) -> tuple[SimilarContent, ...]:
    if not views:
        return ()
    rows = similar_contents(
        client,
        _hex256(views),
        collection=collection,
        version=str(current_algorithm("phash256").version),
        min_quality=policy.min_quality,
        limit=limit,
        content_id=content_id,
    )
    return tuple(_similar_content(row, views, policy) for row in rows)


def _similar_content(row: ContentRow, views: Sequence[OrientedView], policy: Policy) -> SimilarContent:
    known256 = int(row.hash256, 16)
    nearest = min(
        views, key=lambda view: ((view.hash256 ^ known256).bit_count(), (view.hash64 ^ row.hash64).bit_count())
    )
    near_bits = (nearest.hash64 ^ row.hash64).bit_count()
    within = None
    if _compares_by_phash256(policy):
        within = near_bits <= policy.radius_bits and row.distance_bits <= policy.confirm_bits
    return SimilarContent(
        content_id=row.content_id,
        distance_bits=row.distance_bits,
        near_distance_bits=near_bits,
        similarity=round(1 - row.distance_bits / HASH_BITS, 4),
        transformation=transformation_between(nearest.view, nearest.orientation, FULL, 0),
        within_thresholds=within,
        first_outcome=row.first_outcome,
        first_is_copy=row.first_is_copy,
        group_content_id=row.group_content_id,
        group_media_id=row.group_media_id,
        explanation=row.explanation,
        submissions=row.submissions,
        media_ids=row.media_ids,
        format=row.format,
        width=row.width,
        height=row.height,
        size_bytes=row.size_bytes,
    )


def _videos_with_picture(
    client: Client, views: Sequence[OrientedView], policy: Policy, collection: str, limit: int
) -> tuple[SimilarVideo, ...]:
    if not views or not _compares_by_phash256(policy):
        return ()
    rows = videos_with_picture(
        client,
        _hex256(views),
        collection=collection,
        min_quality=policy.min_quality,
        max_distance_bits=policy.confirm_bits,
        limit=limit,
    )
    return tuple(
        SimilarVideo(
            content_id=row.content_id,
            media_id=row.first_media_id,
            distance_bits=row.distance_bits,
            frames_alike=1,
            frames_asked=1,
            same_bytes=False,
            places=tuple((0.0, at_s) for at_s in row.shown_at_s),
        )
        for row in rows
    )


def _similar_video(rows: Sequence[VideoWithMoment], times_s: Sequence[float], content_id: str) -> SimilarVideo:
    """One known video, from its nearest frames to the moments that it has, in their order."""
    return SimilarVideo(
        content_id=rows[0].content_id,
        media_id=rows[0].first_media_id,
        distance_bits=min(row.distance_bits for row in rows),
        frames_alike=len(rows),
        frames_asked=len(times_s),
        same_bytes=rows[0].content_id == content_id,
        places=tuple((times_s[row.moment], row.at_s) for row in rows),
    )


def _query_moments(entries: NDArray[np.void]) -> Iterator[tuple[float, list[str]]]:
    """Moments spread over a video: when each begins, in seconds, and its hashes in hex."""
    starts = moment_starts(entries)
    count = len(starts) - 1
    query_count = min(count, MAX_QUERY_MOMENTS)
    for number in range(query_count):
        moment = (2 * number + 1) * count // (2 * query_count)
        rows = entries[starts[moment] : starts[moment + 1]]
        yield int(rows["from_ms"][0]) / 1000, sorted({row["hash256"].tobytes().hex() for row in rows})


def _remark(contents: Sequence[SimilarContent], facts: MediaFacts | None, policy: Policy) -> SearchRemark:
    if facts is not None and facts.quality < policy.min_quality:
        return "too_little_structure"
    if not contents:
        return "no_comparable_picture"
    if policy.near and not policy.compares_views:
        return "other_hash"
    content_id = None if facts is None else facts.content_id
    if not any(content.within_thresholds or content.content_id == content_id for content in contents):
        return "none_near_enough"
    return ""


def _hex256(views: Sequence[OrientedView]) -> list[str]:
    return [f"{view.hash256:064x}" for view in views]


def _compares_by_phash256(policy: Policy) -> bool:
    return policy.compares_views
