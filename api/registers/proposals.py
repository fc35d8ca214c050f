# SPDX-License-Identifier: Apache-2.0
"""Corrections from the field: proposed by whoever is there, decided on by a steward; history keeps both."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field

from api.http.parameters import parse_code, refuse_unknown
from api.http.response import JSON
from api.pool import as_owner
from api.registers.editing import (
    Edit,
    as_asker,
    check_geometry,
    check_person,
    check_reach,
    check_steward,
    read_current,
    write_version,
)
from api.registers.photos import link_photos
from api.registers.proposal_reading import SELECT_PROPOSAL, describe_proposal, has_moved, lock_proposal, read_proposal
from api.registers.versions import format_version
from api.services import Services, get_actor, get_services
from layers.editable import check_changes, check_text
from layers.registry import find_layer
from twin.access import Actor
from twin.errors import AccessDeniedError, ConflictError, InvalidRequestError
from twin.model.table import STORAGE_SRID
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["proposals"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]


class NewProposal(BaseModel):
    """What should be otherwise, and why. `geometry` is GeoJSON in longitude and latitude; `photos` are of /photos."""

    model_config = ConfigDict(extra="forbid")

    layer: str
    feature_id: int
    changes: dict[str, Any] = Field(default_factory=dict)
    geometry: dict[str, Any] | None = None
    reason: str
    photos: list[str] = Field(default_factory=list[str], max_length=10)
    photo: str | None = None


class Acceptance(BaseModel):
    """`despite_change` accepts what was proposed of a feature that has changed since in the same fields."""

    model_config = ConfigDict(extra="forbid")

    despite_change: bool = False
    reason: str | None = None


class Rejection(BaseModel):
    """Why the proposal is not accepted; its proposer reads it."""

    model_config = ConfigDict(extra="forbid")

    reason: str


@router.post("/proposals", status_code=201, summary="Propose a correction")
async def create_proposal(request: Request, actor: AsActor, services: With, body: NewProposal) -> Response:
    """Of a building, unit, address, park or village that you see."""
    check_person(actor)
    layer = find_layer(body.layer)
    changes = check_changes(layer, body.changes, actor.access_class)
    geometry = None if body.geometry is None else check_geometry(layer, body.geometry)
    if not changes and geometry is None:
        raise InvalidRequestError(
            Text("请给出 changes 或 geometry。", "Give changes or a geometry: nothing is proposed."), "changes"
        )
    reason = check_text(body.reason, "reason")
    photos: list[str] = sorted({*body.photos, *([body.photo] if body.photo else [])})
    async with services.as_actor(actor) as connection:
        current = await read_current(connection, layer, body.feature_id)
    before = {name: current.values[name] for name in changes}
    if geometry is None and before == changes:
        raise InvalidRequestError(
            Text("建议与现值相同,无需更正。", "That is what it says already; there is nothing to correct."), "changes"
        )
    async with as_owner(services.pool) as connection:
        row = await (
            await connection.execute(
                "INSERT INTO proposal (layer, kind, feature_id, base_version, before, changes, geometry, reason, "
                "photos, role, token_id) VALUES (%s, %s, %s, %s, %s, %s, ST_GeomFromWKB(%s, %s), %s, %s, %s, %s) "
                "RETURNING id",
                (
                    layer.id, layer.kind, body.feature_id, current.version, Jsonb(before), Jsonb(changes), geometry,
                    STORAGE_SRID, reason, photos, actor.role, actor.token_id,
                ),
            )
        ).fetchone()  # fmt: skip
        assert row is not None
        await link_photos(connection, actor, photos, "proposal", row[0])
    headers = {"Location": str(request.url_for("get_proposal", proposal_id=row[0]))}
    return _answer({"id": row[0], "state": "open"}, 201, headers)


@router.get("/proposals", summary="Proposals: one's own; for the steward all within scope")
async def list_proposals(
    actor: AsActor, services: With,
    state: Literal["open", "accepted", "rejected", "withdrawn"] | None = None,
    layer: str | None = None,
    block: Annotated[str | None, Query(description="of features whose home is in this block")] = None,
    after: Annotated[int, Query(ge=0, lt=1 << 63)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:  # fmt: skip
    """The oldest first, with old and new of every field. `next` is the `after` of the next page."""
    _check_signed_in(actor)
    code = None if block is None else parse_code(block)
    values = {"state": state, "layer": layer, "after": after, "limit": limit + 1}
    async with as_asker(services, actor) as connection:
        cursor = await connection.execute(
            SELECT_PROPOSAL + " WHERE id > %(after)s AND (%(state)s::text IS NULL OR state = %(state)s) "
            "AND (%(layer)s::text IS NULL OR layer = %(layer)s) ORDER BY id LIMIT %(limit)s",
            values,
        )
        rows = await cursor.fetchall()
        shown = [await describe_proposal(connection, actor, row) for row in rows[:limit]]
    if code is not None:
        shown = [one for one in shown if (one["block_code"] or "").startswith(code)]
    return _answer({"proposals": shown, "next": rows[limit - 1][0] if len(rows) > limit else None})


@router.get("/proposals/{proposal_id}", summary="One proposal")
async def get_proposal(actor: AsActor, services: With, proposal_id: int) -> Response:
    """Its state, and old and new of every field; `changed_since` says whether the feature is another by now."""
    _check_signed_in(actor)
    async with as_asker(services, actor) as connection:
        return _answer(await describe_proposal(connection, actor, await read_proposal(connection, proposal_id)))


@router.post("/proposals/{proposal_id}/accept", summary="Accept a proposal")
async def accept_proposal(actor: AsActor, services: With, proposal_id: int, body: Acceptance | None = None) -> Response:
    """The correction is written as a new version of the feature, in one transaction with the decision."""
    check_steward(actor)
    wanted = body or Acceptance()
    reason = None if wanted.reason is None else check_text(wanted.reason, "reason")
    async with as_asker(services, actor) as connection:
        seen = await read_proposal(connection, proposal_id)
        layer = find_layer(seen[1])
        check_reach(actor, (await read_current(connection, layer, seen[2])).block_code)
    async with as_owner(services.pool) as connection:
        row = await lock_proposal(connection, proposal_id)
        changes, before, geometry, base = row[0], row[1], row[2], row[3]
        current = await read_current(connection, layer, seen[2], lock=True)
        conflicts = [name for name, old in before.items() if current.values[name] != old]
        if geometry is not None and current.version != base and await has_moved(connection, layer.kind, seen[2], base):
            conflicts.append("geometry")
        if conflicts and not wanted.despite_change:
            listed = ", ".join(conflicts)
            raise ConflictError(
                Text(
                    f"提出之后 {listed} 已被修改;确认仍要采纳请带 despite_change: true。",
                    f"Since it was proposed {listed} has changed; to accept it all the same send despite_change: true.",
                )
            )
        # Judged again: what may be written may have changed too.
        clean = check_changes(layer, changes, actor.access_class)
        version = await write_version(
            connection, layer, seen[2], Edit("proposal", actor, row[4], proposal_id),
            expected=None, changes=clean, geometry=None if geometry is None else bytes(geometry),
        )  # fmt: skip
        await connection.execute(
            "UPDATE proposal SET state = 'accepted', version = %s, decided_at = now(), decided_by = %s, decision = %s "
            "WHERE id = %s",
            (version, actor.token_id, reason, proposal_id),
        )
    return _answer({"id": proposal_id, "state": "accepted", "version": format_version(version)})


@router.post("/proposals/{proposal_id}/reject", summary="Reject a proposal")
async def reject_proposal(actor: AsActor, services: With, proposal_id: int, body: Rejection) -> Response:
    """With a reason, which the proposer reads."""
    check_steward(actor)
    reason = check_text(body.reason, "reason")
    async with as_asker(services, actor) as connection:
        seen = await read_proposal(connection, proposal_id)
        check_reach(actor, (await read_current(connection, find_layer(seen[1]), seen[2])).block_code)
    await _close(services, proposal_id, "rejected", actor, reason)
    return _answer({"id": proposal_id, "state": "rejected"})


@router.post("/proposals/{proposal_id}/withdraw", summary="Take one's own proposal back")
async def withdraw_proposal(actor: AsActor, services: With, proposal_id: int) -> Response:
    """As long as nobody has decided on it."""
    _check_signed_in(actor)
    async with as_asker(services, actor) as connection:
        seen = await read_proposal(connection, proposal_id)
    if seen[10] != actor.token_id:
        raise AccessDeniedError(
            Text("只有提出者可以撤回;数据管理员请用 reject。", "Only its proposer takes it back; a steward rejects it.")
        )
    await _close(services, proposal_id, "withdrawn", actor, None)
    return _answer({"id": proposal_id, "state": "withdrawn"})


async def _close(services: Services, proposal_id: int, state: str, actor: Actor, reason: str | None) -> None:
    async with as_owner(services.pool) as connection:
        await lock_proposal(connection, proposal_id)
        await connection.execute(
            "UPDATE proposal SET state = %s, decided_at = now(), decided_by = %s, decision = %s WHERE id = %s",
            (state, actor.token_id, reason, proposal_id),
        )


def _check_signed_in(actor: Actor) -> None:
    if actor.token_id is None:
        raise AccessDeniedError(Text("请先登录。", "Sign in first."))


def _answer(body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, {"Cache-Control": "no-store", **(headers or {})}, JSON)
