# SPDX-License-Identifier: Apache-2.0
"""Any table as text columns, with its geometry if it has one: CSV, spreadsheet, vector file, PostgreSQL table."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import psycopg
import pyogrio
import shapely
from psycopg import sql

from ingest.readers.table import read_table
from ingest.readers.vector import SUFFIXES, read_vector
from ingest.spatialise.columns import Columns
from twin.crs import DeclaredCrs, parse_crs
from twin.errors import RefusedError
from twin.text import Text

SPREADSHEETS: Final = frozenset({".xlsx", ".ods"})
SERVER: Final = "postgresql:"

_SERVER_PATH: Final = re.compile(r"postgresql:([A-Za-z0-9_]+)#(?:([^.#]+)\.)?([^.#]+)")


@dataclass(frozen=True)
class AnyTable:
    """Rows as text (index: the row's number from 1), their geometries if the file has any, and its stated CRS."""

    text: pd.DataFrame
    geometry: npt.NDArray[Any] | None
    stated: DeclaredCrs | None

    @property
    def has_geometry(self) -> bool:
        """Whether the rows have geometries of their own."""
        return self.geometry is not None


@dataclass(frozen=True)
class Points:
    """A geometry for each row or None, in the declared CRS; `is_broken`: something is there and is no number."""

    geometry: npt.NDArray[Any]
    is_broken: npt.NDArray[np.bool_]


def read_any_table(path: Path, layer: str | None = None) -> AnyTable:
    """Read a table by what its name says it is; `postgresql:NAME#schema.table` is read from a server.

    Raises RefusedError for what cannot be read.
    """
    if str(path).startswith(SERVER):
        return _read_server(str(path))
    if not path.exists():
        raise RefusedError(Text(f"没有文件 {path}。", f"There is no file {path}."))
    suffix = path.suffix.lower()
    if suffix in SPREADSHEETS:
        return _read_spreadsheet(path, layer)
    if suffix in SUFFIXES:
        file = read_vector(path, layer)
        return AnyTable(_as_text(file.frame.drop(columns="geometry")), np.asarray(file.frame.geometry), file.stated)
    return AnyTable(read_table(path), None, None)


def _read_spreadsheet(path: Path, layer: str | None) -> AnyTable:
    try:
        sheets = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
        if layer is None and len(sheets) > 1:
            raise RefusedError(
                Text(
                    f"{path.name} 有 {len(sheets)} 个工作表,请用 --layer 指定:{', '.join(sheets)}。",
                    f"{path.name} has {len(sheets)} sheets; name one with --layer: {', '.join(sheets)}.",
                )
            )
        # Cells stay the text they are: codes keep their leading zeros.
        frame = pyogrio.read_dataframe(
            path,
            layer=layer or (sheets[0] if sheets else None),
            read_geometry=False,
            HEADERS="FORCE",
            FIELD_TYPES="STRING",
        )
    except (RuntimeError, ValueError) as error:
        raise RefusedError(Text(f"读不了 {path.name}:{error}", f"{path.name} cannot be read: {error}")) from error
    if not len(frame.columns):
        raise RefusedError(Text(f"{path.name} 是空表。", f"{path.name} is empty."))
    frame.columns = [str(column).strip() for column in frame.columns]
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return AnyTable(_as_text(frame), None, None)


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    columns = {str(name): frame[name].map(_write, na_action="ignore").astype("string") for name in frame.columns}
    return pd.DataFrame(columns, index=frame.index)


def _write(value: Any) -> str:
    # Whole numbers that a format or a gap made fractions are whole again: they may be codes.
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _read_server(path: str) -> AnyTable:
    found = _SERVER_PATH.fullmatch(path)
    if not found:
        raise RefusedError(
            Text(
                f"“{path}”应写作 postgresql:名称#模式.表;连接放在环境变量 TWIN_SOURCE_名称_URL 里。",
                f"'{path}' is written postgresql:NAME#schema.table; the connection is TWIN_SOURCE_NAME_URL.",
            )
        )
    name, schema, table = found[1], found[2] or "public", found[3]
    variable = f"TWIN_SOURCE_{name.upper()}_URL"
    url = os.environ.get(variable)
    if not url:
        raise RefusedError(
            Text(
                f"没有设置环境变量 {variable}(PostgreSQL 连接)。", f"{variable}, the PostgreSQL connection, is not set."
            )
        )
    try:
        with psycopg.connect(url) as connection:
            connection.read_only = True
            return _read_relation(connection, schema, table)
    except psycopg.Error as error:
        # The driver's own words may carry the connection string, so only the class of the error is told.
        reason = type(error).__name__
        raise RefusedError(
            Text(
                f"从 {name} 读不了 {schema}.{table}:{reason}。",
                f"{schema}.{table} cannot be read from {name}: {reason}.",
            )
        ) from error


def _read_relation(connection: psycopg.Connection, schema: str, table: str) -> AnyTable:
    rows = connection.execute(
        "SELECT column_name, udt_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s "
        "ORDER BY ordinal_position",
        (schema, table),
    ).fetchall()
    if not rows:
        raise RefusedError(Text(f"没有表 {schema}.{table}。", f"There is no table {schema}.{table}."))
    shape = next((name for name, kind in rows if kind in {"geometry", "geography"}), None)
    plain = [name for name, kind in rows if kind not in {"geometry", "geography", "bytea"}]
    wanted = [sql.SQL("{}::text").format(sql.Identifier(name)) for name in plain]
    if shape:
        # Arcs are what nothing behind this knows.
        wanted.append(sql.SQL("ST_AsBinary(ST_CurveToLine({}::geometry))").format(sql.Identifier(shape)))
        wanted.append(sql.SQL("ST_SRID({}::geometry)").format(sql.Identifier(shape)))
    records = connection.execute(
        sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(wanted), sql.Identifier(schema, table))
    ).fetchall()
    frame = pd.DataFrame([record[: len(plain)] for record in records], columns=plain, dtype="string")
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    if not shape:
        return AnyTable(frame, None, None)
    srids = {record[-1] for record in records} - {None, 0}
    if len(srids) > 1:
        listed = ", ".join(str(srid) for srid in sorted(srids))
        raise RefusedError(
            Text(
                f"{schema}.{table} 的几何有几种坐标系({listed})。请先统一到一种。",
                f"The geometries of {schema}.{table} are in several CRS ({listed}). Bring them into one first.",
            )
        )
    stated = parse_crs(str(srids.pop())) if len(srids) == 1 else None
    return AnyTable(frame, shapely.from_wkb([record[-2] for record in records]), stated)


def read_points(table: AnyTable, columns: Columns) -> Points:
    """The rows' own geometries, or where they have none points of their x and y. `0, 0` and blanks are no place."""
    count = len(table.text)
    geometry = np.full(count, None, dtype=object)
    broken = np.zeros(count, dtype=bool)
    if columns.has_coordinates:
        texts = [table.text[columns.fields[axis]].str.strip() for axis in ("x", "y")]
        given = np.asarray(texts[0].fillna("").ne("") & texts[1].fillna("").ne(""))
        x, y = (pd.to_numeric(t, errors="coerce").to_numpy(dtype=float, na_value=np.nan) for t in texts)
        is_number = np.isfinite(x) & np.isfinite(y)
        broken = given & ~is_number
        placed = given & is_number & ~((x == 0) & (y == 0))
        geometry[placed] = shapely.points(x[placed], y[placed])
    if table.geometry is not None:
        own = ~shapely.is_missing(table.geometry) & ~shapely.is_empty(table.geometry)
        geometry[own] = table.geometry[own]
        broken &= ~own
    return Points(geometry, broken)
