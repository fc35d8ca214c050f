# SPDX-License-Identifier: Apache-2.0
"""One visit of a page: what it asked for, what it complained of, and how to wait for it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import BrowserContext, Error, Locator, Page, Request

PATIENCE_S: Final = 120.0
"""A frame drawn by software takes up to a second, and other tests may be running."""


class Visit:
    """A page in a context of its own. `outside` has every request to another host, `complaints` every error."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.page: Page = context.new_page()
        self.outside: list[str] = []
        self.complaints: list[str] = []
        self._url = url
        context.on("request", self._watch)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _watch(self, request: Request) -> None:
        if not request.url.startswith((self._url, "data:", "blob:")):
            self.outside.append(request.url)

    def open(self, path: str, token: str | None) -> None:
        """Go there with the token in the link, as a wall does."""
        sign = "" if token is None else f"{'&' if '?' in path else '?'}token={token}"
        self.page.goto(f"{self._url}{path}{sign}", wait_until="commit")

    def wait(self, met: Callable[[], Any], what: str) -> Any:
        """Until `met` gives something. The page forbids evaluating text, so the asking is done from here.

        Waiting is the browser's: only then does its address follow. A page that is just being left cannot be
        asked, and is asked again.
        """
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with contextlib.suppress(Error):
                if found := met():
                    return found
            self.page.wait_for_timeout(250)
        state = self.page.evaluate("() => window.__twin && window.__twin.state")
        raise AssertionError(f"{what}: not within {PATIENCE_S:.0f} s; state {state}; complaints {self.complaints}")

    def token_field(self, form: str) -> Locator:
        """The field for an access token in a page's form to sign in, once it is chosen instead of the account's."""
        turn = self.page.locator(f"{form} [data-way=token]")
        self.wait(lambda: turn.count() == 1, "the form to sign in")
        turn.click()
        field = self.page.locator(f"{form} input[name=token]")
        self.wait(lambda: field.count() == 1, "the field for a token")
        return field

    def wait_ready(self) -> None:
        """Until the first complete picture was drawn."""
        self.wait(lambda: self.page.evaluate("() => !!(window.__twin && window.__twin.ready)"), "ready")

    def wait_settled(self) -> None:
        """Until nothing more is on its way to the picture."""
        self.page.wait_for_timeout(500)
        self.wait(lambda: self.page.evaluate("() => window.__twin.ready && window.__twin.settled"), "settled")

    def block(self) -> str:
        """The code of the block in focus, as the address keeps it."""
        return parse_qs(urlsplit(self.page.url).fragment).get("block", [""])[0]

    def pick(self, x: float, y: float) -> dict[str, Any]:
        """What the scene says is at a place on the canvas."""
        return self.page.evaluate("([x, y]) => window.__twin.pick(x, y)", [x, y])

    def look(self, lon: float, lat: float, height: float) -> None:
        """Stand over a place, looking straight down. Degrees, metres."""
        view = {"lon": lon, "lat": lat, "height": height, "heading": 0, "pitch": -90}
        self.page.evaluate("view => window.__twin.setView(view)", view)
        self.wait_settled()
