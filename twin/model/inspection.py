# SPDX-License-Identifier: Apache-2.0
"""What is found on the spot: inspections, hazards with every step of their way, and the photos of them.

Who did something is a token and its role; nobody's name is kept.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Integer, SmallInteger, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.table import FeatureColumns, Table


class Hazard(FeatureColumns, Table):
    """A hazard: of which kind and how bad, at what (park, village, building), and how far its removal is."""

    __tablename__ = "hazard"
    DIMENSION = 0

    object_kind: Mapped[str | None] = mapped_column(comment="the table of what it was found at")
    object_id: Mapped[int | None] = mapped_column(BigInteger)
    hazard_kind: Mapped[str]
    severity: Mapped[int] = mapped_column(SmallInteger, comment="1 major to 4 minor")
    state: Mapped[str]
    description: Mapped[str | None]
    organisation: Mapped[str | None] = mapped_column(comment="whose task it is")
    due: Mapped[date | None]
    found_at: Mapped[datetime] = mapped_column(server_default=func.now())
    rectified_at: Mapped[datetime | None]
    verified_at: Mapped[datetime | None]
    inspection_id: Mapped[int | None] = mapped_column(BigInteger)


Index("hazard_object_idx", Hazard.object_kind, Hazard.object_id)
Index("hazard_organisation_idx", Hazard.organisation)
Index("hazard_inspection_id_idx", Hazard.inspection_id)


class HazardAction(Table):
    """One step of a hazard's way; rows are added, never changed."""

    __tablename__ = "hazard_action"

    hazard_id: Mapped[int] = mapped_column(ForeignKey("hazard.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    action: Mapped[str]
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    note: Mapped[str | None]
    organisation: Mapped[str | None]
    due: Mapped[date | None]
    photos: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    role: Mapped[str]
    token_id: Mapped[int | None] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Inspection(Table):
    """Somebody was there and looked: at what, for what, and what came of it."""

    __tablename__ = "inspection"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    object_kind: Mapped[str]
    object_id: Mapped[int] = mapped_column(BigInteger)
    inspection_kind: Mapped[str]
    result: Mapped[str] = mapped_column(comment="passed or hazards")
    note: Mapped[str | None]
    photos: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    inspected_on: Mapped[date]
    role: Mapped[str]
    token_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("inspection_object_idx", "object_kind", "object_id"),)


class Photo(Table):
    """A photo, kept under the hash of its bytes once everything about camera, place and owner was taken out."""

    __tablename__ = "photo"

    asset: Mapped[str] = mapped_column(primary_key=True)
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(Integer, comment="bytes")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PhotoUse(Table):
    """What a photo is of: whoever may see that may see the photo."""

    __tablename__ = "photo_use"

    asset: Mapped[str] = mapped_column(ForeignKey("photo.asset", ondelete="CASCADE"), primary_key=True)
    used_by: Mapped[str] = mapped_column(
        primary_key=True, comment="token (who sent it), hazard, inspection or proposal"
    )
    used_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
