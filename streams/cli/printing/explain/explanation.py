"""What `mediasieve explain` prints: both files, the evidence, and the summary in both directions."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from streams.cli.printing.explain.pictures import print_picture_evidence, reverse_picture_summary
from streams.cli.tables import OUTCOME_STYLES
from streams.cli.terminal import make_console
from streams.services.explain.explanation import Explanation
from streams.services.explain.pair import ExplanationPair
from streams.services.explain.pictures import PictureExplanation
from streams.services.media_files import MediaFile, VideoFile
from streams.services.text import printable


def print_explanation(pair: ExplanationPair, *, all_pairs: bool) -> None:
    """`all_pairs` prints every pair of views or frames, not only the nearest."""
    console = make_console(stderr=False)
    _print_file(console, "A, known", pair.forward.known)
    _print_file(console, "B, submitted", pair.forward.submitted)
    forward, reverse = pair.forward, pair.reverse
    if isinstance(forward, PictureExplanation) and isinstance(reverse, PictureExplanation):
        print_picture_evidence(console, forward, pair.collection, all_pairs=all_pairs)
        _print_summaries(console, forward, reverse_picture_summary(forward, reverse), forward.outcome)
        return
    from streams.cli.printing.explain.videos import print_video_evidence, reverse_video_summary
    from streams.services.explain.videos import VideoExplanation

    assert isinstance(forward, VideoExplanation)
    assert isinstance(reverse, VideoExplanation)
    print_video_evidence(console, forward, pair.collection, all_pairs=all_pairs)
    outcome = "near_duplicate" if forward.shows_picture else forward.outcome
    _print_summaries(console, forward, reverse_video_summary(forward, reverse), outcome)


def _print_file(console: Console, role: str, file: MediaFile) -> None:
    scheme, _, digest = file.facts.content_id.partition(":")
    digest_chars = 12
    console.print(Text(f"{role}: {printable(file.name)}"))
    console.print(Text(f"    {', '.join(file.describe())}, {scheme}:{digest[:digest_chars]}…"))
    if isinstance(file, VideoFile):
        console.print(Text(f"    read {file.describe_reading()}"))


def _print_summaries(console: Console, forward: Explanation, reverse_summary: str, outcome: str) -> None:
    console.print()
    console.print(Text(forward.summary(), style=f"bold {OUTCOME_STYLES[outcome]}"))
    console.print(Text(f"The other way round, with B known and A submitted: {reverse_summary}"))
