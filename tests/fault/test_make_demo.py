# SPDX-License-Identifier: Apache-2.0
"""`make demo` and `make stop` as a newcomer types them, over a data directory and a port of their own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # Not below pytest's own directory: as root the cluster's user must reach its socket, and paths stay short.
    mine = {**os.environ, "TWIN_DATA_DIR": str(tmp_path / "twin"), "TWIN_PORT": str(port)}
    mine.pop("TWIN_DATABASE_URL", None)
    yield mine
    subprocess.run([".venv/bin/python", "scripts/services.py", "remove"], cwd=_ROOT, env=mine, check=True)


def make(target: str, environment: dict[str, str]) -> list[str]:
    done = subprocess.run(
        ["make", target], cwd=_ROOT, env=environment, capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip().splitlines()


def get(url: str, token: str | None = None) -> dict[str, object]:
    request = urllib.request.Request(url, headers={"Accept": "application/json"})
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=30) as response:
        return dict(json.loads(response.read()))


@pytest.mark.timeout(600)
def test_a_demo_is_ready_when_it_says_so_twice_and_gone_when_stopped(environment: dict[str, str]) -> None:
    address = f"http://127.0.0.1:{environment['TWIN_PORT']}"
    said = make("demo", environment)
    assert said[-1] == f"ready {address}"
    assert any("/wall?token=twin_" in line for line in said), "the wall's token is printed"
    tokens = json.loads((Path(environment["TWIN_DATA_DIR"]) / "tokens.json").read_text())
    assert set(tokens) == {
        "admin", "wall", "leader", "grid_manager", "handler", "planner", "dispatcher", "steward", "auditor",
    }  # fmt: skip
    assert get(f"{address}/health")["status"] in {"ok", "degraded"}
    district = get(f"{address}/blocks/440306")
    assert len(district["children"]) == 10  # type: ignore[arg-type]
    count = get(f"{address}/collections/blocks/items?limit=1&count=exact")["numberMatched"]
    assert count == 1 + 10 + 124 + 4866
    profile = get(f"{address}/blocks/440306/profile", tokens["wall"])
    assert profile["registers"]["buildings"]["count"] == 12_000  # type: ignore[index]
    assert len(get(f"{address}/models", tokens["planner"])["models"]) == 4  # type: ignore[arg-type]
    street = get(f"{address}/session", tokens["grid_manager"])
    assert street["scope"] == ["440306017"]
    assert make("demo", environment)[-1] == f"ready {address}"
    make("stop", environment)
    with pytest.raises(OSError, match="refused"):
        get(f"{address}/health")
