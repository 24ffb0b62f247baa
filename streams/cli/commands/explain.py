"""`mediasieve explain`: whether one medium would be called a copy of another, and what that rests on.

What is said of pictures stands here; what of videos, in video_explain.py.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click
import orjson
from rich.table import Table
from rich.text import Text

from streams.cli.options import collection_option
from streams.cli.terminal import data_stream, make_console, say, shown
from streams.config.policy_file import load_policies
from streams.config.settings import load_settings
from streams.domain.hashes.algorithms import ALGORITHMS, VIEWS_HASH
from streams.domain.hashes.notation import Hash, distance_bits
from streams.domain.hashes.transformation import describe_transformation
from streams.domain.match.images.comparison import ViewComparison, compare_pictures, match_pictures
from streams.domain.policy.policy import Policy
from streams.domain.records import Match, MediaFacts, Outcome
from streams.services.pictures import PictureFile, described
from streams.services.videos import MEDIA_FILE, VideoFile, read_media_file
from streams.services.wording import OUTCOME_STYLES, OUTCOME_WORDS, view_in_words

MOST_PAIRS = 8


@dataclass(frozen=True, slots=True)
class PictureExplanation:
    """What comes of submitting one picture when another is known; comparisons with the nearest first."""

    known: PictureFile
    submitted: PictureFile
    policy: Policy
    match: Match | None
    comparisons: list[ViewComparison]

    @property
    def outcome(self) -> Outcome:
        if self.match is None:
            return "unique"
        return "duplicate" if self.match.method == "exact" else "near_duplicate"


@click.command()
@click.argument("known", metavar="A", type=MEDIA_FILE)
@click.argument("submitted", metavar="B", type=MEDIA_FILE)
@click.option("--policy", "policy_file", type=click.Path(path_type=Path), help="A file; else MEDIASIEVE_POLICY_FILE.")
@collection_option
@click.option("--picture", type=click.Path(dir_okay=False, path_type=Path), metavar="PNG", help="Draw it there.")
@click.option("--all", "all_pairs", is_flag=True, help="Every pair of views or frames, not only the nearest.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON with all of it, and nothing else.")
def command(
    known: Path,
    submitted: Path,
    policy_file: Path | None,
    collection: str,
    picture: Path | None,
    all_pairs: bool,
    as_json: bool,
) -> int:
    """Say whether B would be called a copy if A were known, or a part of it, and why.

    A and B are pictures or videos, compared by every hash or frame as the collection's policy has it. Nothing needs to
    run, and nothing is sent anywhere. The exit code is 0 for copies and others alike.
    """
    settings = load_settings()
    policy = load_policies(policy_file or settings.paths.policy_file).of(collection)
    one, other = (read_media_file(path, settings, policy) for path in (known, submitted))
    if isinstance(one, PictureFile) and isinstance(other, PictureFile):
        document = _explain_pictures(one, other, policy, collection, picture, silent=as_json, all_pairs=all_pairs)
    else:
        document = _explain_videos(one, other, policy, collection, picture, silent=as_json, all_pairs=all_pairs)
    if as_json:
        data_stream().write(orjson.dumps({"collection": collection, **document}, option=orjson.OPT_APPEND_NEWLINE))
    elif picture is not None:
        say(f"drawn: {shown(str(picture))}")
    return 0


def _explain_pictures(
    one: PictureFile,
    other: PictureFile,
    policy: Policy,
    collection: str,
    png: Path | None,
    *,
    silent: bool,
    all_pairs: bool,
) -> dict[str, Any]:
    """Draw and print what is wanted; all of it as JSON."""
    forward, reverse = explain(one, other, policy), explain(other, one, policy)
    if png is not None:
        _save_drawing(forward, png)
    if not silent:
        _print(forward, reverse, collection, all_pairs=all_pairs)
    return {**_as_json(forward), "reverse": _as_json(reverse)}


def _explain_videos(
    one: PictureFile | VideoFile, other: PictureFile | VideoFile, policy: Policy, collection: str, png: Path | None, *,
    silent: bool,
    all_pairs: bool,
) -> dict[str, Any]:  # fmt: skip
    """The same where one is a video, or both."""
    from streams.cli import video_explain
    from streams.services import explain_videos

    forward, reverse = explain_videos.explain(one, other, policy), explain_videos.explain(other, one, policy)
    if png is not None:
        from streams.drawing.timelines import draw

        draw(forward).save(png, "PNG", optimize=True)
    if not silent:
        video_explain.print_explained(forward, reverse, collection, all_pairs=all_pairs)
    return {**video_explain.as_json(forward), "reverse": video_explain.as_json(reverse)}


def explain(known: PictureFile, submitted: PictureFile, policy: Policy) -> PictureExplanation:
    match = match_pictures(known.facts, submitted.facts, policy, media_id=known.name)
    return PictureExplanation(known, submitted, policy, match, compare_pictures(known.facts, submitted.facts, policy))


def verdict_of(explained: PictureExplanation, known: str = "A", submitted: str = "B") -> str:
    """One or two sentences: what it would be called, and the distances that decide it."""
    match, policy = explained.match, explained.policy
    if match is not None:
        return f"{submitted} would be called an {OUTCOME_WORDS[explained.outcome]} of {known}. {match.explanation}"
    called = f"{submitted} would not be called a copy of {known}."
    if not policy.near:
        return f"{called} The policy compares bytes alone, and these differ."
    for name, each in ((known, explained.known), (submitted, explained.submitted)):
        if each.facts.quality < policy.min_quality:
            quality = f"its quality is {each.facts.quality:.2f}, and the policy asks for {policy.min_quality:.2f}"
            return f"{called} There is too little to see in {name} ({quality}), so that only equal bytes match."
    if not explained.comparisons:
        return f"{called} They have no view in common that the policy compares."
    nearest = explained.comparisons[0]
    views = f"{view_in_words(nearest.view)} of {submitted} and {view_in_words(nearest.known_view)} of {known}"
    return f"{called} Nearest are {views}: {_distances(nearest, policy)}."


def _distances(nearest: ViewComparison, policy: Policy) -> str:
    """`30 of 64 bits differ, 10 may; 120 of 256 bits differ, 80 may`"""
    near = f"{nearest.near_bits} of {min(policy.hash_bits, 64)} bits differ, {nearest.near_threshold_bits} may"
    if nearest.confirm_bits is None:
        return near
    return f"{near}; {nearest.confirm_bits} of 256 bits differ, {nearest.confirm_threshold_bits} may"


def _save_drawing(explained: PictureExplanation, path: Path) -> None:
    from streams.drawing.side_by_side import draw

    nearest = next(iter(explained.comparisons), None)
    drawing = draw(explained.known, explained.submitted, explained.outcome, verdict_of(explained), nearest)
    drawing.save(path, "PNG")


def hashes_of(explained: PictureExplanation) -> list[dict[str, Any]]:
    """Each hash that both whole pictures have, its distance, and how much that may be where the policy looks at it."""
    one, other, policy = explained.known.facts.hashes, explained.submitted.facts.hashes, explained.policy
    thresholds = _thresholds(policy)
    return [
        {
            "algorithm": name,
            "known": one[name],
            "submitted": other[name],
            "distance_bits": distance_bits(Hash(name, one[name]), Hash(name, other[name])),
            "bits": ALGORITHMS[name].bits,
            "threshold_bits": thresholds.get(ALGORITHMS[name].name),
        }
        for name in one
        if name in other and name in ALGORITHMS
    ]


def _thresholds(policy: Policy) -> dict[str, int]:
    if not policy.near:
        return {}
    if policy.hash_bits < 256:
        return {policy.hash: policy.radius_bits}
    return {f"{policy.hash.rstrip('0123456789')}64": policy.radius_bits, policy.hash: policy.confirm_bits}


def _as_json(explained: PictureExplanation) -> dict[str, Any]:
    return {
        "policy": explained.policy.version,
        "known": _file_as_json(explained.known),
        "submitted": _file_as_json(explained.submitted),
        "outcome": explained.outcome,
        "verdict": verdict_of(explained, explained.known.name, explained.submitted.name),
        "match": explained.match,
        "hashes": hashes_of(explained),
        "comparisons": [_comparison_as_json(each) for each in explained.comparisons],
    }


def _file_as_json(picture: PictureFile) -> dict[str, Any]:
    return {"file": picture.name, "facts": _without_views(picture.facts)}


def _without_views(facts: MediaFacts) -> MediaFacts:
    return replace(facts, hashes={name: value for name, value in facts.hashes.items() if name != VIEWS_HASH})


def _comparison_as_json(comparison: ViewComparison) -> dict[str, Any]:
    document = {name: value for name, value in asdict(comparison).items() if name != "hit"}
    return {**document, "matches": comparison.matches}


def _print(forward: PictureExplanation, reverse: PictureExplanation, collection: str, *, all_pairs: bool) -> None:
    console = make_console(stderr=False)
    for letter, each, role in (("A", forward.known, "known"), ("B", forward.submitted, "submitted")):
        console.print(Text(f"{letter}, {role}: {shown(each.name)}"))
        console.print(Text(f"    {', '.join(described(each.facts))}, {each.facts.content_id[:19]}…"))
    console.print(f"\nHashes of the whole pictures; policy {forward.policy.version} of {collection}")
    console.print(_hashes_table(forward))
    pairs = forward.comparisons
    shown_pairs = pairs if all_pairs else _most_telling(pairs)
    if pairs:
        console.print("\nViews of both, in the order in which they decide")
        console.print(_views_table(shown_pairs, forward.policy))
    if len(shown_pairs) < len(pairs):
        console.print(f"and {len(pairs) - len(shown_pairs)} more pairs of views, which --all shows")
    console.print()
    console.print(Text(verdict_of(forward), style=f"bold {OUTCOME_STYLES[forward.outcome]}"))
    console.print(Text(f"The other way round, with B known and A submitted: {_reverse_verdict(forward, reverse)}"))


def _reverse_verdict(forward: PictureExplanation, reverse: PictureExplanation) -> str:
    if reverse.match is None and forward.match is None:
        return "no copy either."
    return "the same." if verdict_of(reverse) == verdict_of(forward) else verdict_of(reverse, "B", "A")


def _most_telling(pairs: list[ViewComparison]) -> list[ViewComparison]:
    """The nearest of each view of B, as many as are read with one look; and the whole pictures in any case."""
    nearest: dict[str, ViewComparison] = {}
    for each in pairs:
        nearest.setdefault(each.view, each)
    telling = list(nearest.values())[:MOST_PAIRS]
    return [each for each in pairs if each in telling or (each.view, each.known_view) == ("full", "full")]


def _hashes_table(explained: PictureExplanation) -> Table:
    table = _table()
    table.add_column(no_wrap=True)
    table.add_column("differ", justify="right", no_wrap=True)
    table.add_column("may", justify="right", no_wrap=True)
    table.add_column()
    table.add_column(overflow="fold")
    for each in hashes_of(explained):
        differ, may = f"{each['distance_bits']} of {each['bits']}", each["threshold_bits"]
        table.add_row(each["algorithm"], _judged(differ, each["distance_bits"], may), _bits(may), "A", each["known"])
        table.add_row("", "", "", "B", each["submitted"])
    return table


def _views_table(pairs: list[ViewComparison], policy: Policy) -> Table:
    table = _table()
    for heading in ("of B", "of A"):
        table.add_column(heading, no_wrap=True)
    for bits in (min(policy.hash_bits, 64), 256) if policy.hash_bits == 256 else (policy.hash_bits,):
        table.add_column(f"{bits} bits", justify="right", no_wrap=True)
        table.add_column("may", justify="right", no_wrap=True)
    table.add_column()
    for number, each in enumerate(pairs):
        row = [Text(view_in_words(each.view)), Text(view_in_words(each.known_view))]
        row += [_judged(str(each.near_bits), each.near_bits, each.near_threshold_bits), _bits(each.near_threshold_bits)]
        if each.confirm_bits is not None:
            confirm, may = each.confirm_bits, each.confirm_threshold_bits
            row += [_judged(str(confirm), confirm, may), _bits(may)]
        what = f"decides: {describe_transformation(each.transformation)}" if number == 0 else "agrees"
        table.add_row(*row, Text(what if each.matches else ""))
    return table


def _judged(text: str, bits: int, may: int | None) -> Text:
    return Text(text, style="" if may is None else "green" if bits <= may else "red")


def _bits(may: int | None) -> Text:
    return Text("" if may is None else str(may))


def _table() -> Table:
    return Table(box=None, pad_edge=False, padding=(0, 1), header_style="bold")
