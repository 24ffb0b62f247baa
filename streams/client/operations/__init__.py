"""What the API does, a file a subject. Every method is written once, and both clients have it."""

from streams.client.operations.dead_letters import DeadLetterOperations
from streams.client.operations.jobs import JobOperations
from streams.client.operations.lists import ListOperations
from streams.client.operations.media import MediaOperations
from streams.client.operations.moderation import ModerationOperations
from streams.client.operations.search import SearchOperations


class Operations(
    MediaOperations,
    SearchOperations,
    ModerationOperations,
    ListOperations,
    DeadLetterOperations,
    JobOperations,
):
    """All operations. Answers are the JSON of the description, as dicts, where no other type is named."""
