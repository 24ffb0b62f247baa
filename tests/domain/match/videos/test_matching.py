"""Videos in batches with pictures, after crashes, under changing policies are decided as by the slow twin."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.hashes.algorithms import FRAMES_HASH
from streams.domain.hashes.frames import pack_frames, unpack_frames
from streams.domain.hashes.views import VIEW_CODES
from streams.domain.match.batch import MatchInput
from streams.domain.policy.policy import Policy
from streams.domain.state.keys import CONTENT_PREFIX, FRAMES_PREFIX
from streams.errors import BadInput, Reason, StateError
from tests.reference.moderation import ModeratedTwin
from tests.reference.twin import PENDING
from tests.support.partition import Partition
from tests.support.picture_streams import DAY_MS, batches, check_crash, values
from tests.support.synthetic_films import Cut, Film, VideoRecipe, media_facts
from tests.support.video_streams import INTRO, POLICIES, STILL, still_picture, stream, submission, video

LIMITS = (
    "streams.domain.match.videos.index.MAX_STORED_MEMBERS",
    "streams.domain.match.videos.index.MAX_CANDIDATES",
    "streams.domain.match.videos.kernel.MAX_GROUPS",
    "streams.domain.match.videos.kernel.MAX_MATCHES",
)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), length=st.integers(1, 30), limits=st.none() | st.tuples(*[st.integers(1, 4)] * 4))
def test_batches_are_decided_as_the_twin_decides_one_at_a_time(
    seed: int, length: int, limits: tuple[int, int, int, int] | None
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, limit in zip(LIMITS, limits or (), strict=limits is not None):
            patch.setattr(name, limit)
        assert_decided_as_by_the_twin(seed, length)


def assert_decided_as_by_the_twin(seed: int, length: int) -> None:
    incoming, twin, partition, single = stream(seed, length), ModeratedTwin(), Partition(), Partition()
    answers = [answer for batch in batches(incoming, random.Random(seed)) for answer in partition.decide(batch)]
    for each, answer in zip(incoming, answers, strict=True):
        twin.read(each.fingerprint.to_json(), each.time_ms)
        assert orjson.loads(answer.value) == twin.decisions[answer.decision_id]
    assert values(answer for each in incoming for answer in single.decide([each])) == values(answers)
    assert single == partition


def test_the_streams_of_these_tests_cover_all_relations() -> None:
    relations: dict[str, int] = {}
    shown, changes, explained = [], set(), set()
    for seed in range(8):
        for answer in Partition().decide(stream(seed, 40)):
            decision = orjson.loads(answer.value)
            match = decision["match"] or {"relation": decision["outcome"]}
            relations[match["relation"]] = relations.get(match["relation"], 0) + 1
            shown += [each["kind"] for each in decision["appears_in"]]
            changes.add(match.get("transformation"))
            explained.add(match.get("explanation"))
    assert relations.keys() == {"", "unique", "copy", "clip_of", "contains", "overlaps", "failed"}
    assert min(count for name, count in relations.items() if name != "failed") > 2, relations
    assert min(shown.count("image"), shown.count("video")) > 3
    assert changes >= {"mirrored", "turned_90", "none"}
    assert "The same bytes in all parts that were read." in explained


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), length=st.integers(1, 30), data=st.data())
def test_a_crash_at_any_point_contradicts_nothing(seed: int, length: int, data: st.DataObject) -> None:
    check_crash(stream(seed, length, DAY_MS // 24), random.Random(seed), data)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32), length=st.integers(1, 25))
def test_a_partition_rebuilt_from_its_state_decides_as_the_one_that_wrote_it(seed: int, length: int) -> None:
    incoming, partition = stream(seed, length), Partition()
    for batch in batches(incoming, random.Random(seed)):
        again = Partition(partition.items()).decide(batch)
        assert values(partition.decide(batch)) == values(again)


def decide(
    *recipes: VideoRecipe, partition: Partition | None = None, policy: Policy = POLICIES[0]
) -> list[dict[str, object]]:
    where = Partition() if partition is None else partition
    before = len(where)
    records = [
        submission(media_facts(each, f"{before} {number}"), number, before + number, policy, "shop")
        for number, each in enumerate(recipes)
    ]
    return [orjson.loads(a.value) for a in where.decide([MatchInput.of(record, before) for record in records])]


def relations(decisions: list[dict[str, object]]) -> list[str]:
    return [str(each["match"]["relation"]) if isinstance(each["match"], dict) else "" for each in decisions]


FILM, OTHER = Film("long"), Film("another")
WHOLE = VideoRecipe([Cut(FILM, 0, 40_000)])


def test_a_clip_is_located_in_the_video_it_was_cut_from() -> None:
    clip = VideoRecipe([Cut(FILM, 12_000, 15_000)], first_sample_ms=200, orientation=1, noise_bits=4)

    first, second = decide(WHOLE, clip)

    match = second["match"]
    assert isinstance(match, dict)
    assert (second["outcome"], second["action"], match["relation"]) == ("near_duplicate", "reuse", "clip_of")
    assert match["explanation"] == "00:00–00:15 is 00:12–00:27 of it, mirrored left to right: 15 of 15 s match."
    assert (match["share"], match["known_share"]) == (1.0, 0.375)
    assert (match["method"], match["media_id"], match["transformation"]) == ("frames", "v0", "mirrored")
    assert second["verdict"] == {**PENDING, "inherited_from": "v0"}
    assert match["group_content_id"] == first["content_id"]
    assert isinstance(second["facts"], dict)
    assert second["facts"]["hashes"] == {}


def test_a_compilation_goes_to_review_and_joins_no_group() -> None:
    compilation = VideoRecipe([Cut(OTHER, 0, 20_000), Cut(FILM, 0, 40_000), Cut(Film("third"), 0, 30_000)])
    third = VideoRecipe([Cut(Film("third"), 0, 30_000)])

    decisions = decide(WHOLE, compilation, third)

    assert relations(decisions) == ["", "contains", "clip_of"]
    whole, both, last = decisions
    assert (both["outcome"], both["action"]) == ("near_duplicate", "review")
    assert isinstance(both["match"], dict)
    assert isinstance(last["match"], dict)
    assert isinstance(both["verdict"], dict)
    assert both["verdict"]["inherited_from"] is None
    assert both["match"]["content_id"] == whole["content_id"]
    assert both["match"]["group_content_id"] == both["content_id"] == last["match"]["group_content_id"]


def test_an_overlap_is_reported_from_a_share_on() -> None:
    half = VideoRecipe([Cut(FILM, 20_000, 20_000), Cut(OTHER, 0, 18_000)])
    a_fifth = VideoRecipe([Cut(FILM, 32_000, 8_000), Cut(OTHER, 0, 32_000)])

    assert relations(decide(WHOLE, half)) == ["", "overlaps"]
    assert relations(decide(WHOLE, a_fifth)) == ["", ""]
    assert relations(decide(WHOLE, half, policy=Policy.of(video_overlap=1))) == ["", ""]


@pytest.mark.parametrize("body_ms", [6_000, 12_000, 30_000])
def test_a_shared_intro_and_end_card_make_no_copies(body_ms: int) -> None:
    card = Film("card", still=True)
    videos = [
        VideoRecipe([Cut(INTRO, 0, 4_000), Cut(Film(f"body {number}"), 0, body_ms), Cut(card, 0, 2_000)], seed=number)
        for number in range(12)
    ]
    again = [replace(each, first_sample_ms=90, noise_bits=4, seed=100 + number) for number, each in enumerate(videos)]

    decisions = decide(*videos, *again)

    assert set(relations(decisions)[2:12]) == {""}
    assert relations(decisions)[12:] == ["copy"] * 12
    for original, copy in zip(decisions[:12], decisions[12:], strict=True):
        assert isinstance(copy["match"], dict)
        assert copy["match"]["content_id"] == original["content_id"]


def test_frames_that_too_many_videos_have_prove_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    partition = Partition()
    monkeypatch.setattr("streams.domain.match.videos.kernel.MAX_GROUPS", 5)
    bodies = [VideoRecipe([Cut(INTRO, 0, 9_000), Cut(Film(f"body {n}"), 0, 20_000)], seed=n) for n in range(9)]
    decide(*bodies, partition=partition)

    (alone,) = decide(VideoRecipe([Cut(INTRO, 0, 9_000)], seed=99), partition=partition)
    (again,) = decide(replace(bodies[4], seed=98), partition=partition)

    assert alone["outcome"] == "unique"
    assert isinstance(again["match"], dict)
    assert again["match"]["relation"] == "copy"
    assert again["match"]["share"] > 0.95


def test_a_group_stores_the_frames_of_some_members_and_still_finds_every_copy() -> None:
    partition = Partition()
    copies = [replace(WHOLE, seed=seed, first_sample_ms=10 * seed) for seed in range(15)]

    decisions = decide(WHOLE, *copies, partition=partition)

    assert relations(decisions) == ["", *["copy"] * 15]
    assert sum(key.startswith(FRAMES_PREFIX) for key in partition) == 9
    assert sum(key.startswith(CONTENT_PREFIX) for key in partition) == 16
    assert len({each["match"]["group_content_id"] for each in decisions[1:] if isinstance(each["match"], dict)}) == 1


def test_a_still_video_matches_its_copy_and_no_other() -> None:
    still = VideoRecipe([Cut(STILL, 0, 9_000)])
    other = VideoRecipe([Cut(Film("else", scene_ms=60_000, still=True), 0, 9_000)])

    assert relations(decide(still, other, replace(still, noise_bits=4, first_sample_ms=300))) == ["", "", "copy"]


def test_a_video_under_a_logo_is_found_through_the_frames_that_it_changes_least() -> None:
    bare = media_facts(WHOLE, "bare")
    frames = unpack_frames(media_facts(replace(WHOLE, noise_bits=5), "logo").hashes[FRAMES_HASH]).copy()
    frames["hash64"][2 * frames["from_ms"].argmax() // 3 :] ^= np.uint64(0xFFFF)  # farther than any radius
    frames["hash64"][: frames["from_ms"].argmax() // 3] ^= np.uint64(0xFFFF)
    logo = replace(media_facts(WHOLE, "logo"), hashes={FRAMES_HASH: pack_frames(frames)})

    records = [submission(facts, n, n, POLICIES[0], "shop") for n, facts in enumerate((bare, logo))]
    _, answer = Partition().decide([MatchInput.of(record, 0) for record in records])

    match = orjson.loads(answer.value)["match"]
    assert (match["relation"], match["share"], match["known_share"]) == ("copy", 1.0, 1.0)
    assert match["candidate_distance_bits"] <= match["candidate_threshold_bits"]


def test_a_letterboxed_or_captioned_video_is_found() -> None:
    captioned = replace(WHOLE, film_view=VIEW_CODES["bottom_85"])
    _, second = decide(WHOLE, captioned)
    assert isinstance(second["match"], dict)
    assert (second["match"]["relation"], second["match"]["view"]) == ("copy", "bottom_85")
    assert second["match"]["transformation"] == "extended"
    assert relations(decide(WHOLE, captioned, policy=Policy.of(views="plain"))) == ["", ""]


def test_frames_are_written_before_their_content_and_the_content_before_the_decision() -> None:
    partition = Partition()
    decide(WHOLE, partition=partition)
    assert [key[:1] for key, _ in partition.log] == [b"f", b"k", b"g", b"m", b"s"]
    record = submission(media_facts(WHOLE, "0 0"), 0, 7, POLICIES[0], "shop")
    partition.log.clear()
    (again,) = partition.decide([MatchInput.of(record, 5)])
    assert orjson.loads(again.value)["outcome"] == "duplicate"
    assert [key[:1] for key, _ in partition.log] == [b"g", b"m", b"s"]


@pytest.mark.parametrize(
    ("change", "mentions"),
    [
        ({FRAMES_HASH: "00ff"}, "whole entries"),
        ({FRAMES_HASH: "zz" * 51}, "hexadecimal"),
        ({FRAMES_HASH: ("00" * 46 + "05" + "00" * 4)}, "not in order"),
        ({FRAMES_HASH: "00" * 43 + "00000005" * 2 + "00" * 51}, "not in order"),
        ({FRAMES_HASH: "".join(f"{'00' * 43}{at:08x}{at:08x}" for at in range(401))}, "more than 400"),
    ],
)
def test_invalid_frames_are_refused_before_anything_is_decided(change: dict[str, str], mentions: str) -> None:
    facts = replace(video(1), quality=0.9, hashes=change)
    with pytest.raises(BadInput, match=mentions) as refused:
        MatchInput.of(submission(facts, 0, 0, POLICIES[0], "shop"), 0)
    assert refused.value.reason == Reason.BAD_FIELD


def test_only_a_video_may_have_a_content_id_of_parts() -> None:
    facts = replace(still_picture(1), content_id=f"sha256-parts:{'0' * 64}")
    with pytest.raises(BadInput, match="only a video"):
        MatchInput.of(submission(facts, 0, 0, POLICIES[0], "shop"), 0)


def test_equal_digests_of_a_whole_file_and_of_parts_are_two_contents() -> None:
    whole = media_facts(WHOLE, "one")
    parts = replace(whole, content_id=whole.content_id.replace("sha256", "sha256-parts"))
    records = [submission(each, n, n, POLICIES[0], "shop") for n, each in enumerate((whole, parts, parts))]
    partition = Partition()
    answers = partition.decide([MatchInput.of(record, 0) for record in records])
    assert [orjson.loads(answer.value)["outcome"] for answer in answers] == ["unique", "near_duplicate", "duplicate"]
    assert values(Partition(partition.items()).decide([MatchInput.of(records[2], 9)])) == values(answers[2:])


def test_frames_of_a_later_layout_are_refused() -> None:
    partition = Partition()
    decide(WHOLE, partition=partition)
    changes = [(key, b"\x02" + value[1:] if key.startswith(b"f") else value) for key, value in partition.items()]
    with pytest.raises(StateError, match="layout 1"):
        Partition(changes)
