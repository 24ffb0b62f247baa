"""Where moderators call back: the address of the API, and the answers that it puts into Kafka."""

from __future__ import annotations

from typing import Final

from streams.config.settings import Settings
from streams.kafka.readers.callback_reader import CallbackFollower
from streams.moderation.callbacks import Callbacks, CallbackSigner

LOOK_BACK_S: Final = 90_000.0
"""An hour more than the longest `timeout_s` of a callback: answers that came while no worker ran are found."""


def callbacks_of(settings: Settings) -> Callbacks | None:
    """The callbacks of a deployment; None if it takes none."""
    api = settings.api
    if not api.callback_url or not api.callback_secret:
        return None
    signer = CallbackSigner(api.callback_secret.get_secret_value())
    return Callbacks(api.callback_url, signer, CallbackFollower(settings, LOOK_BACK_S))
