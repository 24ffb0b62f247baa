"""Examples of answers for the description, one for every operation: made of the values that services return."""

from __future__ import annotations

from typing import Any, Final

ORIGINAL: Final = "sha256:2f3c7a0f2a2f9c7be5a0f0e3f6e3a8e5a8a0f1b6d3c5e7f9a1b3c5d7e9f1a3b5"
COPY: Final = "sha256:7d0f5be1c2a94e6b8f3d1a5c7e9b2d4f6a8c0e1b3d5f7a9c2e4b6d8f0a1c3e59"
NOW: Final = "2026-01-31T09:31:07.125Z"

THUMBNAILS: Final = {
    size: f"/thumbnails/{COPY.removeprefix('sha256:')}/{size}.webp?expires=1801440000&signature=_fQhjUX39t3A5xW0_gni"
    for size in ("150", "300", "600")
}

VERDICT: Final[dict[str, Any]] = {
    "status": "blocked", "by": "ana", "reason": "Reported by the brand.", "at": NOW, "inherited_from": "photo-1",
    "kind": "person", "version": None, "labels": [{"name": "counterfeit", "parent": None, "score": 0.98}],
    "content_id": ORIGINAL,
}  # fmt: skip
MATCH: Final[dict[str, Any]] = {
    "content_id": ORIGINAL, "media_id": "photo-1", "submission_id": "/mediasieve/api/shop#e-1",
    "group_content_id": ORIGINAL, "group_media_id": "photo-1", "method": "phash256", "similarity": 0.9297,
    "distance_bits": 18, "threshold_bits": 92, "explanation": "The same picture, mirrored left to right.",
    "confidence": "certain", "score": 930, "differs": 0.0, "map": ["========"] * 8, "candidate_distance_bits": 2,
    "candidate_threshold_bits": 12, "transformation": "mirrored", "view": "full", "known_view": "full", "relation": "",
    "segments": [], "share": 0.0, "known_share": 0.0,
}  # fmt: skip
FACTS: Final[dict[str, Any]] = {
    "content_id": COPY, "kind": "image", "format": "jpeg", "size_bytes": 31877, "width": 640, "height": 427,
    "frames": 1, "quality": 0.87, "hashes": {"phash64:1": "e69692c3cd0f3e19"}, "video": None,
}  # fmt: skip
DECISION: Final[dict[str, Any]] = {
    "decision_id": "a63581f2-fa2c-875b-af3d-8f58eefb65a7", "revision": 1, "outcome": "near_duplicate",
    "action": "reuse", "collection": "shop", "media_id": "photo-9", "submission_id": "/mediasieve/api/shop#e-5",
    "attempt": 0, "kind": "auto", "content_id": COPY, "match": MATCH, "verdict": VERDICT, "failure": None,
    "facts": FACTS, "metadata": {"owner": "u-77"}, "submitted_at": NOW, "fingerprinted_at": NOW,
    "versions": {"policy": "default:cddb1b5b612d"}, "appears_in": [],
    "supersedes": "cd848f1b-3fb9-853e-a100-ec0b829b9a12", "group_content_id": ORIGINAL, "group_media_id": "photo-1",
    "decided_at": NOW, "thumbnails": THUMBNAILS,
}  # fmt: skip
SUBMITTED: Final[dict[str, Any]] = {
    "submission_id": "/mediasieve/api/shop#e-5", "media_id": "photo-9", "collection": "shop", "partition": 3,
    "offset": 1207, "decision": DECISION,
}  # fmt: skip
CANDIDATE: Final[dict[str, Any]] = {
    "content_id": ORIGINAL, "group_content_id": ORIGINAL, "media_id": "photo-1", "submissions": 3, "distance_bits": 18,
    "similarity": 0.9297, "verified": True, "match": MATCH, "score": 930, "differs": 0.0, "verdict": VERDICT,
    "decision": DECISION, "thumbnails": THUMBNAILS,
}  # fmt: skip
SEARCH: Final[dict[str, Any]] = {
    "by": "media_id", "contents": [CANDIDATE], "videos": [], "texts": [], "looks": [],
    "next_cursor": None, "error": None,
}  # fmt: skip
GROUP: Final[dict[str, Any]] = {
    "collection": "shop", "content_id": ORIGINAL, "submissions": 3, "exact_copies": 1, "near_copies": 1,
    "copies_bytes": 66919, "media_ids": ["photo-1", "photo-4", "photo-9"], "transformations": ["mirrored"],
    "for_review": 0, "review_media_ids": [], "thumbnails": THUMBNAILS,
}  # fmt: skip
KEY: Final[dict[str, Any]] = {
    "name": "shop", "roles": ["read", "submit"], "collections": ["shop"], "rate": None, "expires": None,
}  # fmt: skip
QUEUED: Final[dict[str, Any]] = {
    "content_id": ORIGINAL, "known_status": "blocked", "waiting": 2, "waiting_contents": 1, "waiting_since": NOW,
    "submissions": 3, "canonical": DECISION, "first": DECISION,
}  # fmt: skip
MEMBER: Final[dict[str, Any]] = {
    "role": "near_copy", "media_id": "photo-9", "content_id": COPY, "decided_at": NOW, "action": "reuse",
    "why": MATCH["explanation"], "match": MATCH, "differs": [{"fact": "width", "canonical": 800, "member": 640}],
    "verdict": VERDICT, "decision": DECISION, "thumbnails": THUMBNAILS,
}  # fmt: skip
EVENT: Final[dict[str, Any]] = {
    "event_id": "/mediasieve/api/shop#9f2d", "event": "verdict", "collection": "shop", "content_id": None,
    "media_id": "photo-1", "other_content_id": None, "by": "ana", "partition": 1, "offset": 12, "effect": DECISION,
}  # fmt: skip
LIST: Final[dict[str, Any]] = {
    "collection": "shop", "list_name": "known-fakes", "import_id": "0f1e2d3c4b5a69788796a5b4", "version": "2026-01-31",
    "source": "", "status": "blocked", "labels": [], "negative": False, "perceptual": "review", "quarantine_after": 50,
    "entry_count": 1, "reason": "", "by_name": "ops", "at": NOW, "contents": 0, "quarantined": 0,
}  # fmt: skip
JOB: Final[dict[str, Any]] = {
    "job_id": "spring-import-1f2e3d4c", "name": "Spring import", "collection": "shop", "lane": "bulk",
    "expected": 40000, "started_at": NOW, "state": "open", "closed_at": None, "by": "shop",
}  # fmt: skip
JOB_REPORT: Final[dict[str, Any]] = {
    "job_id": "spring-import-1f2e3d4c", "name": "Spring import", "collection": "shop", "lane": "bulk",
    "progress": "publishing", "expected": 40000, "decided": 100, "refused": 0, "unique": 80, "duplicate": 15,
    "near_duplicate": 5, "failed": 0, "for_review": 0, "replayed": 0, "size_bytes": 3502100, "started_at": NOW,
    "closed_at": None, "last_decided_at": NOW, "per_second": 50.0, "left_s": 798.0, "published_by": "shop",
}  # fmt: skip
LETTERS_DONE: Final[dict[str, Any]] = {
    "dry_run": True, "looked_at": 12, "matched": 3, "done": 3, "handled": 0, "refused": 0, "size_bytes": 931,
    "errors": [],
}  # fmt: skip
READY: Final[dict[str, Any]] = {"ready": True, "missing": []}

