"""The files in deploy/ that people copy: they are valid, and read the answers that their comments show."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.config.settings import load_settings
from streams.domain.records import Label
from streams.moderation.http.mapping import read_mapping
from streams.moderation.http.plugin import HttpModerator
from streams.moderation.http.reading import read_answers
from streams.moderation.moderation_file import load_moderation_file
from streams.moderation.moderator import ModeratorAnswer, ModeratorFailure, PluginContext, Question
from streams.moderation.plugins import make_moderators
from streams.stages.moderate.callbacks import callbacks_of
from tests.support.stories import decision

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
URL = "https://example.com/cat.jpg"


def moderator(mapping: str, batch_size: int = 1) -> HttpModerator:
    read, rules = read_mapping(mapping, DEPLOY / "moderators")
    callbacks = callbacks_of(load_settings(callback_url="https://media.example.com", callback_secret="s" * 32))
    context = PluginContext("safety", {}, "url", DEPLOY, batch_size, 1.0, 1_000_000, "1", callbacks)
    return HttpModerator("https://moderation.example.com/v1", read, rules, ["k"], context)


EXAMPLES: dict[str, tuple[Any, ModeratorAnswer]] = {
    "category-scores.yaml": (
        {"model": "m-1", "results": [{"category_scores": {"violence": 0.91, "sexual": 0.01}}]},
        ModeratorAnswer(
            "blocked", [Label("violence", None, 0.91), Label("sexual", None, 0.01)], "violence 0.91", "m-1"
        ),
    ),
    "labels-with-parents.yaml": (
        {"ModerationLabels": [{"Name": "Weapons", "ParentName": "Violence", "Confidence": 97.5}]},
        ModeratorAnswer("review", [Label("Weapons", "Violence", 0.975)], "Weapons 0.97", None),
    ),
    "nested-scores.yaml": (
        {"status": "success", "nudity": {"sexual": 0.01}, "weapon": {"firearm": 0.93}},
        ModeratorAnswer(
            "review", [Label("sexual", "nudity", 0.01), Label("firearm", "weapon", 0.93)], "firearm 0.93", None
        ),
    ),
    "job.yaml": (
        {"state": "done", "decision": "reject", "why": "weapon"},
        ModeratorAnswer("blocked", [], "weapon", None),
    ),
    "callback.yaml": (
        {"outcome": "rejected", "note": "weapon"},
        ModeratorAnswer("blocked", [], "weapon", None),
    ),
    "hashes.yaml": (
        {"matches": ["known-abuse"]},
        ModeratorAnswer("blocked", [Label("known-abuse")], "known-abuse", None),
    ),
}


def test_every_example_is_tried() -> None:
    assert {path.name for path in (DEPLOY / "moderators").iterdir()} == {*EXAMPLES, "likelihoods.yaml"}


@pytest.mark.parametrize(("mapping", "response", "wanted"), [(name, *case) for name, case in EXAMPLES.items()])
def test_a_mapping_reads_the_answer_that_it_shows(mapping: str, response: Any, wanted: ModeratorAnswer) -> None:
    made = moderator(mapping)
    (answer,) = read_answers(response, made._mapping.response, made._rules, [Question(decision(1))])
    assert answer == wanted


def test_a_batch_has_an_answer_for_every_item_and_words_are_scores() -> None:
    made = moderator("likelihoods.yaml", 16)
    questions = [Question(decision(1), url=URL), Question(decision(2), data=b"x")]
    request = made._request(questions, {"key": "k"})
    assert [item["image"] for item in request.json["requests"]] == [{"source": {"imageUri": URL}}, {"source": {}, "content": "eA=="}]  # fmt: skip  # noqa: E501
    response = {"responses": [{"safeSearchAnnotation": {"adult": "VERY_LIKELY"}}, {"error": {"code": 7}}]}
    good, bad = read_answers(response, made._mapping.response, made._rules, questions)
    assert good == ModeratorAnswer("blocked", [Label("adult", None, 1.0)], "adult 1.00", None)
    assert isinstance(bad, ModeratorFailure)


def test_a_query_and_its_key_are_sent_in_their_places() -> None:
    request = moderator("nested-scores.yaml")._request([Question(decision(1), url=URL + "?a=1&b=2")], {"key": "k"})
    assert request.method == "GET"
    assert request.url.endswith("/v1?url=https://example.com/cat.jpg?a%3D1%26b%3D2&models=nudity,weapon")
    assert request.headers == {"Authorization": "Bearer k"}
    assert "Bearer" not in repr(request)


def test_the_moderation_file_is_valid(tmp_path: Path) -> None:
    shutil.copytree(DEPLOY / "moderators", tmp_path / "moderators")
    path = tmp_path / "moderation.yaml"
    path.write_text((DEPLOY / "moderation.example.yaml").read_text())
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "safety-key").write_text("k\n")
    file = load_moderation_file(path)
    assert make_moderators(file, 1_000_000).keys() == {"icons", "safety"}
    assert (file.of("shop"), file.of("avatars-1"), file.of("other")) == (("icons", "safety"), ("safety",), ())
    named = yaml.safe_load(path.read_text())["moderators"]["safety"]
    # What stands there are the defaults, but for what has none.
    part, default = file.moderators["safety"], type(file.moderators["safety"])(plugin="http")
    for name in named.keys() - {"plugin", "version", "send", "price", "limits", "options"}:
        assert getattr(part, name) == getattr(default, name), name
