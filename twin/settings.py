# SPDX-License-Identifier: Apache-2.0
"""The settings of one installation, read once from `TWIN_*` and passed in; never a hidden global."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

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

    public_url: str | None = Field(
        default=None, description="Where people reach this server, where a proxy does not say so: https://twin.example."
    )
    trusted_proxies: str = Field(
        default="127.0.0.1,::1",
        description="Proxies whose X-Forwarded-For and -Proto count: addresses or networks with commas; * is anybody.",
    )
    allowed_origins: str = Field(
        default="", description="Other sites whose scripts may ask with a token, with commas; none by default."
    )
    session_idle_minutes: float = Field(
        default=120, gt=0, description="A sign-in ends when it is not used for so long."
    )
    session_hours: float = Field(default=12, gt=0, description="A sign-in ends after so long in any case.")
    sign_in_attempts: int = Field(
        default=10, ge=1, description="Failed sign-ins of one login in 15 minutes, after which it has to wait."
    )
    sign_in_attempts_address: int = Field(
        default=100, ge=1, description="Failed sign-ins from one address in 15 minutes, after which it has to wait."
    )
    rate_limit_address: int = Field(
        default=6_000, ge=0, description="Requests a minute from one address without a sign-in; 0: no limit. No tiles."
    )
    rate_limit_token: int = Field(
        default=60_000, ge=0, description="Requests a minute of one token or account; 0: no limit. No tiles."
    )
    oidc_issuer: str | None = Field(
        default=None, description="The issuer of an OpenID provider that people sign in at."
    )
    oidc_client_id: str | None = Field(default=None, description="This server's client id at the provider.")
    oidc_client_secret: str | None = Field(
        default=None, repr=False, description="Its secret; unset for a public client (PKCE alone)."
    )
    oidc_scope: str = Field(default="openid profile", description="The scopes that are asked of the provider.")
    oidc_role_claim: str = Field(
        default="groups", description="The claim whose values are mapped to rights; dots lead into objects."
    )
    oidc_login_claim: str = Field(
        default="preferred_username", description="The claim that a new account's login is taken from."
    )
    oidc_label: str = Field(default="", description="What the sign-in button calls the provider.")
    access_contact: str = Field(
        default="", description="Whom to ask for access, as the page says that refuses it: an office, never a person."
    )

    stop_grace_s: float = Field(
        default=0, ge=0, description="How long a server that is told to stop still listens, so that a balancer notices."
    )
    stop_wait_s: float = Field(
        default=15, ge=0, description="How long running requests and jobs may take to finish after that."
    )
    min_free_mb: int = Field(
        default=512, ge=0, description="Less free disk than this: no uploads, and /health says so."
    )
    metrics_access: Literal["role", "loopback"] = Field(
        default="role", description="Who may read /metrics: tokens of node and admin, or only this machine."
    )
    tracing: bool = Field(default=False, description="Send traces by OTLP/HTTP; an OTEL_…_ENDPOINT switches it on too.")
    log_format: Literal["auto", "json", "plain"] = Field(
        default="auto", description="Log lines as JSON or plain; auto: plain on a terminal."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="The least to log.")
    log_requests: Literal["all", "most", "none"] = Field(
        default="most", description="Which requests to log; most: neither tiles nor probes that went well."
    )
    log_addresses: bool = Field(default=False, description="Whether a request's log line has the client's address.")
    jobs_days: float = Field(default=30, ge=0, description="How many days a finished job and its report stay.")
    tokens_days: float = Field(default=90, ge=0, description="How many days an ended or revoked token stays on record.")
    uploads_days: float = Field(default=1, ge=0, description="How many days an unfinished upload waits to go on.")

    changes_days: float = Field(
        default=30, gt=0, description="How many days a change can be resumed from, on the stream and by webhooks."
    )
    streams_per_token: int = Field(
        default=200, ge=1, description="The most streams of one token, or of one address without a token, per process."
    )
    webhook_days: float = Field(default=3, gt=0, description="How many days a webhook may fail before it is given up.")
    webhook_private: bool = Field(
        default=False, description="Whether webhooks may lead to private addresses, and without TLS."
    )
    webhook_retry_s: float = Field(
        default=5, gt=0, description="The first wait after a webhook failed; each further one is twice as long."
    )
    webhook_timeout_s: float = Field(default=15, gt=0, description="The longest that a webhook's receiver may take.")

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
