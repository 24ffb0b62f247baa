"""Videos that people altered and encoded again are found: cropped, captioned, and set in a blurred fill."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from functools import cache
from typing import Any

import orjson
import pytest

from streams.domain.fingerprint.video.fingerprint import fingerprint_video
from streams.domain.match.batch import MatchInput
from streams.domain.policy.policy import Policy
from streams.domain.records import MediaFacts
from streams.errors import BadInput
from tests.reference.moderation import ModeratedTwin
from tests.support.films import film
from tests.support.partition import Partition
from tests.support.video_streams import submission
from tests.support.videos import ALTERATIONS

FILM = 4
RELATIONS = {
    "cropped_15": "copy",
    "clip_30_cropped_15": "clip_of",
    "clip_30_captioned": "clip_of",
    "filled_tall": "copy",
    "filled_wide": "copy",
}


@cache
def facts(name: str, number: int = FILM) -> MediaFacts:
    original = film(number, 20.0, size=(320, 180))
    path = ALTERATIONS[name].apply(original, seed=number) if name else original
    return fingerprint_video(path.read_bytes())


def decisions(*videos: MediaFacts) -> list[dict[str, Any]]:
    """Decides in one batch, then one at a time, and as the twin does: the same comes out."""
    records = [submission(video, number, number, Policy.of(), "shop") for number, video in enumerate(videos)]
    incoming = [MatchInput.of(record, number) for number, record in enumerate(records)]
    found = [orjson.loads(answer.value) for answer in Partition().decide(incoming)]
    single, twin = Partition(), ModeratedTwin()
    assert [orjson.loads(single.decide([each])[0].value) for each in incoming] == found
    for number, record in enumerate(records):
        twin.read(record.to_json(), number)
    assert list(twin.decisions.values()) == found
    return found


@pytest.mark.parametrize("name", RELATIONS)
def test_an_altered_video_joins_its_original(name: str) -> None:
    decision = decisions(facts("", 1), facts(""), facts(name))[2]

    assert decision["match"]["relation"] == RELATIONS[name]
    assert (decision["action"], decision["match"]["confidence"]) == ("reuse", "certain")
    assert decision["match"]["media_id"] == "v1"
    if RELATIONS[name] == "copy":  # of a short clip, no key frame may be one of the film's
        assert decision["match"]["score"] >= 490
        assert 0 <= decision["match"]["differs"] <= 0.4


@pytest.mark.parametrize("name", RELATIONS)
def test_an_altered_video_joins_no_other(name: str) -> None:
    assert decisions(*(facts("", number) for number in (0, 1, 2)), facts(name))[3]["match"] is None


def test_without_evidence_hashes_decide() -> None:
    decision = decisions(replace(facts(""), evidence=""), facts("h264_low"))[1]

    assert (decision["action"], decision["match"]["score"]) == ("reuse", None)


def test_evidence_is_added_when_a_video_is_seen_again_and_counts_from_then_on() -> None:
    old, again = replace(facts(""), evidence=""), facts("")
    found = decisions(old, facts("h264_low"), again, facts("hevc_mp4"))

    assert [each["match"] and each["match"]["score"] is not None for each in found] == [None, False, False, True]


def test_evidence_that_is_none_is_refused() -> None:
    broken = replace(facts(""), evidence=b64encode(b"K\x01short").decode())
    with pytest.raises(BadInput, match="evidence"):
        MatchInput.of(submission(broken, 0, 0, Policy.of(), "shop"), 0)
