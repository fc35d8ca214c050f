# SPDX-License-Identifier: Apache-2.0
"""The audit log: who did what. Rows are added and sealed, never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, LargeBinary, SmallInteger, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.table import Table


class AuditEntry(Table):
    """One thing that was done, or refused; `token_id` is that of a token or an account, which name nobody.

    `seq`, `previous` and `hash` are the entry's place in the chain, and NULL until it is sealed.
    """

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    database_user: Mapped[str] = mapped_column(
        server_default=text("SESSION_USER"), comment="who was connected; no setting can say another"
    )
    program: Mapped[str | None]
    role: Mapped[str | None]
    token_id: Mapped[int | None] = mapped_column(BigInteger)
    scope: Mapped[list[str] | None] = mapped_column(
        ARRAY(Text), comment="the blocks that the actor reached; NULL: all, or nobody was named"
    )
    purpose: Mapped[str | None]
    verb: Mapped[str]
    object: Mapped[str]
    outcome: Mapped[str] = mapped_column(server_default="done")
    access_class: Mapped[int | None] = mapped_column(SmallInteger)
    request_id: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    seq: Mapped[int | None] = mapped_column(BigInteger, comment="its place in the chain; NULL until it is sealed")
    previous: Mapped[bytes | None] = mapped_column(LargeBinary)
    hash: Mapped[bytes | None] = mapped_column(LargeBinary)

    __table_args__ = (
        CheckConstraint("outcome IN ('done', 'refused')", name="outcome"),
        CheckConstraint("(seq IS NULL) = (hash IS NULL) AND (seq IS NULL) = (previous IS NULL)", name="seal"),
        Index("audit_entry_at_idx", text("at DESC"), text("id DESC")),
        Index("audit_entry_seq_idx", "seq", unique=True),
        Index("audit_entry_unsealed_idx", "id", postgresql_where=text("seq IS NULL")),
    )


class AuditArchive(Table):
    """The end of what was taken out of the log into a file; the rest of the chain builds on its hash."""

    __tablename__ = "audit_archive"

    seq: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, comment="the last entry that was taken out"
    )
    hash: Mapped[bytes] = mapped_column(LargeBinary, comment="its hash, on which the rest builds")
    entries: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
