# SPDX-License-Identifier: Apache-2.0
"""The lock files: whole, hashed, without addresses, and the larger one a superset of the smaller."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]


def read_pins(name: str) -> dict[str, str]:
    """The requirements of a lock by package and marker, each with the text of its hashes."""
    text = re.sub(r"\\\n", " ", (_ROOT / name).read_text())
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    return {line.partition(" --hash=")[0].strip(): line for line in lines}


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_requirement_is_pinned_with_hashes_and_names_no_address(name: str) -> None:
    pins = read_pins(name)
    assert len(pins) > 50
    for pin, line in pins.items():
        assert "==" in pin
        assert "--hash=sha256:" in line, pin
    assert "://" not in (_ROOT / name).read_text()


def test_an_environment_for_tests_serves_the_demo_too() -> None:
    assert set(read_pins("requirements.lock")) <= set(read_pins("requirements-dev.lock"))
