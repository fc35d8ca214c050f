# SPDX-License-Identifier: Apache-2.0
"""The steward's desk in a real browser, with a worker that does the work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import geopandas as gpd
import httpx
import pytest

from tests.api.district import WEST
from tests.api.server import City
from tests.api.test_admin import working
from tests.viewer.visit import Visit

Open = Callable[..., Visit]


@pytest.fixture
def worker(shown_city: City) -> Iterator[None]:
    """A worker on the district's queue."""
    with working(shown_city):
        yield


def write_parks(path: Path) -> Path:
    """Two parks, and a row without a number, which is turned away."""
    gpd.GeoDataFrame(
        {"local_id": ["a", "b", None], "name": ["甲园", "乙园", "无编号"]},
        geometry=gpd.points_from_xy([114.01, 114.012, 114.014], [22.501] * 3).buffer(0.0005), crs=4326,
    ).to_file(path)  # fmt: skip
    return path


def test_whoever_is_no_steward_is_told_so_and_may_sign_in(visit: Open, shown_city: City) -> None:
    desk = visit("/admin", None)
    field = desk.page.locator("admin-sign-in input")
    desk.wait(lambda: field.count() == 1, "the field")
    field.fill(shown_city.tokens["planner"])
    field.press("Enter")
    desk.wait(lambda: desk.page.locator("main [role=alert]", has_text="规划员").count() == 1, "what to do instead")
    assert desk.page.locator("nav a").count() == 0
    desk.page.locator("admin-bar .link").click()
    desk.wait(lambda: field.count() == 1, "the field again")
    field.fill(shown_city.tokens["admin"])
    field.press("Enter")
    desk.wait(lambda: desk.page.locator("nav a").count() == 6, "the parts of the desk")
    desk.page.locator("admin-bar button", has_text="English").click()
    desk.wait(lambda: desk.page.locator("nav a").first.inner_text() == "Loads", "English")
    assert desk.complaints == []


def test_a_file_is_checked_loaded_seen_and_taken_back(
    visit: Open, shown_city: City, worker: None, tmp_path: Path
) -> None:
    desk = visit("/admin", "admin", width=1100, height=800)
    page = desk.page
    desk.wait(lambda: page.locator("nav a").count() == 6, "the desk")
    page.locator("nav a[href='#upload']").click()
    files = page.locator("admin-upload input[type=file]")
    desk.wait(lambda: files.count() == 1, "the form")
    path = write_parks(tmp_path / "parks.geojson")
    page.locator("admin-upload select[name=kind]").select_option("parks")
    files.set_input_files(path)
    desk.wait(lambda: page.locator("admin-upload .failed", has_text="坐标系").count() == 1, "asked for the CRS")
    page.locator("admin-upload input[value=file]").check()
    sent = page.locator("admin-sendings section")
    # The parts of a shapefile belong together: the page sends them as one.
    write_parks(tmp_path / "parks.shp")
    files.set_input_files(sorted(tmp_path.glob("parks.[sdp]*")))
    desk.wait(lambda: sent.get_attribute("data-phase") == "checked", "the shapefile checked")
    assert sent.locator("strong").inner_text() == "parks.zip"
    sent.get_by_role("button", name="放弃").click()
    desk.wait(lambda: sent.count() == 0, "given up")
    files.set_input_files(path)
    desk.wait(lambda: sent.get_attribute("data-phase") == "checked", "checked")
    assert sent.locator(".figures b").all_inner_texts()[:3] == ["3", "2", "1"]
    assert sent.locator(".reasons code").inner_text() == "local_id"
    sent.get_by_role("button", name="载入").click()
    desk.wait(lambda: sent.get_attribute("data-phase") == "loaded", "loaded")
    sent.locator("a", has_text="查看载入记录").click()
    detail = page.locator("admin-load")
    desk.wait(lambda: detail.locator(".rejects tbody tr").count() == 1, "its rejects")
    with page.expect_download() as download:
        detail.locator("a", has_text="Excel").click()
    assert download.value.suggested_filename.endswith(".xlsx")
    detail.locator("admin-withdraw > button, admin-withdraw button").first.click()
    question = page.locator("admin-withdraw dialog")
    desk.wait(lambda: question.locator("p", has_text="删除 2 行").count() == 1, "what it would do")
    page.keyboard.press("Escape")
    desk.wait(lambda: not question.is_visible(), "nothing done")
    detail.locator("admin-withdraw button").first.click()
    desk.wait(lambda: question.locator(".danger").count() == 1, "asked again")
    question.locator(".danger").click()
    desk.wait(lambda: page.locator("admin-loads tr.struck .chip", has_text="已撤回").count() == 1, "withdrawn")
    assert shown_city.execute("SELECT 1 FROM industrial_park WHERE source_id = 'parks'") == []
    assert desk.complaints == []


