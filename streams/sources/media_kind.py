"""Tells videos from pictures: by the URL before any request, by the response's headers, and finally by the first bytes.

Only the first bytes decide.
"""

from __future__ import annotations

from streams.domain.fingerprint.formats import HEAD_BYTES, SEQUENCE_FORMATS, image_format_of, video_format_of
from streams.domain.records import Kind
from streams.errors import BadInput, Reason

__all__ = ["HEAD_BYTES", "READ_WHOLE_MAX_BYTES", "check_kind", "has_video_suffix", "is_video_content_type"]

#: A video up to this size is read whole from every source, because requests for its parts would take longer.
READ_WHOLE_MAX_BYTES = 128 << 10
VIDEO_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".qt", ".3gp", ".3g2", ".mkv", ".webm", ".avi", ".flv", ".f4v", ".ogv"),
    *(".mpg", ".mpeg", ".m2v", ".ts", ".m2ts", ".mts", ".wmv", ".asf"),
)


def has_video_suffix(path: str) -> bool:
    """Whether the path of a URL ends like the name of a video file."""
    return path.lower().endswith(VIDEO_SUFFIXES)


def is_video_content_type(content_type: str) -> bool:
    return content_type.strip().lower().startswith("video/")


def check_kind(kind: Kind, head: bytes) -> bool:
    """Whether the first bytes are a video's. Refuses a medium of another kind than submitted.

    An image file that may be an animation passes as either kind.

    Args:
        kind: the kind that the submission names.
        head: the first HEAD_BYTES, or all bytes of a shorter medium.

    Raises:
        BadInput: unsupported_kind for an image submitted as a video, or a video submitted as an image; not_media or
            unsupported_format for bytes submitted as a video that are neither.
    """
    found = video_format_of(head)
    if found and kind == "image":
        raise BadInput(Reason.UNSUPPORTED_KIND, f"submitted as an image, but {found} is a container of video or audio")
    if not found and kind == "video" and head and (image_format := image_format_of(head)) not in SEQUENCE_FORMATS:
        raise BadInput(Reason.UNSUPPORTED_KIND, f"submitted as a video, but it is a {image_format} image")
    return found is not None
