"""Rules over what a decision says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.domain.records import Label
from streams.moderation.moderation_file import load_moderation_file
from streams.moderation.moderator import ModeratorAnswer, Question
from streams.moderation.plugins import make_moderator
from tests.support.stories import decision

MADE = replace(decision(7), metadata={"source": "studio", "tags": ["a", "b"], "user": {"trusted": True}, "age": 3})


async def answer(folder: Path, when: dict[str, Any]) -> Any:
    rules = [{"when": when, "status": "review", "label": "rule", "reason": "why"}]
    document = {"moderators": {"r": {"plugin": "rules", "options": {"rules": rules}}}, "collections": {"*": "r"}}
    path = folder / "moderation.yaml"
    path.write_text(yaml.safe_dump(document))
    (found,) = await make_moderator(load_moderation_file(path), "r", 1).ask([Question(MADE)], 0)
    return found


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ({}, True),
        ({"facts.width": {"above": 600}}, True),
        ({"facts.width": {"above": 640}}, False),
        ({"facts.width": {"below": 641}, "facts.format": "jpeg"}, True),
        ({"facts.width": {"above": 600}, "facts.format": "png"}, False),
        ({"facts.absent.deeper": {"above": 0}}, False),
        ({"facts.absent": {"exists": False}}, True),
        ({"metadata.source": {"one_of": ["archive", "studio"]}}, True),
        ({"metadata.source": {"like": "stu*"}}, True),
        ({"metadata.source": {"like": "*x*"}}, False),
        ({"metadata.tags": {"has": "b"}}, True),
        ({"metadata.tags": {"has": "c"}}, False),
        ({"metadata.user.trusted": True}, True),
        ({"metadata.user.trusted": 1}, False),
        ({"metadata.age": 3.0}, True),
        ({"metadata.source": {"above": 3}}, False),
        ({"match": {"exists": False}}, True),
    ],
)
async def test_a_rule_holds_if_all_its_conditions_do(tmp_path: Path, when: dict[str, Any], holds: bool) -> None:
    assert await answer(tmp_path, when) == (ModeratorAnswer("review", [Label("rule")], "why") if holds else None)
