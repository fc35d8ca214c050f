# SPDX-License-Identifier: Apache-2.0
"""Who signs in. An account's rights are those of a row of `access_token`, as a token's are; no person is named."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, LargeBinary, func, text
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.table import Table


class Account(Table):
    """A login of the organisation's own. `identity_hash`: it comes from an identity provider, and from which one.

    Role, class, purpose and grants are those of its `access_token` row, which nobody can show.
    """

    __tablename__ = "account"

    token_id: Mapped[int] = mapped_column(
        ForeignKey("access_token.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    login: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str | None]
    must_change_password: Mapped[bool] = mapped_column(server_default=text("false"))
    password_changed_at: Mapped[datetime | None]
    identity_hash: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    disabled_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("login ~ '^[a-z0-9][a-z0-9._-]{1,63}$'", name="login"),
        CheckConstraint("password_hash IS NULL OR identity_hash IS NULL", name="way"),
    )


class AccountSession(Table):
    """One sign-in of an account, until it is ended, idle for `idle_s` seconds, or past `expires_at`."""

    __tablename__ = "account_session"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.token_id", ondelete="CASCADE"))
    method: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    idle_s: Mapped[int]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("method IN ('password', 'oidc')", name="method"),
        Index("account_session_account_id_idx", "account_id"),
    )


class OidcMapping(Table):
    """What a value of the provider's role claim stands for: the rights of its `access_token` row."""

    __tablename__ = "oidc_mapping"

    token_id: Mapped[int] = mapped_column(
        ForeignKey("access_token.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    position: Mapped[int]
    value: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (CheckConstraint("value = btrim(value) AND value <> ''", name="value"),)


class OidcFlow(Table):
    """A sign-in that is under way at the identity provider. Used once: whoever comes back takes the row away."""

    __tablename__ = "oidc_flow"

    state_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    browser_hash: Mapped[bytes] = mapped_column(LargeBinary)
    nonce: Mapped[str]
    verifier: Mapped[str]
    return_to: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
