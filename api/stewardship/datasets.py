# SPDX-License-Identifier: Apache-2.0
"""Datasets: what people say of them, and what was counted. For the steward."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final, LiteralString

import orjson
from fastapi import APIRouter, Body, Depends, Query, Response
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.http.parameters import MAX_LIMIT, parse_code, refuse_unknown
from api.http.refusals import explain_refusal
from api.http.response import GEOJSON, JSON
from api.intake.jobs import OVERSEERS
from api.measures.profile import narrow_to_scope
from api.pool import as_owner
from api.services import Services, get_actor, get_services
from api.sql import read_sql
from twin.access import Actor
from twin.errors import AccessDeniedError, NotFoundError, Problem, RefusedError
from twin.personal import find_personal
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["datasets"])

With = Annotated[Services, Depends(get_services)]

_HEADERS: Final = {"Cache-Control": "no-store"}
_NAMED: Final = (
    "id", "kind", "source_id", "title", "owner", "steward", "licence", "note", "refresh_days", "access_class", "block",
    "crs", "last_load_id", "loaded_at", "is_overdue", "read", "rejected",
)  # fmt: skip

_FIND_BLOCK: LiteralString = """
    SELECT FROM valid_block JOIN block_scheme USING (scheme) WHERE is_governance AND code = %s
"""
_UPDATE: LiteralString = """
    UPDATE dataset SET title = %(title)s, owner = %(owner)s, steward = %(steward)s, licence = %(licence)s,
        note = %(note)s, refresh_days = %(refresh_days)s, access_class = %(access_class)s, block_code = %(block)s
    WHERE id = %(id)s
"""
_READ: LiteralString = """
    SELECT title, owner, steward, licence, note, refresh_days, access_class, block_code AS block FROM dataset
    WHERE id = %s FOR UPDATE
"""


async def get_steward(actor: Annotated[Actor, Depends(get_actor)]) -> Actor:
    """The actor, who must be a steward or an administrator. Raises AccessDeniedError."""
    if actor.role not in OVERSEERS:
        raise AccessDeniedError(
            Text("数据集目录对数据管理员和系统管理员开放。", "Datasets are for the steward and the administrator.")
        )
    return actor


Steward = Annotated[Actor, Depends(get_steward)]


class Title(BaseModel):
    """A title in both languages."""

    model_config = ConfigDict(extra="forbid")
    zh: str = Field(min_length=1, max_length=80)
    en: str = Field(min_length=1, max_length=80)


class GivenDataset(BaseModel):
    """What people say of a dataset. What is not given stays; null takes it away."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    title: Title | None = None
    owner: str | None = Field(default=None, min_length=1, max_length=100)
    steward: str | None = Field(default=None, min_length=1, max_length=100)
    licence: str | None = Field(default=None, min_length=1, max_length=200)
    note: str | None = Field(default=None, max_length=2000)
    refresh_days: int | None = Field(default=None, ge=1, le=3660, strict=True)
    access_class: int | None = Field(default=None, ge=1, le=4, strict=True)
    block: str | None = Field(default=None, pattern=r"^[0-9A-Za-z]{1,32}$")


