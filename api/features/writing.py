# SPDX-License-Identifier: Apache-2.0
"""Features made, changed and deleted in the database: put into blocks as a load does, with who and why beside."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

import shapely
from psycopg.sql import SQL, Composable, Identifier, Literal, Placeholder
from psycopg.types.json import Jsonb

from api.features.placing import find_places, is_shown_as, write_blocks
from api.features.receive import Received
from api.features.writing_rules import beyond_class, check_class, check_code, check_free, check_twice, read_classes
from api.registers.editing import Connection, check_reach, has_changed
from layers import business
from layers.editable import Value, check_whole
from layers.layer import Layer
from layers.receivable import ACCESS_CLASS, RECEIVABLE, split_attributes
from twin.access import Actor
from twin.model.table import STORAGE_SRID

SOURCE: Final = "api"
"""The source of what is made here: no file's list of features ends it."""

_RECORD: Final[LiteralString] = """
    INSERT INTO feature_edit (kind, feature_id, version, action, fields, reason, role, token_id)
    SELECT %s, made.id, made.version, %s, %s, %s, %s, %s
    FROM unnest(%s::bigint[], %s::timestamptz[]) AS made(id, version)
"""
_CLOSE_REVIEW: Final[LiteralString] = """
    SELECT reject_placement(id, %s) FROM placement_review
    WHERE feature_id = %s AND layer_code = %s AND status = 'open'
"""
"""Who placed a feature by hand has decided on where it was thought to be."""


@dataclass(frozen=True)
class Written:
    """A feature after a write: its id, version and home."""

    feature_id: int
    version: datetime
    block_code: str


@dataclass(frozen=True)
class Stored:
    """A feature as it stands and is locked; `geometry` is a shape of the storage CRS or None."""

    feature_id: int
    version: datetime
    block_code: str
    access_class: int
    values: Mapping[str, Any]
    attributes: Mapping[str, Any]
    geometry: Any


@dataclass(frozen=True)
class Change:
    """What a writer does, who that is and why."""

    action: str
    actor: Actor
    reason: str | None


async def create_features(
    connection: Connection, layer: Layer, features: Sequence[Received], change: Change
) -> list[Written]:
    """Make all of them in the caller's transaction. Raises AccessDeniedError, RefusedError."""
    floor, usual = await read_classes(connection, layer)
    places = await find_places(connection, layer, [feature.shape for feature in features])
    rows: list[dict[str, Any]] = []
    for number, (feature, place) in enumerate(zip(features, places, strict=True)):
        where = f"features[{number}]." if len(features) > 1 else ""
        check_reach(change.actor, place.home)
        access_class = usual if feature.given.access_class is None else feature.given.access_class
        check_class(change.actor, access_class, usual, floor)
        columns, attributes = split_attributes(layer, feature.given.values)
        check_whole(columns, columns)
        await check_code(connection, layer, columns, f"{where}properties.code", None)
        rows.append(columns | _business_columns(layer, attributes) | {
            "source_id": SOURCE, "local_id": secrets.token_hex(12), "block_code": place.home,
            "spans_blocks": bool(place.meets), "access_class": access_class,
            "geometry": shapely.to_wkb(feature.shape),
        })  # fmt: skip
    check_twice(layer, rows)
    made = await _insert(connection, layer, rows)
    written = [Written(*made[row["local_id"]], row["block_code"]) for row in rows]
    for one, place in zip(written, places, strict=True):
        if place.meets:
            await write_blocks(connection, layer.kind, one.feature_id, place)
    fields = sorted({*features[0].given.values, "geometry"})
    await _record(connection, layer, written, change, fields)
    return written


async def read_stored(connection: Connection, layer: Layer, feature_id: int) -> Stored | None:
    """The row, locked until the end of the transaction; None where it is gone.

    Raises ProtocolError (412) where somebody was faster while this waited for the lock: a row that is younger than the
    transaction would not get into the history.
    """
    names = _column_names(layer)
    attributes = SQL("attributes") if layer.kind == business.KIND else SQL("'{}'::jsonb")
    text = SQL(
        "SELECT recorded_at, block_code, access_class, {}, ST_AsBinary(geometry), recorded_at < now(), {} "
        "FROM {} WHERE id = %s FOR UPDATE"
    ).format(attributes, SQL(", ").join(map(Identifier, names)), Identifier(layer.kind))
    row = await (await connection.execute(text, (feature_id,))).fetchone()
    if row is None:
        return None
    if not row[5]:
        raise has_changed()
    return Stored(
        feature_id, row[0], row[1], row[2], dict(zip(names, row[6:], strict=True)), row[3],
        None if row[4] is None else shapely.from_wkb(bytes(row[4])),
    )  # fmt: skip


