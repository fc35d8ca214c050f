# SPDX-License-Identifier: Apache-2.0
"""Writes a new version of a feature: one transaction, history kept by the database, who and why beside it."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, LiteralString

import orjson
import shapely
from fastapi import Request
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Composable, Identifier
from psycopg.sql import Literal as Literal_

from api.http.errors import ProtocolError
from api.intake.jobs import OVERSEERS
from api.services import Services
from api.tiles.cache import make_etag
from layers.editable import EDITABLE, PLACED, Value, check_whole
from layers.layer import Layer
from twin.access import Actor
from twin.address.parts import PARTS, AddressParts, format_address
from twin.errors import AccessDeniedError, ConflictError, NotFoundError, Problem, RefusedError
from twin.model.table import STORAGE_SRID
from twin.text import Text

Connection = AsyncConnection[TupleRow]
Action = Literal["edit", "restore", "proposal"]

SET_ASKER: LiteralString = "SELECT set_config('twin.token', %s, true), set_config('twin.decides', %s, true)"
"""Says to the policies of proposals and photos who asks; bind `asker_settings`."""

NOT_PEOPLE: Final = frozenset({"public", "wall", "node", "auditor"})
"""The roles behind which nobody stands in the field: displays, machines, and whoever may not read data."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_VERTICES: Final = 100_000


@dataclass(frozen=True)
class Edit:
    """Who makes a version, how and why."""

    action: Action
    actor: Actor
    reason: str | None
    proposal_id: int | None = None


@dataclass(frozen=True)
class Current:
    """A feature as it stands: its version, home, and the columns that can be corrected."""

    feature_id: int
    version: datetime
    block_code: str
    values: Mapping[str, Any]


def asker_settings(actor: Actor) -> tuple[str, str]:
    """What `SET_ASKER` binds; a steward decides on what others propose."""
    return ("" if actor.token_id is None else str(actor.token_id), "true" if actor.role in OVERSEERS else "false")


def make_version_tag(version: datetime) -> str:
    """The strong ETag of a version of a feature: microseconds, so that a text's precision does not matter."""
    return f'"v{(version - _EPOCH) // timedelta(microseconds=1)}"'


def read_version_tag(request: Request) -> datetime:
    """The version that If-Match names. Raises ProtocolError (428 if it is missing, 412 if it is none of ours)."""
    header = request.headers.get("if-match", "").strip()
    if not header:
        raise ProtocolError(
            428,
            Text(
                "缺少 If-Match:请先读取记录,并带上它的 ETag。",
                "If-Match is missing: read the entry first and send its ETag.",
            ),
        )
    versions = _find_versions(header)
    if len(versions) != 1:
        raise has_changed()
    return next(iter(versions))


def check_preconditions(request: Request, version: datetime) -> None:
    """Whether a feature of the collections that is there in this version may be written.

    Every tag of a version names it, whatever it was shown as; `*` is any. Raises ProtocolError (428 if If-Match is
    missing; 412 if it names another version, or the feature was not to be there: `If-None-Match: *`).
    """
    if request.headers.get("if-none-match", "").strip() == "*":
        raise ProtocolError(
            412,
            Text("该要素已存在(If-None-Match: *)。", "The feature is there already (If-None-Match: *)."),
        )
    header = request.headers.get("if-match", "").strip()
    if not header:
        raise ProtocolError(
            428,
            Text(
                "缺少 If-Match:请先读取要素,并带上它的 ETag。",
                "If-Match is missing: read the feature first and send its ETag.",
            ),
        )
    if header != "*" and version not in _find_versions(header):
        raise has_changed()


def make_item_tag(version: datetime, body: bytes) -> bytes:
    """The strong ETag of one way of showing a version: address, CRS and what the reader may see make it differ."""
    return make_version_tag(version)[:-1].encode() + b"-" + make_etag(body)[1:]


