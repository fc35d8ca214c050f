# SPDX-License-Identifier: Apache-2.0
"""The grid manager's page in a real browser, over a district of its own that these tests may change."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from playwright.sync_api import Locator, Page
from psycopg import sql

from tests.api.district import DISTRICT, WEST, build_district
from tests.api.server import City, serve
from tests.viewer.conftest import VIEWER
from tests.viewer.test_axe import find_grave
from tests.viewer.visit import Visit
from twin.cluster import Cluster
from twin.settings import Settings

Open = Callable[..., Visit]

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
"""A PNG of one pixel."""

_MORE = """
    INSERT INTO industrial_park (source_id, local_id, name, code, park_type, operator, land_area, floor_area,
                                 vacant_area, firms, block_code, geometry)
    SELECT 'test', 'w' || n, '西部园 ' || n, 'P-' || n, CASE n % 2 WHEN 0 THEN 'logistics' ELSE 'manufacturing' END,
           '示例运营', 1000 * n, 3000, 10 * n, n, '99010100100101',
           ST_MakeEnvelope(114.001 + n * 0.0002, 22.501, 114.0011 + n * 0.0002, 22.5011, 4490)
    FROM generate_series(1, 60) AS n;
    INSERT INTO storey (source_id, local_id, building_id, building_code, number, name, block_code, access_class)
    SELECT 'test', 's1', id, '', 1, '一层', block_code, 2 FROM building WHERE local_id = '99010100100101';
    INSERT INTO unit (source_id, local_id, building_id, storey_number, room, use, block_code, access_class)
    SELECT 'test', 'u' || n, id, 1, '10' || n, 'residential', block_code, 2
    FROM building, generate_series(1, 3) AS n WHERE local_id = '99010100100101';
    INSERT INTO building (source_id, local_id, code, name, use, storeys_above, height, block_code, access_class,
                          geometry)
    SELECT 'test', 'e' || n, 'E-' || n, '东园 ' || n || ' 号楼', 'industrial', 5, 20, '99010100200204', 2,
           ST_MakeEnvelope(114.065 + n * 0.001, 22.534, 114.0655 + n * 0.001, 22.5345, 4490)
    FROM generate_series(1, 2) AS n;
