# SPDX-License-Identifier: Apache-2.0
"""MapLibre draws the styles and tiles in a real browser: on a page of another site, which shows a token."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, sync_playwright

from layers.registry import load_layers
from tests.api.server import City
from tests.clients.clients import LAYERS, SITE, eventually, read_stored
from tests.viewer.conftest import FLAGS

OPEN = "--disable-features=LocalNetworkAccessChecks"
"""The page comes from no network that Chromium knows of, which would keep it from a server of this machine."""
MAPLIBRE = Path(__file__).parents[2] / "viewer" / "node_modules" / "maplibre-gl" / "dist"

_PAGE = """<!doctype html><meta charset="utf-8"><title>Map</title>
<style>#map { width: 512px; height: 384px }</style><div id="map"></div>
<script type="module">
import { Map, setWorkerUrl } from './maplibre-gl.mjs';
setWorkerUrl('./maplibre-gl-worker.mjs');
const token = new URLSearchParams(location.search).get('token');
const transformRequest = url => ({ url, headers: { Authorization: `Bearer ${token}` } });
window.faults = [];
window.map = new Map({ container: 'map', style: { version: 8, sources: {}, layers: [] }, fadeDuration: 0,
                       attributionControl: false, transformRequest });
map.on('error', event => faults.push(String(event.error && event.error.message)));
window.draw = (style, center, zoom) => new Promise(done => {
  map.jumpTo({ center, zoom });
  map.setStyle(style, { diff: false });
  const answer = () => {
    const found = map.queryRenderedFeatures();
    const layers = {};
    for (const { source, id } of found) (layers[source] ??= []).push(id ?? null);
    done({ layers, faults: faults.splice(0), drawn: (map.getStyle()?.layers ?? []).map(layer => layer.id) });
  };
  map.once('idle', answer);
  // Where something is wrong it never comes to rest.
  setTimeout(answer, 60000);
});
</script>"""


def answer_with_file(route: Route) -> None:
    """What the other site has: the page, MapLibre's modules, and nothing else. The browser is given these files."""
    name = route.request.url.partition("?")[0].removeprefix(SITE).lstrip("/")
    if name == "":
        route.fulfill(body=_PAGE, content_type="text/html")
    elif name.endswith(".mjs"):
        route.fulfill(body=(MAPLIBRE / name).read_bytes(), content_type="text/javascript")
    else:
        route.fulfill(status=204)


@pytest.fixture(scope="module")
def page(city: City) -> Iterator[Page]:
    """The other site's page with an empty map. Whatever the console complains of is kept."""
    assert MAPLIBRE.is_dir(), "MapLibre is not there: run `make viewer`"
    program = os.environ.get("TWIN_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "no Chromium: run `make test`, or name one in TWIN_CHROMIUM"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*FLAGS, OPEN])
        page = browser.new_page(viewport={"width": 540, "height": 400})
        complaints: list[str] = []
        page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.route(f"{SITE}/**", answer_with_file)
        page.goto(f"{SITE}/?token={city.tokens['admin']}")
        eventually(lambda: page.evaluate("() => !!window.draw") or page.wait_for_timeout(100), "the map")
        yield page
        browser.close()
    assert complaints == []


def draw(page: Page, style: str, place: tuple[float, float], zoom: float) -> dict[str, Any]:
    return page.evaluate("([style, place, zoom]) => draw(style, place, zoom)", [style, place, zoom])


@pytest.mark.parametrize("layer_id", LAYERS)
def test_maplibre_draws_a_layer_in_its_own_style(page: Page, city: City, layer_id: str) -> None:
    stored = {number: shape for number, (shape, _) in read_stored(city, layer_id).items() if shape is not None}
    number = max(stored)
    place = stored[number].point_on_surface()
    layer = load_layers().get(layer_id)
    zoom = max(17.5, layer.complete_from_zoom + 0.5) if layer else 17.5
    told = draw(page, f"{city.url}/styles/{layer_id}", (place.x, place.y), zoom)
    assert told["faults"] == [] and told["drawn"]
    assert number in told["layers"][layer_id]


def test_maplibre_draws_all_visible_layers_together(page: Page, city: City) -> None:
    with city.client("admin") as admin:
        style = admin.get("/styles/default").json()
    visible = {layer.id for layer in load_layers().values() if layer.is_visible}
    assert visible <= set(style["sources"])
    assert json.dumps(style).count(city.url) == len(style["sources"])
    near = draw(page, f"{city.url}/styles/default", (114.0101, 22.5051), 15)
    far = draw(page, f"{city.url}/styles/default", (114.04, 22.52), 12)
    for told in (near, far):
        assert told["faults"] == []
        assert {"blocks", "buildings", "incidents"} & visible <= set(told["layers"])
