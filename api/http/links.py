# SPDX-License-Identifier: Apache-2.0
"""Links as OGC API wants them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, urlencode

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


def link_forms(request: Request, forms: Mapping[str, str], own: str) -> list[dict[str, Any]]:
    """A link to this answer (`self`), and one to it in each other form (`alternate`).

    forms: media types by name, as `choose_form` knows them; own: the name of the form of this answer.
    """
    links = [make_link(str(request.url), "self", forms[own])]
    # What is the same in all of them is written once: it is much of what a small page costs.
    plain = vary_url(request, f=None)
    joint = "&" if "?" in plain else "?"
    listed = {forms[own]}
    for name, media_type in forms.items():
        if media_type not in listed:
            listed.add(media_type)
            links.append(make_link(f"{plain}{joint}f={quote_plus(name)}", "alternate", media_type))
    return links


def vary_url(request: Request, **changed: str | None) -> str:
    """The address of this request with other parameters; None takes one away."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in changed]
    query = urlencode([*kept, *((name, value) for name, value in changed.items() if value is not None)])
    here = str(request.url).partition("?")[0]
    return f"{here}?{query}" if query else here
