"""The questions and the views give the right answers about one small story."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from streams.analytics.queries.copy_groups import copy_groups
from streams.analytics.queries.decisions import media_history, recent_decisions
from streams.analytics.queries.figures.confidence import ConfidenceTotal, matches_for_review, totals_by_confidence
from streams.analytics.queries.figures.failures import dead_letters_by_reason, failures_by_reason
from streams.analytics.queries.figures.latency import latency_by_hop
from streams.analytics.queries.figures.near_duplicates import near_duplicates_by_transformation
from streams.analytics.queries.figures.totals import RecordCounts, Savings, record_counts, savings, totals_by_outcome
from streams.analytics.queries.moderation.verdicts import (
    calls_saved,
    content_of_medium,
    current_verdicts,
    moderation_acts,
)
from streams.analytics.queries.similar_contents import ContentRow, similar_contents
from streams.analytics.queries.similar_frames import (
    VideoWithMoment,
    VideoWithPicture,
    videos_with_moments,
    videos_with_picture,
)
from streams.analytics.writer import ClickHouseSink
from streams.domain.records import (
    Appearance,
    Decision,
    Label,
    ModerationEvent,
    Outcome,
    Segment,
    Verdict,
    VerdictStatus,
    format_timestamp,
)
from streams.domain.records.decision import Confidence
from streams.errors import AnalyticsError
from streams.kafka.topics import DEAD_LETTERS, DECISIONS, FINGERPRINTS
from tests.support.engines import Database
from tests.support.stories import (
    T0_MS,
    dead_letter,
    decision,
    decision_record,
    fingerprint,
    fingerprint_record,
    moderation_event,
    moderation_record,
)
from tests.support.synthetic_films import Cut, Film, VideoRecipe, media_facts

START = datetime(2026, 1, 1, 0, 0, 0, 125_000, tzinfo=UTC)
LABELS = [Label("weapon", "violence", 0.5)]


class Story:
    """Photo 0 with four copies (one near), photo 5 with one copy, photo 7 alone, and two failures."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ask = database.ask
        self.decisions = 100

    def similar(
        self,
        *hashes256: str,
        collection: str = "default",
        version: str = "1",
        min_quality: float = 0.0,
        limit: int = 10,
        content_id: str = "",
    ) -> tuple[ContentRow, ...]:
        return self.ask(
            similar_contents,
            hashes256,
            collection=collection,
            version=version,
            min_quality=min_quality,
            limit=limit,
            content_id=content_id,
        )

    def videos_showing(self, *hashes256: str, collection: str = "default") -> tuple[VideoWithPicture, ...]:
        return self.ask(
            videos_with_picture, hashes256, collection=collection, min_quality=0.0, max_distance_bits=80, limit=10
        )

    async def note(self, *events: ModerationEvent) -> None:
        """Store moderation events."""
        sink = ClickHouseSink(self.database.settings())
        await sink.write(FINGERPRINTS, [moderation_record(event, 50 + n) for n, event in enumerate(events)])
        await sink.close()

    async def write(self, decided: Decision) -> None:
        """Store one more decision, after all the others."""
        self.decisions += 1
        sink = ClickHouseSink(self.database.settings())
        await sink.write(DECISIONS, [decision_record(decided, self.decisions)])
        await sink.close()


@pytest.fixture
async def story(clickhouse: Database) -> Story:
    decided = [
        decision(0),
        decision(1, content=0, outcome="duplicate"),
        decision(2, content=0, outcome="duplicate"),
        decision(3, content=0, outcome="near_duplicate"),
        decision(4, content=0, outcome="duplicate"),
        decision(5),
        decision(6, content=5, outcome="duplicate"),
        decision(7),
        decision(8, outcome="failed"),
        decision(9, outcome="failed"),
    ]
    sink = ClickHouseSink(clickhouse.settings())
    await sink.write(DECISIONS, [decision_record(made, offset) for offset, made in enumerate(decided)])
    await sink.write(DECISIONS, [decision_record(made, offset) for offset, made in enumerate(decided[:4])])
    await sink.write(FINGERPRINTS, [fingerprint_record(fingerprint(n), n) for n in range(3)])
    await sink.write(DEAD_LETTERS, [dead_letter(0, origin_offset=1), dead_letter(1, origin_offset=2)])
    await sink.close()
    return Story(clickhouse)


