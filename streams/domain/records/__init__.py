"""What flows through the topics: frozen values, valid by construction, and their JSON.

submission.py   what users send, and its decoding
fingerprint.py  a submission after fetching and decoding
embedding.py    what a model says that a medium looks like
decision.py     the answer
verdict.py      what a moderator says, as decisions carry it
moderation.py   verdicts and corrections as they are published
hash_list.py    hash lists as they are published
dead_letter.py  records that could not be processed, and their repair
job.py          submissions that somebody follows together
fields.py       fields that users write, and their checks
raw.py          a record before decoding
codec.py        timestamps and JSON
ids.py          content ids, routing keys, decision ids
"""

from streams.domain.records.codec import format_timestamp, new_unchecked, parse_json_object
from streams.domain.records.decision import Action, Appearance, Decision, Match, Outcome, Relation, Segment
from streams.domain.records.embedding import Embedding
from streams.domain.records.fields import COLLECTION_REGEX
from streams.domain.records.fingerprint import Failure, Fingerprint, MediaFacts, VideoFacts
from streams.domain.records.hash_list import ListEntry, ListEvent, decode_list_event
from streams.domain.records.ids import content_routing_key, decision_id, routing_key
from streams.domain.records.job import Job, Lane
from streams.domain.records.moderation import ModerationEvent, VerdictSource, decode_moderation_event
from streams.domain.records.raw import Headers, RawRecord
from streams.domain.records.submission import (
    KINDS,
    Kind,
    Origin,
    Submission,
    decode_submission,
    salvage_identity,
    submission_id_of,
)
from streams.domain.records.verdict import Label, MatchedEntry, Verdict, VerdictStatus

__all__ = [
    "COLLECTION_REGEX",
    "KINDS",
    "Action",
    "Appearance",
    "Decision",
    "Embedding",
    "Failure",
    "Fingerprint",
    "Headers",
    "Job",
    "Kind",
    "Label",
    "Lane",
    "ListEntry",
    "ListEvent",
    "Match",
    "MatchedEntry",
    "MediaFacts",
    "ModerationEvent",
    "Origin",
    "Outcome",
    "RawRecord",
    "Relation",
    "Segment",
    "Submission",
    "Verdict",
    "VerdictSource",
    "VerdictStatus",
    "VideoFacts",
    "content_routing_key",
    "decision_id",
    "decode_list_event",
    "decode_moderation_event",
    "decode_submission",
    "format_timestamp",
    "new_unchecked",
    "parse_json_object",
    "routing_key",
    "salvage_identity",
    "submission_id_of",
]
