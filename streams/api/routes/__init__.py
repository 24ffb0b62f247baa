"""A file a resource; every file has a `router`. Add a file, and its router to ROUTERS."""

from streams.api.routes import (
    dead_letters,
    decisions,
    events,
    exports,
    groups,
    health,
    jobs,
    media,
    search,
    sessions,
    statistics,
    submissions,
    thumbnails,
)
from streams.api.routes.moderation import batches, callbacks, deletions, lists, review, verdicts

OPEN_ROUTERS = (health.router, callbacks.router, thumbnails.router)
"""The gate says which of their paths need no key."""

ROUTERS = (
    submissions.router,
    decisions.router,
    events.router,
    exports.router,
    media.router,
    groups.router,
    review.router,
    search.router,
    batches.router,
    verdicts.router,
    deletions.router,
    lists.router,
    jobs.router,
    dead_letters.router,
    statistics.router,
    sessions.router,
)
"""Below /v1, in the order of the description."""