def test_an_issue_leads_to_its_place_on_the_wall_and_is_seen_to(visit: Open, shown_city: City) -> None:
    shown_city.execute(
        "INSERT INTO quality_issue (kind, severity, \"where\", message, geometry) VALUES ('gap', 'warning', 'grid',"
        ' \'{"zh": "缝隙", "en": "a gap"}\', ST_MakeEnvelope(114.001, 22.501, 114.002, 22.502, 4490))'
    )
    desk = visit("/admin", "admin")
    tab = desk.page.locator("nav a[href='#quality']")
    desk.wait(lambda: tab.count() == 1, "the desk")
    desk.page.locator("nav a").first.focus()
    desk.page.keyboard.press("ArrowRight")
    desk.page.keyboard.press("ArrowRight")
    desk.page.keyboard.press("Enter")
    rows = desk.page.locator("admin-quality tbody tr")
    desk.wait(lambda: rows.count() == 1, "the issue")
    assert rows.locator("a").get_attribute("href") == f"/wall#block={WEST}00101"
    rows.locator("button").click()
    desk.wait(lambda: desk.page.locator("admin-quality .none").count() == 1, "none left")
    assert desk.complaints == []


def test_a_token_is_shown_once_and_revoked_and_a_pillar_is_switched_on_a_phone(visit: Open, shown_city: City) -> None:
    desk = visit("/admin", "admin", width=390, height=844)
    page = desk.page
    tab = page.locator("nav a[href='#access']")
    desk.wait(lambda: tab.count() == 1, "the desk")
    tab.click()
    form = page.locator("admin-access form")
    desk.wait(lambda: form.count() == 1, "the form")
    form.locator("select").select_option("wall")
    form.locator("input[name=label]").fill("大厅")
    form.locator("button").click()
    shown = page.locator("admin-access .made input")
    desk.wait(lambda: shown.count() == 1, "the token")
    token = shown.input_value()
    with httpx.Client(base_url=shown_city.url, headers={"Authorization": f"Bearer {token}"}) as holder:
        assert holder.get("/session").json()["role"] == "wall"
    page.locator("admin-access .made button", has_text="我已保存").click()
    row = page.locator("admin-access tbody tr", has_text="大厅")
    row.locator("button").click()
    page.locator("admin-access dialog .danger").click()
    desk.wait(lambda: row.locator(".chip", has_text="已撤销").count() == 1, "revoked")
    page.locator("nav a[href='#codes']").click()
    switch = page.locator("admin-codes input[type=checkbox]").nth(4)
    desk.wait(lambda: switch.count() == 1, "the pillars")
    before = switch.is_checked()
    switch.click()
    desk.wait(
        lambda: shown_city.execute("SELECT is_enabled FROM pillar ORDER BY position")[4] == (not before,), "switched"
    )
    width = page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= 390, "nothing is wider than the phone"
    shown_city.execute("UPDATE pillar SET is_enabled = %s WHERE position = 4", before)
    assert desk.complaints == []