def test_totals_count_every_submission_once_in_a_fixed_order(story: Story) -> None:
    totals = story.ask(totals_by_outcome)
    assert [(row.outcome, row.decisions) for row in totals] == [
        ("unique", 3),
        ("duplicate", 4),
        ("near_duplicate", 1),
        ("failed", 2),
    ]
    assert story.ask(totals_by_outcome, collection="other") == ()
    assert story.ask(record_counts) == RecordCounts(decisions=10, fingerprints=3, deadletters=2)


def test_groups_list_original_and_copies_in_order_of_arrival(story: Story) -> None:
    first, second = story.ask(copy_groups)
    assert first.media_ids == tuple(f"photos/{n}.jpg" for n in (0, 1, 2, 3, 4))
    assert (first.exact_copies, first.near_copies, first.copies_bytes) == (3, 1, 4000)
    assert second.media_ids == ("photos/5.jpg", "photos/6.jpg")
    [limited] = story.ask(copy_groups, limit=1, max_media_ids=2)
    assert limited.media_ids == ("photos/0.jpg", "photos/1.jpg")


async def test_a_match_with_a_member_is_in_the_group_of_the_original(story: Story) -> None:
    member = decision(10, content=3, outcome="near_duplicate")
    assert member.match is not None
    match = replace(member.match, group_content_id=f"sha256:{0:064x}", group_media_id="photos/0.jpg")
    match = replace(match, transformation="cropped", distance_bits=40)
    await story.write(replace(member, match=match))

    first, _ = story.ask(copy_groups)
    assert (first.content_id, first.near_copies) == (f"sha256:{0:064x}", 2)
    assert (first.media_ids[-1], first.transformations) == ("photos/10.jpg", ("cropped", "mirrored"))
    found = story.ask(near_duplicates_by_transformation, collection="default")
    assert [(row.transformation, row.submissions, row.groups) for row in found] == [
        ("cropped", 1, 1),
        ("mirrored", 1, 1),
    ]
    assert (found[0].max_distance_bits, found[0].threshold_bits) == (40, 80)
    assert found[0].last_pair == ("photos/10.jpg", "photos/3.jpg")
    assert story.ask(near_duplicates_by_transformation, collection="other") == ()


def test_similar_contents_come_once_and_nearest_first(story: Story) -> None:
    found = story.similar(f"{6:064x}", "f" * 64, limit=4)

    assert [(int(row.hash256, 16), row.distance_bits) for row in found] == [(7, 1), (0, 2), (3, 2), (5, 2)]
    nearest, original, near_copy, copied = found
    assert (nearest.media_ids, nearest.first_outcome, nearest.hash64) == (("photos/7.jpg",), "unique", 7)
    assert (nearest.group_media_id, nearest.group_content_id) == ("photos/7.jpg", nearest.content_id)
    assert original.media_ids == tuple(f"photos/{n}.jpg" for n in (0, 1, 2, 4))
    assert (original.submissions, original.first_outcome) == (4, "unique")
    assert (near_copy.first_outcome, near_copy.group_media_id) == ("near_duplicate", "photos/0.jpg")
    assert (near_copy.first_is_copy, original.first_is_copy) == (True, False)
    assert near_copy.explanation.startswith("The same picture, mirrored left to right")
    assert (copied.format, copied.width, copied.height, copied.size_bytes) == ("jpeg", 640, 480, 1000)
    assert story.similar("0" * 64, collection="other") == ()
    [own] = story.similar(f"{2:064x}", content_id=near_copy.content_id, limit=1)
    assert (own.content_id, own.distance_bits) == (near_copy.content_id, 1)


async def test_only_hashes_of_the_requested_version_are_compared(story: Story) -> None:
    made = decision(20)
    assert made.facts is not None
    later = {"phash64:2": f"{20:016x}", "phash256:2": f"{20:064x}"}
    await story.write(replace(made, facts=replace(made.facts, hashes=later)))
    both = {**later, **made.facts.hashes}
    await story.write(replace(decision(21), facts=replace(made.facts, hashes=both)))

    found = story.similar(f"{20:064x}", limit=100)
    assert 20 not in {int(row.hash256, 16) for row in found}
    [row] = story.similar(f"{20:064x}", version="2", limit=100)
    assert (row.distance_bits, row.media_ids) == (0, ("photos/20.jpg",))


