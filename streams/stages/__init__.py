"""The stages, with all that they own apart from their pure decision: threads, caches, indexes in memory."""

from __future__ import annotations

from typing import Final

#: In the order of the stream. The topology of a stage is `agents/<name>.py`.
STAGE_NAMES: Final = ("fingerprint", "bulk", "match", "moderate", "record")
