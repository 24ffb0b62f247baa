"""What moderators cost, and what copies save: counted in the metrics of the worker."""

from __future__ import annotations

from streams import metrics
from streams.errors import Reason
from streams.moderation.moderation_file import PricePart
from streams.moderation.moderator import ModeratorAnswer


class Costs:
    """Counts for one moderator. A call that is made again costs again, as providers bill it."""

    def __init__(self, moderator: str, price: PricePart) -> None:
        self.price = price
        self._moderator = moderator
        self._calls = {
            result: metrics.MODERATOR_CALLS.labels(moderator, result)
            for result in ("answered", "abstained", "failed", "refused")
        }
        self._cost = metrics.MODERATOR_COST.labels(moderator, price.currency)
        self._saved = metrics.MODERATOR_CALLS_SAVED.labels(moderator)
        self._cost_saved = metrics.MODERATOR_COST_SAVED.labels(moderator, price.currency)
        metrics.begin_at_zero(metrics.MODERATOR_LABELS_CUT, (moderator,))
        reasons = (Reason.MODERATOR_UNAVAILABLE, Reason.MODERATOR_BAD_ANSWER)
        metrics.begin_at_zero(metrics.MODERATOR_FAILURES, *((moderator, str(reason)) for reason in reasons))
        self.seconds = metrics.MODERATOR_SECONDS.labels(moderator)
        self.waiting = metrics.MODERATOR_WAITING.labels(moderator)
        self.breaker_open = metrics.MODERATOR_BREAKER.labels(moderator)

    def on_call(self, contents: int) -> None:
        """Counts a call about `contents` contents."""
        self._cost.inc(contents * self.price.amount)

    def on_answer(self, answer: ModeratorAnswer | None, labels_cut: int) -> None:
        """There is an answer about one content."""
        self._calls["abstained" if answer is None else "answered"].inc()
        if answer is not None:
            metrics.MODERATOR_VERDICTS.labels(self._moderator, answer.status).inc()
        if labels_cut:
            metrics.MODERATOR_LABELS_CUT.labels(self._moderator).inc(labels_cut)

    def on_failure(self, reason: Reason) -> None:
        """Counts a content without a usable answer."""
        self._calls["failed"].inc()
        metrics.MODERATOR_FAILURES.labels(self._moderator, str(reason)).inc()

    def on_refusal(self) -> None:
        """The moderator does not take this content."""
        self._calls["refused"].inc()

    def on_saved(self) -> None:
        """A copy came that nobody has to be asked about."""
        self._saved.inc()
        self._cost_saved.inc(self.price.amount)
