"""Runs the picture model on threads of its own: a few pictures at once, each for so long. No submission fails by it.

A run that takes too long is stopped, and its thread is left to end; another takes its place.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from streams import metrics
from streams.config.settings import Settings
from streams.domain.fingerprint.model_view import ModelView, ViewSize
from streams.domain.records import Embedding, MediaFacts
from streams.domain.records.embedding import make_embedding
from streams.models.picture_model import PictureModel, open_picture_model

logger = logging.getLogger(__name__)

MAX_LATE: Final = 8
"""Runs that were stopped and have not ended. With more, nothing is run until some have."""

MAX_WAITING_BYTES: Final = 32 << 20
"""Of pictures that wait for the model, and as many of videos: they are not in the worker's budget of bytes."""

MIN_PLACES: Final = 16
LOWEST_PRIORITY: Final = 19
WARN_INTERVAL_S: Final = 60.0


class Embedder:
    """Adds to facts what the model says; for one event loop.

    Args:
        settings: of the worker.
        model: loaded by `prepare`.
        background: the threads leave the cores to all others, where the system lets them.
    """

    def __init__(self, settings: Settings, model: PictureModel, *, background: bool = False) -> None:
        self._settings, self._model, self._background = settings, model, background
        self._thread_count = 1 if background else settings.picture_model.threads
        self._timeout_s = settings.picture_model.timeout_s
        self._slots = asyncio.Semaphore(self._thread_count)
        self._threads = self._new_threads()
        self._size: ViewSize | None = None
        self._picture_places = self._video_places = asyncio.Semaphore(MIN_PLACES)
        self._late = 0
        self._warned_at = -WARN_INTERVAL_S

    def in_background(self) -> Embedder:
        """An embedder for work that may wait, with the same model. Close it before this one."""
        return Embedder(self._settings, self._model, background=True)

    async def prepare(self) -> None:
        """Load the model, unless it is loaded.

        Raises:
            ConfigurationError: as `PictureModel.load`.
        """
        if self._size is not None:
            return
        size = await asyncio.to_thread(self._model.load)
        places = max(MIN_PLACES, MAX_WAITING_BYTES // size.size_bytes)
        if self._size is None:  # nobody else has done it meanwhile
            self._picture_places, self._video_places = asyncio.Semaphore(places), asyncio.Semaphore(places)
            self._size = size

    async def model_name(self) -> str:
        """The name that its embeddings have.

        Raises:
            ConfigurationError: as `PictureModel.name`.
        """
        return await asyncio.to_thread(self._model.name)

    @contextlib.asynccontextmanager
    async def view(self, *, of_video: bool) -> AsyncIterator[ModelView]:
        """Asks for what the model wants to see of one medium; waits while too many pictures wait for the model.

        Pictures never wait for videos, which take long to decode.

        Raises:
            ConfigurationError: as `PictureModel.load`.
        """
        await self.prepare()
        assert self._size is not None
        async with self._video_places if of_video else self._picture_places:
            yield ModelView(self._size)

    async def embed(self, facts: MediaFacts, view: ModelView) -> MediaFacts:
        """The facts of a medium with its embedding; without, if nothing was seen of it, or the model failed."""
        if not view.pixels:
            metrics.EMBEDDINGS.labels("nothing_seen").inc()
            return facts
        begun_at = time.perf_counter()
        try:
            found = await self._run(view)
        except TimeoutError:
            self._count_failure("timeout", f"it took longer than {self._timeout_s:g} s")
            return facts
        except Exception as error:  # onnxruntime has many of its own
            self._count_failure("failed", str(error))
            return facts
        metrics.EMBEDDINGS.labels("made").inc()
        metrics.EMBEDDING_SECONDS.observe(time.perf_counter() - begun_at)
        return facts.with_embedding(found)

    async def _run(self, view: ModelView) -> Embedding:
        """Raises TimeoutError, and what the model raises."""
        async with self._slots:
            if self._late > MAX_LATE:
                raise TimeoutError
            run, loop = self._model.begin(view.pixels), asyncio.get_running_loop()

            def embed() -> Embedding:
                return make_embedding(self._model.name(), view.at_ms, run())

            work = loop.run_in_executor(self._threads, embed)
            work.add_done_callback(_forget_error)
            done, _ = await asyncio.wait({work}, timeout=self._timeout_s)
            if not done:
                run.stop()
                self._late += 1
                work.add_done_callback(self._on_late_end)
                self._threads.shutdown(wait=False)
                self._threads = self._new_threads()
                raise TimeoutError
            return work.result()

    def _on_late_end(self, _: asyncio.Future[Embedding]) -> None:
        self._late -= 1

    def _count_failure(self, result: str, why: str) -> None:
        metrics.EMBEDDINGS.labels(result).inc()
        now = time.monotonic()
        if now - self._warned_at >= WARN_INTERVAL_S:
            self._warned_at = now
            logger.warning("a medium has no embedding: %s", why)

    def _new_threads(self) -> ThreadPoolExecutor:
        initializer = _leave_cores_to_others if self._background else None
        return ThreadPoolExecutor(self._thread_count, thread_name_prefix="picture-model", initializer=initializer)

    def close(self) -> None:
        """Start no further runs; those that run end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _forget_error(work: asyncio.Future[Embedding]) -> None:
    """Whoever waits gets the error; of a run that was stopped, or whose medium nobody wants any more, nobody does."""
    if not work.cancelled():
        work.exception()


def _leave_cores_to_others() -> None:
    """Called on a thread. On Linux, threads have a priority of their own."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWEST_PRIORITY)


@contextlib.asynccontextmanager
async def view_for(embedder: Embedder | None, *, of_video: bool) -> AsyncIterator[ModelView | None]:
    """As `Embedder.view`; None without an embedder."""
    if embedder is None:
        yield None
        return
    async with embedder.view(of_video=of_video) as view:
        yield view


def open_embedder(settings: Settings) -> Embedder | None:
    """The embedder of a worker; None without a picture model.

    Raises:
        ConfigurationError: as `PictureModel`.
    """
    metrics.begin_at_zero(metrics.EMBEDDINGS, ("made",), ("nothing_seen",), ("failed",), ("timeout",))
    model = open_picture_model(settings.picture_model)
    return None if model is None else Embedder(settings, model)
