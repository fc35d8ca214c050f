# SPDX-License-Identifier: Apache-2.0
"""Links as OGC API wants them."""

from __future__ import annotations

from typing import Any

from fastapi import Request


def make_link(href: str, rel: str, media_type: str, title: str | None = None) -> dict[str, Any]:
    """One link object."""
    link: dict[str, Any] = {"href": href, "rel": rel, "type": media_type}
    if title is not None:
        link["title"] = title
    return link


def base_url(request: Request) -> str:
    """Where the client sees this server, without a slash at the end."""
    return str(request.base_url).rstrip("/")
