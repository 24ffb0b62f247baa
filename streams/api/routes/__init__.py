"""A file a resource; every file has a `router`. Add a file, and its router to ROUTERS."""

from streams.api.routes import (
    decisions,
    events,
    exports,
    groups,
    health,
    media,
    search,
    statistics,
    submissions,
    verdicts,
)

OPEN_ROUTERS = (health.router,)
"""Beside /v1; the gate says which of their paths need no key."""

ROUTERS = (
    submissions.router,
    decisions.router,
    events.router,
    exports.router,
    media.router,
    groups.router,
    search.router,
    verdicts.router,
    statistics.router,
)
"""Below /v1, in the order of the description."""
