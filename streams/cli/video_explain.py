"""`mediasieve explain` of two videos, or of a picture and a video: what it prints. Drawing it is timelines.py's."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from rich.table import Table
from rich.text import Text

from streams.cli.terminal import make_console, shown
from streams.domain.hashes.algorithms import FRAMES_HASH, VIEWS_HASH
from streams.domain.hashes.transformation import describe_transformation
from streams.domain.match.videos.comparison import FramePair, VideoComparison
from streams.domain.records import MediaFacts
from streams.services import pictures, videos
from streams.services.explain_videos import Medium, VideoExplanation, verdict_of, view_pair
from streams.services.videos import VideoFile
from streams.services.wording import OUTCOME_STYLES, clock, percent, span

MOST_PAIRS = 8


def print_explained(forward: VideoExplanation, reverse: VideoExplanation, collection: str, *, all_pairs: bool) -> None:
    console = make_console(stderr=False)
    for letter, each, role in (("A", forward.known, "known"), ("B", forward.submitted, "submitted")):
        console.print(Text(f"{letter}, {role}: {shown(each.name)}"))
        for line in _about(each):
            console.print(Text(f"    {line}"))
    console.print(f"\nPolicy {forward.policy.version} of {collection}")
    if forward.comparison is not None:
        console.print(_thresholds_table(forward, forward.comparison))
        if forward.comparison.parts:
            console.print("\nParts that are the same")
            console.print(_parts_table(forward.comparison))
    pairs = _telling(forward, all_pairs=all_pairs)
    if pairs:
        console.print(f"\n{_about_pairs(forward)}")
        console.print(_pairs_table(pairs))
    left = len(_pairs_of(forward)) - len(pairs)
    if pairs and left:
        console.print(f"and {left:,} more, which --all shows")
    console.print()
    found = bool(forward.frames) and forward.frames[0].matches
    style = OUTCOME_STYLES["near_duplicate" if found else forward.outcome]
    console.print(Text(verdict_of(forward), style=f"bold {style}"))
    console.print(Text(f"The other way round, with B known and A submitted: {_reverse_verdict(forward, reverse)}"))


def as_json(explained: VideoExplanation) -> dict[str, Any]:
    """All of it in one direction."""
    comparison = explained.comparison
    found = {name: value for name, value in asdict(comparison).items() if name != "match"} if comparison else None
    return {
        "policy": explained.policy.version,
        "known": _file_as_json(explained.known),
        "submitted": _file_as_json(explained.submitted),
        "outcome": explained.outcome,
        "verdict": verdict_of(explained, explained.known.name, explained.submitted.name),
        "match": explained.match,
        "comparison": found,
        "frames": explained.frames,
    }


def _file_as_json(medium: Medium) -> dict[str, Any]:
    return {"file": medium.name, "facts": _without_packed(medium.facts)}


def _without_packed(facts: MediaFacts) -> MediaFacts:
    left = {name: value for name, value in facts.hashes.items() if name not in (VIEWS_HASH, FRAMES_HASH)}
    return replace(facts, hashes=left)


def _about(medium: Medium) -> list[str]:
    content = f"{medium.facts.content_id.partition(':')[0]}:{medium.facts.content_id.partition(':')[2][:12]}…"
    if isinstance(medium, VideoFile):
        return [f"{', '.join(videos.described(medium))}, {content}", f"read {videos.how_read(medium)}"]
    return [f"{', '.join(pictures.described(medium.facts))}, {content}"]


def _thresholds_table(explained: VideoExplanation, found: VideoComparison) -> Table:
    """What is found, and what the policy asks for."""
    policy = explained.policy
    table = _table("", "found", "asked for")
    table.add_row("moments of B that vote", f"{found.voters:,} of {found.moments:,}", "3, or all that there are")
    same_s = sum(part.to_s - part.from_s for part in found.parts)
    table.add_row("the same", f"{same_s:.1f} s", f"{policy.video_min_s:g} s, of videos that last so long")
    least, part = f"{100 * policy.video_share:g} %", f"{100 * policy.video_overlap:g} %"
    for letter, share, called in (("B", found.share, "a clip"), ("A", found.known_share, "B to contain A")):
        asked = f"{least} for {called}, of both for a copy; {part} of either for an overlap"
        table.add_row(f"of {letter}", percent(share), asked)
    return table


def _parts_table(found: VideoComparison) -> Table:
    table = _table("of B", "of A", "lasts", "seconds of A in one of B")
    for part in found.parts:
        times = span(part.from_s, part.to_s), span(part.known_from_s, part.known_to_s)
        table.add_row(*times, f"{part.to_s - part.from_s:.1f} s", f"{part.speed:.3f}")
    return table


def _pairs_of(explained: VideoExplanation) -> list[FramePair]:
    return explained.comparison.nearest if explained.comparison else explained.frames


def _about_pairs(explained: VideoExplanation) -> str:
    if explained.comparison is None:
        return "Frames that are nearest to the picture"
    found = explained.comparison
    counts = f"{found.seen:,} look like one of A's {found.known_moments:,}, and {found.voters:,} lie where the parts do"
    return f"Moments of B: {counts}"


def _telling(explained: VideoExplanation, *, all_pairs: bool) -> list[FramePair]:
    """As many as are read with one look: of those that vote some from all over, else the nearest; in order of time."""
    pairs = _pairs_of(explained)
    voting = [each for each in pairs if each.votes]
    if all_pairs:
        return pairs
    if len(voting) >= MOST_PAIRS:
        return [voting[number * len(voting) // MOST_PAIRS] for number in range(MOST_PAIRS)]
    best = sorted(pairs, key=lambda each: (not each.votes, not each.matches, each.confirm_bits, each.near_bits))
    return sorted(best[:MOST_PAIRS], key=lambda each: (each.at_s, each.known_at_s))


def _pairs_table(pairs: list[FramePair]) -> Table:
    table = _table("at in B", "at in A", "of B", "of A", "64 bits", "may", "256 bits", "may", "")
    for each in pairs:
        row = [Text(clock(each.at_s)), Text(clock(each.known_at_s)), *(Text(words) for words in view_pair(each))]
        for bits, may in (
            (each.near_bits, each.near_threshold_bits),
            (each.confirm_bits, each.confirm_threshold_bits),
        ):
            row += [Text(str(bits), style="green" if bits <= may else "red"), Text(str(may))]
        done = "" if each.transformation == "none" else f": {describe_transformation(each.transformation)}"
        row.append(Text(f"votes{done}" if each.votes else f"looks the same{done}" if each.matches else ""))
        table.add_row(*row)
    return table


def _reverse_verdict(forward: VideoExplanation, reverse: VideoExplanation) -> str:
    said = verdict_of(reverse, "B", "A")
    if forward.comparison is None:
        return "the same." if bool(forward.frames) == bool(reverse.frames) and said == verdict_of(forward) else said
    if reverse.match is None and forward.match is None:
        return "no copy either."
    return said


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="bold")
    for heading in headings:
        table.add_column(heading, justify="right" if "bits" in heading or heading == "may" else "left", no_wrap=True)
    return table
