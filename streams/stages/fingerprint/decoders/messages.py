"""What the worker and its decoding processes send each other: frames, jobs and replies.

A decoder may have been taken over by the file that it decodes, so its replies are read like any bytes from outside:
they are JSON, never pickles.
"""

from __future__ import annotations

import struct
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from streams.domain.fingerprint.model_view import ModelView, ViewSize
from streams.domain.fingerprint.thumbnails.preview import is_jpeg
from streams.domain.fingerprint.thumbnails.sizes import PREVIEW
from streams.domain.fingerprint.thumbnails.webp import is_plain_webp
from streams.domain.hashes.levels import Level
from streams.domain.records import Failure, MediaFacts, VideoFacts
from streams.domain.records.codec import from_document
from streams.errors import BadInput, ConfigurationError, Reason
from streams.thumbnails.names import FILES

#: Before a job: the sizes of its request and of its file, in bytes. Before a reply: its size; a reply of no bytes says
#: that the process has waited for its turn, which does not count as decoding.
JOB_HEADER, REPLY_HEADER = struct.Struct("<IQ"), struct.Struct("<I")
#: The largest reply: the facts of a long video have hundreds of kilobytes.
MAX_REPLY_BYTES = 64 << 20
FACTS_REPLY = b'{"facts":'
SIZES_HEADER = struct.Struct("<I")


@dataclass(frozen=True)
class DecodeRequest:
    """What to compute of a file: the facts of an image's one picture, of the frames of an image file, or of a video.

    With `thumbnails`, a second reply follows the first: `thumbnails_reply`. With `view`, the first reply has what a
    model shall see. Of a `preview`, the thumbnail of `side` pixels is made; that is the one reply.
    """

    what: Literal["picture", "sequence", "video", "preview"]
    content_id: str = ""
    level: Level = "standard"
    extra_hashes: Sequence[str] = ()
    thumbnails: bool = False
    view: ViewSize | None = None
    side: int = 0

    def to_json(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    def from_json(cls, value: bytes) -> DecodeRequest:
        document = orjson.loads(value)
        view = document.pop("view")
        return cls(**document, view=None if view is None else ViewSize(**view))


class DecoderFault(Exception):
    """A decoder met an error that is not the input's, or answered what no decoder answers."""


def facts_reply(facts: MediaFacts | None, view: ModelView | None = None) -> bytes:
    """`None` for the facts: the file has several pictures, so they are a sequence's job."""
    if view is None or not view.pixels:
        return orjson.dumps({"facts": facts})
    seen = {"pixels": b64encode(view.pixels).decode(), "at_ms": view.at_ms}
    return orjson.dumps({"facts": facts, "view": seen})


def error_reply(error: Exception) -> bytes:
    if isinstance(error, BadInput):
        return orjson.dumps({"failure": Failure(error.reason, error.detail)})
    if isinstance(error, ConfigurationError):
        return orjson.dumps({"configuration": str(error)})
    return orjson.dumps({"fault": repr(error)})


def read_reply(reply: bytes, view: ModelView | None = None) -> MediaFacts | None:
    """The facts of a file; None if it has several pictures. What a model shall see is filled into `view`.

    Raises:
        BadInput: the input is at fault.
        ConfigurationError: an extra hash is not installed.
        DecoderFault: any other error.
    """
    try:
        document = orjson.loads(reply)
        if "facts" in document:
            if view is not None and "view" in document:
                view.fill(b64decode(document["view"]["pixels"], validate=True), int(document["view"]["at_ms"]))
            return None if document["facts"] is None else _facts_of(document["facts"])
        if "failure" in document:
            raise BadInput(Reason(document["failure"]["reason"]), str(document["failure"]["detail"]))
        if "configuration" in document:
            raise ConfigurationError(str(document["configuration"]))
        raise DecoderFault(str(document["fault"]))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise DecoderFault(f"a decoder answered with {reply[:100]!r}") from error


def thumbnails_reply(files: Mapping[str, bytes]) -> bytes:
    """The preview and thumbnails of a medium, by file name: after a JSON object of names and sizes, their bytes."""
    sizes = orjson.dumps({name: len(data) for name, data in files.items()})
    return b"".join((SIZES_HEADER.pack(len(sizes)), sizes, *files.values()))


def read_thumbnails(reply: bytes) -> dict[str, bytes]:
    """The preview and thumbnails of a reply; none of a reply that no decoder sends.

    A thumbnail that passes has a name that thumbnails have, and is a WebP of one picture without metadata.
    """
    try:
        (size_bytes,) = SIZES_HEADER.unpack_from(reply)
        at = SIZES_HEADER.size + size_bytes
        sizes = orjson.loads(reply[SIZES_HEADER.size : at])
        files: dict[str, bytes] = {}
        for name, length in sizes.items():
            files[name], at = reply[at : at + length], at + length
    except (struct.error, orjson.JSONDecodeError, AttributeError, TypeError):
        return {}
    return {name: data for name, data in files.items() if _may_be_kept(name, data)}


def _may_be_kept(name: str, data: bytes) -> bool:
    return is_jpeg(data) if name == PREVIEW else name in FILES and is_plain_webp(data)


def _facts_of(document: Any) -> MediaFacts:
    try:
        if isinstance(document, dict):
            document.pop("embedding", None)  # decoders have no model
            if document.get("video") is not None:
                document["video"] = from_document(VideoFacts, document["video"])
        facts = from_document(MediaFacts, document)
    except BadInput as error:
        raise DecoderFault(f"a decoder answered with other facts: {error.detail}") from error
    if not isinstance(facts.hashes, dict) or not all(isinstance(value, str) for value in facts.hashes.values()):
        raise DecoderFault("a decoder answered with other hashes")
    return facts