@router.get("/datasets", summary="The datasets: who answers for them, how fresh and complete they are")
async def list_datasets(
    actor: Steward, services: With,
    kind: Annotated[str | None, Query(max_length=100, description="as in /kinds, or blocks, model")] = None,
    block: Annotated[str | None, Query(description="figures of this block and below it")] = None,
    after: Annotated[int, Query(ge=0, description="from `next`")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:  # fmt: skip
    """By id. Figures are those of `computed_at`, of what the actor reaches; `is_stale`: loaded since and not counted.

    `coverage`: the share of base grids that any feature lies in or meets. `completeness`: the share of values that
    are there, over the columns of `fields`. `read` and `rejected` are the last load's, null to a scope. Degrees.
    """
    rows, issues = await _read(services, actor, _codes(actor, block), kind=kind, after=after, limit=limit + 1)
    listed = _gather(rows, issues, actor)
    following = listed[limit - 1]["id"] if len(listed) > limit else None
    return _answer({"datasets": listed[:limit], "next": following})


@router.get("/datasets/{dataset_id}", summary="One dataset")
async def get_dataset(
    actor: Steward, services: With, dataset_id: int,
    block: Annotated[str | None, Query(description="figures of this block and below it")] = None,
) -> Response:  # fmt: skip
    """As in the list."""
    return _answer(await _describe(services, actor, dataset_id, block))


@router.get("/datasets/{dataset_id}/issues", summary="What is wrong with a dataset")
async def list_dataset_issues(
    actor: Steward, services: With, dataset_id: int,
    after: Annotated[int, Query(ge=0, description="from `next`")] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 100,
) -> Response:  # fmt: skip
    """Open issues as GeoJSON, with their place where they have one; of a scoped steward only those in scope."""
    await _describe(services, actor, dataset_id, None)
    values = {"id": dataset_id, "after": after, "limit": limit + 1, "scope": list(actor.block_codes)}
    async with as_owner(services.pool) as connection:
        rows = await (await connection.execute(read_sql("dataset_issue_list"), values)).fetchall()
    body = {
        "type": "FeatureCollection", "features": [orjson.Fragment(row[1]) for row in rows[:limit]],
        "next": rows[limit - 1][0] if len(rows) > limit else None,
    }  # fmt: skip
    return Response(orjson.dumps(body), media_type=GEOJSON, headers=_HEADERS)


@router.put("/datasets/{dataset_id}", summary="Say who answers for a dataset, and what of it")
async def put_dataset(
    actor: Steward, services: With, dataset_id: int, body: Annotated[dict[str, Any], Body()]
) -> Response:
    """What is computed cannot be given. `steward` is a post, `owner` an organisation; neither names a person."""
    if not actor.is_unscoped:
        raise AccessDeniedError(
            Text("范围受限的管理员不能修改数据集说明。", "A steward of some blocks only may not say what a dataset is.")
        )
    given = _check(body)
    await _describe(services, actor, dataset_id, None)
    said = given.model_dump(include=given.model_fields_set)
    if (said.get("access_class") or 0) > actor.access_class:
        raise RefusedError(
            Text(
                f"密级不能高于您自己的({actor.access_class} 级)。",
                f"The class may not be above your own ({actor.access_class}): you would not see it any more.",
            )
        )
    async with as_owner(services.pool) as connection:
        if said.get("block") and await (await connection.execute(_FIND_BLOCK, (said["block"],))).fetchone() is None:
            raise RefusedError(Text(f"没有编码为 {said['block']} 的块。", f"No block has the code {said['block']}."))
        cursor = await connection.execute(_READ, (dataset_id,))
        row = await cursor.fetchone()
        if row is None or cursor.description is None:
            raise _no_dataset(dataset_id)
        before = {column.name: value for column, value in zip(cursor.description, row, strict=True)}
        values: dict[str, Any] = before | said | {"id": dataset_id}
        values["title"] = Jsonb(values["title"]) if values["title"] else None
        await connection.execute(_UPDATE, values)
    return _answer(await _describe(services, actor, dataset_id, None))


def _check(body: dict[str, Any]) -> GivenDataset:
    """Raises RefusedError with every field that is wrong."""
    try:
        given = GivenDataset.model_validate(body)
    except ValidationError as error:
        problems = [
            Problem(
                ".".join(str(part) for part in wrong["loc"]),
                explain_refusal(wrong),
                Text("可给出的字段见文档", f"fields: {', '.join(GivenDataset.model_fields)}"),
            )
            for wrong in error.errors(include_url=False)
        ]
        named = ", ".join(problem.where for problem in problems)
        raise RefusedError(
            Text(f"数据集说明有误:{named}。", f"What is said of the dataset is wrong: {named}."), problems
        ) from error
    for name in ("owner", "steward", "note"):
        found = find_personal(getattr(given, name) or "")
        if found is not None:
            raise RefusedError(
                Text(f"{name} 含有{found.zh},请填写单位或岗位。", f"{name} holds {found.en}; name a body or a post.")
            )
    return given


async def _describe(services: Services, actor: Actor, dataset_id: int, block: str | None) -> dict[str, Any]:
    rows, issues = await _read(services, actor, _codes(actor, block), dataset_id=dataset_id, limit=1)
    if not rows:
        raise _no_dataset(dataset_id)
    return _gather(rows, issues, actor)[0]


async def _read(
    services: Services, actor: Actor, codes: list[str], *, kind: str | None = None, dataset_id: int | None = None,
    after: int = 0, limit: int,
) -> tuple[list[tuple[Any, ...]], dict[int, int]]:  # fmt: skip
    values = {"codes": codes, "kind": kind, "id": dataset_id, "after": after, "limit": limit}
    async with services.as_actor(actor) as connection:
        rows = await (await connection.execute(read_sql("datasets"), values)).fetchall()
    about = {"ids": sorted({row[0] for row in rows}), "scope": [code for code in codes if code]}
    async with as_owner(services.pool) as connection:
        counted = await (await connection.execute(read_sql("dataset_issues"), about)).fetchall()
    return rows, {row[0]: row[1] for row in counted}


def _codes(actor: Actor, block: str | None) -> list[str]:
    """The blocks whose figures are shown, none within another; '' is everything. Raises AccessDeniedError."""
    codes = narrow_to_scope(actor, "" if block is None else parse_code(block))
    if not codes:
        raise AccessDeniedError(
            Text(f"块 {block} 不在您的权限范围之内。", f"The block {block} lies outside your scope.")
        )
    return codes


def _gather(rows: list[tuple[Any, ...]], issues: dict[int, int], actor: Actor) -> list[dict[str, Any]]:
    """One entry a dataset out of its rows, one a block that was asked for."""
    by_id: dict[int, list[tuple[Any, ...]]] = {}
    for row in rows:
        by_id.setdefault(row[0], []).append(row)
    return [_make_entry(parts, issues.get(dataset_id, 0), actor) for dataset_id, parts in by_id.items()]


def _make_entry(parts: list[tuple[Any, ...]], issues: int, actor: Actor) -> dict[str, Any]:
    entry: dict[str, Any] = dict(zip(_NAMED, parts[0], strict=False))
    is_counted, names, computed_at, is_stale = parts[0][17:21]
    counted = [part for part in parts if part[21] is not None]
    rows = sum(part[21] for part in counted)
    filled = [sum(part[22][n] for part in counted) for n in range(len(names))]
    grids = sum(part[25] or 0 for part in parts)
    extents = [part[23] for part in counted if part[23] is not None]
    if not actor.is_unscoped:
        # The last load's rows lay anywhere.
        entry["read"] = entry["rejected"] = None
    loaded_at = entry["loaded_at"]
    return entry | {
        # What is in it may be of a higher class than was said.
        "access_class": max([entry["access_class"] or 0, *(part[24] for part in counted)]) or 2,
        "stated_class": entry["access_class"],
        "rows": rows if is_counted else None,
        "coverage": round(sum(part[26] or 0 for part in parts) / grids, 4) if is_counted and grids else None,
        "extent": _unite(extents),
        "age_days": None if loaded_at is None else (datetime.now(UTC) - loaded_at).days,
        "is_overdue": bool(entry["is_overdue"]),
        "completeness": round(sum(filled) / (rows * len(names)), 4) if rows and names else None,
        "fields": [
            {"name": name, "filled": round(full / rows, 4)} for name, full in zip(names, filled, strict=True)
        ] if rows else [],
        "issues": issues, "computed_at": computed_at, "is_stale": is_stale,
    }  # fmt: skip


def _unite(extents: list[list[float]]) -> list[float] | None:
    if not extents:
        return None
    west, south, east, north = zip(*extents, strict=True)
    return [round(side, 7) for side in (min(west), min(south), max(east), max(north))]


def _answer(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), media_type=JSON, headers=_HEADERS)


def _no_dataset(dataset_id: int) -> NotFoundError:
    return NotFoundError(
        Text(
            f"没有编号为 {dataset_id} 的数据集,或它高于您的密级。",
            f"There is no dataset {dataset_id}, or it is above your class.",
        )
    )
