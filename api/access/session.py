# SPDX-License-Identifier: Apache-2.0
"""Sessions: who the asker is, and the cookie that a page carries instead of a token."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from api.access.actors import COOKIE
from api.features.district import read_district
from api.http.parameters import refuse_unknown
from api.services import Services, get_actor, get_services
from api.version import VERSION
from twin.access import Actor

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["session"])

_MONTH_S = 31 * 86_400


class SignIn(BaseModel):
    """What `POST /session` takes."""

    token: str = Field(min_length=1, max_length=200)


@router.get("/session", summary="Who asks")
async def get_session(
    response: Response,
    actor: Annotated[Actor, Depends(get_actor)],
    services: Annotated[Services, Depends(get_services)],
) -> dict[str, object]:
    """Role, scope, class, whom it acts for, and the district that this is.

    `scope`: the blocks in reach; empty for who reaches no block, but what is assigned to its `organisations`.
    """
    district = await read_district(services)
    response.headers["Cache-Control"] = "no-store"
    return {
        "role": actor.role,
        "scope": [district.code] if actor.is_unscoped and district else list(actor.granted_codes),
        "organisations": list(actor.organisations),
        "is_unscoped": actor.is_unscoped,
        "access_class": actor.access_class,
        "district": district.as_dict() if district else None,
        "synthetic": district.is_synthetic if district else False,
        "version": VERSION,
    }


@router.post("/session", status_code=204, summary="Sign in with a token")
async def sign_in(request: Request, body: SignIn, services: Annotated[Services, Depends(get_services)]) -> Response:
    """Gives the cookie that a page carries from now on. 401 for a token that is not valid."""
    await services.actors.find(body.token)
    response = Response(status_code=204)
    set_cookie(request, response, body.token)
    return response


@router.delete("/session", status_code=204, summary="Sign out")
async def sign_out() -> Response:
    """Takes the cookie away."""
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response


def set_cookie(request: Request, response: Response, token: str) -> None:
    """Scripts cannot read it, and no other site's page can make a browser send it."""
    response.set_cookie(
        COOKIE, token, max_age=_MONTH_S, path="/", httponly=True, samesite="strict",
        secure=request.url.scheme == "https",
    )  # fmt: skip
