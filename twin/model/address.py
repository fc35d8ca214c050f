# SPDX-License-Identifier: Apache-2.0
"""Standard addresses, what else people call them, business layers placed by them, and the review queue."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.table import STORAGE_SRID, CodeText, FeatureColumns, Table


class Address(FeatureColumns, Table):
    """One standard address: a gate number, a building, a unit or a room.

    The parts are written as `twin.address` writes them (3, not 三栋), so that equal parts are equal text.
    """

    __tablename__ = "address"
    DIMENSION = 0

    code: Mapped[str | None] = mapped_column(CodeText(), comment="house code, or a code of its own")
    province: Mapped[str | None]
    city: Mapped[str | None]
    county: Mapped[str | None]
    town: Mapped[str | None] = mapped_column(comment="street or town")
    community: Mapped[str | None]
    grid: Mapped[str | None]
    road: Mapped[str | None] = mapped_column(comment="road with its lane, if any")
    number: Mapped[str | None] = mapped_column(comment="gate number")
    residential_quarters: Mapped[str | None] = mapped_column(comment="quarter, village, park or named building")
    building: Mapped[str | None]
    unit: Mapped[str | None]
    storey: Mapped[str | None]
    room: Mapped[str | None]
    normalised: Mapped[str] = mapped_column(comment="the parts from the town down, in one text")
    building_code: Mapped[str | None] = mapped_column(CodeText(), comment="the building it belongs to")


# Equality of text is leakproof, so row-level security leaves these to the planner; trigrams it does not.
_ADDRESS = Table.metadata.tables["address"]
Index("address_code_idx", "code", _table=_ADDRESS)
Index("address_building_code_idx", "building_code", _table=_ADDRESS)
Index("address_road_idx", "road", "number", "building", _table=_ADDRESS)
Index("address_quarter_idx", "residential_quarters", "building", "unit", "room", _table=_ADDRESS)
Index(
    "address_normalised_idx",
    "normalised",
    _table=_ADDRESS,
    postgresql_using="gin",
    postgresql_ops={"normalised": "gin_trgm_ops"},
)


class AddressAlias(Table):
    """Another way to write an address or a block, learned from a steward's decision."""

    __tablename__ = "address_alias"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    alias: Mapped[str] = mapped_column(unique=True, comment="as twin.address.normalise writes it")
    address_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("address.id", ondelete="CASCADE"))
    target_code: Mapped[str | None] = mapped_column(CodeText(), comment="the block that is meant, if no address is")
    learned_from: Mapped[int | None] = mapped_column(BigInteger, comment="the review that taught it")
    actor: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    layer_code: Mapped[str | None] = mapped_column(comment="the business layer whose row taught it")

    __table_args__ = (
        CheckConstraint("num_nonnulls(address_id, target_code) = 1", name="target"),
        Index("address_alias_address_id_idx", "address_id"),
    )


class PlaceName(Table):
    """The names that addresses use, kept by a trigger: what the parser knows and a fuzzy search runs over."""

    __tablename__ = "place_name"

    kind: Mapped[str] = mapped_column(primary_key=True, comment="road, quarter, province, city or county")
    name: Mapped[str] = mapped_column(primary_key=True)

    __table_args__ = (
        Index("place_name_name_idx", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
    )


class BusinessLayer(Table):
    """A department's list as a layer of its own: who owns it, who may see it, what its rows say."""

    __tablename__ = "business_layer"

    code: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    title_en: Mapped[str | None]
    owner: Mapped[str | None] = mapped_column(comment="department")
    access_class: Mapped[int] = mapped_column(SmallInteger, server_default=text("2"))
    attribute_schema: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'::jsonb"), comment="JSON Schema of attributes"
    )
    legend: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    refresh_days: Mapped[int | None] = mapped_column(Integer)
    retention_until: Mapped[date | None]
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    withdrawn_at: Mapped[datetime | None]
    owner_role: Mapped[str | None] = mapped_column(
        comment="the role of its owner, who sees its versions as a steward does"
    )


