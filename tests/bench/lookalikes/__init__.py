"""Pictures that are different but look alike: which of them hashes, evidence and other tools take for copies.

Every family is drawn by a file of its own; `python -m tests.bench.lookalikes` measures them.
"""

from tests.bench.lookalikes.report import reach, show
from tests.bench.lookalikes.run import document, run

__all__ = ["document", "reach", "run", "show"]
