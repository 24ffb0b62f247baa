"""What flows through the topics: frozen values, valid by construction, and their JSON.

submission.py   what users send, and its decoding
fingerprint.py  a submission after fetching and decoding
decision.py     the answer
verdict.py      what a moderator says
raw.py          a record before decoding
codec.py        timestamps and JSON
ids.py          content ids, routing keys, decision ids
"""

from streams.domain.records.codec import format_timestamp, new_unchecked, parse_json_object
from streams.domain.records.decision import Action, Appearance, Decision, Match, Outcome, Relation, Segment
from streams.domain.records.fingerprint import Failure, Fingerprint, MediaFacts, VideoFacts
from streams.domain.records.ids import decision_id, routing_key
from streams.domain.records.raw import Headers, RawRecord
from streams.domain.records.submission import (
    COLLECTION_REGEX,
    KINDS,
    Kind,
    Origin,
    Submission,
    decode_submission,
    salvage_identity,
    submission_id_of,
)
from streams.domain.records.verdict import Verdict, VerdictStatus

__all__ = [
    "COLLECTION_REGEX",
    "KINDS",
    "Action",
    "Appearance",
    "Decision",
    "Failure",
    "Fingerprint",
    "Headers",
    "Kind",
    "Match",
    "MediaFacts",
    "Origin",
    "Outcome",
    "RawRecord",
    "Relation",
    "Segment",
    "Submission",
    "Verdict",
    "VerdictStatus",
    "VideoFacts",
    "decision_id",
    "decode_submission",
    "format_timestamp",
    "new_unchecked",
    "parse_json_object",
    "routing_key",
    "salvage_identity",
    "submission_id_of",
]