def test_pictures_with_too_little_structure_are_never_found(story: Story) -> None:
    assert story.similar("0" * 64, min_quality=0.8) == ()


async def test_videos_with_a_frame_like_a_picture_are_found_with_their_times(story: Story) -> None:
    sink, film = ClickHouseSink(story.database.settings()), Film("asked for")
    recipes = [
        VideoRecipe([Cut(film, 0, 9_000)]),
        VideoRecipe([Cut(film, 6_000, 6_000)], seed=1),
        VideoRecipe([Cut(Film("other"), 0, 3_000)]),
    ]
    videos = [
        fingerprint_record(replace(fingerprint(10 + number), facts=media_facts(recipe, f"video {number}")), 10 + number)
        for number, recipe in enumerate(recipes)
    ]
    await sink.write(FINGERPRINTS, videos)
    await sink.write(FINGERPRINTS, [*videos[1:], *(replace(video, offset=video.offset + 50) for video in videos[:1])])
    await sink.close()

    found = story.videos_showing(f"{film.hashes_at(7_000).hash256:064x}", "f" * 64)

    assert [row.first_media_id for row in sorted(found, key=lambda row: str(row.first_media_id))] == [
        "photos/10.jpg",
        "photos/11.jpg",
    ]
    for row in found:
        begins_s = 0 if row.first_media_id == "photos/10.jpg" else 6
        assert 6 <= row.at_s + begins_s < 9
        assert row.at_s in row.shown_at_s
        assert row.distance_bits < 30
    assert story.videos_showing("0" * 64, collection="other") == ()
    stored = story.database.rows("SELECT count(), uniqExact(content_id, view, at_ms) FROM video_frames_once")
    assert stored[0][0] == stored[0][1] > 15


async def test_one_query_for_all_moments_gives_the_same_as_one_query_per_moment(story: Story) -> None:
    sink, film = ClickHouseSink(story.database.settings()), Film("moments")
    recipes = [VideoRecipe([Cut(film, 0, 9_000)]), VideoRecipe([Cut(film, 4_000, 8_000)], seed=1)]
    videos = [
        fingerprint_record(replace(fingerprint(10 + number), facts=media_facts(recipe, f"video {number}")), 10 + number)
        for number, recipe in enumerate(recipes)
    ]
    await sink.write(FINGERPRINTS, videos)
    await sink.close()
    moments = [[f"{film.hashes_at(at_ms).hash256:064x}", "0" * 64] for at_ms in (1_000, 5_000, 8_000, 11_000, 60_000)]

    one_query = story.ask(
        videos_with_moments, moments, collection="default", min_quality=0.0, max_distance_bits=80, limit_per_moment=10
    )

    assert list(one_query) == [
        VideoWithMoment(number, found.content_id, found.first_media_id, found.distance_bits, found.at_s)
        for number, hashes in enumerate(moments)
        for found in story.videos_showing(*hashes)
    ]
    assert {row.moment for row in one_query} == {0, 1, 2, 3}


async def test_a_video_with_new_material_is_not_a_copy_and_has_its_own_group(story: Story) -> None:
    before = story.ask(copy_groups), story.ask(savings).copies
    made = decision(31, content=0, outcome="near_duplicate")
    assert made.match is not None
    assert made.content_id is not None
    match = replace(made.match, relation="contains", group_content_id=made.content_id, group_media_id=made.media_id)
    await story.write(replace(made, match=match, action="review"))

    assert (story.ask(copy_groups), story.ask(savings).copies) == before
    assert story.database.rows("SELECT sum(near_copies) FROM copied_contents") == [(1,)]
    assert story.database.rows("SELECT sum(copies) FROM savings_per_day") == [(5,)]


def verified(
    number: int, content: int, confidence: Confidence, *, score: int | None = None, differs: float | None = None
) -> Decision:
    """A near duplicate with evidence: reused if it is certain and little differs, else for review in its own group."""
    made = decision(number, content=content, outcome="near_duplicate")
    assert made.match is not None
    assert made.content_id is not None
    rows = [] if score is None else ["xx======", *["========"] * 7]
    match = replace(made.match, confidence=confidence, score=score, differs=differs, map=rows)
    if confidence == "certain" and differs is not None and differs <= 0.05:
        return replace(made, match=match)
    match = replace(match, group_content_id=made.content_id, group_media_id=made.media_id)
    return replace(made, match=match, action="review")


