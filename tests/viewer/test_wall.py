# SPDX-License-Identifier: Apache-2.0
"""The wall in a real browser, over a real server."""

from __future__ import annotations

from collections.abc import Callable

from tests.api.district import COMMUNITY, DISTRICT, WEST
from tests.api.server import City
from tests.viewer.visit import Visit

Open = Callable[..., Visit]


def test_the_wall_draws_the_city_with_its_figures_and_hides_the_token(visit: Open) -> None:
    wall = visit("/wall", "wall")
    wall.wait_ready()
    assert "token" not in wall.page.url and wall.block() == DISTRICT
    assert wall.page.evaluate("() => window.__twin.points().incidents") == 12  # four of sixteen are closed
    assert wall.page.locator("wall-figures .main dd").first.inner_text() == "12"
    assert wall.page.locator("wall-children li").count() == 2
    canvas = wall.page.locator("canvas")
    assert canvas.get_attribute("role") == "application" and canvas.get_attribute("aria-label")
    assert wall.complaints == []


def test_a_tileset_that_cannot_be_read_is_named_and_leaves_the_rest_standing(visit: Open) -> None:
    wall = visit("/wall", "wall")
    wall.wait_ready()
    assert len(wall.page.evaluate("() => window.__twin.failed")) == 1
    assert wall.page.locator("wall-legend .warn").count() == 1


def test_blocks_are_entered_by_click_and_left_by_key(visit: Open) -> None:
    wall = visit("/wall", "wall")
    wall.wait_ready()
    wall.look(114.02, 22.52, 9000)
    wall.page.mouse.click(400, 240)
    wall.wait(lambda: wall.block() == WEST, "the street under the click")
    wall.page.locator("wall-children button").first.click()
    wall.wait(lambda: wall.block().startswith(WEST) and len(wall.block()) == len(COMMUNITY), "a community")
    wall.page.keyboard.press("Backspace")
    wall.wait(lambda: wall.block() == WEST, "the street again")
    wall.page.keyboard.press("Escape")
    wall.wait(lambda: wall.block() == DISTRICT, "the district again")


def test_a_reload_comes_back_to_the_block_in_focus(visit: Open) -> None:
    wall = visit(f"/wall#block={WEST}", None)
    wall.wait(lambda: wall.page.locator("wall-figures h2").first.inner_text() == f"街道 {WEST}", "the street's name")


def test_a_click_on_a_building_tells_what_it_is(visit: Open) -> None:
    wall = visit("/wall", "wall")
    wall.wait_ready()
    wall.look(114.0032, 22.50315, 120)
    picked = wall.pick(400, 240)
    assert picked["kind"] == "feature" and picked["properties"]["use"] == "public"
    wall.page.mouse.click(400, 240)
    card = wall.page.locator("twin-info-card")
    wall.wait(lambda: card.locator("h2", has_text="图书馆").count() == 1, "the building's card")
    wall.page.keyboard.press("Escape")
    wall.wait(lambda: card.count() == 0, "the card gone")


def test_an_incident_written_by_any_program_arrives(visit: Open, shown_city: City) -> None:
    wall = visit("/wall", "wall")
    wall.wait_ready()
    before = wall.page.evaluate("() => window.__twin.points().incidents")
    shown_city.execute(
        "INSERT INTO incident (source_id, local_id, event_scheme, event_type, severity, state, occurred_at, block_code,"
        " access_class, geometry) VALUES ('test', 'live', 'district', 'noise', 1, 'accepted', now(), '99010100100101',"
        " 2, ST_SetSRID(ST_Point(114.005, 22.505), 4490))"
    )
    try:
        wall.wait(lambda: wall.page.evaluate("() => window.__twin.points().incidents") == before + 1, "its point")
        wall.wait(lambda: wall.page.locator("wall-ticker li.fresh").count() == 1, "its line in the ticker")
        shown_city.execute("UPDATE incident SET state = 'closed' WHERE local_id = 'live'")
        wall.wait(lambda: wall.page.evaluate("() => window.__twin.points().incidents") == before, "its point gone")
    finally:
        shown_city.execute("DELETE FROM incident WHERE local_id = 'live'")


def test_the_page_switches_language_by_key(visit: Open) -> None:
    wall = visit("/wall", "wall")
    heading = wall.page.locator("wall-ticker h2")
    wall.wait(lambda: heading.inner_text() == "最新事件", "Chinese first")
    wall.page.keyboard.press("l")
    wall.wait(lambda: heading.inner_text() == "Latest incidents", "English")
    assert wall.page.evaluate("() => document.documentElement.lang") == "en"


def test_the_list_says_what_the_map_shows(visit: Open) -> None:
    wall = visit("/wall", "wall")
    wall.wait(lambda: wall.block() == DISTRICT, "the district")
    wall.page.keyboard.press("t")
    rows = wall.page.locator("wall-list tbody tr")
    wall.wait(lambda: rows.count() == 2 + 16, "two streets and sixteen incidents")


def test_a_lost_graphics_context_reloads_the_page(visit: Open) -> None:
    wall = visit("/wall", "wall")
    wall.wait_ready()
    wall.page.evaluate("""() => {
        window.isFirst = true;
        const canvas = document.querySelector('twin-wall').shadowRoot.querySelector('canvas');
        canvas.getContext('webgl2').getExtension('WEBGL_lose_context').loseContext();
    }""")
    wall.wait(lambda: wall.page.evaluate("() => window.isFirst === undefined && !!window.__twin"), "a new page")
    wall.wait_ready()


def test_the_public_sees_a_city_without_restricted_rows(visit: Open) -> None:
    wall = visit("/wall", None)
    wall.wait_ready()
    assert wall.page.evaluate("() => window.__twin.points().incidents") == 0
    assert wall.page.locator("wall-top-bar .badge", has_text="公开视图").count() == 1


def test_an_indicator_that_people_defined_stands_on_the_wall_and_is_marked_from_its_threshold_on(
    visit: Open, shown_city: City
) -> None:
    indicator = {
        "title": {"zh": "公共建筑", "en": "Public buildings"}, "layer": "buildings", "pillar": "house", "threshold": 1,
        "conditions": [{"property": "use", "op": "=", "value": "public"}],
    }  # fmt: skip
    with shown_city.client("admin") as client:
        assert client.put("/measures/own.public", json=indicator).status_code in (200, 201)
        try:
            wall = visit("/wall", "wall")
            shown = wall.page.locator("wall-figures .group", has_text="公共建筑")
            wall.wait(lambda: shown.count() == 1, "the indicator")
            count = int(shown.locator(".marked dd").inner_text())
            profile = client.get(f"/blocks/{DISTRICT}/profile").json()
            measures = [m for pillar in profile["pillars"] for m in pillar["measures"]]
            assert count == next(m["value"] for m in measures if m["code"] == "own.public") > 0
        finally:
            client.delete("/measures/own.public")
