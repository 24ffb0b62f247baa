"""The whole description: servers, a channel a topic, what stages send and receive, messages and schemas."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

from streams.config.settings import Settings, load_settings
from streams.kafka.asyncapi.messages import MESSAGES, STEP
from streams.kafka.asyncapi.schemas import record_schemas
from streams.kafka.topics import OUTSIDE_ROLES, TopicSpec, consumer_group, load_topics, wire_name

BINDING: Final = {"bindingVersion": "0.5.0"}
LISTS: Final = frozenset({"cleanup.policy"})
ABOUT: Final = """
Recognise every copy in a stream of media, once. Publish submissions to `media.submissions`, read a decision for each
from `media.decisions`, and say what contents are on `media.verdicts`. Topics that only stages use are described, too.

New fields may be added to records: ignore those you do not know. Every decision comes at least once, and repeats have
the same bytes and the same `decision_id`.
"""


def describe_topics(settings: Settings | None = None) -> dict[str, Any]:
    """The description as an AsyncAPI 3.0 document.

    Args:
        settings: of a deployment, for its addresses and prefixes; None for those of topics.yaml.

    Raises:
        ConfigurationError: topics.yaml is not valid.
    """
    settings = settings or _neutral()
    specs = load_topics()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "mediasieve",
            "version": version("mediasieve"),
            "description": ABOUT.strip(),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": _servers(settings),
        "channels": {name: _channel(settings, spec) for name, spec in specs.items()},
        "operations": {
            operation: what
            for spec in specs.values()
            for operation, what in [*_receives(settings, spec), *_sends(spec)]
        },
        "components": {
            "messages": {
                message.name: message.document(spec.key) for name, spec in specs.items() for message in MESSAGES[name]
            },
            "schemas": {**record_schemas(), "Step": STEP},
            "securitySchemes": {
                "scram": {
                    "type": "scramSha512",
                    "description": "A user a role; `mediasieve topics acls` says their rights.",
                },
                "certificate": {"type": "X509", "description": "The certificate of a client names its role."},
            },
        },
    }


def _neutral() -> Settings:
    """Settings that the environment does not change."""
    return load_settings(broker="127.0.0.1:9092", topic_prefix="", group_prefix="mediasieve", replication=None)


def _servers(settings: Settings) -> dict[str, Any]:
    broker = {"host": "{broker}", "variables": {"broker": {"default": settings.kafka.bootstrap_servers}}}
    schemes = [{"$ref": f"#/components/securitySchemes/{name}"} for name in ("scram", "certificate")]
    return {
        "plain": {**broker, "protocol": "kafka", "description": "On one machine."},
        "secured": {**broker, "protocol": "kafka-secure", "description": "With TLS.", "security": schemes},
    }


def _channel(settings: Settings, spec: TopicSpec) -> dict[str, Any]:
    topic = wire_name(settings, spec.name)
    return {
        "address": topic,
        "description": spec.about,
        "messages": {
            message.name: {"$ref": f"#/components/messages/{message.name}"} for message in MESSAGES[spec.name]
        },
        "bindings": {
            "kafka": {
                "topic": topic,
                "partitions": spec.partitions,
                "replicas": settings.kafka.replication_factor or spec.replication,
                "topicConfiguration": {name: _option(name, value) for name, value in spec.config.items()},
                **BINDING,
            }
        },
    }


def _option(name: str, value: str) -> Any:
    if name in LISTS:
        return value.split(",")
    return int(value) if value.isdigit() else value


def _receives(settings: Settings, spec: TopicSpec) -> list[tuple[str, dict[str, Any]]]:
    return [
        (
            f"{stage}-receives-{spec.name}",
            {
                **_operation("receive", spec, f"The stage {stage} reads {spec.name}."),
                "bindings": {
                    "kafka": {"groupId": {"type": "string", "const": consumer_group(settings, stage)}, **BINDING}
                },
            },
        )
        for stage in spec.readers
        if stage not in OUTSIDE_ROLES
    ]


def _sends(spec: TopicSpec) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{stage}-sends-{spec.name}", _operation("send", spec, f"The stage {stage} writes {spec.name}."))
        for stage in spec.writers
        if stage not in OUTSIDE_ROLES
    ]


def _operation(action: str, spec: TopicSpec, summary: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{spec.name}"}, "summary": summary}
