# SPDX-License-Identifier: Apache-2.0
"""Signing in on the pages, and the pages under their policies, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.api.district import WEST
from tests.api.server import City
from tests.viewer.visit import Visit
from twin.account import Rights, add_account
from twin.database import transaction

Open = Callable[..., Visit]

WATCH = """
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (event) => {
        window.violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}`);
    });
"""


@pytest.mark.parametrize(
    ("page", "shown"),
    [("/wall", "canvas"), ("/plan", "canvas"), ("/grid", "grid-path h2"), ("/admin", "nav a")],
)
def test_a_page_does_nothing_that_its_policy_forbids(visit: Open, shown_city: City, page: str, shown: str) -> None:
    # An answer that is no page is shown too.
    desk = visit("/health", None)
    desk.wait(lambda: "database" in desk.page.locator("body").inner_text(), "health, as a browser shows it")
    said: list[str] = []
    desk.page.on("console", lambda message: said.append(message.text))
    desk.page.add_init_script(WATCH)
    desk.open(page, shown_city.tokens[{"/grid": "west", "/wall": "wall"}.get(page, "admin")])
    desk.wait(lambda: desk.page.locator(shown).count() >= 1, shown)
    if page == "/grid":
        view = f"block={WEST}&part=registers&register=buildings&map=1"
        desk.page.evaluate("view => { location.hash = view; }", view)
        drawn = desk.page.locator("grid-map")
        desk.wait(lambda: drawn.evaluate("map => map.isIdle"), "the map")
    desk.page.wait_for_timeout(1500)
    assert desk.page.evaluate("() => window.violations") == []
    assert [text for text in said if "Content Security Policy" in text] == []


def test_an_account_signs_in_and_changes_the_password_that_it_was_given(visit: Open, shown_city: City) -> None:
    with transaction(shown_city.settings) as connection:
        rights = Rights("admin", 2)
        add_account(connection, "first-desk", rights, password="correct-horse-battery", must_change=True)
    desk = visit("/admin", None)
    form = desk.page.locator("admin-sign-in")
    desk.wait(lambda: form.locator("input").count() == 2, "login and password")
    form.locator("[name=login]").fill("first-desk")
    form.locator("[name=password]").fill("wrong-wrong-wrong")
    form.locator("[name=password]").press("Enter")
    desk.wait(lambda: "不正确" in form.locator(".failed").inner_text(), "that it is not right")
    form.locator("[name=password]").fill("correct-horse-battery")
    form.locator("[name=password]").press("Enter")
    desk.wait(lambda: form.locator("[name=new_password]").count() == 1, "the field for one's own")
    form.locator("[name=new_password]").fill("four-tall-green-cups")
    form.locator("[name=new_password]").press("Enter")
    desk.wait(lambda: desk.page.locator("nav a").count() > 1, "the desk")
    desk.page.locator("admin-bar .link").click()
    desk.wait(lambda: form.locator("input").count() == 2, "the form again")
    ended = shown_city.execute("SELECT ended_at IS NOT NULL FROM account_session")
    assert ended == [(True,)]
