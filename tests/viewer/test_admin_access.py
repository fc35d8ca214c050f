# SPDX-License-Identifier: Apache-2.0
"""People, tokens, webhooks, jobs and the audit log on the desk, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import ConsoleMessage

from tests.api.district import EAST, WEST
from tests.api.server import City
from tests.viewer.test_axe import find_grave
from tests.viewer.test_sign_in import WATCH
from tests.viewer.visit import Visit
from twin.access import create_token
from twin.account import Rights, add_account
from twin.audit import verify_lines
from twin.database import transaction

Open = Callable[..., Visit]

PASSWORD = "correct-horse-battery"
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture(autouse=True)
def leave_nothing(shown_city: City) -> Iterator[None]:
    """Other tests of the pages find no account, job or webhook of these."""
    yield
    for statement in (
        "DELETE FROM account_session", "DELETE FROM webhook", "DELETE FROM job_progress",
        "DELETE FROM access_token WHERE kind IN ('account', 'mapping')",
    ):  # fmt: skip
        shown_city.execute(statement)


def open_part(visit: Open, token: str, part: str, *, width: int = 1440, height: int = 900) -> Visit:
    """A part of the desk; what its policy forbids and what the console calls an error are complaints."""
    desk = visit("/health", None, width=width, height=height)

    def listen(message: ConsoleMessage) -> None:
        # An answer of 400 and up is told by the browser as well; those that are meant are asked for by the test.
        if message.type == "error" and "Failed to load resource" not in message.text:
            desk.complaints.append(message.text)

    desk.page.on("console", listen)
    desk.page.add_init_script(WATCH)
    desk.open("/admin", token)
    tab = desk.page.locator(f"nav a[href='#{part}']")
    desk.wait(lambda: tab.count() == 1, "the desk")
    tab.click()
    return desk


def check_clean(desk: Visit) -> None:
    """Nothing failed in the page, nothing was forbidden to it, and nothing is wider than it."""
    assert desk.complaints == []
    assert desk.page.evaluate("() => window.violations") == []
    assert desk.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def focused(desk: Visit) -> str:
    """The text of what has the focus, however deep it stands."""
    return desk.page.evaluate(
        "() => { let at = document.activeElement;"
        " while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;"
        " return at?.textContent?.trim() ?? ''; }"
    )


def test_an_account_is_made_with_blocks_by_name_changed_closed_opened_and_reset(visit: Open, shown_city: City) -> None:
    desk = open_part(visit, shown_city.tokens["admin"], "people")
    page = desk.page
    new = page.locator("admin-people .headline .main")
    desk.wait(lambda: page.locator("admin-people .none", has_text="还没有账号").count() == 1, "that there are none")
    desk.wait(lambda: page.locator("admin-mappings .none").count() == 1, "no mappings either")
    new.click()
    form = page.locator("admin-account-form")
    form.locator("[name=login]").fill("13800138000")
    form.locator("[name=role]").select_option("grid_manager")
    form.locator("[name=purpose]").fill("网格巡查")
    form.get_by_role("button", name="建立账号").click()
    wrong = form.locator("[data-wrong]")
    desk.wait(lambda: wrong.locator("[name=login]").count() == 1, "a telephone number is no login")
    form.locator("[name=login]").fill("west-desk-03")
    form.locator("input[value=some]").check()
    form.get_by_role("button", name="建立账号").click()
    desk.wait(lambda: wrong.locator("admin-block-picker").count() == 1, "a limit of nothing is none")
    search = form.locator("admin-block-picker input")
    search.focus()
    below = form.locator("admin-block-picker .list [data-block]")
    desk.wait(lambda: below.count() == 2, "the streets of the district")
    search.fill(WEST)
    desk.wait(lambda: below.count() == 1 and below.get_attribute("data-block") == WEST, "the street by its code")
    search.press("Enter")
    assert form.locator("admin-block-picker .chosen li").inner_text().split("\n")[0].strip().startswith("街道")
    assert find_grave(page) == []
    form.get_by_role("button", name="建立账号").click()
    shown = page.locator("admin-once-shown input")
    desk.wait(lambda: shown.count() == 1, "the password, this once")
    with httpx.Client(base_url=shown_city.url) as client:
        given = {"login": "west-desk-03", "password": shown.input_value(), "new_password": PASSWORD}
        assert client.post("/session", json=given).status_code == 204
        told = client.get("/session").json()
        assert (told["role"], told["scope"], told["access_class"]) == ("grid_manager", [WEST], 3)
        page.locator("admin-once-shown button", has_text="我已保存").click()
        row = page.locator("tr[data-account=west-desk-03]")
        desk.wait(lambda: row.get_by_text(f"街道 {WEST}").count() == 1, "its block by name")
        row.locator("[data-do=edit]").click()
        form.locator("[name=role]").select_option("leader")
        form.get_by_role("button", name="保存").click()
        desk.wait(lambda: row.get_by_text("领导").count() == 1, "changed")
        assert focused(desk) == "编辑"
        assert client.get("/session").json()["role"] == "leader"
        row.locator("[data-do=disable]").click()
        question = page.locator("admin-people admin-confirm dialog").last
        desk.wait(lambda: page.get_by_text("停用账号 west-desk-03").is_visible(), "asked first")
        page.keyboard.press("Escape")
        desk.wait(lambda: focused(desk) == "停用", "the focus goes back")
        assert client.get("/session").json()["role"] == "leader"
        row.locator("[data-do=disable]").click()
        question.locator(".danger").click()
        desk.wait(lambda: row.locator(".chip", has_text="已停用").count() == 1, "closed")
        assert client.get("/session").status_code == 401
    page.locator("admin-people .said button", has_text="启用").click()
    desk.wait(lambda: row.locator(".chip", has_text="已停用").count() == 0, "opened again")
    assert row.get_by_text(f"街道 {WEST}").count() == 1
    row.locator("[data-do=password]").click()
    reset = page.locator("admin-password-reset")
    reset.locator("input[name=password]").fill("short")
    reset.locator(".danger").click()
    desk.wait(lambda: reset.locator("[data-wrong] .failed").count() == 1, "too poor a password")
    reset.locator("input[name=password]").fill("")
    reset.locator(".danger").click()
    desk.wait(lambda: shown.count() == 1 and len(shown.input_value()) >= 12, "another password")
    row.locator("a", has_text="审计记录").click()
    [(number,)] = shown_city.execute("SELECT token_id FROM account WHERE login = 'west-desk-03'")
    field = page.locator("admin-audit input[name=token_id]")
    desk.wait(lambda: field.count() == 1 and field.input_value() == str(number), "what it did")
    check_clean(desk)


def test_a_group_of_the_provider_is_mapped_tried_deleted_and_brought_back(visit: Open, shown_city: City) -> None:
    with shown_city.client("admin") as admin:
        first = {"value": "gov-grid", "role": "grid_manager", "purpose": "巡查", "scope": [WEST]}
        assert admin.post("/oidc/mappings", json=first).status_code == 201
    desk = open_part(visit, shown_city.tokens["admin"], "people")
    page = desk.page
    rows = page.locator("admin-mappings tbody tr")
    desk.wait(lambda: rows.count() == 1, "the mapping")
    page.locator("admin-mappings .headline button").click()
    form = page.locator("admin-mapping-form")
    form.locator("[name=value]").fill("gov-leaders")
    form.locator("[name=position]").fill("10")
    form.locator("[name=role]").select_option("leader")
    form.get_by_role("button", name="保存").click()
    desk.wait(lambda: rows.count() == 2, "another")
    tried = page.locator("admin-mappings .try")
    tried.locator("input").fill("gov-leaders, gov-grid")
    desk.wait(lambda: f"街道 {WEST}" in tried.locator("p").inner_text(), "the first says the role")
    assert "网格员" in tried.locator("p").inner_text()
    tried.locator("input").fill("somebody")
    desk.wait(lambda: tried.locator("p").inner_text() == "没有权限。", "no access")
    rows.first.get_by_role("button", name="删除").click()
    page.locator("admin-mappings admin-confirm .danger").click()
    undo = page.locator("admin-mappings .said button")
    desk.wait(lambda: undo.count() == 1 and rows.count() == 1, "deleted")
    undo.click()
    desk.wait(lambda: rows.count() == 2, "brought back")
    with shown_city.client("admin") as admin:
        kept = admin.get("/oidc/mappings").json()["mappings"]
    assert [(m["value"], m["scope"] and m["scope"][0]["code"]) for m in kept] == [
        ("gov-grid", WEST),
        ("gov-leaders", []),
    ]
    check_clean(desk)


def test_an_auditor_sees_the_audit_log_alone_narrows_it_turns_its_pages_and_takes_it_away(
    visit: Open, shown_city: City, tmp_path: Path
) -> None:
    with transaction(shown_city.settings) as connection:
        token = create_token(connection, "auditor")
        for at in range(120):
            connection.execute("SELECT note_audit('config.change', %s, 'done', NULL, '{}')", (f"testing:{at}",))
    desk = open_part(visit, token, "audit")
    page = desk.page
    rows = page.locator("admin-audit tbody tr")
    desk.wait(lambda: rows.count() == 50, "a page of the log")
    assert page.locator("nav a").count() == 1
    form = page.locator("admin-audit form")
    form.locator("[name=verb]").select_option("config.")
    form.locator("[name=object]").fill("testing:")
    form.locator("button.main").click()
    desk.wait(lambda: rows.locator("code", has_text="testing:").count() == 50, "narrowed")
    assert rows.locator("code").first.inner_text() == "testing:119"
    more = page.locator("admin-audit .more button")
    for wanted in (100, 120):
        more.click()
        desk.wait(lambda wanted=wanted: rows.count() == wanted, f"{wanted} entries")
    assert more.count() == 0
    rows.first.get_by_role("button", name="详情").click()
    desk.wait(lambda: page.locator("admin-audit tr.detail dd").count() >= 2, "the entry whole")
    head = page.locator("admin-audit-head .hash")
    page.locator("admin-audit-head button", has_text="刷新").click()
    with shown_city.client() as auditor:
        auditor.headers["Authorization"] = f"Bearer {token}"
        told = auditor.get("/audit/head").json()
    desk.wait(lambda: head.inner_text() == f"{told['seq']}:{told['hash']}", "the end of the chain")
    with page.expect_download() as download:
        page.locator("admin-audit .headline a").click()
    download.value.save_as(tmp_path / "audit.jsonl")
    assert verify_lines((tmp_path / "audit.jsonl").read_text("utf-8").splitlines()).is_whole
    form.locator("[name=object]").fill("nothing:like:this")
    form.locator("button.main").click()
    desk.wait(lambda: page.locator("admin-audit .none").count() == 1, "nothing fits")
    page.evaluate("() => { location.hash = 'people'; }")
    desk.wait(lambda: page.locator("main [role=alert]", has_text="审计员").count() == 1, "why it is closed")
    check_clean(desk)


def test_jobs_are_followed_without_touching_what_one_reads(visit: Open, shown_city: City) -> None:
    desk = open_part(visit, shown_city.tokens["admin"], "jobs", width=390, height=844)
    page = desk.page
    desk.wait(lambda: page.locator("admin-jobs .none", has_text="还没有作业").count() == 1, "that there are none")
    rules = {
        "changes": {"title": {"zh": "变更日志", "en": "the change log"}, "removed": 7},
        "tokens": {"title": {"zh": "已失效的令牌", "en": "tokens"}, "removed": 0, "failed": "OperationalError"},
    }
    problems = [{"where": "第 3 行", "what": "没有编号", "fix": "补上编号"}]
    for kind, state, report in (
        ("upkeep", "failed", {"removed": 7, "rules": rules}),
        *(("parks", "done", {"read": at, "kept": at, "problems": problems}) for at in range(12)),
        ("buildings", "running", None),
    ):
        shown_city.execute(
            "INSERT INTO job_progress (kind, state, progress, report, traceparent) VALUES (%s, %s, 0.25, %s, %s)",
            kind, state, None if report is None else json.dumps(report), f"00-{TRACE}-b7ad6b7169203331-01",
        )  # fmt: skip
    jobs = page.locator("admin-jobs li[data-job]")
    desk.wait(lambda: jobs.count() == 14, "the jobs, by themselves")
    going = page.locator("admin-jobs li[data-state=running] .going b")
    assert going.inner_text() == "25 %"
    report = jobs.nth(8).locator("summary")
    report.focus()
    page.keyboard.press("Enter")
    desk.wait(lambda: jobs.nth(8).get_by_text("补上编号").count() == 1, "the whole report")
    assert jobs.nth(8).locator("code").inner_text() == TRACE
    before = page.evaluate("() => scrollY")
    assert before > 0
    words = focused(desk)
    shown_city.execute("UPDATE job_progress SET progress = 0.5 WHERE state = 'running'")
    desk.wait(lambda: going.inner_text() == "50 %", "further")
    shown_city.execute("UPDATE job_progress SET state = 'done', progress = 1 WHERE state = 'running'")
    desk.wait(lambda: page.locator("admin-jobs li[data-state=running]").count() == 0, "ended")
    assert focused(desk) == words and words.startswith("检查报告")
    assert jobs.nth(8).get_by_text("补上编号").is_visible()
    assert find_grave(page) == []
    page.locator("admin-jobs [data-state=failed]").first.click()
    desk.wait(lambda: jobs.count() == 1, "those that failed")
    assert jobs.get_by_text("清理报告：共清理 7 项").count() == 1
    assert jobs.get_by_text("OperationalError").is_visible()
    check_clean(desk)


def test_a_webhook_is_made_paused_tried_again_and_deleted(visit: Open, shown_city: City) -> None:
    desk = open_part(visit, shown_city.tokens["admin"], "webhooks")
    page = desk.page
    desk.wait(lambda: page.locator("admin-webhooks .none").count() == 1, "that there are none")
    page.locator("admin-webhooks .headline .main").click()
    form = page.locator("admin-webhook-form")
    form.locator("[name=url]").fill("https://127.0.0.1/twin")
    form.locator("input[name=layers][value=incidents]").check()
    form.locator("admin-block-picker input").focus()
    desk.wait(lambda: form.locator(f"[data-block='{EAST}']").count() == 1, "the streets")
    form.locator(f"[data-block='{EAST}']").click()
    assert find_grave(page) == []
    form.get_by_role("button", name="建立推送").click()
    desk.wait(lambda: form.locator("[data-wrong] [name=url]").count() == 1, "no private address")
    form.locator("[name=url]").fill("https://hooks.example.org/twin")
    form.get_by_role("button", name="建立推送").click()
    secret = page.locator("admin-once-shown input")
    desk.wait(lambda: secret.count() == 1 and secret.input_value().startswith("whsec_"), "the secret, this once")
    hook = page.locator("admin-webhooks [data-webhook]")
    desk.wait(lambda: hook.get_by_text(f"街道 {EAST}").count() == 1, "of the block by name")
    assert hook.get_by_text("事件").count() == 1
    hook.locator("[data-do=pause]").click()
    desk.wait(lambda: hook.locator(".chip", has_text="已暂停").count() == 1, "paused")
    hook.locator("[data-do=pause]").click()
    desk.wait(lambda: hook.locator(".chip", has_text="正常").count() == 1, "working")
    shown_city.execute(
        "UPDATE webhook SET state = 'dead', problem = 'status', status = 503, attempts = 9, failing_since = now()"
    )
    page.locator("admin-webhooks .headline button", has_text="刷新").click()
    desk.wait(lambda: hook.get_by_text("接收方回答 503").count() == 1, "why")
    hook.locator("[data-do=again]").click()
    desk.wait(lambda: hook.get_attribute("data-state") == "ok", "tried again")
    hook.locator("[data-do=edit]").click()
    form.locator("[name=label]").fill("应急平台")
    form.get_by_role("button", name="保存").click()
    desk.wait(lambda: hook.get_by_role("heading", name="应急平台").count() == 1, "changed")
    hook.locator("[data-do=drop]").click()
    page.locator("admin-webhooks admin-confirm .danger").click()
    desk.wait(lambda: page.locator("admin-webhooks .none").count() == 1, "deleted")
    check_clean(desk)


def test_an_account_minds_its_own_sessions_and_a_phone_has_room_in_either_language(
    visit: Open, shown_city: City
) -> None:
    with transaction(shown_city.settings) as connection:
        add_account(connection, "head-desk", Rights("admin", 2), password=PASSWORD)
    with httpx.Client(base_url=shown_city.url) as elsewhere:
        given = {"login": "head-desk", "password": PASSWORD}
        assert elsewhere.post("/session", json=given).status_code == 204
        desk = visit("/admin?lang=en", None, width=390, height=844)
        page = desk.page
        page.add_init_script(WATCH)
        form = page.locator("admin-sign-in")
        desk.wait(lambda: form.locator("input").count() == 2, "login and password")
        form.locator("[name=login]").fill("head-desk")
        form.locator("[name=password]").fill(PASSWORD)
        form.locator("[name=password]").press("Enter")
        own = page.locator("admin-own-account")
        desk.wait(lambda: own.count() == 1, "the desk")
        own.locator("button").first.click()
        desk.wait(lambda: own.locator("li").count() == 2, "where it is signed in")
        assert find_grave(page) == []
        own.locator("li button").click()
        desk.wait(lambda: own.locator("li").count() == 1, "not elsewhere any more")
        assert elsewhere.get("/session").status_code == 401
    own.locator("[name=password]").fill(PASSWORD)
    own.locator("[name=new_password]").fill("four-tall-green-cups")
    own.get_by_role("button", name="Change", exact=True).click()
    desk.wait(lambda: own.locator(".said", has_text="is changed").count() == 1, "another password")
    page.keyboard.press("Escape")
    desk.wait(lambda: focused(desk) == "My account", "the focus goes back")
    for part, title in (
        ("people", "People"), ("access", "Tokens"), ("webhooks", "Webhooks"), ("jobs", "Jobs"), ("audit", "Audit"),
    ):  # fmt: skip
        page.locator(f"nav a[href='#{part}']").click()
        desk.wait(lambda part=part, title=title: page.locator(f"admin-{part} h2", has_text=title).count() >= 1, title)
        desk.wait(lambda: page.get_by_text("Loading…").count() == 0, "there")
        if part == "people":
            row = page.locator("tr[data-account=head-desk]")
            assert row.locator(".chip", has_text="you").count() == 1
            assert row.locator("button").count() == 0, "nobody changes his own"
        assert find_grave(page) == []
        check_clean(desk)


def test_a_walls_token_is_explained_and_has_a_purpose_blocks_by_name_and_an_end(visit: Open, shown_city: City) -> None:
    desk = open_part(visit, shown_city.tokens["admin"], "access")
    page = desk.page
    form = page.locator("admin-access form")
    desk.wait(lambda: form.count() == 1, "the form")
    form.locator("select").select_option("wall")
    desk.wait(lambda: form.locator(".note", has_text="/wall?token=").count() == 1, "how a wall is opened")
    form.locator("[name=label]").fill("西门大屏")
    form.locator("[name=purpose]").fill("值班展示")
    day = desk.page.evaluate("() => new Date(Date.now() + 5 * 86400000).toISOString().slice(0, 10)")
    form.locator("[name=until]").fill(day)
    form.locator("admin-block-picker input").focus()
    desk.wait(lambda: form.locator(f"[data-block='{WEST}']").count() == 1, "the streets")
    form.locator(f"[data-block='{WEST}']").click()
    form.locator("button.main").click()
    shown = page.locator("admin-access .made")
    desk.wait(lambda: shown.get_by_text("/wall?token=…").count() == 1, "what to do with it")
    row = page.locator("admin-access tbody tr", has_text="西门大屏")
    desk.wait(lambda: row.count() == 1, "in the list")
    assert row.get_by_text("值班展示").count() == 1 and row.get_by_text(f"街道 {WEST}").count() == 1
    assert row.locator(".failed", has_text="还有").count() == 1, "it ends soon"
    shown_city.execute("UPDATE access_token SET revoked_at = now() WHERE label = '西门大屏'")
    check_clean(desk)


@pytest.mark.parametrize(
    ("path", "form", "there"), [("/plan", "plan-sign-in", "plan-upload"), ("/grid", "grid-sign-in", "grid-path h2")]
)
def test_an_account_signs_in_on_the_other_pages_too(
    visit: Open, shown_city: City, path: str, form: str, there: str
) -> None:
    login = f"desk{path.replace('/', '-')}"
    with transaction(shown_city.settings) as connection:
        add_account(connection, login, Rights("planner", 2), password=PASSWORD)
    desk = visit(path, None)
    fields = desk.page.locator(form)
    desk.wait(lambda: fields.locator("input").count() == 2, "login and password")
    assert fields.get_by_text("不是姓名或电话").count() == 1
    fields.locator("[name=login]").fill(login)
    fields.locator("[name=password]").fill(PASSWORD)
    fields.locator("[name=password]").press("Enter")
    desk.wait(lambda: desk.page.locator(there).count() >= 1, "signed in")
    assert desk.page.locator(form).count() == 0
