"""Cases that users of such software have reported, decided as a scan decides them: the largest file first."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from streams.domain.fingerprint import fingerprint_image
from streams.domain.fingerprint.sequence.fingerprint import fingerprint_sequence, has_several_pictures
from streams.domain.fingerprint.video.fingerprint import fingerprint_video
from streams.domain.match.batch import MatchInput
from streams.domain.records import Fingerprint, MediaFacts, Origin
from streams.errors import BadInput
from tests.conftest import SHARED_DATA
from tests.support.partition import Partition

REPORTS = SHARED_DATA / "reports"
FOLDERS = sorted(path.parent.name for path in REPORTS.glob("*/expected.json"))
VIDEOS = (".mp4", ".webm")
NOW = "2026-01-01T00:00:00.000Z"


def facts_of(path: Path) -> MediaFacts | None:
    """The facts of a file; None if it is refused."""
    data = path.read_bytes()
    try:
        if path.suffix in VIDEOS:
            return fingerprint_video(data)
        return fingerprint_sequence(data) if has_several_pictures(data) else fingerprint_image(data)
    except BadInput:
        return None


def decided(paths: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """The decisions about files, by name; refused files are left out."""
    partition, decisions = Partition(), {}
    for number, path in enumerate(sorted(paths, key=lambda path: -path.stat().st_size)):
        facts = facts_of(path)
        if facts is not None:
            origin = Origin("media.submissions", 0, number)
            record = Fingerprint(f"#{number}", 0, path.name, "reports", "auto", NOW, NOW, origin, facts, None)
            (output,) = partition.decide([MatchInput.of(record, number)])
            decisions[path.name] = json.loads(output.value)
    return decisions


def joined(decisions: dict[str, dict[str, Any]], actions: tuple[str, ...]) -> dict[str, str]:
    """By file, the first of its group, where matches with these actions join files."""
    first = {name: name for name in decisions}
    for name, decision in decisions.items():
        if decision["match"] is not None and decision["action"] in actions:
            first[name] = first[decision["match"]["media_id"]]
    return first


@pytest.mark.parametrize("report", FOLDERS or [pytest.param("none", marks=pytest.mark.skip(reason="no reports"))])
def test_a_report_is_decided_as_users_want(report: str) -> None:
    folder = REPORTS / report
    wanted = json.loads((folder / "expected.json").read_text())
    decisions = decided(path for path in folder.iterdir() if path.name != "expected.json")
    found, reused = joined(decisions, ("reuse", "review")), joined(decisions, ("reuse",))
    for group in wanted.get("groups", []):
        assert len({found[name] for name in group}) == 1, group
    for group in wanted.get("not_groups", []):
        for one, other in combinations(group, 2):
            assert reused[one] != reused[other], (one, other)
    for name, other, relations in wanted.get("links", []):
        match = decisions[name]["match"]
        assert match["media_id"] == other
        assert match["relation"] in relations
    assert set(wanted.get("must_decode", [])) <= set(decisions)
    assert not set(wanted.get("must_fail", [])) & set(decisions)
