"""The picture model in the fingerprint stage: from the decode that happens, and a submission never fails by it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from streams import metrics
from streams.domain.fingerprint.image.fingerprint import compute_content_id, fingerprint_image
from streams.domain.fingerprint.model_view import ModelView, ViewSize
from streams.domain.fingerprint.thumbnails.maker import ThumbnailMaker
from streams.domain.fingerprint.video.fingerprint import fingerprint_video
from streams.domain.policy.policy import DEFAULT_POLICY
from streams.domain.records import MediaFacts
from streams.errors import ConfigurationError
from streams.stages.fingerprint import embedder
from streams.stages.fingerprint.decoders.messages import facts_reply, read_reply
from streams.stages.fingerprint.fingerprinter import Fingerprinter
from tests.support import films
from tests.support.fetchers import settings, submission
from tests.support.media import animation, encode, jpeg, noise, photo
from tests.support.onnx_models import SIDE, dividing_model, endless_model, flat_model, projection
from tests.support.web_servers import wait_until

pytest.importorskip("onnxruntime")

SIZE = ViewSize(SIDE, SIDE)
PHOTO = jpeg(size=(400, 300))
PLAIN = {"picture_model_scale": 1.0, "picture_model_mean": "0,0,0", "picture_model_std": "1,1,1"}
BLACK, WHITE = (encode(Image.new("RGB", (64, 64), colour), "PNG") for colour in ("black", "white"))


@asynccontextmanager
async def fingerprinter(folder: Path, model: Path, **changed: Any) -> AsyncIterator[Fingerprinter]:
    chosen = {"file_roots": "/", "decoders": "threads", **PLAIN, **changed}
    made = Fingerprinter(settings(data_dir=folder, picture_model=str(model), **chosen))
    try:
        await made.prepare()
        yield made
    finally:
        await made.close()


async def facts_of(made: Fingerprinter, body: bytes | None = None, url: str | None = None, **more: Any) -> MediaFacts:
    return (await made.fingerprint(submission(url, body), DEFAULT_POLICY, **more)).facts


def expected(view: ModelView) -> Any:
    """The unit vector of `flat_model` for what it sees."""
    pixels = np.frombuffer(view.pixels, np.uint8).reshape(SIDE, SIDE, 3).transpose(2, 0, 1)
    vector = pixels.reshape(-1).astype(np.float64) @ projection()
    return vector / np.linalg.norm(vector)


def view_of(data: bytes, fingerprint: Any = fingerprint_image) -> ModelView:
    maker, view = ThumbnailMaker(), ModelView(SIZE)
    fingerprint(data, thumbnails=maker)
    maker.show(view)
    return view


def counted(result: str) -> float:
    return float(metrics.EMBEDDINGS.labels(result)._value.get())


@pytest.mark.parametrize("decoders", ["threads", "processes"])
async def test_pictures_animations_and_videos_have_the_vector_of_what_is_decoded(tmp_path: Path, decoders: str) -> None:
    film = films.film(3, 12.0, size=(320, 180), options={"crf": "12"})
    model = flat_model(tmp_path)
    async with fingerprinter(tmp_path, model, decoders=decoders) as made:
        name = await made.model_name()
        seen = [(await facts_of(made, PHOTO), view_of(PHOTO))]
        moving = await facts_of(made, animation("GIF", frames=4))
        whole = view_of(film.read_bytes(), fingerprint_video)
        seen += [(await facts_of(made, film.read_bytes()), whole), (await facts_of(made, url=film.as_uri()), whole)]
        again = await facts_of(made, PHOTO, content_id=compute_content_id(PHOTO))
    for facts, view in seen:
        assert facts.embedding is not None
        assert (facts.embedding.model, facts.embedding.at_ms) == (name, view.at_ms)
        assert facts.embedding.values() == pytest.approx(expected(view), abs=2e-3)
    assert moving.kind == "video" and moving.embedding is not None
    assert again.embedding == seen[0][0].embedding
    assert seen[1][0].kind == seen[2][0].kind == "video"


async def test_all_other_facts_are_those_without_a_model(tmp_path: Path) -> None:
    async with fingerprinter(tmp_path, flat_model(tmp_path)) as made:
        with_model = await facts_of(made, PHOTO)
        without = await facts_of(made, PHOTO, embed=False)
        known = await facts_of(made, PHOTO)
    assert with_model.embedding is not None and without.embedding is None
    assert known == with_model == without.with_embedding(with_model.embedding)
    assert without == fingerprint_image(PHOTO)


async def test_a_picture_on_which_the_model_fails_has_all_other_facts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = counted("failed"), counted("made")
    with caplog.at_level(logging.WARNING):
        async with fingerprinter(tmp_path, dividing_model(tmp_path)) as made:
            black, photo_facts = await facts_of(made, BLACK), await facts_of(made, PHOTO)
    assert black == fingerprint_image(BLACK) and photo_facts.embedding is not None
    assert (counted("failed"), counted("made")) == (before[0] + 1, before[1] + 1)
    assert "a medium has no embedding: the vector has no length" in caplog.text


async def test_a_model_that_does_not_end_is_stopped_and_goes_on_with_the_next_picture(tmp_path: Path) -> None:
    before = counted("timeout")
    grey = encode(noise((64, 64)).point(lambda level: level // 2), "PNG")
    async with fingerprinter(tmp_path, endless_model(tmp_path), picture_model_timeout_s=0.2) as made:
        assert (await facts_of(made, WHITE)).embedding is None
        assert counted("timeout") == before + 1
        assert made._embedder is not None
        made._embedder._timeout_s = 60.0
        assert (await facts_of(made, grey)).embedding is not None
        await wait_until(lambda: not made._embedder._late)  # type: ignore[union-attr]


async def test_a_submission_whose_fetch_was_given_up_leaves_the_model_usable(tmp_path: Path) -> None:
    async with fingerprinter(tmp_path, flat_model(tmp_path)) as made:
        given_up = [asyncio.create_task(facts_of(made, jpeg(size=(200 + n, 150)))) for n in range(8)]
        await asyncio.sleep(0.02)
        for task in given_up:
            task.cancel()
        await asyncio.gather(*given_up, return_exceptions=True)
        assert (await facts_of(made, PHOTO)).embedding is not None


async def test_pictures_wait_while_many_wait_for_the_model_but_never_for_videos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedder, "MIN_PLACES", 1)
    monkeypatch.setattr(embedder, "MAX_WAITING_BYTES", 0)
    async with fingerprinter(tmp_path, flat_model(tmp_path)) as made:
        assert made._embedder is not None
        async with made._embedder.view(of_video=True):
            picture = asyncio.create_task(facts_of(made, PHOTO))
            assert (await picture).embedding is not None
            film = asyncio.create_task(facts_of(made, animation("GIF", frames=4)))
            await asyncio.sleep(0.1)
            assert not film.done()
        assert (await film).embedding is not None


async def test_bulk_work_has_the_same_model_on_a_thread_of_its_own(tmp_path: Path) -> None:
    async with fingerprinter(tmp_path, flat_model(tmp_path)) as made:
        bulk = Fingerprinter(made._embedder._settings, made)  # type: ignore[union-attr]
        try:
            assert (await facts_of(bulk, PHOTO)).embedding == (await facts_of(made, PHOTO)).embedding
        finally:
            await bulk.close()
        assert (await facts_of(made, jpeg(size=(300, 300)))).embedding is not None


async def test_a_worker_whose_model_cannot_be_used_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="MEDIASIEVE_PICTURE_MODEL: there is no file"):
        Fingerprinter(settings(data_dir=tmp_path, picture_model=str(tmp_path / "absent.onnx")))
    (tmp_path / "text.onnx").write_text("text")
    made = Fingerprinter(settings(data_dir=tmp_path, decoders="threads", picture_model=str(tmp_path / "text.onnx")))
    with pytest.raises(ConfigurationError, match=r"MEDIASIEVE_PICTURE_MODEL: text\.onnx"):
        await made.prepare()
    await made.close()


async def test_without_a_model_nothing_is_asked(tmp_path: Path) -> None:
    made = Fingerprinter(settings(data_dir=tmp_path, decoders="threads"))
    facts = await facts_of(made, PHOTO)
    assert facts.embedding is None and await made.model_name() is None
    await made.close()


def test_a_decoder_that_was_taken_over_says_nothing_for_the_model() -> None:
    shown = encode(photo(size=(64, 64)), "PNG")
    facts, view = fingerprint_image(shown), ModelView(SIZE)
    forged = facts_reply(facts, ModelView(SIZE, b"too short", 0))
    assert read_reply(forged, view) == facts and view.pixels == b""
    told = facts_reply(facts).replace(b'"truncated":false', b'"truncated":false,"embedding":{"model":"m"}')
    assert b'"embedding"' in told
    assert read_reply(told, view) == facts
