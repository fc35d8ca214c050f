# SPDX-License-Identifier: Apache-2.0
"""Components of the city, and the published register of legal entities."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.table import CodeText, FeatureColumns, Table


class Component(FeatureColumns, Table):
    """A component (部件): a lamp, a manhole cover, a hydrant. Types are the operator's list."""

    __tablename__ = "component"
    DIMENSION = 0

    code: Mapped[str | None] = mapped_column(CodeText(), index=True)
    type_code: Mapped[str | None] = mapped_column(CodeText(), comment="class and subclass")
    type_name: Mapped[str | None]
    owner_department: Mapped[str | None]
    accuracy_class: Mapped[str | None] = mapped_column(comment="A, B or C: how well its place is known")
    condition: Mapped[str | None] = mapped_column(comment="intact, damaged, missing or removed")


class LegalEntity(FeatureColumns, Table):
    """A legal entity as it is published: its unified social credit code is its `local_id`."""

    __tablename__ = "legal_entity"
    DIMENSION = 0

    uscc: Mapped[str] = mapped_column(CodeText(), nullable=False, index=True)
    entity_type: Mapped[str | None]
    industry_code: Mapped[str | None] = mapped_column(CodeText(), comment="GB/T 4754, section letter first if given")
    status: Mapped[str | None] = mapped_column(comment="active, moved_out, revoked or deregistered")
    registered_at: Mapped[datetime | None]
    address: Mapped[str | None]
    building_code: Mapped[str | None] = mapped_column(CodeText())
    building_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
