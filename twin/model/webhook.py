# SPDX-License-Identifier: Apache-2.0
"""Webhooks: who is told of changes over HTTP, and how far that has come."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.table import Table


class Webhook(Table):
    """An address that hears of changes: what of them, for whom, and where in the change log it is.

    `token_id` is the owner's; nothing goes out that the owner may not see by then. Of `layers` and `block_codes`
    none means all. What lies between `sent_to` and `pending_to` is on its way: that message stays the same however
    often it is tried.
    """

    __tablename__ = "webhook"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    token_id: Mapped[int] = mapped_column(ForeignKey("access_token.id", ondelete="CASCADE"))
    label: Mapped[str | None]
    url: Mapped[str]
    layers: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default=text("'{}'"))
    block_codes: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default=text("'{}'"))
    access_class: Mapped[int] = mapped_column(SmallInteger)
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    former_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    former_until: Mapped[datetime | None]
    sent_to: Mapped[int] = mapped_column(BigInteger)
    pending_to: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(server_default=text("'ok'"))
    problem: Mapped[str | None]
    status: Mapped[int | None] = mapped_column(SmallInteger)
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    messages: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    failing_since: Mapped[datetime | None]
    tried_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("state IN ('ok', 'failing', 'dead')", name="state"),
        Index("webhook_token_id_idx", "token_id"),
    )
