# SPDX-License-Identifier: Apache-2.0
"""The catalogue as pages for people: tables and links, no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any, Final
from urllib.parse import quote

from fastapi import Request

from api.catalogue import CATALOGUE
from api.catalogue.record_layer import RECORDS, TYPES
from api.http.html import render_links, render_page, render_table, render_trail
from api.http.links import vary_url
from twin.text import Language, Text

_PATH: Final = f"/collections/{CATALOGUE}"
_HOME: Final = Text("首页", "Home")
_COLLECTIONS: Final = Text("图层", "Collections")
_RECORDS: Final = Text("记录", "Records")
_LOOK: Final = Text("看全部记录", "Look at all records")
_NEXT: Final = Text("下一页", "Next page")
_NONE: Final = Text("没有符合条件的记录。", "No record matches.")
_OTHER: Final = Text("其他格式:", "In other forms: ")
_LINKS: Final = Text("链接", "Links")
_COLUMNS: Final = ("type", "owner", "access_class", "coverage", "completeness", "updated")
_TITLES: Final = {p.name: p.title for p in RECORDS.properties}


def render_catalogue(request: Request, described: Mapping[str, Any], language: Language) -> str:
    """What the catalogue is."""
    links = [(f"{_PATH}/items", _RECORDS.in_language(language), _LOOK.in_language(language))]
    body = (
        f'<h1>{escape(described["title"])}</h1><p class="lead">{escape(described["description"])}</p>'
        f"{render_links(links)}{_link_form(request, 'json', language)}"
    )
    return render_page(described["title"], _trail(language, 1) + body, language)


def render_records(
    request: Request, rows: Sequence[Mapping[str, Any]], following: str | None, matched: int, language: Language
) -> str:
    """A page of records as a table."""
    lines = [
        [
            f'<a href="{_PATH}/items/{quote(row["id"])}">{escape(row["title"])}</a>',
            *(escape(_write(name, row[name], language)) for name in _COLUMNS),
        ]
        for row in rows
    ]
    headings = [_TITLES[name].in_language(language) for name in ("title", *_COLUMNS)]
    table = render_table(lines, headings, is_html=True) if lines else f"<p>{escape(_NONE.in_language(language))}</p>"
    more = "" if following is None else (
        f'<p><a rel="next" href="{escape(following)}">{escape(_NEXT.in_language(language))}</a></p>'
    )  # fmt: skip
    title = RECORDS.title.in_language(language)
    body = f"<h1>{escape(title)} · {matched}</h1>{table}{more}{_link_form(request, 'geojson', language)}"
    return render_page(title, _trail(language, 2) + body, language)


def render_record(request: Request, record: Mapping[str, Any], language: Language) -> str:
    """One record: what is said of it, and where it leads."""
    properties: Mapping[str, Any] = record["properties"]
    rows = [
        [escape(title.in_language(language)), escape(_write(name, properties.get(name), language))]
        for name, title in _TITLES.items()
        if properties.get(name) is not None
    ]
    rows += [
        [escape(_TITLES["owner"].in_language(language)), escape(contact["organization"])]
        for contact in properties["contacts"]
    ]
    links = [
        [f'<a href="{escape(link["href"])}">{escape(link.get("title") or link["rel"])}</a>', escape(link["type"])]
        for link in record["links"][3:]
    ]
    title = str(properties["title"])
    body = (
        f"<h1>{escape(title)}</h1>{render_table(rows, is_html=True)}<h2>{escape(_LINKS.in_language(language))}</h2>"
        f"{render_table(links, is_html=True)}{_link_form(request, 'geojson', language)}"
    )
    return render_page(title, _trail(language, 3) + body, language)


def _write(name: str, value: Any, language: Language) -> str:
    if value is None:
        return ""
    if name == "type":
        return TYPES[value].in_language(language)
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes")
    if name in ("coverage", "completeness"):
        return f"{value:.0%}"
    return str(value)


def _trail(language: Language, depth: int) -> str:
    steps = (("/", _HOME), ("/collections", _COLLECTIONS), (_PATH, RECORDS.title), (f"{_PATH}/items", _RECORDS))
    return render_trail([(href, text.in_language(language)) for href, text in steps[: depth + 1]])


def _link_form(request: Request, form: str, language: Language) -> str:
    href = escape(vary_url(request, f=form))
    return f'<p>{escape(_OTHER.in_language(language))}<a rel="alternate" href="{href}">{form.upper()}</a></p>'
