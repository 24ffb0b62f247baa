"""Policies follow their file while a worker runs: a change takes effect at once and whole, or not at all."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams import metrics
from streams.config.live_policies import LivePolicies
from streams.config.policy_file import PolicyFileError
from streams.domain.policy.policy import DEFAULT_POLICY, Policy
from tests.support.patience import PATIENCE_S

NEVER_S = 3600.0
FAST = Policy.of(name="fast", near=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "policies.yaml"
    found.write_text("policies:\n  fast: {near: false}\ncollections:\n  shop: fast\n")
    return found


@pytest.fixture
def live(path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[LivePolicies]:
    """Policies that look at their file only when a test calls `look`."""
    caplog.set_level(logging.INFO, "streams.config.live_policies")
    found = LivePolicies(path, look_s=NEVER_S)
    yield found
    found.close()


def reads(result: str) -> float:
    return metrics.REGISTRY.get_sample_value("mediasieve_policy_reads_total", {"result": result}) or 0.0


def messages(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == level]


def test_a_changed_file_takes_effect_once_it_stays_the_same(
    path: Path, live: LivePolicies, caplog: pytest.LogCaptureFixture
) -> None:
    before = reads("taken")
    path.write_text("policies:\n  default: {views: deep}\n  fast: {near: false}\ncollections:\n  shop: fast\n")

    live.look()
    assert live.of("wiki") == DEFAULT_POLICY
    live.look()
    live.look()

    assert live.of("wiki") == Policy.of(views="deep")
    assert live.of("shop") == FAST
    assert reads("taken") == before + 1
    assert [
        line for line in messages(caplog, logging.INFO) if "has changed" in line and live.of("wiki").version in line
    ]
    assert not messages(caplog, logging.WARNING)


def test_a_file_that_is_being_written_is_not_read(path: Path, live: LivePolicies) -> None:
    before = reads("taken") + reads("refused")
    with path.open("w") as file:
        for line in ("policies:\n", "  default: {views: deep}\n", "  fast: {near:", " true}\n"):
            file.write(line)
            file.flush()
            live.look()

    assert (reads("taken") + reads("refused"), live.of("shop")) == (before, FAST)
    live.look()
    assert (reads("taken") + reads("refused"), live.of("shop")) == (before + 1, Policy.of(views="deep"))


@pytest.mark.parametrize("broken", ["policies:\n  fast: {near: 3}\n", "", None])
def test_a_broken_file_changes_nothing_and_is_logged_once(
    path: Path, live: LivePolicies, caplog: pytest.LogCaptureFixture, broken: str | None
) -> None:
    before = reads("refused")
    if broken is None:
        path.unlink()
    else:
        path.write_text(broken)

    for _ in range(5):
        live.look()

    assert live.of("shop") == FAST
    assert reads("refused") == before + 1
    (error,) = messages(caplog, logging.ERROR)
    assert str(path) in error
    assert FAST.version in error

    path.write_text("policies: {}")
    live.look()
    live.look()
    assert live.of("shop") == DEFAULT_POLICY


def test_a_replaced_file_is_read(path: Path, live: LivePolicies) -> None:
    """Editors, `mv` and Kubernetes replace files so; the new file may have the same size and time."""
    text = path.read_text().replace("shop", "wiki")
    other = path.with_suffix(".new")
    other.write_text(text)
    other.replace(path)
    live.look()
    live.look()

    assert (live.of("shop"), live.of("wiki")) == (DEFAULT_POLICY, FAST)


def test_collections_that_move_to_other_partitions_are_logged(
    path: Path, live: LivePolicies, caplog: pytest.LogCaptureFixture
) -> None:
    for collection in ("tenant-1", "wiki"):
        live.of(collection)
    path.write_text(
        "policies:\n  fast: {near: false}\ncollections:\n  tenant-1: fast\n  'a-*': fast\n  kept: default\n"
    )
    live.look()
    live.look()

    (warning,) = messages(caplog, logging.WARNING)
    assert warning.startswith("a-*, shop, tenant-1 moved into or out of near matching")

    live.of("wiki")
    path.write_text("policies:\n  default: {near: false}\n")
    live.look()
    live.look()
    assert messages(caplog, logging.WARNING)[1].startswith("every other collection, kept, wiki moved")


def test_its_thread_looks_until_it_is_closed(path: Path) -> None:
    live = LivePolicies(path, look_s=0.01)
    try:
        path.write_text("policies: {}")
        deadline = time.monotonic() + PATIENCE_S
        while live.of("shop") != DEFAULT_POLICY and time.monotonic() < deadline:
            time.sleep(0.01)
        assert live.of("shop") == DEFAULT_POLICY
    finally:
        live.close()


def test_a_missing_file_at_the_start_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileError, match="cannot be read"):
        LivePolicies(tmp_path / "absent.yaml")


def test_without_a_file_every_collection_has_the_default() -> None:
    assert LivePolicies(None).of("shop") == DEFAULT_POLICY
