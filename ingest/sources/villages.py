# SPDX-License-Identifier: Apache-2.0
"""Urban villages from a vector file or a table with WKT."""

from __future__ import annotations

from ingest.features import vector_reader
from ingest.kind import KINDS
from ingest.source import FrameSource

SOURCE = FrameSource(kind=KINDS["villages"], read=vector_reader(KINDS["villages"]))
