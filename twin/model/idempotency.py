# SPDX-License-Identifier: Apache-2.0
"""Requests that are to be done once, and what was answered: kept for a day, for whoever asks again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, SmallInteger, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.table import Table


class IdempotencyKey(Table):
    """A key that a client chose, of one token or account: the digest of its request, and the answer to it."""

    __tablename__ = "idempotency_key"

    token_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("access_token.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary, comment="SHA-256 of method, address, headers and body")
    status: Mapped[int | None] = mapped_column(SmallInteger, comment="NULL while the first request is under way")
    headers: Mapped[list[Any] | None] = mapped_column(JSONB)
    body: Mapped[bytes | None] = mapped_column(LargeBinary, comment="NULL where it is too large to be kept")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("idempotency_key_created_at_idx", "created_at"),)
