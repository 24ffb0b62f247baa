"""What `mediasieve demo` prints: some decisions, a table of all alterations, and where to look further."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from urllib.parse import quote, urlencode

from streams.analytics.queries.moderation.saved_calls import SavedCalls
from streams.cli.tables import OUTCOME_STYLES, cell, plain_table
from streams.cli.terminal import make_console
from streams.local.demo_samples import BROKEN, CLIP, EXACT_COPY, ORIGINAL, VIDEO
from streams.local.system import System
from streams.services.demo import COLLECTION, DemoDecisions, SampleVerdict
from streams.services.wording import OUTCOME_WORDS, match_in_words, reason_in_words


def print_decisions(found: DemoDecisions) -> None:
    """A table of one photo with its copies, the videos and the broken files, and a table of all alterations."""
    _print_some(found)
    _print_by_alteration(found)


def print_verdicts(shown: list[SampleVerdict], saved: SavedCalls, contents_asked: int) -> None:
    """A table of one photo and its copies with their verdicts, and how many calls the copies saved."""
    table = plain_table("Whose verdict they have", texts=("file", "verdict", "by", "inherited from", "why"))
    for each in shown:
        verdict = each.verdict
        inherited_from = Path(verdict.verdict_inherited_from).name if verdict.verdict_inherited_from else ""
        values = (each.sample.path.name, verdict.verdict_status, verdict.verdict_by, inherited_from)
        table.add_row(*map(cell, values), cell(verdict.verdict_reason))
    console = make_console(stderr=False)
    console.print()
    console.print(table)
    each_costs = saved.cost / saved.calls if saved.calls else 0.0
    console.print(
        f"\nThe moderator was asked {contents_asked:,} times, once for each new content ({saved.cost:.3f} "
        f"{saved.currency}). {saved.inherited:,} copies have the verdict of another: as many calls saved "
        f"({saved.inherited * each_costs:.3f} {saved.currency}).",
        highlight=False,
    )


def group_page(found: DemoDecisions) -> str:
    """The console's page of a group worth opening: with a copy that waits for a person, else with any altered copy."""
    matched = [decision for _, decision in found.decided if decision.match and decision.outcome == "near_duplicate"]
    if not matched:
        return f"/console/?collection={COLLECTION}"
    shown = max(matched, key=lambda decision: (decision.action == "review", decision.match.differs or 0.0))  # type: ignore[union-attr]
    query = urlencode({"collection": COLLECTION, "member": shown.submission_id})
    return f"/console/groups/{quote(shown.match.content_id)}?{query}"  # type: ignore[union-attr]


def next_steps(system: System, folder: Path, found: DemoDecisions, *, stays_up: bool) -> str:
    """Where to look further: while the demo stays up, or afterwards."""
    settings = system.settings
    group = group_page(found)
    read = f"mediasieve decisions --data-dir {folder}"
    rows = [("mediasieve scan FOLDER", "the copies among your own files"), (str(folder / "logs"), "what workers said")]
    if stays_up:
        if system.api_address:
            sample = next(iter(sorted((folder / "samples").rglob("*mirrored*"))), folder / "samples")
            find = f"curl --data-binary @{sample} 'http://{system.api_address}/v1/lookup?collection={COLLECTION}'"
            rows.append((f"http://{system.api_address}/console/?collection={COLLECTION}", "the review console"))
            rows.append((f"http://{system.api_address}{group}", "in it, a copy beside the picture that it resembles"))
            rows.append((find, "what is known of a picture; /openapi.json has all of the API"))
        rows += [
            (read, "all decisions; --follow for new ones, --json for programs"),
            (f"mediasieve publish --data-dir {folder} FOLDER", "submit files of your own"),
            (settings.clickhouse.url, f"ClickHouse over HTTP, database {settings.clickhouse.database}"),
            (f"http://{system.worker_addresses[0]}/metrics", "a worker's metrics"),
        ]
    else:
        rows += [
            (f"mediasieve up --data-dir {folder}", "all of it again, with the data of this demo"),
            (read, "all decisions, while that runs; --json for programs"),
            (group, "at the API's address that `up` prints: a copy beside the picture that it resembles"),
        ]
    width = max(len(what) for what, _ in rows)
    return "\nLook further:\n" + "\n".join(f"  {what.ljust(width)}  {why}" for what, why in rows)


def _print_some(found: DemoDecisions) -> None:
    first = found.decided[0][0].original_name if found.decided else ""
    table = plain_table("Some of the decisions", texts=("file", "outcome", "same as", "how"))
    for sample, decision in found.decided:
        if sample.original_name == first or sample.alteration in (VIDEO, CLIP, BROKEN):
            match, failure = decision.match, decision.failure
            how = match_in_words(match) if match else reason_in_words(failure.reason) if failure else ""
            outcome = cell(OUTCOME_WORDS[decision.outcome], OUTCOME_STYLES[decision.outcome])
            same_as = Path(match.media_id).name if match else ""
            table.add_row(cell(sample.path.name), outcome, cell(same_as), cell(how))
    console = make_console(stderr=False)
    console.print()
    console.print(table)


def _print_by_alteration(found: DemoDecisions) -> None:
    table = plain_table("All of them")
    table.add_column("what it is, or what was done to a photo")
    for words in ("files", *OUTCOME_WORDS.values()):
        table.add_column(words, justify="right")
    alterations = dict.fromkeys([ORIGINAL, EXACT_COPY, *(sample.alteration for sample, _ in found.decided)])
    for alteration in alterations:
        decisions = [decision for sample, decision in found.decided if sample.alteration == alteration]
        outcomes = Counter[str](decision.outcome for decision in decisions)
        counts = [str(outcomes[outcome] or "") for outcome in OUTCOME_WORDS]
        table.add_row(alteration, str(outcomes.total()), *counts)
    console = make_console(stderr=False)
    console.print()
    console.print(table)
