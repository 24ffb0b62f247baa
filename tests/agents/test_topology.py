"""What the agents declare, topics.yaml says, and the other way round."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import agents
from agents.app import run_worker, stage_of
from streams.config.settings import load_settings
from streams.errors import ConfigurationError
from streams.kafka.topics import load_topics
from streams.runtime.stage import Stage
from streams.stages import STAGE_NAMES


def topics_read(stage: Stage) -> tuple[str, ...]:
    return stage.reads + stage.changelogs + stage.looks_up


@pytest.fixture
async def stages(tmp_path: Path) -> AsyncIterator[dict[str, Stage]]:
    declared = {name: stage_of(name, load_settings(data_dir=tmp_path)) for name in STAGE_NAMES}
    yield declared
    for stage in declared.values():
        await stage.close()


def test_every_agent_has_a_stage_and_every_stage_an_agent() -> None:
    folder = Path(agents.__file__).parent

    assert sorted(STAGE_NAMES) == sorted(
        path.stem for path in folder.glob("*.py") if path.stem not in ("__init__", "app")
    )


async def test_every_stage_has_the_name_of_its_file(stages: dict[str, Stage]) -> None:
    assert {name: stage.name for name, stage in stages.items()} == {name: name for name in STAGE_NAMES}


async def test_topics_yaml_names_as_readers_the_stages_that_read(stages: dict[str, Stage]) -> None:
    said = {topic: {*spec.readers} & {*STAGE_NAMES} for topic, spec in load_topics().items()}
    declared = {topic: {name for name, stage in stages.items() if topic in topics_read(stage)} for topic in said}

    assert declared == said
    assert {topic for stage in stages.values() for topic in topics_read(stage)} <= said.keys()


async def test_topics_yaml_names_as_writers_the_stages_that_write(stages: dict[str, Stage]) -> None:
    said = {topic: {*spec.writers} & {*STAGE_NAMES} for topic, spec in load_topics().items()}
    declared = {
        topic: {name for name, stage in stages.items() if topic in stage.writes + stage.changelogs} for topic in said
    }

    assert declared == said
    assert {topic for stage in stages.values() for topic in stage.writes + stage.changelogs} <= said.keys()


async def test_an_agent_fits_on_a_page() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in Path(agents.__file__).parent.glob("*.py")}

    assert {name: length for name, length in lengths.items() if length > 50} == {}


@pytest.mark.parametrize("names", [(), ("fingerprint", "nonsense")])
def test_a_stage_that_does_not_exist_is_a_configuration_error(names: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match="there are fingerprint, bulk, match, moderate, record"):
        run_worker(load_settings(), names)
