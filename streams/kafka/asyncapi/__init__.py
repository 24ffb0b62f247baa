"""The description of the topics as AsyncAPI 3.0, made from topics.yaml and the records."""

from streams.kafka.asyncapi.document import describe_topics

__all__ = ["describe_topics"]
