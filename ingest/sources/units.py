# SPDX-License-Identifier: Apache-2.0
"""Units (户) from a table or a vector file; one without a geometry lies where its building lies."""

from __future__ import annotations

from ingest.city.houses import link_units
from ingest.city.linked import LinkedSource
from ingest.city.registers import register_reader
from ingest.features import shaped_reader
from ingest.kind import KINDS

SOURCE = LinkedSource(
    kind=KINDS["units"], read=shaped_reader(KINDS["units"], register_reader("units")), link=link_units
)
