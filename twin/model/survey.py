# SPDX-License-Identifier: Apache-2.0
"""Rounds of collection over a register: the form, who owes it until when, and what was answered."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Integer, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.table import CodeText, Table

_LOAD: Final = "the load that wrote it last, if none has changed it since"


class SurveyRound(Table):
    """One round: every object of a register within a block owes its form until the due date."""

    __tablename__ = "survey_round"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    register: Mapped[str] = mapped_column(comment="layer of the register")
    kind: Mapped[str]
    title: Mapped[str]
    title_en: Mapped[str | None]
    form: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="JSON Schema of the answers")
    required: Mapped[int] = mapped_column(Integer, comment="how many fields the form requires")
    block_code: Mapped[str | None] = mapped_column(CodeText(), comment="only what has its home here; NULL: all")
    organisation: Mapped[str | None] = mapped_column(comment="who owes it")
    due: Mapped[date]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    closed_at: Mapped[datetime | None]
    role: Mapped[str]
    token_id: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (CheckConstraint("required > 0", name="required"),)


class SurveyResponse(Table):
    """What was answered for one object; incomplete ones are kept too."""

    __tablename__ = "survey_response"

    round_id: Mapped[int] = mapped_column(ForeignKey("survey_round.id", ondelete="CASCADE"), primary_key=True)
    object_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    object_kind: Mapped[str]
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    answered: Mapped[int] = mapped_column(Integer, comment="required fields that are answered")
    completed_at: Mapped[datetime | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    role: Mapped[str]
    token_id: Mapped[int | None] = mapped_column(BigInteger)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    load_id: Mapped[int | None] = mapped_column(BigInteger, comment=_LOAD)

    __table_args__ = (Index("survey_response_object_idx", "object_kind", "object_id"),)


class RentalSpace(Table):
    """Space for rent in a park: a storey or a unit of one of its buildings, known by code."""

    __tablename__ = "rental_space"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    park_id: Mapped[int] = mapped_column(BigInteger)
    building_code: Mapped[str] = mapped_column(CodeText(), nullable=False)
    storey_number: Mapped[int | None] = mapped_column(Integer)
    unit_code: Mapped[str | None] = mapped_column(CodeText())
    area: Mapped[float] = mapped_column(comment="m²")
    use: Mapped[str | None]
    state: Mapped[str] = mapped_column(comment="vacant, reserved or let")
    available_from: Mapped[date | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    role: Mapped[str]
    token_id: Mapped[int | None] = mapped_column(BigInteger)
    load_id: Mapped[int | None] = mapped_column(BigInteger, comment=_LOAD)

    __table_args__ = (
        CheckConstraint("area > 0", name="area"),
        CheckConstraint("state IN ('vacant', 'reserved', 'let')", name="state"),
        Index("rental_space_place_key", "park_id", "building_code", "storey_number", "unit_code", unique=True,
              postgresql_nulls_not_distinct=True),
    )  # fmt: skip
