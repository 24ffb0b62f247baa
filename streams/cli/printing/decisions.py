"""Prints decisions as rows and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.domain.records import Match
from streams.kafka.readers.decision_reader import DecisionRecord
from streams.services.groups import PARTIAL_RELATIONS, group_of
from streams.services.text import printable
from streams.services.wording import appearances_in_words, inheritance_in_words, match_in_words, reason_in_words

if TYPE_CHECKING:
    from rich.table import Table

#: Heading, and width in characters where rows are printed one at a time.
COLUMNS = (("decided", 8), ("outcome", 14), ("media id", 44), ("same as", 36), ("how", 0))


def decisions_table(records: list[DecisionRecord]) -> Table:
    """Decisions in the order given."""
    from streams.cli.tables import OUTCOME_STYLES, cell, plain_table

    table = plain_table()
    for heading, _ in COLUMNS:
        table.add_column(heading, overflow="fold", no_wrap=heading in ("decided", "outcome"))
    for record in records:
        decided, outcome, *rest = _row(record)
        table.add_row(decided, cell(outcome, OUTCOME_STYLES.get(outcome, "")), *map(cell, rest))
    return table


def heading_line() -> str:
    return _line([heading for heading, _ in COLUMNS])


def decision_line(record: DecisionRecord) -> str:
    return _line(_row(record))


def _row(record: DecisionRecord) -> list[str]:
    """Time, outcome, media id, media id of the match, and how or why, with the verdict."""
    decision = record.decision
    match, failure = decision.match, decision.failure
    how = _how_matched(match) if match else reason_in_words(failure.reason) if failure else ""
    verdict = decision.verdict
    said = f"{verdict.status} by {verdict.by}" if verdict.by else ""
    held_back = inheritance_in_words(decision.inheritance) if decision.inheritance and not verdict.by else ""
    how = "; ".join(part for part in (how, *appearances_in_words(decision), said, held_back) if part)
    time = record.decided_at[11:19]
    return [time, decision.outcome, decision.media_id, match.media_id if match else "", how]


def _how_matched(match: Match) -> str:
    """How the copy was altered, and its group unless the match is the group's first."""
    _, first = group_of(match)
    is_other_group = first != match.media_id and match.relation not in PARTIAL_RELATIONS
    return f"{match_in_words(match)}; in the group of {first}" if is_other_group else match_in_words(match)


def _line(row: list[str]) -> str:
    cells = (printable(text).ljust(width) for text, (_, width) in zip(row, COLUMNS, strict=True))
    return "  ".join(cells).rstrip()
