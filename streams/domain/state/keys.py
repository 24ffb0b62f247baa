"""Keys of the state, and the content ids in them."""

from __future__ import annotations

from typing import Final

CONTENT_PREFIX: Final = b"k"
FRAMES_PREFIX: Final = b"f"
DECISION_PREFIX: Final = b"s"
OLD_CONTENT_PREFIX: Final = b"c"

WHOLE_SCHEME: Final = "sha256:"
PARTS_SCHEME: Final = "sha256-parts:"
"""Begins the content id of a video that was read in parts only; the digest covers these parts."""

DIGEST_BYTES: Final = 32


def content_key(collection: str, content_id: str) -> bytes:
    return CONTENT_PREFIX + f"{collection}\0{content_id}".encode()


def frames_key(collection: str, content_id: str) -> bytes:
    return FRAMES_PREFIX + f"{collection}\0{content_id}".encode()


def frames_key_of(content_key: bytes) -> bytes:
    """The key of the frames of the content with this key."""
    return FRAMES_PREFIX + content_key.removeprefix(CONTENT_PREFIX)


def content_key_of(frames_key: bytes) -> bytes:
    """The key of the content that these frames belong to."""
    return CONTENT_PREFIX + frames_key.removeprefix(FRAMES_PREFIX)


def decision_key(decision_id: str) -> bytes:
    return DECISION_PREFIX + bytes.fromhex(decision_id.replace("-", ""))


def decision_id_bytes(decision_key: bytes) -> bytes:
    """The 16 bytes of the decision id in a decision's key; a content refers to its first decision by them."""
    return decision_key.removeprefix(DECISION_PREFIX)


def collection_of(key: bytes) -> bytes:
    """The collection in the key of a content or of frames."""
    return key[1 : key.index(b"\0")]


def is_partial(content_id: str) -> bool:
    """Whether a content id was computed from parts of a video only."""
    return content_id.startswith(PARTS_SCHEME)


def digest_of(content_id: str) -> bytes:
    """The 32 bytes of a content id's digest.

    Raises:
        ValueError: the content id is not `sha256:` or `sha256-parts:` and 64 hexadecimal digits.
    """
    scheme = PARTS_SCHEME if is_partial(content_id) else WHOLE_SCHEME
    digest = bytes.fromhex(content_id.removeprefix(scheme))
    if len(digest) != DIGEST_BYTES or not content_id.startswith(scheme):
        raise ValueError(
            f"{content_id!r} is not {WHOLE_SCHEME} or {PARTS_SCHEME} and {2 * DIGEST_BYTES} hexadecimal digits"
        )
    return digest


def content_id_of(digest: bytes, *, partial: bool = False) -> str:
    return (PARTS_SCHEME if partial else WHOLE_SCHEME) + digest.hex()
