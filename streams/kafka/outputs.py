"""The type of a record that is to be produced: plain tuples, because a stage makes hundreds of thousands a second."""

from __future__ import annotations

from collections.abc import Sequence

OutputHeaders = Sequence[tuple[str, bytes]] | None
#: One record to produce: topic (without the deployment's prefix), key, value, headers.
Output = tuple[str, bytes | None, bytes | None, OutputHeaders]