"""


@pytest.fixture(scope="module")
def shown_city(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A district beside the one that the other pages are shown, with more parks and a house with units."""
    assert (VIEWER / "grid" / "index.html").is_file(), "the pages are not built: run `make viewer`"
    name = f"twin_test_{uuid.uuid4().hex[:12]}"
    settings = Settings(
        database_url=cluster.url(name), data_dir=tmp_path_factory.mktemp("grid"), viewer_dir=VIEWER, pool_size=3
    )
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        try:
            with serve(settings, build_district(settings)) as served:
                served.execute(_MORE)
                yield served
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def address(page: Page) -> dict[str, str]:
    """What the address says is looked at."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).fragment).items()}


def visit_at(visit: Open, role: str, view: str, *, width: int = 1280, height: int = 800) -> Visit:
    """The page, signed in, at the view that the address would name."""
    desk = visit("/grid", role, width=width, height=height)
    wait_for(desk, desk.page.locator("grid-path h2"), "the page")
    desk.page.evaluate("view => { location.hash = view; }", view)
    return desk


def entry_id(city: City, name: str) -> int:
    """The id of a park."""
    [(found,)] = city.execute("SELECT id FROM industrial_park WHERE name = %s", name)
    assert isinstance(found, int)
    return found


def wait_for(desk: Visit, found: Locator, what: str) -> None:
    """Until there is one."""
    desk.wait(lambda: found.count() == 1, what)


def test_signing_in_leads_to_ones_own_block_and_a_search_by_pinyin_to_another(visit: Open, shown_city: City) -> None:
    desk = visit("/grid", None)
    page = desk.page
    field = desk.token_field("grid-sign-in")
    field.fill(shown_city.tokens["west"])
    field.press("Enter")
    wait_for(desk, page.locator("grid-path h2", has_text=f"街道 {WEST}"), "one's own street")
    assert page.locator("grid-path .chip").inner_text() == "我的区块"
    search = page.locator("grid-search input")
    options = page.locator("grid-search li")
    # All by keyboard: typed, chosen with an arrow, taken with Enter.
    for typed in ("wangge 99010100100202", f"{WEST}00202"):
        search.focus()
        page.keyboard.type(typed)
        desk.wait(
            lambda: options.count() >= 1 and options.first.locator("code").inner_text() == "99010100100202", typed
        )
        page.keyboard.press("Enter")
        desk.wait(lambda: address(page)["block"] == "99010100100202", "the grid")
        wait_for(desk, page.locator("grid-path h2", has_text="99010100100202"), "its name")
        page.go_back()
        wait_for(desk, page.locator("grid-path h2", has_text=f"街道 {WEST}"), "back")
    search.fill("没有这个地方")
    wait_for(desk, page.locator("grid-search .note"), "told that there is none")
    assert desk.complaints == []


def test_the_profile_shows_what_the_api_answers_and_a_link_restores_it(visit: Open, shown_city: City) -> None:
    with shown_city.client("west") as west:
        answer = west.get(f"/blocks/{WEST}/profile").json()
    desk = visit_at(visit, "west", f"block={WEST}")
    page = desk.page
    wait_for(desk, page.locator(f"grid-profile [data-block='{WEST}']"), "the profile")
    loaded = page.evaluate("() => performance.getEntriesByType('resource').map(entry => new URL(entry.name).pathname)")
    scripts = [VIEWER / path.removeprefix("/viewer/") for path in loaded if path.endswith(".js")]
    assert sum(len(gzip.compress(script.read_bytes())) for script in scripts) < 300_000, "without a map it is light"
    pillars = page.locator("grid-profile [data-pillar]")
    assert [pillars.nth(at).get_attribute("data-pillar") for at in range(pillars.count())] == [
        pillar["code"] for pillar in answer["pillars"]
    ]
    for pillar in answer["pillars"]:
        for measure in pillar["measures"]:
            shown = page.locator(f"[data-measure='{measure['code']}'] b").inner_text()
            if measure["value"] is None:
                assert shown == measure["shown"]
            elif measure["value"] < 1000:
                assert re.match(r"[\d.]+", shown)
                assert float(shown.split("\n")[0].rstrip("m²户人")) == pytest.approx(measure["value"], abs=0.01)
            change = (measure.get("trend") or {}).get("change")
            chip = page.locator(f"[data-measure='{measure['code']}'] [data-trend]")
            assert chip.count() == (0 if change is None else 1), measure["code"]
    open_incidents = page.locator("[data-measure='incidents.open'] b")
    assert open_incidents.inner_text() == str(answer["incidents"]["open"])
    # Above one's scope: only the part within it is counted, and the page says so.
    page.locator("grid-path nav a").first.click()
    wait_for(desk, page.locator("grid-profile .warned", has_text=WEST), "what it is limited to")
    assert address(page)["block"] == DISTRICT
    page.locator("grid-profile summary").click()
    page.locator("grid-profile input[type=datetime-local]").fill("2020-01-01T00:00")
    wait_for(desk, page.locator("grid-profile .chip.warn"), "as of then")
    link = page.url
    page.reload()
    wait_for(desk, page.locator("grid-profile .chip.warn"), "the same view from its link")
    assert page.url == link
    page.locator("grid-bar button", has_text="English").click()
    desk.wait(lambda: page.locator("nav.parts a").first.inner_text().strip() == "Profile", "English")
    assert desk.complaints == []


def test_a_park_is_found_and_two_stewards_edits_meet_and_the_history_has_both(visit: Open, shown_city: City) -> None:
    park = entry_id(shown_city, "西部园 7")
    desk = visit_at(visit, "admin", f"block={DISTRICT}&part=registers")
    page = desk.page
    rows = page.locator("grid-list tbody tr")
    desk.wait(lambda: rows.count() == 50, "the first page")
    page.locator("grid-list .more button").click()
    desk.wait(lambda: rows.count() == 61, "all of them")
    page.locator("grid-list input[name=q]").fill("p-7")
    desk.wait(lambda: rows.count() == 1, "the one")
    rows.locator("a").press("Enter")
    entry = page.locator(f"grid-entry article[data-id='{park}']")
    wait_for(desk, entry, "its entry")
    assert address(page)["id"] == str(park)
    page.locator("[data-do=edit]").click()
    vacant = page.locator("grid-edit input[name=vacant_area]")
    wait_for(desk, vacant, "the form")
    # Somebody else is faster.
    with shown_city.client("admin") as other:
        path = f"/registers/parks/{park}"
        tag = {"If-Match": other.get(path).headers["etag"]}
        other.patch(path, json={"changes": {"operator": "另一公司"}, "reason": "更名"}, headers=tag).raise_for_status()
    vacant.fill("9999")
    page.locator("grid-edit textarea").fill("季度核查")
    save = page.locator("grid-edit button.main")
    save.click()
    conflict = page.locator("grid-edit [data-conflict=operator]")
    wait_for(desk, conflict, "what the other changed")
    assert conflict.locator("ins").inner_text() == "另一公司"
    save.click()
    wait_for(desk, page.locator("grid-edit .failed li", has_text="空置面积"), "a value that contradicts another")
    vacant.fill("555")
    save.click()
    wait_for(desk, page.locator("grid-entry .done"), "saved")
    versions = page.locator("grid-history li.version")
    desk.wait(lambda: versions.count() == 3, "three versions")
    assert "555" in versions.nth(0).inner_text()
    assert "季度核查" in versions.nth(0).inner_text()
    assert "系统管理员" in versions.nth(0).inner_text()
    assert "另一公司" in versions.nth(1).inner_text()
    versions.nth(2).locator("button").first.click()
    then = page.locator("grid-history [data-then]")
    desk.wait(lambda: "示例运营" in then.inner_text(), "the entry as it was at first")
    assert page.locator("[data-field=vacant_area]").inner_text().startswith("555")
    page.go_back()
    desk.wait(lambda: page.locator("grid-list").count() == 1 and rows.count() == 1, "the list, still narrowed")
    assert desk.complaints == []


def test_a_list_is_sorted_filtered_and_taken_along(visit: Open, shown_city: City, tmp_path: Path) -> None:
    desk = visit_at(visit, "west", f"block={DISTRICT}&part=registers&register=parks")
    page = desk.page
    rows = page.locator("grid-list tbody tr")
    desk.wait(lambda: rows.count() == 50, "the list")
    page.locator("grid-list th button", has_text="企业数").click()
    page.locator("grid-list th button", has_text="企业数").click()
    desk.wait(lambda: rows.first.locator("td").last.inner_text() == "60", "the greatest first")
    page.locator("grid-list .more button").click()
    desk.wait(lambda: rows.count() == 60, "the rest")
    assert rows.last.locator("td").last.inner_text() == "1"
    page.locator("grid-list button", has_text="筛选").click()
    page.locator("form.condition select[name=field]").select_option("park_type")
    assert page.locator("form.condition select[name=operator]").input_value() == "="
    page.locator("form.condition input").fill("logistics")
    page.locator("form.condition input").press("Enter")
    desk.wait(lambda: rows.count() == 30, "one type")
    assert page.locator("grid-list ul.conditions button").inner_text().startswith("类型 等于 物流")
    with page.expect_download() as download:
        page.locator("grid-list [data-form=csv]").click()
    text = Path(download.value.path()).read_text("utf-8-sig")
    kept = list(csv.reader(io.StringIO(text)))
    assert len(kept) == 31
    assert {row[3] for row in kept[1:]} == {"物流"}
    page.locator("grid-registers nav a", has_text="城中村").click()
    desk.wait(lambda: rows.count() == 1 and "两街村" in rows.inner_text(), "the village")
    page.locator("grid-registers nav a", has_text="建筑").click()
    desk.wait(lambda: rows.count() == 9, "the buildings of the street")
    rows.filter(has_text="楼 99010100100101").locator("a").first.click()
    storey = page.locator("grid-house details")
    wait_for(desk, storey, "its storey")
    storey.locator("summary").click()
    assert storey.locator(".units a").count() == 3
    storey.locator(".units a").first.click()
    wait_for(desk, page.locator("grid-entry [data-field=room]", has_text="101"), "the unit")
    assert desk.complaints == []


def test_on_a_phone_a_correction_with_a_photo_is_proposed_and_a_hazard_reported(visit: Open, shown_city: City) -> None:
    park = entry_id(shown_city, "西部园 3")
    desk = visit_at(visit, "west", f"block={WEST}&part=registers&register=parks&id={park}", width=390, height=844)
    page = desk.page
    wait_for(desk, page.locator(f"grid-entry article[data-id='{park}']"), "the entry")
    page.locator("[data-do=edit]").click()
    page.locator("grid-edit input[name=firms]").fill("33")
    page.locator("grid-edit textarea").fill("门口名册为 33 家")
    page.locator("grid-edit grid-photos input[capture]").set_input_files(
        {"name": "sign.png", "mimeType": "image/png", "buffer": PIXEL}
    )
    wait_for(desk, page.locator("grid-edit figure img"), "the photo")
    page.locator("grid-edit button.main").click()
    wait_for(desk, page.locator("grid-entry .done", has_text="等待"), "sent")
    waiting = page.locator("grid-entry grid-proposals li[data-state=open]")
    wait_for(desk, waiting, "it waits")
    assert "33" in waiting.locator("ins").inner_text()
    desk.wait(lambda: waiting.locator("img").evaluate("image => image.naturalWidth") == 1, "its photo")
    page.locator("[data-do=report]").click()
    page.locator("grid-report select[name=kind]").select_option("fire")
    page.locator("grid-report textarea").fill("消防通道堆放杂物")
    page.locator("grid-report button.main").click()
    hazard = page.locator("grid-hazards li.one")
    wait_for(desk, hazard, "the hazard")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390, "nothing is wider than the phone"
    page.locator("nav.parts a", has_text="待办").click()
    wait_for(desk, page.locator("grid-mine grid-proposals li[data-state=open]"), "among what waits")
    wait_for(desk, page.locator("grid-mine grid-hazards li.one", has_text="消防通道"), "the hazard there too")
    box = page.locator("nav.parts a").first.bounding_box()
    assert box is not None
    assert box["height"] >= 44, "a thumb can hit it"
    assert box["y"] + box["height"] >= 840, "at the foot of the screen"
    assert shown_city.execute("SELECT state, cardinality(photos) FROM proposal WHERE feature_id = %s", park) == [
        ("open", 1)
    ]
    assert desk.complaints == []


def test_a_round_is_answered_field_by_field_on_a_phone_until_it_is_complete(visit: Open, shown_city: City) -> None:
    park = entry_id(shown_city, "西部园 5")
    form = {
        "type": "object",
        "required": ["firms", "exits"],
        "properties": {
            "firms": {"type": "integer", "minimum": 0, "title": "在园企业数", "title_en": "Firms"},
            "solar": {"enum": ["是", "否"], "title": "屋顶有光伏"},
            "exits": {
                "type": "object", "title": "疏散", "required": ["clear"],
                "properties": {"clear": {"type": "boolean", "title": "通道畅通"}, "seen": {
                    "type": "string", "format": "date", "title": "查看日期"}},
            },
            "signs": {"type": "array", "items": {"enum": ["灯", "牌"]}, "title": "标识"},
        },
    }  # fmt: skip
    asked = {"register": "parks", "title": "消防摸查", "due": "2035-06-30", "block": WEST, "organisation": "街道办"}
    with shown_city.client("admin") as admin:
        survey = admin.post("/surveys", json={**asked, "form": form}).raise_for_status().json()["id"]
    desk = visit_at(visit, "west", f"block={WEST}&part=mine", width=390, height=844)
    page = desk.page
    owing = page.locator(f"grid-surveys [data-survey='{survey}']")
    wait_for(desk, owing, "the round")
    assert "街道办" in owing.inner_text()
    owing.locator("summary").last.click()
    owing.locator("a", has_text="西部园 5").first.click()
    answering = page.locator("grid-survey")
    wait_for(desk, answering.locator("form"), "its form, opened for the one that owes it")
    assert address(page)["survey"] == str(survey)
    assert find_grave(page) == []
    answering.locator("[name=firms]").fill("-1")
    answering.locator("button.main").click()
    wait_for(desk, answering.locator(".failed li", has_text="在园企业数"), "what is wrong with which field")
    answering.locator("[name=firms]").fill("12")
    answering.locator("[name=solar]").select_option("是")
    answering.locator("button.main").click()
    wait_for(desk, page.locator("grid-entry .done", has_text="1 / 2"), "half of it")
    shown = page.locator(f"grid-entry [data-survey='{survey}']")
    desk.wait(lambda: "50%" in shown.inner_text(), "its completeness")
    shown.locator("[data-do=answer]").click()
    wait_for(desk, answering.locator("form"), "the form again")
    assert answering.locator("[name=firms]").input_value() == "12"
    with shown_city.client("admin") as other:
        path = f"/surveys/{survey}/responses/{park}"
        other.put(path, json={"answers": {"firms": 13, "solar": "是"}}).raise_for_status()
    answering.locator("[name='exits/clear']").select_option("true")
    answering.locator("[name='exits/seen']").fill("2026-03-01")
    answering.locator("[name=signs]").first.check()
    answering.locator("button.main").click()
    wait_for(desk, answering.locator(".warned", has_text="13"), "what somebody else answered")
    answering.locator("button.main").click()
    wait_for(desk, page.locator("grid-entry .done", has_text="填报完成"), "complete")
    desk.wait(lambda: "100%" in shown.inner_text(), "all of it")
    with shown_city.client("west") as west:
        assert west.get(path).json()["answers"] == {
            "firms": 12, "solar": "是", "exits": {"clear": True, "seen": "2026-03-01"}, "signs": ["灯"],
        }  # fmt: skip
    shown.locator("[data-do=answer]").click()
    answering.locator("summary").click()
    versions = answering.locator("grid-part-history li[data-action]")
    desk.wait(lambda: versions.count() == 3, "its history")
    assert "通道畅通: – → 是" in versions.first.inner_text()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390, "nothing is wider than the phone"
    assert desk.complaints == []


def test_a_steward_edits_space_for_rent_and_brings_an_earlier_version_back(visit: Open, shown_city: City) -> None:
    park = entry_id(shown_city, "东园")
    desk = visit_at(visit, "admin", f"block={DISTRICT}&part=registers&register=parks&id={park}")
    page = desk.page
    spaces = page.locator("grid-spaces")
    spaces.locator("[data-do=spaces]").click()
    for at, (building, storey, area) in enumerate([("E-1", "3", "800"), ("NOWHERE", "", "120.5")]):
        spaces.locator("[data-do=add]").click()
        line = spaces.locator(f"li[data-line='{at}']")
        line.locator("[name$='/building']").fill(building)
        line.locator("[name$='/storey']").fill(storey)
        line.locator("[name$='/area']").fill(area)
    save = spaces.locator("button.main")
    save.click()
    wait_for(desk, spaces.locator(".failed li", has_text="第 2 处"), "the building that is not there")
    assert spaces.locator("li.wrong").get_attribute("data-line") == "1"
    assert find_grave(page) == []
    wrong = spaces.locator("li.wrong")
    wrong.locator("[name$='/building']").fill("E-2")
    wrong.locator("[name$='/state']").select_option("let")
    save.click()
    wait_for(desk, page.locator("grid-entry .done", has_text="新增 2"), "kept")
    desk.wait(lambda: spaces.locator("tbody tr").count() == 2, "both")
    assert "已出租" in spaces.locator("tbody tr").nth(1).inner_text()
    spaces.locator("[data-do=spaces]").click()
    spaces.locator("li[data-line='1'] button", has_text="移除").click()
    spaces.locator("li[data-line='0'] [name$='/area']").fill("750")
    save.click()
    wait_for(desk, page.locator("grid-entry .done", has_text="移除 1"), "one taken away")
    spaces.locator("summary").click()
    told = spaces.locator("grid-part-history li[data-action]")
    desk.wait(lambda: told.count() == 4, "every version of both")
    assert "面积: 800 m² → 750 m²" in told.first.inner_text()
    # An earlier version of the entry, after a confirmation that says what will change.
    with shown_city.client("admin") as other:
        path = f"/registers/parks/{park}"
        tag = {"If-Match": other.get(path).headers["etag"]}
        other.patch(path, json={"changes": {"firms": 70}}, headers=tag).raise_for_status()
    page.reload()
    versions = page.locator("grid-history li.version")
    desk.wait(lambda: versions.count() == 2, "two versions")
    assert versions.first.locator("[data-do=restore]").count() == 0, "what stands is not brought back"
    versions.nth(1).locator("[data-do=restore]").click()
    back = page.locator("grid-history form.ask")
    wait_for(desk, back, "asked first")
    assert find_grave(page) == []
    assert back.locator("[data-back=firms]").inner_text() == "企业数: 70 → 7"
    back.locator("input").fill("填错了")
    back.locator("button.main").click()
    wait_for(desk, page.locator("grid-entry .done", has_text="已恢复"), "brought back")
    desk.wait(lambda: versions.count() == 3 and "填错了" in versions.first.inner_text(), "as a third version")
    assert page.locator("[data-field=firms]").inner_text() == "7"
    assert desk.complaints == []


def test_map_and_list_choose_the_same_thing(visit: Open, shown_city: City) -> None:
    [(park,)] = shown_city.execute("SELECT id FROM industrial_park WHERE name = '东园'")
    desk = visit_at(
        visit, "admin", f"block={DISTRICT}&part=registers&register=parks&id={park}&map=1", width=1100, height=760
    )
    page = desk.page
    noise: list[str] = []
    page.on("console", lambda line: noise.append(line.text) if line.type in ("error", "warning") else None)
    wait_for(desk, page.locator(f"grid-entry article[data-id='{park}']"), "the entry beside the map")
    shown = page.locator("grid-map")
    desk.wait(lambda: shown.evaluate("map => map.isIdle"), "the map")
    page.locator("grid-entry .back").click()
    desk.wait(lambda: page.locator("grid-list ul.cards li").count() == 50, "the list")
    x, y = shown.evaluate("map => map.project([114.0675, 22.535])")
    page.locator("grid-map canvas").click(position={"x": x, "y": y})
    wait_for(desk, page.locator(f"grid-entry article[data-id='{park}']"), "the park that was clicked")
    assert address(page)["id"] == str(park)
    # A rectangle, drawn: what lies in it, and nothing else.
    page.locator("grid-entry .back").click()
    page.locator("grid-map [data-do=draw]").click()
    canvas = page.locator("grid-map canvas").bounding_box()
    assert canvas is not None
    corners = [
        shown.evaluate("(map, place) => map.project(place)", place)
        for place in ([114.064, 22.532], [114.0715, 22.5385])
    ]
    (left, bottom), (right, top) = corners
    page.mouse.move(canvas["x"] + left, canvas["y"] + bottom)
    page.mouse.down()
    page.mouse.move(canvas["x"] + right, canvas["y"] + top, steps=3)
    page.mouse.up()
    cards = page.locator("grid-list ul.cards li")
    desk.wait(lambda: cards.count() == 1 and "东园" in cards.inner_text(), "what lies in it")
    west, south, east, north = (float(one) for one in address(page)["bbox"].split(","))
    assert (west, south, east, north) == pytest.approx((114.064, 22.532, 114.0715, 22.5385), abs=2e-4)
    page.locator("grid-registers nav a", has_text="建筑").click()
    desk.wait(lambda: cards.count() == 3, "the buildings in it")
    page.reload()
    desk.wait(lambda: cards.count() == 3, "the same from its link")
    page.locator("grid-list [data-do=whole]").click()
    desk.wait(lambda: cards.count() > 3, "all of the block again")
    assert page.locator("grid-map [role=alert]").count() == 0
    assert noise == []
    assert desk.complaints == []


def test_where_am_i_tells_place_crs_accuracy_and_blocks_or_what_is_missing(visit: Open, shown_city: City) -> None:
    desk = visit_at(visit, "west", f"block={WEST}", width=390, height=844)
    page = desk.page
    told = page.locator("grid-here .told")
    page.locator("grid-here > button, grid-here button[aria-expanded]").first.click()
    desk.wait(lambda: "没有得到位置许可" in told.inner_text(), "told that it is not allowed")
    desk.context.grant_permissions(["geolocation"])
    desk.context.set_geolocation({"longitude": 114.0102, "latitude": 22.5051, "accuracy": 240})
    page.locator("grid-here button[aria-expanded]").first.click()
    wait_for(desk, told.locator("[data-here]"), "the place")
    text = told.inner_text()
    assert "114.010200, 22.505100（WGS 84），误差约 240 米" in text
    assert "误差较大" in text
    assert find_grave(page) == []
    assert told.locator("nav a").last.inner_text() == "网格 99010100100101"
    assert told.locator("a", has_text="楼 99010100100101").count() == 1
    told.locator("nav a").last.click()
    desk.wait(lambda: address(page)["block"] == "99010100100101", "its grid")
    # Where no connection is secure, the page says what is missing.
    page.evaluate("() => Object.defineProperty(window, 'isSecureContext', { value: false })")
    page.locator("grid-here button[aria-expanded]").first.click()
    desk.wait(lambda: "https://" in told.inner_text(), "what is missing")
    assert desk.complaints == []


def test_what_is_written_without_a_network_is_kept_and_sent_once(visit: Open, shown_city: City) -> None:
    park = entry_id(shown_city, "西部园 9")
    desk = visit_at(visit, "west", f"block={WEST}&part=registers&register=parks&id={park}", width=390, height=844)
    page = desk.page
    wait_for(desk, page.locator(f"grid-entry article[data-id='{park}']"), "the entry")
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    kept = "async () => (await Promise.all((await caches.keys()).map(async name => (await (await caches.open(name)).keys()).map(one => new URL(one.url).pathname)))).flat()"  # noqa: E501
    desk.wait(lambda: page.evaluate(kept), "the kept page")

    def propose(firms: int, why: str) -> None:
        page.locator("[data-do=edit]").click()
        page.locator("grid-edit input[name=firms]").fill(str(firms))
        page.locator("grid-edit textarea").fill(why)
        page.locator("grid-edit grid-photos input[capture]").set_input_files(
            {"name": "sign.png", "mimeType": "image/png", "buffer": PIXEL}
        )
        wait_for(desk, page.locator("grid-edit figure img"), "the photo")
        page.locator("grid-edit button.main").click()
        wait_for(desk, page.locator("grid-entry .done", has_text="已存在本机"), "kept")

    desk.context.set_offline(True)
    waiting = page.locator("grid-queue li[data-waiting]")
    wait_for(desk, page.locator("grid-queue [data-offline]"), "that there is no network")
    propose(91, "门口名册为 91 家")
    page.locator("[data-do=report]").click()
    page.locator("grid-report select[name=kind]").select_option("fire")
    page.locator("grid-report textarea").fill("断网时发现通道堆物")
    page.locator("grid-report button.main").click()
    desk.wait(lambda: waiting.count() == 2, "both wait")
    assert find_grave(page) == []
    assert "1 张照片" in waiting.first.inner_text()
    # The page opens again without a network, from what is kept; and what waits is still there.
    page.reload()
    wait_for(
        desk, page.locator("grid-queue [data-offline]", has_text="本机缓存的页面"), "the kept page, said to be one"
    )
    desk.wait(lambda: waiting.count() == 2, "they still wait")
    assert shown_city.execute("SELECT count(*) FROM proposal WHERE feature_id = %s", park) == [(0,)]
    desk.context.set_offline(False)
    wait_for(desk, page.locator("grid-queue [data-sent='2']"), "sent by itself")
    assert waiting.count() == 0
    # An answer is lost after its write arrived: nothing is written twice.
    page.route(
        "**/proposals",
        lambda route: (route.fetch(), route.abort()) if route.request.method == "POST" else route.continue_(),
    )
    wait_for(desk, page.locator(f"grid-entry article[data-id='{park}']"), "the entry again")
    propose(92, "又多了一家")
    page.unroute("**/proposals")
    page.locator("grid-queue button", has_text="立即发送").click()
    wait_for(desk, page.locator("grid-queue [data-sent='1']", has_text="没有重复发送"), "found to be there")
    sent = shown_city.execute(
        "SELECT changes->>'firms', cardinality(photos) FROM proposal WHERE feature_id = %s ORDER BY id", park
    )
    assert sent == [("91", 1), ("92", 1)]
    assert shown_city.execute("SELECT count(*) FROM hazard WHERE description = '断网时发现通道堆物'") == [(1,)]
    paths = page.evaluate(kept)
    assert paths, "the page's files are kept"
    assert all(path == "/grid" or path.startswith("/viewer/assets/") for path in paths), "and no answer of the API"
    with shown_city.client() as anybody:
        worker = anybody.get("/viewer/grid-worker.js")
        assert worker.headers["service-worker-allowed"] == "/grid"
        assert worker.headers["cache-control"] == "no-cache"
        manifest = anybody.get("/viewer/grid.webmanifest")
        assert manifest.headers["content-type"] == "application/manifest+json"
        assert manifest.json()["start_url"] == "/grid"
    assert desk.complaints == []


def test_a_profile_on_paper_is_the_figures_alone_and_says_what_they_are(visit: Open) -> None:
    page = visit("/grid", "admin", width=1000, height=800)
    page.wait(lambda: page.page.locator("grid-profile .pillar").count() > 0, "the profile")
    line = page.page.locator("grid-profile .print-line")
    assert not line.is_visible() and page.page.locator("grid-profile .print").is_visible()
    page.page.emulate_media(media="print")
    assert DISTRICT in line.inner_text() and line.is_visible()
    assert not page.page.locator("grid-bar").is_visible() and not page.page.locator("grid-profile .print").is_visible()