async def test_only_certain_matches_are_copies_unless_the_others_are_asked_for(story: Story) -> None:
    before = story.ask(copy_groups)
    await story.write(verified(40, 0, "certain", score=900, differs=0.0))
    await story.write(verified(41, 0, "certain", score=820, differs=0.125))
    await story.write(verified(42, 0, "likely", score=431, differs=0.0))
    await story.write(verified(43, 40, "unverified"))
    await story.write(verified(44, 7, "likely", score=440, differs=0.0))

    first, second = story.ask(copy_groups)
    assert (first.near_copies, first.media_ids[-1], first.submissions) == (2, "photos/40.jpg", 6)
    assert (first.for_review, first.review_media_ids) == (0, ())
    assert second == before[1]
    assert story.ask(savings).copies == 6
    assert story.database.rows("SELECT sum(near_copies) FROM copied_contents") == [(2,)]
    assert story.database.rows("SELECT sum(copies) FROM savings_per_day") == [(6,)]

    asked = {group.media_ids[0]: group for group in story.ask(copy_groups, for_review=True)}
    assert asked.keys() == {"photos/0.jpg", "photos/5.jpg", "photos/7.jpg"}
    assert (asked["photos/0.jpg"].near_copies, asked["photos/0.jpg"].media_ids) == (2, first.media_ids)
    assert asked["photos/0.jpg"].review_media_ids == ("photos/41.jpg", "photos/42.jpg", "photos/43.jpg")
    assert (asked["photos/7.jpg"].submissions, asked["photos/7.jpg"].review_media_ids) == (1, ("photos/44.jpg",))
    assert asked["photos/5.jpg"] == second


async def test_matches_are_counted_by_confidence_and_those_for_review_are_listed(story: Story) -> None:
    await story.write(verified(40, 0, "certain", score=900, differs=0.0))
    await story.write(verified(41, 0, "certain", score=820, differs=0.125))
    await story.write(verified(42, 0, "likely", score=431, differs=0.0))
    await story.write(verified(43, 40, "unverified"))

    assert story.ask(totals_by_confidence) == (
        ConfidenceTotal("certain", submissions=2, copies=1, for_review=1),
        ConfidenceTotal("likely", submissions=1, copies=0, for_review=1),
        ConfidenceTotal("unverified", submissions=1, copies=0, for_review=1),
        ConfidenceTotal("", submissions=5, copies=5, for_review=0),
    )
    scores = "SELECT p10_score, mean_differs FROM matches_by_confidence WHERE confidence = 'certain'"
    assert story.database.rows(scores) == [(828.0, 0.0625)]
    unverified, likely, certain = story.ask(matches_for_review)
    assert (unverified.confidence, unverified.score, unverified.differs, unverified.map) == (
        "unverified",
        None,
        None,
        (),
    )
    assert (likely.media_id, likely.match_media_id, likely.score) == ("photos/42.jpg", "photos/0.jpg", 431)
    assert (certain.differs, certain.map[0], len(certain.map)) == (0.125, "xx======", 8)
    assert story.ask(matches_for_review, collection="other") == ()
    [by_transformation] = story.ask(near_duplicates_by_transformation)
    assert (by_transformation.submissions, by_transformation.min_score) == (3, 820)


async def test_the_facts_of_a_video_are_stored(story: Story) -> None:
    made = decision(30, content=0, outcome="near_duplicate")
    assert made.match is not None
    match = replace(made.match, relation="clip_of", segments=[Segment(0.0, 4.5, 60.0, 64.5, 1.0)], share=0.5)
    shown = [Appearance("sha256:00", "photos/3.jpg", "image", 1.5, 12)]
    facts = media_facts(VideoRecipe([Cut(Film("kept"), 0, 3_000)]), "kept")
    await story.write(replace(made, match=match, appears_in=shown, facts=facts))

    columns = "match_relation, match_share, match_segments[1].known_from_s, appears_in[1].media_id, duration_s, codec"
    assert story.database.rows(f"SELECT {columns} FROM decisions_current WHERE media_kind = 'video'") == [
        ("clip_of", 0.5, 60.0, "photos/3.jpg", 3.0, "h264")
    ]


