"""The questions that the API asks most, on decision_rows.py, with what each may cost."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.copy_groups import copy_groups
from streams.analytics.queries.figures.confidence import totals_by_confidence
from streams.analytics.queries.figures.failures import failures_by_reason
from streams.analytics.queries.figures.latency import latency_by_hop
from streams.analytics.queries.figures.near_duplicates import near_duplicates_by_transformation
from streams.analytics.queries.figures.totals import savings, totals_by_outcome
from streams.analytics.queries.moderation.review_queue import QueueFilter
from streams.analytics.queries.moderation.saved_calls import saved_calls
from streams.analytics.queries.moderation.verdicts import calls_saved, content_of_medium, current_verdicts
from streams.analytics.queries.stored import (
    DecisionFilter,
    Keyset,
    decision_page,
    decisions_of_group,
    export_page,
    latest_decision,
    medium_decisions,
)
from streams.analytics.queries.stored.contents import candidates, content_uses, decisions_of_contents
from streams.analytics.queries.stored.lists import LAST_ID
from streams.analytics.queries.stored.texts import decisions_with_words
from streams.services.views.group_view import view_group
from streams.services.views.media_view import view_medium
from streams.services.views.review_queue import read_queue
from tests.support.decision_rows import COLLECTION

ALL: Final = DecisionFilter(COLLECTION)


class CountingClient:
    """Counts the rows that the statements of a client read, as ClickHouse says in its answers."""

    def __init__(self, client: Client) -> None:
        self.client, self.rows_read, self.statements = client, 0, 0
        backend: Any = client._backend  # type: ignore[attr-defined]
        send = backend.request

        def counted(*args: Any, **named: Any) -> Any:
            answer = send(*args, **named)
            summary = json.loads(answer.headers.get("X-ClickHouse-Summary", "{}"))
            self.rows_read += int(summary.get("read_rows", 0))
            self.statements += 1
            return answer

        backend.request = counted
        # chDB does not count rows that were left out before other columns were read
        client.set_client_setting("optimize_move_to_prewhere", 0)

    def cost_of(self, question: Callable[[Client], Any]) -> tuple[Any, int, int]:
        """The answer, the rows that were read, and the number of statements."""
        self.rows_read = self.statements = 0
        answer = question(self.client)
        return answer, self.rows_read, self.statements


def _value(client: Client, sql: str) -> Any:
    return client.query(sql).result_rows[0][0]


def find_story(client: Client) -> dict[str, Any]:
    """A copied content with its first medium, a hash, and a time in the middle."""
    content_id = _value(
        client,
        f"SELECT content_id FROM decisions WHERE collection = '{COLLECTION}' AND outcome = 'duplicate' "
        "GROUP BY content_id HAVING count() BETWEEN 5 AND 20 ORDER BY content_id LIMIT 1",
    )
    return {
        "content_id": content_id,
        "media_id": _value(client, f"SELECT media_id FROM decisions WHERE content_id = '{content_id}' LIMIT 1"),
        "hash": _value(client, f"SELECT lower(hex(phash256)) FROM decisions WHERE content_id = '{content_id}' LIMIT 1"),
        "middle": _value(client, "SELECT quantileExact(0.5)(decided_at) FROM decisions"),
    }


def _near(client: Client, story: dict[str, Any], chosen: DecisionFilter = ALL) -> Any:
    hashes = [story["hash"], *(hashlib.sha256(bytes([n])).hexdigest() for n in range(15))]
    return candidates(
        client, hashes, chosen, version="1", min_quality=0.0, max_distance_bits=60, after=None, limit=20
    )  # fmt: skip


#: Question, the most rows that it may read of the 100,000 (lists, look-ups) or of the submissions (panels), and the
#: most statements.
QUESTIONS: Final[dict[str, tuple[Callable[[Client, dict[str, Any]], Any], int, int]]] = {
    "latest decision": (lambda c, s: latest_decision(c, COLLECTION, s["media_id"]), 6_000, 3),
    "history of a medium": (lambda c, s: medium_decisions(c, COLLECTION, s["media_id"], limit=100), 6_000, 3),
    "medium": (lambda c, s: view_medium(c, COLLECTION, s["media_id"]), 20_000, 6),
    "content of a medium": (lambda c, s: content_of_medium(c, COLLECTION, s["media_id"]), 4_000, 1),
    "page of decisions": (lambda c, s: decision_page(c, ALL, before=None, limit=50), 40_000, 3),
    "page from the middle": (
        lambda c, s: decision_page(c, ALL, before=Keyset(s["middle"], LAST_ID), limit=50),
        40_000, 3,
    ),
    "page of an owner": (
        lambda c, s: decision_page(c, DecisionFilter(COLLECTION, owner="u-77"), before=None, limit=5), 60_000, 3
    ),
    "members of a group": (lambda c, s: decisions_of_group(c, COLLECTION, s["content_id"], after=None, limit=100),
                           30_000, 3),
    "group": (lambda c, s: view_group(c, COLLECTION, s["content_id"], after=None, limit=100), 50_000, 7),
    "decisions of contents": (lambda c, s: decisions_of_contents(c, COLLECTION, [s["content_id"]]), 6_000, 3),
    "uses of a content": (lambda c, s: content_uses(c, COLLECTION, [s["content_id"]]), 4_000, 1),
    "contents near a hash": (lambda c, s: _near(c, s), 100_000, 1),
    "verdicts of a medium": (lambda c, s: current_verdicts(c, COLLECTION, s["media_id"]), 60_000, 2),
    "text": (lambda c, s: decisions_with_words(c, ["rare", "lamp", "rome"], ALL, before=None, limit=20), 60_000, 3),
    "text that nothing has": (lambda c, s: decisions_with_words(c, ["zzyzx"], ALL, before=None, limit=20), 10_000, 1),
    "outcomes": (lambda c, s: totals_by_outcome(c, COLLECTION), 200_000, 1),
    "savings": (lambda c, s: savings(c, COLLECTION), 200_000, 1),
    "confidences": (lambda c, s: totals_by_confidence(c, COLLECTION), 200_000, 1),
    "failures": (lambda c, s: failures_by_reason(c, COLLECTION), 200_000, 1),
    "alterations": (lambda c, s: near_duplicates_by_transformation(c, COLLECTION), 200_000, 1),
    "latency": (lambda c, s: latency_by_hop(c, COLLECTION), 200_000, 1),
    "calls saved by day": (lambda c, s: calls_saved(c, COLLECTION), 200_000, 1),
    "calls saved": (lambda c, s: saved_calls(c, COLLECTION), 200_000, 1),
    "queue": (lambda c, s: read_queue(c, QueueFilter(COLLECTION), after=None, limit=20), 300_000, 7),
    "page of an export": (lambda c, s: export_page(c, ALL, after=None, limit=1000), 400_000, 12),
    "groups": (lambda c, s: copy_groups(c, COLLECTION), 400_000, 2),
    "groups with what is for review": (lambda c, s: copy_groups(c, COLLECTION, for_review=True), 1_000_000, 2),
}  # fmt: skip
