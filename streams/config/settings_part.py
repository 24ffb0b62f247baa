"""What every part of the settings is made of."""

from __future__ import annotations

from typing import Annotated

from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "MEDIASIEVE_"
CommaList = Annotated[tuple[str, ...], NoDecode]


class SettingsPart(BaseSettings):
    """Reads its own variables. The alias of a field is the variable; lists are comma-separated."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True)
