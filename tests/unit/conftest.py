# SPDX-License-Identifier: Apache-2.0
"""What takes seconds to make is made once."""

from __future__ import annotations

import pytest

from ingest.demo.district import DemoDistrict, generate


@pytest.fixture(scope="session")
def district() -> DemoDistrict:
    """The demo district at its small scale."""
    return generate("small")
