"""Keys of the state."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Final

from streams.domain.records.ids import DIGEST_BYTES, content_id_of, digest_of, is_partial

CONTENT_PREFIX: Final = b"k"
EVIDENCE_PREFIX: Final = b"e"
FRAMES_PREFIX: Final = b"f"
DECISION_PREFIX: Final = b"s"
OLD_CONTENT_PREFIX: Final = b"c"
MEMBER_PREFIX: Final = b"g"
GROUPED_PREFIX: Final = b"h"
MEDIUM_PREFIX: Final = b"m"
GROUP_PREFIX: Final = b"v"
SPLITS_PREFIX: Final = b"x"
EVENT_PREFIX: Final = b"a"
WAITING_PREFIX: Final = b"w"
LIST_PREFIX: Final = b"l"
IMPORT_PREFIX: Final = b"i"
LIST_CHUNK_PREFIX: Final = b"n"
LIST_MATCHES_PREFIX: Final = b"q"
LISTED_PREFIX: Final = b"y"
TOMBSTONE_PREFIX: Final = b"t"
ERASURE_PREFIX: Final = b"d"

SHORT_ID_BYTES: Final = 1 + DIGEST_BYTES
DECISION_ID_BYTES: Final = 16
LAST_OFFSET: Final = (1 << 63) - 1


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


@lru_cache(1 << 12)  # several keys of one submission have it
def short_id(content_id: str) -> bytes:
    """33 bytes that stand for a content id within keys."""
    return bytes((is_partial(content_id),)) + digest_of(content_id)


def content_id_of_short(short: bytes) -> str:
    return content_id_of(short[1:], partial=bool(short[0]))


def members_prefix(collection: str, content_id: str) -> bytes:
    """What the keys of all submissions of a content begin with."""
    return MEMBER_PREFIX + collection.encode() + b"\0" + short_id(content_id)


def member_key(collection: str, content_id: str, decision_key: bytes) -> bytes:
    return members_prefix(collection, content_id) + decision_id_bytes(decision_key)


def grouped_prefix(collection: str, group_content_id: str) -> bytes:
    """What the keys of the contents that joined a group begin with."""
    return GROUPED_PREFIX + collection.encode() + b"\0" + short_id(group_content_id)


def grouped_key(collection: str, group_content_id: str, content_id: str) -> bytes:
    return grouped_prefix(collection, group_content_id) + short_id(content_id)


def medium_prefix(collection: str, media_id: str) -> bytes:
    """What the keys of all submissions of a medium begin with."""
    return MEDIUM_PREFIX + f"{collection}\0{media_id}\0".encode()


def newest_first(offset: int) -> bytes:
    """8 bytes that sort offsets from the last to the first."""
    return (LAST_OFFSET - offset).to_bytes(8, "big")


def medium_key(collection: str, media_id: str, offset: int, content_id: str, decision_key: bytes) -> bytes:
    """Of a submission of a medium, by the offset of its record."""
    identity = short_id(content_id) + decision_id_bytes(decision_key)
    return medium_prefix(collection, media_id) + newest_first(offset) + identity


def submission_of_medium(key: bytes) -> tuple[str, bytes]:
    """The content id and the key of the decision in the key of a medium's submission."""
    at = len(key) - DECISION_ID_BYTES
    return content_id_of_short(key[at - SHORT_ID_BYTES : at]), DECISION_PREFIX + key[at:]


def old_medium_key(collection: str, media_id: str) -> bytes:
    """Of the content of a medium's last submission, as an earlier version stored it."""
    return MEDIUM_PREFIX + f"{collection}\0{media_id}".encode()


def tombstone_key(collection: str, decision_key: bytes) -> bytes:
    """Of a submission that was deleted; `decision_key` is that of its first decision."""
    return TOMBSTONE_PREFIX + collection.encode() + b"\0" + decision_id_bytes(decision_key)


def erasure_key(event_key: bytes) -> bytes:
    """Of what is to be erased after the event with this key."""
    return ERASURE_PREFIX + event_key.removeprefix(EVENT_PREFIX)


def event_key_of_erasure(key: bytes) -> bytes:
    return EVENT_PREFIX + key.removeprefix(ERASURE_PREFIX)


def group_key(collection: str, group_content_id: str) -> bytes:
    return GROUP_PREFIX + collection.encode() + b"\0" + short_id(group_content_id)


def splits_key(collection: str, content_id: str) -> bytes:
    return SPLITS_PREFIX + collection.encode() + b"\0" + short_id(content_id)


def waiting_key(collection: str, subject: str) -> bytes:
    """Of the events that wait for a content or a medium; an empty subject stands for their number."""
    return WAITING_PREFIX + f"{collection}\0{subject}".encode()


def event_key(*identity: str) -> bytes:
    """Of what a moderation event brought about; `identity` names the event, or a step that follows from it."""
    return EVENT_PREFIX + blake2b("\0".join(identity).encode(), digest_size=16).digest()


def list_key(collection: str, list_name: str) -> bytes:
    """Of a hash list in force; an empty name stands for the walk through the contents of the collection."""
    return LIST_PREFIX + f"{collection}\0{list_name}".encode()


def import_key(collection: str, list_name: str, import_id: str) -> bytes:
    """Of an import that is not complete."""
    return IMPORT_PREFIX + f"{collection}\0{list_name}\0{import_id}".encode()


def list_chunks_prefix(collection: str, list_name: str, import_id: str) -> bytes:
    """What the keys of all entries of an import begin with."""
    return LIST_CHUNK_PREFIX + f"{collection}\0{list_name}\0{import_id}\0".encode()


def list_chunk_key(collection: str, list_name: str, import_id: str, chunk: int) -> bytes:
    return list_chunks_prefix(collection, list_name, import_id) + chunk.to_bytes(4)


def list_matches_key(collection: str, list_name: str, entry: str) -> bytes:
    """Of the contents that an entry matched; `entry` is algorithm and hash."""
    return LIST_MATCHES_PREFIX + f"{collection}\0{list_name}\0{entry}".encode()


def listed_key(collection: str, content_id: str) -> bytes:
    """Of what hash lists say about a content; in the order of the keys of contents."""
    return LISTED_PREFIX + f"{collection}\0{content_id}".encode()
