# SPDX-License-Identifier: Apache-2.0
"""Who may ask, and how far that reaches. Only a token's hash is kept."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    LargeBinary,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.table import CodeText, Table


class AccessToken(Table):
    """A token of one role. One that ever had a grant is limited: without any it reaches nothing.

    `kind` is what has these rights: a token that somebody shows, an account (`label` is its login), or a value of
    an identity provider's claim. What is not a token has a hash that belongs to none.
    """

    __tablename__ = "access_token"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    role: Mapped[str]
    label: Mapped[str | None]
    access_class: Mapped[int] = mapped_column(SmallInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    is_limited: Mapped[bool] = mapped_column(server_default=text("false"))
    kind: Mapped[str] = mapped_column(server_default="token")
    purpose: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("kind IN ('token', 'account', 'mapping')", name="kind"),
        # Restricted rows are for a stated purpose.
        CheckConstraint("kind = 'token' OR access_class < 3 OR btrim(coalesce(purpose, '')) <> ''", name="purpose"),
    )


class RoleGrant(Table):
    """One block that a token reaches. A token without grants of any sort reaches every block, and `~`."""

    __tablename__ = "role_grant"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    token_id: Mapped[int] = mapped_column(ForeignKey("access_token.id", ondelete="CASCADE"))
    block_code: Mapped[str] = mapped_column(CodeText(), nullable=False)


class OrganisationGrant(Table):
    """One organisation that a token acts for: it reaches what is assigned to that, wherever it lies."""

    __tablename__ = "organisation_grant"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    token_id: Mapped[int] = mapped_column(ForeignKey("access_token.id", ondelete="CASCADE"))
    organisation: Mapped[str]

    __table_args__ = (
        UniqueConstraint("token_id", "organisation", name="organisation_grant_token_id_key"),
        CheckConstraint("organisation = btrim(organisation) AND organisation <> ''", name="organisation"),
    )
