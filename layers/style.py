# SPDX-License-Identifier: Apache-2.0
"""What clients are told of a layer's looks: the declaration as JSON, and a MapLibre style of all of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from layers.layer import Geometry, Layer, Property, Style


def describe_layer(layer: Layer, access_class: int) -> dict[str, Any]:
    """The `blocktwin` member of a collection, as far as an actor of this class is told."""
    return {
        "title": layer.title.as_dict(),
        "order": layer.order,
        "geometry": layer.geometry,
        "geometries": [layer.geometry, *layer.also],
        "minzoom": layer.minzoom,
        "maxzoom": layer.maxzoom,
        "complete_from_zoom": layer.complete_from_zoom,
        "style": describe_style(layer.style),
        "visible": layer.is_visible,
        "time_column": layer.time_column,
        "secrecy_label": layer.secrecy_label,
        "is_topographic": layer.is_topographic,
        "properties": [describe_property(p) for p in layer.properties_for(access_class)],
        "kpis": [{"name": k.name, "title": k.title.as_dict(), "unit": k.unit} for k in layer.kpis],
    }


def describe_property(declared: Property) -> dict[str, Any]:
    """One property: name, title in both languages, type, unit, and its values' names."""
    described: dict[str, Any] = {
        "name": declared.name,
        "title": declared.title.as_dict(),
        "type": declared.type,
        "unit": declared.unit,
    }
    if declared.values is not None:
        described["values"] = {value: title.as_dict() for value, title in declared.values.items()}
    return described


def describe_style(style: Style) -> dict[str, Any]:
    """A style as the pages read it."""
    return {
        "fill": style.fill,
        "stroke": style.stroke,
        "opacity": style.opacity,
        "width": style.width,
        "radius": style.radius,
        "by": {"property": style.by[0], "values": dict(style.by[1])} if style.by else None,
        "extrude": style.extrude,
    }


def make_map_style(layers: Iterable[Layer], base_url: str) -> dict[str, Any]:
    """A MapLibre style of these layers over the tiles at `base_url`; no sprites, no fonts, no base map."""
    shown = list(layers)
    sources = {
        layer.id: {"type": "vector", "url": f"{base_url}/collections/{layer.id}/tiles/WebMercatorQuad"}
        for layer in shown
    }
    return {
        "version": 8,
        "name": "Blocktwin",
        "sources": sources,
        "layers": [drawn for layer in shown for drawn in _draw(layer)],
    }


def _draw(layer: Layer) -> list[dict[str, Any]]:
    if not layer.also:
        return _draw_geometry(layer, layer.geometry)
    drawn: list[dict[str, Any]] = []
    for geometry in (layer.geometry, *layer.also):
        alone = ["==", ["geometry-type"], {"point": "Point", "line": "LineString"}.get(geometry, "Polygon")]
        drawn += [entry | {"filter": alone} for entry in _draw_geometry(layer, geometry)]
    return drawn


def _draw_geometry(layer: Layer, geometry: Geometry) -> list[dict[str, Any]]:
    style = layer.style
    fill, stroke = style.fill or style.stroke or "#7f93b2", style.stroke or style.fill or "#7f93b2"

    def entry(name: str, kind: str, paint: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": f"{layer.id}-{name}", "type": kind, "source": layer.id, "source-layer": layer.id, "paint": paint,
        }  # fmt: skip

    match geometry:
        case "point":
            # A circle that stands for many is larger: by half its radius for ten, by all of it for a hundred.
            radius = style.radius or 4
            grown = ["*", radius / 2, ["log10", ["coalesce", ["get", "count"], 1]]]
            paint = {
                "circle-color": _by(style, fill), "circle-radius": ["+", radius, grown],
                "circle-stroke-color": stroke, "circle-stroke-width": style.width, "circle-opacity": style.opacity,
            }  # fmt: skip
            return [entry("point", "circle", paint)]
        case "line":
            paint = {
                "line-color": _by(style, stroke),
                "line-width": style.width,
                "line-opacity": style.opacity,
            }
            return [entry("line", "line", paint)]
        case _ if style.extrude:
            paint = {
                "fill-extrusion-color": _by(style, fill), "fill-extrusion-opacity": style.opacity,
                "fill-extrusion-height": ["coalesce", ["get", style.extrude], 3],
            }  # fmt: skip
            return [entry("solid", "fill-extrusion", paint)]
        case _:
            area = {"fill-color": _by(style, fill), "fill-opacity": style.opacity if style.fill else 0}
            edge = {"line-color": stroke, "line-width": style.width}
            return [entry("area", "fill", area), entry("edge", "line", edge)]


def _by(style: Style, otherwise: str) -> Any:
    """A colour, or the expression that picks it by a property's value."""
    if style.by is None:
        return otherwise
    name, colours = style.by
    pairs = [item for value, colour in colours.items() for item in (value, colour)]
    return ["match", ["to-string", ["get", name]], *pairs, otherwise]
