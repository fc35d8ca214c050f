# SPDX-License-Identifier: Apache-2.0
"""Signing in at the identity provider: there, back again, and what is said to whom it is not for."""

from __future__ import annotations

import logging
import re
import secrets
from html import escape
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from api.access.cookies import set_cookie
from api.access.limits import find_address
from api.access.provider import Provider, RefusedSignInError
from api.access.session import end_carried, public_base, session_end, start_session
from api.http.html import render_page
from api.http.parameters import refuse_unknown
from api.pool import as_owner
from api.services import Services, get_services
from api.site.pages import page_response
from twin.access import hash_token
from twin.account import admit_identity, hash_identity
from twin.database import transaction
from twin.errors import InvalidRequestError, NotFoundError
from twin.oidc_mapping import decide_rights, find_values
from twin.settings import Settings
from twin.text import Text, negotiate_language

router = APIRouter(tags=["session"])

With = Annotated[Services, Depends(get_services)]

_FLOW_COOKIE: Final = "twin_oidc"
_FLOW_S: Final = 600
_PAGE: Final = re.compile(r"/(?:[a-z]{1,20})?")

_NO_RIGHTS: Final = Text(
    "您已通过身份认证,但该账号在本系统中没有对应的角色,因此没有访问权限。",
    "You are known to the identity provider, but nothing there stands for a role here, so you have no access.",
)
_DISABLED: Final = Text("您在本系统中的账号已停用。", "Your account here is disabled.")
_ASK: Final = Text("如需开通,请联系:{contact}。", "To be given access, ask: {contact}.")
_NOBODY_NAMED: Final = Text("本系统的管理员", "the administrator of this installation")
_AGAIN: Final = Text("重新登录", "Sign in again")
_HOME: Final = Text("返回首页", "To the front page")
_STALE: Final = Text(
    "这次登录已过期、已完成,或不是由此浏览器发起。请重新登录。",
    "This sign-in is over, was used already, or was not begun in this browser. Sign in again.",
)
_GIVEN_UP: Final = Text("身份提供方没有完成登录。", "The identity provider did not finish the sign-in.")
_TITLE: Final = Text("登录未完成", "Not signed in")

log = logging.getLogger("twin.access")


@router.get(
    "/sign-in/oidc", status_code=303, summary="Sign in at the identity provider",
    dependencies=[Depends(refuse_unknown)], response_class=RedirectResponse,
)  # fmt: skip
async def begin(request: Request, services: With, return_to: str = "/") -> Response:
    """Sends the browser there; it comes back to `return_to`, a page of ours. 404 where no provider is set up."""
    provider = _get_provider(services)
    if not _PAGE.fullmatch(return_to):
        raise InvalidRequestError(
            Text("return_to 应为本系统的页面,例如 /plan。", "return_to is a page of this server, like /plan."),
            "return_to",
        )
    services.sign_ins.begin(None, find_address(request.scope.get("client")))
    state, browser, nonce = (secrets.token_urlsafe(32) for _ in range(3))
    verifier = secrets.token_urlsafe(64)
    address = await provider.begin(
        redirect_uri=_callback(request, services.settings), state=state, nonce=nonce, verifier=verifier
    )
    async with as_owner(services.pool) as connection:
        await connection.execute(
            "DELETE FROM oidc_flow WHERE created_at < now() - %s * interval '1 second'", (_FLOW_S,)
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO oidc_flow (state_hash, browser_hash, nonce, verifier, return_to) VALUES (%s, %s, %s, %s, %s)",
            (hash_token(state), hash_token(browser), nonce, verifier, return_to),
        )
    response = RedirectResponse(address, 303, headers={"Cache-Control": "no-store"})
    # Lax: the browser comes back by a link of another site, and has to show that it began this.
    is_secure = request.url.scheme == "https"
    response.set_cookie(
        _flow_cookie(is_secure), browser, max_age=_FLOW_S, path="/", httponly=True, samesite="lax", secure=is_secure
    )
    return response


