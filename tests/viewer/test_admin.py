# SPDX-License-Identifier: Apache-2.0
"""The steward's desk in a real browser, with a worker that does the work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import geopandas as gpd
import httpx
import pyogrio
import pytest

from ingest.withdraw import withdraw_load
from tests.api.district import WEST
from tests.api.server import City
from tests.api.test_admin import working
from tests.api.test_loads import load_park
from tests.viewer.visit import Visit
from twin.database import transaction

Open = Callable[..., Visit]

PARTS = 14


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
    field = desk.token_field("admin-sign-in")
    field.fill(shown_city.tokens["planner"])
    field.press("Enter")
    desk.wait(lambda: desk.page.locator("main [role=alert]", has_text="规划员").count() == 1, "what to do instead")
    assert desk.page.locator("nav a").count() == 0
    desk.page.locator("admin-bar .link").click()
    field = desk.token_field("admin-sign-in")
    field.fill(shown_city.tokens["admin"])
    field.press("Enter")
    desk.wait(lambda: desk.page.locator("nav a").count() == PARTS, "the parts of the desk")
    desk.page.locator("admin-bar button", has_text="English").click()
    desk.wait(lambda: desk.page.locator("nav a").first.inner_text() == "Loads", "English")
    assert desk.complaints == []


def test_a_file_is_checked_loaded_seen_and_taken_back(
    visit: Open, shown_city: City, worker: None, tmp_path: Path
) -> None:
    desk = visit("/admin", "admin", width=1100, height=800)
    page = desk.page
    desk.wait(lambda: page.locator("nav a").count() == PARTS, "the desk")
    page.locator("nav a[href='#upload']").click()
    files = page.locator("admin-upload input[type=file]")
    desk.wait(lambda: files.count() == 1, "the form")
    path = write_parks(tmp_path / "parks.geojson")
    page.locator("admin-upload select[name=kind]").select_option("parks")
    files.set_input_files(path)
    desk.wait(lambda: page.locator("admin-upload .failed", has_text="坐标系").count() == 1, "asked for the CRS")
    page.locator("admin-upload input[value=file]").check()
    page.locator("admin-upload input[value=whole]").check()
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
    with page.expect_download() as rows:
        sent.get_by_role("button", name="原始行").click()
    rows.value.save_as(tmp_path / "rows.xlsx")
    assert "无编号" in pyogrio.read_dataframe(tmp_path / "rows.xlsx").to_string()
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
    desk.page.locator("nav a[href='#targets']").focus()
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
    form.locator("textarea[name=organisations]").fill("甲公司\n 乙公司 \n")
    form.locator("button.main").click()
    shown = page.locator("admin-access .made input")
    desk.wait(lambda: shown.count() == 1, "the token")
    token = shown.input_value()
    with httpx.Client(base_url=shown_city.url, headers={"Authorization": f"Bearer {token}"}) as holder:
        told = holder.get("/session").json()
        assert (told["role"], told["scope"], told["organisations"]) == ("wall", [], ["乙公司", "甲公司"])
    page.locator("admin-access .made button", has_text="我已保存").click()
    row = page.locator("admin-access tbody tr", has_text="大厅")
    desk.wait(lambda: row.get_by_text("乙公司; 甲公司").count() == 1, "whom it acts for")
    row.locator("button").click()
    page.locator("admin-access dialog .danger").click()
    desk.wait(lambda: row.locator(".chip", has_text="已撤销").count() == 1, "revoked")
    page.locator("nav a[href='#indicators']").click()
    switch = page.locator("admin-pillars input[type=checkbox]").nth(4)
    desk.wait(lambda: switch.count() == 1, "the pillars")
    before = switch.is_checked()
    switch.click()
    desk.wait(
        lambda: shown_city.execute("SELECT is_enabled FROM pillar ORDER BY position")[4] == (not before,), "switched"
    )
    titles = page.locator("admin-pillars tbody td:first-child > span")
    first, second = titles.nth(1).inner_text(), titles.nth(2).inner_text()
    page.locator("admin-pillars tbody tr").nth(2).get_by_role("button", name="上移").click()
    desk.wait(lambda: titles.nth(1).inner_text() == second, "moved up")
    page.locator("admin-pillars tbody tr").nth(1).get_by_role("button", name="下移").click()
    desk.wait(lambda: titles.nth(1).inner_text() == first, "moved back")
    width = page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= 390, "nothing is wider than the phone"
    shown_city.execute("UPDATE pillar SET is_enabled = %s WHERE position = 4", before)
    assert desk.complaints == []


def test_an_indicator_is_put_together_mended_counted_deleted_and_brought_back(visit: Open, shown_city: City) -> None:
    desk = visit("/admin", "admin", width=1280, height=900)
    page = desk.page
    tab = page.locator("nav a[href='#indicators']")
    desk.wait(lambda: tab.count() == 1, "the desk")
    tab.click()
    new = page.get_by_role("button", name="新建指标")
    desk.wait(lambda: new.count() == 1, "the measures")
    new.click()
    form = page.locator("admin-indicator-form")
    form.locator("[name=zh]").fill("高楼")
    form.locator("[name=en]").fill("Tall houses")
    form.locator("[name=code]").fill("buildings.count")
    form.locator("select[name=layer]").select_option("buildings")
    form.get_by_role("button", name="添加条件").click()
    condition = form.locator("admin-conditions li")
    condition.locator("select").nth(0).select_option("height")
    condition.locator("select").nth(1).select_option(">=")
    condition.locator("input").fill("15")
    form.locator("[name=pillar]").select_option("house")
    form.locator("[name=dimension]").select_option("use")
    form.locator("[name=k]").fill("5")
    form.get_by_role("button", name="保存").click()
    wrong = form.locator("label[data-wrong]")
    desk.wait(lambda: wrong.locator("[name=code]").count() == 1, "the code is taken")
    form.locator("[name=code]").fill("tall_houses")
    form.get_by_role("button", name="保存").click()
    desk.wait(lambda: wrong.locator("[name=k]").count() == 1, "the server's refusal beside its field")
    form.locator("[name=k]").fill("")
    form.locator("[name=dimension]").select_option("")
    form.get_by_role("button", name="保存").click()
    said = page.locator("admin-indicators .said")
    desk.wait(lambda: said.count() == 1, "saved")
    assert said.locator("b").inner_text().strip() == "16"

    def figures(code: str) -> dict[str, object]:
        with shown_city.client("admin") as admin:
            pillars = admin.get(f"/blocks/{code}/profile").json()["pillars"]
        return {measure["code"]: measure["value"] for pillar in pillars for measure in pillar["measures"]}

    assert figures(WEST)["tall_houses"] == 8
    row = page.locator("admin-indicators tbody tr", has_text="tall_houses")
    row.get_by_role("button", name="编辑").click()
    desk.wait(lambda: condition.count() == 1, "as it was put together")
    assert condition.locator("input").input_value() == "15"
    condition.locator("input").fill("13")
    form.locator("[name=threshold]").fill("9")
    form.get_by_role("button", name="保存").click()
    desk.wait(lambda: row.locator("td").nth(3).inner_text() == "9", "changed")
    row.get_by_role("button", name="删除").click()
    desk.wait(lambda: said.get_by_role("button", name="撤销").count() == 1, "deleted")
    assert "tall_houses" not in figures(WEST)
    said.get_by_role("button", name="撤销").click()
    desk.wait(lambda: row.count() == 1, "brought back")
    assert figures(WEST)["tall_houses"] == 8
    shown_city.execute("DELETE FROM measure WHERE code = 'tall_houses'")
    assert desk.complaints == []


def test_a_target_is_set_and_its_bars_show_what_is_done_by_block(visit: Open, shown_city: City) -> None:
    desk = visit("/admin", "admin", width=1100, height=800)
    page = desk.page
    tab = page.locator("nav a[href='#targets']")
    desk.wait(lambda: tab.count() == 1, "the desk")
    tab.click()
    new = page.get_by_role("button", name="新建目标")
    desk.wait(lambda: new.count() == 1, "the targets")
    new.click()
    form = page.locator("admin-target-form")
    form.locator("[name=zh]").fill("楼宇普查")
    form.locator("[name=en]").fill("Buildings surveyed")
    form.locator("[name=code]").fill("surveyed")
    form.locator("[name=measure]").select_option("buildings.floor_area")
    form.locator("[name=unit]").fill("万m²")
    form.locator("[name=factor]").fill("0.0001")
    form.locator("[name=goal]").fill("3.2")
    form.get_by_role("button", name="保存").click()
    card = page.locator("admin-targets [data-target=surveyed]")
    desk.wait(lambda: card.count() == 1, "the target")
    assert card.locator("b").inner_text() == "50 %"
    assert card.locator("progress").evaluate("bar => bar.value / bar.max") == 0.5
    column = page.locator("admin-target-blocks td.bar", has=page.locator("progress[aria-label*='楼宇普查']"))
    desk.wait(lambda: column.count() == 2, "a bar for each street")
    assert column.first.inner_text().split() == ["0.8", "25", "%"]
    page.locator("admin-target-blocks .link", has_text=WEST).click()
    desk.wait(lambda: card.locator("b").inner_text() == "25 %", "the street alone")
    page.locator("admin-targets .path .link").first.click()
    desk.wait(lambda: card.locator("b").inner_text() == "50 %", "the district again")
    card.get_by_role("button", name="编辑").click()
    desk.wait(lambda: form.count() == 1, "the form")
    assert form.locator("[name=factor]").input_value() == "0.0001"
    form.locator("[name=goal]").fill("1.6")
    form.get_by_role("button", name="保存").click()
    desk.wait(lambda: card.locator(".chip.good").count() == 1, "reached")
    card.get_by_role("button", name="删除").click()
    desk.wait(lambda: page.get_by_role("button", name="撤销").count() == 1, "dropped")
    assert shown_city.execute("SELECT 1 FROM target WHERE code = 'surveyed'") == []
    assert desk.complaints == []


def test_a_business_layer_is_described_and_withdrawn_by_typing_its_code(visit: Open, shown_city: City) -> None:
    desk = visit("/admin", "admin", width=390, height=844)
    page = desk.page
    tab = page.locator("nav a[href='#layers']")
    desk.wait(lambda: tab.count() == 1, "the desk")
    tab.click()
    new = page.get_by_role("button", name="新建业务图层")
    desk.wait(lambda: new.count() == 1, "the layers")
    new.click()
    form = page.locator("admin-layer-form")
    form.locator("[name=zh]").fill("充电站")
    form.locator("[name=code]").fill("charging")
    form.locator("[name=owner]").fill("住建局")
    form.locator("[name=access_class]").select_option("1")
    form.locator("[name=refresh_days]").fill("30")
    form.get_by_role("button", name="添加属性").click()
    form.locator("[data-name]").fill("power")
    form.locator("admin-attribute-fields select").select_option("number")
    form.locator("admin-attribute-fields input[type=checkbox]").check()
    form.locator("admin-legend-form select").select_option("power")
    form.locator("admin-legend-form li input:not([type=color])").fill("60")
    form.get_by_role("button", name="保存").click()
    row = page.locator("tr[data-layer=charging]")
    desk.wait(lambda: row.count() == 1, "described")
    (kept,) = shown_city.execute(
        "SELECT owner, access_class, refresh_days, attribute_schema, legend FROM business_layer WHERE code = 'charging'"
    )
    assert kept[:3] == ("住建局", 1, 30)
    assert kept[3] == {"type": "object", "properties": {"power": {"type": "number"}}, "required": ["power"]}
    assert isinstance(kept[4], dict) and list(kept[4]["by"]["values"]) == ["60"]
    row.get_by_role("button", name="版本").click()
    desk.wait(lambda: page.locator("admin-layer-versions .empty").count() == 1, "no load, no version")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    row.get_by_role("button", name="撤下").click()
    question = page.locator("admin-layer-withdraw dialog")
    desk.wait(lambda: question.is_visible(), "the question")
    assert question.locator(".danger").is_disabled()
    question.locator("input").fill("charging")
    question.locator(".danger").click()
    desk.wait(lambda: page.locator("admin-layers .said", has_text="证明编号").count() == 1, "gone")
    assert row.count() == 0
    assert desk.complaints == []


def test_a_dataset_is_described_and_a_name_of_a_person_is_not_taken(visit: Open, shown_city: City) -> None:
    number = load_park(shown_city)
    desk = visit("/admin", "admin", width=1100, height=800)
    page = desk.page
    tab = page.locator("nav a[href='#datasets']")
    desk.wait(lambda: tab.count() == 1, "the desk")
    tab.click()
    one = page.locator("admin-datasets [data-dataset]", has=page.locator("code", has_text="office"))
    desk.wait(lambda: one.count() == 1, "the dataset")
    assert one.locator("dd", has_text="未填写").count() == 3
    one.get_by_role("button", name="编辑").click()
    form = page.locator("admin-dataset-form")
    form.locator("[name=zh]").fill("园区名录")
    form.locator("[name=owner]").fill("住建局")
    form.locator("[name=refresh_days]").fill("30")
    form.get_by_role("button", name="保存").click()
    desk.wait(lambda: form.locator("label[data-wrong] [name=en]").count() == 1, "both titles or none")
    form.locator("[name=en]").fill("Register of parks")
    form.locator("[name=steward]").fill("13800138000")
    form.get_by_role("button", name="保存").click()
    desk.wait(lambda: form.locator(".failed").count() == 1, "refused")
    form.locator("[name=steward]").fill("园区科数据岗")
    form.get_by_role("button", name="保存").click()
    described = page.locator("admin-datasets [data-dataset]", has_text="园区名录")
    desk.wait(lambda: described.count() == 1, "described")
    assert described.locator("dd", has_text="每 30 天").count() == 1
    with transaction(shown_city.settings) as connection:
        withdraw_load(connection, number, "test")
    assert desk.complaints == []
