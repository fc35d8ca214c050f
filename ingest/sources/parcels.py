# SPDX-License-Identifier: Apache-2.0
"""Parcels with their planning conditions from a table or a vector file."""

from __future__ import annotations

from ingest.city.registers import register_reader
from ingest.features import shaped_reader
from ingest.frame_source import FrameSource
from ingest.kind import KINDS

SOURCE = FrameSource(kind=KINDS["parcels"], read=shaped_reader(KINDS["parcels"], register_reader("parcels")))
