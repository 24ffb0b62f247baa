"""Keys of the state."""

from __future__ import annotations

from typing import Final

CONTENT_PREFIX: Final = b"k"
EVIDENCE_PREFIX: Final = b"e"
FRAMES_PREFIX: Final = b"f"
DECISION_PREFIX: Final = b"s"
OLD_CONTENT_PREFIX: Final = b"c"


def content_key(collection: str, content_id: str) -> bytes:
    return CONTENT_PREFIX + f"{collection}\0{content_id}".encode()


def frames_key(collection: str, content_id: str) -> bytes:
    return FRAMES_PREFIX + f"{collection}\0{content_id}".encode()


def frames_key_of(content_key: bytes) -> bytes:
    """The key of the frames of the content with this key."""
    return FRAMES_PREFIX + content_key.removeprefix(CONTENT_PREFIX)


def evidence_key_of(content_key: bytes) -> bytes:
    """The key of the evidence of the content with this key."""
    return EVIDENCE_PREFIX + content_key.removeprefix(CONTENT_PREFIX)


def content_key_of(key: bytes) -> bytes:
    """The key of the content that these frames, or this evidence, belong to."""
    return CONTENT_PREFIX + key[1:]


def decision_key(decision_id: str) -> bytes:
    return DECISION_PREFIX + bytes.fromhex(decision_id.replace("-", ""))


def decision_id_bytes(decision_key: bytes) -> bytes:
    """The 16 bytes of the decision id in a decision's key; a content refers to its first decision by them."""
    return decision_key.removeprefix(DECISION_PREFIX)


def collection_of(key: bytes) -> bytes:
    """The collection in the key of a content, of frames or of evidence."""
    return key[1 : key.index(b"\0")]