async def update_feature(
    connection: Connection, layer: Layer, stored: Stored, received: Received, change: Change
) -> Written:
    """Write what differs; nothing that differs is no new version. Raises AccessDeniedError, RefusedError."""
    check_owned(change.actor, stored)
    floor, _ = await read_classes(connection, layer)
    columns, attributes = split_attributes(layer, received.given.values)
    new: dict[str, Any] = {name: value for name, value in columns.items() if stored.values[name] != value}
    changed = sorted(new)
    kept = {key: value for key, value in {**stored.attributes, **attributes}.items() if value is not None}
    if layer.kind == business.KIND and kept != {k: v for k, v in stored.attributes.items() if v is not None}:
        new["attributes"] = Jsonb(kept)
        changed += sorted(key for key, value in attributes.items() if stored.attributes.get(key) != value)
    wanted = received.given.access_class
    if wanted is not None and wanted != stored.access_class:
        check_class(change.actor, wanted, stored.access_class, floor)
        new[ACCESS_CLASS] = wanted
        changed.append(ACCESS_CLASS)
    place = None
    if received.shape is not None and not is_shown_as(stored.geometry, received.shape):
        place = (await find_places(connection, layer, [received.shape]))[0]
        check_reach(change.actor, place.home)
        new |= {"geometry": shapely.to_wkb(received.shape), "block_code": place.home,
                "spans_blocks": bool(place.meets)}  # fmt: skip
        if layer.kind == business.KIND:
            new |= {"match_level": "coordinate", "confidence": 1.0, "address_id": None}
        changed.append("geometry")
    if not new:
        return Written(stored.feature_id, stored.version, stored.block_code)
    check_whole({**stored.values, **columns}, [name for name in changed if name in columns])
    if "code" in new:
        await check_code(connection, layer, columns, "properties.code", stored.feature_id)
    assignments = [SQL("{} = {}").format(Identifier(name), _bind(name)) for name in new]
    text = SQL("UPDATE {} SET {} WHERE id = {} RETURNING recorded_at").format(
        Identifier(layer.kind), SQL(", ").join(assignments), Literal(stored.feature_id)
    )
    row = await (await connection.execute(text, new)).fetchone()
    assert row is not None
    if place is not None:
        await write_blocks(connection, layer.kind, stored.feature_id, place)
        await connection.execute(_CLOSE_REVIEW, (f"token {change.actor.token_id}", stored.feature_id, layer.id))
    written = Written(stored.feature_id, row[0], stored.block_code if place is None else place.home)
    await _record(connection, layer, [written], change, changed)
    return written


async def delete_feature(connection: Connection, layer: Layer, stored: Stored, change: Change) -> None:
    """Take it away; its history stays. Raises AccessDeniedError, ConflictError where something hangs on it."""
    check_owned(change.actor, stored)
    await check_free(connection, layer, stored.feature_id)
    text = SQL("DELETE FROM {} WHERE id = %s RETURNING now()").format(Identifier(layer.kind))
    row = await (await connection.execute(text, (stored.feature_id,))).fetchone()
    assert row is not None
    gone = Written(stored.feature_id, row[0], stored.block_code)
    await _record(connection, layer, [gone], change, [])


def check_owned(actor: Actor, stored: Stored) -> None:
    """Raises AccessDeniedError for a feature that the actor sees and may not change."""
    check_reach(actor, stored.block_code)
    if stored.access_class > actor.access_class:
        raise beyond_class(actor)


def _column_names(layer: Layer) -> tuple[str, ...]:
    return RECEIVABLE[layer.id] if layer.id in RECEIVABLE else ("name",)


def _business_columns(layer: Layer, attributes: Mapping[str, Value]) -> dict[str, Any]:
    if layer.kind != business.KIND:
        return {}
    kept = {key: value for key, value in attributes.items() if value is not None}
    return {"layer_code": layer.id, "attributes": Jsonb(kept), "match_level": "coordinate", "confidence": 1.0}


async def _insert(
    connection: Connection, layer: Layer, rows: Sequence[Mapping[str, Any]]
) -> dict[str, tuple[int, datetime]]:
    """Id and version by local id. One statement, so that the triggers run once."""
    names = list(rows[0])
    values: dict[str, Any] = {}
    lines: list[Composable] = []
    for number, row in enumerate(rows):
        lines.append(SQL("({})").format(SQL(", ").join([_bind(name, number) for name in names])))
        values |= {f"{name}_{number}": row[name] for name in names}
    text = SQL("INSERT INTO {} ({}) VALUES {} RETURNING local_id, id, recorded_at").format(
        Identifier(layer.kind), SQL(", ").join(map(Identifier, names)), SQL(", ").join(lines)
    )
    made = await (await connection.execute(text, values)).fetchall()
    return {row[0]: (row[1], row[2]) for row in made}


def _bind(name: str, number: int | None = None) -> Composable:
    placeholder = Placeholder(name if number is None else f"{name}_{number}")
    if name == "geometry":
        return SQL("ST_GeomFromWKB({}, {})").format(placeholder, Literal(STORAGE_SRID))
    return placeholder


async def _record(
    connection: Connection, layer: Layer, written: Sequence[Written], change: Change, fields: Sequence[str]
) -> None:
    actor = change.actor
    await connection.execute(
        _RECORD,
        (
            layer.kind, change.action, list(fields), change.reason, actor.role, actor.token_id,
            [one.feature_id for one in written], [one.version for one in written],
        ),
    )  # fmt: skip
    if layer.kind == business.KIND:
        # The last that the transaction writes, or its version would be told of too early.
        await connection.execute("SELECT make_layer_version(%s, NULL, NULL)", (layer.id,))