LINE: Final = '{"decision_id":"a63581f2-fa2c-875b-af3d-8f58eefb65a7","outcome":"unique"}'

#: By operation, the answer of its first good status.
ANSWERS: Final[dict[str, Any]] = {
    "take_callback": {"question": "5b0c7d14-2e0a-5f0e-9a35-2f6f1f4f4a1c"},
    "submit_medium": SUBMITTED,
    "submit": SUBMITTED,
    "submit_batch": [{"index": 0, "status": 202, "media_id": "photo-9", "submission_id": "/mediasieve/api/shop#e-5",
                      "code": None, "detail": None}],
    "list_decisions": {"decisions": [DECISION], "next_cursor": None},
    "get_decision": DECISION,
    "get_history": [DECISION],
    "stream_decisions": 'event: decision\nid: 0.17_1.5\ndata: ' + LINE + "\n\n",
    "export_decisions": LINE + '\n{"complete":true}\n',
    "get_medium": {"media_id": "photo-9", "collection": "shop", "content_id": COPY, "group_content_id": ORIGINAL,
                   "submissions": 1, "content_submissions": 1, "first_media_id": "photo-9", "decision": DECISION},
    "list_groups": {"groups": [GROUP], "next_cursor": None},
    "get_group": {"collection": "shop", "content_id": ORIGINAL, "canonical": DECISION, "verdict": VERDICT,
                  "members": [MEMBER], "acts": [], "next_cursor": None},
    "list_review": {"groups": [QUEUED], "next_cursor": None},
    "list_collections": [{"collection": "shop", "submissions": 3, "waiting": 1}],
    "act_batch": [
        {"index": 0, "status": 202, "event_id": "/mediasieve/api/shop#9f2d", "code": None, "detail": None},
        {"index": 1, "status": 422, "event_id": None, "code": "bad_medium", "detail": "The content id is needed."}],
    "search": SEARCH,
    "search_text": {
        "by": "text", "contents": [], "videos": [], "next_cursor": None, "error": None,
        "texts": [{"decision": DECISION,
                   "places": [{"field": "metadata.owner", "text": "u-77", "start": 0, "end": 4}]}],
    },
    "search_batch": [SEARCH],
    "look_up": {"fingerprint": FACTS, "known": False, "exact": None, "matches": [CANDIDATE], "videos": [],
                "verdict": VERDICT, "labels": VERDICT["labels"], "source": {"owner": "u-77"}},
    **dict.fromkeys(("give_verdict", "withdraw_verdict", "split", "merge", "undo"), EVENT),
    "delete": {"collection": "shop", "dry_run": False, "submissions": 1, "media": [
        {"media_id": "photo-9", "content_id": COPY, "submissions": 1, "last_at": NOW}],
        "targets": [{"content_id": COPY, "media_id": "photo-9"}],
        "events": [{**EVENT, "event": "deletion", "content_id": COPY, "media_id": "photo-9"}]},
    "list_hash_lists": [LIST],
    "get_hash_list": {"list": LIST, "acts": []},
    "export_hash_list": '{"algorithm":"md5","hash":"9e107d9d372bb6826bd81d3542a419d6"}\n',
    "import_hash_list": {"event": "list_effective", "collection": "shop", "list_name": "known-fakes", "entries": 1,
                         "algorithms": {"md5": 1}, "without_hash": ["md5"]},
    "drop_hash_list": {"event": "list_drop", "collection": "shop", "list_name": "known-fakes", "entries": 0,
                       "algorithms": {}, "without_hash": []},
    "create_job": JOB,
    "close_job": {**JOB, "state": "closed", "closed_at": NOW},
    "list_jobs": {"jobs": [JOB_REPORT]},
    "get_job": {"job": JOB_REPORT, "failures": []},
    "export_job_failures": '{"collection":"shop","submission_id":"/mediasieve/api/shop#e-7","attempt":0,'
        '"media_id":"photo-7","reason":"source_not_found","detail":"404","submitted_at":"2026-01-31T09:31:07Z",'
        '"decided_at":"2026-01-31T09:31:08Z"}\n{"complete":true}\n',
    "list_dead_letters": {"groups": [], "letters": []},
    "get_dead_letter": {"partition": 0, "offset": 12, "reason": "missing_field", "detail": "there is no media id",
        "stage": "fingerprint", "topic": "media.submissions", "origin_partition": 3, "origin_offset": 88,
        "failed_at": NOW, "collection": "shop", "media_id": None, "size_bytes": 2, "key": None, "value": "e30=",
        "headers": [{"name": "content-type", "value": "application/json"}], "status": "open", "replays": 0},
    **dict.fromkeys(("replay_dead_letters", "drop_dead_letters"), LETTERS_DONE),
    "get_verdicts": {"current": [], "acts": []},
    "get_statistics": {"collection": "shop", "outcomes": [
        {"outcome": "unique", "decisions": 2, "media": 2, "size_bytes": 70084}], "savings": {
        "submissions": 3, "copies": 1, "submitted_bytes": 105126, "saved_bytes": 35042},
        "throughput": [{"window_s": 60, "decisions": 3, "per_second": 0.05, "copies": 1, "duplicate_rate": 0.3333}],
        "confidences": [], "failures": [], "transformations": [], "latency": [],
        "cache": {"fingerprints": 3, "cached": 1, "hit_rate": 0.3333, "mean_decode_ms": 12.5},
        "verdicts": [{"status": "pending", "submissions": 3, "inherited": 0}], "calls": [], "calls_saved": []},
    **dict.fromkeys(("get_key", "begin_session", "end_session"), KEY),
    "livez": {"live": True},
    "live": {"live": True},
    "readyz": READY,
    "ready": READY,
    "health": {"ok": True, "parts": [{"part": "broker", "status": "ok", "took_ms": 1.2, "advice": ""}],
               "lag": [{"stage": "match", "records": 0}]},
    "metrics": "mediasieve_api_waiters 0.0\n",
    "get_thumbnail": "RIFF…WEBPVP8 …",
}  # fmt: skip


def add_examples(document: dict[str, Any]) -> None:
    """Puts the example of every operation into a description."""
    for methods in document["paths"].values():
        for operation in methods.values():
            example = ANSWERS.get(operation["operationId"])
            for status, answer in operation["responses"].items():
                for body in answer.get("content", {}).values():
                    if status in ("200", "201", "202") and example is not None:
                        body["example"] = example if status != "202" else _not_waited(example)


def _not_waited(example: Any) -> Any:
    unknown = {name: None for name in ("decision", "effect") if name in example}
    return {**example, **unknown}
