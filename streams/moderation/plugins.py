"""Which plug-ins there are: built in, or those that a package offers under the entry point `mediasieve.moderators`."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Final, cast

from streams.config.yaml_file import suggestion
from streams.moderation.callbacks import Callbacks
from streams.moderation.moderation_file import ModerationFile
from streams.moderation.moderator import BadOption, Moderator, PluginContext, PluginFactory

GROUP: Final = "mediasieve.moderators"

#: Imported only if a file names them: some bring large libraries.
BUILT_IN: Final = {
    "http": "streams.moderation.http.plugin:make_http",
    "rules": "streams.moderation.rules:make_rules",
    "onnx": "streams.moderation.onnx:make_onnx",
}


def make_moderators(file: ModerationFile, max_pixels: int, callbacks: Callbacks | None = None) -> dict[str, Moderator]:
    """The moderators of a file, by name.

    Raises:
        ModerationFileError: a plug-in is not installed, or refuses its options.
    """
    return {name: make_moderator(file, name, max_pixels, callbacks) for name in file.moderators}


def make_moderator(file: ModerationFile, name: str, max_pixels: int, callbacks: Callbacks | None = None) -> Moderator:
    """One moderator of a file. Raises as `make_moderators`."""
    part = file.moderators[name]
    context = PluginContext(
        name=name,
        options=part.options,
        sends=part.send,
        folder=file.path.absolute().parent,
        batch_size=part.batch.size,
        timeout_s=part.timeout_s,
        max_pixels=max_pixels,
        version=part.version,
        callbacks=callbacks,
    )
    try:
        return _factory(part.plugin)(context)
    except BadOption as error:
        raise file.wrong_option(name, error) from error


def _factory(plugin: str) -> PluginFactory:
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    if plugin in BUILT_IN:
        module, _, attribute = BUILT_IN[plugin].partition(":")
        return cast(PluginFactory, getattr(import_module(module), attribute))
    if plugin not in found:
        known = tuple(sorted({*BUILT_IN, *found}))
        raise BadOption(("..", "plugin"), f"no plug-in is called {plugin!r}{suggestion(plugin, known)}")
    try:
        return cast(PluginFactory, found[plugin].load())
    except Exception as error:
        raise BadOption(("..", "plugin"), f"the plug-in {plugin!r} cannot be loaded: {error!r}") from error
