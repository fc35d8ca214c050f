# SPDX-License-Identifier: Apache-2.0
"""What a writer may do to a feature beside its values: its access class, its code, and what still hangs on it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, LiteralString

from api.registers.editing import Connection
from layers import business
from layers.layer import Layer
from layers.receivable import ACCESS_CLASS, CODE_FORMS
from twin.access import Actor
from twin.errors import AccessDeniedError, ConflictError, Problem, RefusedError
from twin.text import Text

_CLASS: Final = 2
"""What a feature is where nobody says otherwise, as in a load."""

_HOLDERS: Final[Mapping[str, tuple[tuple[LiteralString, Text], ...]]] = {
    "building": (
        ("SELECT count(*) FROM storey WHERE building_id = %(id)s", Text("楼层", "storeys")),
        ("SELECT count(*) FROM unit WHERE building_id = %(id)s", Text("户", "units")),
        ("SELECT count(*) FROM model WHERE building_id = %(id)s", Text("模型", "models")),
    ),
    "industrial_park": (),
    "urban_village": (),
}
_OPEN_HAZARDS: Final[LiteralString] = (
    "SELECT count(*) FROM hazard WHERE object_kind = %(kind)s AND object_id = %(id)s "
    "AND state NOT IN ('verified', 'rejected')"
)


async def read_classes(connection: Connection, layer: Layer) -> tuple[int, int]:
    """The lowest class that a feature may have and the usual one: of a business layer both are its own."""
    if layer.kind != business.KIND:
        return 1, _CLASS
    cursor = await connection.execute("SELECT access_class FROM business_layer WHERE code = %s FOR UPDATE", (layer.id,))
    row = await cursor.fetchone()
    if row is None:
        raise ConflictError(Text(f"图层 {layer.id} 已撤回。", f"The layer {layer.id} has been withdrawn."))
    return int(row[0]), int(row[0])


def check_class(actor: Actor, wanted: int, before: int, floor: int) -> None:
    """Nobody hides a feature from himself; to lower a class is to publish, which is the administrator's."""
    if wanted > actor.access_class:
        raise beyond_class(actor)
    if wanted < floor:
        problem = Problem(
            f"properties.{ACCESS_CLASS}", Text("低于其图层的级别", "it is below its layer's"),
            Text(f"应不低于 {floor}", f"send {floor} or more"),
        )  # fmt: skip
        raise RefusedError(Text("安全级别不正确。", "The access class is wrong."), [problem])
    if wanted < before and actor.role != "admin":
        raise AccessDeniedError(
            Text(
                f"降低安全级别({before} 到 {wanted})由系统管理员进行。",
                f"To lower the access class ({before} to {wanted}) is for the administrator.",
            )
        )


def beyond_class(actor: Actor) -> AccessDeniedError:
    """That a class is above the actor's own."""
    return AccessDeniedError(
        Text(
            f"安全级别不能高于您自己的级别({actor.access_class})。",
            f"The access class may not be above your own, which is {actor.access_class}.",
        )
    )


async def check_code(
    connection: Connection, layer: Layer, columns: Mapping[str, Any], where: str, feature_id: int | None
) -> None:
    """A code of a known form is written in it, and no two buildings have the same."""
    code, form = columns.get("code"), CODE_FORMS.get(layer.id)
    if code is None or form is None:
        return
    cursor = await connection.execute("SELECT pattern FROM code_form WHERE kind = %s", (form,))
    row = await cursor.fetchone()
    if row is not None and not re.fullmatch(row[0], code):
        problem = Problem(
            where, Text("编码的格式不对", "the code has the wrong form"), Text(f"应为 {row[0]}", f"it is {row[0]}")
        )
        raise RefusedError(Text("编码不正确。", "The code is wrong."), [problem])
    if layer.kind == "building":
        # Nobody else asks and writes in between.
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('twin.building_code'))")
        cursor = await connection.execute(
            "SELECT FROM building WHERE code = %s AND id IS DISTINCT FROM %s LIMIT 1", (code, feature_id)
        )
        if await cursor.fetchone() is not None:
            raise _taken(where)


def check_twice(layer: Layer, rows: Sequence[Mapping[str, Any]]) -> None:
    """No two buildings of one request have the same code. Raises RefusedError."""
    if layer.kind != "building":
        return
    seen = set[str]()
    for number, row in enumerate(rows):
        code = row.get("code")
        if code is not None and code in seen:
            raise _taken(f"features[{number}].properties.code")
        seen |= set() if code is None else {code}


def _taken(where: str) -> RefusedError:
    problem = Problem(
        where, Text("已有建筑使用该编码", "another building has this code"), Text("核对编码", "check the code")
    )
    return RefusedError(Text("编码不正确。", "The code is wrong."), [problem])


async def check_free(connection: Connection, layer: Layer, feature_id: int) -> None:
    """What would be left without a place to belong to, or unfinished, is to be settled first."""
    if layer.kind not in _HOLDERS:
        return
    values = {"id": feature_id, "kind": layer.kind}
    holders: Sequence[tuple[LiteralString, Text]] = (
        *_HOLDERS[layer.kind], (_OPEN_HAZARDS, Text("未整改隐患", "open hazards")),
    )  # fmt: skip
    for text, what in holders:
        row = await (await connection.execute(text, values)).fetchone()
        if row and row[0]:
            raise ConflictError(
                Text(
                    f"该要素还有 {row[0]} 个{what.zh},请先处理后再删除。",
                    f"It still has {row[0]} {what.en}; settle those before it is deleted.",
                )
            )
