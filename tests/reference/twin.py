"""The slow twin of the match stage: reads media.fingerprints in partition order and decides with two dicts.

Single-threaded, slow and obvious on purpose. It shares only the decision's id and the words for transformations with
streams.domain.match. The nearest picture is found in nearest.py, videos are compared in videos.py.
"""

from __future__ import annotations

from typing import Any

import orjson

from streams.domain.evidence.judge import judge
from streams.domain.hashes.transformation import transformation_between
from streams.domain.hashes.views import VIEWS
from streams.domain.match.images.wording import match_in_sentence
from streams.domain.records import decision_id
from tests.reference import videos
from tests.reference.copies import Copy, Judge, copy_of
from tests.reference.key_frames import KeyFrames, key_frames_of
from tests.reference.nearest import DAY_MS, FOR_EVER_MS, Contents, Known, entries_of, retention_ms, stored

PENDING: dict[str, Any] = {
    **{"status": "pending", "by": None, "reason": None, "at": None, "inherited_from": None},
    **{"kind": None, "version": None, "labels": [], "content_id": None, "entry": None},
}


class Twin:
    """Expected decisions, as JSON objects by decision_id. `judge` decides on evidence."""

    def __init__(self, judge: Judge = judge) -> None:
        self._judge = judge
        self.decisions: dict[str, dict[str, Any]] = {}
        self._contents: dict[str, Contents] = {}
        self._expires_ms: dict[str, int] = {}
        self._probe: Known | None = None

    def read(self, value: bytes, time_ms: int = 0) -> None:
        """One value of media.fingerprints and its record's time, in the order of its partition."""
        record = orjson.loads(value)
        identity = decision_id(record["collection"], record["submission_id"], record["attempt"], 0)
        if identity in self._expires_ms and self._expires_ms[identity] >= time_ms:
            return
        self._expires_ms[identity] = time_ms + min(retention_ms(record["policy"]), 38 * DAY_MS)
        facts, self._probe = record["facts"], None
        decision = {
            "decision_id": identity,
            "revision": 0,
            "content_id": facts["content_id"] if facts else None,
            "kind": facts["kind"] if facts else record["kind"],
            "match": None,
            "verdict": {**PENDING},
            "supersedes": None,
            "origin": record["origin"],
            "versions": {"policy": record["policy"]["version"]},
            "appears_in": [],
            "group_content_id": None,
            "group_media_id": None,
        }
        for name in (
            *("collection", "media_id", "submission_id", "attempt", "failure"),
            *("metadata", "submitted_at", "fingerprinted_at"),
        ):
            decision[name] = record[name]
        if is_probe(record):
            decision["probe"] = True
        if facts is None:
            decision |= {"facts": None, "outcome": "failed", "action": "inspect"}
        else:
            shown = {name: hashed for name, hashed in facts["hashes"].items() if name not in ("views:1", "frames:1")}
            decision["facts"] = {name: value for name, value in facts.items() if name != "evidence"} | {"hashes": shown}
            contents = self._contents.setdefault(record["collection"], Contents())
            former = contents.known.get(facts["content_id"])
            decision |= self._compare(record, time_ms)
            known = contents.known[facts["content_id"]]
            if is_probe(record) and decision["outcome"] != "duplicate":
                self._probe = contents.known.pop(facts["content_id"])
                contents.known |= {} if former is None else {former.content_id: former}
            decision["group_content_id"], decision["group_media_id"] = known.group
            if decision["match"] and decision["action"] == "reuse":
                decision["verdict"]["inherited_from"] = decision["match"]["group_media_id"]
        self.decisions[identity] = decision

    def _compare(self, record: dict[str, Any], time_ms: int) -> dict[str, Any]:
        """Outcome, action and match of a submission that has facts. From then on, its content is known."""
        contents = self._contents.setdefault(record["collection"], Contents())
        facts, policy = record["facts"], record["policy"]
        own, expires_ms = facts["content_id"], min(time_ms + retention_ms(policy), FOR_EVER_MS)
        first = contents.known.get(own)
        if first is not None and first.expires_ms >= time_ms:
            if (expires_ms - first.expires_ms) * 16 > retention_ms(policy) and not is_probe(record):
                first.expires_ms = expires_ms
            first.evidence = first.evidence or ("" if is_probe(record) else facts["evidence"])
            return {"outcome": "duplicate", "action": "reuse", "match": exact(first)}
        if facts["kind"] == "video":
            return self._compare_video(record, contents, time_ms, expires_ms)
        algorithm, entries = entries_of(facts, policy)
        candidates = contents.candidates(algorithm, entries, policy, time_ms, own) if entries else []
        found = copy_of(candidates, facts, policy, self._judge)
        own_group = own, record["media_id"]
        contents.known[own] = Known(
            own,
            record["media_id"],
            record["submission_id"],
            found.known.group if found and found.is_reused else own_group,
            time_ms,
            expires_ms,
            algorithm,
            stored(entries, policy),
            found is not None and found.is_reused,
            evidence=facts["evidence"],
            drift=found.drift if found else 0,
        )
        shown = videos.videos_showing(contents, entries, policy, time_ms) if policy["appears_in"] else []
        if found is None:
            return {"outcome": "unique", "action": "process", "match": None, "appears_in": shown}
        action, match = "reuse" if found.is_reused else "review", near(found, policy, own_group)
        return {"outcome": "near_duplicate", "action": action, "match": match, "appears_in": shown}

    def _compare_video(
        self, record: dict[str, Any], contents: Contents, time_ms: int, expires_ms: int
    ) -> dict[str, Any]:
        facts, policy = record["facts"], record["policy"]
        own, own_group = facts["content_id"], (facts["content_id"], record["media_id"])
        frames = videos.comparable_frames(facts, policy)
        duration_ms = videos.duration_of(facts, frames)
        key_frames = KeyFrames(key_frames_of(facts["evidence"]), self._judge)
        found = videos.match(contents, frames, duration_ms, policy, time_ms, own, key_frames)
        is_kept = bool(frames) and videos.stores_frames(contents, found, time_ms, own)
        joined = found is not None and found.is_reused
        shown = videos.pictures_in(contents, frames, policy, time_ms) if policy["appears_in"] else []
        contents.known[own] = Known(
            own,
            record["media_id"],
            record["submission_id"],
            found.known.group if found and joined else own_group,
            time_ms,
            expires_ms,
            "frames:1" if is_kept else "",
            [],
            joined,
            videos.stored_frames(frames),
            duration_ms,
            facts["evidence"],
        )
        if found is None:
            return {"outcome": "unique", "action": "process", "match": None, "appears_in": shown}
        match = {**whose(found.known), **videos.match_fields(found, policy, own_group)}
        if joined:  # a clip inherits no verdict
            contents.known[own].drift = 31 if match["relation"] == "clip_of" else found.known.drift
        action = "reuse" if joined else "review"
        return {"outcome": "near_duplicate", "action": action, "match": match, "appears_in": shown}


