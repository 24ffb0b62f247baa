"""What the client raises."""

from __future__ import annotations

from typing import Any

from streams.errors import MediasieveError


class ApiError(MediasieveError):
    """The API refused a request, or could not serve it after all attempts.

    Attributes:
        status: of HTTP; 0 if there was no answer.
        code: stable, such as `rate_limited` or `bad_medium`.
        problem: the whole problem document.
    """

    def __init__(self, status: int, code: str, detail: str, problem: dict[str, Any] | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.status = status
        self.code = code
        self.problem = problem or {}


class NotDecidedError(ApiError):
    """A submission has no decision within its time. It will be decided; ask again by `media_id`."""

    def __init__(self, media_id: str, timeout_s: float) -> None:
        super().__init__(0, "not_decided", f"no decision within {timeout_s:g} s; it will come")
        self.media_id = media_id
