"""The settings of one process, by part. Sources: `MEDIASIEVE_*` variables, a `.env` file, a directory of secret files.

Thresholds and other rules about media are policy, not settings: `paths.policy_file` names the file with the policies.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any

from pydantic import SecretStr, ValidationError

from streams.config.parts.api import ApiSettings, CacheSettings, ThumbnailSettings
from streams.config.parts.clickhouse import ClickHouseSettings
from streams.config.parts.kafka import KafkaSettings
from streams.config.parts.picture_model import PictureModelSettings
from streams.config.parts.settings_part import PREFIX, SettingsPart
from streams.config.parts.worker import LimitSettings, PathSettings, RuntimeSettings, SourceSettings
from streams.errors import ConfigurationError

_PARTS: dict[str, type[SettingsPart]] = {
    "paths": PathSettings,
    "kafka": KafkaSettings,
    "clickhouse": ClickHouseSettings,
    "runtime": RuntimeSettings,
    "source": SourceSettings,
    "limits": LimitSettings,
    "api": ApiSettings,
    "thumbnails": ThumbnailSettings,
    "cache": CacheSettings,
    "picture_model": PictureModelSettings,
}
#: Where the value of a variable is: the short name of the variable, to the part and its field.
_PLACES = {
    str(field.validation_alias).removeprefix(PREFIX).lower(): (part, name)
    for part, model in _PARTS.items()
    for name, field in model.model_fields.items()
}


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, by part. Methods take and give short names of variables: `broker` for `MEDIASIEVE_BROKER`."""

    paths: PathSettings
    kafka: KafkaSettings
    clickhouse: ClickHouseSettings
    runtime: RuntimeSettings
    source: SourceSettings
    limits: LimitSettings
    api: ApiSettings
    thumbnails: ThumbnailSettings
    cache: CacheSettings
    picture_model: PictureModelSettings

    @property
    def given(self) -> frozenset[str]:
        """The variables that have been set, even to their default."""
        fields_set = {part: getattr(self, part).model_fields_set for part in _PARTS}
        return frozenset(name for name, (part, field) in _PLACES.items() if field in fields_set[part])

    def with_values(self, **values: object) -> Settings:
        """A copy with other values for these variables. The values are not validated."""
        changes: dict[str, dict[str, object]] = {}
        for name, value in values.items():
            part, field = _PLACES[name]
            changes.setdefault(part, {})[field] = value
        return replace(self, **{part: getattr(self, part).model_copy(update=new) for part, new in changes.items()})

    def environment(self, *names: str) -> dict[str, str]:
        """These variables with their values, for a child process."""
        values = {name: getattr(getattr(self, _PLACES[name][0]), _PLACES[name][1]) for name in names}
        return {PREFIX + name.upper(): _as_text(value) for name, value in values.items()}


def _as_text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment, the `.env` file and the files in MEDIASIEVE_SECRETS_DIR, named as variables.

    Args:
        overrides: values by the short names of variables. They win over the environment, which wins over files.

    Raises:
        ConfigurationError: names the variable that is wrong.
    """
    values: dict[str, dict[str, Any]] = {part: {} for part in _PARTS}
    for name, value in overrides.items():
        values[_PLACES[name][0]][PREFIX + name.upper()] = value
    secrets = os.environ.get("MEDIASIEVE_SECRETS_DIR")
    try:
        parts: dict[str, Any] = {
            name: part(_secrets_dir=secrets, **values[name])  # type: ignore[call-arg]
            for name, part in _PARTS.items()
        }
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigurationError(f"{first['loc'][0]}: {first['msg']}") from error
    return Settings(**parts)