class BusinessLayerVersion(Table):
    """What one load, or one that was taken back, made of a business layer."""

    __tablename__ = "business_layer_version"

    layer_code: Mapped[str] = mapped_column(ForeignKey("business_layer.code", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    load_id: Mapped[int | None] = mapped_column(BigInteger)
    withdraws: Mapped[int | None] = mapped_column(BigInteger, comment="the load that this version took back")
    file_name: Mapped[str | None]
    added: Mapped[int] = mapped_column(BigInteger)
    changed: Mapped[int] = mapped_column(BigInteger)
    ended: Mapped[int] = mapped_column(BigInteger)
    rows: Mapped[int] = mapped_column(BigInteger, comment="how many the layer had then")
    recorded_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="what rows and their history call it"
    )
    visible_from: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="the moment to ask for it by as_of"
    )


class LoadEnd(Table):
    """A row that a load ended, since its file was the whole list and had it no longer; history has what it was."""

    __tablename__ = "load_end"

    load_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("load.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True, comment="the table of the feature")
    feature_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    review: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="its placement_review, if it had one")


class BusinessFeature(FeatureColumns, Table):
    """One row of a business layer, placed by coordinates, code or address, or waiting to be."""

    __tablename__ = "business_feature"
    DIMENSION = 0

    layer_code: Mapped[str] = mapped_column(ForeignKey("business_layer.code", ondelete="CASCADE"))
    match_level: Mapped[str] = mapped_column(server_default=text("'failed'"))
    confidence: Mapped[float] = mapped_column(Float, server_default=text("0"), comment="0 to 1")
    address_id: Mapped[int | None] = mapped_column(BigInteger, comment="the address it was matched to")

    # Areas and lines are welcome too, so the dimension is not held here.
    __table_args__ = (  # pyright: ignore[reportAssignmentType] (the mixin's is a directive)
        UniqueConstraint("source_id", "local_id"),
        CheckConstraint(f"ST_SRID(geometry) = {STORAGE_SRID}", name="geometry_srid"),
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
        Index("business_feature_layer_code_idx", "layer_code", "id"),
        Index("business_feature_dimension_idx", "layer_code", text("st_dimension(geometry)")),
        Index("business_feature_block_code_idx", "block_code"),
        Index("business_feature_geometry_idx", "geometry", postgresql_using="gist"),
        Index("business_feature_unplaced_idx", "id", postgresql_where=text("geometry IS NULL")),
    )


class PlacementReview(Table):
    """A row that was not placed, with what it might be; a steward decides, and the decision is an alias."""

    __tablename__ = "placement_review"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    feature_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("business_feature.id", ondelete="CASCADE"))
    layer_code: Mapped[str]
    row: Mapped[int] = mapped_column(Integer, comment="the row's number in its file, from 1")
    given: Mapped[str] = mapped_column(comment="the address or code as given, scrubbed of personal data")
    alias: Mapped[str | None] = mapped_column(comment="what a decision teaches; NULL where it would teach nothing")
    parts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    reason: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="zh, en")
    match_level: Mapped[str]
    confidence: Mapped[float] = mapped_column(Float)
    candidates: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    status: Mapped[str] = mapped_column(server_default=text("'open'"))
    decision: Mapped[dict[str, Any] | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    load_id: Mapped[int | None] = mapped_column(BigInteger)
    block_code: Mapped[str] = mapped_column(CodeText(), nullable=False, comment="the block that holds all candidates")
    access_class: Mapped[int] = mapped_column(SmallInteger, server_default=text("3"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        UniqueConstraint("feature_id"),
        CheckConstraint("status IN ('open', 'confirmed', 'rejected')", name="status"),
        Index("placement_review_status_idx", "status", "id"),
        Index("placement_review_block_code_idx", "block_code"),
    )