def _find_versions(header: str) -> frozenset[datetime]:
    """The versions that the strong tags of a header name; a weak one names none."""
    tags = (part.strip() for part in header.split(","))
    found = (re.fullmatch(r'"v(\d{1,17})(?:-[0-9A-Za-z_+/=-]{1,64})?"', tag) for tag in tags)
    return frozenset(_EPOCH + timedelta(microseconds=int(match[1])) for match in found if match)


def check_steward(actor: Actor) -> None:
    """Raises AccessDeniedError for who may not edit; they propose instead."""
    if actor.role not in OVERSEERS:
        raise AccessDeniedError(
            Text(
                "只有数据管理员可直接修改;请用 POST /proposals 提交更正建议。",
                "Only the steward edits directly; propose the correction with POST /proposals.",
            )
        )


def check_person(actor: Actor) -> None:
    """Raises AccessDeniedError for the public, for displays and machines, and for who may not read data."""
    if actor.role in NOT_PEOPLE:
        raise AccessDeniedError(
            Text(f"角色 {actor.role} 不能提交,请用工作人员的令牌登录。", f"The role {actor.role} may not do this.")
        )


@asynccontextmanager
async def as_asker(services: Services, actor: Actor) -> AsyncGenerator[Connection]:
    """A transaction of `actor` in which own proposals and photos show too, and to a steward those of others."""
    async with services.as_actor(actor) as connection:
        await connection.execute(SET_ASKER, asker_settings(actor))
        yield connection


async def read_current(connection: Connection, layer: Layer, feature_id: int, *, lock: bool = False) -> Current:
    """The feature as this connection sees it. Raises NotFoundError."""
    names = _columns(layer)
    text = SQL("SELECT recorded_at, block_code, {} FROM {} AS feature WHERE id = %s {}").format(
        SQL(", ").join(Identifier(name) for name in names), Identifier(layer.kind), SQL("FOR UPDATE" if lock else "")
    )
    row = await (await connection.execute(text, (feature_id,))).fetchone()
    if row is None:
        raise NotFoundError(
            Text(
                f"图层 {layer.id} 中没有编号为 {feature_id} 的要素,或它不在您的权限范围内。",
                f"The layer {layer.id} has no feature {feature_id}, or none within your reach.",
            )
        )
    return Current(feature_id, row[0], row[1], dict(zip(names, row[2:], strict=True)))


async def write_version(
    connection: Connection, layer: Layer, feature_id: int, edit: Edit, *,
    expected: datetime | None, changes: Mapping[str, Value], geometry: bytes | None = None,
) -> datetime:  # fmt: skip
    """Write the changes and give the version that stands then; the same one if nothing differs.

    Runs as the owner: that `edit.actor` may see and change the feature is for the caller to have settled.
    Raises ProtocolError (412) where the feature is no longer the `expected` version, RefusedError where the whole
    would contradict itself.
    """
    current = await read_current(connection, layer, feature_id, lock=True)
    if expected is not None and current.version != expected:
        raise has_changed()
    new = {name: value for name, value in changes.items() if current.values[name] != value}
    is_moved = geometry is not None and await _differs(connection, layer, feature_id, geometry)
    if not new and not is_moved:
        return current.version
    check_whole({**current.values, **new}, new)
    assignments: list[Composable] = [SQL("{} = %s").format(Identifier(name)) for name in new]
    values: list[Any] = list(new.values())
    if layer.kind == "address" and new:
        whole: dict[str, Any] = {**current.values, **new}
        parts = {name: whole[name] for name in PARTS}
        assignments.append(SQL("normalised = %s"))
        values.append(format_address(AddressParts(**parts), "town"))
    if is_moved:
        assignments.append(SQL("geometry = ST_GeomFromWKB(%s, {})").format(Literal_(STORAGE_SRID)))
        values.append(geometry)
    text = SQL("UPDATE {} SET {} WHERE id = %s RETURNING recorded_at").format(
        Identifier(layer.kind), SQL(", ").join(assignments)
    )
    row = await (await connection.execute(text, [*values, feature_id])).fetchone()
    assert row is not None
    if is_moved:
        home = await (await connection.execute("SELECT place_feature(%s, %s)", (layer.kind, feature_id))).fetchone()
        assert home is not None
        check_reach(edit.actor, home[0])
    await connection.execute(
        "INSERT INTO feature_edit (kind, feature_id, version, action, fields, reason, proposal_id, role, token_id) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            layer.kind, feature_id, row[0], edit.action, [*new, *(["geometry"] if is_moved else [])], edit.reason,
            edit.proposal_id, edit.actor.role, edit.actor.token_id,
        ),
    )  # fmt: skip
    return row[0]


