"""Near duplicates that evidence decides: what is reused, what goes to review, and what happens without evidence."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from functools import cache
from typing import Any

import orjson
import pytest
from PIL import Image, ImageDraw, ImageOps

from streams.domain.evidence.evidence import unpack_evidence
from streams.domain.fingerprint.image.fingerprint import fingerprint_image
from streams.domain.hashes.views import PANELS
from streams.domain.match.batch import MatchInput
from streams.domain.match.images.verification import MAX_WORK, find_copy
from streams.domain.match.operations import ImageCandidate
from streams.domain.match.selection import comparable_entries, packed_evidence, stored_entries
from streams.domain.policy.policy import Policy
from streams.domain.records import Fingerprint, MediaFacts, Origin
from streams.domain.state.content import Content
from streams.domain.state.keys import CONTENT_PREFIX, EVIDENCE_PREFIX, content_key, evidence_key_of
from streams.errors import BadInput, Reason
from tests.support.media import encode, photo
from tests.support.papers import KINDS
from tests.support.partition import Partition

POLICY = Policy.of()
CAT = photo("chelsea.png", (451, 300))


@cache
def facts(what: str) -> MediaFacts:
    picture = CAT
    if what == "small":
        picture = CAT.resize((300, 200))
    if what == "mirrored":
        picture = ImageOps.mirror(CAT)
    if what == "captioned":
        picture = CAT.copy()
        ImageDraw.Draw(picture).rectangle((0, 250, 451, 300), fill="white")
        ImageDraw.Draw(picture).text((20, 262), "WHEN IT IS MONDAY AGAIN, AND RAINS", fill="black", font_size=24)
    return fingerprint_image(encode(picture, "PNG" if what == "itself" else "JPEG", quality=80))


def without_evidence(what: str) -> MediaFacts:
    return replace(facts(what), evidence="")


def decided(partition: Partition, medium: MediaFacts, name: str, policy: Policy = POLICY, at_ms: int = 0) -> Any:
    now = "2026-01-01T00:00:00.000Z"
    origin = Origin("media.submissions", 0, 0)
    record = Fingerprint(f"#{name}", 0, name, "shop", "auto", now, now, origin, medium, None, policy=policy)
    (answer,) = partition.decide([MatchInput.of(record, at_ms)])
    return orjson.loads(answer.value)


@pytest.mark.parametrize("what", ["small", "mirrored"])
def test_a_certain_copy_is_reused_and_joins_the_group(what: str) -> None:
    partition = Partition()
    decided(partition, facts("itself"), "first")

    copy = decided(partition, facts(what), "copy")

    assert (copy["outcome"], copy["action"], copy["match"]["confidence"]) == ("near_duplicate", "reuse", "certain")
    assert copy["match"]["group_media_id"] == copy["verdict"]["inherited_from"] == "first"
    assert copy["match"]["score"] >= 490
    assert copy["match"]["map"] == ["=" * 8] * 8 or copy["match"]["differs"] <= 0.05
    assert copy["match"]["transformation"] == ("none" if what == "small" else "mirrored")


def test_a_copy_with_more_on_it_goes_to_review_in_a_group_of_its_own() -> None:
    partition = Partition()
    decided(partition, facts("itself"), "first")

    captioned = decided(partition, facts("captioned"), "captioned")

    match = captioned["match"]
    assert (captioned["outcome"], captioned["action"], match["media_id"]) == ("near_duplicate", "review", "first")
    assert match["group_media_id"] == "captioned"
    assert captioned["verdict"]["inherited_from"] is None
    assert 0.05 < match["differs"] <= 0.35
    assert "x" in match["map"][7]
    assert "x" not in match["map"][2]


def test_policies_say_how_much_may_differ() -> None:
    for rules, action in (({}, "reuse"), ({"reuse_differs": 0.01}, "review"), ({"max_differs": 0.01}, "process")):
        partition, policy = (
            Partition(),
            Policy.of(**{"reuse_differs": 0.01 if "max_differs" in rules else 0.05, **rules}),
        )
        decided(partition, facts("itself"), "first", policy)
        assert decided(partition, framed(1), "framed", policy)["action"] == action


@pytest.mark.parametrize("missing", ["known", "submitted", "both"])
def test_without_evidence_only_nearly_equal_hashes_match_and_go_to_review(missing: str) -> None:
    partition = Partition()
    known = facts("itself") if missing == "submitted" else without_evidence("itself")
    submitted = facts("small") if missing == "known" else without_evidence("small")
    captioned = facts("captioned") if missing == "known" else without_evidence("captioned")
    decided(partition, known, "first")

    small = decided(partition, submitted, "small")
    other = decided(partition, captioned, "captioned", Policy.of(radius_bits=24, confirm_bits=111))

    match = small["match"]
    assert (small["action"], match["confidence"], match["media_id"]) == ("review", "unverified", "first")
    assert (match["score"], match["differs"], match["map"]) == (None, None, [])
    assert match["group_media_id"] == "small"
    assert match["distance_bits"] <= 24
    assert not other["match"] or other["match"]["media_id"] != "first"


def test_a_known_picture_without_evidence_gets_it_when_it_is_seen_again() -> None:
    partition = Partition()
    decided(partition, without_evidence("itself"), "first")
    key = content_key("shop", facts("itself").content_id)
    assert not Content.unpack(partition[key]).has_evidence

    duplicate = decided(partition, facts("itself"), "again")
    small = decided(partition, facts("small"), "small")

    assert duplicate["outcome"] == "duplicate"
    assert Content.unpack(partition[key]).has_evidence
    assert (small["action"], small["match"]["confidence"]) == ("reuse", "certain")
    order = [changed for changed, _ in partition.log if changed in (key, evidence_key_of(key))]
    assert order == [key, evidence_key_of(key), key]


def test_a_repeat_writes_evidence_again_and_answers_with_the_same_bytes() -> None:
    partition = Partition()
    first = decided(partition, facts("itself"), "first")
    partition.log.clear()

    assert decided(partition, facts("itself"), "first") == first

    assert [key[:1] for key, _ in partition.log] == [EVIDENCE_PREFIX, CONTENT_PREFIX, b"g", b"m", b"s"]


@pytest.mark.parametrize("evidence", ["AQ==", "not base64", "AQAAAAEAAAABVAAB"])
def test_broken_evidence_is_refused_before_anything_is_decided(evidence: str) -> None:
    with pytest.raises(BadInput, match="evidence") as refused:
        decided(Partition(), replace(facts("itself"), evidence=evidence), "broken")
    assert refused.value.reason == Reason.BAD_FIELD


def test_evidence_of_another_version_is_no_evidence() -> None:
    partition = Partition()
    decided(partition, facts("itself"), "first")

    small = decided(partition, replace(facts("small"), evidence="/wAA"), "small")

    assert small["match"]["confidence"] == "unverified"


def framed(times: int) -> MediaFacts:
    """The picture in so many frames, one around the other, with a mark on each: 1/64 of the whole differs."""
    picture = CAT
    for number in range(times):
        width, height = picture.width + 120, picture.height + 120
        whole = Image.new("RGB", (width, height), ((210, 210, 210), (60, 60, 60))[number % 2])
        whole.paste(picture, (60, 60))
        x = (10, width - 50)[number % 2]
        ImageDraw.Draw(whole).ellipse((x, 10, x + 40, 50), (120, 90, 40))
        picture = whole
    return fingerprint_image(encode(picture, "PNG"))


@pytest.mark.parametrize(("reuse_differs", "last"), [(0.04, ("reuse", "0")), (0.02, ("review", "2"))])
def test_copies_of_copies_do_not_drift_away_from_the_picture_that_the_verdict_is_about(
    reuse_differs: float, last: tuple[str, str]
) -> None:
    """Every picture has one frame more than the one before: each step is small, and the sum is not."""
    partition, policy = Partition(), Policy.of(reuse_differs=reuse_differs)
    submitted = [facts("itself"), framed(1), framed(2)]
    decisions = [decided(partition, each, f"{number}", policy) for number, each in enumerate(submitted)]

    steps = [(each["action"], (each["match"] or {}).get("group_media_id")) for each in decisions]
    assert steps == [("process", None), ("reuse", "0"), last]
    match = decisions[2]["match"]
    assert (match["media_id"], match["confidence"]) == ("1", "certain")
    assert 0 < match["differs"] < 0.02


def test_a_collage_contains_the_known_picture_and_goes_to_review() -> None:
    collage = Image.new("RGB", (451, 620), "white")
    collage.paste(CAT, (0, 0))
    collage.paste(photo("coffee.png", (451, 300)), (0, 320))
    partition = Partition()
    decided(partition, facts("itself"), "first")

    facts_of_collage = fingerprint_image(encode(collage, "JPEG", quality=85))
    found = decided(partition, facts_of_collage, "collage")

    match = found["match"]
    assert (found["action"], match["relation"], match["media_id"]) == ("review", "contains", "first")
    assert match["group_media_id"] == "collage"
    kept = unpack_evidence(partition[evidence_key_of(content_key("shop", found["content_id"]))])
    submitted = unpack_evidence(b64decode(facts_of_collage.evidence))
    assert kept is not None
    assert submitted is not None
    assert {each.view for each in submitted.thumbnails} - {each.view for each in kept.thumbnails} >= set(PANELS[:2])


def looked_at(submission: MediaFacts, others: list[MediaFacts]) -> int:
    """How many of 16 candidates are looked at: pictures with these evidences, and hashes as the submission has them."""
    _, entries = comparable_entries(submission, POLICY)
    asked = []

    def known(content_id: str) -> tuple[Content, bytes]:
        asked.append(content_id)
        content = Content(content_id, "medium", "", content_id, "medium", 0, 0, b"")
        other = others[len(asked) % len(others)]
        return replace(content, entries=stored_entries(entries, POLICY)), packed_evidence(other)

    candidates = [ImageCandidate(f"sha256:{number:064x}", 0, 0) for number in range(16)]
    found = find_copy(candidates, entries, packed_evidence(submission), POLICY, known)
    assert found is None or not found.is_reused
    return len(asked)


def page_facts(kind: str, seed: int) -> MediaFacts:
    return fingerprint_image(encode(KINDS[kind](seed), "PNG"))


def test_candidates_have_a_budget_that_all_photos_fit_in_and_six_pages_of_one_layout() -> None:
    others = [fingerprint_image(encode(photo(name, (451, 300)), "PNG")) for name in ("coffee.png", "rocket.jpg")]
    table, tables = page_facts("table", 1), [page_facts("table", seed) for seed in (2, 3)]
    chart = page_facts("line_chart", 1)

    assert looked_at(facts("itself"), others) == 16
    assert looked_at(table, tables) == MAX_WORK // 4
    assert looked_at(table, [chart]) == MAX_WORK // 2