NO_EVIDENCE: dict[str, Any] = {"score": None, "differs": None, "map": []}
NO_VIDEO = {"relation": "", "segments": [], "share": 0.0, "known_share": 0.0}


def is_probe(record: dict[str, Any]) -> bool:
    """Compared with a reference collection, and not kept in there."""
    return bool(record["policy"].get("reference")) and not record.get("reference")


def exact(known: Known) -> dict[str, Any]:
    return {
        **whose(known),
        "method": "exact",
        "similarity": 1.0,
        "distance_bits": 0,
        "threshold_bits": 0,
        "explanation": f"The same bytes{' in all parts that were read' if '-parts:' in known.content_id else ''}.",
        **NO_EVIDENCE,
        "confidence": "exact",
        "candidate_distance_bits": None,
        "candidate_threshold_bits": None,
        "transformation": "none",
        "view": "full",
        "known_view": "full",
        **NO_VIDEO,
    }


def near(found: Copy, policy: dict[str, Any], own_group: tuple[str, str]) -> dict[str, Any]:
    pair = found.pair
    radius = policy["view_radius_bits"] if pair.is_part else policy["radius_bits"]
    bits = int(policy["hash"].lstrip("abcdefghijklmnopqrstuvwxyz"))
    distance, threshold = pair.near_bits, radius
    if bits == 256:
        distance, threshold = pair.confirm_bits, policy["confirm_bits"]
    change = transformation_between(pair.own.view, pair.own.orientation, pair.entry.view, pair.entry.orientation)
    if found.is_reused:
        change = "+".join(part for part in change.split("+") if part != "retouched") or "none"
    differ = f"{distance} of {bits} bits differ, {threshold} may"
    sentence = match_in_sentence(
        change, found.confidence, found.map, found.differs, score=found.score, needed_score=490, bits=differ
    )
    group = found.known.group if found.is_reused else own_group
    return {
        **whose(found.known),
        "group_content_id": group[0],
        "group_media_id": group[1],
        "method": policy["hash"],
        "similarity": round(1 - distance / bits, 4),
        "distance_bits": distance,
        "threshold_bits": threshold,
        "explanation": sentence,
        "confidence": found.confidence,
        "score": found.score,
        "differs": found.differs,
        "map": found.map,
        "candidate_distance_bits": pair.near_bits if bits == 256 else None,
        "candidate_threshold_bits": radius if bits == 256 else None,
        "transformation": change,
        "view": VIEWS[pair.own.view].name,
        "known_view": VIEWS[pair.entry.view].name,
        **NO_VIDEO,
        "relation": "contains" if VIEWS[pair.own.view].panel else "",
    }


def whose(known: Known) -> dict[str, Any]:
    return {
        "content_id": known.content_id,
        "media_id": known.media_id,
        "submission_id": known.submission_id,
        "group_content_id": known.group[0],
        "group_media_id": known.group[1],
    }