def check_reach(actor: Actor, home: str) -> None:
    """Raises AccessDeniedError where a feature's home lies outside the actor's scope: seen is not yet owned."""
    if not actor.reaches(home):
        raise AccessDeniedError(
            Text(
                f"该要素归属块 {home},不在您的权限范围内,不能由您修改。",
                f"The feature's home is the block {home}, outside your scope, so it is not yours to change.",
            )
        )


def check_geometry(layer: Layer, geometry: Mapping[str, Any]) -> bytes:
    """A GeoJSON geometry (longitude, latitude) as WKB. Raises RefusedError that says what is wrong with it."""
    if layer.id not in PLACED:
        raise _bad_geometry(
            Text("此图层的位置不能直接更正", "the place of this layer's features is not corrected by itself"),
            Text("请更正其所属建筑", "correct its building"),
        )
    try:
        shape = shapely.from_geojson(orjson.dumps(geometry))
    except (shapely.errors.ShapelyError, ValueError, TypeError):
        shape = None
    wanted = ("Point",) if layer.geometry == "point" else ("Polygon", "MultiPolygon")
    if shape is None or shape.is_empty or shape.geom_type not in wanted:
        raise _bad_geometry(
            Text(f"不是 {'/'.join(wanted)}", f"it is no {' or '.join(wanted)}"),
            Text("请提交经纬度的 GeoJSON 几何", "send a GeoJSON geometry in longitude and latitude"),
        )
    if shapely.count_coordinates(shape) > _MAX_VERTICES:
        raise _bad_geometry(Text("顶点太多", "it has too many vertices"), Text("请先简化", "simplify it"))
    west, south, east, north = shape.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise _bad_geometry(
            Text("坐标不是经纬度", "its coordinates are no longitudes and latitudes"),
            Text("请转换到 EPSG:4490", "transform it to EPSG:4490"),
        )
    if not shape.is_valid:
        reason = shapely.is_valid_reason(shape)
        raise _bad_geometry(Text(f"几何无效:{reason}", f"it is not valid: {reason}"), Text("请修正", "repair it"))
    return shapely.to_wkb(shapely.orient_polygons(shape) if layer.geometry == "polygon" else shape)


def _bad_geometry(what: Text, fix: Text) -> RefusedError:
    return RefusedError(Text("几何不正确。", "The geometry is wrong."), [Problem("geometry", what, fix)])


def has_changed() -> ProtocolError:
    """412: somebody was faster."""
    return ProtocolError(
        412,
        Text(
            "记录在您读取之后已被修改,请重新读取、核对后再提交。",
            "The entry has changed since you read it. Read it again, compare, and send it once more.",
        ),
    )


def _columns(layer: Layer) -> Sequence[str]:
    names = EDITABLE.get(layer.id)
    if names is None:
        raise ConflictError(Text(f"图层 {layer.id} 不接受更正。", f"The layer {layer.id} takes no corrections."))
    return tuple(dict.fromkeys((*names, *PARTS))) if layer.kind == "address" else names


async def _differs(connection: Connection, layer: Layer, feature_id: int, geometry: bytes) -> bool:
    text = SQL("SELECT geometry IS NULL OR ST_AsBinary(geometry) <> %s FROM {} WHERE id = %s").format(
        Identifier(layer.kind)
    )
    row = await (await connection.execute(text, (geometry, feature_id))).fetchone()
    return bool(row and row[0])
