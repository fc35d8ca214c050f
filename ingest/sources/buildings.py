# SPDX-License-Identifier: Apache-2.0
"""Building footprints from a vector file."""

from __future__ import annotations

from ingest.features import vector_reader
from ingest.kind import KINDS
from ingest.source import FrameSource

SOURCE = FrameSource(kind=KINDS["buildings"], read=vector_reader(KINDS["buildings"]))
