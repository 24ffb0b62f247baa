"""Which known videos have a frame whose hash256 is close to the hashes of a picture, or of the moments of a video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import select


@dataclass(frozen=True, slots=True)
class VideoWithPicture:
    """A video with its frame that is nearest to a picture, at `at_s`.

    `shown_at_s` are all times at which a frame is close enough. `first_media_id` is of the video's first submission.
    """

    content_id: str
    first_media_id: str
    distance_bits: int
    at_s: float
    shown_at_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class VideoWithMoment:
    """A video with its frame that is nearest to moment number `moment` (from 0) of those asked for, at `at_s`."""

    moment: int
    content_id: str
    first_media_id: str
    distance_bits: int
    at_s: float


VIDEOS_WITH_PICTURE: Final = """
    WITH
        arrayMap(hash -> toFixedString(unhex(hash), 32), {hashes:Array(String)}) AS hashes256,
        arrayMin(arrayMap(hash -> bitHammingDistance(phash256, hash), hashes256)) AS bits
    SELECT
        content_id,
        argMin(media_id, published_at) AS first_media_id,
        toUInt16(min(bits)) AS distance_bits,
        argMin(at_ms, (bits, at_ms)) / 1000 AS at_s,
        arraySort(groupUniqArrayIf(at_ms / 1000, bits <= {max_distance_bits:UInt16})) AS shown_at_s
    FROM video_frames
    WHERE collection = {collection:String} AND quality >= {min_quality:Float32}
    GROUP BY content_id
    HAVING distance_bits <= {max_distance_bits:UInt16}
    ORDER BY distance_bits, content_id
    LIMIT {limit:UInt32}
"""

#: One pass over the frames for all moments. The nearest frame of a video to a moment is the least number that has the
#: distance in its upper and the frame's time in its lower 32 bits.
VIDEOS_WITH_MOMENTS: Final = """
    WITH
        arrayMap(
            hashes -> arrayMap(hash -> toFixedString(unhex(hash), 32), hashes), {moments:Array(Array(String))}
        ) AS moments256
    SELECT
        number - 1 AS moment,
        content_id,
        first_media_id,
        toUInt16(bitShiftRight(nearest, 32)) AS distance_bits,
        bitAnd(nearest, 0xFFFFFFFF) / 1000 AS at_s
    FROM
    (
        SELECT
            content_id,
            argMin(media_id, published_at) AS first_media_id,
            minForEach(arrayMap(
                hashes -> bitOr(
                    bitShiftLeft(
                        toUInt64(arrayMin(arrayMap(hash -> bitHammingDistance(phash256, hash), hashes))), 32
                    ),
                    at_ms
                ),
                moments256
            )) AS nearest_to_moments
        FROM video_frames
        WHERE collection = {collection:String} AND quality >= {min_quality:Float32}
        GROUP BY content_id
    )
    ARRAY JOIN nearest_to_moments AS nearest, arrayEnumerate(nearest_to_moments) AS number
    WHERE distance_bits <= {max_distance_bits:UInt16}
    ORDER BY moment, distance_bits, content_id
    LIMIT {limit_per_moment:UInt32} BY moment
"""


def videos_with_picture(
    client: Client,
    hashes256: Sequence[str],
    *,
    collection: str,
    min_quality: float,
    max_distance_bits: int,
    limit: int,
) -> tuple[VideoWithPicture, ...]:
    """Videos of a collection that show a picture, the nearest first.

    Args:
        hashes256: of the picture, in hex; the distance of a frame is that to the nearest of them.
        min_quality: frames with less structure are left out.
        max_distance_bits: the largest distance at which a frame shows the picture.
    """
    parameters = {
        **{"hashes": list(hashes256), "collection": collection, "min_quality": min_quality},
        **{"max_distance_bits": max_distance_bits, "limit": limit},
    }
    return select(client, VideoWithPicture, VIDEOS_WITH_PICTURE, parameters)


def videos_with_moments(
    client: Client,
    moments: Sequence[Sequence[str]],
    *,
    collection: str,
    min_quality: float,
    max_distance_bits: int,
    limit_per_moment: int,
) -> tuple[VideoWithMoment, ...]:
    """Videos of a collection that have moments of another video: one query for all moments.

    Args:
        moments: for every moment its hashes in hex; at least one moment.
        min_quality: frames with less structure are left out.
        max_distance_bits: the largest distance at which a frame shows a moment.
        limit_per_moment: the nearest videos for every moment.

    Returns:
        In the order of the moments, and for one moment the nearest video first.
    """
    parameters = {
        **{"moments": [list(hashes) for hashes in moments], "collection": collection, "min_quality": min_quality},
        **{"max_distance_bits": max_distance_bits, "limit_per_moment": limit_per_moment},
    }
    return select(client, VideoWithMoment, VIDEOS_WITH_MOMENTS, parameters)
