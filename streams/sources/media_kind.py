"""Is it a video? A URL may say so before anything is asked, an answer by its headers; the first bytes decide."""

from __future__ import annotations

from streams.domain.fingerprint.formats import HEAD_BYTES, image_format_of, video_format_of
from streams.domain.records import Kind
from streams.errors import BadInput, Reason

__all__ = ["HEAD_BYTES", "READ_WHOLE_MAX_BYTES", "check_kind", "says_video", "video_by_name", "video_format_of"]

#: A video up to here is read whole, wherever it is: asking for its parts would take longer.
READ_WHOLE_MAX_BYTES = 128 << 10
VIDEO_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".qt", ".3gp", ".3g2", ".mkv", ".webm", ".avi", ".flv", ".f4v", ".ogv"),
    *(".mpg", ".mpeg", ".m2v", ".ts", ".m2ts", ".mts", ".wmv", ".asf"),
)


def video_by_name(path: str) -> bool:
    """Whether the path of a URL ends as those of videos do."""
    return path.lower().endswith(VIDEO_SUFFIXES)


def says_video(content_type: str) -> bool:
    return content_type.strip().lower().startswith("video/")


def check_kind(kind: Kind, head: bytes) -> bool:
    """Whether the first bytes are a video's, as the submission's kind permits.

    Args:
        kind: what the submission says it is.
        head: the first HEAD_BYTES, or all there are.

    Raises:
        BadInput: unsupported_kind for an image that is said to be a video, and the reverse; not_media or
            unsupported_format where it should be a video and is neither.
    """
    found = video_format_of(head)
    if found and kind == "image":
        raise BadInput(Reason.UNSUPPORTED_KIND, f"submitted as an image, but {found} is a container of video or audio")
    if not found and kind == "video" and head:
        raise BadInput(Reason.UNSUPPORTED_KIND, f"submitted as a video, but it is a {image_format_of(head)} image")
    return found is not None
