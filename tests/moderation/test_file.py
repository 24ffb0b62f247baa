"""The moderation file: mistakes are named with their line, and what stands in it reaches the moderators."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from streams.moderation.moderation_file import ModerationFileError, load_moderation_file
from streams.moderation.moderator import Question
from streams.moderation.plugins import make_moderators
from tests.support.moderators import write_moderation_file
from tests.support.stories import decision

RULES = (
    "moderators:\n  a:\n    plugin: rules\n    options:\n      rules:\n        - {when: {kind: image}, status: %s}\n"
)
HTTP = "moderators:\n  a:\n    plugin: http\n    options:\n      url: %s\n      mapping:\n        request: {json: {u: '${%s}'}}\n        response: {status: s, statuses: {ok: allowed}}\n"  # noqa: E501
COLLECTIONS = "collections: {x: a}\n"


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("", 0, "is empty"),
        ("moderators: {}\n", 1, "collections: Field required"),
        ("- a\n", 1, "the file: Input should be a valid dictionary"),
        (RULES % "allowed" + "collections:\n  x: b\n", 8, "there is no moderator 'b'; choose one of a"),
        (RULES % "fine" + COLLECTIONS, 6, "options.rules.0.status: must be one of allowed, review, blocked"),
        (
            "moderators:\n  a:\n    plugin: rulez\n" + COLLECTIONS,
            3,
            "no plug-in is called 'rulez'; did you mean rules?",
        ),
        ("moderators:\n  a:\n    plugin: rules\n    timeout: 3\n" + COLLECTIONS, 4, "did you mean timeout_s?"),
        ("moderators:\n  a:\n    plugin: http\n    price: {amount: -1}\n" + COLLECTIONS, 4, "greater than or equal"),
        (
            "moderators:\n  a:\n    plugin: http\n    retry:\n      tries: 3\n" + COLLECTIONS,
            5,
            "there is no such setting",
        ),
        (HTTP % ("ftp://a", "url") + COLLECTIONS, 5, "must be an http or https URL"),
        (HTTP % ("http://u:p@a", "url") + COLLECTIONS, 5, "without a user name"),
        (HTTP % ("http://a", "uri") + COLLECTIONS, 7, r"there is no ${uri}; there are bytes_base64"),
        (RULES % "allowed" + "collections: {x: a, x: a}\n", 7, "'x' appears twice"),
        ("a: &b 1\nc: *b\n", 2, "an alias (*name) is not allowed"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, line: int, problem: str) -> None:
    path = tmp_path / "moderation.yaml"
    path.write_text(text)
    with pytest.raises(ModerationFileError) as error:
        make_moderators(load_moderation_file(path), 1000)
    (first, *_) = error.value.lines
    assert first.startswith(f"{path}:{line}:" if line else f"{path}: ")
    assert problem in first


def test_a_missing_key_file_is_named_and_a_key_never_shown(tmp_path: Path) -> None:
    path = write_moderation_file(tmp_path, "http://127.0.0.1:9/check")
    (tmp_path / "key.txt").write_text("one\x07two\n")
    with pytest.raises(ModerationFileError, match="must have the key in its first line") as error:
        make_moderators(load_moderation_file(path), 1000)
    assert "two" not in str(error.value)
    (tmp_path / "key.txt").unlink()
    with pytest.raises(ModerationFileError, match="cannot be read: No such file"):
        make_moderators(load_moderation_file(path), 1000)


PLUGIN = """
from streams.moderation.moderator import ModeratorAnswer, Moderator

class Always(Moderator):
    def __init__(self, status):
        self._status = status

    async def ask(self, questions, key):
        return [ModeratorAnswer(self._status) for _ in questions]

def make(context):
    return Always(context.options["status"])
"""


async def test_an_installed_package_can_bring_a_plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    info = site / "acme_moderator-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "acme_moderator.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-moderator\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[mediasieve.moderators]\nacme = acme_moderator:make\n")
    monkeypatch.syspath_prepend(str(site))
    path = tmp_path / "moderation.yaml"
    path.write_text("moderators: {a: {plugin: acme, options: {status: review}}}\ncollections: {x: a}\n")
    made = make_moderators(load_moderation_file(path), 1000)["a"]
    (answer,) = await made.ask([Question(decision(1))], 0)
    assert getattr(answer, "status", None) == "review"
    sys.modules.pop("acme_moderator", None)
