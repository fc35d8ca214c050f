# SPDX-License-Identifier: Apache-2.0
"""The settings of one installation, read once from `TWIN_*` and passed in; never a hidden global."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an operator may set. Every field is `TWIN_<NAME>` in the environment."""

    model_config = SettingsConfigDict(env_prefix="TWIN_", extra="ignore")

    port: int = Field(default=8000, description="The HTTP port of `twin serve`.")
    host: str = Field(default="127.0.0.1", description="The address `twin serve` listens on.")
    database_url: str | None = Field(
        default=None, description="A PostgreSQL URL; unset means the embedded cluster of this checkout."
    )
    database_name: str = Field(default="twin", description="The database in the embedded cluster.")
    data_dir: Path = Field(default=Path(".twin"), description="Tokens, state, assets and uploads.")
    viewer_dir: Path = Field(default=Path("viewer/dist"), description="The built pages.")
    metric_srid: int = Field(default=4547, description="EPSG code for areas and lengths of a new district.")
    time_zone: str = Field(default="Asia/Shanghai", description="The zone of times that name none.")
    max_upload_mb: int = Field(default=2048, description="The largest upload that is accepted, in MB.")
    max_file_mb: int = Field(default=2048, description="The largest file that a reader opens, in MB.")
    rejects_days: float = Field(
        default=7, ge=0, description="How many days the rows that a load turned away can be fetched; 0: not at all."
    )
    tile_cache_mb: int = Field(default=256, description="The tile cache of one process, in MB.")
    topographic_export_km2: float = Field(
        default=25, ge=0, description="The largest area of one export of large-scale topographic layers; 0: no cap."
    )
    export_max_rows: int = Field(default=1_000_000, description="The most features of one export.")
    statement_timeout_ms: int = Field(default=15_000, description="The longest a request's SQL may take.")
    pool_size: int = Field(default=8, description="Database connections of one API process.")

    @property
    def assets_dir(self) -> Path:
        """Where content-addressed assets (tilesets, models) live."""
        return self.data_dir / "assets"

    @property
    def spool_dir(self) -> Path:
        """Where an upload's bytes stay until its job ends; private to the server."""
        return self.data_dir / "spool"

    @property
    def tokens_path(self) -> Path:
        """The demo's tokens, by role."""
        return self.data_dir / "tokens.json"

    @property
    def rejects_dir(self) -> Path:
        """Where the rows that uploads turned away wait to be fetched and mended; private to the server."""
        return self.data_dir / "rejects"

    def rejects_path(self, upload_id: str, form: str) -> Path:
        """The rejected rows of one upload as `xlsx` or `csv`."""
        return self.rejects_dir / f"{upload_id}.{form}"