@router.get("/sign-in/oidc/callback", include_in_schema=False)
async def finish(
    request: Request, services: With, state: str = "", code: str = "", error: str = "", iss: str = ""
) -> Response:
    """Where the provider sends the browser back to. Other parameters are the provider's and mean nothing here."""
    provider = _get_provider(services)
    address = find_address(request.scope.get("client"))
    flow = await _take_flow(services, request, state)
    if flow is None:
        return _explain(request, 400, _STALE)
    nonce, verifier, return_to = flow
    if error or not code or (iss and iss != provider.issuer):
        log.warning("sign-in refused: the provider sent %s", re.sub(r"[^a-z_]", "", error)[:50] or "another issuer")
        return _explain(request, 400, _GIVEN_UP)
    try:
        claims = await provider.finish(
            code=code, redirect_uri=_callback(request, services.settings), nonce=nonce, verifier=verifier
        )
    except RefusedSignInError as refused:
        log.warning("sign-in refused: %s", refused.why)
        return _explain(request, 400, refused.text)
    secret = await run_in_threadpool(_admit, services.settings, provider, claims)
    if isinstance(secret, Text):
        return _explain(request, 403, secret, _name_contact(services.settings))
    services.sign_ins.succeed(None, address)
    await end_carried(request, services)
    response = RedirectResponse(return_to, 303, headers={"Cache-Control": "no-store"})
    set_cookie(request, response, secret, session_end(services.settings))
    response.delete_cookie(_flow_cookie(request.url.scheme == "https"), path="/", httponly=True, samesite="lax")
    return response


def _admit(settings: Settings, provider: Provider, claims: dict[str, Any]) -> str | Text:
    """The secret of a new session, or why there is none."""
    identity = hash_identity(provider.issuer, claims["sub"])
    login = claims.get(settings.oidc_login_claim)
    with transaction(settings) as connection:
        rights = decide_rights(connection, find_values(claims, settings.oidc_role_claim))
        if rights is None:
            # Who had a role here and has none there any more keeps no session of before.
            connection.execute(
                "UPDATE account_session SET ended_at = now() WHERE ended_at IS NULL "
                "AND account_id = (SELECT token_id FROM account WHERE identity_hash = %s)",
                (identity,),
            )
            return _NO_RIGHTS
        account_id = admit_identity(connection, identity, login if isinstance(login, str) else None, rights)
        if account_id is None:
            return _DISABLED
        return start_session(settings, connection, account_id, "oidc")


async def _take_flow(services: Services, request: Request, state: str) -> tuple[str, str, str] | None:
    """Nonce, verifier and page of a sign-in that this browser began; it is taken away, so that it is used once."""
    browser = request.cookies.get(_flow_cookie(request.url.scheme == "https"), "")
    async with as_owner(services.pool) as connection:
        cursor = await connection.execute(
            "DELETE FROM oidc_flow WHERE state_hash = %s RETURNING browser_hash, nonce, verifier, return_to, "
            "created_at > now() - %s * interval '1 second'",
            (hash_token(state), _FLOW_S),
        )
        row = await cursor.fetchone()
    if row is None or not row[4] or not secrets.compare_digest(row[0], hash_token(browser)):
        return None
    return row[1], row[2], row[3]


def _get_provider(services: Services) -> Provider:
    if services.provider is None:
        raise NotFoundError(
            Text("没有设置身份提供方(TWIN_OIDC_ISSUER)。", "No identity provider is set up here (TWIN_OIDC_ISSUER).")
        )
    return services.provider


def _callback(request: Request, settings: Settings) -> str:
    return f"{public_base(request, settings)}/sign-in/oidc/callback"


def _flow_cookie(is_secure: bool) -> str:
    return f"__Host-{_FLOW_COOKIE}" if is_secure else _FLOW_COOKIE


def _name_contact(settings: Settings) -> Text:
    zh, en = ((settings.access_contact,) * 2) if settings.access_contact else (_NOBODY_NAMED.zh, _NOBODY_NAMED.en)
    return Text(_ASK.zh.format(contact=zh), _ASK.en.format(contact=en))


def _explain(request: Request, status: int, *sentences: Text) -> Response:
    language = negotiate_language(request.headers.get("accept-language"))
    said = "".join(f"<p>{escape(sentence.in_language(language))}</p>" for sentence in sentences)
    title = _TITLE.in_language(language)
    links = (
        f'<ul><li><a href="/sign-in/oidc">{escape(_AGAIN.in_language(language))}</a></li>'
        f'<li><a href="/">{escape(_HOME.in_language(language))}</a></li></ul>'
    )
    response = page_response(render_page(title, f"<h1>{escape(title)}</h1>{said}{links}", language), status)
    response.headers["Cache-Control"] = "no-store"
    return response