async def test_revised_decisions_tell_the_verdict_in_force_and_the_calls_that_copies_saved(story: Story) -> None:
    """Photo 0 is blocked; its copies 1 to 4 inherit that, 4 only in its second revision; the mirrored one too."""
    outcomes: list[Outcome] = ["unique", "duplicate", "duplicate", "near_duplicate", "duplicate"]
    at = format_timestamp(T0_MS)
    for number, outcome in enumerate(outcomes):
        for revision in (1, 2) if number == 4 else (1,):
            made = decision(number, content=0, outcome=outcome, revision=revision)
            inherited = "photos/0.jpg" if number else None
            status: VerdictStatus = "review" if number == 4 and revision == 1 else "blocked"
            verdict = Verdict(status, "ann", "seen", at, inherited, "person", None, LABELS, f"sha256:{0:064x}")
            await story.write(replace(made, verdict=verdict, action="reuse"))
    await story.note(moderation_event(1), moderation_event(2, event="split"), moderation_event(3, content=7))

    found = story.ask(current_verdicts, collection="default", subject=f"sha256:{0:064x}")

    assert [(row.media_id, row.revision, row.verdict_inherited_from) for row in found] == [
        ("photos/4.jpg", 2, "photos/0.jpg"),
        ("photos/2.jpg", 1, "photos/0.jpg"),
        ("photos/1.jpg", 1, "photos/0.jpg"),
        ("photos/0.jpg", 1, ""),
    ]
    assert {(row.verdict_status, row.verdict_by, row.verdict_kind, row.action) for row in found} == {
        ("blocked", "ann", "person", "reuse")
    }
    assert [label["name"] for label in found[0].verdict_labels] == ["weapon"]
    [mirrored] = story.ask(current_verdicts, collection="default", subject="photos/3.jpg")
    assert (mirrored.verdict_content_id, mirrored.group_content_id) == (f"sha256:{0:064x}", f"sha256:{0:064x}")
    [pending] = story.ask(current_verdicts, collection="default", subject="photos/7.jpg")
    assert (pending.verdict_status, pending.verdict_by, pending.verdict_at) == ("pending", "", None)
    assert story.database.rows(
        "SELECT content_id, status, by_name, submissions FROM verdicts_in_force ORDER BY content_id"
    ) == [(f"sha256:{0:064x}", "blocked", "ann", 4), (f"sha256:{3:064x}", "blocked", "ann", 1)]
    [saved] = story.ask(calls_saved)
    assert (saved.status, saved.by_name, saved.submissions) == ("blocked", "ann", 4)
    assert (saved.exact_copies, saved.near_copies) == (3, 1)
    acts = story.ask(moderation_acts, collection="default", subjects=(f"sha256:{1:064x}", f"sha256:{0:064x}"))
    assert [(act.event, act.status) for act in acts] == [("split", ""), ("verdict", "blocked")]
    assert acts[1].at == START + timedelta(milliseconds=1)
    assert story.ask(content_of_medium, collection="default", media_id="photos/2.jpg") == f"sha256:{0:064x}"
    assert story.ask(content_of_medium, collection="default", media_id="photos/8.jpg") is None
    assert story.ask(content_of_medium, collection="other", media_id="photos/2.jpg") is None


async def test_what_is_in_a_group_of_its_own_is_no_copy_whatever_its_action(story: Story) -> None:
    """Photo 3, an altered copy of photo 0, is split from it, and gets a verdict of its own."""
    made = decision(3, content=0, outcome="near_duplicate", revision=1)
    assert made.match is not None
    own = replace(
        made.match, confidence="certain", group_content_id=made.content_id or "", group_media_id=made.media_id
    )
    await story.write(replace(made, match=own, action="process"))
    is_copy = "SELECT is_copy FROM decisions_current WHERE media_id = 'photos/3.jpg'"
    split = story.database.rows(is_copy)
    verdict = Verdict("allowed", "ann", None, format_timestamp(T0_MS), None, "person", None, [], made.content_id)
    later = decision(3, content=0, outcome="near_duplicate", revision=2)
    await story.write(replace(later, match=own, action="reuse", verdict=verdict))
    allowed = story.database.rows(is_copy)

    assert split == allowed == [(False,)]
    assert [group.near_copies for group in story.ask(copy_groups)] == [0, 0]
    assert story.ask(savings).copies == 4
    assert story.ask(calls_saved) == ()


