"""topics.yaml, the one truth about topics, and the names of its topics on brokers."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.config.settings import load_settings
from streams.errors import ConfigurationError
from streams.kafka import topics
from streams.kafka.topics import CONTENTS_CHANGELOG, DECISIONS, FINGERPRINTS, SUBMISSIONS, load_topics, wire_name


def test_every_topic_that_code_names_is_declared() -> None:
    named = {value for name, value in vars(topics).items() if name.isupper() and isinstance(value, str)}

    assert named == load_topics().keys()


def test_every_topic_names_its_writers_and_readers() -> None:
    for spec in load_topics().values():
        assert spec.about
        assert spec.writers
        assert spec.readers
        assert spec.partitions > 0


def test_the_stages_are_a_chain() -> None:
    specs = load_topics()

    assert "fingerprint" in specs[SUBMISSIONS].readers
    assert "fingerprint" in specs[FINGERPRINTS].writers
    assert "match" in specs[FINGERPRINTS].readers
    assert "match" in specs[DECISIONS].writers
    assert "record" in specs[DECISIONS].readers


def test_the_changelog_and_the_topic_that_state_is_made_from_are_keyed() -> None:
    assert {name for name, spec in load_topics().items() if spec.keyed} == {FINGERPRINTS, CONTENTS_CHANGELOG}


def test_a_topic_has_the_prefix_of_its_deployment() -> None:
    settings = load_settings(topic_prefix="prod.")

    assert wire_name(settings, DECISIONS) == "prod.media.decisions"


def test_a_changelog_is_named_after_its_group() -> None:
    assert wire_name(load_settings(), CONTENTS_CHANGELOG) == CONTENTS_CHANGELOG
    assert (
        wire_name(load_settings(topic_prefix="prod.", group_prefix="sieve"), CONTENTS_CHANGELOG)
        == "prod.sieve-match-contents-changelog"
    )


@pytest.mark.parametrize(
    ("change", "mentions"),
    [
        (("partitions: 8\n    writers: [users, publish]", "writers: [users, publish]"), "partitions"),
        (("partitions: 8", "partitions: many"), "media.submissions"),
        (("value: Submission", "value: Decision"), "Submission"),
        (("media.decisions:", "media.answers:"), "media.decisions"),
    ],
)
def test_a_wrong_declaration_is_named(tmp_path: Path, change: tuple[str, str], mentions: str) -> None:
    text = topics.project_file("topics.yaml").read_text()
    assert change[0] in text
    path = tmp_path / "topics.yaml"
    path.write_text(text.replace(*change))

    with pytest.raises(ConfigurationError, match=mentions):
        load_topics(path)


def test_a_file_that_is_missing_from_an_installation_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"absent\.yaml is missing"):
        topics.project_file("absent.yaml")
