# SPDX-License-Identifier: Apache-2.0
"""A list of points as a business layer: as `business`, but a line or an area in it is a mistake."""

from __future__ import annotations

from ingest.kind import KINDS
from ingest.sources.business import BusinessSource

SOURCE = BusinessSource(kind=KINDS["points"])