def test_savings_are_the_bytes_of_copies(story: Story) -> None:
    found = story.ask(savings)
    assert found == Savings(submissions=8, copies=5, submitted_bytes=8000, saved_bytes=5000)


def test_latency_is_measured_hop_by_hop(story: Story) -> None:
    hops = {row.hop: row for row in story.ask(latency_by_hop)}
    assert list(hops) == ["fetch_and_decode", "match", "record", "submission_to_decision"]
    assert hops["fetch_and_decode"].p50_ms == 20.0
    assert hops["submission_to_decision"].p99_ms == 30.0
    assert hops["match"].decisions == 10


def test_failures_and_dead_letters_are_counted_by_reason(story: Story) -> None:
    [failure] = story.ask(failures_by_reason)
    assert (failure.reason, failure.submissions) == ("not_media", 2)
    assert (failure.last_media_id, failure.last_detail) == ("photos/9.jpg", "a text, it seems")
    [letters] = story.ask(dead_letters_by_reason)
    assert (letters.stage, letters.reason, letters.records) == ("fingerprint", "not_json", 2)


def test_recent_decisions_come_newest_first_with_aware_times(story: Story) -> None:
    newest, _ = story.ask(recent_decisions, limit=2)
    assert newest.media_id == "photos/9.jpg"
    assert newest.decided_at == START + timedelta(milliseconds=39)
    [near] = story.ask(recent_decisions, outcome="near_duplicate")
    assert (near.media_id, near.match_media_id) == ("photos/3.jpg", "photos/0.jpg")


def test_a_medium_has_a_history(story: Story) -> None:
    assert [row.outcome for row in story.ask(media_history, media_id="photos/6.jpg")] == ["duplicate"]
    assert story.ask(media_history, media_id="' OR 1=1 --") == ()


def test_the_views_of_dashboards_agree(story: Story) -> None:
    rows = story.database.rows
    minute = START.replace(microsecond=0)
    assert rows("SELECT minute, outcome, decisions FROM outcomes_per_minute ORDER BY outcome") == [
        (minute, "duplicate", 4),
        (minute, "failed", 2),
        (minute, "near_duplicate", 1),
        (minute, "unique", 3),
    ]
    assert rows("SELECT p90_ms FROM latency_per_minute WHERE hop = 'match'") == [(10.0,)]
    assert rows("SELECT first_media_id, exact_copies, near_copies, media FROM copied_contents ORDER BY media DESC") == [
        ("photos/0.jpg", 3, 1, 5),
        ("photos/5.jpg", 1, 0, 2),
    ]
    assert rows("SELECT submissions, copies, saved_bytes FROM savings_per_day") == [(8, 5, 5000)]
    assert rows("SELECT bitHammingDistance(phash64, 6) FROM decisions_once WHERE media_id = 'photos/7.jpg'") == [(1,)]


def test_every_question_has_an_answer_before_there_are_rows(clickhouse: Database) -> None:
    clickhouse.migrate()
    with clickhouse.client() as client:
        assert record_counts(client) == RecordCounts(0, 0, 0)
        assert savings(client) == Savings(0, 0, 0, 0)
        for question in (
            totals_by_outcome, copy_groups, near_duplicates_by_transformation, latency_by_hop, failures_by_reason,
            dead_letters_by_reason, recent_decisions, totals_by_confidence, matches_for_review, calls_saved,
        ):  # fmt: skip
            assert question(client) == ()
        assert copy_groups(client, for_review=True) == ()
        assert media_history(client, "photos/0.jpg") == ()
        assert current_verdicts(client, "default", "photos/0.jpg") == ()
        assert moderation_acts(client, "default", ("photos/0.jpg",)) == ()


def test_a_database_that_was_never_migrated_says_what_to_run(clickhouse: Database) -> None:
    with pytest.raises(AnalyticsError, match="mediasieve clickhouse migrate"), clickhouse.client():
        pass
