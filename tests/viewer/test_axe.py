# SPDX-License-Identifier: Apache-2.0
"""The pages as axe judges them, for people who read by ear, by keyboard or with little contrast: nothing serious."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

from tests.api.district import WEST
from tests.api.server import City
from tests.viewer.visit import Visit

Open = Callable[..., Visit]

AXE: Final = Path(__file__).parents[2] / "viewer" / "node_modules" / "axe-core" / "axe.min.js"
GRAVE: Final = ("serious", "critical")


def find_grave(page: Page) -> list[str]:
    """What axe finds serious or worse: rule, how often, and the first place with the reason."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    found: list[dict[str, Any]] = page.evaluate(
        "async () => (await axe.run(document, { resultTypes: ['violations'] })).violations"
    )
    return [
        f"{one['id']} ({len(one['nodes'])}): {one['nodes'][0]['html'][:160]} {one['nodes'][0]['failureSummary']}"
        for one in found
        if one["impact"] in GRAVE
    ]


def wait_for(desk: Visit, place: str) -> None:
    """Until the place is on the page and nothing in it waits for the server any more."""
    page = desk.page
    desk.wait(lambda: page.locator(place).count() >= 1 and page.get_by_text("正在载入").count() == 0, place)


def test_the_grid_managers_page_has_no_serious_finding(visit: Open, shown_city: City) -> None:
    [(village,)] = shown_city.execute("SELECT id FROM urban_village")
    desk = visit("/grid", None, width=390, height=844)
    wait_for(desk, "grid-sign-in form")
    found = {"sign-in": find_grave(desk.page)}
    desk = visit("/grid", "west", width=390, height=844)
    for view, place in {
        "part=profile": "grid-profile [data-block]",
        "part=registers&register=buildings": "grid-list [data-id]",
        f"part=registers&register=villages&id={village}": "grid-history li.version",
        "part=mine": "grid-mine grid-hazards h3",
    }.items():
        desk.page.evaluate("view => { location.hash = view; }", f"block={WEST}&{view}")
        wait_for(desk, place)
        found[view] = find_grave(desk.page)
        if "villages" in view:
            for form in ("edit", "report"):
                desk.page.locator(f"[data-do={form}]").click()
                wait_for(desk, f"grid-{form} form")
                found[form] = find_grave(desk.page)
    desk.page.set_viewport_size({"width": 1280, "height": 844})
    desk.page.evaluate("view => { location.hash = view; }", f"block={WEST}&part=registers&register=buildings")
    wait_for(desk, "grid-list tbody tr")
    found["table"] = find_grave(desk.page)
    assert {view: grave for view, grave in found.items() if grave} == {}


def test_the_stewards_desk_has_no_serious_finding(visit: Open) -> None:
    desk = visit("/admin", "admin", width=1280, height=844)
    wait_for(desk, "nav a")
    links = desk.page.locator("twin-admin nav a")
    found: dict[str, list[str]] = {}
    for at in range(links.count()):
        links.nth(at).click()
        wait_for(desk, "main > *")
        desk.page.wait_for_timeout(300)
        found[links.nth(at).inner_text()] = find_grave(desk.page)
    assert len(found) > 5
    assert {part: grave for part, grave in found.items() if grave} == {}


def test_the_wall_has_no_serious_finding(visit: Open) -> None:
    wall = visit("/wall", "wall")
    wall.wait_ready()
    assert find_grave(wall.page) == []
