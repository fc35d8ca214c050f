# SPDX-License-Identifier: Apache-2.0
"""Collections and features as pages for people: tables and links, no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final
from urllib.parse import quote

import orjson
from fastapi import Request

from api.http.html import render_links, render_page, render_table, render_trail
from api.http.links import vary_url
from layers.layer import Layer, Property
from twin.text import Language, Text

_HOME: Final = Text("首页", "Home")
_COLLECTIONS: Final = Text("图层", "Collections")
_FEATURES: Final = Text("要素", "Features")
_NEXT: Final = Text("下一页", "Next page")
_NONE: Final = Text("没有符合条件的要素。", "No feature matches.")
_ID: Final = Text("编号", "Id")
_TEXTS: Final = {
    "bbox": Text("范围(度)", "Extent (degrees)"),
    "time": Text("时间范围", "From and to"),
    "crs": Text("坐标系", "CRS"),
    "storage": Text("存储坐标系", "Stored in"),
    "geometry": Text("几何", "Geometry"),
    "unplaced": Text("位置未知", "place not known"),
    "matched": Text("共 {} 个", "{} in all"),
    "other": Text("其他格式:", "In other forms: "),
    "shown": Text("看要素", "Look at its features"),
}
_CELL_LETTERS: Final = 200


def render_collections(request: Request, collections: Sequence[Mapping[str, Any]], language: Language) -> str:
    """The list of layers."""
    links = [(f"/collections/{quote(one['id'])}", str(one["title"]), str(one["description"])) for one in collections]
    title = _COLLECTIONS.in_language(language)
    body = f"<h1>{escape(title)}</h1>{render_links(links)}{_link_json(request, 'json', language)}"
    return render_page(title, _trail(language) + body, language)


def render_collection(
    request: Request, layer: Layer, described: Mapping[str, Any], shown: Sequence[Property], language: Language
) -> str:
    """One layer: what it is, how far it reaches, in which CRS, with which properties."""
    said = {name: text.in_language(language) for name, text in _TEXTS.items()}
    extent = described["extent"]
    rows = [
        (said["bbox"], ", ".join(f"{side:g}" for side in extent["spatial"]["bbox"][0])),
        *((said["time"], " – ".join(interval)) for interval in extent.get("temporal", {}).get("interval", [])),
        (said["storage"], str(described["storageCrs"])),
        *((said["crs"], uri) for uri in described["crs"]),
    ]
    properties = [
        (p.name, p.title.in_language(language), f"{p.type}{f' ({p.unit})' if p.unit else ''}") for p in shown
    ]  # fmt: skip
    path = f"/collections/{quote(layer.id)}"
    links = [(f"{path}/items", _FEATURES.in_language(language), said["shown"])]
    title = layer.title.in_language(language)
    body = (
        f'<h1>{escape(title)}</h1><p class="lead">{escape(layer.description.in_language(language))}</p>'
        f"{render_links(links)}{render_table(rows)}{render_table(properties)}{_link_json(request, 'json', language)}"
    )
    return render_page(title, _trail(language, (("/collections", _COLLECTIONS),)) + body, language)


def render_items(
    request: Request, layer: Layer, shown: Sequence[Property], features: str, following: str | None,
    matched: int | None, language: Language,
) -> str:  # fmt: skip
    """A page of features as a table, with a link to the next one. features: their GeoJSON with commas between."""
    path = f"/collections/{quote(layer.id)}"
    rows = [
        [
            f'<a href="{path}/items/{feature["id"]}">{feature["id"]}</a>',
            *(_write_cell(p, feature["properties"].get(p.name), language) for p in shown),
        ]
        for feature in orjson.loads(f"[{features}]")
    ]
    headings = [_ID.in_language(language), *(_head(p, language) for p in shown)]
    table = (
        render_table(rows, headings, is_html=True) if rows else f"<p>{escape(_NONE.in_language(language))}</p>"
    )  # fmt: skip
    title = layer.title.in_language(language)
    count = "" if matched is None else f" · {_TEXTS['matched'].in_language(language).format(matched)}"
    more = ""
    if following is not None:
        more = f'<p><a rel="next" href="{escape(following)}">{escape(_NEXT.in_language(language))}</a></p>'
    body = f"<h1>{escape(title + count)}</h1>{table}{more}{_link_json(request, 'geojson', language)}"
    return render_page(title, _trail(language, (("/collections", _COLLECTIONS), (path, layer.title))) + body, language)


def render_item(
    request: Request, layer: Layer, shown: Sequence[Property], feature: str, language: Language
) -> str:  # fmt: skip
    """One feature: its properties, and what its geometry is."""
    read = orjson.loads(feature)
    said = {name: text.in_language(language) for name, text in _TEXTS.items()}
    geometry = read["geometry"]
    place = said["unplaced"] if geometry is None else geometry["type"]
    if geometry is not None and geometry["type"] == "Point":
        place = f"{place} ({', '.join(map(str, geometry['coordinates']))})"
    rows = [
        *([escape(_head(p, language)), _write_cell(p, read["properties"].get(p.name), language)] for p in shown),
        [escape(said["geometry"]), escape(place)],
    ]
    path = f"/collections/{quote(layer.id)}"
    title = f"{layer.title.in_language(language)} {read['id']}"
    trail = _trail(language, (("/collections", _COLLECTIONS), (path, layer.title), (f"{path}/items", _FEATURES)))
    body = f"<h1>{escape(title)}</h1>{render_table(rows, is_html=True)}{_link_json(request, 'geojson', language)}"
    return render_page(title, trail + body, language)


def _trail(language: Language, steps: Sequence[tuple[str, Text]] = ()) -> str:
    return render_trail([(href, text.in_language(language)) for href, text in (("/", _HOME), *steps)])


def _link_json(request: Request, form: str, language: Language) -> str:
    href = escape(vary_url(request, f=form))
    name = "GeoJSON" if form == "geojson" else "JSON"
    return f'<p>{escape(_TEXTS["other"].in_language(language))}<a rel="alternate" href="{href}">{name}</a></p>'


def _head(declared: Property, language: Language) -> str:
    title = declared.title.in_language(language)
    return f"{title} ({declared.unit})" if declared.unit else title


def _write_cell(declared: Property, value: Any, language: Language) -> str:
    """A value as HTML: the word for a code, nothing for nothing."""
    if value is None:
        return ""
    word = declared.values.get(str(value)) if declared.values else None
    text = word.in_language(language) if word is not None else str(value)
    return escape(text if len(text) <= _CELL_LETTERS else f"{text[:_CELL_LETTERS]}…")
