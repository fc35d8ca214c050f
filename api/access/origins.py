# SPDX-License-Identifier: Apache-2.0
"""Whether a request with a cookie comes from a page of ours: no other site may act in a signed-in person's name."""

from __future__ import annotations

from urllib.parse import urlsplit

from api.access.cookies import RawHeaders
from twin.errors import AccessDeniedError
from twin.settings import Settings
from twin.text import Text

_OWN_SITE = frozenset({b"same-origin", b"none"})


def check_own_page(headers: RawHeaders, settings: Settings) -> None:
    """For a write that carries nothing but a cookie. Raises AccessDeniedError.

    Our pages send `X-Requested-With: twin`, which another site's script cannot without being allowed to.
    """
    headers = list(headers)
    if not any(name == b"x-requested-with" and value == b"twin" for name, value in headers):
        raise AccessDeniedError(
            Text(
                "以会话登录的写操作需要请求头 X-Requested-With: twin。",
                "A write with a session needs the header X-Requested-With: twin.",
            )
        )
    check_own_site(headers, settings)


def check_own_site(headers: RawHeaders, settings: Settings) -> None:
    """What the browser itself says of the page that asks, where it does. Raises AccessDeniedError."""
    host = origin = site = b""
    for name, value in headers:
        if name == b"host":
            host = value
        elif name == b"origin":
            origin = value
        elif name == b"sec-fetch-site":
            site = value
    if (site and site not in _OWN_SITE) or (origin and not _is_own(origin.decode("latin-1"), host, settings)):
        raise AccessDeniedError(
            Text(
                "请求来自其他网站的页面,已拒绝。若服务在代理之后,请设置 TWIN_PUBLIC_URL。",
                "The request comes from another site's page and is refused. Behind a proxy, set TWIN_PUBLIC_URL.",
            )
        )


def _is_own(origin: str, host: bytes, settings: Settings) -> bool:
    place = urlsplit(origin).netloc.lower()
    public = urlsplit(settings.public_url).netloc.lower() if settings.public_url else ""
    return bool(place) and place in (host.decode("latin-1").lower(), public)
