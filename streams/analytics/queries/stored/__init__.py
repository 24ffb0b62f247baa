"""Whole decisions as ClickHouse has them, in the shape that their records have."""

from streams.analytics.queries.stored.decision import COLUMNS, StoredDecision, StoredFacts, StoredVideo, read_decision
from streams.analytics.queries.stored.lists import (
    DecisionFilter,
    ExportPage,
    Keyset,
    decision_page,
    decisions_of_group,
    export_page,
    latest_decision,
    medium_decisions,
)

__all__ = [
    "COLUMNS",
    "DecisionFilter",
    "ExportPage",
    "Keyset",
    "StoredDecision",
    "StoredFacts",
    "StoredVideo",
    "decision_page",
    "decisions_of_group",
    "export_page",
    "latest_decision",
    "medium_decisions",
    "read_decision",
]
