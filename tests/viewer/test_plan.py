# SPDX-License-Identifier: Apache-2.0
"""The planner's desk in a real browser, with a worker that does the work."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.demo.house import write_house
from tests.api.server import City
from tests.viewer.visit import Visit
from twin.database import database_url

Open = Callable[..., Visit]
SLOW_LINE_S = 2.0


@pytest.fixture
def worker(shown_city: City) -> Iterator[None]:
    """A worker on the district's queue."""
    settings = shown_city.settings
    environment = os.environ | {
        "TWIN_DATABASE_URL": database_url(settings), "TWIN_DATA_DIR": str(settings.data_dir)
    }  # fmt: skip
    program = Path(sys.executable).with_name("twin")
    with subprocess.Popen([program, "worker"], env=environment, stdout=subprocess.DEVNULL) as process:
        yield
        process.terminate()


def test_the_public_is_asked_for_a_token_and_a_wrong_one_is_refused(visit: Open, shown_city: City) -> None:
    plan = visit("/plan", None)
    field = plan.token_field("plan-sign-in")
    field.fill("not a token")
    field.press("Enter")
    plan.wait(lambda: plan.page.locator("plan-sign-in .failed").count() == 1, "the refusal")
    field.fill(shown_city.tokens["planner"])
    field.press("Enter")
    plan.wait(lambda: plan.page.locator("plan-upload").count() == 1, "the upload box")


def test_a_file_that_is_no_model_is_refused_with_what_to_do(visit: Open, worker: None, tmp_path: Path) -> None:
    plan = visit("/plan", "planner")
    path = tmp_path / "broken.ifc"
    path.write_text("this is no model\n")
    files = plan.page.locator("plan-upload input[type=file]")
    plan.wait(lambda: files.count() == 1, "the upload box")
    files.set_input_files(path)
    plan.wait(lambda: plan.page.locator("plan-sendings .chip.bad").count() == 1, "the refusal")
    assert plan.page.locator("plan-sendings .problems li").first.inner_text() != ""


def test_a_house_is_uploaded_stands_in_the_city_and_tells_of_its_elements(
    visit: Open, worker: None, tmp_path: Path
) -> None:
    plan = visit("/plan", "planner", width=1100, height=600)
    path = tmp_path / "house.ifc"
    write_house(path)
    plan.wait_ready()
    # Its description arrives first, as on a slow line: the camera must still find it in the middle.
    plan.page.route("**/tilesets/*/tileset.json", lambda route: (time.sleep(SLOW_LINE_S), route.continue_()))
    for name, value in {"lon": "114.01", "lat": "22.51"}.items():
        plan.page.locator(f"plan-upload input[name={name}]").fill(value)
        plan.page.locator(f"plan-upload input[name={name}]").press("Tab")
    plan.page.locator("plan-upload input[type=file]").set_input_files(path)
    plan.wait(lambda: plan.page.locator("plan-sendings .chip.good").count() == 1, "published")
    storeys = plan.page.locator("plan-model .storeys button")
    plan.wait(lambda: storeys.count() == 2, "its storeys")
    plan.wait(lambda: plan.page.evaluate("() => window.__twin.view().height < 500"), "flown to it")
    plan.wait_settled()
    box = plan.page.locator("twin-plan canvas").bounding_box()
    assert box is not None
    middle = (box["width"] / 2, box["height"] / 2)
    plan.wait(lambda: (plan.pick(*middle) or {}).get("kind") == "feature", "the house in the middle")
    assert plan.pick(*middle)["properties"]["global_id"]
    storeys.last.click()
    assert storeys.last.get_attribute("aria-pressed") == "true"
    storeys.last.click()
    plan.wait_settled()
    plan.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    plan.wait(lambda: plan.page.locator("twin-info-card dt", has_text="GlobalId").count() == 1, "its properties")
