"""Prints jobs: a table, a line for each look, and a report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from streams.services.jobs import JobDetail, JobReport, finishes_at
from streams.services.text import counted, human_bytes, printable
from streams.services.wording import reason_in_words

if TYPE_CHECKING:
    from rich.table import Table

PROGRESS_STYLES = {"publishing": "cyan", "deciding": "yellow", "done": "green", "cancelled": "red"}
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400


def jobs_table(reports: Sequence[JobReport]) -> Table:
    """Jobs in the order given."""
    from streams.cli.tables import cell, plain_table

    table = plain_table()
    for heading in ("job", "began", "is", "decided", "failed", "rate", "time left"):
        table.add_column(heading, overflow="fold", justify="right" if heading in ("decided", "failed") else "left")
    for report in reports:
        table.add_row(
            cell(report.job_id if report.name == report.job_id else f"{report.job_id} ({report.name})"),
            "" if report.started_at is None else f"{report.started_at:%Y-%m-%d %H:%M:%S}",
            cell(report.progress, PROGRESS_STYLES[report.progress]),
            _decided(report),
            f"{report.failed + report.refused:,}",
            _rate(report),
            _left(report),
        )
    return table


def job_line(report: JobReport) -> str:
    """`import-3f2a: deciding, 1,200 of 5,000 (24 %), 312/s, 12 s left, 3 failed`"""
    share = f" ({min(100, 100 * report.decided // report.expected)} %)" if report.expected else ""
    parts = [f"{printable(report.job_id)}: {report.progress}", f"{_decided(report)}{share}", _rate(report)]
    if report.progress != "done" and report.left_s is not None:
        parts.append(f"{_left(report)} left")
    if report.failed + report.refused:
        parts.append(f"{report.failed + report.refused:,} failed")
    return ", ".join(part for part in parts if part)


def job_report(found: JobDetail) -> str:
    """All that people want to know of one job, in lines."""
    report = found.report
    lines = [
        f"{printable(report.name)} ({printable(report.job_id)})",
        f"  is {report.progress}; {_decided(report)} decided{_in_lane(report)}",
        f"  {report.unique:,} unique, {report.duplicate:,} exact copies, {report.near_duplicate:,} near duplicates, "
        f"{report.failed:,} failed; {report.for_review:,} for review; {human_bytes(report.size_bytes)}",
    ]
    if report.refused:
        lines.append(
            f"  {counted(report.refused, 'record', 'records')} without a media id: see "
            f"`mediasieve deadletters list --letters`"
        )
    if report.replayed:
        lines.append(f"  {counted(report.replayed, 'submission was', 'submissions were')} replayed")
    if report.per_second:
        lines.append(f"  {_rate(report)}{_end(report)}")
    for total in found.failures:
        words = reason_in_words(total.reason)
        lines.append(f"  failed: {total.submissions:,} × {printable(total.reason)} ({words}), last "
                     f"{printable(total.last_media_id)}: {printable(total.last_detail)}")  # fmt: skip
    if found.failures:
        lines.append(f"  all of them: `mediasieve jobs show {printable(report.job_id)} --failures`")
    return "\n".join(lines)


def _decided(report: JobReport) -> str:
    return f"{report.decided:,}" if report.expected is None else f"{report.decided:,} of {report.expected:,}"


def _in_lane(report: JobReport) -> str:
    where = f" in collection {printable(report.collection)}" if report.collection else ""
    return f"{where}, {report.lane} lane" if report.lane else where


def _rate(report: JobReport) -> str:
    return f"{report.per_second:,.0f}/s" if report.per_second else ""


def _end(report: JobReport) -> str:
    if report.progress == "done" or report.left_s is None:
        return ""
    end = finishes_at(report, datetime.now(UTC))
    return f", {_left(report)} left" + ("" if end is None else f", done about {end:%Y-%m-%d %H:%M} UTC")


def _left(report: JobReport) -> str:
    """`12 s`, `3 min`, `2 h 5 min`, `3 d 4 h`"""
    if report.left_s is None or report.progress == "done":
        return ""
    seconds = round(report.left_s)
    if seconds < 2 * MINUTE_S:
        return f"{seconds} s"
    if seconds < HOUR_S:
        return f"{seconds // MINUTE_S} min"
    if seconds < DAY_S:
        return f"{seconds // HOUR_S} h {seconds % HOUR_S // MINUTE_S} min"
    return f"{seconds // DAY_S} d {seconds % DAY_S // HOUR_S} h"
