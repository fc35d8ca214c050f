# SPDX-License-Identifier: Apache-2.0
"""Counted cells of layers, which the tiles of far zooms are put together from."""

from __future__ import annotations

from sqlalchemy import BigInteger, Float, Integer, SmallInteger
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.table import Table


class TileCell(Table):
    """The features of one access class whose box has its middle in one cell of Web Mercator.

    x_sum, y_sum: of their places in the cell, each 0 to 1 from its north-western corner. folded: the layer's
    aggregated properties, in the order of its declaration.
    """

    __tablename__ = "tile_cell"

    layer: Mapped[str] = mapped_column(primary_key=True)
    cell_x: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    cell_y: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    access_class: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    rows: Mapped[int] = mapped_column(BigInteger)
    first_id: Mapped[int] = mapped_column(BigInteger)
    x_sum: Mapped[float] = mapped_column(Float)
    y_sum: Mapped[float] = mapped_column(Float)
    folded: Mapped[list[float | None]] = mapped_column(ARRAY(Float))


class TilePyramid(Table):
    """Up to which change a layer's cells are counted, and by which declaration."""

    __tablename__ = "tile_pyramid"

    layer: Mapped[str] = mapped_column(primary_key=True)
    declaration: Mapped[str]
    seq: Mapped[int] = mapped_column(BigInteger)
