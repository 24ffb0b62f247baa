"""Topics: the content of topics.yaml, and the one place that binds a topic to the type of its values.

topic_admin.py compares them with a broker and changes the broker.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from streams.domain.records import Decision, Fingerprint, Job, ModerationEvent, Submission
from streams.domain.records.dead_letter import DeadLetterAct
from streams.errors import ConfigurationError

if TYPE_CHECKING:
    from streams.config.settings import Settings

SUBMISSIONS = "media.submissions"
BULK_SUBMISSIONS = "media.submissions.bulk"
VERDICTS = "media.verdicts"
FINGERPRINTS = "media.fingerprints"
DECISIONS = "media.decisions"
JOBS = "media.jobs"
CALLBACKS = "media.moderator.callbacks"
DEAD_LETTERS = "media.deadletters"
DEAD_LETTER_ACTS = "media.deadletters.acts"
CONTENTS_CHANGELOG = "mediasieve-match-contents-changelog"

#: Roles of topics.yaml that are not stages of mediasieve: the programs on the other side.
OUTSIDE_ROLES = frozenset({"users", "publish"})

#: The types of topics' values. Other topics carry bytes as they came.
VALUE_TYPES: dict[str, type] = {
    SUBMISSIONS: Submission,
    BULK_SUBMISSIONS: Submission,
    VERDICTS: ModerationEvent,
    FINGERPRINTS: Fingerprint,
    DECISIONS: Decision,
    DEAD_LETTER_ACTS: DeadLetterAct,
    JOBS: Job,
}


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic as topics.yaml declares it; `name` is without the prefix of the deployment."""

    name: str
    about: str
    key: str
    value: str
    partitions: int
    replication: int
    keyed: bool
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    config: dict[str, str] = field(default_factory=dict)


def wire_name(settings: Settings, topic: str) -> str:
    """The name that a topic of topics.yaml has on the broker of this deployment.

    The deployment's prefix comes first. A changelog is named after the consumer group that owns it, so the group prefix
    replaces `mediasieve` in its name.
    """
    if topic.endswith("-changelog"):
        topic = settings.kafka.group_prefix + topic.removeprefix("mediasieve")
    return settings.kafka.topic_prefix + topic


def plain_name(settings: Settings, name_on_wire: str) -> str:
    """The name that a topic of the broker has in topics.yaml: without the deployment's prefix."""
    return name_on_wire.removeprefix(settings.kafka.topic_prefix)


def consumer_group(settings: Settings, stage: str) -> str:
    """The group in which all workers of a stage share its partitions."""
    return f"{settings.kafka.topic_prefix}{settings.kafka.group_prefix}-{stage}"


def reader_group(settings: Settings, topic: str) -> str:
    """The group of a reader that joins none and commits nothing: Kafka asks for its name and for the right to it."""
    return f"{settings.kafka.group_prefix}-{topic.removeprefix('media.')}-reader"


def group_member(settings: Settings, stage: str) -> str:
    """The name (`group.instance.id`) with which a worker keeps its partitions across a restart."""
    return f"{consumer_group(settings, stage)}-{settings.runtime.worker_id}"


def project_file(name: str) -> Path:
    """A file at the top of the repository, or its copy in an installed package.

    Raises:
        ConfigurationError: the installation lacks the file.
    """
    here = Path(__file__).resolve().parents[1]
    bundled = here / "_bundled" / name.removeprefix("deploy/")
    for path in (here.parent / name, bundled):
        if path.exists():
            return path
    raise ConfigurationError(f"{name} is missing from this installation; install mediasieve again.")


@cache
def load_topics(path: Path | None = None) -> dict[str, TopicSpec]:
    """Read topics.yaml.

    Raises:
        ConfigurationError: the file is missing, or a topic in it is not valid.
    """
    path = path or project_file("topics.yaml")
    document: dict[str, Any] = yaml.safe_load(path.read_text())
    defaults = document.get("defaults", {})
    specs: dict[str, TopicSpec] = {}
    for name, entry in document["topics"].items():
        try:
            specs[name] = TopicSpec(
                name=name,
                about=entry["about"],
                key=entry["key"],
                value=entry["value"],
                partitions=int(entry["partitions"]),
                replication=int(entry.get("replication", defaults.get("replication", 1))),
                keyed=bool(entry.get("keyed", False)),
                writers=tuple(entry["writers"]),
                readers=tuple(entry["readers"]),
                config={k: str(v) for k, v in {**defaults.get("config", {}), **entry.get("config", {})}.items()},
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigurationError(f"{path}: topic {name}: {error!r}") from error
    for name, value_type in VALUE_TYPES.items():
        if name not in specs or specs[name].value != value_type.__name__:
            raise ConfigurationError(f"{path}: topic {name} must exist with value {value_type.__name__}.")
    return specs
